// What a voice grid shows: tiles, buttons and category pads. Text from voices is only ever set as textContent.

import { NAME_LENGTH } from "../constants.js";
import { keyButton, make, partsOf, restartAnimation } from "../common/dom.js";

const SHOWN_KEYS = { enter: "↵", delete: "Del", " ": "Space", escape: "Esc" };

/**
 * What the view calls.
 * @typedef {object} GridHandlers
 * @property {(key: string) => unknown} go
 * @property {(key: string) => void} mark
 * @property {(key: string) => void} rename
 * @property {(from: string | null, to: string) => void} moveTile
 * @property {(action: string) => void} emit
 * @property {(category: string, isSecond: boolean) => void} label
 * @property {() => unknown} playThrough
 */

export class GridView {
  /**
   * @param {HTMLElement} root
   * @param {GridHandlers} handlers
   */
  constructor(root, handlers) {
    this.at = partsOf(root);
    this.handlers = handlers;
    this.nodes = /** @type {Map<string, HTMLElement>} */ (new Map()); // by the key of the tile
    this.dragged = /** @type {string | null} */ (null);
  }

  get columns() {
    return getComputedStyle(this.at.tiles).gridTemplateColumns.split(" ").length;
  }

  /**
   * @param {any[]} tiles
   * @param {any} data what Python gave
   */
  drawTiles(tiles, data) {
    this.at.tiles.style.setProperty("--columns", data.columns);
    this.nodes.clear();
    const nodes = [];
    let group = "";
    for (const tile of tiles) {
      if (tile.group !== group) nodes.push(make("h3", {}, tile.group));
      group = tile.group;
      const node = this.tileNode(tile, data);
      this.nodes.set(tile.key, node);
      nodes.push(node);
    }
    const field = this.at.tiles.querySelector("input");
    if (field) field.onblur = null; // a name that is half typed is dropped when the tiles change
    this.at.tiles.replaceChildren(...nodes);
  }

  tileNode(tile, { categories, markable, renamable, movable }) {
    const node = make("div", { class: tile.empty ? "tile empty" : "tile", role: "option", "data-key": tile.key });
    const category = categories.find((each) => each.key === tile.category);
    if (category) node.style.setProperty("--hue", category.colour);
    const badges = make("span", { class: "badges" });
    badges.append(...tile.badges.map((badge) => make("i", {}, badge)));
    const gauge = make("span", { class: "gauge" });
    if (tile.gauge !== null) gauge.append(make("i", { style: `width: ${Math.round(100 * tile.gauge)}%` }));
    node.append(
      make("b", {}, tile.name || "(no name)"),
      make("small", { title: [tile.detail, tile.hint].filter(Boolean).join("\n") }, tile.detail),
      badges,
      gauge,
      make("span", { class: "played" }),
    );
    if (markable && !tile.empty) {
      const mark = make("span", { class: "mark", title: "Mark (m)" });
      mark.addEventListener("click", (event) => {
        event.stopPropagation();
        this.handlers.mark(tile.key);
      });
      node.append(mark);
    }
    node.addEventListener("click", () => this.handlers.go(tile.key));
    if (renamable) node.addEventListener("dblclick", () => this.handlers.rename(tile.key));
    if (movable) this.makeMovable(node, tile.key);
    return node;
  }

  makeMovable(node, key) {
    node.draggable = true;
    node.addEventListener("dragstart", () => {
      this.dragged = key;
      node.classList.add("dragged");
    });
    node.addEventListener("dragend", () => node.classList.remove("dragged"));
    node.addEventListener("dragover", (event) => {
      event.preventDefault();
      node.classList.add("target");
    });
    node.addEventListener("dragleave", () => node.classList.remove("target"));
    node.addEventListener("drop", () => this.handlers.moveTile(this.dragged, key));
  }

  /** Let a person type another name into a tile; ``onDone`` gets it if it was changed. */
  editName(key, name, onDone) {
    const node = this.nodes.get(key);
    if (!node) return;
    const field = make("input", { maxlength: NAME_LENGTH, "aria-label": "Name" });
    field.value = name;
    const done = (isKept) => {
      field.onblur = null;
      if (isKept && field.value !== name) onDone(field.value);
      field.replaceWith(make("b", {}, isKept ? field.value : name));
    };
    field.onblur = () => done(true);
    field.onkeydown = (event) => {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") done(event.key === "Enter");
    };
    node.querySelector("b")?.replaceWith(field);
    field.select();
  }

  drawSelection(cursor, marked) {
    for (const [key, node] of this.nodes) {
      node.classList.toggle("cursor", key === cursor);
      node.classList.toggle("marked", marked.has(key));
      node.setAttribute("aria-selected", String(marked.has(key)));
    }
  }

  /** Run the bar of the tile that sounds; null stops the bar of every tile. */
  drawSounding(key, seconds) {
    for (const node of this.nodes.values()) node.classList.remove("sounding");
    const node = this.nodes.get(key);
    node?.style.setProperty("--seconds", `${seconds}s`);
    if (node) restartAnimation(node, "sounding");
  }

  drawBar({ actions, markable, movable, renamable, through }, marked, isPlayingThrough) {
    const buttons = actions.map(({ name, key, title, primary }) =>
      keyButton(SHOWN_KEYS[key] ?? key.toUpperCase(), title, () => this.handlers.emit(name), {
        class: primary ? "primary" : "",
        "data-action": name,
      }),
    );
    if (through) {
      const attributes = { class: isPlayingThrough ? "primary" : "", "data-action": "through" };
      const title = isPlayingThrough ? "Stop" : "Listen to all";
      buttons.push(keyButton("L", title, () => this.handlers.playThrough(), attributes));
    }
    const hints = [
      "arrows and Space play",
      markable && "M marks",
      movable && "Shift + arrows move",
      renamable && "F2 renames",
    ];
    const marks = markable && marked ? `${marked} marked · ` : "";
    const hint = make("span", { "data-id": "hint" }, marks + hints.filter(Boolean).join(", "));
    this.at.bar.replaceChildren(...buttons, make("span", { class: "grow" }), hint);
  }

  drawPads({ pads, categories }, also) {
    this.at.pads.hidden = !pads;
    if (!pads) return;
    this.at.pads.replaceChildren(
      ...categories.map(({ key, title, colour, shortcut }) => {
        const onClick = (event) => this.handlers.label(key, event.shiftKey);
        const button = keyButton(shortcut.toUpperCase(), title, onClick, { "data-category": key, title });
        button.style.setProperty("--hue", colour);
        button.classList.toggle("also", also.has(key));
        return button;
      }),
    );
  }
}
