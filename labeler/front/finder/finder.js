// Finding voices: search while a person types, and facets that narrow it. The query is kept here; Python counts.

import { SEARCH_KEY } from "../constants.js";
import { component } from "../common/component.js";
import { make, partsOf } from "../common/dom.js";
import { hasModifier, isTyping } from "../common/keyboard.js";

const TYPING_MILLISECONDS = 140; // after the last letter
const OPEN_AT_FIRST = ["category", "labeller"];

class Finder {
  constructor(root, data) {
    this.root = root;
    this.at = partsOf(root);
    this.at.text.value = data.text;
    /** @type {Map<string, string[]>} */
    this.chosen = new Map(Object.entries(data.chosen)); // values by facet
    this.open = new Set(OPEN_AT_FIRST); // facets
    this.sent = "";
    this.removed = new AbortController();
    window.addEventListener("keydown", (event) => this.onWindowKey(event), { signal: this.removed.signal });
    this.at.text.addEventListener("input", () => this.sendLater());
    this.at.text.addEventListener("keydown", (event) => this.onFieldKey(event));
  }

  remove() {
    clearTimeout(this.typing);
    this.removed.abort();
  }

  update(data, setState) {
    this.setState = setState;
    this.data = data;
    this.at.count.textContent = data.count;
    this.draw();
  }

  onWindowKey(event) {
    if (event.key !== SEARCH_KEY || hasModifier(event) || isTyping(event)) return;
    event.preventDefault();
    this.at.text.focus();
    this.at.text.select();
  }

  onFieldKey(event) {
    event.stopPropagation();
    if (event.key === "Escape" && this.at.text.value === "") this.at.text.blur();
    if (event.key !== "Enter") return;
    this.send();
    this.at.text.blur();
  }

  sendLater() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.send(), TYPING_MILLISECONDS);
  }

  send() {
    clearTimeout(this.typing);
    const query = { text: this.at.text.value, chosen: Object.fromEntries(this.chosen) };
    const text = JSON.stringify(query);
    if (text === this.sent) return;
    this.sent = text;
    this.setState("query", query);
  }

  choose(facet, value) {
    const before = this.chosen.get(facet.name) ?? [];
    const others = facet.several ? before.filter((each) => each !== value) : [];
    const chosen = before.includes(value) ? others : [...others, value];
    if (chosen.length) this.chosen.set(facet.name, chosen);
    else this.chosen.delete(facet.name);
    this.send();
    this.draw();
  }

  isChosen(facet, value) {
    return this.chosen.get(facet.name)?.includes(value.value) ?? false;
  }

  draw() {
    const focused = /** @type {any} */ (this.root.getRootNode()).activeElement?.dataset?.value;
    const { facets } = this.data;
    this.at.facets.replaceChildren(...facets.map((facet) => this.facetNode(facet)));
    const chips = facets.flatMap((facet) =>
      facet.values
        .filter((value) => this.isChosen(facet, value))
        .map((value) => this.button(facet, value, `${facet.title}: ${value.title} ×`)),
    );
    this.at.chosen.hidden = chips.length === 0;
    this.at.chosen.replaceChildren(...chips);
    if (focused) [...this.at.facets.querySelectorAll("button")].find((each) => each.dataset.value === focused)?.focus();
  }

  facetNode(facet) {
    const node = make("details");
    node.open = this.open.has(facet.name);
    node.addEventListener("toggle", () => this.open[node.open ? "add" : "delete"](facet.name));
    const most = Math.max(1, ...facet.values.map((value) => value.voices));
    node.append(make("summary", {}, facet.title), ...facet.values.map((value) => this.valueNode(facet, value, most)));
    return node;
  }

  valueNode(facet, value, most) {
    const button = this.button(facet, value, "");
    button.dataset.value = `${facet.name}/${value.value}`;
    button.setAttribute("aria-pressed", String(this.isChosen(facet, value)));
    button.style.setProperty("--share", `${(100 * value.voices) / most}%`);
    if (value.colour) {
      button.style.setProperty("--hue", value.colour);
      button.append(make("i"));
    }
    button.append(make("span", {}, value.title), make("small", {}, value.voices.toLocaleString("en")));
    return button;
  }

  button(facet, value, text) {
    const button = make("button", { type: "button" }, text);
    button.addEventListener("click", () => this.choose(facet, value.value));
    return button;
  }
}

export default component(".finder", (root, data) => new Finder(root, data));
