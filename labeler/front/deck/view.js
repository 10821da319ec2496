// What the deck shows: buttons, category pads, progress, messages, and the voice on display.

import { DECK_KEYS, QUALITY_KEYS } from "../constants.js";
import { make, partsOf, restartAnimation } from "../common/dom.js";
import { player } from "../sound/audio_player.js";
import { Scope, Spectrum } from "./scope.js";
import { VoiceView } from "./voice_view.js";

const MESSAGE_MILLISECONDS = 2400;
const KNOWN_AS = "cartwright-known";
const KNOWN_AFTER = 3; // answers in a session

export class DeckView {
  /**
   * @param {HTMLElement} root
   * @param {object} callbacks
   * @param {(action: string) => void} callbacks.act
   * @param {(category: string, isSecond: boolean) => void} callbacks.choose
   * @param {(place: number) => void} callbacks.compare
   * @param {(operator: number) => void} callbacks.toggleOperator
   * @param {() => void} callbacks.start
   */
  constructor(root, { act, choose, compare, toggleOperator, start }) {
    this.root = root;
    this.choose = choose;
    this.at = partsOf(root);
    this.voice = new VoiceView(this.at, { compare, toggleOperator });
    this.scope = new Scope(this.at.scope, player.engine);
    this.spectrum = new Spectrum(this.at.spectrum, player.engine);
    this.categories = /** @type {any[]} */ ([]);
    /** @type {Map<string, {pad: HTMLElement, bar: HTMLElement, count: HTMLElement}>} */
    this.pads = new Map(); // by category
    this.buttons = /** @type {Record<string, HTMLButtonElement>} */ ({}); // by action
    this.at.curtain.addEventListener("click", start);
    this.at.accept.addEventListener("click", () => act("accept"));
    root.addEventListener("mousedown", (event) => {
      const isOnButton = event.target instanceof Element && event.target.closest("button");
      if (isOnButton) event.preventDefault(); // the focus stays where the keys work
    });
    for (const { name, shown, title } of DECK_KEYS) {
      const button = this.addButton(name, shown, title, () => (player.ready ? act(name) : start()));
      button.classList.add("action");
      this.buttons[name] = button;
      this.at.actions.append(button);
    }
    this.stars = QUALITY_KEYS.map((key, place) => {
      const button = this.addButton(`quality${place + 1}`, key.toUpperCase(), "★", () => act(`quality${place + 1}`));
      button.title = `Quality ${place + 1} of 5`;
      this.at.quality.append(button);
      return button;
    });
  }

  addButton(action, key, title, onClick) {
    const button = make("button", { type: "button", "data-action": action });
    button.append(make("kbd", {}, key), make("span", {}, title));
    button.addEventListener("click", onClick);
    return button;
  }

  drawCategories(categories) {
    this.categories = categories;
    this.pads.clear();
    for (const { key, title, colour, shortcut, guidance } of categories) {
      const pad = make("button", { type: "button", class: "pad", title: guidance, "data-category": key });
      pad.style.setProperty("--hue", colour);
      const bar = make("i");
      const count = make("small", {}, "0");
      const track = make("span", { class: "track" });
      track.append(bar);
      pad.append(make("kbd", {}, shortcut.toUpperCase()), make("span", {}, title), track, count);
      pad.addEventListener("click", (event) => this.choose(key, event.shiftKey));
      this.pads.set(key, { pad, bar, count });
    }
    this.at.categories.replaceChildren(...[...this.pads.values()].map(({ pad }) => pad));
  }

