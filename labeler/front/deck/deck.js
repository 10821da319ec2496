// The deck: which voice is on display, what was answered, and what Python has not acknowledged yet.
//
// Python serves voices ahead of need and their sounds are fetched ahead, so the next voice sounds in the handler of the
// key that answered the one before. Every key becomes an event with a sequence number. Events stay in the component's
// state until Python acknowledges them. The guards on answers here repeat those of corpus/labels/serving.py.

import { LEAST_DWELL } from "../constants.js";
import { component } from "../shared/component.js";
import { keyboard } from "../shared/keyboard.js";
import { expose } from "../shared/test_hooks.js";
import { player } from "../sound/audio_player.js";
import { randomId } from "../shared/hex.js";
import { now } from "../sound/audio_requests.js";
import { AnswerHistory, KEEPS_VOICE } from "./answers.js";
import { DeckKeys } from "./keys.js";
import { Piano } from "./piano.js";
import { Playback } from "./playback.js";
import { DeckView } from "./view.js";

const LOOK_AHEAD = 10; // voices whose sounds are fetched before they are shown
const REPEAT_MILLISECONDS = 2000; // between reports of events that Python does not acknowledge
const FIRST_ONE = "This is the first voice.";
const ANSWER_FIRST = "Answer this one first; S skips it.";

class Deck {
  constructor(root) {
    this.root = root;
    /** @type {any} */
    this.data = null; // what Python gave
    /** @type {string | null} */
    this.session = null;
    /** @type {any[]} */
    this.queue = []; // voices in the order they were served
    /** @type {any[]} */
    this.pending = []; // events that Python has not acknowledged
    this.sequence = 0;
    this.lastRefusal = 0;
    /** @type {string | null} */
    this.here = null; // the token on display
    /** @type {string | null} */
    this.expected = null; // the token to show first
    /** @type {AnswerHistory | null} */
    this.answers = null;
    /** @type {Set<string>} */
    this.also = new Set(); // second categories for the next label
    this.view = new DeckView(root, {
      act: (action) => this.act(action),
      choose: (category, isSecond) => this.choose(category, isSecond),
      compare: (place) => this.compare(place),
      toggleOperator: (operator) => this.toggleOperator(operator),
      start: () => this.start(),
    });
    this.playback = new Playback({
      onStart: () => this.prefetch(),
      onSound: (buffer) => this.view.drawSound(buffer),
    });
    this.piano = new Piano(
      this.view.at.piano,
      (note) => (this.playback.voice ? { voice: this.playback.soundText(), ...note } : null),
      () => this.togglePiano(),
    );
    this.keys = new DeckKeys((press) => this.onPress(press));
    this.repeating = setInterval(() => this.repeatReport(), REPEAT_MILLISECONDS);
    this.removed = new AbortController();
    const { signal } = this.removed;
    window.addEventListener("pagehide", () => this.storeUnsent(), { signal });
    player.addEventListener("problem", (event) => this.view.flash(/** @type {CustomEvent} */ (event).detail), { signal });
    player.addEventListener("device", () => this.answers && (this.prefetch(), this.draw()), { signal });
    expose({ plays: [], latencies: [], deck: this });
    player.unlock().then(() => this.lift()); // succeeds without a key where the browser allows it
  }

  remove() {
    clearInterval(this.repeating);
    this.keys.remove();
    this.removed.abort();
    this.piano.releaseAll();
    this.storeUnsent();
    keyboard.isPiano = false;
    player.stop();
  }

  // ---- data from Python ----

  update(data, send) {
    this.send = send;
    if (data.session === null) {
      this.takeUnsent(data.labeller);
      this.report();
      return;
    }
    this.data = data;
    this.acknowledge(data);
    if (data.session !== this.session || !this.answers) {
      // Until a new session has all events of the one before, the deck goes on with the old queue.
      if (this.pending.length) return;
      this.begin(data);
    }
    for (const [offset, voice] of data.line.entries()) {
      if (data.first + offset === this.queue.length) this.queue.push(voice);
    }
    this.sequence = Math.max(this.sequence, data.acknowledged);
    for (const refusal of data.refusals) this.refuse(refusal);
    this.showFirst();
    this.prefetch();
    this.draw();
  }

