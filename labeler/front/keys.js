// Keys: one press, one action. A key that is held, repeats or bounces acts once, whatever the browser calls it.

const ACTIONS = [
  { name: "replay", key: " ", shown: "Space", title: "Replay" },
  { name: "skip", key: "s", shown: "S", title: "Skip" },
  { name: "unsure", key: "d", shown: "D", title: "Unsure" },
  { name: "broken", key: "x", shown: "X", title: "Broken" },
  { name: "favourite", key: "f", shown: "F", title: "Favourite" },
  { name: "undo", key: "u", shown: "U", title: "Undo" },
  { name: "back", key: "arrowleft", shown: "←", title: "Back" },
  { name: "forward", key: "arrowright", shown: "→", title: "Forward" },
  { name: "higher", key: "arrowup", shown: "↑", title: "Higher" },
  { name: "lower", key: "arrowdown", shown: "↓", title: "Lower" },
  { name: "softer", key: ",", shown: ",", title: "Softer" },
  { name: "louder", key: ".", shown: ".", title: "Harder" },
  { name: "note", key: "n", shown: "N", title: "Other note" },
  { name: "compare", key: "v", shown: "V", title: "Compare" },
  { name: "piano", key: "p", shown: "P", title: "Piano" },
];
const QUALITY_KEYS = ["h", "j", "k", "l", "m"]; // 1 to 5: neighbours on the keyboard, under the right hand
const UNLISTED = { backspace: "undo", enter: "accept", ...Object.fromEntries(QUALITY_KEYS.map((key, n) => [key, `quality${n + 1}`])) };
const OPERATOR_CHORD = "o"; // then 1 to 6: that operator off, and on again
const CHORD_MILLISECONDS = 1500;

class Keys {
  // onKey({action, category, shift, time}) is called once a press.
  constructor(onKey) {
    this.onKey = onKey;
    this.categories = new Map();
    this.piano = null; // a Piano that takes all keys, or null
    this.chord = -Infinity;
    this.down = new Set();
    this.handlers = {
      keydown: (event) => this.press(event),
      keyup: (event) => this.release(event),
      blur: () => {
        this.down.clear();
        this.piano?.releaseAll();
      },
    };
    for (const [name, handler] of Object.entries(this.handlers)) window.addEventListener(name, handler, true);
  }

  remove() {
    for (const [name, handler] of Object.entries(this.handlers)) window.removeEventListener(name, handler, true);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event) || isForControl(event) || isForShell(event)) return;
    const key = keyOf(event);
    if (this.piano?.takes(event)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      if (!event.repeat) this.piano.press(event);
      return;
    }
    if (key.length > 1 && !(key in UNLISTED) && !ACTIONS.some((action) => action.key === key)) return;
    event.preventDefault(); // no scrolling, and none of the page's own one-letter shortcuts
    event.stopImmediatePropagation();
    if (event.repeat || this.down.has(event.code)) return;
    this.down.add(event.code);
    if (key === OPERATOR_CHORD) {
      this.chord = event.timeStamp;
      return;
    }
    const isOperator = event.timeStamp - this.chord < CHORD_MILLISECONDS && /^[1-6]$/.test(key);
    this.chord = -Infinity;
    if (isOperator) {
      this.onKey({ action: `operator${key}`, category: null, shift: false, time: event.timeStamp });
      return;
    }
    const action = UNLISTED[key] ?? ACTIONS.find((each) => each.key === key)?.name ?? null;
    this.onKey({ action, category: this.categories.get(key) ?? null, shift: event.shiftKey, time: event.timeStamp });
  }

  release(event) {
    this.down.delete(event.code);
    this.piano?.release(event.code);
  }
}

// Digits by place, since Shift and French keyboards turn them into other signs; letters by what is printed on them.
function keyOf(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  return digit ? digit[1] : event.key.toLowerCase();
}
