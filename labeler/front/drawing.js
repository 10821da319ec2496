// Drawing: the algorithm as SVG, and how loud each operator is over a note.

const SVG = "http://www.w3.org/2000/svg";
const BOX = 30;
const COLUMN = 44;
const ROW = 42;

function draw(tag, attributes = {}, text = null) {
  const node = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  return node;
}

function drawAlgorithm(svg, algorithm) {
  const rows = Math.max(...algorithm.boxes.map((box) => box.row)) + 1;
  const columns = Math.max(...algorithm.boxes.map((box) => box.column)) + 1;
  const width = columns * COLUMN + 24;
  const height = rows * ROW + 22;
  const place = new Map(
    algorithm.boxes.map((box) => [
      box.operator,
      { ...box, x: 12 + (box.column + 0.5) * COLUMN, y: 14 + (rows - 1 - box.row + 0.5) * ROW },
    ]),
  );
  const bus = height - 5;
  const parts = [];
  for (const [from, to] of algorithm.edges) {
    const a = place.get(from);
    const b = place.get(to);
    const middle = b.y - ROW / 2;
    const off = a.silent || b.silent;
    parts.push(
      draw("path", { d: `M${a.x} ${a.y} V${middle} H${b.x} V${b.y}`, class: off ? "wire off" : "wire" }),
    );
  }
  const carriers = algorithm.boxes.filter((box) => box.carrier).map((box) => place.get(box.operator));
  for (const carrier of carriers) {
    parts.push(draw("path", { d: `M${carrier.x} ${carrier.y} V${bus}`, class: carrier.silent ? "wire off" : "wire" }));
  }
  const ends = carriers.map((carrier) => carrier.x);
  parts.push(draw("path", { d: `M${Math.min(...ends) - 10} ${bus} H${Math.max(...ends) + 10}`, class: "bus" }));
  const [source, target] = algorithm.feedback.map((operator) => place.get(operator));
  const side = Math.max(source.x, target.x) + BOX / 2 + 6;
  parts.push(
    draw("path", {
      d: `M${source.x} ${source.y + BOX / 2} v4 H${side} V${target.y - BOX / 2 - 4} H${target.x} v4`,
      class: algorithm.feedback_level ? "loop" : "loop off",
    }),
  );
  for (const box of place.values()) {
    const kind = `${box.carrier ? "carrier" : "modulator"}${box.silent ? " silent" : ""}`;
    parts.push(draw("rect", { x: box.x - BOX / 2, y: box.y - BOX / 2, width: BOX, height: BOX, rx: 3, class: kind }));
    parts.push(draw("text", { x: box.x, y: box.y + 6, class: kind }, box.operator));
  }
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.replaceChildren(...parts);
}

const FLOOR = -60; // dB, as dx7/sound/operator_levels.py has it

// One row an operator: how loud it is over a note, the part after key up dimmed.
function drawEnvelope(svg, levels, held) {
  const width = 100;
  const x = (n) => (n * width) / (levels.length - 1);
  const y = (level) => 30 - 28 * (1 - level / FLOOR);
  const outline = levels.map((level, n) => `L${x(n).toFixed(1)} ${y(level).toFixed(1)}`).join(" ");
  svg.setAttribute("viewBox", `0 0 ${width} 31`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.replaceChildren(
    draw("path", { d: `M0 30 ${outline} L${width} 30 Z`, class: "level" }),
    draw("path", { d: `M${(held * width).toFixed(1)} 1 V30`, class: "keyup" }),
  );
}
