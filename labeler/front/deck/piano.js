// The piano: the voice on display at any pitch, by mouse, touch or the computer's own keys.

import { PIANO_CONTROLS, PIANO_KEYS } from "../constants.js";
import { make } from "../common/dom.js";
import { player } from "../sound/audio_player.js";

const LOWEST_NOTE = 36;
const HIGHEST_NOTE = 84;
const HELD_SECONDS = 4;
const BLACK = new Set([1, 3, 6, 8, 10]);
const LOUDEST = 127;
const SOFTEST = 20;
const VELOCITY_STEP = 20;

export class Piano {
  /**
   * @param {HTMLElement} root
   * @param {(note: {note: number, velocity: number, held: number}) => any} requestOf the request of a note, or null
   * @param {() => void} onLeave Escape was pressed
   */
  constructor(root, requestOf, onLeave) {
    this.root = root;
    this.requestOf = requestOf;
    this.onLeave = onLeave;
    this.first = 60;
    this.velocity = 100;
    this.held = new Map(); // a key's code or "pointer" -> {note, release: promise of what releases it}
    this.nodes = new Map(); // by note
    this.draw();
  }

  /** Whether a key is one of the piano's. */
  takes(event) {
    return event.key === "Escape" || event.code in PIANO_CONTROLS || PIANO_KEYS.includes(event.code);
  }

  press(event) {
    const control = PIANO_CONTROLS[event.code];
    if (event.key === "Escape") this.onLeave();
    else if (control === "octave up") this.first = Math.min(HIGHEST_NOTE, this.first + 12);
    else if (control === "octave down") this.first = Math.max(LOWEST_NOTE, this.first - 12);
    else if (control === "harder") this.velocity = Math.min(LOUDEST, this.velocity + VELOCITY_STEP);
    else if (control === "softer") this.velocity = Math.max(SOFTEST, this.velocity - VELOCITY_STEP);
    else this.strike(event.code, this.first + PIANO_KEYS.indexOf(event.code));
  }

  strike(holder, note) {
    this.release(holder);
    const request = note <= 127 ? this.requestOf({ note, velocity: this.velocity, held: HELD_SECONDS }) : null;
    if (!request) return;
    this.nodes.get(note)?.classList.add("down");
    this.held.set(holder, { note, release: player.hold(request) });
  }

  release(holder) {
    const held = this.held.get(holder);
    if (!held) return;
    this.held.delete(holder);
    this.nodes.get(held.note)?.classList.remove("down");
    held.release.then((release) => release());
  }

  releaseAll() {
    for (const holder of [...this.held.keys()]) this.release(holder);
  }

  draw() {
    for (let note = LOWEST_NOTE; note <= HIGHEST_NOTE; note++) {
      const key = make("span", { class: BLACK.has(note % 12) ? "black" : "white", "data-note": note });
      if (note % 12 === 0) key.append(make("small", {}, `C${note / 12 - 2}`)); // Yamaha calls MIDI note 60 C3
      this.nodes.set(note, key);
      this.root.append(key);
    }
    const strikeAt = (event) => {
      const note = event.target.closest("[data-note]")?.dataset.note;
      if (note) this.strike("pointer", Number(note));
    };
    this.root.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      strikeAt(event);
    });
    this.root.addEventListener("pointerover", (event) => {
      if (event.buttons) strikeAt(event); // a glissando
    });
    for (const end of ["pointerup", "pointerleave"]) this.root.addEventListener(end, () => this.release("pointer"));
  }
}
