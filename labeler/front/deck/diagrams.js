// The algorithm of a voice as SVG, and the level of each operator over a note.

import { ENVELOPE_FLOOR_DB } from "../constants.js";
import { makeSvg } from "../common/dom.js";

const BOX = 30;
const COLUMN = 44;
const ROW = 42;

/**
 * Draw an algorithm as labeler/deck/diagram.py describes it: boxes in columns and rows, edges, the feedback loop.
 * @param {SVGSVGElement} svg
 * @param {any} algorithm
 */
export function drawAlgorithm(svg, algorithm) {
  const rows = Math.max(...algorithm.boxes.map((box) => box.row)) + 1;
  const columns = Math.max(...algorithm.boxes.map((box) => box.column)) + 1;
  const width = columns * COLUMN + 24;
  const height = rows * ROW + 22;
  const bus = height - 5;
  const boxes = algorithm.boxes.map((box) => ({
    ...box,
    x: 12 + (box.column + 0.5) * COLUMN,
    y: 14 + (rows - 1 - box.row + 0.5) * ROW,
  }));
  const boxOf = (operator) => boxes.find((box) => box.operator === operator);
  const carriers = boxes.filter((box) => box.carrier);
  const ends = carriers.map((carrier) => carrier.x);
  const [source, target] = algorithm.feedback.map(boxOf);
  const side = Math.max(source.x, target.x) + BOX / 2 + 6;
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(
    ...algorithm.edges.map(([from, to]) => {
      const [a, b] = [boxOf(from), boxOf(to)];
      return path(`M${a.x} ${a.y} V${b.y - ROW / 2} H${b.x} V${b.y}`, "wire", a.silent || b.silent);
    }),
    ...carriers.map(({ x, y, silent }) => path(`M${x} ${y} V${bus}`, "wire", silent)),
    path(`M${Math.min(...ends) - 10} ${bus} H${Math.max(...ends) + 10}`, "bus", false),
    path(
      `M${source.x} ${source.y + BOX / 2} v4 H${side} V${target.y - BOX / 2 - 4} H${target.x} v4`,
      "loop",
      !algorithm.feedback_level,
    ),
    ...boxes.flatMap(({ x, y, operator, carrier, silent }) => {
      const kind = `${carrier ? "carrier" : "modulator"}${silent ? " silent" : ""}`;
      return [
        makeSvg("rect", { x: x - BOX / 2, y: y - BOX / 2, width: BOX, height: BOX, rx: 3, class: kind }),
        makeSvg("text", { x, y: y + 6, class: kind }, operator),
      ];
    }),
  );
}

function path(d, kind, isOff) {
  return makeSvg("path", { d, class: isOff ? `${kind} off` : kind });
}

/**
 * Draw the level of an operator over a note.
 * @param {SVGSVGElement} svg
 * @param {number[]} levels in dB
 * @param {number} held the share of the time at which the key goes up
 */
export function drawEnvelope(svg, levels, held) {
  const width = 100;
  const x = (n) => (n * width) / (levels.length - 1);
  const y = (level) => 30 - 28 * (1 - level / ENVELOPE_FLOOR_DB);
  const outline = levels.map((level, n) => `L${x(n).toFixed(1)} ${y(level).toFixed(1)}`).join(" ");
  svg.setAttribute("viewBox", `0 0 ${width} 31`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.replaceChildren(
    makeSvg("path", { d: `M0 30 ${outline} L${width} 30 Z`, class: "level" }),
    makeSvg("path", { d: `M${(held * width).toFixed(1)} 1 V30`, class: "keyup" }),
  );
}