  acknowledge(data) {
    const { acknowledged, refused } = [data, data.adopted].find((each) => each.session === this.session) ?? {};
    const before = this.pending.length;
    this.pending = this.pending.filter((event) => !(event.sequence <= acknowledged));
    if (refused && this.pending.length < before) {
      this.view.flash(`The server restarted; ${refused === 1 ? "an answer was" : `${refused} answers were`} not recorded.`);
    }
  }

  begin(data) {
    this.session = data.session;
    this.queue = [];
    this.pending = [];
    this.sequence = this.lastRefusal = data.acknowledged;
    this.answers = new AnswerHistory(data);
    this.here = null;
    this.also.clear();
    this.playback.configure(data);
    this.playback.reset(null);
    this.expected = data.displayed;
    this.keys.reader.categories = new Map(data.categories.map((category) => [category.shortcut, category.key]));
    this.view.drawCategories(data.categories);
  }

  // Events that Python has not acknowledged when the deck leaves the page are kept for the next deck.
  storeUnsent() {
    if (!this.data || !this.pending.length) return;
    const unsent = JSON.stringify({ session: this.session, pending: this.pending });
    sessionStorage.setItem(unsentKey(this.data.labeller), unsent);
  }

  takeUnsent(labeller) {
    const unsent = sessionStorage.getItem(unsentKey(labeller));
    sessionStorage.removeItem(unsentKey(labeller));
    if (unsent) Object.assign(this, JSON.parse(unsent));
  }

  // Show the first voice if none is on display: the one Python expects, or the first without an answer.
  showFirst() {
    if (this.here !== null) return;
    const next = this.expected ?? this.nextUnanswered();
    if (next === null || !this.voice(next)) return;
    if (this.expected === null) this.emit("move", { next });
    this.expected = null;
    this.show(next);
  }

  refuse(refusal) {
    if (refusal.sequence <= this.lastRefusal) return;
    this.lastRefusal = refusal.sequence;
    this.answers.withdraw(refusal.event);
    this.view.flash(refusal.reason);
  }

  // ---- what the person does ----

  onPress({ action, category, shift, time }) {
    if (!this.answers) return; // Python has not given anything yet
    this.playback.keyTime = time;
    if (!player.ready) this.start();
    else if (category) this.choose(category, shift);
    else if (action) this.act(action);
    this.playback.keyTime = null;
  }

  choose(category, isSecond) {
    if (!player.ready) this.start();
    else if (!isSecond) this.label(category);
    else if (!this.also.delete(category)) this.also.add(category);
    this.draw();
  }

  act(action) {
    if (!this.answers) return;
    const voice = this.voice(this.here);
    const number = Number(action.at(-1));
    if (action === "undo") this.undo();
    else if (!voice) this.view.flash("Nothing is on display.");
    else if (action === "replay") this.playback.play();
    else if (action === "accept" && voice.suggestion) this.label(voice.suggestion.category);
    else if (action === "accept") this.view.flash("Nothing is suggested for this voice.");
    else if (action === "note") this.playback.otherNote();
    else if (action === "compare") this.compare();
    else if (action === "piano") this.togglePiano();
    else if (action.startsWith("operator")) this.toggleOperator(number);
    else if (action.startsWith("quality")) this.answer("quality", [], number);
    else if (action === "favourite") this.answer(this.answers.favourites.has(voice.voice) ? "unfavourite" : "favourite");
    else if (action === "back" || action === "forward") this.step(action === "back" ? -1 : 1);
    else if (action === "higher" || action === "lower") this.playback.shift("octave", action === "higher" ? 1 : -1);
    else if (action === "louder" || action === "softer") this.playback.shift("velocity", action === "louder" ? 1 : -1);
    else this.answer(action);
    this.draw();
  }

  label(category) {
    this.answer("label", [category, ...[...this.also].filter((key) => key !== category)]);
  }

  answer(kind, categories = [], quality = null) {
    const { here: token, playback } = this;
    if (token === null) return this.view.flash("Nothing is on display.");
    if (playback.started === null) return this.view.flash("No sound yet: hear the voice first.");
    if (now() - playback.started < LEAST_DWELL) return this.view.flash("Too fast: hear it for a moment first.");
    const event = randomId(16);
    const { voice } = this.voice(token);
    this.answers.add({ event, token, voice, kind, categories, quality });
    const next = KEEPS_VOICE.has(kind) ? token : this.nextUnanswered();
    this.emit(kind, { event, categories, quality, next });
    if (!KEEPS_VOICE.has(kind)) this.show(next);
  }

