// Sends messages to a MIDI output of the browser: allowed ones only, in order, no faster than a DX7 takes them.

import { ALL_NOTES_OFF, CONTROL_CHANGE, NOTE_OFF, NOTE_ON, SUSTAIN_PEDAL } from "../constants.js";
import { refusalOf } from "./message_rules.js";

const LOOK_EVERY = 20; // ms
const CABLE = 0.32; // ms per byte on a MIDI cable

export class MidiSender {
  /**
   * @param {import("./web_midi_settings.js").MidiSettings} settings
   * @param {() => MIDIOutput | null} outputOf the output that is in use
   */
  constructor(settings, outputOf) {
    this.settings = settings;
    this.outputOf = outputOf;
    this.latest = 0; // the time of the last message that was handed over; none may overtake it
    this.free = 0; // when the DX7 has set up the last voice
    this.loaded = /** @type {string | null} */ (null); // the voice in the edit buffer
    this.down = /** @type {Set<number>} */ (new Set()); // notes
  }

  get nibble() {
    return (this.settings.checklist.channel ?? 1) - 1;
  }

  /** Forget what the instrument has: it may be another one. */
  reset() {
    this.loaded = null;
    this.down.clear();
  }

  /**
   * Send a voice.
   * @param {Uint8Array} message on any channel
   * @param {string} voice its parameters as text
   */
  load(message, voice) {
    this.loaded = null;
    const addressed = Uint8Array.from(message);
    addressed[2] = (addressed[2] & 0xf0) | this.nibble;
    this.send(addressed, Math.max(this.free, performance.now()));
    this.loaded = voice;
    this.free = this.latest + CABLE * message.length + 1000 * this.settings.after_voice;
  }

  /**
   * Send a note; velocity 0 ends it.
   * @param {number} note
   * @param {number} velocity
   * @param {number} [moment] ms of performance.now()
   */
  note(note, velocity, moment) {
    if (velocity) this.down.add(note); // before it is sent: ending a note that never began does no harm
    this.send([(velocity ? NOTE_ON : NOTE_OFF) | this.nibble, note, velocity], moment);
    if (!velocity) this.down.delete(note);
  }

  control(number) {
    this.send([CONTROL_CHANGE | this.nibble, number, 0]);
  }

  /** End the notes that are down. */
  release() {
    this.control(SUSTAIN_PEDAL);
    for (const note of [...this.down]) this.note(note, 0);
  }

  /** End every note. */
  silence() {
    this.release();
    for (let note = 0; note < 128; note++) this.note(note, 0, this.latest + 3 * CABLE); // no faster than the cable
    this.control(ALL_NOTES_OFF);
    this.free = Math.max(this.free, this.latest + 3 * CABLE);
  }

  /**
   * Send one message. Throws an error that says why if it is not allowed.
   * @param {Uint8Array | number[]} message
   * @param {number} [moment] ms of performance.now()
   */
  send(message, moment = performance.now()) {
    const refusal = refusalOf([...message]);
    if (refusal) throw new Error(`this message was not sent to the instrument: ${refusal}`);
    this.latest = Math.max(moment, this.latest);
    this.outputOf()?.send(message, this.latest);
  }
}

/**
 * Resolves when performance.now() has reached a moment.
 * @param {number} moment
 */
export async function passed(moment) {
  while (moment > performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_EVERY, moment - performance.now())));
  }
}
