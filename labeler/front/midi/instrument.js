// The panel of a DX7: its port, what a person has to confirm of it, a test note, all notes off. It is the same for the
// server's port and for the player's own computer. Both devices have {state, open, confirm, setPacing, receiveBank}.

import { BANK_MESSAGE_SIZE, OWN_BACKUP } from "../constants.js";
import { component } from "../common/component.js";
import { partsOf, sentence } from "../common/dom.js";
import { hasModifier, isTyping } from "../common/keyboard.js";
import { player } from "../sound/audio_player.js";

const HINTS = {
  dx7: "The DX7 is connected to the machine that this page comes from.",
  web_midi: "The DX7 is connected to the computer you sit at; the browser sends to it.",
};
const TEST_NOTE = { note: 60, velocity: 100, held: 0.8 };
const NOT_CHOSEN = "(choose)";
const STORED_AS = "cartwright.place";

class InstrumentPanel {
  constructor(root) {
    this.root = root;
    /** @type {Record<string, any>} */
    this.devices = { dx7: player.devices.dx7, web_midi: player.devices.web_midi };
    this.voice = null; // to test with
    this.at = partsOf(root);
    this.message = "";
    this.isReceiving = false;
    const channels = Array.from({ length: 16 }, (_, n) => new Option(String(n + 1), String(n + 1)));
    this.at.channel.replaceChildren(new Option("?", ""), ...channels);
    this.removed = new AbortController();
    window.addEventListener("keydown", (event) => this.press(event), { capture: true, signal: this.removed.signal });
    for (const device of Object.values(this.devices)) device.onchange = () => this.draw();
    this.listen("click", "[data-do]", (node) => this.act(node.dataset.do));
    this.listen("change", "[data-set]", (node) => this.set(node));
    this.devices.dx7.isWatched = () => this.root.isConnected;
    this.choose(sessionStorage.getItem(STORED_AS) ?? "dx7");
  }

  listen(kind, selector, handler) {
    this.root.addEventListener(kind, (event) => {
      const node = event.target.closest(selector);
      if (node) handler(node);
    });
  }

  update({ voice }) {
    this.voice = voice;
  }

  remove() {
    this.removed.abort();
    for (const device of Object.values(this.devices)) device.onchange = () => {};
  }

  get device() {
    return this.devices[this.place];
  }

  choose(place) {
    this.place = place in this.devices ? place : "dx7";
    this.message = "";
    sessionStorage.setItem(STORED_AS, this.place);
    if (this.place === "dx7") this.device.unlock();
    this.draw();
  }

  press(event) {
    if (hasModifier(event) || event.repeat || (isTyping(event) && event.key !== "Escape")) return;
    const key = event.key.toLowerCase();
    const buttons = [...this.root.querySelectorAll("[data-key]")];
    const button = buttons.find((node) => node.dataset.key === key && !node.disabled && node.offsetParent);
    if (!button) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    button.click();
  }

  async act(name) {
    const acts = {
      dx7: () => this.choose("dx7"),
      web_midi: () => this.choose("web_midi"),
      connect: () => this.device.unlock(),
      panic: () => this.device.panic(),
      test: () => this.device.play({ voice: this.voice, ...TEST_NOTE }),
      backup: () => this.receive(),
      arrived: () => (this.message = "Good. The DX7 is ready; choose it on the page where you listen."),
      silent: () => (this.message = ""),
    };
    this.at.help.hidden = name !== "silent";
    await this.attempt(acts[name]);
    if (name === "test" && this.device.ready) this.at.asked.hidden = false;
    if (name === "arrived" || name === "silent") this.at.asked.hidden = true;
  }

  async receive() {
    this.isReceiving = true;
    this.draw();
    try {
      await this.device.receiveBank();
    } finally {
      this.isReceiving = false;
      this.draw();
    }
  }

