// The one audio player of the app. It plays on the engine in the browser, or on a DX7 at a MIDI port.

import { ServerPortDevice } from "../midi/server_port.js";
import { WebMidiDevice } from "../midi/web_midi.js";
import { expose } from "../common/test_hooks.js";
import { EngineDevice } from "./engine_device.js";

/** @import { AudioRequest } from "./audio_requests.js" */

/**
 * What sound is played on.
 * @typedef {object} AudioDevice
 * @property {boolean} ready
 * @property {string | null} problem why it cannot play, in one sentence
 * @property {() => Promise<unknown>} unlock
 * @property {(request: AudioRequest) => Promise<unknown>} prepare
 * @property {(request: AudioRequest) => Promise<number | null>} play resolves when it sounds, with the time
 * @property {(request: AudioRequest) => Promise<() => void>} [hold] a key of the piano; resolves to its release
 * @property {() => unknown} stop
 * @property {() => Promise<void>} [panic] all notes off
 *
 * @typedef {"engine" | "dx7" | "web_midi"} DeviceName as the journal has it
 */

const FETCHES_AT_ONCE = 2;

/** Dispatches "device" after a change of device, and "problem" with a sentence in ``detail``. */
export class AudioPlayer extends EventTarget {
  constructor() {
    super();
    this.engine = new EngineDevice();
    this.devices = {
      engine: this.engine,
      dx7: new ServerPortDevice(() => this.name === "dx7"),
      web_midi: new WebMidiDevice(),
    };
    /** @type {DeviceName} */
    this.name = "engine";
    this.expected = /** @type {AudioRequest[]} */ ([]);
    this.waiting = /** @type {AudioRequest[]} */ ([]);
    this.fetching = 0;
  }

  /** @type {AudioDevice} */
  get device() {
    return this.devices[this.name];
  }

  get ready() {
    return this.device.ready;
  }

  /** Seconds that the sound on the engine lasts; null on an instrument, and if nothing sounds. */
  get seconds() {
    return this.engine.playing?.buffer.duration ?? null;
  }

  /**
   * Play on another device from now on.
   * @param {DeviceName} name
   * @returns {Promise<string | null>} why it cannot play, or null
   */
  async choose(name) {
    if (!(name in this.devices)) return `There is no device called ${name}.`;
    this.stop();
    try {
      await this.devices[name].unlock();
    } catch (error) {
      return messageOf(error);
    }
    if (this.devices[name].problem) return this.devices[name].problem;
    this.name = name;
    this.prefetch(this.expected);
    this.dispatchEvent(new Event("device"));
    return null;
  }

  unlock() {
    return this.device.unlock();
  }

  /**
   * @param {AudioRequest} request
   * @returns {Promise<number | null>} when it began to sound; null if it was replaced or cannot sound
   */
  play(request) {
    return this.device.play(request).catch((error) => {
      this.report(error);
      return null;
    });
  }

  /**
   * Play a key of the piano.
   * @param {AudioRequest} request
   * @returns {Promise<() => void>} what releases the key
   */
  async hold(request) {
    try {
      if (this.device.hold) return await this.device.hold(request);
      await this.device.play(request);
    } catch (error) {
      this.report(error);
    }
    return () => {};
  }

  stop() {
    this.device.stop();
  }

  async panic() {
    this.stop();
    await this.device.panic?.();
  }

  report(error) {
    this.dispatchEvent(new CustomEvent("problem", { detail: messageOf(error) }));
  }

  /**
   * Fetch ahead, a few at a time.
   * @param {AudioRequest[]} requests the likeliest first; they replace those of before
   */
  prefetch(requests) {
    this.expected = requests;
    this.waiting = [...requests];
    while (this.fetching < FETCHES_AT_ONCE && this.waiting.length) this.fetchWaiting();
  }

  async fetchWaiting() {
    this.fetching += 1;
    try {
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) await this.device.prepare(next);
    } catch {
      // The server is away. What is missing is requested again when it is played, and a problem is shown then.
    } finally {
      this.fetching -= 1;
    }
  }
}

function messageOf(error) {
  return String(error.message ?? error);
}

export const player = new AudioPlayer();
expose({ player });
