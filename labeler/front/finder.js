// Finding voices: searches as one types, narrows by facets. What is typed and chosen is kept here; Python counts.

const TYPING_MILLISECONDS = 140; // after the last letter
const OPEN_AT_FIRST = ["category", "labeller"];
const finders = new WeakMap();

class Finder {
  constructor(root, data) {
    this.root = root;
    this.at = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
    this.at.text.value = data.text;
    this.chosen = new Map(Object.entries(data.chosen));
    this.sequence = 0;
    this.open = new Set(OPEN_AT_FIRST);
    this.onWindowKey = (event) => this.onSlash(event);
    window.addEventListener("keydown", this.onWindowKey);
    this.at.text.addEventListener("input", () => this.later());
    this.at.text.addEventListener("keydown", (event) => this.onFieldKey(event));
  }

  remove() {
    clearTimeout(this.typing);
    window.removeEventListener("keydown", this.onWindowKey);
  }

  update(data, setState) {
    this.setState = setState;
    this.data = data;
    this.at.count.textContent = data.count;
    this.draw();
  }

  onSlash(event) {
    if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    event.preventDefault();
    this.at.text.focus();
    this.at.text.select();
  }

  onFieldKey(event) {
    event.stopPropagation();
    if (event.key === "Escape" && this.at.text.value === "") this.at.text.blur();
    if (event.key !== "Enter") return;
    this.tell();
    this.at.text.blur();
  }

  later() {
    clearTimeout(this.typing);
    this.typing = setTimeout(() => this.tell(), TYPING_MILLISECONDS);
  }

  tell() {
    clearTimeout(this.typing);
    const query = { text: this.at.text.value, chosen: Object.fromEntries(this.chosen) };
    const said = JSON.stringify(query);
    if (said === this.said) return;
    this.said = said;
    this.sequence += 1;
    this.setState("query", query);
  }

  choose(facet, value) {
    const chosen = this.chosen.get(facet.name) ?? [];
    const others = facet.several ? chosen.filter((each) => each !== value) : [];
    const now = chosen.includes(value) ? others : [...others, value];
    if (now.length) this.chosen.set(facet.name, now);
    else this.chosen.delete(facet.name);
    this.tell();
    this.draw();
  }

  draw() {
    const focused = this.root.getRootNode().activeElement?.dataset?.value;
    this.at.facets.replaceChildren(...this.data.facets.map((facet) => this.drawFacet(facet)));
    const chips = this.data.facets.flatMap((facet) =>
      facet.values
        .filter((value) => (this.chosen.get(facet.name) ?? []).includes(value.value))
        .map((value) => this.button(`${facet.title}: ${value.title} ×`, () => this.choose(facet, value.value))),
    );
    this.at.chosen.hidden = chips.length === 0;
    this.at.chosen.replaceChildren(...chips);
    if (focused) [...this.at.facets.querySelectorAll("button")].find((each) => each.dataset.value === focused)?.focus();
  }

  drawFacet(facet) {
    const part = document.createElement("details");
    part.open = this.open.has(facet.name);
    part.addEventListener("toggle", () => this.open[part.open ? "add" : "delete"](facet.name));
    const title = document.createElement("summary");
    title.textContent = facet.title;
    const most = Math.max(1, ...facet.values.map((value) => value.voices));
    part.append(title, ...facet.values.map((value) => this.drawValue(facet, value, most)));
    return part;
  }

  drawValue(facet, value, most) {
    const button = this.button("", () => this.choose(facet, value.value));
    button.dataset.value = `${facet.name}/${value.value}`;
    button.setAttribute("aria-pressed", (this.chosen.get(facet.name) ?? []).includes(value.value));
    button.style.setProperty("--share", `${(100 * value.voices) / most}%`);
    if (value.colour) {
      button.style.setProperty("--hue", value.colour);
      button.append(document.createElement("i"));
    }
    const words = document.createElement("span");
    words.textContent = value.title;
    const count = document.createElement("small");
    count.textContent = value.voices.toLocaleString("en");
    button.append(words, count);
    return button;
  }

  button(text, onClick) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = text;
    button.addEventListener("click", onClick);
    return button;
  }
}

export default function ({ data, parentElement, setStateValue }) {
  let finder = finders.get(parentElement);
  if (!finder) {
    finder = new Finder(parentElement.querySelector(".finder"), data);
    finders.set(parentElement, finder);
  }
  finder.update(data, setStateValue);
  return () => {
    if (finder.root.isConnected) return;
    finder.remove();
    finders.delete(parentElement);
  };
}
