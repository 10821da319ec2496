// The panel of a DX7: which port, what a person has to confirm of it, a test note, panic. The same panel for the server's
// port and for the player's own computer; each is a way to listen with {state, open, confirm, setPacing, receiveBank}.

const PLACES = [
  { name: "dx7", hint: "The DX7 is connected to the machine that this page comes from." },
  { name: "web_midi", hint: "The DX7 is connected to the computer you sit at; the browser speaks to it." },
];
const BANK_BYTES = 4104;
const TEST_NOTE = { note: 60, velocity: 100, held: 0.8 };
const NOT_THERE = "(choose)";

class InstrumentPanel {
  constructor(root) {
    this.root = root;
    this.ways = { dx7: listener.ways.dx7, web_midi: listener.ways.web_midi };
    this.voice = null;
    this.at = Object.fromEntries([...root.querySelectorAll("[data-at]")].map((node) => [node.dataset.at, node]));
    this.flashed = "";
    this.isReceiving = false;
    this.at.channel.replaceChildren(new Option("?", ""), ...Array.from({ length: 16 }, (_, n) => new Option(n + 1, n + 1)));
    this.keys = (event) => this.press(event);
    window.addEventListener("keydown", this.keys, true);
    for (const way of Object.values(this.ways)) way.onchange = () => this.draw();
    this.listen("click", "[data-do]", (node) => this.act(node.dataset.do));
    this.listen("change", "[data-set]", (node) => this.set(node));
    this.ways.dx7.isWatched = () => this.root.isConnected;
    this.choose(sessionStorage.getItem("cartwright.place") ?? "dx7");
  }

  listen(kind, selector, handler) {
    this.root.addEventListener(kind, (event) => {
      const node = event.target.closest(selector);
      if (node) handler(node);
    });
  }

  remove() {
    window.removeEventListener("keydown", this.keys, true);
    for (const way of Object.values(this.ways)) way.onchange = () => {};
  }

  get way() {
    return this.ways[this.place];
  }

  choose(place) {
    this.place = place in this.ways ? place : "dx7";
    this.flashed = "";
    sessionStorage.setItem("cartwright.place", this.place);
    if (this.place === "dx7") this.way.unlock();
    this.draw();
  }

