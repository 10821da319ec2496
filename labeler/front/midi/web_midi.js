// The DX7 at the player's own computer as an audio device, by Web MIDI: what dx7/hardware does at the server's port.
// instrument.js shows and changes its settings.

import { ACTIVE_SENSING, SYSEX } from "../constants.js";
import { saveFile } from "../common/dom.js";
import { requestAddress } from "../sound/audio_requests.js";
import { bankFault } from "./message_rules.js";
import { MidiSender, passed } from "./midi_sender.js";
import { MidiSettings } from "./web_midi_settings.js";

/** @import { AudioRequest } from "../sound/audio_requests.js" */

/**
 * A voice's message on channel 1, and which notes go down and up when: [seconds, note, velocity], velocity 0 is up.
 * @typedef {{message: Uint8Array, events: [number, number, number][]}} MidiPhrase
 */

const HANDED_AHEAD = 60; // ms between handing a note to the browser and its sound; it cannot be taken back then
const KEPT_PHRASES = 64;
const FELL_SILENT = 3000; // ms; a DX7 sends active sensing every 80 ms

export class WebMidiDevice {
  constructor() {
    this.access = /** @type {MIDIAccess | null} */ (null);
    this.complaint = /** @type {string | null} */ (null); // why there is no access
    this.notice = /** @type {string | null} */ (null);
    this.onchange = () => {};
    this.settings = new MidiSettings();
    this.sender = new MidiSender(this.settings, () => this.output);
    this.phrases = /** @type {Map<string, Promise<MidiPhrase>>} */ (new Map()); // by address
    this.turn = 0; // the number of the latest request to play or stop
    this.sensed = /** @type {number | null} */ (null); // when active sensing arrived last
    /** @type {{resolve: (bank: Uint8Array) => void, reject: (error: Error) => void} | null} */
    this.waiting = null; // for a bank
    this.portsBefore = ""; // the ids of the ports in use, to notice other ports
    window.addEventListener("pagehide", () => this.ready && this.stop());
    setInterval(() => this.checkSensing(), 1000);
  }

  /** Ask the browser for MIDI. It may ask the person, so call this in the handler of a click or a key. */
  async unlock() {
    this.complaint = null;
    if (!window.isSecureContext) this.complaint = "MIDI in the browser needs https, or this page on localhost";
    else if (!navigator.requestMIDIAccess) this.complaint = "this browser has no MIDI; Chrome, Edge and Firefox have";
    else if (!this.access) {
      try {
        this.access = await navigator.requestMIDIAccess({ sysex: true });
        this.access.onstatechange = () => this.updatePorts();
        this.begin();
      } catch (error) {
        this.complaint = `the browser does not let this page use MIDI (${error.message}); allow it next to the address`;
      }
    }
    this.onchange();
  }

  get ready() {
    return this.problem === null;
  }

  /** Why nothing can be played, in one sentence; null if it can. */
  get problem() {
    const { output, missing } = this.settings;
    if (!this.access) return this.complaint ?? "connect the MIDI of this computer first";
    if (!output) return "choose the MIDI port of your DX7 first";
    if (!this.output) return `${output} is not there; plug it in, or choose another port`;
    return missing.length ? `nothing is sent before you confirm: ${missing.join(", ")}` : null;
  }

  get output() {
    return connected(this.access?.outputs).find((port) => port.name === this.settings.output) ?? null;
  }

  get input() {
    const inputs = connected(this.access?.inputs);
    const named = (name) => inputs.find((port) => port.name === name);
    return named(this.settings.input) ?? named(this.settings.output) ?? (inputs.length === 1 ? inputs[0] : null);
  }

  /** The same members as the state of the server's port, as far as they exist here. */
  get state() {
    const { output, checklist, missing, after_voice } = this.settings;
    return {
      outputs: connected(this.access?.outputs).map((port) => port.name),
      inputs: connected(this.access?.inputs).map((port) => port.name),
      output,
      source: this.input?.name ?? null,
      is_open: this.output !== null,
      checklist,
      missing,
      pacing: { after_voice },
      problem: this.problem,
      notice: this.notice,
      is_heard: this.sensed === null ? null : true,
      receiving: 0,
    };
  }

  // Settings

  async open(output, input = null) {
    this.change(() => this.settings.choose(output, input));
  }

  async confirm(lines) {
    this.notice = null;
    this.change(() => this.settings.confirm(lines));
  }

  async setPacing({ after_voice }) {
    this.settings.save({ after_voice: Math.min(5, Math.max(0, after_voice)) });
    this.onchange();
  }

  // Silence the old port and channel and the new ones, where sending is allowed.
  change(act) {
    if (this.ready) this.silence();
    act();
    this.begin();
    this.onchange();
  }

  begin() {
    this.portsBefore = this.portsInUse;
    for (const port of connected(this.access?.inputs)) port.onmidimessage = null;
    if (this.input) this.input.onmidimessage = (event) => this.receive(event.data);
    this.sensed = null;
    this.sender.reset();
    if (this.ready) this.silence();
  }

  silence() {
    this.turn += 1;
    this.sender.silence();
  }

