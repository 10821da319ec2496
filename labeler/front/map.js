// The map of all voices: the wheel zooms, dragging pans, a pointer that rests plays, Shift and dragging selects; and
// all of it by keys while the map has the focus.

const REST_MILLISECONDS = 130; // over a point until it plays
const NEAR_PIXELS = 11; // of a point: the pointer is on it
const STEP = 1.5; // of the zoom keys
const FIRST_AROUND = 10; // voices of the first selection by key; the next press doubles
const LEAST_MOVE = 4; // pixels: less is a click
const ARROWS = { arrowleft: [-1, 0], arrowright: [1, 0], arrowup: [0, 1], arrowdown: [0, -1] };
const KEYS = { c: "colour", l: "lasso", n: "grow", k: "like", "+": "in", "=": "in", "-": "out", h: "whole", escape: "clear", " ": "replay" };
const maps = new WeakMap();

class SoundMap extends MapFace {
  constructor(root) {
    super(root);
    this.line = root.querySelector(".map-lasso path");
    this.sequence = 0;
    this.handlers = [
      [root, "keydown", (event) => this.onKey(event)],
      [root, "focusin", () => (window.cartwright.taker = this)],
      [root, "focusout", (event) => root.contains(event.relatedTarget) || this.giveUpKeys()],
      [window, "keydown", (event) => this.onWindowKey(event)],
      [root, "click", (event) => this.onButton(event)],
      [this.canvas, "wheel", (event) => this.onWheel(event)],
      [this.canvas, "pointerdown", (event) => this.onDown(event)],
      [this.canvas, "pointermove", (event) => this.onMove(event)],
      [this.canvas, "pointerup", (event) => this.onUp(event)],
      [this.canvas, "pointercancel", () => this.letGo()],
      [this.canvas, "pointerleave", () => this.leave()],
      [this.canvas, "dblclick", () => this.send("like", this.over)],
    ];
    for (const [target, name, handler] of this.handlers) target.addEventListener(name, handler, { passive: false });
    this.resized = new ResizeObserver(() => this.draw());
    this.resized.observe(root);
    this.dark = matchMedia("(prefers-color-scheme: dark)");
    this.recolour = () => this.repaint();
    this.dark.addEventListener("change", this.recolour);
  }

  remove() {
    this.giveUpKeys();
    clearTimeout(this.resting);
    cancelAnimationFrame(this.frame);
    this.resized.disconnect();
    this.dark.removeEventListener("change", this.recolour);
    for (const [target, name, handler] of this.handlers) target.removeEventListener(name, handler);
  }

  // ---- what comes from Python ----

  update(data, setState, setTrigger) {
    this.setState = setState;
    this.setTrigger = setTrigger;
    this.categories = data.categories;
    if (data.points !== this.wanted) this.load(data.points);
    if (data.found !== this.foundText) {
      this.foundText = data.found;
      this.isFound = data.found === null ? () => 1 : bitsOf(data.found);
      this.restack();
    }
    if (data.cleared !== this.cleared) {
      this.cleared = data.cleared;
      this.select([], { quietly: true });
    }
    this.repaint();
  }

  async load(address) {
    this.wanted = address;
    try {
      const answer = await fetch(new URL(`map/${address}`, document.baseURI));
      if (!answer.ok) throw new Error(await answer.text());
      const points = new Points(await answer.arrayBuffer());
      if (this.wanted !== address) return;
      if (this.points?.mark !== points.mark) {
        this.here = this.over = null;
        this.selected = new Set();
        this.view.whole();
      }
      this.points = points;
      this.view.size = points.size;
      this.restack();
    } catch (error) {
      this.at.count.textContent = `The map cannot be loaded: ${error.message}`;
      this.wanted = null;
    }
  }

  // ---- keys, buttons, pointer ----

  // Whether a key is the map's own while it has the focus; the rack below leaves it alone then.
  takes(key) {
    return key in ARROWS || key in KEYS || key === "v";
  }

  giveUpKeys() {
    if (window.cartwright.taker === this) window.cartwright.taker = null;
  }

