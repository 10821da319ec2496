// The face of the deck: its buttons, pads and words. Added to Deck's prototype.

const face = {
  drawActions() {
    this.buttons = new Map();
    for (const action of ACTIONS) {
      const button = make("button", { type: "button", class: "action", "data-action": action.name });
      button.append(make("kbd", {}, action.shown), make("span", {}, action.title));
      button.addEventListener("click", () => (listener.ready ? this.act(action.name) : this.start()));
      this.buttons.set(action.name, button);
      this.at.actions.append(button);
    }
    this.root.addEventListener("mousedown", (event) => {
      if (event.target.closest("button")) event.preventDefault(); // the focus stays where the keys work
    });
  },

  drawQuality() {
    this.stars = QUALITY_KEYS.map((key, place) => {
      const button = make("button", { type: "button", title: `Quality ${place + 1} of 5`, "data-action": `quality${place + 1}` });
      button.append(make("kbd", {}, key.toUpperCase()), make("span", {}, "★"));
      button.addEventListener("click", () => this.act(`quality${place + 1}`));
      this.at.quality.append(button);
      return button;
    });
  },

  drawCategories() {
    this.keys.categories = new Map(this.data.categories.map((category) => [category.shortcut, category.key]));
    this.pads = new Map();
    this.at.categories.replaceChildren();
    for (const category of this.data.categories) {
      const pad = make("button", { type: "button", class: "pad", title: category.guidance, "data-category": category.key });
      pad.style.setProperty("--hue", category.colour);
      const bar = make("i");
      const count = make("small", {}, "0");
      const track = make("span", { class: "track" });
      track.append(bar);
      pad.append(make("kbd", {}, category.shortcut.toUpperCase()), make("span", {}, category.title), track, count);
      pad.addEventListener("click", (event) =>
        this.onKey({ action: null, category: category.key, shift: event.shiftKey, time: event.timeStamp }),
      );
      this.pads.set(category.key, { pad, bar, count });
      this.at.categories.append(pad);
    }
  },

  redraw() {
    const { at, data } = this;
    const voice = this.voice(this.here);
    const progress = data.progress;
    at.curtain.hidden = listener.ready;
    at.who.textContent = data.labeller;
    const pace = data.pace ? ` · ${data.pace.toFixed(0)} a minute` : "";
    at.session.textContent = `${data.session_answers} this session${pace}`;
    at.store.textContent = `${progress.answered.toLocaleString()} of ${progress.voices.toLocaleString()} voices`;
    at.track.style.width = `${progress.voices ? Math.max(0.5, (100 * progress.answered) / progress.voices) : 0}%`;
    const most = Math.max(1, ...Object.values(progress.by_category));
    const answer = this.answers.get(this.here);
    const labels = answer?.categories ?? [];
    for (const [key, { pad, bar, count }] of this.pads) {
      const have = progress.by_category[key] ?? 0;
      count.textContent = have.toLocaleString();
      bar.style.width = `${(100 * have) / most}%`;
      pad.classList.toggle("also", this.also.has(key) || labels.indexOf(key) > 0);
      pad.classList.toggle("chosen", labels[0] === key);
      pad.classList.toggle("suggested", voice?.suggestion?.category === key && !answer);
    }
    const also = [...this.also].map((key) => this.title(key));
    at.also.textContent = also.length ? `and also ${also.join(", ")}` : "Shift + key adds a second category";
    this.buttons.get("undo").disabled = this.undoable.length === 0;
    this.buttons.get("undo").title = this.undoable.length ? `Takes back: ${this.words(this.undoable.at(-1))}` : "";
    this.buttons.get("favourite").classList.toggle("on", voice !== null && this.favourites.has(voice.voice));
    for (const kind of ["skip", "unsure", "broken"]) {
      this.buttons.get(kind).classList.toggle("on", answer?.kind === kind);
    }
    this.stars.forEach((star, place) => star.classList.toggle("lit", place < (this.qualities.get(voice?.voice) ?? 0)));
    this.buttons.get("piano").classList.toggle("on", this.keys.piano !== null);
    at.piano.classList.toggle("on", this.keys.piano !== null);
    at.welcome.hidden = this.isKnown();
    at.register.textContent = this.whatSounds();
    this.chips?.forEach((chip, place) => chip.classList.toggle("on", place === this.compared));
    at.status.textContent = answer ? this.words({ token: this.here, ...answer }, false) : (data.notice ?? "");
    if (voice !== this.drawn) this.drawVoice(voice);
  },

  // What is heard if it is not the plain phrase.
  whatSounds() {
    const { octave, velocity } = this.register;
    if (this.keys.piano) return "Piano: A to ; play, Z X octave, C V softer and harder, Esc ends";
    if (this.compared >= 0) return `comparing with ${this.voice(this.here)?.neighbours[this.compared].name || "(no name)"}`;
    return [
      this.note >= 0 ? `note C${OTHER_NOTES[this.note] / 12 - 2}` : "",
      octave ? `octave ${octave > 0 ? "+" : "−"}${Math.abs(octave)}` : "",
      ["much softer", "softer", "", "harder"][velocity + 2],
      this.muted.size ? `without operator ${[...this.muted].sort().join(", ")}` : "",
    ].filter(Boolean).join(", ");
  },

  // Three lines for who comes for the first time, until three answers are given.
  isKnown() {
    const isKnown = localStorage.getItem("cartwright-known") === "yes" || this.undoable.length >= 3;
    if (isKnown) localStorage.setItem("cartwright-known", "yes");
    return isKnown;
  },

  title(key) {
    return this.data.categories.find((category) => category.key === key)?.title ?? key;
  },

  words({ token, kind, categories, quality }, named = true) {
    const plain = { unsure: "unsure", skip: "skipped", quality: `quality ${quality}` };
    const what = kind === "label" ? categories.map((key) => this.title(key)).join(" + ") : plain[kind] ?? kind;
    const name = named ? this.voice(token)?.name : null;
    return name ? `${name} = ${what}` : what;
  },

  flash(sentence) {
    const node = this.at.flash;
    node.textContent = sentence;
    node.hidden = false;
    node.classList.remove("lit");
    void node.offsetWidth; // so that the same sentence flashes again
    node.classList.add("lit");
    clearTimeout(this.flashing);
    this.flashing = setTimeout(() => (node.hidden = true), 2400);
  },
};
Object.assign(Deck.prototype, face);
