// Sound: voices as AudioBuffers, decoded before they are needed, one source playing at a time.

const KEPT_SOUNDS = 48;

class Player {
  constructor() {
    this.context = null;
    this.analyser = null;
    this.source = null;
    this.buffers = new Map(); // "token/octave/velocity" -> AudioBuffer, the latest used last
    this.playing = null; // {name, buffer, started}
  }

  // Browsers let a page sound only after a click or a key; calling this in its handler is what they wait for.
  unlock() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: "interactive" });
      this.analyser = this.context.createAnalyser();
      this.analyser.fftSize = 2048;
      this.analyser.connect(this.context.destination);
    }
    return this.context.state === "running" ? Promise.resolve() : this.context.resume();
  }

  get running() {
    return this.context !== null && this.context.state === "running";
  }

  get clock() {
    return this.context ? this.context.currentTime : 0;
  }

  static nameOf(token, octave = 0, velocity = 0) {
    return `${token}/${octave}/${velocity}`;
  }

  has(name) {
    return this.buffers.has(name);
  }

  // 16-bit samples need no decoder, so the buffer is ready when this returns.
  add(name, base64, rate) {
    if (this.buffers.has(name)) return;
    const text = atob(base64);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i); // ten times as fast as Uint8Array.from
    const samples = new Int16Array(bytes.buffer, 0, bytes.length >> 1);
    const buffer = new AudioBuffer({ length: samples.length, numberOfChannels: 1, sampleRate: rate });
    const channel = buffer.getChannelData(0);
    for (let i = 0; i < samples.length; i++) channel[i] = samples[i] / 32768;
    this.buffers.set(name, buffer);
    for (const old of this.buffers.keys()) {
      if (this.buffers.size <= KEPT_SOUNDS) break;
      this.buffers.delete(old);
    }
  }

  // Start a sound at once and cut off the one before. Returns when it started on the audio clock, or null.
  play(name) {
    this.stop();
    const buffer = this.buffers.get(name);
    if (!buffer || !this.running) return null;
    this.buffers.delete(name);
    this.buffers.set(name, buffer);
    this.source = new AudioBufferSourceNode(this.context, { buffer });
    this.source.connect(this.analyser);
    this.source.start();
    this.playing = { name, buffer, started: this.clock };
    return this.playing.started;
  }

  stop() {
    if (this.source) {
      this.source.stop();
      this.source.disconnect();
    }
    this.source = null;
    this.playing = null;
  }

  // Seconds into the sound that plays, or null after its end.
  get position() {
    if (!this.playing) return null;
    const seconds = this.clock - this.playing.started;
    return seconds <= this.playing.buffer.duration ? seconds : null;
  }
}
