// Listening: one Listener for the page, whoever asks and however often components come and go.
//
// A take is {voice, category, octave, velocity}, a phrase, or {voice, note, velocity, held}, one note; voice is the
// text of labeler/audio/audio_request.py. A way to listen has ready, problem, unlock(), prepare(take), play(take) -> a promise
// of when it began to sound, and stop(). Clocks are seconds of performance.now().

const KEPT_SOUNDS = 128;
const FETCHES_AT_ONCE = 2;

function now() {
  return performance.now() / 1000;
}

// g, and the key after it, belong to the bar above every page (shell.js), whichever component hears of them first.
function isForShell(event) {
  if (isTyping(event) || window.cartwright.isPlayingPiano) return false;
  return event.key.toLowerCase() === "g" || now() < (window.cartwright.chordUntil ?? 0);
}

// Pages lie one level below the root of the app, wherever that is.
function addressOf(kind, { voice, ...query }) {
  const said = Object.entries(query).filter(([name, value]) => value !== null && value !== undefined && (value !== 0 || name === "note"));
  const tail = new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString();
  return new URL(`${kind}/${voice}${tail ? `?${tail}` : ""}`, document.baseURI).href;
}

// The built-in engine: the server renders, the browser plays. Sounds are fetched before they are needed.
class EngineWay {
  constructor() {
    this.context = null;
    this.analyser = null;
    this.sounds = new Map(); // address -> AudioBuffer, the latest used last
    this.coming = new Map(); // address -> promise of one
    this.source = null;
    this.playing = null; // {buffer, started}
    this.problem = null;
  }

  get ready() {
    return this.context?.state === "running";
  }

  // Browsers let a page sound only after a click or a key; calling this in its handler is what they wait for.
  unlock() {
    if (!this.context) {
      this.context = new AudioContext({ latencyHint: 0 }); // the least there is: 8 ms in Chromium, where "interactive" is 32
      this.analyser = this.context.createAnalyser();
      this.analyser.fftSize = 4096;
      this.analyser.connect(this.context.destination);
    }
    return this.ready ? Promise.resolve() : this.context.resume();
  }

  has(take) {
    return this.sounds.has(addressOf("sound", take));
  }

  prepare(take) {
    const address = addressOf("sound", take);
    if (this.sounds.has(address)) return Promise.resolve(this.sounds.get(address));
    if (!this.coming.has(address)) {
      this.coming.set(address, this.fetch(address).finally(() => this.coming.delete(address)));
    }
    return this.coming.get(address);
  }

  async fetch(address) {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(await answer.text());
    const buffer = decodeWav(await answer.arrayBuffer());
    this.sounds.set(address, buffer);
    for (const old of this.sounds.keys()) {
      if (this.sounds.size <= KEPT_SOUNDS) break;
      this.sounds.delete(old);
    }
    return buffer;
  }

  // What is here already starts before this returns.
  play(take) {
    this.stop();
    const wish = (this.wish = {});
    const address = addressOf("sound", take);
    const buffer = this.sounds.get(address);
    if (buffer && this.ready) {
      this.sounds.delete(address);
      this.sounds.set(address, buffer);
      return Promise.resolve(this.start(buffer));
    }
    return this.prepare(take).then((fetched) => (this.wish === wish && this.ready ? this.start(fetched) : null));
  }

  start(buffer) {
    this.source = this.sourceOf(buffer, this.analyser);
    this.playing = { buffer, started: now(), sounded: this.leavesAt(this.context.currentTime) };
    return this.playing.started;
  }

  // When what the context renders at a time of its own clock leaves the loudspeaker, on the page's clock.
  leavesAt(time) {
    const { contextTime, performanceTime } = this.context.getOutputTimestamp();
    return contextTime ? performanceTime / 1000 + time - contextTime : now() + this.context.outputLatency;
  }

  sourceOf(buffer, target) {
    const source = new AudioBufferSourceNode(this.context, { buffer });
    source.connect(target);
    source.start();
    return source;
  }

  // A key of the piano: sounds until it is let go, beside whatever else does.
  async hold(take) {
    const buffer = await this.prepare(take);
    if (!this.ready) return () => {};
    const gain = new GainNode(this.context);
    gain.connect(this.analyser);
    const source = this.sourceOf(buffer, gain);
    return () => {
      gain.gain.setTargetAtTime(0, this.context.currentTime, 0.06);
      source.stop(this.context.currentTime + 0.5);
    };
  }

  stop() {
    this.wish = null;
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
    const seconds = now() - this.playing.started;
    return seconds <= this.playing.buffer.duration ? seconds : null;
  }
}

// 16-bit samples behind 44 bytes, as labeler/audio/rendering.py writes them: no decoder, so nothing to wait for.
function decodeWav(bytes) {
  const rate = new DataView(bytes).getUint32(24, true);
  const samples = new Int16Array(bytes, 44, (bytes.byteLength - 44) >> 1);
  const buffer = new AudioBuffer({ length: Math.max(1, samples.length), numberOfChannels: 1, sampleRate: rate });
  const channel = buffer.getChannelData(0);
  for (let i = 0; i < samples.length; i++) channel[i] = samples[i] / 32768;
  return buffer;
}

class Listener extends EventTarget {
  constructor() {
    super();
    this.engine = new EngineWay();
    this.ways = { engine: this.engine };
    if (typeof ServerPortWay !== "undefined") this.ways.dx7 = new ServerPortWay(addressOf);
    if (typeof WebMidiWay !== "undefined") this.ways.web_midi = new WebMidiWay(addressOf);
    this.name = "engine";
    this.expected = [];
    this.fetching = 0;
  }

  get way() {
    return this.ways[this.name];
  }

  // How a voice is listened to from now on. Resolves to what keeps it from being so, or null.
  async choose(name) {
    if (!(name in this.ways)) return `There is no way to listen called ${name}.`;
    this.stop();
    try {
      await this.ways[name].unlock();
    } catch (error) {
      return String(error.message ?? error);
    }
    if (this.ways[name].problem) return this.ways[name].problem;
    this.name = name;
    this.expect(this.expected);
    this.dispatchEvent(new Event("way"));
    return null;
  }

  get ready() {
    return this.way.ready;
  }

  unlock() {
    return this.way.unlock();
  }

  // A promise of when it began to sound; null if something else was asked for meanwhile, or it cannot sound.
  play(take) {
    return this.way.play(take).catch((error) => {
      this.dispatchEvent(new CustomEvent("problem", { detail: String(error.message ?? error) }));
      return null;
    });
  }

  // A promise of what lets the key go again.
  async hold(take) {
    try {
      if (this.way.hold) return await this.way.hold(take);
      await this.way.play(take);
    } catch (error) {
      this.dispatchEvent(new CustomEvent("problem", { detail: String(error.message ?? error) }));
    }
    return () => {};
  }

  stop() {
    this.way.stop();
  }

  // What will be asked for next, the likeliest first: fetched ahead, a few at a time.
  expect(takes) {
    this.expected = [...takes];
    this.waiting = [...takes];
    while (this.fetching < FETCHES_AT_ONCE && this.waiting.length) this.fetchNext();
  }

  async fetchNext() {
    this.fetching += 1;
    try {
      while (this.waiting.length) await this.way.prepare(this.waiting.shift());
    } catch {
      // The server is away: what is missing is asked for again when it is played, and told then.
    } finally {
      this.fetching -= 1;
    }
  }
}

window.cartwright ??= {};
window.cartwright.listener ??= new Listener();
const listener = window.cartwright.listener; // outlives remounts and page changes, so that sound stays unlocked
