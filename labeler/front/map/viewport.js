// Which part of the map the screen shows: its middle, and how much it is enlarged. No browser is needed.

const LARGEST_ZOOM = 200;
const MOST_STRETCH = 2.2;
const FILLED = 0.96; // of the screen, by the whole map

export class Viewport {
  constructor() {
    this.x = this.y = 0;
    this.zoom = 1;
    this.size = 1; // of the map, from its middle
    this.width = this.height = 1; // of the screen, in CSS pixels
  }

  showWhole() {
    this.x = this.y = 0;
    this.zoom = 1;
  }

  get scale() {
    return (this.zoom * Math.min(this.width, this.height) * 0.5 * FILLED) / this.size;
  }

  // A map is as wide as it is high, a screen is not: the map is stretched to fill most of it.
  get stretch() {
    return Math.min(MOST_STRETCH, Math.max(1, this.width / this.height));
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

  /** Zoom so that a place of the screen shows the same place of the map. */
  zoomBy(factor, x, y) {
    const [mapX, mapY] = [this.mapX(x), this.mapY(y)];
    this.zoom = Math.min(LARGEST_ZOOM, Math.max(1, this.zoom * factor));
    this.moveTo(this.x + mapX - this.mapX(x), this.y + mapY - this.mapY(y));
  }

  panBy(dx, dy) {
    this.moveTo(this.x - dx / (this.scale * this.stretch), this.y + dy / this.scale);
  }

  moveTo(x, y) {
    const bounded = (value) => Math.max(-this.size, Math.min(this.size, value));
    [this.x, this.y] = [bounded(x), bounded(y)];
  }
}