  press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (isTyping(event) && event.key !== "Escape") return;
    const key = event.key.toLowerCase();
    const button = [...this.root.querySelectorAll("[data-key]")].find((node) => node.dataset.key === key && !node.disabled && node.offsetParent);
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    button.click();
  }

  async act(name) {
    const acts = {
      dx7: () => this.choose("dx7"),
      web_midi: () => this.choose("web_midi"),
      connect: () => this.way.unlock(),
      panic: () => this.way.panic(),
      test: () => this.way.play({ voice: this.voice, ...TEST_NOTE }),
      backup: () => this.receive(),
      arrived: () => this.say("Good. The DX7 is ready; choose it on the page where you listen."),
      silent: () => this.say(""),
    };
    this.at.help.hidden = name !== "silent";
    await this.attempt(acts[name]);
    if (name === "test" && this.way.ready) this.at.asked.hidden = false;
    if (name === "arrived" || name === "silent") this.at.asked.hidden = true;
  }

  async receive() {
    this.isReceiving = true;
    this.draw();
    try {
      await this.way.receiveBank();
    } finally {
      this.isReceiving = false;
      this.draw();
    }
  }

  async set(node) {
    const value = node.type === "checkbox" ? node.checked : node.value;
    const sets = {
      output: () => this.way.open(value || null),
      address: () => this.way.open(value.trim() || null),
      input: () => this.way.open(this.way.state.output, value || null),
      channel: () => value && this.way.confirm({ channel: Number(value) }),
      sys_info: () => this.way.confirm({ sys_info: value }),
      unprotected: () => this.way.confirm({ unprotected: value }),
      own_backup: () => this.way.confirm({ own_backup: value }),
      after_voice: () => this.way.setPacing({ after_voice: Number(value) / 1000 }),
    };
    if (node.matches("select, [data-set=address]")) node.blur(); // the next key is meant for the panel
    await this.attempt(sets[node.dataset.set]);
  }

  async attempt(act) {
    this.flashed = "";
    try {
      await act();
    } catch (error) {
      if (error.message !== this.way.problem) this.flashed = error.message;
    }
    this.draw();
  }

  say(sentence) {
    this.flashed = sentence;
  }

  draw() {
    const { at, way } = this;
    const state = way.state ?? { outputs: [], inputs: [], missing: [], checklist: {}, pacing: {} };
    const { channel = null, sys_info = false, unprotected = false, backup = "" } = state.checklist;
    for (const { name } of PLACES) at[name].setAttribute("aria-pressed", name === this.place);
    at.hint.textContent = PLACES.find(({ name }) => name === this.place).hint;
    at.panel.classList.toggle("ready", way.ready);
    at.status.textContent = way.ready ? `Ready: ${state.output}, channel ${channel}` : sentence(way.problem);
    at.notice.textContent = sentence(this.flashed || state.notice || "");
    at.connect.hidden = this.place !== "web_midi" || way.access !== null;
    at.address.parentElement.hidden = this.place !== "dx7";
    fill(at.output, state.outputs, state.output);
    fill(at.input, state.inputs, state.source);
    put(at.address, state.output?.startsWith("tcp:") ? state.output : "");
    put(at.channel, channel ?? "");
    at.sys_info.checked = sys_info;
    at.unprotected.checked = unprotected;
    at.own_backup.checked = backup === "own";
    at.own_backup.parentElement.hidden = !["", "own"].includes(backup);
    put(at.after_voice, Math.round(1000 * (state.pacing.after_voice ?? 0.1)));
    const isChosen = Boolean(state.output);
    for (const node of at.steps.querySelectorAll("input, select, button")) node.disabled = !isChosen;
    at.backup.disabled = !state.is_open || !state.source || this.isReceiving;
    at.progress.hidden = !this.isReceiving;
    at.bar.style.width = `${(100 * (state.receiving ?? 0)) / BANK_BYTES}%`;
    at.waiting.textContent = state.receiving ? `${state.receiving} of ${BANK_BYTES} bytes` : "Waiting for the DX7. Press the five buttons now.";
    at.saved.textContent = backup === "own" ? "You have one." : backup ? `Saved as ${backup}` : state.source || !isChosen ? "" : "No MIDI input, so nothing can be received.";
    at.test.disabled = !way.ready;
    at.panic.disabled = !state.is_open;
    const done = { channel: channel !== null, sys_info, unprotected, backup: backup !== "" };
    for (const row of at.steps.querySelectorAll("[data-step]")) row.classList.toggle("done", done[row.dataset.step] ?? false);
    at.port.classList.toggle("done", Boolean(state.is_open));
    at.heard.hidden = state.is_heard !== true;
  }
}

// Names of ports are text, and a list that somebody has open is left alone unless it changed.
function fill(select, names, chosen) {
  const all = chosen && !names.includes(chosen) ? [...names, chosen] : names;
  const wanted = JSON.stringify(all);
  if (select.dataset.names !== wanted) {
    select.dataset.names = wanted;
    select.replaceChildren(new Option(NOT_THERE, ""), ...all.map((name) => new Option(name, name)));
  }
  put(select, chosen ?? "");
}

// What somebody is just typing stays.
function put(field, value) {
  if (field !== field.getRootNode().activeElement) field.value = value;
}

const panels = new Map();

export default function ({ data, parentElement }) {
  let panel = panels.get(parentElement);
  if (!panel) {
    panel = new InstrumentPanel(parentElement.querySelector(".instrument"));
    panels.set(parentElement, panel);
  }
  panel.voice = data.voice;
  return () => {
    if (panel.root.isConnected) return;
    panel.remove();
    panels.delete(parentElement);
  };
}
