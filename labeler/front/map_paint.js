// Painting the map: every point straight into the pixels of one image, since 28,000 calls to a canvas take longer than
// a frame. Points that were not searched for come first and pale, then suggestions, then labels, then what is selected.

const LEAST_RADIUS = 1.25; // CSS pixels, seeing the whole map
const MOST_RADIUS = 6;
const PALE = { unwanted: 0.13, suggested: 0.68, labelled: 1, plain: 0.9 };
const BRIGHTNESS_HZ = [100, 4000]; // the ends of the ramp
const RAMP = ["#31476f", "#3f7d96", "#66ad8e", "#c9b75a", "#e4763f"];

class Painter {
  constructor(canvas) {
    this.canvas = canvas;
    this.context = canvas.getContext("2d");
    this.stamps = new Map();
  }

  // The size of the canvas on the screen, in CSS pixels.
  fit() {
    const { clientWidth: width, clientHeight: height } = this.canvas;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width !== wide || this.canvas.height !== high || !this.image) {
      this.canvas.width = wide;
      this.canvas.height = high;
      this.image = this.context.createImageData(wide, high);
      this.pixels = new Uint32Array(this.image.data.buffer);
    }
    this.ratio = ratio;
    this.width = width;
    this.height = height;
  }

  // In which order the points are painted, and in which colours: made anew when these change, not every frame.
  prepare(points, { colours, mode, isFound, selected, table, ink }) {
    this.table = table;
    this.ink = ink;
    this.points = points;
    const ranks = new Uint8Array(points.count);
    this.colours = new Uint8Array(3 * points.count);
    for (let i = 0; i < points.count; i++) {
      const isLabelled = points.labelled[i] === 1;
      ranks[i] = !isFound(i) ? 0 : selected.has(i) ? 3 : isLabelled ? 2 : 1;
      const strength = !isFound(i) ? PALE.unwanted : mode !== "category" ? PALE.plain : isLabelled ? PALE.labelled : PALE.suggested;
      const full = this.colourOf(i, mode, colours);
      for (let part = 0; part < 3; part++) this.colours[3 * i + part] = full[part] * strength + table[part] * (1 - strength);
    }
    const order = Uint32Array.from({ length: points.count }, (_, i) => i);
    this.order = order.sort((a, b) => ranks[a] - ranks[b] || a - b);
    const first = (rank) => this.order.findIndex((i) => ranks[i] >= rank);
    [this.firstStrong, this.firstSelected] = [2, 3].map((rank) => (first(rank) < 0 ? points.count : first(rank)));
  }

  colourOf(i, mode, colours) {
    const points = this.points;
    if (mode === "family") return hue((points.family[i] * 137.508) % 360);
    if (mode === "brightness") return Number.isNaN(points.brightness[i]) ? this.ink : ramp(points.brightness[i]);
    return colours[points.category[i]] ?? this.ink.map((part, at) => part * 0.45 + this.table[at] * 0.55);
  }

  paint(view, here) {
    const { pixels, points, ratio } = this;
    const [wide, high] = [this.image.width, this.image.height];
    pixels.fill(packed(this.table));
    const radius = Math.min(MOST_RADIUS, LEAST_RADIUS * Math.sqrt(view.zoom)) * ratio;
    const stamp = this.stamp(radius);
    const strong = this.stamp(radius * 1.5);
    const ring = this.stamp(radius * 1.5 + 1.5 * ratio);
    for (let n = 0; n < points.count; n++) {
      const i = this.order[n];
      const x = Math.round(view.screenX(points.x[i]) * ratio);
      const y = Math.round(view.screenY(points.y[i]) * ratio);
      if (x < -16 || y < -16 || x > wide + 16 || y > high + 16) continue;
      if (n >= this.firstSelected) this.stampAt(ring, x, y, wide, high, this.ink[0], this.ink[1], this.ink[2]);
      const disc = n >= this.firstStrong ? strong : stamp;
      this.stampAt(disc, x, y, wide, high, this.colours[3 * i], this.colours[3 * i + 1], this.colours[3 * i + 2]);
    }
    this.context.putImageData(this.image, 0, 0);
    if (here !== null) this.circle(view.screenX(points.x[here]), view.screenY(points.y[here]), radius / ratio + 5);
  }

  circle(x, y, radius) {
    const context = this.context;
    context.lineWidth = 2 * this.ratio;
    context.strokeStyle = `rgb(${this.ink})`;
    context.beginPath();
    context.arc(x * this.ratio, y * this.ratio, radius * this.ratio, 0, 2 * Math.PI);
    context.stroke();
  }

  // A disc as offsets from its middle and how much of each pixel it covers.
  stamp(radius) {
    const key = Math.round(radius * 4);
    if (!this.stamps.has(key)) {
      const reach = Math.ceil(radius);
      const parts = [];
      for (let y = -reach; y <= reach; y++) {
        for (let x = -reach; x <= reach; x++) {
          const cover = Math.min(1, Math.max(0, radius + 0.5 - Math.hypot(x, y)));
          if (cover > 0.04) parts.push(x, y, cover);
        }
      }
      this.stamps.set(key, parts);
    }
    return this.stamps.get(key);
  }

  stampAt(stamp, x, y, wide, high, red, green, blue) {
    const { pixels } = this;
    for (let at = 0; at < stamp.length; at += 3) {
      const px = x + stamp[at];
      const py = y + stamp[at + 1];
      if (px < 0 || py < 0 || px >= wide || py >= high) continue;
      const cover = stamp[at + 2];
      const where = py * wide + px;
      const under = pixels[where];
      pixels[where] =
        0xff000000 |
        ((((under >> 16) & 255) * (1 - cover) + blue * cover) << 16) |
        ((((under >> 8) & 255) * (1 - cover) + green * cover) << 8) |
        ((under & 255) * (1 - cover) + red * cover);
    }
  }
}

