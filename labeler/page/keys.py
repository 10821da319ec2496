"""The keys of the app in one table. ``front/constants.js`` is written from it.

A key is named as a browser names it, in lower case (``KeyboardEvent.key``). Keys of the piano are named by their place
on the keyboard (``KeyboardEvent.code``), so that every layout has the same piano.
"""

from __future__ import annotations

from typing import NamedTuple


class DeckKey(NamedTuple):
    """A button of the deck, and the key that presses it, as the browser names it and as the button shows it."""

    name: str
    key: str
    shown: str
    title: str


DECK_KEYS = (
    DeckKey("replay", " ", "Space", "Replay"),
    DeckKey("skip", "s", "S", "Skip"),
    DeckKey("unsure", "d", "D", "Unsure"),
    DeckKey("broken", "x", "X", "Broken"),
    DeckKey("favourite", "f", "F", "Favourite"),
    DeckKey("undo", "u", "U", "Undo"),
    DeckKey("back", "arrowleft", "←", "Back"),
    DeckKey("forward", "arrowright", "→", "Forward"),
    DeckKey("higher", "arrowup", "↑", "Higher"),
    DeckKey("lower", "arrowdown", "↓", "Lower"),
    DeckKey("softer", ",", ",", "Softer"),
    DeckKey("louder", ".", ".", "Harder"),
    DeckKey("note", "n", "N", "Other note"),
    DeckKey("compare", "v", "V", "Compare"),
    DeckKey("piano", "p", "P", "Piano"),
)
DECK_ALIASES = {"backspace": "undo", "enter": "accept"}  # keys without a button of their own
QUALITY_KEYS = "hjklm"  # 1 to 5, under the right hand
OPERATOR_KEY = "o"  # then 1 to 6: that operator off, and on again
PIANO_KEYS = (
    *("KeyA", "KeyW", "KeyS", "KeyE", "KeyD", "KeyF", "KeyT", "KeyG", "KeyY", "KeyH", "KeyU", "KeyJ", "KeyK"),
    *("KeyO", "KeyL", "KeyP", "Semicolon"),
)  # from C upwards, one semitone each
PIANO_CONTROLS = {"KeyZ": "octave down", "KeyX": "octave up", "KeyC": "softer", "KeyV": "harder"}
SHELL_KEY = "g"  # on every page, then the letter of a page or one of these
SHELL_COMMANDS = {"l": "next device", "n": "name", "x": "silence", "?": "keys"}
GRID_KEYS = {"m": "mark", "f2": "rename", "l": "play all", " ": "replay", "home": "first", "end": "last"}
MAP_KEYS = {
    "c": "colour",
    "l": "lasso",
    "n": "grow",
    "k": "like",
    "+": "in",
    "=": "in",
    "-": "out",
    "h": "whole",
    "escape": "clear",
    " ": "replay",
}
MAP_FOCUS_KEY = "v"  # to the map and back
SEARCH_KEY = "/"
BANK_LIST_KEYS = {"pageup": "previous page", "pagedown": "next page", "[": "previous bank", "]": "next bank"}

# A category's shortcut cannot be one of these: the deck or the bar above every page needs it.
RESERVED_KEYS = frozenset({*(key.key for key in DECK_KEYS), *DECK_ALIASES, *QUALITY_KEYS, OPERATOR_KEY, SHELL_KEY})
