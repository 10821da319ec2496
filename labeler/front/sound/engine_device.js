// The built-in engine as an audio device: the server renders, the browser plays. Sounds are fetched before need.

import { now, requestAddress } from "./audio_requests.js";

/** @import { AudioRequest } from "./audio_requests.js" */

const KEPT_SOUNDS = 128;
const FADE_SECONDS = 0.06; // time constant of a piano key that is released
const FADED_AFTER = 0.5; // seconds

export class EngineDevice {
  constructor() {
    this.context = /** @type {AudioContext | null} */ (null);
    this.analyser = /** @type {AnalyserNode | null} */ (null);
    this.sounds = new Map(); // address -> AudioBuffer, the last used at the end
    this.fetching = new Map(); // address -> promise of an AudioBuffer
    this.source = /** @type {AudioBufferSourceNode | null} */ (null);
    this.playing = /** @type {{buffer: AudioBuffer, started: number, sounded: number} | null} */ (null);
    this.problem = null;
    this.turn = 0; // the number of the latest request to play or stop
  }

  get ready() {
    return this.context?.state === "running";
  }

  /** Allow sound. Browsers do so only in the handler of a click or a key. */
  unlock() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: 0 }); // 8 ms in Chromium, where "interactive" is 32
      this.analyser = this.context.createAnalyser();
      this.analyser.fftSize = 4096;
      this.analyser.connect(this.context.destination);
    }
    return this.ready ? Promise.resolve() : this.context.resume();
  }

  // The context and its analyser, which unlock() has made.
  get graph() {
    if (!this.context || !this.analyser) throw new Error("sound is not unlocked");
    return { context: this.context, analyser: this.analyser };
  }

  /** @param {AudioRequest} request */
  has(request) {
    return this.sounds.has(requestAddress("sound", request));
  }

  /**
   * A promise of the sound.
   * @param {AudioRequest} request
   * @returns {Promise<AudioBuffer>}
   */
  prepare(request) {
    const address = requestAddress("sound", request);
    if (this.sounds.has(address)) return Promise.resolve(this.sounds.get(address));
    if (!this.fetching.has(address)) {
      this.fetching.set(address, this.fetch(address).finally(() => this.fetching.delete(address)));
    }
    return this.fetching.get(address);
  }

  async fetch(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(await answer.text());
    const buffer = decodeWav(await answer.arrayBuffer());
    this.sounds.set(address, buffer);
    if (this.sounds.size > KEPT_SOUNDS) this.sounds.delete(this.sounds.keys().next().value);
    return buffer;
  }

  /**
   * Play a sound. One that was fetched before starts before this returns.
   * @param {AudioRequest} request
   * @returns {Promise<number | null>} when it started; null if another request replaced it
   */
  play(request) {
    this.stop();
    const { turn } = this;
    const address = requestAddress("sound", request);
    const buffer = this.sounds.get(address);
    if (buffer && this.ready) {
      this.sounds.delete(address);
      this.sounds.set(address, buffer);
      return Promise.resolve(this.start(buffer));
    }
    return this.prepare(request).then((fetched) => (this.turn === turn && this.ready ? this.start(fetched) : null));
  }

  start(buffer) {
    const { context, analyser } = this.graph;
    this.source = this.connect(buffer, analyser);
    this.playing = { buffer, started: now(), sounded: leavesAt(context, context.currentTime) };
    return this.playing.started;
  }

  connect(buffer, target) {
    const source = new AudioBufferSourceNode(this.graph.context, { buffer });
    source.connect(target);
    source.start();
    return source;
  }

  /**
   * Play a key of the piano, together with other sounds.
   * @param {AudioRequest} request
   * @returns {Promise<() => void>} what releases the key
   */
  async hold(request) {
    const buffer = await this.prepare(request);
    if (!this.ready) return () => {};
    const { context, analyser } = this.graph;
    const gain = new GainNode(context);
    gain.connect(analyser);
    const source = this.connect(buffer, gain);
    return () => {
      gain.gain.setTargetAtTime(0, context.currentTime, FADE_SECONDS);
      source.stop(context.currentTime + FADED_AFTER);
    };
  }

  stop() {
    this.turn += 1;
    this.source?.stop();
    this.source?.disconnect();
    this.source = null;
    this.playing = null;
  }

  /** Seconds into the sound that plays; null after its end. */
  get position() {
    if (!this.playing) return null;
    const seconds = now() - this.playing.started;
    return seconds <= this.playing.buffer.duration ? seconds : null;
  }
}

// When the sound of a time of the context leaves the loudspeaker, on the clock of now().
function leavesAt(context, time) {
  const { contextTime, performanceTime } = context.getOutputTimestamp();
  return contextTime ? performanceTime / 1000 + time - contextTime : now() + context.outputLatency;
}

// 16-bit samples after 44 bytes, as labeler/audio/rendering.py writes them. A decoder would cost time.
function decodeWav(bytes) {
  const rate = new DataView(bytes).getUint32(24, true);
  const samples = new Int16Array(bytes, 44, (bytes.byteLength - 44) >> 1);
  const buffer = new AudioBuffer({ length: Math.max(1, samples.length), numberOfChannels: 1, sampleRate: rate });
  const channel = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) channel[i] = samples[i] / 32768;
  return buffer;
}
