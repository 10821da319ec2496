"""The rack as a component: tiles in, what was done with them out."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from corpus.labels.new_answer import refusal_of_dwell
from dx7.shared.categories import load_categories
from dx7.voices.voice import Voice
from labeler.audio.audio_request import encode_voice
from labeler.page.components import keep, mount

LABEL, MOVE, RENAME = "label", "move", "rename"  # actions that a rack knows itself
_mount = mount("grid/voice_grid")


@dataclass(frozen=True, slots=True)
class Tile:
    """A voice of a rack. ``category`` gives its colour and phrase, ``gauge`` (0 to 1) is a thin bar, such as a
    probability; tiles of one ``group`` stand together under it as a heading; ``marked`` is the mark it begins with. A
    tile that ``is_empty`` holds a place for a voice and never sounds. ``hint`` is read where one points at the detail.
    """

    key: str
    voice: Voice
    name: str
    detail: str = ""
    badges: tuple[str, ...] = ()
    category: str | None = None
    group: str = ""
    gauge: float | None = None
    marked: bool = False
    is_empty: bool = False
    hint: str = ""


@dataclass(frozen=True, slots=True)
class GridAction:
    """Something that can be done: a button, and a ``key`` that presses it (one character, "enter" or "delete")."""

    name: str
    key: str
    title: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class GridEvent:
    """One thing that was done: an action's name, or "label" (a category pad), "move" or "rename".

    ``at`` is the tile under the cursor, ``marked`` and ``order`` the keys of tiles, ``text`` the new name,
    ``heard`` for how many seconds each tile has sounded since it came into the rack, ``way`` on what.
    """

    action: str
    at: str | None
    marked: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    order: tuple[str, ...] = ()
    text: str = ""
    heard: Mapping[str, float] | None = None
    way: str = "engine"

    def was_heard(self, key: str | None = None) -> bool:
        """Whether a tile, by default the one under the cursor, has sounded long enough to be answered."""
        seconds = (self.heard or {}).get(key or self.at or "", 0.0)
        return refusal_of_dwell(seconds) is None


@dataclass(slots=True)
class _Seen:
    """Which events of which rack in the browser have been handled, and how many of all racks there ever were."""

    session: str | None = None
    sequence: int = 0
    done: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)


def draw_voice_grid(
    tiles: Sequence[Tile],
    *,
    key: str,
    actions: Sequence[GridAction] = (),
    pads: bool = False,
    markable: bool = True,
    movable: bool = False,
    renamable: bool = False,
    columns: int = 4,
    autoplay: bool = False,
    through: bool = False,
) -> Iterator[GridEvent]:
    """Draw voices and return what was done since the last run, in order.

    ``pads`` adds the category pads and their keys; Shift adds a second category. ``autoplay`` sounds the first tile of
    a new set of tiles by itself; ``through`` lets L play one after the other, from the cursor to the end. Call it once
    a run for a ``key``; then loop over the events to their end, and ``st.rerun()`` if what is drawn has to change: the
    component goes on showing the old tiles until then.

    An event counts as done when the loop comes back for the next. Streamlit may break a run off at any of its calls,
    ``st.session_state`` among them: an event whose handling makes none is handled exactly once, and one that was
    broken off comes again. It may also begin a run before the last has ended; then the later one waits for the loop
    of the earlier.
    """
    seen = st.session_state.setdefault(f"rack-{key}", _Seen())
    report = (st.session_state.get(key) or {}).get("report")
    _mount(
        data={
            "tiles": [_facts(tile) for tile in tiles],
            "actions": [{name: getattr(action, name) for name in GridAction.__slots__} for action in actions],
            "categories": [
                {"key": each.key, "title": each.title, "colour": each.colour, "shortcut": each.shortcut}
                for each in load_categories()
            ],
            "pads": pads,
            "markable": markable,
            "movable": movable,
            "renamable": renamable,
            "columns": columns,
            "autoplay": autoplay,
            "through": through,
            "session": seen.session,
            "acknowledged": seen.sequence,
        },
        key=key,
        on_report_change=keep,
    )
    return _new_events(report, seen, drawn=seen.done)


def _new_events(report: Any, seen: _Seen, *, drawn: int) -> Iterator[GridEvent]:
    if not isinstance(report, Mapping) or not isinstance(report.get("events"), Sequence):
        return
    with seen.lock:
        handled = 0
        if report.get("session") != seen.session:  # the browser has made the rack anew
            seen.session, seen.sequence = report.get("session"), 0
        for fields in report["events"]:
            if int(fields["sequence"]) > seen.sequence:
                yield _event(fields)
                seen.sequence = int(fields["sequence"])
                handled += 1
        others_handled = seen.done > drawn
        seen.done += handled
    if others_handled and not handled:  # the tiles of this run are from before
        st.rerun()


def _event(fields: Mapping[str, Any]) -> GridEvent:
    at = fields.get("at")
    return GridEvent(
        action=str(fields["action"]),
        at=None if at is None else str(at),
        marked=tuple(map(str, fields.get("marked") or ())),
        categories=tuple(map(str, fields.get("categories") or ())),
        order=tuple(map(str, fields.get("order") or ())),
        text=str(fields.get("text") or ""),
        heard={str(tile): float(seconds) for tile, seconds in dict(fields.get("heard") or {}).items()},
        way=str(fields.get("way") or "engine"),
    )


def _facts(tile: Tile) -> dict[str, Any]:
    return {
        "key": tile.key,
        "sound": encode_voice(tile.voice),
        "name": tile.name,
        "detail": tile.detail,
        "badges": list(tile.badges),
        "category": tile.category,
        "group": tile.group,
        "gauge": tile.gauge,
        "marked": tile.marked,
        "empty": tile.is_empty,
        "hint": tile.hint,
    }
