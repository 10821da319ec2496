// The bar above every page, and the keys that work everywhere: SHELL_KEY and a letter.

import { SHELL_COMMANDS, SHELL_KEY } from "../constants.js";
import { component } from "../common/component.js";
import { make, partsOf, sentence } from "../common/dom.js";
import { hasModifier, isForShell, isTyping, keyboard } from "../common/keyboard.js";
import { player } from "../sound/audio_player.js";
import { now } from "../sound/audio_requests.js";

const DEVICES = {
  engine: ["Engine", "The built-in engine, in this browser."],
  dx7: ["DX7 here", "A DX7 at the MIDI port of the machine that serves this page."],
  web_midi: ["DX7 at yours", "A DX7 at this computer's own MIDI port, through the browser."],
};
const COMMAND_TITLES = { "next device": "listen on the next device", name: "your name", silence: "all notes off" };
const MENUS = ["devices", "naming", "keys"];
const CHORD_SECONDS = 1.5;
const PROBLEM_MILLISECONDS = 6000;
const COOKIE_SECONDS = 31536000; // a year

class Shell {
  constructor(root) {
    this.root = root;
    this.at = partsOf(root);
    this.removed = new AbortController();
    const { signal } = this.removed;
    window.addEventListener("keydown", (event) => this.onKey(event), { capture: true, signal });
    const closeMenu = (event) => event.composedPath().includes(root) || this.openMenu(null);
    window.addEventListener("mousedown", closeMenu, { capture: true, signal });
    player.addEventListener("device", () => this.draw(), { signal });
    player.addEventListener("problem", (event) => this.showProblem(/** @type {any} */ (event).detail), { signal });
    this.at.device.addEventListener("click", () => this.openMenu("devices"));
    this.at.who.addEventListener("click", () => this.openMenu("naming"));
    this.at.naming.addEventListener("submit", (event) => {
      event.preventDefault();
      this.rename(this.at.name.value.trim());
    });
  }

  remove() {
    this.removed.abort();
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    this.draw();
  }

  draw() {
    this.at["who-name"].textContent = this.data.labeller;
    this.at["device-name"].textContent = `Listening: ${DEVICES[player.name][0]}`;
    this.at.devices.replaceChildren(
      ...Object.entries(DEVICES).map(([name, [title, text]]) => {
        const button = make("button", { type: "button", role: "menuitemradio", "aria-checked": name === player.name });
        const words = make("span", {}, title);
        words.append(make("small", {}, text));
        button.append(words);
        button.addEventListener("click", () => this.choose(name));
        return button;
      }),
    );
  }

  async choose(name) {
    this.openMenu(null);
    const problem = await player.choose(name);
    if (problem) this.showProblem(problem);
  }

  rename(name) {
    this.openMenu(null);
    if (!name) return;
    const cookie = `${this.data.cookie}=${encodeURIComponent(name)}`;
    document.cookie = `${cookie}; path=/; max-age=${COOKIE_SECONDS}; SameSite=Strict`;
    this.send("labeller", name);
  }

  // Open a menu, or close it if it is open; null closes all.
  openMenu(menu) {
    for (const each of MENUS) this.at[each].hidden = each !== menu || !this.at[each].hidden;
    if (menu === "naming" && !this.at.naming.hidden) {
      this.at.name.value = this.data.labeller;
      this.at.name.select();
    }
  }

  showProblem(problem) {
    this.at.problem.textContent = sentence(problem);
    this.at.problem.hidden = false;
    clearTimeout(this.hiding);
    this.hiding = setTimeout(() => (this.at.problem.hidden = true), PROBLEM_MILLISECONDS);
  }

  onKey(event) {
    if (hasModifier(event) || isTyping(event)) return;
    const key = event.key.toLowerCase();
    if (key === "escape" && MENUS.some((each) => !this.at[each].hidden)) this.openMenu(null);
    else if (!isForShell(event)) return;
    else if (key === SHELL_KEY) keyboard.chordUntil = now() + CHORD_SECONDS;
    else if (key.length === 1) this.follow(key);
    else return;
    event.preventDefault();
    event.stopImmediatePropagation(); // the page below does not get it
  }

  follow(key) {
    keyboard.chordUntil = 0;
    const command = SHELL_COMMANDS[key];
    if (command === "next device") this.chooseNext();
    else if (command === "name") this.openMenu("naming");
    else if (command === "silence") player.panic().catch((error) => this.showProblem(error.message));
    else if (command === "keys") this.showKeys();
    else if (key in this.data.letters) goTo(this.data.letters[key]);
  }

  chooseNext() {
    const names = Object.keys(DEVICES);
    this.choose(names[(names.indexOf(player.name) + 1) % names.length]);
  }

  showKeys() {
    const list = make("dl");
    const commands = Object.entries(SHELL_COMMANDS).filter(([, command]) => command in COMMAND_TITLES);
    const rows = [...Object.entries(this.data.letters), ...commands.map(([key, name]) => [key, COMMAND_TITLES[name]])];
    for (const [key, words] of rows) {
      const term = make("dt");
      term.append(make("kbd", {}, `${SHELL_KEY} ${key}`));
      list.append(term, make("dd", {}, words));
    }
    this.at.keys.replaceChildren(list);
    this.openMenu("keys");
  }
}

// Streamlit's own links change pages without loading the app again.
function goTo(path) {
  const links = [.../** @type {NodeListOf<HTMLAnchorElement>} */ (document.querySelectorAll("a[href]"))];
  const linkTo = (end) => links.find((link) => new URL(link.href).pathname.endsWith(end));
  (linkTo(`/${path}`) ?? linkTo("/"))?.click(); // the first page is the root itself
}

export default component(".shell", (root) => new Shell(root));
