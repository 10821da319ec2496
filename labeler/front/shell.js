// The bar above every page, and the keys that work everywhere: g and a letter.

const WAYS = {
  engine: ["Engine", "The built-in engine, in this browser."],
  dx7: ["DX7 here", "A DX7 at the MIDI port of the machine that serves this page."],
  web_midi: ["DX7 at yours", "A DX7 at this computer's own MIDI port, through the browser."],
};
const CHORD_SECONDS = 1.5;
const shells = new WeakMap();

class Shell {
  constructor(root) {
    this.root = root;
    this.at = Object.fromEntries([...root.querySelectorAll("[data-id]")].map((node) => [node.dataset.id, node]));
    this.handlers = [
      [window, "keydown", (event) => this.onKey(event), true],
      [window, "mousedown", (event) => event.composedPath().includes(root) || this.open(null), true],
      [listener, "way", () => this.redraw(), false],
      [listener, "problem", (event) => this.tell(event.detail), false],
    ];
    for (const [target, name, handler, capture] of this.handlers) target.addEventListener(name, handler, capture);
    this.at.way.addEventListener("click", () => this.open("ways"));
    this.at.who.addEventListener("click", () => this.open("naming"));
    this.at.naming.addEventListener("submit", (event) => {
      event.preventDefault();
      this.rename(this.at.name.value);
    });
  }

  remove() {
    for (const [target, name, handler, capture] of this.handlers) target.removeEventListener(name, handler, capture);
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    this.redraw();
  }

  redraw() {
    this.at["who-name"].textContent = this.data.labeller;
    this.at["way-name"].textContent = `Listening: ${WAYS[listener.name][0]}`;
    this.at.ways.replaceChildren(
      ...Object.keys(listener.ways).map((name) => {
        const button = make("button", { type: "button", role: "menuitemradio", "aria-checked": name === listener.name });
        const words = make("span", {}, WAYS[name][0]);
        words.append(make("small", {}, WAYS[name][1]));
        button.append(words);
        button.addEventListener("click", () => this.choose(name));
        return button;
      }),
    );
  }

  async choose(name) {
    this.open(null);
    const problem = await listener.choose(name);
    if (problem) this.tell(problem);
  }

  rename(name) {
    this.open(null);
    if (!name.trim()) return;
    document.cookie = `${this.data.cookie}=${encodeURIComponent(name.trim())}; path=/; max-age=31536000; SameSite=Strict`;
    this.send("labeller", name.trim());
  }

  open(menu) {
    for (const each of ["ways", "naming", "keys"]) this.at[each].hidden = each !== menu || !this.at[each].hidden;
    if (menu === "naming" && !this.at.naming.hidden) {
      this.at.name.value = this.data.labeller;
      this.at.name.select();
    }
  }

  tell(problem) {
    this.at.problem.textContent = sentence(problem);
    this.at.problem.hidden = false;
    clearTimeout(this.telling);
    this.telling = setTimeout(() => (this.at.problem.hidden = true), 6000);
  }

  onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event)) return;
    const key = event.key.toLowerCase();
    const isOpen = ["ways", "naming", "keys"].some((each) => !this.at[each].hidden);
    if (key === "escape" && isOpen) this.open(null);
    else if (!isForShell(event)) return;
    else if (key === "g") window.cartwright.chordUntil = now() + CHORD_SECONDS;
    else if (key.length === 1) this.follow(key);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the page below has no use for it
  }

  follow(key) {
    window.cartwright.chordUntil = 0;
    const path = this.data.letters[key];
    if (key === "l") this.turn();
    else if (key === "n") this.open("naming");
    else if (key === "x") this.silence();
    else if (key === "?") this.showKeys();
    else if (path !== undefined) this.go(path);
  }

  turn() {
    const names = Object.keys(listener.ways);
    this.choose(names[(names.indexOf(listener.name) + 1) % names.length]);
  }

  // All notes off, whichever way is listened to.
  silence() {
    listener.stop();
    Promise.resolve(listener.way.panic?.()).catch((error) => this.tell(error.message));
  }

  // Streamlit's own links change pages without loading anything anew.
  go(path) {
    const links = [...document.querySelectorAll("a[href]")];
    const ends = (end) => links.find((link) => new URL(link.href).pathname.endsWith(end));
    (ends(`/${path}`) ?? ends("/"))?.click(); // the first page is the root itself
  }

  showKeys() {
    const list = make("dl");
    const rows = [...Object.entries(this.data.letters), ["l", "another way to listen"], ["n", "your name"], ["x", "all notes off"]];
    for (const [key, words] of rows) {
      const term = make("dt");
      term.append(make("kbd", {}, `g ${key}`));
      list.append(term, make("dd", {}, words));
    }
    this.at.keys.replaceChildren(list);
    this.open("keys");
  }
}

export default function ({ data, parentElement, setStateValue }) {
  let shell = shells.get(parentElement);
  if (!shell) {
    shell = new Shell(parentElement.querySelector(".shell"));
    shells.set(parentElement, shell);
  }
  shell.update(data, setStateValue);
  return () => {
    if (shell.root.isConnected) return;
    shell.remove();
    shells.delete(parentElement);
  };
}
