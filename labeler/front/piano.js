// The piano: the voice on display at any pitch, by mouse, touch or, in piano mode, the computer's own keys.

const LOWEST_NOTE = 36;
const HIGHEST_NOTE = 84;
const HELD_SECONDS = 4;
const BLACK = new Set([1, 3, 6, 8, 10]);
// By place, so that every layout has the same piano: the middle row is white, the row above it black.
const PLACES = ["KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH", "KeyU", "KeyJ", "KeyK", "KeyO", "KeyL", "KeyP", "Semicolon"];
const OCTAVE_DOWN = "KeyZ";
const OCTAVE_UP = "KeyX";
const SOFTER = "KeyC";
const HARDER = "KeyV";

class Piano {
  // takeOf({note, velocity, held}) is the take to play, or null; onLeave is called when the keys are given back.
  constructor(root, takeOf, onLeave) {
    this.root = root;
    this.takeOf = takeOf;
    this.onLeave = onLeave;
    this.first = 60;
    this.velocity = 100;
    this.held = new Map(); // what holds a note (a code of the keyboard, or "pointer") -> a promise of what lets it go
    this.nodes = new Map();
    this.draw();
  }

  takes(event) {
    return event.key === "Escape" || [OCTAVE_DOWN, OCTAVE_UP, SOFTER, HARDER, ...PLACES].includes(event.code);
  }

  press(event) {
    if (event.key === "Escape") this.onLeave();
    else if (event.code === OCTAVE_DOWN || event.code === OCTAVE_UP) this.shift(event.code === OCTAVE_UP ? 12 : -12);
    else if (event.code === SOFTER || event.code === HARDER) this.velocity = Math.min(127, Math.max(20, this.velocity + (event.code === HARDER ? 20 : -20)));
    else this.strike(event.code, this.first + PLACES.indexOf(event.code));
  }

  shift(by) {
    this.first = Math.min(HIGHEST_NOTE, Math.max(LOWEST_NOTE, this.first + by));
  }

  strike(holder, note) {
    this.release(holder);
    const take = note <= 127 ? this.takeOf({ note, velocity: this.velocity, held: HELD_SECONDS }) : null;
    if (!take) return;
    this.nodes.get(note)?.classList.add("down");
    this.held.set(holder, { note, letGo: listener.hold(take) });
  }

  release(holder) {
    const held = this.held.get(holder);
    if (!held) return;
    this.held.delete(holder);
    this.nodes.get(held.note)?.classList.remove("down");
    held.letGo.then((letGo) => letGo());
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
    const noteOf = (event) => Number(event.target.closest("[data-note]")?.dataset.note ?? NaN);
    this.root.addEventListener("pointerdown", (event) => {
      event.preventDefault();
      if (!Number.isNaN(noteOf(event))) this.strike("pointer", noteOf(event));
    });
    this.root.addEventListener("pointerover", (event) => {
      if (event.buttons && !Number.isNaN(noteOf(event))) this.strike("pointer", noteOf(event)); // a glissando
    });
    for (const end of ["pointerup", "pointerleave"]) this.root.addEventListener(end, () => this.release("pointer"));
  }
}
