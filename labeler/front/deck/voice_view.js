// The voice on display: its name, where it comes from, what it is made of, what is suggested, its neighbours.

import { make, makeSvg } from "../common/dom.js";
import { requestAddress } from "../sound/audio_requests.js";
import { drawAlgorithm, drawEnvelope } from "./diagrams.js";

export class VoiceView {
  /**
   * @param {Record<string, any>} at the parts of the deck
   * @param {object} callbacks
   * @param {(place: number) => void} callbacks.compare
   * @param {(operator: number) => void} callbacks.toggleOperator
   */
  constructor(at, { compare, toggleOperator }) {
    this.at = at;
    this.compare = compare;
    this.toggleOperator = toggleOperator;
    this.voice = /** @type {any} */ (undefined); // that is drawn; undefined before the first
    this.chips = /** @type {HTMLButtonElement[]} */ ([]); // of the neighbours
  }

  /**
   * @param {any} voice as labeler/deck/served_voice.py describes it, or null
   * @param {{muted: Set<number>, categories: any[], notice: string | null}} context
   */
  draw(voice, { muted, categories, notice }) {
    const { at } = this;
    this.voice = voice;
    at.name.textContent = voice ? voice.name || "(no name)" : notice || "No voice is left to label";
    at.name.classList.toggle("long", at.name.textContent.length > 14);
    at.places.textContent = voice?.places[0] ?? "";
    at.places.title = voice?.places.join("\n") ?? "";
    at.aliases.textContent = voice?.aliases.length ? `also called ${voice.aliases.join(", ")}` : "";
    at.reason.textContent = voice?.reason ?? "";
    at.tags.textContent = voice ? factsOf(voice) : "";
    at.description.textContent = voice?.description ?? "";
    this.drawSuggestion(voice?.suggestion ?? null, categories);
    this.drawNeighbours(voice?.neighbours ?? [], categories);
    at.algorithm.replaceChildren();
    at.envelopes.replaceChildren();
    at.wiring.textContent = "";
    if (!voice) return;
    const boxes = voice.algorithm.boxes.map((box) => ({ ...box, silent: box.silent || muted.has(box.operator) }));
    drawAlgorithm(at.algorithm, { ...voice.algorithm, boxes });
    at.wiring.textContent = `algorithm ${voice.algorithm.number} · feedback ${voice.algorithm.feedback_level}`;
    this.drawEnvelopes(voice, muted);
  }

  drawSuggestion(suggestion, categories) {
    const { at } = this;
    const category = categories.find((each) => each.key === suggestion?.category);
    at.accept.disabled = !suggestion;
    at.suggested.textContent = suggestion ? (category?.title ?? suggestion.category) : "no suggestion";
    at.gauge.parentElement.hidden = !suggestion;
    at.gauge.style.width = `${100 * (suggestion?.probability ?? 0)}%`;
    at.origin.title = at.opinions.textContent = suggestion?.opinions ?? "";
    at.origin.textContent = suggestion ? `${Math.round(100 * suggestion.probability)} % · ${suggestion.origin}` : "";
  }

  drawNeighbours(neighbours, categories) {
    this.chips = neighbours.map((neighbour, place) => {
      const chip = make("button", { type: "button", class: neighbour.labelled ? "chip labelled" : "chip" });
      const category = categories.find((each) => each.key === neighbour.category);
      chip.style.setProperty("--hue", category?.colour ?? "transparent");
      chip.title = category ? `${neighbour.labelled ? "labelled" : "perhaps"} ${category.title}` : "no category yet";
      chip.append(make("b", {}, neighbour.name || "(no name)"), make("span", {}, category?.title ?? ""));
      chip.addEventListener("click", () => this.compare(place));
      return chip;
    });
    this.at.neighbours.replaceChildren(...this.chips);
    this.at.neighbours.parentElement.classList.toggle("none", !neighbours.length);
  }

  // The server measures envelopes on the engine, so they come a moment after the sound.
  async drawEnvelopes(voice, muted) {
    const rows = voice.algorithm.boxes.map(({ operator, carrier }) => {
      const isOff = muted.has(operator);
      const title = `Operator ${operator} ${isOff ? "on" : "off"} (O ${operator})`;
      const row = make("button", { type: "button", title });
      row.className = `${carrier ? "carrier" : "modulator"}${isOff ? " off" : ""}`;
      const curve = makeSvg("svg", { "aria-hidden": "true" });
      row.append(make("kbd", {}, operator), curve);
      row.addEventListener("click", () => this.toggleOperator(operator));
      return { operator, row, curve };
    });
    rows.sort((a, b) => a.operator - b.operator);
    this.at.envelopes.replaceChildren(...rows.map(({ row }) => row));
    try {
      voice.envelopes ??= await (await fetch(requestAddress("envelopes", { voice: voice.sound }))).json();
    } catch {
      return; // the server is away; sound and answers do without
    }
    if (this.voice !== voice) return;
    const { levels, held, seconds } = voice.envelopes;
    for (const { operator, curve } of rows) drawEnvelope(curve, levels[operator - 1], held / seconds);
  }
}

function factsOf({ health, family, sightings }) {
  const found = sightings === 1 ? "found once" : `found ${sightings.toLocaleString()} times`;
  const alike = family > 1 ? `one of ${family} that are the same sound` : "";
  return [...health, alike, sightings ? found : ""].filter(Boolean).join(" · ");
}
