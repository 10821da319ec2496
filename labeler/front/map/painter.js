// Paints the map: every point into the pixels of one image, since 28,000 calls to a canvas take longer than a frame.
// Points that were not searched for come first and pale, then suggestions, then labels, then the selection.

import { brightnessColour, familyColour, mixed } from "./colours.js";

/** @import { Rgb } from "./colours.js" */
/** @import { Points } from "./points.js" */
/** @import { Viewport } from "./viewport.js" */

const LEAST_RADIUS = 1.25; // CSS pixels, with the whole map on the screen
const MOST_RADIUS = 6;
const STRENGTH = { notFound: 0.13, suggested: 0.68, labelled: 1, plain: 0.9 };
const NO_CATEGORY = 0.45; // share of the ink
const OUTSIDE = 16; // pixels beyond the edge where no point is visible

export class Painter {
  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.canvas = canvas;
    this.context = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    this.stamps = /** @type {Map<number, number[]>} */ (new Map());
    this.ratio = 1;
    this.width = this.height = 0; // in CSS pixels
    /** @type {Rgb} */
    this.background = [0, 0, 0];
    /** @type {Rgb} */
    this.ink = [0, 0, 0];
    this.firstLabelled = this.firstSelected = 0; // places in the order of painting
    this.points = /** @type {Points | null} */ (null);
    this.order = new Uint32Array();
    this.colours = new Uint8Array();
    this.image = this.context.createImageData(1, 1);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /** Take the size of the canvas on the screen. */
  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    this.ratio = window.devicePixelRatio || 1;
    const [wide, high] = [width, height].map((size) => Math.max(1, Math.round(size * this.ratio)));
    this.width = width;
    this.height = height;
    if (this.image.width === wide && this.image.height === high) return;
    this.canvas.width = wide;
    this.canvas.height = high;
    this.image = this.context.createImageData(wide, high);
    this.pixels = new Uint32Array(this.image.data.buffer);
  }

  /**
   * Decide the order and the colours of the points. They change with a search or a selection, not at every frame.
   * @param {Points} points
   * @param {object} state
   * @param {Rgb[]} state.colours of the categories
   * @param {string} state.mode "category", "brightness" or "family"
   * @param {(index: number) => unknown} state.isFound
   * @param {Set<number>} state.selected
   * @param {Rgb} state.background
   * @param {Rgb} state.ink
   */
  prepare(points, { colours, mode, isFound, selected, background, ink }) {
    this.points = points;
    this.background = background;
    this.ink = ink;
    const ranks = new Uint8Array(points.count);
    this.colours = new Uint8Array(3 * points.count);
    for (let i = 0; i < points.count; i++) {
      const found = isFound(i);
      const isLabelled = points.labelled[i] === 1;
      ranks[i] = !found ? 0 : selected.has(i) ? 3 : isLabelled ? 2 : 1;
      const labelStrength = isLabelled ? STRENGTH.labelled : STRENGTH.suggested;
      const strength = !found ? STRENGTH.notFound : mode === "category" ? labelStrength : STRENGTH.plain;
      this.colours.set(mixed(this.colourOf(points, i, mode, colours), background, strength), 3 * i);
    }
    this.order = Uint32Array.from({ length: points.count }, (_, i) => i).sort((a, b) => ranks[a] - ranks[b] || a - b);
    const first = (rank) => {
      const place = this.order.findIndex((i) => ranks[i] >= rank);
      return place < 0 ? points.count : place;
    };
    this.firstLabelled = first(2);
    this.firstSelected = first(3);
  }

  colourOf({ family, brightness, category }, i, mode, colours) {
    if (mode === "family") return familyColour(family[i]);
    if (mode === "brightness") return Number.isNaN(brightness[i]) ? this.ink : brightnessColour(brightness[i]);
    return colours[category[i]] ?? mixed(this.ink, this.background, NO_CATEGORY);
  }

  /**
   * @param {Viewport} viewport
   * @param {number | null} here the point that gets a circle
   */
  paint(viewport, here) {
    const { points, ratio, colours } = this;
    const [wide, high] = [this.image.width, this.image.height];
    if (!points) return;
    const [red, green, blue] = this.background;
    this.pixels.fill((0xff000000 | (blue << 16) | (green << 8) | red) >>> 0);
    const radius = Math.min(MOST_RADIUS, LEAST_RADIUS * Math.sqrt(viewport.zoom)) * ratio;
    const small = this.stamp(radius);
    const large = this.stamp(radius * 1.5);
    const ring = this.stamp(radius * 1.5 + 1.5 * ratio);
    for (let n = 0; n < points.count; n++) {
      const i = this.order[n];
      const x = Math.round(viewport.screenX(points.x[i]) * ratio);
      const y = Math.round(viewport.screenY(points.y[i]) * ratio);
      if (x < -OUTSIDE || y < -OUTSIDE || x > wide + OUTSIDE || y > high + OUTSIDE) continue;
      if (n >= this.firstSelected) this.stampAt(ring, x, y, this.ink[0], this.ink[1], this.ink[2]);
      const disc = n >= this.firstLabelled ? large : small;
      this.stampAt(disc, x, y, colours[3 * i], colours[3 * i + 1], colours[3 * i + 2]);
    }
    this.context.putImageData(this.image, 0, 0);
    if (here === null) return;
    this.circle(viewport.screenX(points.x[here]), viewport.screenY(points.y[here]), radius + 5 * ratio);
  }

  circle(x, y, radius) {
    const { context, ratio } = this;
    context.lineWidth = 2 * ratio;
    context.strokeStyle = `rgb(${this.ink})`;
    context.beginPath();
    context.arc(x * ratio, y * ratio, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  // A disc as a list of x, y from its middle and the share of the pixel that it covers.
  stamp(radius) {
    const key = Math.round(radius * 4);
    let parts = this.stamps.get(key);
    if (!parts) {
      parts = [];
      const reach = Math.ceil(radius);
      for (let y = -reach; y <= reach; y++) {
        for (let x = -reach; x <= reach; x++) {
          const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
          if (cover > 0.04) parts.push(x, y, cover);
        }
      }
      this.stamps.set(key, parts);
    }
    return parts;
  }

  stampAt(stamp, x, y, red, green, blue) {
    const { pixels } = this;
    const [wide, high] = [this.image.width, this.image.height];
    for (let at = 0; at < stamp.length; at += 3) {
      const px = x + stamp[at];
      const py = y + stamp[at + 1];
      if (px < 0 || py < 0 || px >= wide || py >= high) continue;
      const cover = stamp[at + 2];
      const under = pixels[py * wide + px];
      pixels[py * wide + px] =
        0xff000000 |
        ((((under >> 16) & 255) * (1 - cover) + blue * cover) << 16) |
        ((((under >> 8) & 255) * (1 - cover) + green * cover) << 8) |
        ((under & 255) * (1 - cover) + red * cover);
    }
  }
}
