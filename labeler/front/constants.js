// Written by labeler/widgets/front_constants.py from the constants of Python. Change them there.

export const LEAST_DWELL = 0.25;
export const NAME_LENGTH = 10;
export const ENVELOPE_FLOOR_DB = -60.0;
export const REQUEST_HEADER = "X-Cartwright";
export const SYSEX = 240;
export const END_OF_SYSEX = 247;
export const YAMAHA = 67;
export const VOICE_HEADER_TAIL = [0, 1, 27];
export const BANK_HEADER_TAIL = [9, 32, 0];
export const VOICE_MESSAGE_SIZE = 163;
export const BANK_MESSAGE_SIZE = 4104;
export const VOICE_MAXIMUM = [99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 3, 3, 7, 3, 7, 99, 1, 31, 99, 14, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 3, 3, 7, 3, 7, 99, 1, 31, 99, 14, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 3, 3, 7, 3, 7, 99, 1, 31, 99, 14, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 3, 3, 7, 3, 7, 99, 1, 31, 99, 14, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 3, 3, 7, 3, 7, 99, 1, 31, 99, 14, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 3, 3, 7, 3, 7, 99, 1, 31, 99, 14, 99, 99, 99, 99, 99, 99, 99, 99, 31, 7, 1, 99, 99, 99, 99, 1, 5, 7, 48, 127, 127, 127, 127, 127, 127, 127, 127, 127, 127];
export const NOTE_OFF = 128;
export const NOTE_ON = 144;
export const CONTROL_CHANGE = 176;
export const SUSTAIN_PEDAL = 64;
export const ALL_NOTES_OFF = 123;
export const ACTIVE_SENSING = 254;
export const CHANNELS = 16;
export const PAUSE_AFTER_VOICE = 0.1;
export const OWN_BACKUP = "own";
export const CHECKLIST_STEPS = {"channel": "the receive channel", "sys_info": "SYS INFO AVAIL", "unprotected": "MEM PROTECT INTERNAL off", "backup": "a backup of its 32 memories"};
export const DECK_KEYS = [
  {"name": "replay", "key": " ", "shown": "Space", "title": "Replay"},
  {"name": "skip", "key": "s", "shown": "S", "title": "Skip"},
  {"name": "unsure", "key": "d", "shown": "D", "title": "Unsure"},
  {"name": "broken", "key": "x", "shown": "X", "title": "Broken"},
  {"name": "favourite", "key": "f", "shown": "F", "title": "Favourite"},
  {"name": "undo", "key": "u", "shown": "U", "title": "Undo"},
  {"name": "back", "key": "arrowleft", "shown": "←", "title": "Back"},
  {"name": "forward", "key": "arrowright", "shown": "→", "title": "Forward"},
  {"name": "higher", "key": "arrowup", "shown": "↑", "title": "Higher"},
  {"name": "lower", "key": "arrowdown", "shown": "↓", "title": "Lower"},
  {"name": "softer", "key": ",", "shown": ",", "title": "Softer"},
  {"name": "louder", "key": ".", "shown": ".", "title": "Harder"},
  {"name": "note", "key": "n", "shown": "N", "title": "Other note"},
  {"name": "compare", "key": "v", "shown": "V", "title": "Compare"},
  {"name": "piano", "key": "p", "shown": "P", "title": "Piano"},
];
export const DECK_ALIASES = {"backspace": "undo", "enter": "accept"};
export const QUALITY_KEYS = ["h", "j", "k", "l", "m"];
export const OPERATOR_KEY = "o";
export const PIANO_KEYS = ["KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH", "KeyU", "KeyJ", "KeyK", "KeyO", "KeyL", "KeyP", "Semicolon"];
export const PIANO_CONTROLS = {"KeyZ": "octave down", "KeyX": "octave up", "KeyC": "softer", "KeyV": "harder"};
export const SHELL_KEY = "g";
export const SHELL_COMMANDS = {"l": "next device", "n": "name", "x": "silence", "?": "keys"};
export const GRID_KEYS = {"m": "mark", "f2": "rename", "l": "play all", " ": "replay", "home": "first", "end": "last"};
export const MAP_KEYS = {"c": "colour", "l": "lasso", "n": "grow", "k": "like", "+": "in", "=": "in", "-": "out", "h": "whole", "escape": "clear", " ": "replay"};
export const MAP_FOCUS_KEY = "v";
export const SEARCH_KEY = "/";
export const BANK_LIST_KEYS = {"pageup": "previous page", "pagedown": "next page", "[": "previous bank", "]": "next bank"};
