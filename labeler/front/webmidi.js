// The DX7 at the player's own computer, by Web MIDI: what dx7/hardware does at the server's port, done by the browser.
// A way to listen (front/listen.js), with all that the panel of its settings shows and changes.

const HANDED_AHEAD = 60; // ms before it sounds that a note is handed over; then it cannot be taken back
const LOOK_EVERY = 20; // ms
const CABLE = 0.32; // ms a byte takes on a MIDI cable
const KEPT_TAKES = 64;
const FELL_SILENT = 3000; // ms; a DX7 sends active sensing every 80

class WebMidiWay {
  // addressOf(kind, take) is the address at which the server gives a take.
  constructor(addressOf) {
    this.addressOf = addressOf;
    this.access = null;
    this.complaint = null; // why there is no access
    this.notice = null;
    this.onchange = () => {};
    this.settings = new MidiSettings();
    this.takes = new Map(); // address -> promise of the take
    this.turn = 0; // counts requests, and what ends one
    this.latest = 0; // the time of the last message handed over; none may overtake it
    this.free = 0; // when the DX7 has dealt with the last voice
    this.loaded = null;
    this.down = new Set();
    this.sensed = null; // when active sensing was last heard
    this.waiting = null; // for a bank
    this.ports = ""; // the two that are in use, to tell when others are
    window.addEventListener("pagehide", () => this.ready && this.stop());
    setInterval(() => this.miss(), 1000);
  }

  // Ask the browser for MIDI. It may ask the person, so call this in the handler of a click or a key.
  async unlock() {
    this.complaint = null;
    if (!window.isSecureContext) this.complaint = "MIDI in the browser needs https, or this page on localhost";
    else if (!navigator.requestMIDIAccess) this.complaint = "this browser has no MIDI; Chrome, Edge and Firefox have";
    else if (!this.access) {
      try {
        this.access = await navigator.requestMIDIAccess({ sysex: true });
        this.access.onstatechange = () => this.plugged();
        this.begin();
      } catch (error) {
        this.complaint = `the browser does not let this page use MIDI (${error.message}); allow it beside the address`;
      }
    }
    this.onchange();
  }

  get ready() {
    return this.problem === null;
  }

  // Why nothing can be played, in one sentence; null if it can.
  get problem() {
    const { output } = this.settings;
    if (!this.access) return this.complaint ?? "connect the MIDI of this computer first";
    if (!output) return "choose the MIDI port of your DX7 first";
    if (!this.output) return `${output} is not there; plug it in, or choose another port`;
    const { missing } = this.settings;
    return missing.length ? `nothing is sent before you confirm: ${missing.join(", ")}` : null;
  }

  get output() {
    return connected(this.access?.outputs).find((port) => port.name === this.settings.output) ?? null;
  }

  get input() {
    const inputs = connected(this.access?.inputs);
    const named = (name) => inputs.find((port) => port.name === name);
    return named(this.settings.input) ?? named(this.settings.output) ?? (inputs.length === 1 ? inputs[0] : null);
  }

  // The same members as the state of the server's port, as far as there are such.
  get state() {
    const { output, checklist, missing, after_voice } = this.settings;
    return {
      outputs: connected(this.access?.outputs).map((port) => port.name),
      inputs: connected(this.access?.inputs).map((port) => port.name),
      output,
      source: this.input?.name ?? null,
      is_open: this.output !== null,
      checklist,
      missing,
      pacing: { after_voice },
      problem: this.problem,
      notice: this.notice,
      is_heard: this.sensed === null ? null : true,
      receiving: 0,
    };
  }

  // Settings

  async open(output, input = null) {
    this.change(() => this.settings.choose(output, input));
  }

  async confirm(lines) {
    this.notice = null;
    this.change(() => this.settings.confirm(lines));
  }

  async setPacing({ after_voice }) {
    this.settings.save({ after_voice: Math.min(5, Math.max(0, after_voice)) });
    this.onchange();
  }

  // Silence on the port and channel that are left, and on those that come, where sending is allowed.
  change(act) {
    if (this.ready) this.silence();
    act();
    this.begin();
    this.onchange();
  }

  begin() {
    this.ports = this.portsInUse;
    for (const port of connected(this.access?.inputs)) port.onmidimessage = null;
    if (this.input) this.input.onmidimessage = (event) => this.hear(event.data);
    this.loaded = this.sensed = null;
    this.down.clear();
    if (this.ready) this.silence();
  }

  // Browsers tell also when a port is only opened, as the first message does: that must not cut off a phrase.
  plugged() {
    if (this.ports !== this.portsInUse) {
      this.turn += 1;
      this.begin();
    }
    this.onchange();
  }

  get portsInUse() {
    return `${this.output?.id} ${this.input?.id}`;
  }

  // Listening

  // Fetch a take ahead. Nothing is sent: a DX7 has room for one voice, and a new one cuts off what sounds.
  prepare(take) {
    const address = this.addressOf("take", take);
    if (!this.takes.has(address)) {
      const fetched = fetchTake(address);
      fetched.catch(() => this.takes.delete(address)); // so that it is asked for again
      this.takes.set(address, fetched);
      if (this.takes.size > KEPT_TAKES) this.takes.delete(this.takes.keys().next().value);
    }
    return this.takes.get(address);
  }