  async set(node) {
    const value = node.type === "checkbox" ? node.checked : node.value;
    const sets = {
      output: () => this.device.open(value || null),
      address: () => this.device.open(value.trim() || null),
      input: () => this.device.open(this.device.state.output, value || null),
      channel: () => value && this.device.confirm({ channel: Number(value) }),
      sys_info: () => this.device.confirm({ sys_info: value }),
      unprotected: () => this.device.confirm({ unprotected: value }),
      own_backup: () => this.device.confirm({ own_backup: value }),
      after_voice: () => this.device.setPacing({ after_voice: Number(value) / 1000 }),
    };
    if (node.matches("select, [data-set=address]")) node.blur(); // the next key is for the panel
    await this.attempt(sets[node.dataset.set]);
  }

  async attempt(act) {
    this.message = "";
    try {
      await act();
    } catch (error) {
      if (error.message !== this.device.problem) this.message = error.message;
    }
    this.draw();
  }

  draw() {
    const { at, device } = this;
    const state = device.state ?? { outputs: [], inputs: [], missing: [], checklist: {}, pacing: {} };
    const { channel = null, sys_info = false, unprotected = false, backup = "" } = state.checklist;
    for (const place of Object.keys(HINTS)) at[place].setAttribute("aria-pressed", place === this.place);
    at.hint.textContent = HINTS[this.place];
    at.panel.classList.toggle("ready", device.ready);
    at.status.textContent = device.ready ? `Ready: ${state.output}, channel ${channel}` : sentence(device.problem);
    at.notice.textContent = sentence(this.message || state.notice || "");
    at.connect.hidden = this.place !== "web_midi" || device.access !== null;
    at.address.parentElement.hidden = this.place !== "dx7";
    fillSelect(at.output, state.outputs, state.output);
    fillSelect(at.input, state.inputs, state.source);
    setValue(at.address, state.output?.startsWith("tcp:") ? state.output : "");
    setValue(at.channel, channel ?? "");
    at.sys_info.checked = sys_info;
    at.unprotected.checked = unprotected;
    at.own_backup.checked = backup === OWN_BACKUP;
    at.own_backup.parentElement.hidden = !["", OWN_BACKUP].includes(backup);
    setValue(at.after_voice, Math.round(1000 * (state.pacing.after_voice ?? 0.1)));
    const isChosen = Boolean(state.output);
    for (const node of at.steps.querySelectorAll("input, select, button")) node.disabled = !isChosen;
    at.backup.disabled = !state.is_open || !state.source || this.isReceiving;
    at.progress.hidden = !this.isReceiving;
    at.bar.style.width = `${(100 * (state.receiving ?? 0)) / BANK_MESSAGE_SIZE}%`;
    at.waiting.textContent = state.receiving
      ? `${state.receiving} of ${BANK_MESSAGE_SIZE} bytes`
      : "Waiting for the DX7. Press the five buttons now.";
    at.saved.textContent = savedText(backup, isChosen && !state.source);
    at.test.disabled = !device.ready;
    at.panic.disabled = !state.is_open;
    const done = { channel: channel !== null, sys_info, unprotected, backup: backup !== "" };
    for (const row of at.steps.querySelectorAll("[data-step]")) {
      row.classList.toggle("done", done[row.dataset.step] ?? false);
    }
    at.port.classList.toggle("done", Boolean(state.is_open));
    at.heard.hidden = state.is_heard !== true;
  }
}

function savedText(backup, hasNoInput) {
  if (backup) return backup === OWN_BACKUP ? "You have one." : `Saved as ${backup}`;
  return hasNoInput ? "No MIDI input, so nothing can be received." : "";
}

// A list that a person has open changes only if its names change.
function fillSelect(select, names, chosen) {
  const all = chosen && !names.includes(chosen) ? [...names, chosen] : names;
  const wanted = JSON.stringify(all);
  if (select.dataset.names !== wanted) {
    select.dataset.names = wanted;
    select.replaceChildren(new Option(NOT_CHOSEN, ""), ...all.map((name) => new Option(name, name)));
  }
  setValue(select, chosen ?? "");
}

// A field that a person is typing in stays.
function setValue(field, value) {
  if (field !== field.getRootNode().activeElement) field.value = value;
}

export default component(".instrument", (root) => new InstrumentPanel(root));
