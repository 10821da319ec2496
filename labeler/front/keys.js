// Keys: one press, one action. A key that is held, repeats or bounces acts once, whatever the browser calls it.

const ACTIONS = [
  { name: "replay", key: " ", shown: "Space", title: "Replay" },
  { name: "skip", key: "s", shown: "S", title: "Skip" },
  { name: "unsure", key: "d", shown: "D", title: "Don't know" },
  { name: "broken", key: "x", shown: "X", title: "Broken" },
  { name: "favourite", key: "f", shown: "F", title: "Favourite" },
  { name: "undo", key: "u", shown: "U", title: "Undo" },
  { name: "back", key: "arrowleft", shown: "←", title: "Back" },
  { name: "forward", key: "arrowright", shown: "→", title: "Forward" },
  { name: "higher", key: "arrowup", shown: "↑", title: "Octave up" },
  { name: "lower", key: "arrowdown", shown: "↓", title: "Octave down" },
  { name: "softer", key: ",", shown: ",", title: "Softer" },
  { name: "louder", key: ".", shown: ".", title: "Harder" },
];
const UNLISTED = { backspace: "undo", enter: "accept" };

class Keys {
  // onKey({action, category, shift, time}) is called once a press.
  constructor(onKey) {
    this.onKey = onKey;
    this.categories = new Map();
    this.down = new Set();
    this.handlers = {
      keydown: (event) => this.press(event),
      keyup: (event) => this.down.delete(event.code),
      blur: () => this.down.clear(),
    };
    for (const [name, handler] of Object.entries(this.handlers)) window.addEventListener(name, handler, true);
  }

  remove() {
    for (const [name, handler] of Object.entries(this.handlers)) window.removeEventListener(name, handler, true);
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing || isTyping(event)) return;
    const key = keyOf(event);
    const isButton = event.composedPath()[0] instanceof HTMLElement && event.composedPath()[0].matches("button, summary");
    if (isButton && (key === "enter" || key === " ")) return; // a button reached with Tab works as usual
    if (key.length > 1 && !(key in UNLISTED) && !ACTIONS.some((action) => action.key === key)) return;
    event.preventDefault(); // no scrolling, and none of the page's own one-letter shortcuts
    event.stopImmediatePropagation();
    if (event.repeat || this.down.has(event.code)) return;
    this.down.add(event.code);
    const action = UNLISTED[key] ?? ACTIONS.find((each) => each.key === key)?.name ?? null;
    this.onKey({ action, category: this.categories.get(key) ?? null, shift: event.shiftKey, time: event.timeStamp });
  }
}

// Digits by place, since Shift and French keyboards turn them into other signs; letters by what is printed on them.
function keyOf(event) {
  const digit = /^(?:Digit|Numpad)(\d)$/.exec(event.code);
  return digit ? digit[1] : event.key.toLowerCase();
}

function isTyping(event) {
  const target = event.composedPath()[0];
  return target instanceof HTMLElement && (target.matches("input, textarea, select") || target.isContentEditable);
}
