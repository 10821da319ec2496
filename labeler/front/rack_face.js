// The face of a rack: tiles, buttons and pads. Added to Rack's prototype. Text from strangers' files is only ever set as
// textContent.

const rackface = {
  drawTiles() {
    this.at.tiles.style.setProperty("--columns", this.data.columns);
    this.nodes = new Map();
    const nodes = [];
    let group = "";
    for (const tile of this.tiles) {
      if (tile.group !== group) nodes.push(make("h3", {}, tile.group));
      group = tile.group;
      const node = this.tileNode(tile);
      this.nodes.set(tile.key, node);
      nodes.push(node);
    }
    const field = this.at.tiles.querySelector("input");
    if (field) field.onblur = null; // a name that is half typed is not kept because the tiles change
    this.at.tiles.replaceChildren(...nodes);
    this.redraw();
  },

  tileNode(tile) {
    const node = make("div", { class: tile.empty ? "tile empty" : "tile", role: "option", "data-key": tile.key });
    const category = this.data.categories.find((each) => each.key === tile.category);
    if (category) node.style.setProperty("--hue", category.colour);
    node.append(make("b", {}, tile.name || "(no name)"), make("small", { title: [tile.detail, tile.hint].filter(Boolean).join("\n") }, tile.detail));
    const badges = make("span", { class: "badges" });
    badges.append(...tile.badges.map((badge) => make("i", {}, badge)));
    const gauge = make("span", { class: "gauge" });
    if (tile.gauge !== null) gauge.append(make("i", { style: `width: ${Math.round(100 * tile.gauge)}%` }));
    node.append(badges, gauge, make("span", { class: "played" }));
    if (this.data.markable && !tile.empty) {
      const mark = make("span", { class: "mark", title: "Mark (m)" });
      mark.addEventListener("click", (event) => {
        event.stopPropagation();
        this.mark(tile.key);
      });
      node.append(mark);
    }
    node.addEventListener("click", () => this.go(tile.key));
    if (this.data.renamable) node.addEventListener("dblclick", () => this.rename(tile.key));
    if (this.data.movable) this.makeMovable(node, tile.key);
    return node;
  },

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
    node.addEventListener("drop", () => {
      const from = this.tiles.findIndex((tile) => tile.key === this.dragged);
      const to = this.tiles.findIndex((tile) => tile.key === key);
      this.cursor = this.dragged;
      if (from >= 0 && from !== to) this.move(to - from, from);
    });
  },

  redraw() {
    for (const [key, node] of this.nodes) {
      node.classList.toggle("cursor", key === this.cursor);
      node.classList.toggle("marked", this.marked.has(key));
      node.setAttribute("aria-selected", this.marked.has(key));
    }
  },

  drawBar() {
    const { data } = this;
    const buttons = data.actions.map((action) => {
      const button = make("button", { type: "button", class: action.primary ? "primary" : "", "data-action": action.name });
      button.append(make("kbd", {}, shownKey(action.key)), make("span", {}, action.title));
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => this.emit(action.name));
      return button;
    });
    if (data.through) {
      const button = make("button", { type: "button", "data-action": "through", class: this.through ? "primary" : "" });
      button.append(make("kbd", {}, "L"), make("span", {}, this.through ? "Stop" : "Listen to all"));
      button.addEventListener("mousedown", (event) => event.preventDefault());
      button.addEventListener("click", () => this.playThrough());
      buttons.push(button);
    }
    const hints = ["arrows and Space play", data.markable && "M marks", data.movable && "Shift + arrows move", data.renamable && "F2 renames"];
    const marks = data.markable && this.marked.size ? `${this.marked.size} marked · ` : "";
    const words = marks + hints.filter(Boolean).join(", ");
    this.at.bar.replaceChildren(...buttons, make("span", { class: "grow" }), make("span", { "data-id": "hint" }, words));
  },

  drawPads() {
    const { data } = this;
    this.at.pads.hidden = !data.pads;
    if (!data.pads) return;
    this.at.pads.replaceChildren(
      ...data.categories.map((category) => {
        const button = make("button", { type: "button", "data-category": category.key, title: category.title });
        button.style.setProperty("--hue", category.colour);
        button.classList.toggle("also", this.also.has(category.key));
        button.append(make("kbd", {}, category.shortcut.toUpperCase()), make("span", {}, category.title));
        button.addEventListener("mousedown", (event) => event.preventDefault());
        button.addEventListener("click", (event) => this.label(category.key, event.shiftKey));
        return button;
      }),
    );
  },
};
Object.assign(Rack.prototype, rackface);
