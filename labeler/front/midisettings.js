// What the player chose and confirmed for Web MIDI: dx7/hardware/checklist.py once more, kept by the browser. Port, channel
// and backup are kept for good; what a DX7 forgets when it is switched off, for as long as the browser's tab.

const MIDI_STORE = "cartwright.midi";
const NOT_YET = { channel: null, backup: "", sys_info: false, unprotected: false };

class MidiSettings {
  constructor() {
    this.output = this.input = null;
    this.after_voice = 0.1; // seconds left after a voice, for the DX7's processor
    this.ports = {};
    Object.assign(this, parsed(localStorage.getItem(MIDI_STORE)));
    this.powered = parsed(sessionStorage.getItem(MIDI_STORE)); // by port: {sys_info, unprotected}
  }

  get checklist() {
    return { ...NOT_YET, ...this.ports[this.output], ...this.powered[this.output] };
  }

  get missing() {
    const { channel, sys_info, unprotected, backup } = this.checklist;
    const steps = {
      "the receive channel": channel !== null,
      "SYS INFO AVAIL": sys_info,
      "MEM PROTECT INTERNAL off": unprotected,
      "a backup of its 32 memories": backup !== "",
    };
    return Object.keys(steps).filter((step) => !steps[step]);
  }

  choose(output, input) {
    this.save({ output, input });
  }

  // Only the lines that are given change: channel 1 to 16, sys_info, unprotected, own_backup, or backup: a file's name.
  confirm({ own_backup, ...lines }) {
    if (!this.output) return;
    if (own_backup !== undefined) lines.backup = own_backup ? "own" : "";
    const { channel, backup, sys_info, unprotected } = { ...this.checklist, ...lines };
    if (channel !== null && !(Number.isInteger(channel) && channel >= 1 && channel <= 16)) throw new Error("MIDI channels run from 1 to 16");
    this.powered = { ...this.powered, [this.output]: { sys_info, unprotected } };
    sessionStorage.setItem(MIDI_STORE, JSON.stringify(this.powered));
    this.save({ ports: { ...this.ports, [this.output]: { channel, backup } } });
  }

  save(changes) {
    Object.assign(this, changes);
    const { output, input, after_voice, ports } = this;
    localStorage.setItem(MIDI_STORE, JSON.stringify({ output, input, after_voice, ports }));
  }
}

function parsed(text) {
  try {
    return JSON.parse(text) ?? {};
  } catch {
    return {}; // damaged: everything is asked again
  }
}