  // V leads to the map and back.
  onWindowKey(event) {
    if (event.key.toLowerCase() !== "v" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    event.preventDefault();
    if (window.cartwright.taker === this) this.root.blur();
    else this.root.focus();
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const key = event.key.toLowerCase();
    const isButton = event.target instanceof HTMLElement && event.target.matches("button");
    if (isButton && (key === "enter" || key === " ")) return;
    if (key in ARROWS) this.step(...ARROWS[key]);
    else if (key in KEYS) this.act(KEYS[key], event.repeat);
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
    if (!this.points) return;
    listener.unlock();
    const middle = this.here === null ? [this.view.width / 2, this.view.height / 2] : this.placeOf(this.here);
    if (action === "in") this.zoom(STEP, ...middle);
    else if (action === "out") this.zoom(1 / STEP, ...middle);
    else if (isRepeat) return;
    else if (action === "colour") this.colour();
    else if (action === "lasso") this.arm(!this.isArmed);
    else if (action === "grow") this.grow();
    else if (action === "like") this.send("like", this.here);
    else if (action === "replay") this.play(this.here);
    else if (action === "whole") this.whole();
    else if (action === "clear") this.clear();
  }

  onWheel(event) {
    event.preventDefault();
    this.zoom(Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016)), event.offsetX, event.offsetY);
  }

  onDown(event) {
    if (event.button !== 0 || !this.points) return;
    this.root.focus({ preventScroll: true });
    listener.unlock();
    this.canvas.setPointerCapture(event.pointerId);
    const isLasso = event.shiftKey || this.isArmed;
    this.drag = { isLasso, x: event.offsetX, y: event.offsetY, moved: 0, line: [[event.offsetX, event.offsetY]] };
    event.preventDefault();
  }

  onMove(event) {
    const [x, y] = [event.offsetX, event.offsetY];
    if (!this.drag) {
      this.hover(x, y);
      return;
    }
    const { drag } = this;
    const [dx, dy] = [x - drag.x, y - drag.y];
    drag.moved += Math.hypot(dx, dy);
    [drag.x, drag.y] = [x, y];
    if (drag.isLasso) {
      drag.line.push([x, y]);
      this.line.setAttribute("d", `M${drag.line.map((point) => point.map(Math.round).join(" ")).join("L")}Z`);
    } else if (drag.moved > LEAST_MOVE) {
      this.root.classList.add("panning");
      this.view.panBy(dx, dy);
      this.draw();
    }
  }

  onUp(event) {
    const { drag } = this;
    this.letGo();
    if (!drag) return;
    if (drag.isLasso && drag.moved > LEAST_MOVE) {
      const line = drag.line.map(([x, y]) => [this.view.mapX(x), this.view.mapY(y)]);
      this.select(this.points.inside(line, this.isFound));
    } else if (drag.moved <= LEAST_MOVE) {
      const hit = this.find(event.offsetX, event.offsetY);
      if (hit !== null) this.play(hit);
    }
  }

  letGo() {
    this.drag = null;
    this.line.removeAttribute("d");
    this.root.classList.remove("panning");
  }

  leave() {
    clearTimeout(this.resting);
    this.over = null;
    this.name(this.here);
  }

  hover(x, y) {
    const hit = this.find(x, y);
    if (hit === this.over) return;
    this.over = hit;
    clearTimeout(this.resting);
    this.name(hit ?? this.here);
    if (hit !== null) this.resting = setTimeout(() => this.play(hit), REST_MILLISECONDS);
  }

  // The voice at a place on the screen: distances are as the eye has them, so the map's stretching is taken out.
  find(x, y) {
    if (!this.points) return null;
    const { view, points } = this;
    let best = null;
    let least = NEAR_PIXELS ** 2;
    for (let i = 0; i < points.count; i++) {
      const square = (view.screenX(points.x[i]) - x) ** 2 + (view.screenY(points.y[i]) - y) ** 2;
      if (square <= least && this.isFound(i)) [best, least] = [i, square];
    }
    return best;
  }

  // ---- what they do ----

  step(x, y) {
    if (!this.points) return;
    const next =
      this.here === null
        ? this.points.nearest(this.view.x, this.view.y, Infinity, this.isFound)
        : this.points.towards(this.here, x, y, this.isFound);
    if (next === null) return;
    this.play(next);
    this.bringIntoView(next);
  }

  play(index) {
    if (index === null) return;
    this.here = index;
    this.name(index);
    this.draw();
    listener.unlock();
    listener.play(this.takeOf(index));
    const near = Object.values(ARROWS).map(([x, y]) => this.points.towards(index, x, y, this.isFound));
    listener.expect(near.filter((each) => each !== null).map((each) => this.takeOf(each)));
  }

  takeOf(index) {
    return { voice: `id/${this.points.id(index)}`, category: this.categories[this.points.category[index]]?.key ?? null };
  }

  bringIntoView(index) {
    const [x, y] = this.placeOf(index);
    const edge = 40;
    const { width, height } = this.view;
    if (x < edge || y < edge || x > width - edge || y > height - edge) this.view.panBy(width / 2 - x, height / 2 - y);
    this.draw();
  }

  zoom(factor, x, y) {
    this.view.zoomBy(factor, x, y);
    this.draw();
  }

  whole() {
    this.view.whole();
    this.draw();
  }

  colour() {
    const names = Object.keys(MODES);
    this.mode = names[(names.indexOf(this.mode) + 1) % names.length];
    this.restack();
  }

  arm(isArmed) {
    this.isArmed = isArmed;
    this.root.querySelector('[data-do="lasso"]').setAttribute("aria-pressed", isArmed);
  }

  grow() {
    if (this.here === null) return;
    const count = this.grownAround === this.here ? this.grownTo * 2 : FIRST_AROUND;
    const found = this.points.around(this.here, count, this.isFound);
    this.select(found);
    [this.grownAround, this.grownTo] = [this.here, count];
  }

  clear() {
    if (this.isArmed) this.arm(false);
    if (this.selected.size) this.select([]);
    listener.stop();
  }

  select(indices, { quietly = false } = {}) {
    this.grownAround = null;
    this.selected = new Set(indices);
    this.arm(false);
    this.restack();
    if (quietly || !this.points) return;
    this.sequence += 1;
    this.setState("selection", { mark: this.points.mark, indices: base64Of(indices), sequence: this.sequence });
  }

  send(what, index) {
    if (index !== null) this.setTrigger(what, this.points.id(index));
  }
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  let map = maps.get(parentElement);
  if (!map) {
    map = new SoundMap(parentElement.querySelector(".map"));
    maps.set(parentElement, map);
    window.cartwright.map = map;
  }
  map.update(data, setStateValue, setTriggerValue);
  return () => {
    if (map.root.isConnected) return;
    map.remove();
    maps.delete(parentElement);
  };
}
