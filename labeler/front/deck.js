// The deck: what is on display, what was answered, what Python has not acknowledged yet.
//
// Python serves a line of voices ahead of need and their sounds are fetched ahead, so the next voice sounds in the
// handler of the key that answered the one before. Every key becomes an event with a sequence number; events stay in
// the component's state until Python acknowledges them. corpus/labels/serving.py says which answers count; the same
// rules stand here. sounding.js has what plays, face.js and voiceface.js what is drawn.

const HEARING = "corpus.labels.new_answer.LEAST_DWELL"; // replaced by component.py
const LOOK_AHEAD = 10; // voices whose sounds are fetched before they are asked for
const decks = new WeakMap();

class Deck {
  constructor(root) {
    this.root = root;
    this.at = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
    this.scope = new Scope(this.at.scope, listener.engine);
    this.spectrum = new Spectrum(this.at.spectrum, listener.engine);
    this.piano = new Piano(this.at.piano, (note) => this.pianoTake(note), () => this.togglePiano());
    this.session = null;
    this.line = []; // facts of voices, in the order they were served
    this.pending = []; // events that Python has not acknowledged
    this.here = null; // token on display
    this.keys = new Keys((key) => this.onKey(key));
    this.at.curtain.addEventListener("click", () => this.start());
    this.at.accept.addEventListener("click", () => this.act("accept"));
    this.drawActions();
    this.drawQuality();
    this.watch = setInterval(() => this.insist(), 2000);
    this.onProblem = (event) => this.flash(event.detail);
    this.onWay = () => {
      this.expect();
      this.redraw();
    };
    this.onHide = () => this.keepUnsent();
    window.addEventListener("pagehide", this.onHide);
    listener.addEventListener("problem", this.onProblem);
    listener.addEventListener("way", this.onWay);
    Object.assign(window.cartwright, { plays: [], latencies: [], deck: this });
  }

  remove() {
    clearInterval(this.watch);
    this.keys.remove();
    listener.removeEventListener("problem", this.onProblem);
    listener.removeEventListener("way", this.onWay);
    this.piano.releaseAll();
    window.removeEventListener("pagehide", this.onHide);
    this.keepUnsent();
    window.cartwright.isPlayingPiano = false;
    listener.stop();
  }

  // ---- what Python says ----

  update(data, send) {
    this.send = send;
    if (data.session === null) {
      this.takeUnsent(data.labeller);
      return this.report();
    }
    this.data = data;
    this.acknowledge(data);
    if (data.session !== this.session || !this.answers) {
      // Until a new session has everything that was said to the one before, the deck goes on with that one's line.
      if (this.pending.length) return;
      this.begin(data);
    }
    for (const [offset, voice] of data.line.entries()) {
      if (data.first + offset === this.line.length) this.line.push(voice);
    }
    this.sequence = Math.max(this.sequence, data.acknowledged);
    for (const refusal of data.refusals) this.refuse(refusal);
    this.arrive();
    this.expect();
    this.redraw();
  }

  acknowledge(data) {
    const { acknowledged, refused } = [data, data.adopted].find((each) => each.session === this.session) ?? {};
    const before = this.pending.length;
    this.pending = this.pending.filter((event) => !(event.sequence <= acknowledged));
    if (refused && this.pending.length < before) {
      this.flash(`The server restarted; ${refused === 1 ? "an answer was" : `${refused} answers were`} not recorded.`);
    }
  }

  begin(data) {
    this.session = data.session;
    this.line = [];
    this.pending = [];
    this.sequence = data.acknowledged;
    this.lastRefusal = data.acknowledged;
    this.answers = new Map(); // token -> {kind, categories}
    this.undoable = [];
    this.favourites = new Set(data.favourites);
    this.qualities = new Map(Object.entries(data.qualities));
    for (const past of data.past) this.remember(past);
    this.here = null;
    this.also = new Set();
    this.resetRegister();
    this.expected = data.displayed;
    this.drawCategories();
  }

