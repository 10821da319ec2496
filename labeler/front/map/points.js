// The points of the map as labeler/explore/map_points.py sends them, and questions about them. No browser is needed.

import { hexOf } from "../common/hex.js";

/** @typedef {(index: number) => unknown} IsOpen whether a point may be chosen */

export class Points {
  /** @param {ArrayBuffer} bytes a little-endian length, a JSON header of that length (padded to 4), then the columns */
  constructor(bytes) {
    const length = new DataView(bytes).getUint32(0, true);
    const header = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 4, length)));
    /** @type {string} */
    this.mark = header.mark; // names the list of voices
    /** @type {number} */
    this.count = header.count;
    let at = 4 + length + ((4 - (length % 4)) % 4);
    const column = (Type, size = this.count) => {
      const values = new Type(bytes, at, size);
      at += values.byteLength;
      return values;
    };
    /** @type {Float32Array} */
    this.x = column(Float32Array);
    /** @type {Float32Array} */
    this.y = column(Float32Array);
    /** @type {Float32Array} */
    this.brightness = column(Float32Array); // Hz, NaN if not known
    /** @type {Uint32Array} */
    this.family = column(Uint32Array);
    /** @type {Uint8Array} */
    this.category = column(Uint8Array); // 255: none
    /** @type {Uint8Array} */
    this.labelled = column(Uint8Array);
    /** @type {Uint8Array} */
    this.ids = column(Uint8Array, 16 * this.count);
    this.names = new TextDecoder().decode(new Uint8Array(bytes, at)).split("\n");
    this.size = Math.max(1e-6, this.extent()); // from the middle to the farthest point
  }

  extent() {
    let most = 0;
    for (let i = 0; i < this.count; i++) most = Math.max(most, Math.abs(this.x[i]), Math.abs(this.y[i]));
    return most;
  }

  /** The id of a voice. */
  id(index) {
    return hexOf(this.ids.subarray(16 * index, 16 * index + 16));
  }

  /**
   * The open point with the least cost, of those that cost no more than ``most``; the last of equal ones.
   * @param {(index: number) => number} costOf
   * @param {number} most
   * @param {IsOpen} isOpen
   * @returns {number | null}
   */
  least(costOf, most, isOpen) {
    /** @type {number | null} */
    let best = null;
    for (let i = 0; i < this.count; i++) {
      const cost = costOf(i);
      if (cost <= most && isOpen(i)) [best, most] = [i, cost];
    }
    return best;
  }

  /**
   * The open point nearest to a place on the map.
   * @param {number} x
   * @param {number} y
   * @param {IsOpen} isOpen
   */
  nearest(x, y, isOpen) {
    return this.least((i) => (this.x[i] - x) ** 2 + (this.y[i] - y) ** 2, Infinity, isOpen);
  }

  /**
   * The next open point in a direction, at most 45 degrees to a side; null if there is none.
   * @param {number} from a point
   * @param {number} stepX with ``stepY`` a unit vector on the map
   * @param {number} stepY
   * @param {IsOpen} isOpen
   */
  towards(from, stepX, stepY, isOpen) {
    const costOf = (i) => {
      const [dx, dy] = [this.x[i] - this.x[from], this.y[i] - this.y[from]];
      const ahead = dx * stepX + dy * stepY;
      const aside = Math.abs(dx * stepY - dy * stepX);
      return ahead <= 1e-6 || aside > ahead ? NaN : ahead + 2 * aside;
    };
    return this.least(costOf, Infinity, isOpen);
  }

  /**
   * The open points nearest to a point, itself included.
   * @param {number} from
   * @param {number} count
   * @param {IsOpen} isOpen
   * @returns {number[]}
   */
  around(from, count, isOpen) {
    const open = [];
    for (let i = 0; i < this.count; i++) if (isOpen(i)) open.push(i);
    const square = (i) => (this.x[i] - this.x[from]) ** 2 + (this.y[i] - this.y[from]) ** 2;
    return open.sort((a, b) => square(a) - square(b) || a - b).slice(0, count);
  }

  /**
   * The open points inside a closed outline, by the even-odd rule.
   * @param {number[][]} outline of [x, y]
   * @param {IsOpen} isOpen
   * @returns {number[]}
   */
  inside(outline, isOpen) {
    const found = [];
    for (let i = 0; i < this.count; i++) {
      let isIn = false;
      for (let a = 0, b = outline.length - 1; a < outline.length; b = a++) {
        const [ax, ay] = outline[a];
        const [bx, by] = outline[b];
        const crossing = ((bx - ax) * (this.y[i] - ay)) / (by - ay) + ax;
        if (ay > this.y[i] !== by > this.y[i] && this.x[i] < crossing) isIn = !isIn;
      }
      if (isIn && isOpen(i)) found.push(i);
    }
    return found;
  }
}

/**
 * Whether a point's bit is set in base64 text, the lowest bit of a byte first.
 * @param {string} text
 * @returns {IsOpen}
 */
export function bitsOf(text) {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  return (index) => (bytes[index >> 3] >> (index & 7)) & 1;
}

/**
 * Numbers as base64 of little-endian 32-bit integers.
 * @param {Iterable<number>} numbers
 */
export function base64Of(numbers) {
  const bytes = new Uint8Array(Uint32Array.from(numbers).buffer);
  let text = "";
  for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode(...bytes.subarray(at, at + 8192));
  return btoa(text);
}
