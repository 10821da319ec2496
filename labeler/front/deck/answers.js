// The answers of a session as the deck shows them, before and after Python has recorded them. No browser is needed.

/**
 * @typedef {object} DeckAnswer
 * @property {string} event its id
 * @property {string} token of the served voice
 * @property {string | null} voice
 * @property {string} kind "label", "skip", "unsure", "broken", "quality", "favourite" or "unfavourite"
 * @property {string[]} categories
 * @property {number | null} [quality]
 */

/** Kinds of answers after which the voice stays on display. */
export const KEEPS_VOICE = new Set(["favourite", "unfavourite", "quality"]);

export class AnswerHistory {
  /** @param {{favourites: string[], qualities: Record<string, number>, past: DeckAnswer[]}} data */
  constructor({ favourites, qualities, past }) {
    this.byToken = /** @type {Map<string | null, {kind: string, categories: string[]}>} */ (new Map());
    /** @type {Set<string | null>} */
    this.favourites = new Set(favourites);
    /** @type {Map<string | null, number>} */
    this.qualities = new Map(Object.entries(qualities));
    this.undoable = /** @type {(DeckAnswer & {before: any})[]} */ ([]); // each with what it replaced
    for (const answer of past) this.add(answer);
  }

  /** @param {DeckAnswer} answer */
  add({ event, token, voice, kind, categories, quality = null }) {
    const before = kind === "quality" ? this.qualities.get(voice) : this.byToken.get(token);
    this.undoable.push({ event, token, voice, kind, categories, quality, before });
    if (kind === "quality") this.qualities.set(voice, /** @type {number} */ (quality));
    else if (kind === "favourite") this.favourites.add(voice);
    else if (kind === "unfavourite") this.favourites.delete(voice);
    else this.byToken.set(token, { kind, categories });
  }

  /**
   * Take an answer back: it was undone or refused.
   * @param {string} event
   */
  withdraw(event) {
    const index = this.undoable.findIndex((each) => each.event === event);
    if (index < 0) return;
    const [{ token, voice, kind, before }] = this.undoable.splice(index, 1);
    if (kind === "quality" && before) this.qualities.set(voice, before);
    else if (kind === "quality") this.qualities.delete(voice);
    else if (kind === "favourite") this.favourites.delete(voice);
    else if (kind === "unfavourite") this.favourites.add(voice);
    else if (before) this.byToken.set(token, before);
    else this.byToken.delete(token);
  }
}