  // What nobody has acknowledged when the deck leaves the page is for whoever serves the next one.
  keepUnsent() {
    if (!this.data) return;
    const unsent = JSON.stringify({ session: this.session, pending: this.pending });
    if (this.pending.length) sessionStorage.setItem(`cartwright-unsent-${this.data.labeller}`, unsent);
  }

  takeUnsent(labeller) {
    const unsent = sessionStorage.getItem(`cartwright-unsent-${labeller}`);
    sessionStorage.removeItem(`cartwright-unsent-${labeller}`);
    if (unsent) Object.assign(this, JSON.parse(unsent));
  }

  // Show the first voice, or the one that was waited for.
  arrive() {
    if (this.here === null) {
      const next = this.expected ?? this.nextUnanswered();
      if (next === null || !this.voice(next)) return;
      if (this.expected === null) this.emit("move", { next });
      this.expected = null;
      this.show(next);
    }
  }

  refuse(refusal) {
    if (refusal.sequence <= this.lastRefusal) return;
    this.lastRefusal = refusal.sequence;
    this.forget(refusal.event);
    this.flash(refusal.reason);
  }

  // ---- what the person does ----

  onKey({ action, category, shift, time }) {
    if (!this.answers) return; // Python has not said yet what there is
    this.keyTime = time;
    if (!listener.ready) this.start();
    else if (category && shift) this.toggleAlso(category);
    else if (category) this.answer("label", [category, ...[...this.also].filter((key) => key !== category)]);
    else if (action) this.act(action);
    this.keyTime = null;
  }

  act(action) {
    const voice = this.voice(this.here);
    if (action === "undo") this.undo();
    else if (!voice) this.flash("Nothing is on display.");
    else if (action === "replay") this.play();
    else if (action === "accept") this.accept(voice);
    else if (action === "note") this.otherNote();
    else if (action === "compare") this.compare();
    else if (action === "piano") this.togglePiano();
    else if (action.startsWith("operator")) this.toggleOperator(Number(action.at(-1)));
    else if (action.startsWith("quality")) this.answer("quality", [], Number(action.at(-1)));
    else if (action === "favourite") this.answer(this.favourites.has(voice.voice) ? "unfavourite" : "favourite");
    else if (["skip", "unsure", "broken"].includes(action)) this.answer(action);
    else if (action === "back" || action === "forward") this.step(action === "back" ? -1 : 1);
    else if (action === "higher" || action === "lower") this.shift("octave", action === "higher" ? 1 : -1);
    else this.shift("velocity", action === "louder" ? 1 : -1);
  }

  accept(voice) {
    if (!voice.suggestion) this.flash("Nothing is suggested for this voice.");
    else this.answer("label", [voice.suggestion.category, ...[...this.also].filter((key) => key !== voice.suggestion.category)]);
  }

  answer(kind, categories = [], quality = null) {
    if (this.here === null) return this.flash("Nothing is on display.");
    if (this.started === null) return this.flash("No sound yet: hear the voice first.");
    if (now() - this.started < HEARING) return this.flash("Too fast: hear it for a moment first.");
    const token = this.here;
    const event = newId();
    const stays = ["favourite", "unfavourite", "quality"].includes(kind);
    this.remember({ event, token, kind, categories, quality });
    const next = stays ? token : this.nextUnanswered();
    this.emit(kind, { event, categories, quality, next });
    if (!stays) this.show(next);
    this.redraw();
  }

  undo() {
    const last = this.undoable.at(-1);
    if (!last) return this.flash("Nothing to undo.");
    this.emit("undo", { undoes: last.event, next: last.token });
    this.forget(last.event);
    this.show(last.token);
    this.redraw();
    this.flash(`Taken back: ${this.words(last)}.`);
  }

