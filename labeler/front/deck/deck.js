// The deck: which voice is on display, and what a person does with it.
//
// Python serves voices ahead of need and their sounds are fetched ahead, so the next voice sounds in the handler of the
// key that answered the one before. Every answer becomes an event for Python (event_log.js). The guards on answers here
// repeat those of corpus/labels/serving.py.

import { LEAST_DWELL } from "../constants.js";
import { component } from "../common/component.js";
import { keyboard } from "../common/keyboard.js";
import { expose } from "../common/test_hooks.js";
import { player } from "../sound/audio_player.js";
import { randomId } from "../common/hex.js";
import { now } from "../sound/audio_requests.js";
import { AnswerHistory, KEEPS_VOICE } from "./answers.js";
import { EventLog } from "./event_log.js";
import { DeckKeys } from "./keys.js";
import { Piano } from "./piano.js";
import { Playback } from "./playback.js";
import { DeckView } from "./view.js";

const LOOK_AHEAD = 10; // voices whose sounds are fetched before they are shown
const ANSWER_FIRST = "Answer this one first; S skips it.";

class Deck {
  constructor(root) {
    this.root = root;
    this.data = /** @type {any} */ (null); // what Python gave
    this.queue = /** @type {any[]} */ ([]); // voices in the order they were served
    this.lastRefusal = 0;
    this.here = /** @type {string | null} */ (null); // the token on display
    this.expected = /** @type {string | null} */ (null); // the token to show first
    this.answers = new AnswerHistory({ favourites: [], qualities: {}, past: [] });
    this.hasBegun = false;
    this.also = /** @type {Set<string>} */ (new Set()); // second categories for the next label
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
    this.events = new EventLog({
      flash: (message) => this.view.flash(message),
      isWaiting: () => this.here === null && Boolean(this.data?.notice),
    });
    this.removed = new AbortController();
    const { signal } = this.removed;
    window.addEventListener("pagehide", () => this.events.store(this.data?.labeller), { signal });
    player.addEventListener("problem", (event) => this.view.flash(/** @type {any} */ (event).detail), { signal });
    player.addEventListener("device", () => this.onDevice(), { signal });
    expose({ plays: [], latencies: [], deck: this });
    player.unlock().then(() => this.lift()); // succeeds without a key where the browser allows it
  }

  remove() {
    this.events.stop();
    this.keys.remove();
    this.removed.abort();
    this.piano.releaseAll();
    this.events.store(this.data?.labeller);
    keyboard.isPiano = false;
    player.stop();
  }

  onDevice() {
    if (!this.hasBegun) return;
    this.prefetch();
    this.draw();
  }

  // ---- data from Python ----

  update(data, send) {
    const { events } = this;
    events.send = send;
    if (data.session === null) {
      events.restore(data.labeller);
      events.report();
      return;
    }
    this.data = data;
    events.acknowledge(data);
    if (data.session !== events.session || !this.hasBegun) {
      // Until a new session has all events of the one before, the deck goes on with the old queue.
      if (events.pending.length) return;
      this.begin(data);
    }
    for (const [offset, voice] of data.line.entries()) {
      if (data.first + offset === this.queue.length) this.queue.push(voice);
    }
    events.received = this.queue.length;
    events.sequence = Math.max(events.sequence, data.acknowledged);
    for (const refusal of data.refusals) this.refuse(refusal);
    this.showFirst();
    this.prefetch();
    this.draw();
  }

  begin(data) {
    this.hasBegun = true;
    this.events.begin(data);
    this.lastRefusal = data.acknowledged;
    this.queue = [];
    this.answers = new AnswerHistory(data);
    this.here = null;
    this.also.clear();
    this.playback.configure(data);
    this.playback.reset(null);
    this.expected = data.displayed;
    this.keys.reader.categories = new Map(data.categories.map((category) => [category.shortcut, category.key]));
    this.view.drawCategories(data.categories);
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
    if (!this.hasBegun) return;
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
    if (!this.hasBegun) return;
    const voice = this.voice(this.here);
    const number = Number(action.at(-1));
    const isFavourite = this.answers.favourites.has(voice?.voice);
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
    else if (action === "favourite") this.answer(isFavourite ? "unfavourite" : "favourite");
    else if (action === "back" || action === "forward") this.step(action === "back" ? -1 : 1);
    else if (action === "higher" || action === "lower") this.playback.shift("octave", action === "higher" ? 1 : -1);
    else if (action === "louder" || action === "softer") this.playback.shift("velocity", action === "louder" ? 1 : -1);
    else this.answer(action);
    this.draw();
  }

  label(category) {
    this.answer("label", [category, ...[...this.also].filter((key) => key !== category)]);
  }

  answer(kind, categories = /** @type {string[]} */ ([]), quality = /** @type {number | null} */ (null)) {
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
    this.view.flash(`Undone: ${this.view.namedWordsOf(last, this.voice(last.token))}.`);
  }

  step(direction) {
    const target = this.queue[this.queue.findIndex((voice) => voice.token === this.here) + direction];
    if (!target) return this.view.flash(direction < 0 ? "This is the first voice." : ANSWER_FIRST);
    const isReachable = this.answers.byToken.has(target.token) || target.token === this.nextUnanswered();
    const isAnswered = this.answers.byToken.has(this.here);
    if (direction > 0 && !(isReachable && isAnswered)) return this.view.flash(ANSWER_FIRST);
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
    if (!this.playback.compare(place)) this.view.flash("No neighbours yet: run python -m corpus health.");
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

  // An event for Python, and the token that is on display after it.
  emit(kind, { next, ...answer }) {
    const { here: token } = this;
    const { started } = this.playback;
    const voice = this.voice(token)?.voice ?? null;
    const empty = { categories: [], quality: null, undoes: null };
    this.events.add({ kind, ...empty, ...answer, token, voice, next, started, pressed: now(), way: player.name });
  }
}

export default component(".deck", (root) => new Deck(root));
