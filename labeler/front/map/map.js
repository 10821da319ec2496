// The map of all voices by sound. It is used by the mouse (pointer.js) and, while it has the focus, by keys.

import { MAP_FOCUS_KEY, MAP_KEYS } from "../constants.js";
import { component } from "../common/component.js";
import { hasModifier, isTyping, keyboard } from "../common/keyboard.js";
import { expose } from "../common/test_hooks.js";
import { player } from "../sound/audio_player.js";
import { routeAddress } from "../sound/audio_requests.js";
import { MapPointer } from "./pointer.js";
import { base64Of, bitsOf, Points } from "./points.js";
import { MapView } from "./view.js";

const ZOOM_STEP = 1.5;
const FIRST_AROUND = 10; // voices of the first selection by key; the next press doubles
const EDGE = 40; // pixels; a point nearer to the edge moves to the middle when it is played
const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, 1], arrowdown: [0, -1] };

class SoundMap {
  constructor(root) {
    this.root = root;
    this.view = new MapView(root);
    this.sequence = 0; // of selections
    this.address = /** @type {string | null} */ (null); // of the points
    this.found = /** @type {string | null | undefined} */ (undefined);
    this.cleared = undefined;
    /** @type {{from: number | null, count: number}} */
    this.grown = { from: null, count: 0 }; // the selection around a point
    this.takes = (key) => key in ARROWS || key in MAP_KEYS || key === MAP_FOCUS_KEY;
    this.removed = new AbortController();
    const { signal } = this.removed;
    this.pointer = new MapPointer(
      this.view,
      {
        play: (index) => this.play(index),
        select: (indices) => this.select(indices),
        findSimilar: (index) => this.findSimilar(index),
      },
      signal,
    );
    root.addEventListener("keydown", (event) => this.onKey(event), { signal });
    root.addEventListener("click", (event) => this.onButton(event), { signal });
    root.addEventListener("focusin", () => (keyboard.mapTakes = this.takes), { signal });
    root.addEventListener("focusout", (event) => root.contains(event.relatedTarget) || this.releaseKeys(), { signal });
    window.addEventListener("keydown", (event) => this.onWindowKey(event), { signal });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.view.drawTheme(), { signal });
    this.resized = new ResizeObserver(() => this.view.draw());
    this.resized.observe(root);
    expose({ map: this });
  }

  remove() {
    this.releaseKeys();
    this.view.remove();
    this.resized.disconnect();
    this.removed.abort();
  }

  update(data, setState, setTrigger) {
    this.setState = setState;
    this.setTrigger = setTrigger;
    this.view.categories = data.categories;
    if (data.points !== this.address) this.load(data.points);
    if (data.found !== this.found) {
      this.found = data.found;
      this.view.isFound = data.found === null ? () => 1 : bitsOf(data.found);
      this.view.prepareAgain();
    }
    if (data.cleared !== this.cleared) {
      this.cleared = data.cleared;
      this.setSelected([]);
    }
    this.view.drawTheme();
  }

  async load(address) {
    this.address = address;
    try {
      const answer = await fetch(routeAddress(`map/${address}`));
      if (!answer.ok) throw new Error(await answer.text());
      const points = new Points(await answer.arrayBuffer());
      if (this.address === address) this.view.setPoints(points);
    } catch (error) {
      this.view.at.count.textContent = `The map cannot be loaded: ${error.message}`;
      this.address = null;
    }
  }

  // ---- keys and buttons ----

  releaseKeys() {
    if (keyboard.mapTakes === this.takes) keyboard.mapTakes = null;
  }

  onWindowKey(event) {
    if (event.key.toLowerCase() !== MAP_FOCUS_KEY || hasModifier(event) || isTyping(event)) return;
    event.preventDefault();
    if (keyboard.mapTakes === this.takes) this.root.blur();
    else this.root.focus();
  }

  onKey(event) {
    if (hasModifier(event)) return;
    const key = event.key.toLowerCase();
    const isButton = event.target instanceof HTMLElement && event.target.matches("button");
    if (isButton && (key === "enter" || key === " ")) return;
    if (key in ARROWS) this.step(...ARROWS[key]);
    else if (key in MAP_KEYS) this.act(MAP_KEYS[key], event.repeat);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  onButton(event) {
    const button = event.target.closest("button[data-do]");
    if (!button) return;
    this.root.focus({ preventScroll: true });
    this.act(button.dataset.do, false);
  }

  act(action, isRepeat) {
    const { view } = this;
    if (!view.points) return;
    player.unlock();
    if (action === "in" || action === "out") this.zoom(action === "in" ? ZOOM_STEP : 1 / ZOOM_STEP);
    else if (isRepeat) return;
    else if (action === "colour") view.changeMode();
    else if (action === "lasso") this.pointer.setLasso(!this.pointer.isLassoOn);
    else if (action === "grow") this.grow();
    else if (action === "like") this.findSimilar(view.here);
    else if (action === "replay") this.play(view.here);
    else if (action === "whole") this.showWhole();
    else if (action === "clear") this.clear();
  }

  zoom(factor) {
    const { view } = this;
    const [x, y] = view.here === null ? [view.viewport.width / 2, view.viewport.height / 2] : view.placeOf(view.here);
    view.viewport.zoomBy(factor, x, y);
    view.draw();
  }

  showWhole() {
    this.view.viewport.showWhole();
    this.view.draw();
  }

  // ---- playing ----

  step(x, y) {
    const { points, here, viewport, isFound } = this.view;
    if (!points) return;
    const isFirst = here === null;
    const next = isFirst ? points.nearest(viewport.x, viewport.y, isFound) : points.towards(here, x, y, isFound);
    if (next === null) return;
    this.play(next);
    this.bringIntoView(next);
  }

  play(index) {
    if (index === null) return;
    const { view } = this;
    view.here = index;
    view.drawName();
    view.draw();
    player.unlock();
    player.play(this.requestOf(index));
    const near = Object.values(ARROWS).map(([x, y]) => view.readyPoints.towards(index, x, y, view.isFound));
    player.prefetch(near.filter((each) => each !== null).map((each) => this.requestOf(each)));
  }

  requestOf(index) {
    const { readyPoints: points, categories } = this.view;
    return { voice: `id/${points.id(index)}`, category: categories[points.category[index]]?.key ?? null };
  }

  bringIntoView(index) {
    const { width, height } = this.view.viewport;
    const [x, y] = this.view.placeOf(index);
    const isAtEdge = x < EDGE || y < EDGE || x > width - EDGE || y > height - EDGE;
    if (isAtEdge) this.view.viewport.panBy(width / 2 - x, height / 2 - y);
    this.view.draw();
  }

  findSimilar(index) {
    if (index !== null) this.setTrigger("like", this.view.readyPoints.id(index));
  }

  // ---- selection ----

  grow() {
    const { here, readyPoints: points, isFound } = this.view;
    if (here === null) return;
    const count = this.grown.from === here ? this.grown.count * 2 : FIRST_AROUND;
    this.select(points.around(here, count, isFound));
    this.grown = { from: here, count };
  }

  clear() {
    this.pointer.setLasso(false);
    if (this.view.selected.size) this.select([]);
    player.stop();
  }

  select(indices) {
    this.setSelected(indices);
    this.sequence += 1;
    const { mark } = this.view.readyPoints;
    this.setState("selection", { mark, indices: base64Of(indices), sequence: this.sequence });
  }

  setSelected(indices) {
    this.grown = { from: null, count: 0 };
    this.view.selected = new Set(indices);
    this.pointer.setLasso(false);
    this.view.prepareAgain();
  }
}

export default component(".map", (root) => new SoundMap(root));