  /**
   * @param {any} voice on display, or null
   * @param {object} state
   * @param {any} state.data what Python gave
   * @param {import("./answers.js").AnswerHistory} state.answers
   * @param {Set<string>} state.also second categories that were chosen
   * @param {import("./playback.js").Playback} state.playback
   * @param {boolean} state.isPiano
   * @param {(token: string) => any} voiceOf the voice of a token, null if it is not served any more
   */
  draw(voice, { data, answers, also, playback, isPiano }, voiceOf) {
    const { at } = this;
    const answer = voice && answers.byToken.get(voice.token);
    const last = answers.undoable.at(-1);
    at.curtain.hidden = player.ready;
    this.drawProgress(data);
    this.drawPads(data.progress.by_category, voice, answer, also);
    const others = [...also].map((key) => this.titleOf(key));
    at.also.textContent = others.length ? `and also ${others.join(", ")}` : "Shift + key adds a second category";
    const { undo, favourite, piano } = this.buttons;
    undo.disabled = !last;
    undo.title = last ? `Takes back: ${this.namedWordsOf(last, voiceOf(last.token))}` : "";
    favourite.classList.toggle("on", voice !== null && answers.favourites.has(voice.voice));
    for (const kind of ["skip", "unsure", "broken"]) {
      this.buttons[kind].classList.toggle("on", answer?.kind === kind);
    }
    const quality = answers.qualities.get(voice?.voice) ?? 0;
    this.stars.forEach((star, place) => star.classList.toggle("lit", place < quality));
    piano.classList.toggle("on", isPiano);
    at.piano.classList.toggle("on", isPiano);
    at.welcome.hidden = isKnown(answers.undoable.length);
    at.register.textContent = isPiano
      ? "Piano: A to ; play, Z X octave, C V softer and harder, Esc ends"
      : playback.words;
    at.status.textContent = answer ? this.wordsOf(answer) : (data.notice ?? "");
    if (voice !== this.voice.voice) this.drawVoice(voice, { data, playback });
    this.voice.chips.forEach((chip, place) => chip.classList.toggle("on", place === playback.compared));
  }

  drawVoice(voice, { data, playback }) {
    this.root.classList.toggle("empty", voice === null);
    this.voice.draw(voice, { muted: playback.muted, categories: this.categories, notice: data.notice });
    if (!voice) this.scope.show(null);
  }

  drawProgress({ labeller, pace, session_answers, progress }) {
    const { at } = this;
    at.who.textContent = labeller;
    at.session.textContent = `${session_answers} this session${pace ? ` · ${pace.toFixed(0)} a minute` : ""}`;
    at.store.textContent = `${progress.answered.toLocaleString()} of ${progress.voices.toLocaleString()} voices`;
    at.track.style.width = `${progress.voices ? Math.max(0.5, (100 * progress.answered) / progress.voices) : 0}%`;
  }

  drawPads(byCategory, voice, answer, also) {
    const most = Math.max(1, .../** @type {number[]} */ (Object.values(byCategory)));
    const labels = answer?.categories ?? [];
    for (const [key, { pad, bar, count }] of this.pads) {
      const answered = byCategory[key] ?? 0;
      count.textContent = answered.toLocaleString();
      bar.style.width = `${(100 * answered) / most}%`;
      pad.classList.toggle("also", also.has(key) || labels.indexOf(key) > 0);
      pad.classList.toggle("chosen", labels[0] === key);
      pad.classList.toggle("suggested", voice?.suggestion?.category === key && !answer);
    }
  }

  /** @param {AudioBuffer | null} buffer the sound that plays */
  drawSound(buffer) {
    this.scope.show(buffer);
    this.spectrum.show();
  }

  titleOf(category) {
    return this.categories.find((each) => each.key === category)?.title ?? category;
  }

  /** An answer in words. */
  wordsOf({ kind, categories, quality = null }) {
    if (kind === "label") return categories.map((key) => this.titleOf(key)).join(" + ");
    if (kind === "quality") return `quality ${quality}`;
    return kind === "skip" ? "skipped" : kind;
  }

  /** The same with the name of its voice, which may be null. */
  namedWordsOf(answer, voice) {
    return voice?.name ? `${voice.name} = ${this.wordsOf(answer)}` : this.wordsOf(answer);
  }

  /** Show a message for a moment. */
  flash(message) {
    const node = this.at.flash;
    node.textContent = message;
    node.hidden = false;
    restartAnimation(node, "lit");
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => (node.hidden = true), MESSAGE_MILLISECONDS);
  }
}

// Three lines of help are shown until a person has given some answers in this browser.
function isKnown(answers) {
  if (answers >= KNOWN_AFTER) localStorage.setItem(KNOWN_AS, "yes");
  return localStorage.getItem(KNOWN_AS) === "yes";
}
