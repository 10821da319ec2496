// What is seen of the map: when it is painted, the name beside a point, the words below.

const MODES = { category: "Categories", brightness: "Brightness", family: "Families" };

class MapFace {
  constructor(root) {
    this.root = root;
    this.at = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
    this.canvas = root.querySelector("canvas");
    this.painter = new Painter(this.canvas);
    this.view = new View();
    this.points = null;
    this.categories = [];
    this.here = null; // the voice that was played last
    this.over = null; // under the pointer
    this.selected = new Set();
    this.mode = "category";
    this.isFound = () => 1;
    this.frames = []; // milliseconds that painting took, for whoever measures
  }

  placeOf(index) {
    return [this.view.screenX(this.points.x[index]), this.view.screenY(this.points.y[index])];
  }

  name(index) {
    this.at.name.hidden = index === null || !this.points;
    if (this.at.name.hidden) return;
    const { points } = this;
    const category = this.categories[points.category[index]];
    const hertz = points.brightness[index];
    this.at.voice.textContent = points.names[index];
    this.at.facts.textContent = [
      category ? category.title + (points.labelled[index] ? "" : "?") : "no category",
      ...(Number.isNaN(hertz) ? [] : [`${Math.round(hertz)} Hz bright`]),
    ].join(", ");
    const [x, y] = this.placeOf(index);
    const { offsetWidth, offsetHeight } = this.at.name;
    const left = x + 14 + offsetWidth > this.view.width ? x - 14 - offsetWidth : x + 14;
    const top = Math.min(Math.max(4, y - offsetHeight / 2), this.view.height - offsetHeight - 4);
    this.at.name.style.transform = `translate(${Math.round(left)}px, ${Math.round(top)}px)`;
  }

  // Something else has to be painted than before: colours, what was found, what is selected.
  restack() {
    this.isStacked = false;
    this.draw();
  }

  // Where the theme may be another now.
  repaint() {
    const style = getComputedStyle(this.root);
    const theme = `${style.backgroundColor} ${style.color}`;
    if (theme !== this.theme) {
      this.theme = theme;
      this.colours = [rgbOf(style.backgroundColor), rgbOf(style.color)];
      this.isStacked = false;
    }
    this.draw();
  }

  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      this.drawNow();
    });
  }

  drawNow() {
    if (!this.points || !this.colours || !this.root.isConnected) return;
    const begun = performance.now();
    this.painter.fit();
    this.view.width = this.painter.width;
    this.view.height = this.painter.height;
    if (!this.isStacked) {
      const [table, ink] = this.colours;
      const colours = this.categories.map((category) => rgbOf(category.colour));
      const { mode, isFound, selected } = this;
      this.painter.prepare(this.points, { colours, mode, isFound, selected, table, ink });
      this.isStacked = true;
      this.drawLegend();
    }
    this.painter.paint(this.view, this.here);
    this.name(this.over ?? this.here);
    this.frames.push(performance.now() - begun);
    if (this.frames.length > 600) this.frames.shift();
  }

  drawLegend() {
    this.at.colour.textContent = MODES[this.mode];
    const parts = {
      category: () => [words("coloured by category: strong where labelled, pale where suggested")],
      brightness: rampParts,
      family: () => [words("one colour a family")],
    }[this.mode]();
    this.at.legend.replaceChildren(...parts);
    let found = 0;
    for (let i = 0; i < this.points.count; i++) found += this.isFound(i) ? 1 : 0;
    const shown = found === this.points.count ? "" : `${found.toLocaleString("en")} found of `;
    const chosen = this.selected.size ? `, ${this.selected.size.toLocaleString("en")} selected` : "";
    this.at.count.textContent = `${shown}${this.points.count.toLocaleString("en")} voices${chosen}`;
  }
}

function words(text) {
  const part = document.createElement("span");
  part.textContent = text;
  return part;
}

function rampParts() {
  const bar = document.createElement("span");
  bar.className = "ramp";
  bar.style.background = `linear-gradient(90deg, ${RAMP.join(", ")})`;
  return [words("dark, 100 Hz"), bar, words("4,000 Hz, bright")];
}