  // Browsers also report that a port was opened, which happens at the first message. That must not cut off a phrase.
  updatePorts() {
    if (this.portsBefore !== this.portsInUse) {
      this.turn += 1;
      this.begin();
    }
    this.onchange();
  }

  get portsInUse() {
    return `${this.output?.id} ${this.input?.id}`;
  }

  // Playing

  /**
   * Fetch a phrase ahead. Nothing is sent: a DX7 has room for one voice, and a new one cuts off the sound.
   * @param {AudioRequest} request
   */
  prepare(request) {
    const address = requestAddress("take", request);
    let phrase = this.phrases.get(address);
    if (!phrase) {
      phrase = fetchPhrase(address);
      phrase.catch(() => this.phrases.delete(address)); // so that the next request asks again
      this.phrases.set(address, phrase);
      const [oldest] = this.phrases.keys();
      if (this.phrases.size > KEPT_PHRASES) this.phrases.delete(oldest);
    }
    return phrase;
  }

  /**
   * Load the voice and play its phrase. Rejects with a sentence if nothing can be played.
   * @param {AudioRequest} request
   * @returns {Promise<number | null>} when the first note sounds; null if a newer request replaced this one
   */
  async play(request) {
    const turn = ++this.turn;
    if (!this.ready) throw new Error(this.problem ?? "");
    const { message, events } = await this.prepare(request);
    if (turn !== this.turn) return null;
    const { sender } = this;
    sender.release();
    if (request.note == null || sender.loaded !== request.voice) {
      await passed(sender.free);
      if (turn !== this.turn) return null;
      sender.load(message, request.voice);
    }
    const start = Math.max(sender.free, performance.now());
    if (!(await this.perform(events.slice(0, 1), start, turn))) return null;
    this.perform(events.slice(1), start, turn).catch((error) => this.fail(error)); // not awaited
    return start / 1000;
  }

  /**
   * Play a key of the piano, together with the others that are down.
   * @param {AudioRequest} request
   * @returns {Promise<() => void>} what releases the key
   */
  async hold(request) {
    if (!this.ready) throw new Error(this.problem ?? "");
    const { message, events } = await this.prepare(request);
    if (this.sender.loaded !== request.voice) {
      this.stop();
      this.sender.load(message, request.voice);
    }
    const [, note, velocity] = events[0];
    this.sender.note(note, velocity, this.sender.free);
    return () => {
      if (this.ready) this.sender.note(note, 0);
    };
  }

  stop() {
    this.turn += 1;
    if (this.ready) this.sender.release();
  }

  /** End every sound. Nothing else is sent before the check-list is confirmed. */
  async panic() {
    this.turn += 1;
    if (!this.output) throw new Error(this.problem ?? "");
    this.silence();
    await passed(this.sender.free);
  }

  /**
   * The next bank that arrives whole, saved as a file of the person's computer; rejects with a sentence.
   * @returns {Promise<Uint8Array>}
   */
  receiveBank(seconds = 120) {
    this.waiting?.reject(new Error("another request waits for the bank now"));
    return new Promise((resolve, reject) => {
      const waiting = (this.waiting = { resolve, reject });
      setTimeout(() => {
        if (this.waiting === waiting) this.waiting = null;
        reject(new Error(`no bank arrived in ${seconds} seconds; press the buttons again`));
      }, 1000 * seconds);
    });
  }

  async perform(events, start, turn) {
    for (const [seconds, note, velocity] of events) {
      await passed(start + 1000 * seconds - HANDED_AHEAD);
      if (turn !== this.turn) return false;
      this.sender.note(note, velocity, start + 1000 * seconds);
    }
    return true;
  }

  fail(error) {
    this.notice = error.message;
    this.onchange();
  }

  // Receiving

  receive(data) {
    if (data[0] === ACTIVE_SENSING) this.sensed = performance.now();
    if (data[0] !== SYSEX) return;
    if (data[3] === 0) this.sender.loaded = null; // the player chose a voice on the DX7
    const fault = bankFault(data);
    if (fault === undefined || !this.waiting) return;
    if (fault) this.waiting.reject(new Error(fault));
    else this.keep(data);
    this.waiting = null;
    this.onchange();
  }

  keep(bank) {
    const name = `dx7-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.syx`;
    saveFile(name, bank);
    this.notice = `the bank of the DX7 was received and saved as ${name}, where this browser saves files`;
    this.change(() => this.settings.confirm({ backup: name }));
    this.waiting?.resolve(Uint8Array.from(bank));
  }

  // An instrument that stops sending active sensing was switched off, and has lost two of its settings.
  checkSensing() {
    if (this.sensed === null || performance.now() - this.sensed < FELL_SILENT) return;
    this.sensed = this.sender.loaded = null;
    this.turn += 1;
    this.settings.confirm({ sys_info: false, unprotected: false });
    this.fail(new Error("the DX7 has fallen silent: after switching it on, set SYS INFO and MEM PROTECT again"));
  }
}

function connected(ports) {
  return ports ? [...ports.values()].filter((port) => port.state === "connected") : [];
}

/** @returns {Promise<MidiPhrase>} */
async function fetchPhrase(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(await response.text());
  const { message, events } = await response.json();
  return { message: Uint8Array.from(atob(message), (letter) => letter.charCodeAt(0)), events };
}
