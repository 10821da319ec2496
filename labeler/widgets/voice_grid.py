"""The voice grid: voices as tiles to play, mark, move, rename and label. Every page except the Deck has one."""

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

LABEL, MOVE, RENAME = "label", "move", "rename"  # actions of every grid
_mount = mount("grid/voice_grid")


@dataclass(frozen=True, slots=True)
class Tile:
    """A voice in the grid. ``category`` gives its colour and phrase; ``gauge`` (0 to 1) is a thin bar, such as a
    probability. Tiles of one ``group`` are drawn under it as a heading. ``marked`` is the initial mark. A tile that
    ``is_empty`` is an empty place that plays nothing. ``hint`` is the tooltip of the detail.
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
    """A button and the ``key`` that presses it: one character, "enter", "delete" or "escape"."""

    name: str
    key: str
    title: str
    primary: bool = False


@dataclass(frozen=True, slots=True)
class GridEvent:
    """One user action: the name of a button's action, or "label" (a category pad), "move" or "rename".

    ``at`` is the tile under the cursor; ``marked`` and ``order`` are keys of tiles; ``text`` is the new name.
    ``heard`` is how many seconds each tile has played since it came into the grid, ``way`` the playback output.
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
        """Whether a tile, by default the one under the cursor, has played long enough to be answered."""
        seconds = (self.heard or {}).get(key or self.at or "", 0.0)
        return refusal_of_dwell(seconds) is None


@dataclass(slots=True)
class _Handled:
    """How many events were handled: of the present grid in the browser, and the number of all earlier ones."""

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
    """Draw the grid and return the events since the last run, in order.

    ``pads`` adds the category pads and their keys; Shift adds a second category. ``autoplay`` plays the first tile of
    a new set of tiles; ``through`` lets L play all tiles from the cursor on. Call it once per run for a ``key``. Then
    loop over all events, and call ``st.rerun()`` if the tiles have changed: the browser shows the old ones until then.

    An event is done when the loop asks for the next one. Streamlit may interrupt a run at any call of its own, even
    ``st.session_state``. A handler that makes no Streamlit call runs exactly once; a handler that is interrupted runs
    again on the next rerun. Streamlit may also start a run before the last one has ended; the later run then waits
    for the loop of the earlier one.
    """
    seen = st.session_state.setdefault(f"rack-{key}", _Handled())
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


def _new_events(report: Any, seen: _Handled, *, drawn: int) -> Iterator[GridEvent]:
    if not isinstance(report, Mapping) or not isinstance(report.get("events"), Sequence):
        return
    with seen.lock:
        handled = 0
        if report.get("session") != seen.session:  # the browser has made a new grid
            seen.session, seen.sequence = report.get("session"), 0
        for fields in report["events"]:
            if int(fields["sequence"]) > seen.sequence:
                yield _event(fields)
                seen.sequence = int(fields["sequence"])
                handled += 1
        others_handled = seen.done > drawn
        seen.done += handled
    if others_handled and not handled:  # the tiles of this run are outdated
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
