// A grid of voices. The cursor plays; keys mark, move, rename and answer. Each action goes to Python as an event with a
// sequence number, which is kept until Python acknowledges it.

import { GRID_KEYS } from "../constants.js";
import { component } from "../common/component.js";
import { randomId } from "../common/hex.js";
import { isCommand, keyboard, keyOf } from "../common/keyboard.js";
import { expose, record } from "../common/test_hooks.js";
import { player } from "../sound/audio_player.js";
import { now } from "../sound/audio_requests.js";
import { GridView } from "./view.js";

const FETCHED_AROUND = 8; // tiles on either side of the cursor whose sounds are fetched ahead
const USUAL_SECONDS = 3; // that a sound lasts on an instrument
const REPEAT_MILLISECONDS = 3000; // between reports of events that Python does not acknowledge

class VoiceGrid {
  constructor(root) {
    this.root = root;
    this.view = new GridView(root, this);
    this.session = randomId(8);
    this.sequence = 0;
    this.reports = 0;
    this.pending = /** @type {any[]} */ ([]); // events that Python has not acknowledged
    this.tiles = /** @type {any[]} */ ([]);
    this.signature = /** @type {string | null} */ (null); // of the tiles that Python gave last
    this.cursor = /** @type {string | null} */ (null); // the key of a tile
    this.marked = /** @type {Set<string>} */ (new Set());
    this.also = /** @type {Set<string>} */ (new Set()); // second categories for the next label
    /** @type {Record<string, number>} */
    this.heard = {}; // seconds by tile, of sounds that have ended or were cut off
    this.sounding = /** @type {{key: string, started: number} | null} */ (null);
    this.through = /** @type {object | null} */ (null); // while one tile after the other is played
    this.removed = new AbortController();
    window.addEventListener("keydown", (event) => this.press(event), { capture: true, signal: this.removed.signal });
    this.repeating = setInterval(() => this.pending.length && this.report(), REPEAT_MILLISECONDS);
    expose({ grid: this });
  }

  remove() {
    this.removed.abort();
    clearInterval(this.repeating);
    player.stop();
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    if (data.session === this.session) {
      this.pending = this.pending.filter((event) => event.sequence > data.acknowledged);
    }
    const signature = JSON.stringify(data.tiles);
    if (signature !== this.signature) this.replaceTiles(data.tiles, signature);
    this.drawBar();
    this.view.drawPads(data, this.also);
  }

  // Tiles that stay keep their mark and their seconds of sound.
  replaceTiles(tiles, signature) {
    const before = new Set(this.tiles.map((tile) => tile.key));
    const keys = new Set(tiles.map((tile) => tile.key));
    const areAllNew = !tiles.some((tile) => before.has(tile.key));
    const isFirst = this.signature === null;
    const { index } = this;
    this.signature = signature;
    this.tiles = tiles;
    for (const tile of tiles) if (!before.has(tile.key) && tile.marked) this.marked.add(tile.key);
    this.marked = new Set([...this.marked].filter((key) => keys.has(key)));
    this.heard = Object.fromEntries(Object.entries(this.heard).filter(([key]) => keys.has(key)));
    if (areAllNew) this.cursor = tiles[0]?.key ?? null;
    else if (!keys.has(this.cursor)) this.cursor = tiles[Math.min(index, tiles.length - 1)].key;
    this.drawTiles();
    this.prefetch();
    if (this.data.autoplay && this.cursor !== null && (areAllNew || isFirst)) player.unlock().then(() => this.play());
  }

  // ---- keys ----

  press(event) {
    if (!isCommand(event)) return;
    const key = event.key.toLowerCase();
    if (keyboard.mapTakes?.(key)) return;
    const handler = this.handlerOf(key, event);
    if (!handler) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (!event.repeat || key.startsWith("arrow")) handler();
  }

  handlerOf(key, event) {
    const { data, tiles, cursor } = this;
    const { columns } = this.view;
    const steps = { arrowleft: -1, arrowright: 1, arrowup: -columns, arrowdown: columns };
    if (key in steps && tiles.length) {
      return () => (event.shiftKey && data.movable ? this.move(steps[key]) : this.step(steps[key]));
    }
    const own = GRID_KEYS[key];
    if (own === "replay") return () => this.go(cursor);
    if (own === "first" || own === "last") return () => this.go(tiles.at(own === "first" ? 0 : -1)?.key ?? null);
    if (own === "mark" && data.markable) return () => this.mark(cursor);
    if (own === "rename" && data.renamable) return () => this.rename(cursor);
    if (own === "play all" && data.through) return () => this.playThrough();
    const action = data.actions.find((each) => each.key === key);
    if (action) return () => this.emit(action.name);
    const category = data.pads && data.categories.find((each) => each.shortcut === keyOf(event));
    return category ? () => this.label(category.key, event.shiftKey) : null;
  }

