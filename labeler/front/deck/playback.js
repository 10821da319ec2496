// What the deck plays: the voice on display in its phrase, at other pitches, with operators off, and its neighbours.

import { record } from "../common/test_hooks.js";
import { player } from "../sound/audio_player.js";

const OTHER_NOTES = [36, 48, 60, 72, 84]; // MIDI notes
const OTHER_NOTE_SECONDS = 2;
const OTHER_NOTE_VELOCITY = 100;
const VELOCITY_WORDS = { "-2": "much softer", "-1": "softer", 0: "", 1: "harder" };

export class Playback {
  voice = /** @type {any} */ (null); // on display
  register = { octave: 0, velocity: 0 };
  muted = /** @type {Set<number>} */ (new Set()); // operators
  note = -1; // of OTHER_NOTES
  compared = -1; // neighbour
  started = /** @type {number | null} */ (null); // when the voice was first heard since it is on display

  /**
   * @param {object} callbacks
   * @param {() => void} callbacks.onStart the voice on display sounds
   * @param {(buffer: AudioBuffer | null) => void} callbacks.onSound another sound plays: draw it
   */
  constructor({ onStart, onSound }) {
    this.onStart = onStart;
    this.onSound = onSound;
    this.ranges = /** @type {Record<string, [number, number]>} */ ({});
    /** @type {number[]} */
    this.outputLevels = []; // where each operator's output level is among a voice's parameters
    this.keyTime = /** @type {number | null} */ (null); // while a key is handled: when it was pressed
  }

  configure({ ranges, output_levels }) {
    this.ranges = ranges;
    this.outputLevels = output_levels;
  }

  reset(voice) {
    this.voice = voice;
    this.register = { octave: 0, velocity: 0 };
    this.muted = new Set();
    this.note = this.compared = -1;
    this.started = null;
  }

  /**
   * Put another voice on display and play it.
   * @param {any} voice null stops the sound
   */
  show(voice) {
    this.reset(voice);
    if (voice) this.play();
    else player.stop();
  }

  play() {
    const { voice, register, keyTime } = this;
    this.note = this.compared = -1;
    if (!voice) return;
    if (this.muted.size) {
      this.playVariant({ category: voice.phrase, ...register });
      return;
    }
    const played = { ...register };
    player.play(this.requestOf(voice, played)).then((started) => {
      if (started === null || this.voice !== voice) return;
      this.started ??= started;
      const sounded = player.engine.playing?.sounded ?? started;
      if (keyTime) record("latencies", 1000 * sounded - keyTime);
      record("plays", { token: voice.token, voice: voice.voice, ...played, started, sounded });
      this.drawSound();
      this.onStart();
    });
  }

  requestOf(voice, register = {}) {
    return { voice: voice.sound, category: voice.phrase, ...register };
  }

  /** The voice on display one step higher, lower and softer, as far as it can go. */
  variants() {
    const { octave, velocity } = this.register;
    const near = [
      { octave: octave + 1, velocity },
      { octave: octave - 1, velocity },
      { octave, velocity: velocity - 1 },
    ];
    const isInRange = ([what, value]) => value === this.limited(what, value);
    return near
      .filter((register) => Object.entries(register).every(isInRange))
      .map((register) => this.requestOf(this.voice, register));
  }

  limited(what, value) {
    const [least, most] = this.ranges[what];
    return Math.min(most, Math.max(least, value));
  }

  /**
   * Play higher, lower, softer or harder.
   * @param {"octave" | "velocity"} what
   * @param {number} amount
   */
  shift(what, amount) {
    this.register[what] = this.limited(what, this.register[what] + amount);
    this.play();
  }

  /** Play a single long note: at each call the next of OTHER_NOTES, from the middle up and round. */
  otherNote() {
    this.note = (Math.max(this.note, 1) + 1) % OTHER_NOTES.length;
    this.playVariant({ note: OTHER_NOTES[this.note], velocity: OTHER_NOTE_VELOCITY, held: OTHER_NOTE_SECONDS });
  }

  /**
   * Play a neighbour, by default the next one.
   * @returns {boolean} whether there are any
   */
  compare(place = this.compared + 1) {
    const { neighbours, phrase } = this.voice;
    if (!neighbours.length) return false;
    this.compared = place % neighbours.length;
    this.playVariant({ category: phrase }, neighbours[this.compared].sound);
    return true;
  }

  toggleOperator(operator) {
    if (!this.muted.delete(operator)) this.muted.add(operator);
    this.playVariant({ category: this.voice.phrase, ...this.register });
  }

  // Play what does not count as hearing the voice: a variant of it, or another voice.
  playVariant(query, sound = this.soundText()) {
    const { voice } = this;
    if (!sound) return;
    player.play({ voice: sound, ...query }).then((started) => {
      if (started !== null && this.voice === voice) this.drawSound();
    });
  }

  // An instrument sounds outside the browser. The engine's sound of the voice is drawn then.
  async drawSound() {
    const { voice, register } = this;
    const request = voice && this.requestOf(voice, register);
    const buffer =
      player.engine.playing?.buffer ?? (request && (await player.engine.prepare(request).catch(() => null)));
    if (this.voice === voice) this.onSound(buffer);
  }

  /** The parameters of the voice on display as text, with the output levels of muted operators at 0. */
  soundText() {
    const sound = this.voice?.sound;
    if (!sound || !this.muted.size) return sound;
    const text = atob(sound.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (letter) => letter.charCodeAt(0));
    for (const operator of this.muted) bytes[this.outputLevels[operator - 1]] = 0;
    return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  }

  /** In words, what sounds if it is not the plain phrase. */
  get words() {
    const { octave, velocity } = this.register;
    if (this.compared >= 0) return `comparing with ${this.voice?.neighbours[this.compared].name || "(no name)"}`;
    return [
      this.note >= 0 ? `note C${OTHER_NOTES[this.note] / 12 - 2}` : "",
      octave ? `octave ${octave > 0 ? "+" : "−"}${Math.abs(octave)}` : "",
      VELOCITY_WORDS[velocity] ?? "",
      this.muted.size ? `without operator ${[...this.muted].sort().join(", ")}` : "",
    ]
      .filter(Boolean)
      .join(", ");
  }
}
