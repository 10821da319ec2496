// Drawing: the algorithm as SVG, the sound as a waveform with the live trace over it.
// Text from strangers' files is only ever set as textContent.

const SVG = "http://www.w3.org/2000/svg";
const BOX = 30;
const COLUMN = 44;
const ROW = 42;

function make(tag, attributes = {}, text = null) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) node.setAttribute(name, value);
  if (text !== null) node.textContent = text;
  return node;
}

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

class Scope {
  constructor(canvas, engine) {
    this.canvas = canvas;
    this.engine = engine;
    this.peaks = null;
    this.gain = 1;
    this.trace = new Float32Array(4096);
    this.frame = 0;
  }

  // The waveform of a sound that is about to play, or nothing.
  show(buffer) {
    this.peaks = null;
    if (buffer) {
      const samples = buffer.getChannelData(0);
      const count = 300;
      this.peaks = Array.from({ length: count }, (_, n) => {
        let peak = 0;
        const end = Math.floor(((n + 1) * samples.length) / count);
        for (let i = Math.floor((n * samples.length) / count); i < end; i += 4) {
          peak = Math.max(peak, Math.abs(samples[i]));
        }
        return peak;
      });
      this.gain = 1 / Math.max(0.05, ...this.peaks); // fills the screen; how loud it is, the ear hears
    }
    this.run();
  }

  run() {
    cancelAnimationFrame(this.frame);
    const step = () => {
      this.paint();
      if (this.engine.position !== null && this.canvas.isConnected) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  paint() {
    const { canvas, engine } = this;
    const ratio = window.devicePixelRatio || 1;
    const width = canvas.clientWidth;
    const height = canvas.clientHeight;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const pen = canvas.getContext("2d");
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    const middle = height / 2;
    const position = engine.position;
    if (this.peaks) {
      const done = position === null ? 1 : position / engine.playing.buffer.duration;
      this.peaks.forEach((peak, n) => {
        const tall = Math.max(1, peak * this.gain * height * 0.96);
        pen.fillStyle = n / this.peaks.length <= done ? "rgba(94, 214, 196, 0.42)" : "rgba(94, 214, 196, 0.16)";
        pen.fillRect((n * width) / this.peaks.length, middle - tall / 2, width / this.peaks.length - 1, tall);
      });
    }
    pen.strokeStyle = "#b9fff1";
    pen.lineWidth = 1.6;
    pen.beginPath();
    if (position === null || !engine.analyser) {
      pen.moveTo(0, middle);
      pen.lineTo(width, middle);
    } else {
      engine.analyser.getFloatTimeDomainData(this.trace);
      const start = risingEdge(this.trace);
      const length = 900;
      for (let i = 0; i < length; i++) {
        pen.lineTo((i * width) / length, middle - this.trace[start + i] * this.gain * height * 0.46);
      }
    }
    pen.stroke();
  }
}

// Where the trace goes up through zero, so that a steady tone stands still.
function risingEdge(trace) {
  for (let i = 1; i < trace.length / 2; i++) if (trace[i - 1] < 0 && trace[i] >= 0) return i;
  return 0;
}
