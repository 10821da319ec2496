// Two screens of the deck: the oscilloscope and the spectrum of the sound that plays on the engine.

/** @import { EngineDevice } from "../sound/engine_device.js" */

const PEAKS = 300; // across the oscilloscope
const TRACE_SAMPLES = 900; // across the oscilloscope
const LOWEST_HERTZ = 40;
const HIGHEST_HERTZ = 14_000;
const BARS = 56;
const QUIETEST = -95; // dB of the analyser
const LOUDEST = -25;
const PLAYED = "rgba(94, 214, 196, 0.42)";
const TO_PLAY = "rgba(94, 214, 196, 0.16)";
const HELD = "rgba(94, 214, 196, 0.18)";
const LEVEL = "#5ed6c4";
const TRACE = "#b9fff1";

// A canvas that is painted again at each frame while a sound plays.
class Screen {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {EngineDevice} engine
   */
  constructor(canvas, engine) {
    this.canvas = canvas;
    this.engine = engine;
    this.frame = 0;
  }

  run() {
    cancelAnimationFrame(this.frame);
    const step = () => {
      const { pen, width, height } = fitted(this.canvas);
      pen.clearRect(0, 0, width, height);
      this.paint(pen, width, height);
      if (this.engine.position !== null && this.canvas.isConnected) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  /**
   * @param {CanvasRenderingContext2D} _pen
   * @param {number} _width
   * @param {number} _height
   */
  paint(_pen, _width, _height) {}
}

/** The waveform of the whole sound with the live trace over it. */
export class Scope extends Screen {
  constructor(canvas, engine) {
    super(canvas, engine);
    this.peaks = /** @type {number[]} */ ([]);
    this.gain = 1;
    this.trace = new Float32Array(4096);
  }

  /** @param {AudioBuffer | null} buffer a sound that is about to play */
  show(buffer) {
    this.peaks = buffer ? peaksOf(buffer.getChannelData(0)) : [];
    this.gain = 1 / Math.max(0.05, ...this.peaks); // the waveform fills the screen at any loudness
    this.run();
  }

  /** @override */
  paint(pen, width, height) {
    const { engine, peaks } = this;
    const { position } = engine;
    const middle = height / 2;
    const done = position === null || !engine.playing ? 1 : position / engine.playing.buffer.duration;
    peaks.forEach((peak, n) => {
      const tall = Math.max(1, peak * this.gain * height * 0.96);
      pen.fillStyle = n / PEAKS <= done ? PLAYED : TO_PLAY;
      pen.fillRect((n * width) / PEAKS, middle - tall / 2, width / PEAKS - 1, tall);
    });
    pen.strokeStyle = TRACE;
    pen.lineWidth = 1.6;
    pen.beginPath();
    if (position === null || !engine.analyser) {
      pen.moveTo(0, middle);
      pen.lineTo(width, middle);
    } else {
      engine.analyser.getFloatTimeDomainData(this.trace);
      const start = risingEdge(this.trace);
      for (let i = 0; i < TRACE_SAMPLES; i++) {
        pen.lineTo((i * width) / TRACE_SAMPLES, middle - this.trace[start + i] * this.gain * height * 0.46);
      }
    }
    pen.stroke();
  }
}

export class Spectrum extends Screen {
  constructor(canvas, engine) {
    super(canvas, engine);
    this.held = new Float32Array(BARS); // the peak of each bar
    this.bins = new Float32Array(); // of the analyser
  }

  show() {
    this.held.fill(0);
    this.run();
  }

  levels() {
    const { analyser, position } = this.engine;
    if (!analyser || position === null) return new Float32Array(BARS);
    if (this.bins.length !== analyser.frequencyBinCount) this.bins = new Float32Array(analyser.frequencyBinCount);
    const { bins } = this;
    analyser.getFloatFrequencyData(bins);
    const binsPerHertz = analyser.fftSize / analyser.context.sampleRate;
    const binOf = (bar) => LOWEST_HERTZ * (HIGHEST_HERTZ / LOWEST_HERTZ) ** (bar / BARS) * binsPerHertz;
    return Float32Array.from({ length: BARS }, (_, bar) => {
      let loudest = -Infinity;
      for (let bin = Math.floor(binOf(bar)); bin <= binOf(bar + 1); bin++) loudest = Math.max(loudest, bins[bin]);
      return Math.min(1, Math.max(0, (loudest - QUIETEST) / (LOUDEST - QUIETEST)));
    });
  }

  /** @override */
  paint(pen, width, height) {
    const step = width / BARS;
    this.levels().forEach((level, bar) => {
      this.held[bar] = Math.max(this.held[bar], level);
      pen.fillStyle = HELD;
      pen.fillRect(bar * step, height * (1 - this.held[bar]), step - 1, height * this.held[bar]);
      pen.fillStyle = LEVEL;
      pen.fillRect(bar * step, height * (1 - level), step - 1, height * level);
    });
  }
}

function peaksOf(samples) {
  return Array.from({ length: PEAKS }, (_, n) => {
    let peak = 0;
    const end = Math.floor(((n + 1) * samples.length) / PEAKS);
    for (let i = Math.floor((n * samples.length) / PEAKS); i < end; i += 4) peak = Math.max(peak, Math.abs(samples[i]));
    return peak;
  });
}

// Where the trace goes up through zero, so that a steady tone does not move.
function risingEdge(trace) {
  for (let i = 1; i < trace.length / 2; i++) if (trace[i - 1] < 0 && trace[i] >= 0) return i;
  return 0;
}

// A pen for a canvas that has as many pixels as the screen has in its place.
function fitted(canvas) {
  const ratio = window.devicePixelRatio || 1;
  const [width, height] = [canvas.clientWidth, canvas.clientHeight];
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
  }
  const pen = canvas.getContext("2d");
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  return { pen, width, height };
}
