// The face of the voice on display: its name, where it comes from, what it is made of. Added to Deck's prototype.

const voiceface = {
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
    at.tags.textContent = voice ? this.facts(voice).join(" · ") : "";
    at.description.textContent = voice?.description ?? "";
    this.drawSuggestion(voice?.suggestion ?? null);
    this.drawNeighbours(voice?.neighbours ?? []);
    at.algorithm.replaceChildren();
    at.wiring.textContent = "";
    if (voice) {
      const boxes = voice.algorithm.boxes.map((box) => ({ ...box, silent: box.silent || this.muted.has(box.operator) }));
      drawAlgorithm(at.algorithm, { ...voice.algorithm, boxes });
      at.wiring.textContent = `algorithm ${voice.algorithm.number} · feedback ${voice.algorithm.feedback_level}`;
      this.drawEnvelopes(voice);
    } else {
      at.envelopes.replaceChildren();
      this.scope.show(null);
    }
  },

  facts(voice) {
    const seen = voice.sightings === 1 ? "seen once" : `seen ${voice.sightings.toLocaleString()} times`;
    const family = voice.family > 1 ? `one of ${voice.family} that are the same sound` : "";
    return [...voice.health, family, voice.sightings ? seen : ""].filter(Boolean);
  },

  drawSuggestion(suggestion) {
    const { at } = this;
    at.accept.disabled = !suggestion;
    at.suggested.textContent = suggestion ? this.title(suggestion.category) : "no suggestion";
    at.gauge.parentElement.hidden = !suggestion;
    at.gauge.style.width = `${100 * (suggestion?.probability ?? 0)}%`;
    at.origin.title = at.opinions.textContent = suggestion?.opinions ?? "";
    at.origin.textContent = suggestion ? `${Math.round(100 * suggestion.probability)} % · ${suggestion.origin}` : "";
  },

  drawNeighbours(neighbours) {
    this.chips = neighbours.map((neighbour, place) => {
      const chip = make("button", { type: "button", class: neighbour.labelled ? "chip labelled" : "chip" });
      const category = this.data.categories.find((each) => each.key === neighbour.category);
      chip.style.setProperty("--hue", category?.colour ?? "transparent");
      chip.title = category ? `${neighbour.labelled ? "labelled" : "perhaps"} ${category.title}` : "nobody has said what it is";
      chip.append(make("b", {}, neighbour.name || "(no name)"), make("span", {}, category?.title ?? ""));
      chip.addEventListener("click", () => this.compare(place));
      return chip;
    });
    this.at.neighbours.replaceChildren(...this.chips);
    this.at.neighbours.parentElement.classList.toggle("none", !neighbours.length);
  },

  // Measured on the engine, so it comes a moment after the sound; what is drawn is always of the voice on display.
  async drawEnvelopes(voice) {
    const { at } = this;
    const rows = voice.algorithm.boxes.map(({ operator, carrier }) => {
      const off = this.muted.has(operator);
      const row = make("button", { type: "button", title: `Operator ${operator} ${off ? "on" : "off"} (O ${operator})` });
      row.className = `${carrier ? "carrier" : "modulator"}${off ? " off" : ""}`;
      const curve = draw("svg", { "aria-hidden": "true" });
      row.append(make("kbd", {}, operator), curve);
      row.addEventListener("click", () => this.toggleOperator(operator));
      return { operator, row, curve };
    });
    rows.sort((a, b) => a.operator - b.operator);
    at.envelopes.replaceChildren(...rows.map(({ row }) => row));
    const envelopes = await this.envelopesOf(voice);
    if (!envelopes || this.drawn !== voice) return;
    for (const { operator, curve } of rows) {
      drawEnvelope(curve, envelopes.levels[operator - 1], envelopes.held / envelopes.seconds);
    }
  },

  async envelopesOf(voice) {
    try {
      voice.envelopes ??= await (await fetch(addressOf("envelopes", { voice: voice.sound }))).json();
    } catch {
      return null; // the server is away; the sound and the answers do without
    }
    return voice.envelopes;
  },
};
Object.assign(Deck.prototype, voiceface);
