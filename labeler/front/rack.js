// The rack: voices side by side. The cursor plays, keys mark, move, rename and answer; what was done goes to Python as
// events with sequence numbers, kept until Python acknowledges them.

const LONGEST_NAME = 10;
const FETCHED_AROUND = 8; // tiles on either side of the cursor whose sounds are fetched ahead
const USUAL_SECONDS = 3; // of a sound, where nobody says how long it is
const racks = new WeakMap();

class Rack {
  constructor(root) {
    this.root = root;
    this.at = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
    this.session = [...crypto.getRandomValues(new Uint8Array(8))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
    this.sequence = 0;
    this.pending = [];
    this.heard = {}; // key -> seconds, of tiles whose sound has ended or been cut
    this.marked = new Set();
    this.also = new Set();
    this.signature = null;
    this.cursor = null;
    this.onKey = (event) => this.press(event);
    window.addEventListener("keydown", this.onKey, true);
    this.watch = setInterval(() => this.pending.length && this.report(), 3000);
    window.cartwright.rack = this;
  }

  remove() {
    window.removeEventListener("keydown", this.onKey, true);
    clearInterval(this.watch);
    listener.stop();
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    if (data.session === this.session) this.pending = this.pending.filter((event) => event.sequence > data.acknowledged);
    const signature = JSON.stringify(data.tiles);
    if (signature !== this.signature) this.take(data.tiles, signature);
    this.drawBar();
    this.drawPads();
  }

  // New tiles: what stays keeps its mark and what was heard of it.
  take(tiles, signature) {
    const before = new Set((this.tiles ?? []).map((tile) => tile.key));
    const isFirst = this.signature === null;
    const place = this.index;
    this.signature = signature;
    this.tiles = tiles;
    const keys = new Set(tiles.map((tile) => tile.key));
    const isOther = !tiles.some((tile) => before.has(tile.key));
    for (const tile of tiles) if (!before.has(tile.key) && tile.marked) this.marked.add(tile.key);
    this.marked = new Set([...this.marked].filter((key) => keys.has(key)));
    this.heard = Object.fromEntries(Object.entries(this.heard).filter(([key]) => keys.has(key)));
    if (!keys.has(this.cursor)) this.cursor = tiles[Math.min(place, tiles.length - 1)]?.key ?? null;
    if (isOther) this.cursor = tiles[0]?.key ?? null;
    this.drawTiles();
    this.expect();
    if (this.data.autoplay && this.cursor !== null && (isOther || isFirst)) listener.unlock().then(() => this.play());
  }

  // ---- keys ----

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event) || isForControl(event) || isForShell(event)) return;
    const key = event.key.toLowerCase();
    if (window.cartwright.taker?.takes(key)) return; // the map has the focus, and a use for this key
    const handler = this.handlerOf(key, event);
    if (!handler) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat || key.startsWith("arrow")) handler();
  }

  handlerOf(key, event) {
    const { data } = this;
    const steps = { arrowleft: -1, arrowright: 1, arrowup: -this.columns, arrowdown: this.columns };
    if (key in steps && this.tiles.length) return () => (event.shiftKey && data.movable ? this.move(steps[key]) : this.step(steps[key]));
    if (key === " ") return () => this.go(this.cursor);
    if (key === "home" || key === "end") return () => this.go(this.tiles.at(key === "home" ? 0 : -1)?.key ?? null);
    if (key === "m" && data.markable) return () => this.mark(this.cursor);
    if (key === "f2" && data.renamable) return () => this.rename(this.cursor);
    if (key === "l" && data.through) return () => this.playThrough();
    const action = data.actions.find((each) => each.key === key);
    if (action) return () => this.emit(action.name);
    const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code)?.[1]; // by place: Shift turns digits into other signs
    const category = data.pads && data.categories.find((each) => each.shortcut === (digit ?? key));
    return category ? () => this.label(category.key, event.shiftKey) : null;
  }

  get columns() {
    return getComputedStyle(this.at.tiles).gridTemplateColumns.split(" ").length;
  }

  get index() {
    const index = (this.tiles ?? []).findIndex((tile) => tile.key === this.cursor);
    return index < 0 ? 0 : index;
  }

  step(by) {
    this.go(this.tiles[Math.max(0, Math.min(this.tiles.length - 1, this.index + by))].key);
  }

  go(key, isThrough = false) {
    if (key === null) return;
    if (!isThrough) this.through = null;
    this.cursor = key;
    this.redraw();
    this.nodes.get(key)?.scrollIntoView({ block: "nearest" });
    this.expect();
    return this.play();
  }

  mark(key) {
    if (key === null) return;
    if (!this.marked.delete(key)) this.marked.add(key);
    this.redraw();
    this.drawBar();
  }

  move(by, from = this.index) {
    const to = from + by;
    if (to < 0 || to >= this.tiles.length) return;
    const [tile] = this.tiles.splice(from, 1);
    this.tiles.splice(to, 0, tile);
    this.signature = null; // Python has the last word on the order
    this.drawTiles();
    this.emit("move");
  }

  rename(key) {
    const node = this.nodes.get(key);
    const tile = this.tiles.find((each) => each.key === key);
    if (!node) return;
    const field = make("input", { maxlength: LONGEST_NAME, "aria-label": "Name" });
    field.value = tile.name;
    const done = (isKept) => {
      field.onblur = null;
      if (isKept && field.value !== tile.name) this.emit("rename", { at: key, text: field.value });
      field.replaceWith(make("b", {}, isKept ? field.value : tile.name));
    };
    field.onblur = () => done(true);
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") done(event.key === "Enter");
    };
    node.querySelector("b").replaceWith(field);
    field.select();
  }

  label(category, isAlso) {
    if (isAlso) {
      if (!this.also.delete(category)) this.also.add(category);
      this.drawPads();
      return;
    }
    const categories = [category, ...[...this.also].filter((key) => key !== category)];
    this.also.clear();
    this.emit("label", { categories });
    this.drawPads();
  }

  // ---- sound ----

  takeOf(tile) {
    return { voice: tile.sound, category: tile.category };
  }

  expect() {
    const { index } = this;
    const near = this.tiles.map((tile, place) => [Math.abs(place - index), tile]).filter(([far, tile]) => far <= FETCHED_AROUND && !tile.empty);
    listener.expect(near.sort((a, b) => a[0] - b[0]).map(([, tile]) => this.takeOf(tile)));
  }

  async play() {
    const key = this.cursor;
    const tile = this.tiles.find((each) => each.key === key);
    if (!tile) return;
    this.hush();
    if (tile.empty) return void listener.stop();
    if (!listener.ready) await listener.unlock();
    const started = await listener.play(this.takeOf(tile));
    if (started === null || this.cursor !== key) return;
    this.sounding = { key, started };
    const node = this.nodes.get(key);
    node.style.setProperty("--seconds", `${listener.engine.playing?.buffer.duration ?? USUAL_SECONDS}s`);
    node.classList.remove("sounding");
    void node.offsetWidth; // so that the bar runs anew
    node.classList.add("sounding");
    (window.cartwright.rackPlays ??= []).push({ key, started });
  }

  // One after the other, from the cursor to the end; again, or going elsewhere, stops it. Answers do not.
  async playThrough() {
    const wasOn = this.through;
    const through = (this.through = wasOn ? null : {});
    this.drawBar();
    if (wasOn) listener.stop();
    for (const { key } of wasOn ? [] : this.tiles.slice(this.index).filter((tile) => !tile.empty)) {
      if (this.through !== through || !this.root.isConnected) return;
      if (!this.nodes.has(key)) continue; // removed meanwhile
      await this.go(key, true);
      await new Promise((done) => setTimeout(done, 1000 * (listener.engine.playing?.buffer.duration ?? USUAL_SECONDS)));
    }
    if (this.through === through) this.through = null;
    this.drawBar();
  }

  hush() {
    Object.assign(this.heard, this.heardNow());
    this.nodes.get(this.sounding?.key)?.classList.remove("sounding");
    this.sounding = null;
  }

  heardNow() {
    if (!this.sounding) return {};
    const { key, started } = this.sounding;
    return { [key]: Math.max(this.heard[key] ?? 0, now() - started) };
  }

  // ---- what goes to Python ----

  emit(action, { at = this.cursor, categories = [], text = "" } = {}) {
    this.sequence += 1;
    this.pending.push({
      sequence: this.sequence,
      action,
      at,
      categories,
      text,
      marked: this.tiles.filter((tile) => this.marked.has(tile.key)).map((tile) => tile.key),
      order: this.tiles.map((tile) => tile.key),
      heard: { ...this.heard, ...this.heardNow() },
      way: listener.name,
    });
    this.report();
  }

  report() {
    this.send("report", { session: this.session, events: this.pending, again: this.again = (this.again ?? 0) + 1 });
  }
}

function shownKey(key) {
  return { enter: "↵", delete: "Del", " ": "Space", escape: "Esc" }[key] ?? key.toUpperCase();
}

export default function ({ data, parentElement, setStateValue }) {
  let rack = racks.get(parentElement);
  if (!rack) {
    rack = new Rack(parentElement.querySelector(".rack"));
    racks.set(parentElement, rack);
  }
  rack.update(data, setStateValue);
  return () => {
    if (rack.root.isConnected) return;
    rack.remove();
    racks.delete(parentElement);
  };
}
