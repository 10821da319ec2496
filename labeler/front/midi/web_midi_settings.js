// What the player chose and confirmed for Web MIDI: dx7/hardware/checklist.py for the browser. localStorage keeps port,
// channel and backup; sessionStorage keeps what a DX7 forgets when it is switched off.

import { CHANNELS, CHECKLIST_STEPS, OWN_BACKUP, PAUSE_AFTER_VOICE } from "../constants.js";

const STORED_AS = "cartwright.midi";
const EMPTY = { channel: null, backup: "", sys_info: false, unprotected: false };

/**
 * @typedef {object} Checklist
 * @property {number | null} channel 1 to 16
 * @property {boolean} sys_info
 * @property {boolean} unprotected
 * @property {string} backup the name of a file, or "own"
 */

export class MidiSettings {
  constructor() {
    this.output = /** @type {string | null} */ (null);
    this.input = /** @type {string | null} */ (null);
    this.after_voice = PAUSE_AFTER_VOICE; // seconds after a voice, for the DX7's processor
    this.ports = /** @type {Record<string, {channel: number | null, backup: string}>} */ ({});
    Object.assign(this, parsed(localStorage.getItem(STORED_AS)));
    /** @type {Record<string, {sys_info: boolean, unprotected: boolean}>} */
    this.powered = parsed(sessionStorage.getItem(STORED_AS));
  }

  /** @returns {Checklist} */
  get checklist() {
    const port = this.output ?? "";
    return { ...EMPTY, ...this.ports[port], ...this.powered[port] };
  }

  /** The steps that are not confirmed yet, as a person reads them. */
  get missing() {
    const { checklist } = this;
    return Object.keys(CHECKLIST_STEPS)
      .filter((step) => !checklist[step])
      .map((step) => CHECKLIST_STEPS[step]);
  }

  choose(output, input) {
    this.save({ output, input });
  }

  /**
   * Change the given lines of the check-list.
   * @param {Partial<Checklist> & {own_backup?: boolean}} lines
   */
  confirm({ own_backup, ...lines }) {
    if (!this.output) return;
    if (own_backup !== undefined) lines.backup = own_backup ? OWN_BACKUP : "";
    const { channel, backup, sys_info, unprotected } = { ...this.checklist, ...lines };
    if (channel !== null && !(Number.isInteger(channel) && channel >= 1 && channel <= CHANNELS)) {
      throw new Error(`MIDI channels run from 1 to ${CHANNELS}`);
    }
    this.powered = { ...this.powered, [this.output]: { sys_info, unprotected } };
    sessionStorage.setItem(STORED_AS, JSON.stringify(this.powered));
    this.save({ ports: { ...this.ports, [this.output]: { channel, backup } } });
  }

  save(changes) {
    Object.assign(this, changes);
    const { output, input, after_voice, ports } = this;
    localStorage.setItem(STORED_AS, JSON.stringify({ output, input, after_voice, ports }));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // damaged: everything is asked again
  }
}
