// Which component a key is for. The components of a page share one keyboard.

import { SHELL_KEY } from "../constants.js";
import { now } from "../sound/audio_requests.js";

/** What decides over keys at this moment. */
export const keyboard = {
  chordUntil: 0, // after SHELL_KEY, the next key belongs to the bar above every page until this time
  isPiano: false, // the deck's piano takes all letters
  /** @type {((key: string) => boolean) | null} */
  mapTakes: null, // while the map has the focus: whether it uses a key
};

/** @param {KeyboardEvent | MouseEvent} event */
export function hasModifier(event) {
  return event.ctrlKey || event.metaKey || event.altKey;
}

/**
 * Whether a key goes into a text field.
 * @param {Event} event
 */
export function isTyping(event) {
  const target = event.composedPath()[0];
  const fields = "input:not([type=checkbox], [type=radio]), textarea, select, [role=combobox]";
  return target instanceof HTMLElement && (target.matches(fields) || target.isContentEditable);
}

/**
 * Whether a key is for the button, link or slider that was reached with Tab.
 * @param {KeyboardEvent} event
 */
function isForControl(event) {
  const target = event.composedPath()[0];
  if (!(target instanceof HTMLElement) || !target.matches(":focus-visible")) return false;
  if (event.key === "Enter" || event.key === " ") return target.matches("button, summary, a[href]");
  return event.key.startsWith("Arrow") && !event.shiftKey && target.matches("[role=slider], [role=tab], [role=radio]");
}

/**
 * Whether a key is for the bar above every page, whichever component gets it first.
 * @param {KeyboardEvent} event
 */
export function isForShell(event) {
  if (isTyping(event) || keyboard.isPiano) return false;
  return event.key.toLowerCase() === SHELL_KEY || now() < keyboard.chordUntil;
}

/**
 * Whether a key may be a command of the deck or a voice grid.
 * @param {KeyboardEvent} event
 */
export function isCommand(event) {
  return !(hasModifier(event) || event.isComposing || isTyping(event) || isForControl(event) || isForShell(event));
}

/**
 * A key in lower case. Digits go by place, since Shift and French keyboards turn them into other signs.
 * @param {{code: string, key: string}} event
 */
export function keyOf({ code, key }) {
  return /^(?:Digit|Numpad)(\d)$/.exec(code)?.[1] ?? key.toLowerCase();
}