// What part of the map the screen shows: its middle, and how much larger than the whole.
class View {
  constructor() {
    this.whole();
    this.size = 1;
    this.width = this.height = 1;
  }

  whole() {
    this.x = this.y = 0;
    this.zoom = 1;
  }

  get scale() {
    return (this.zoom * Math.min(this.width, this.height) * 0.5 * 0.96) / this.size;
  }

  // A map is as wide as it is high, a screen is not: so the whole is stretched to fill most of it.
  get stretch() {
    return Math.min(2.2, Math.max(1, this.width / this.height));
  }

  screenX(x) {
    return this.width / 2 + (x - this.x) * this.scale * this.stretch;
  }

  screenY(y) {
    return this.height / 2 - (y - this.y) * this.scale;
  }

  mapX(x) {
    return this.x + (x - this.width / 2) / (this.scale * this.stretch);
  }

  mapY(y) {
    return this.y - (y - this.height / 2) / this.scale;
  }

  zoomBy(factor, x, y) {
    const [mapX, mapY] = [this.mapX(x), this.mapY(y)];
    this.zoom = Math.min(200, Math.max(1, this.zoom * factor));
    this.x += mapX - this.mapX(x);
    this.y += mapY - this.mapY(y);
    this.bound();
  }

  panBy(dx, dy) {
    this.x -= dx / (this.scale * this.stretch);
    this.y += dy / this.scale;
    this.bound();
  }

  bound() {
    this.x = Math.max(-this.size, Math.min(this.size, this.x));
    this.y = Math.max(-this.size, Math.min(this.size, this.y));
  }
}

function packed([red, green, blue]) {
  return (0xff000000 | (blue << 16) | (green << 8) | red) >>> 0;
}

// Any CSS colour as [red, green, blue].
function rgbOf(colour) {
  const context = (rgbOf.context ??= new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true }));
  context.fillStyle = colour;
  context.fillRect(0, 0, 1, 1);
  return [...context.getImageData(0, 0, 1, 1).data.subarray(0, 3)];
}

function hue(degrees) {
  const part = (n) => {
    const k = (n + degrees / 30) % 12;
    return Math.round(255 * (0.52 - 0.3 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [part(0), part(8), part(4)];
}

function ramp(hertz) {
  RAMP.colours ??= RAMP.map(rgbOf);
  const [low, high] = BRIGHTNESS_HZ.map(Math.log);
  const at = Math.min(0.9999, Math.max(0, (Math.log(hertz) - low) / (high - low))) * (RAMP.length - 1);
  const [before, after] = [RAMP.colours[Math.floor(at)], RAMP.colours[Math.floor(at) + 1]];
  return before.map((part, n) => part + (after[n] - part) * (at % 1));
}