  // Load the voice and play its phrase. Resolves when the first note is handed over, with when it sounds, in seconds of
  // performance.now(); with null if something newer took its place. Rejects with a sentence if nothing can be played.
  async play(take) {
    const turn = ++this.turn;
    if (!this.ready) throw new Error(this.problem);
    const { message, events } = await this.prepare(take);
    if (turn !== this.turn) return null;
    this.release();
    if (take.note == null || this.loaded !== take.voice) {
      await passed(this.free);
      if (turn !== this.turn) return null;
      this.load(message, take.voice);
    }
    const start = Math.max(this.free, performance.now());
    if (!(await this.perform(events.slice(0, 1), start, turn))) return null;
    this.perform(events.slice(1), start, turn).catch((error) => this.fail(error)); // goes on by itself
    return start / 1000;
  }

  // A key of the piano: sounds beside the others until it is let go. A promise of what lets it go.
  async hold(take) {
    if (!this.ready) throw new Error(this.problem);
    const { message, events } = await this.prepare(take);
    if (this.loaded !== take.voice) {
      this.stop();
      this.load(message, take.voice);
    }
    const [, note, velocity] = events[0];
    this.note(note, velocity, this.free);
    return () => this.ready && this.note(note, 0);
  }

  stop() {
    this.turn += 1;
    if (this.ready) this.release();
  }

  // End every sound: the only thing that is sent before the check-list is confirmed.
  async panic() {
    this.turn += 1;
    if (!this.output) throw new Error(this.problem);
    this.silence();
    await passed(this.free);
  }

  // The next bank that arrives whole, saved as a file of the person's computer; rejects with a sentence.
  receiveBank(seconds = 120) {
    this.waiting?.reject(new Error("somebody waits for it again"));
    return new Promise((resolve, reject) => {
      const waiting = (this.waiting = { resolve, reject });
      setTimeout(() => {
        if (this.waiting === waiting) this.waiting = null;
        reject(new Error(`no bank arrived in ${seconds} seconds; press the buttons again`));
      }, 1000 * seconds);
    });
  }

  // Sending

  async perform(events, start, turn) {
    for (const [seconds, note, velocity] of events) {
      await passed(start + 1000 * seconds - HANDED_AHEAD);
      if (turn !== this.turn) return false;
      this.note(note, velocity, start + 1000 * seconds);
    }
    return true;
  }

  load(message, voice) {
    this.loaded = null;
    const addressed = Uint8Array.from(message);
    addressed[2] = (addressed[2] & 0xf0) | this.nibble;
    this.send(addressed, Math.max(this.free, performance.now()));
    this.loaded = voice;
    this.free = this.latest + CABLE * message.length + 1000 * this.settings.after_voice;
  }

  note(note, velocity, moment) {
    if (velocity) this.down.add(note); // before it is sent: a note too many to end does no harm
    this.send([(velocity ? 0x90 : 0x80) | this.nibble, note, velocity], moment);
    if (!velocity) this.down.delete(note);
  }

  release() {
    this.send([0xb0 | this.nibble, SUSTAIN, 0]);
    for (const note of [...this.down]) this.note(note, 0);
  }

  silence() {
    this.turn += 1;
    this.release();
    for (let note = 0; note < 128; note++) this.note(note, 0, this.latest + 3 * CABLE); // no faster than the cable
    this.send([0xb0 | this.nibble, ALL_NOTES_OFF, 0]);
    this.free = Math.max(this.free, this.latest + 3 * CABLE);
  }

  send(message, moment = performance.now()) {
    const refusal = refusalOf([...message]);
    if (refusal) throw new Error(`this message was not sent to the instrument: ${refusal}`);
    this.latest = Math.max(moment, this.latest);
    this.output.send(message, this.latest);
  }

  get nibble() {
    return (this.settings.checklist.channel ?? 1) - 1;
  }

  fail(error) {
    this.notice = error.message;
    this.onchange();
  }

  // Receiving

  hear(data) {
    if (data[0] === 0xfe) this.sensed = performance.now();
    if (data[0] !== 0xf0) return;
    if (data[3] === 0 && this.loaded) this.loaded = null; // a voice was chosen on the panel
    const fault = bankFault(data);
    if (fault === undefined || !this.waiting) return;
    if (fault) this.waiting.reject(new Error(fault));
    else this.keep(data);
    this.waiting = null;
    this.onchange();
  }

  keep(bank) {
    const name = `dx7-${new Date().toISOString().slice(0, 19).replaceAll(":", "")}.syx`;
    saveFile(name, bank);
    this.notice = `the bank of the DX7 was received and saved as ${name}, where this browser saves files`;
    this.change(() => this.settings.confirm({ backup: name }));
    this.waiting.resolve(Uint8Array.from(bank));
  }

  // An instrument that stops sending active sensing was switched off, and has forgotten two of its settings.
  miss() {
    if (this.sensed === null || performance.now() - this.sensed < FELL_SILENT) return;
    this.sensed = this.loaded = null;
    this.turn += 1;
    this.settings.confirm({ sys_info: false, unprotected: false });
    this.fail(new Error("the DX7 has fallen silent: after switching it on, set SYS INFO and MEM PROTECT again"));
  }
}

function connected(ports) {
  return ports ? [...ports.values()].filter((port) => port.state === "connected") : [];
}

// Resolves when performance.now() has come to this moment.
async function passed(moment) {
  while (moment > performance.now()) {
    await new Promise((resolve) => setTimeout(resolve, Math.min(LOOK_EVERY, moment - performance.now())));
  }
}

async function fetchTake(address) {
  const response = await fetch(address);
  if (!response.ok) throw new Error(await response.text());
  const { message, events } = await response.json();
  return { message: Uint8Array.from(atob(message), (letter) => letter.charCodeAt(0)), events };
}

function saveFile(name, bytes) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([bytes], { type: "application/octet-stream" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
