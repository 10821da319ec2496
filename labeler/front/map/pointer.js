// The mouse on the map: the wheel zooms, dragging pans, Shift and dragging draws a lasso, a pointer that rests plays.

import { player } from "../sound/audio_player.js";

const REST_MILLISECONDS = 130; // over a point until it plays
const NEAR_PIXELS = 11; // of a point
const LEAST_MOVE = 4; // pixels: a shorter drag is a click

export class MapPointer {
  /**
   * @param {import("./view.js").MapView} view
   * @param {object} callbacks
   * @param {(index: number) => void} callbacks.play
   * @param {(indices: number[]) => void} callbacks.select
   * @param {(index: number | null) => void} callbacks.findSimilar
   * @param {AbortSignal} signal ends it
   */
  constructor(view, { play, select, findSimilar }, signal) {
    this.view = view;
    this.play = play;
    this.select = select;
    this.lasso = /** @type {SVGPathElement} */ (view.root.querySelector(".map-lasso path"));
    this.isLassoOn = false; // the next drag draws a lasso without Shift
    /** @type {{isLasso: boolean, x: number, y: number, moved: number, outline: number[][]} | null} */
    this.drag = null;
    this.resting = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
    const on = (name, handler) => view.canvas.addEventListener(name, handler, { passive: false, signal });
    on("wheel", (event) => this.onWheel(event));
    on("pointerdown", (event) => this.onDown(event));
    on("pointermove", (event) => (this.drag ? this.onDrag(event, this.drag) : this.onHover(event)));
    on("pointerup", (event) => this.onUp(event));
    on("pointercancel", () => this.endDrag());
    on("pointerleave", () => this.setOver(null));
    on("dblclick", () => findSimilar(view.over));
    signal.addEventListener("abort", () => clearTimeout(this.resting));
  }

  setLasso(isOn) {
    this.isLassoOn = isOn;
    this.view.root.querySelector('[data-do="lasso"]')?.setAttribute("aria-pressed", String(isOn));
  }

  onWheel(event) {
    event.preventDefault();
    const factor = Math.exp(-event.deltaY * (event.deltaMode === 1 ? 0.05 : 0.0016));
    this.view.viewport.zoomBy(factor, event.offsetX, event.offsetY);
    this.view.draw();
  }

  onDown(event) {
    if (event.button !== 0 || !this.view.points) return;
    event.preventDefault();
    this.view.root.focus({ preventScroll: true });
    player.unlock();
    this.view.canvas.setPointerCapture(event.pointerId);
    const { offsetX: x, offsetY: y } = event;
    this.drag = { isLasso: event.shiftKey || this.isLassoOn, x, y, moved: 0, outline: [[x, y]] };
  }

  onDrag({ offsetX: x, offsetY: y }, drag) {
    const [dx, dy] = [x - drag.x, y - drag.y];
    drag.moved += Math.hypot(dx, dy);
    [drag.x, drag.y] = [x, y];
    if (drag.isLasso) {
      drag.outline.push([x, y]);
      this.lasso.setAttribute("d", `M${drag.outline.map((point) => point.map(Math.round).join(" ")).join("L")}Z`);
    } else if (drag.moved > LEAST_MOVE) {
      this.view.root.classList.add("panning");
      this.view.viewport.panBy(dx, dy);
      this.view.draw();
    }
  }

  onUp(event) {
    const { drag } = this;
    const { points, viewport, isFound } = this.view;
    this.endDrag();
    if (!drag || !points) return;
    if (drag.isLasso && drag.moved > LEAST_MOVE) {
      const outline = drag.outline.map(([x, y]) => [viewport.mapX(x), viewport.mapY(y)]);
      this.select(points.inside(outline, isFound));
    } else if (drag.moved <= LEAST_MOVE) {
      const hit = this.pointAt(event.offsetX, event.offsetY);
      if (hit !== null) this.play(hit);
    }
  }

  endDrag() {
    this.drag = null;
    this.lasso.removeAttribute("d");
    this.view.root.classList.remove("panning");
  }

  onHover(event) {
    const hit = this.pointAt(event.offsetX, event.offsetY);
    if (hit !== this.view.over) this.setOver(hit);
  }

  setOver(index) {
    clearTimeout(this.resting);
    this.view.over = index;
    this.view.drawName();
    if (index !== null) this.resting = setTimeout(() => this.play(index), REST_MILLISECONDS);
  }

  // The point at a place of the screen, by distance on the screen, where the map is stretched.
  pointAt(x, y) {
    const { points, viewport, isFound } = this.view;
    if (!points) return null;
    const square = (i) => (viewport.screenX(points.x[i]) - x) ** 2 + (viewport.screenY(points.y[i]) - y) ** 2;
    return points.least(square, NEAR_PIXELS ** 2, isFound);
  }
}
