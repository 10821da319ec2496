// Requests for sound, and the addresses at which the server answers them (labeler/audio/audio_request.py).

/**
 * A voice with the phrase of a category, or with one note. ``voice`` is its parameters as text, or ``id/`` and its id.
 * @typedef {object} AudioRequest
 * @property {string} voice
 * @property {string | null} [category]
 * @property {number} [octave]
 * @property {number} [velocity]
 * @property {number} [note]
 * @property {number} [held] seconds
 */

/** Seconds on the clock of all times of the app. */
export function now() {
  return performance.now() / 1000;
}

/**
 * The address of a route of the server. Pages are one level below the root of the app, wherever that is.
 * @param {string} path
 */
export function routeAddress(path) {
  return new URL(path, document.baseURI).href;
}

/**
 * The address at which the server answers a request.
 * @param {string} kind "sound", "take" or another route that takes a voice
 * @param {AudioRequest | (AudioRequest & Record<string, unknown>)} request
 */
export function requestAddress(kind, { voice, ...query }) {
  const given = Object.entries(query).filter(([name, value]) => value != null && (value !== 0 || name === "note"));
  const tail = new URLSearchParams(given.map(([name, value]) => [name, String(value)])).toString();
  return routeAddress(`${kind}/${voice}${tail ? `?${tail}` : ""}`);
}