  get index() {
    return Math.max(
      0,
      this.tiles.findIndex((tile) => tile.key === this.cursor),
    );
  }

  tile(key) {
    return this.tiles.find((tile) => tile.key === key);
  }

  step(by) {
    this.go(this.tiles[Math.max(0, Math.min(this.tiles.length - 1, this.index + by))].key);
  }

  go(key, isThrough = false) {
    if (key === null) return;
    if (!isThrough) this.through = null;
    this.cursor = key;
    this.drawSelection();
    this.view.nodes.get(key)?.scrollIntoView({ block: "nearest" });
    this.prefetch();
    return this.play();
  }

  mark(key) {
    if (key === null) return;
    if (!this.marked.delete(key)) this.marked.add(key);
    this.drawSelection();
    this.drawBar();
  }

  move(by, from = this.index) {
    const to = from + by;
    if (to < 0 || to >= this.tiles.length) return;
    const [tile] = this.tiles.splice(from, 1);
    this.tiles.splice(to, 0, tile);
    this.signature = null; // the next tiles from Python replace this order
    this.drawTiles();
    this.emit("move");
  }

  moveTile(from, to) {
    const [start, end] = [from, to].map((key) => this.tiles.findIndex((tile) => tile.key === key));
    this.cursor = from;
    if (start >= 0 && start !== end) this.move(end - start, start);
  }

  rename(key) {
    const tile = this.tile(key);
    if (tile) this.view.editName(key, tile.name, (text) => this.emit("rename", { at: key, text }));
  }

  label(category, isSecond) {
    if (!isSecond) {
      const categories = [category, ...[...this.also].filter((key) => key !== category)];
      this.also.clear();
      this.emit("label", { categories });
    } else if (!this.also.delete(category)) this.also.add(category);
    this.view.drawPads(this.data, this.also);
  }

  // ---- sound ----

  requestOf(tile) {
    return { voice: tile.sound, category: tile.category };
  }

  prefetch() {
    const { index } = this;
    const near = this.tiles
      .map((tile, place) => ({ tile, far: Math.abs(place - index) }))
      .filter(({ tile, far }) => far <= FETCHED_AROUND && !tile.empty)
      .sort((a, b) => a.far - b.far);
    player.prefetch(near.map(({ tile }) => this.requestOf(tile)));
  }

  async play() {
    const tile = this.tile(this.cursor);
    if (!tile) return;
    const { key } = tile;
    this.endSounding();
    if (tile.empty) return void player.stop();
    if (!player.ready) await player.unlock();
    const started = await player.play(this.requestOf(tile));
    if (started === null || this.cursor !== key) return;
    this.sounding = { key, started };
    this.view.drawSounding(key, player.seconds ?? USUAL_SECONDS);
    record("gridPlays", { key, started });
  }

  // One after the other from the cursor to the end. A second call or another tile stops it; answers do not.
  async playThrough() {
    const wasOn = this.through;
    const through = (this.through = wasOn ? null : {});
    this.drawBar();
    if (wasOn) player.stop();
    for (const { key } of wasOn ? [] : this.tiles.slice(this.index).filter((tile) => !tile.empty)) {
      if (this.through !== through || !this.root.isConnected) return;
      if (!this.tile(key)) continue; // removed since
      await this.go(key, true);
      await new Promise((done) => setTimeout(done, 1000 * (player.seconds ?? USUAL_SECONDS)));
    }
    if (this.through === through) this.through = null;
    this.drawBar();
  }

  endSounding() {
    this.heard = this.heardSeconds();
    this.view.drawSounding(null, 0);
    this.sounding = null;
  }

  heardSeconds() {
    if (!this.sounding) return this.heard;
    const { key, started } = this.sounding;
    return { ...this.heard, [key]: Math.max(this.heard[key] ?? 0, now() - started) };
  }

  // ---- drawing ----

  drawTiles() {
    this.view.drawTiles(this.tiles, this.data);
    this.drawSelection();
  }

  drawSelection() {
    this.view.drawSelection(this.cursor, this.marked);
  }

  drawBar() {
    this.view.drawBar(this.data, this.marked.size, this.through !== null);
  }

  // ---- events for Python ----

  emit(action, { at = this.cursor, categories = /** @type {string[]} */ ([]), text = "" } = {}) {
    this.sequence += 1;
    const order = this.tiles.map((tile) => tile.key);
    this.pending.push({
      sequence: this.sequence,
      action,
      at,
      categories,
      text,
      marked: order.filter((key) => this.marked.has(key)),
      order,
      heard: this.heardSeconds(),
      way: player.name,
    });
    this.report();
  }

  report() {
    this.reports += 1; // so that Streamlit sees another value each time
    this.send("report", { session: this.session, events: this.pending, again: this.reports });
  }
}

export default component(".voice-grid", (root) => new VoiceGrid(root));
