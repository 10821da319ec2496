// The list of banks: search while a person types, a source, pages. The query is kept here; Python looks it up.

import { BANK_LIST_KEYS, SEARCH_KEY } from "../constants.js";
import { component } from "../common/component.js";
import { make, partsOf } from "../common/dom.js";
import { hasModifier, isTyping } from "../common/keyboard.js";

const TYPING_MILLISECONDS = 160; // after the last letter

class BankList {
  constructor(root) {
    this.root = root;
    this.at = partsOf(root);
    this.query = { text: "", source: "", page: 0, open: null };
    this.typing = /** @type {ReturnType<typeof setTimeout> | undefined} */ (undefined);
    this.removed = new AbortController();
    window.addEventListener("keydown", (event) => this.onKey(event), { signal: this.removed.signal });
    this.at.text.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.search({ text: this.at.text.value }), TYPING_MILLISECONDS);
    });
    this.at.text.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") this.at.text.blur();
    });
    this.at.source.addEventListener("change", () => this.search({ source: this.at.source.value }));
    this.pageButtons = [...root.querySelectorAll("[data-page]")];
    for (const button of this.pageButtons) {
      button.addEventListener("click", () => this.turn(Number(button.dataset.page)));
    }
  }

  remove() {
    clearTimeout(this.typing);
    this.removed.abort();
  }

  update(data, setState) {
    this.data = data;
    this.setState = setState;
    this.draw();
  }

  send(changes) {
    this.query = { ...this.query, ...changes };
    this.setState("asked", this.query);
  }

  search(changes) {
    this.send({ ...changes, page: 0, open: null });
  }

  turn(by) {
    const page = Math.max(0, Math.min(this.data.pages - 1, this.data.page + by));
    if (page !== this.data.page) this.send({ page, open: null });
  }

  onKey(event) {
    if (isTyping(event) || hasModifier(event)) return;
    const action = BANK_LIST_KEYS[event.key.toLowerCase()];
    if (event.key === SEARCH_KEY) this.at.text.focus();
    else if (action === "previous page" || action === "next page") this.turn(action === "next page" ? 1 : -1);
    else if (action === "previous bank" || action === "next bank") this.step(action === "next bank" ? 1 : -1);
    else return;
    event.preventDefault();
  }

  step(by) {
    const { rows, open } = this.data;
    const index = rows.findIndex((row) => row.sha === open);
    const row = rows[Math.max(0, Math.min(rows.length - 1, index + by))];
    if (row) this.send({ open: row.sha });
  }

  draw() {
    const { places, contents, page, pages, sources, rows, open } = this.data;
    this.at.count.textContent = `${places.toLocaleString("en")} banks, ${contents.toLocaleString("en")} different`;
    this.at.page.textContent = `${page + 1} of ${pages.toLocaleString("en")}`;
    for (const button of this.pageButtons) {
      button.disabled = Number(button.dataset.page) < 0 ? page === 0 : page + 1 >= pages;
    }
    const option = (value, text) => new Option(text, value, false, value === this.query.source);
    const titled = ({ source, places: count }) => `${source.split("/").at(-1)} (${count.toLocaleString("en")})`;
    this.at.source.replaceChildren(
      option("", "all sources"),
      ...sources.map((each) => option(each.source, titled(each))),
    );
    this.at.source.hidden = sources.length < 2;
    const first = rows.find((row) => row.sha === open); // the same bank may be in several places
    this.at.rows.replaceChildren(...rows.map((row) => this.rowNode(row, row === first)));
    this.at.rows.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  rowNode({ sha, name, facts, folder }, isOpen) {
    const button = make("button", { type: "button", role: "option", "aria-selected": isOpen });
    button.append(
      make("b", {}, name),
      make("small", { class: "facts" }, facts),
      make("small", { class: "folder", title: folder }, folder),
    );
    button.addEventListener("click", () => this.send({ open: sha }));
    return button;
  }
}

export default component(".banks", (root) => new BankList(root));
