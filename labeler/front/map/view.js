// What is visible of the map: the painted points, the name at a point, the words below.

import { make, partsOf } from "../common/dom.js";
import { BRIGHTNESS_COLOURS, rgbOf } from "./colours.js";
import { Painter } from "./painter.js";
import { Viewport } from "./viewport.js";

/** @import { Points } from "./points.js" */

/**
 * What the colours of the points mean, in the order of the key that changes them.
 * @type {Record<string, {title: string, legend: () => HTMLElement[]}>}
 */
const MODES = {
  category: { title: "Categories", legend: () => [words("colour: category; strong if labelled, pale if suggested")] },
  brightness: { title: "Brightness", legend: brightnessLegend },
  family: { title: "Families", legend: () => [words("one colour for each family")] },
};
const KEPT_FRAMES = 600;
const NAME_DISTANCE = 14; // pixels between a point and its name

export class MapView {
  /** @param {HTMLElement} root */
  constructor(root) {
    this.root = root;
    this.at = partsOf(root);
    this.canvas = /** @type {HTMLCanvasElement} */ (root.querySelector("canvas"));
    this.painter = new Painter(this.canvas);
    this.viewport = new Viewport();
    this.points = /** @type {Points | null} */ (null);
    this.categories = /** @type {any[]} */ ([]);
    this.here = /** @type {number | null} */ (null); // the point that was played last
    this.over = /** @type {number | null} */ (null); // the point under the pointer
    this.selected = /** @type {Set<number>} */ (new Set());
    this.mode = "category";
    /** @type {(index: number) => unknown} */
    this.isFound = () => 1;
    this.theme = "";
    this.colours = /** @type {number[][] | null} */ (null); // of the background and the ink
    this.isPrepared = false; // whether the painter knows the latest colours, search and selection
    this.frame = 0;
    this.frames = /** @type {number[]} */ ([]); // milliseconds that painting took, for tests
  }

  /** The voices of other points: nothing is played or selected. */
  setPoints(points) {
    if (this.points?.mark !== points.mark) {
      this.here = this.over = null;
      this.selected = new Set();
      this.viewport.showWhole();
    }
    this.points = points;
    this.viewport.size = points.size;
    this.prepareAgain();
  }

  /** The points, where they must be there. */
  get readyPoints() {
    if (!this.points) throw new Error("the points of the map have not arrived");
    return this.points;
  }

  /** Where a point is on the screen. */
  placeOf(index) {
    const { x, y } = this.readyPoints;
    return [this.viewport.screenX(x[index]), this.viewport.screenY(y[index])];
  }

  changeMode() {
    const names = Object.keys(MODES);
    this.mode = names[(names.indexOf(this.mode) + 1) % names.length];
    this.prepareAgain();
  }

  /** Show the name of the point under the pointer, else of the one that was played. */
  drawName() {
    const { at, points, viewport } = this;
    const index = this.over ?? this.here;
    at.name.hidden = index === null || !points;
    if (index === null || !points) return;
    const category = this.categories[points.category[index]];
    const hertz = points.brightness[index];
    const title = category ? category.title + (points.labelled[index] ? "" : "?") : "no category";
    at.voice.textContent = points.names[index];
    at.facts.textContent = Number.isNaN(hertz) ? title : `${title}, ${Math.round(hertz)} Hz bright`;
    const [x, y] = this.placeOf(index);
    const { offsetWidth, offsetHeight } = at.name;
    const fits = x + NAME_DISTANCE + offsetWidth <= viewport.width;
    const left = fits ? x + NAME_DISTANCE : x - NAME_DISTANCE - offsetWidth;
    const top = Math.min(Math.max(4, y - offsetHeight / 2), viewport.height - offsetHeight - 4);
    at.name.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  /** Draw after a change of colours, search or selection. */
  prepareAgain() {
    this.isPrepared = false;
    this.draw();
  }

  /** Draw where the theme may have changed. */
  drawTheme() {
    const { backgroundColor, color } = getComputedStyle(this.root);
    const theme = `${backgroundColor} ${color}`;
    if (theme !== this.theme) {
      this.theme = theme;
      this.colours = [rgbOf(backgroundColor), rgbOf(color)];
      this.isPrepared = false;
    }
    this.draw();
  }

  draw() {
    this.frame ||= requestAnimationFrame(() => {
      this.frame = 0;
      this.drawNow();
    });
  }

  drawNow() {
    const { points, painter, viewport } = this;
    if (!points || !this.colours || !this.root.isConnected) return;
    const begun = performance.now();
    painter.fit();
    viewport.width = painter.width;
    viewport.height = painter.height;
    if (!this.isPrepared) {
      const [background, ink] = this.colours;
      const colours = this.categories.map((category) => rgbOf(category.colour));
      const { mode, isFound, selected } = this;
      painter.prepare(points, { colours, mode, isFound, selected, background, ink });
      this.isPrepared = true;
      this.drawLegend(points);
    }
    painter.paint(viewport, this.here);
    this.drawName();
    this.frames.push(performance.now() - begun);
    if (this.frames.length > KEPT_FRAMES) this.frames.shift();
  }

  drawLegend({ count }) {
    const { title, legend } = MODES[this.mode];
    this.at.colour.textContent = title;
    this.at.legend.replaceChildren(...legend());
    let found = 0;
    for (let i = 0; i < count; i++) found += this.isFound(i) ? 1 : 0;
    const shown = found === count ? "" : `${found.toLocaleString("en")} found of `;
    const chosen = this.selected.size ? `, ${this.selected.size.toLocaleString("en")} selected` : "";
    this.at.count.textContent = `${shown}${count.toLocaleString("en")} voices${chosen}`;
  }

  remove() {
    cancelAnimationFrame(this.frame);
  }
}

function words(text) {
  return make("span", {}, text);
}

function brightnessLegend() {
  const ramp = `background: linear-gradient(90deg, ${BRIGHTNESS_COLOURS.join(", ")})`;
  return [words("dark, 100 Hz"), make("span", { class: "ramp", style: ramp }), words("4,000 Hz, bright")];
}
