// Colours of the map as [red, green, blue], 0 to 255.

/** @typedef {number[]} Rgb */

/** The ends of the colours of brightness, in Hz. */
export const BRIGHTNESS_HERTZ = [100, 4000];
/** Dark to bright. */
export const BRIGHTNESS_COLOURS = ["#31476f", "#3f7d96", "#66ad8e", "#c9b75a", "#e4763f"];
const GOLDEN_ANGLE = 137.508; // neighbouring numbers get colours far apart

/** @type {OffscreenCanvasRenderingContext2D | null} */
let pen = null;
/** @type {Rgb[] | null} */
let ramp = null;

/**
 * Any CSS colour.
 * @param {string} colour
 * @returns {Rgb}
 */
export function rgbOf(colour) {
  pen ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  if (!pen) throw new Error("the browser has no canvas");
  pen.fillStyle = colour;
  pen.fillRect(0, 0, 1, 1);
  return [...pen.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
}

/**
 * The colour of a family.
 * @param {number} family
 * @returns {Rgb}
 */
export function familyColour(family) {
  const degrees = (family * GOLDEN_ANGLE) % 360;
  const part = (n) => {
    const k = (n + degrees / 30) % 12;
    return Math.round(255 * (0.52 - 0.3 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}

/**
 * The colour of a brightness.
 * @param {number} hertz
 * @returns {Rgb}
 */
export function brightnessColour(hertz) {
  ramp ??= BRIGHTNESS_COLOURS.map(rgbOf);
  const [low, high] = BRIGHTNESS_HERTZ.map(Math.log);
  const at = Math.min(0.9999, Math.max(0, (Math.log(hertz) - low) / (high - low))) * (ramp.length - 1);
  return mixed(ramp[Math.floor(at) + 1], ramp[Math.floor(at)], at % 1);
}

/**
 * @param {Rgb} colour
 * @param {Rgb} other
 * @param {number} share of ``colour``
 * @returns {Rgb}
 */
export function mixed(colour, other, share) {
  return colour.map((part, n) => part * share + other[n] * (1 - share));
}
