// The oscilloscope: the waveform of the whole sound with the live trace over it, and the spectrum of what sounds.

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
    const { engine } = this;
    const { pen, width, height } = fitted(this.canvas);
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

const LOWEST_HERTZ = 40;
const HIGHEST_HERTZ = 14_000;
const BARS = 56;
const QUIETEST = -95; // dB of the analyser
const LOUDEST = -25;

class Spectrum {
  constructor(canvas, engine) {
    this.canvas = canvas;
    this.engine = engine;
    this.held = new Float32Array(BARS);
    this.frame = 0;
  }

  show() {
    this.held.fill(0);
    cancelAnimationFrame(this.frame);
    const step = () => {
      this.paint();
      if (this.engine.position !== null && this.canvas.isConnected) this.frame = requestAnimationFrame(step);
    };
    this.frame = requestAnimationFrame(step);
  }

  levels() {
    const { analyser, context, position } = this.engine;
    if (!analyser || position === null) return new Float32Array(BARS);
    this.bins ??= new Float32Array(analyser.frequencyBinCount);
    analyser.getFloatFrequencyData(this.bins);
    const binOf = (bar) => (LOWEST_HERTZ * (HIGHEST_HERTZ / LOWEST_HERTZ) ** (bar / BARS) * analyser.fftSize) / context.sampleRate;
    return Float32Array.from({ length: BARS }, (_, bar) => {
      let loudest = -Infinity;
      for (let bin = Math.floor(binOf(bar)); bin <= binOf(bar + 1); bin++) loudest = Math.max(loudest, this.bins[bin]);
      return Math.min(1, Math.max(0, (loudest - QUIETEST) / (LOUDEST - QUIETEST)));
    });
  }

  paint() {
    const { pen, width, height } = fitted(this.canvas);
    pen.clearRect(0, 0, width, height);
    const step = width / BARS;
    this.levels().forEach((level, bar) => {
      this.held[bar] = Math.max(this.held[bar], level);
      pen.fillStyle = "rgba(94, 214, 196, 0.18)";
      pen.fillRect(bar * step, height * (1 - this.held[bar]), step - 1, height * this.held[bar]);
      pen.fillStyle = "#5ed6c4";
      pen.fillRect(bar * step, height * (1 - level), step - 1, height * level);
    });
  }
}

// A canvas with as many pixels as the screen has where it stands.
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