  undo() {
    const last = this.answers.undoable.at(-1);
    if (!last) return this.view.flash("Nothing to undo.");
    this.emit("undo", { undoes: last.event, next: last.token });
    this.answers.withdraw(last.event);
    this.show(last.token);
    this.view.flash(`Taken back: ${this.view.namedWordsOf(last, this.voice(last.token))}.`);
  }

  step(direction) {
    const target = this.queue[this.queue.findIndex((voice) => voice.token === this.here) + direction];
    if (!target) return this.view.flash(direction < 0 ? FIRST_ONE : ANSWER_FIRST);
    const isReachable = this.answers.byToken.has(target.token) || target.token === this.nextUnanswered();
    if (direction > 0 && !(isReachable && this.answers.byToken.has(/** @type {string} */ (this.here))))
      return this.view.flash(ANSWER_FIRST);
    this.emit("move", { next: target.token });
    this.show(target.token);
  }

  // ---- sound ----

  async start() {
    await player.unlock();
    this.lift();
  }

  lift() {
    this.view.at.curtain.hidden = player.ready;
    if (player.ready && this.here !== null && this.playback.started === null) this.playback.play();
  }

  // Sound first: everything else can wait a few milliseconds.
  show(token) {
    this.here = token;
    this.also.clear();
    this.playback.show(this.voice(token));
  }

  // Fetch the next voices, so that they sound at once; then variants of this one.
  prefetch() {
    const here = this.voice(this.here);
    const next = this.queue.filter((voice) => !this.answers.byToken.has(voice.token) && voice !== here);
    const voices = [...(here ? [here] : []), ...next.slice(0, LOOK_AHEAD)];
    const variants = here ? this.playback.variants() : [];
    player.prefetch([...voices.map((voice) => this.playback.requestOf(voice)), ...variants]);
  }

  compare(place) {
    if (!this.playback.compare(place)) this.view.flash("No neighbours yet: python -m corpus health measures all voices.");
    this.draw();
  }

  toggleOperator(operator) {
    this.playback.toggleOperator(operator);
    this.view.drawVoice(this.voice(this.here), this);
    this.draw();
  }

  togglePiano() {
    this.keys.piano = this.keys.piano ? null : this.piano;
    keyboard.isPiano = this.keys.piano !== null; // the bar's key g is one of the piano's
    this.piano.releaseAll();
    this.draw();
  }

  // ---- state ----

  draw() {
    this.view.draw(this.voice(this.here), this, (token) => this.voice(token));
  }

  get isPiano() {
    return this.keys.piano !== null;
  }

  voice(token) {
    return this.queue.find((voice) => voice.token === token) ?? null;
  }

  nextUnanswered() {
    const isOpen = ({ token }) => !this.answers.byToken.has(token) && token !== this.here;
    return this.queue.find(isOpen)?.token ?? null;
  }

  // ---- events for Python ----

  emit(kind, { event = randomId(16), categories = [], quality = null, undoes = null, next }) {
    this.sequence += 1;
    const { here: token, sequence } = this;
    const { started } = this.playback;
    const voice = this.voice(token)?.voice ?? null;
    const answer = { event, kind, categories, quality, undoes };
    this.pending.push({ sequence, ...answer, token, voice, next, started, pressed: now(), way: player.name });
    this.report();
  }

  // Report again what a lost connection swallowed, and show the person that it is not saved.
  repeatReport() {
    if (this.here === null && this.data?.notice) this.report(); // the store was busy; perhaps it no longer is
    const oldest = this.pending[0]?.sequence ?? null;
    if (oldest !== null && oldest === this.oldestBefore) {
      this.view.flash(`${this.pending.length} not saved yet: waiting for the server.`);
      this.report();
    }
    this.oldestBefore = oldest;
  }

  // After the handler of the key, which must not wait for this.
  report() {
    clearTimeout(this.reporting);
    this.reporting = setTimeout(() => {
      const { session, pending: events } = this;
      this.send("report", { session, events, received: this.queue.length });
    }, 0);
  }
}

function unsentKey(labeller) {
  return `cartwright-unsent-${labeller}`;
}

export default component(".deck", (root) => new Deck(root));