  step(direction) {
    const index = this.line.findIndex((voice) => voice.token === this.here) + direction;
    const target = this.line[index];
    const open = this.nextUnanswered();
    if (!target || (direction > 0 && !this.answers.has(target.token) && target.token !== open && target.token !== this.here)) {
      return this.flash(direction < 0 ? "This is the first voice." : "Answer this one first; S skips it.");
    }
    if (direction > 0 && !this.answers.has(this.here)) return this.flash("Answer this one first; S skips it.");
    this.emit("move", { next: target.token });
    this.show(target.token);
    this.redraw();
  }

  toggleAlso(category) {
    if (!this.also.delete(category)) this.also.add(category);
    this.redraw();
  }

  // ---- display ----

  // Sound first: everything else can wait a few milliseconds.
  show(token) {
    this.here = token;
    this.started = null;
    this.also.clear();
    this.resetRegister();
    if (token !== null) this.play();
    else listener.stop();
  }

  resetRegister() {
    this.register = { octave: 0, velocity: 0 };
    this.muted = new Set();
    this.note = -1;
    this.compared = -1;
    this.started = null;
  }

  voice(token) {
    return token === null ? null : (this.line.find((voice) => voice.token === token) ?? null);
  }

  nextUnanswered() {
    return this.line.find((voice) => !this.answers.has(voice.token) && voice.token !== this.here)?.token ?? null;
  }

  // ---- answers, until and after Python knows them ----

  remember({ event, token, kind, categories, quality = null }) {
    const voice = this.voice(token)?.voice ?? this.data.past.find((past) => past.token === token)?.voice;
    const before = kind === "quality" ? this.qualities.get(voice) : this.answers.get(token);
    this.undoable.push({ event, token, kind, categories, quality, before });
    if (kind === "quality") this.qualities.set(voice, quality);
    else if (kind === "favourite") this.favourites.add(voice);
    else if (kind === "unfavourite") this.favourites.delete(voice);
    else this.answers.set(token, { kind, categories });
  }

  forget(event) {
    const index = this.undoable.findIndex((each) => each.event === event);
    if (index < 0) return;
    const [{ token, kind, before }] = this.undoable.splice(index, 1);
    const voice = this.voice(token)?.voice;
    if (kind === "quality" && before) this.qualities.set(voice, before);
    else if (kind === "quality") this.qualities.delete(voice);
    else if (kind === "favourite") this.favourites.delete(voice);
    else if (kind === "unfavourite") this.favourites.add(voice);
    else if (before) this.answers.set(token, before);
    else this.answers.delete(token);
  }

  emit(kind, { event = newId(), categories = [], quality = null, undoes = null, next }) {
    this.sequence += 1;
    const { here: token, started } = this;
    const voice = this.voice(token)?.voice ?? null;
    const pressed = now();
    const said = { event, kind, categories, quality, undoes };
    this.pending.push({ sequence: this.sequence, ...said, token, voice, next, started, pressed, way: listener.name });
    this.report();
  }

  // What a lost connection swallowed is said again, and the person is told.
  insist() {
    if (this.here === null && this.data?.notice) this.report(); // the store was busy; perhaps it no longer is
    const oldest = this.pending[0]?.sequence ?? null;
    if (oldest !== null && oldest === this.insisted) {
      this.flash(`${this.pending.length} not saved yet: waiting for the server.`);
      this.report();
    }
    this.insisted = oldest;
  }

  // Later, so that the handler of the key is not held up by it.
  report() {
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => {
      const { session, pending: events } = this;
      this.send("report", { session, events, received: this.line.length });
    }, 0);
  }
}

function newId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export default function ({ data, parentElement, setStateValue }) {
  let deck = decks.get(parentElement);
  if (!deck) {
    deck = new Deck(parentElement.querySelector(".deck"));
    decks.set(parentElement, deck);
    listener.unlock().then(() => deck.lift()); // succeeds without a key where the browser allows it
  }
  deck.update(data, setStateValue);
  return () => {
    // Also called when a newer update overtakes this one; only a deck that has left the page is taken down.
    if (deck.root.isConnected) return;
    deck.remove();
    decks.delete(parentElement);
  };
}
