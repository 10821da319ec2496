// The list of banks: a field that searches as one types, a source, pages. What is asked is kept here; Python looks.

const TYPING_MILLISECONDS = 160; // after the last letter
const lists = new WeakMap();

class BankList {
  constructor(root) {
    this.root = root;
    this.at = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
    this.asked = { text: "", source: "", page: 0, open: null };
    this.onWindowKey = (event) => this.onKey(event);
    window.addEventListener("keydown", this.onWindowKey);
    this.at.text.addEventListener("input", () => {
      clearTimeout(this.typing);
      this.typing = setTimeout(() => this.ask({ text: this.at.text.value, page: 0, open: null }), TYPING_MILLISECONDS);
    });
    this.at.text.addEventListener("keydown", (event) => {
      event.stopPropagation();
      if (event.key === "Enter" || event.key === "Escape") this.at.text.blur();
    });
    this.at.source.addEventListener("change", () => this.ask({ source: this.at.source.value, page: 0, open: null }));
    for (const button of root.querySelectorAll("[data-page]")) {
      button.addEventListener("click", () => this.turn(Number(button.dataset.page)));
    }
  }

  remove() {
    clearTimeout(this.typing);
    window.removeEventListener("keydown", this.onWindowKey);
  }

  update(data, setState) {
    this.data = data;
    this.setState = setState;
    this.draw();
  }

  ask(changes) {
    this.asked = { ...this.asked, ...changes };
    this.setState("asked", this.asked);
  }

  turn(by) {
    const page = Math.max(0, Math.min(this.data.pages - 1, this.data.page + by));
    if (page !== this.data.page) this.ask({ page, open: null });
  }

  onKey(event) {
    if (isTyping(event) || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "/") this.at.text.focus();
    else if (event.key === "PageUp") this.turn(-1);
    else if (event.key === "PageDown") this.turn(1);
    else if (event.key === "[") this.step(-1);
    else if (event.key === "]") this.step(1);
    else return;
    event.preventDefault();
  }

  step(by) {
    const index = this.data.rows.findIndex((row) => row.sha === this.data.open);
    const row = this.data.rows[Math.max(0, Math.min(this.data.rows.length - 1, index + by))];
    if (row) this.ask({ open: row.sha });
  }

  draw() {
    const { data } = this;
    this.at.count.textContent = `${data.places.toLocaleString("en")} banks, ${data.contents.toLocaleString("en")} different`;
    this.at.page.textContent = `${data.page + 1} of ${data.pages.toLocaleString("en")}`;
    for (const button of this.root.querySelectorAll("[data-page]")) {
      button.disabled = Number(button.dataset.page) < 0 ? data.page === 0 : data.page + 1 >= data.pages;
    }
    this.at.source.replaceChildren(
      choice("", "all sources", this.asked.source),
      ...data.sources.map(({ source, places }) => choice(source, `${source.split("/").at(-1)} (${places.toLocaleString("en")})`, this.asked.source)),
    );
    this.at.source.hidden = data.sources.length < 2;
    let seen = false;
    const rows = data.rows.map((row) => {
      const isOpen = row.sha === data.open && !seen;
      seen ||= isOpen;
      return this.row(row, isOpen);
    });
    this.at.rows.replaceChildren(...rows);
    this.at.rows.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" });
  }

  row(row, isOpen) {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("role", "option");
    button.setAttribute("aria-selected", isOpen);
    for (const [tag, text, name] of [["b", row.name, ""], ["small", row.facts, "facts"], ["small", row.folder, "folder"]]) {
      const part = document.createElement(tag);
      part.textContent = text;
      part.className = name;
      if (name === "folder") part.title = text;
      button.append(part);
    }
    button.addEventListener("click", () => this.ask({ open: row.sha }));
    return button;
  }
}

function choice(value, text, chosen) {
  const option = document.createElement("option");
  option.value = value;
  option.textContent = text;
  option.selected = value === chosen;
  return option;
}

export default function ({ data, parentElement, setStateValue }) {
  let list = lists.get(parentElement);
  if (!list) {
    list = new BankList(parentElement.querySelector(".banks"));
    lists.set(parentElement, list);
  }
  list.update(data, setStateValue);
  return () => {
    if (list.root.isConnected) return;
    list.remove();
    lists.delete(parentElement);
  };
}
