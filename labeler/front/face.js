// The face of the deck: everything that only draws. Added to Deck's prototype.

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
    const { octave, velocity } = this.register;
    at.register.textContent = [
      octave ? `octave ${octave > 0 ? "+" : "−"}${Math.abs(octave)}` : "",
      ["much softer", "softer", "", "harder"][velocity + 2],
    ].filter(Boolean).join(", ");
    at.status.textContent = answer ? this.words({ token: this.here, ...answer }, false) : (data.notice ?? "");
    if (voice !== this.drawn) this.drawVoice(voice);
  },

  drawVoice(voice) {
    const { at } = this;
    this.drawn = voice;
    this.root.classList.toggle("empty", voice === null);
    at.name.textContent = voice ? voice.name || "(no name)" : this.data.notice || "Nothing left to ask";
    at.name.classList.toggle("long", at.name.textContent.length > 14);
    at.places.textContent = voice ? voice.places[0] ?? "" : "";
    at.places.title = voice ? voice.places.join("\n") : "";
    at.aliases.textContent = voice?.aliases.length ? `also called ${voice.aliases.join(", ")}` : "";
    at.reason.textContent = voice?.reason ?? "";
    at.sightings.textContent = voice?.sightings ? voice.sightings === 1 ? "seen once" : `seen ${voice.sightings.toLocaleString()} times` : "";
    at.description.textContent = voice?.description ?? "";
    const suggestion = voice?.suggestion;
    at.accept.disabled = !suggestion;
    at.suggested.textContent = suggestion ? this.title(suggestion.category) : "no suggestion";
    at.gauge.parentElement.hidden = !suggestion;
    at.gauge.style.width = `${100 * (suggestion?.probability ?? 0)}%`;
    at.origin.textContent = suggestion ? `${Math.round(100 * suggestion.probability)} % · ${suggestion.origin}` : "";
    at.algorithm.replaceChildren();
    at.wiring.textContent = "";
    if (voice) {
      drawAlgorithm(at.algorithm, voice.algorithm);
      at.wiring.textContent = `algorithm ${voice.algorithm.number} · feedback ${voice.algorithm.feedback_level}`;
    } else this.scope.show(null);
  },

  title(key) {
    return this.data.categories.find((category) => category.key === key)?.title ?? key;
  },

  words({ token, kind, categories }, named = true) {
    const what = kind === "label" ? categories.map((key) => this.title(key)).join(" + ") : { unsure: "don't know", skip: "skipped" }[kind] ?? kind;
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
