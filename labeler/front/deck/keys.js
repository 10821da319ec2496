// The keys of the deck: one press, one action. A key that is held, repeats or bounces acts once.

import { DECK_ALIASES, DECK_KEYS, OPERATOR_KEY, QUALITY_KEYS } from "../constants.js";
import { isCommand, keyOf } from "../common/keyboard.js";

const CHORD_MILLISECONDS = 1500;

/** @type {Map<string, string>} */
const ACTIONS = new Map([
  ...Object.entries(DECK_ALIASES),
  ...QUALITY_KEYS.map((key, place) => /** @type {[string, string]} */ ([key, `quality${place + 1}`])),
  ...DECK_KEYS.map(({ key, name }) => /** @type {[string, string]} */ ([key, name])),
]);

/**
 * What a press of a key means. ``action`` may be "quality1" to 5 or "operator1" to 6.
 * @typedef {{action: string | null, category: string | null, shift: boolean, time: number}} Press
 */

/** Turns keys into presses: knows the categories' keys and the chord of the operators. No browser is needed. */
export class KeyReader {
  constructor() {
    this.categories = /** @type {Map<string, string>} */ (new Map()); // by key
    this.chord = -Infinity; // when OPERATOR_KEY was pressed
    this.down = /** @type {Set<string>} */ (new Set());
  }

  /** Whether the deck uses a key: all keys that write a letter, and the named keys of its table. */
  uses(event) {
    const key = keyOf(event);
    return key.length === 1 || ACTIONS.has(key);
  }

  /**
   * @param {Pick<KeyboardEvent, "code" | "key" | "repeat" | "shiftKey" | "timeStamp">} event
   * @returns {Press | null} null if nothing is to be done: the key was down already, or begins a chord
   */
  read(event) {
    if (event.repeat || this.down.has(event.code)) return null;
    this.down.add(event.code);
    const key = keyOf(event);
    const time = event.timeStamp;
    if (key === OPERATOR_KEY) {
      this.chord = time;
      return null;
    }
    const isOperator = time - this.chord < CHORD_MILLISECONDS && /^[1-6]$/.test(key);
    this.chord = -Infinity;
    if (isOperator) return { action: `operator${key}`, category: null, shift: false, time };
    const [action, category] = [ACTIONS.get(key) ?? null, this.categories.get(key) ?? null];
    return { action, category, shift: event.shiftKey, time };
  }
}

export class DeckKeys {
  /** @param {(press: Press) => void} onPress */
  constructor(onPress) {
    this.onPress = onPress;
    this.reader = new KeyReader();
    this.piano = /** @type {import("./piano.js").Piano | null} */ (null); // it gets its keys first
    this.removed = new AbortController();
    const options = { capture: true, signal: this.removed.signal };
    window.addEventListener("keydown", (event) => this.press(event), options);
    window.addEventListener("keyup", (event) => this.release(event.code), options);
    window.addEventListener("blur", () => this.releaseAll(), options);
  }

  remove() {
    this.removed.abort();
  }

  press(event) {
    if (!isCommand(event)) return;
    const piano = this.piano?.takes(event) ? this.piano : null;
    if (!piano && !this.reader.uses(event)) return;
    event.preventDefault(); // no scrolling, and none of Streamlit's own one-letter shortcuts
    event.stopImmediatePropagation();
    if (piano && !event.repeat) piano.press(event);
    const press = piano ? null : this.reader.read(event);
    if (press) this.onPress(press);
  }

  release(code) {
    this.reader.down.delete(code);
    this.piano?.release(code);
  }

  releaseAll() {
    this.reader.down.clear();
    this.piano?.releaseAll();
  }
}
