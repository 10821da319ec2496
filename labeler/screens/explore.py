"""Explore: find voices by name, by facet, by sound and on the map, and answer for many of them at once."""

from __future__ import annotations

from collections.abc import Iterable

import streamlit as st

from corpus.analysis.recording_search import has_timbres, measure_timbres
from corpus.analysis.sound_map import is_mapped
from corpus.labels.answer import AnswerKind
from corpus.storage.store import open_store
from dx7.errors import CartwrightError, StoreError
from dx7.sound.wav import decode_wav
from labeler.explore.components import draw_finder, draw_map, value_of
from labeler.explore.explore_state import SHOWN, ExploreResults, ExploreState, ResultSource
from labeler.explore.map_points import MAP_POINTS, encode_found
from labeler.explore.tiles import result_tiles
from labeler.page.context import Context
from labeler.processes.commands import lay_out_map
from labeler.widgets.voice_grid import LABEL, GridAction, GridEvent, draw_voice_grid

_FINDER, _MAP, _RACK, _FILE = "explore-finder", "explore-map", "explore-rack", "explore-recording"
_NO_MAP = (
    "There is no map of these voices yet. One of 28,000 takes a minute; unheard voices are heard first, 5 ms each.",
    "Lay out the map",
)
_GAPS = ("Some voices are not on the map yet. They are heard, and set among the others.", "Put them on the map")
_MOST_SHOWN = 20 * SHOWN  # tiles at once


def draw(context: Context) -> None:
    """Draw the page and do what was asked for since it was drawn last."""
    desk = _desk(context)
    _take_in(desk)
    left, right = st.columns([1, 3.2], gap="small")
    shown = _read(desk)
    count = f"{shown.narrowed.voices:,} voices in {shown.narrowed.families:,} families"
    with left:
        draw_finder(shown.narrowed, count, text=desk.text, chosen=desk.chosen, key=_FINDER)
        _draw_recording(desk)
    with right:
        _draw_map(desk, shown)
    acted = False
    for event in _draw_found(desk, shown):
        try:
            _act(desk, event)
        except CartwrightError as error:  # told, and done with: it must not come again and again
            desk.notice = str(error)
        acted = True
    if acted:
        st.rerun()


def _read(desk: ExploreState) -> ExploreResults:
    """What is to be drawn; where that cannot be had, why, and the plain search instead."""
    try:
        return desk.read()
    except CartwrightError as error:
        if desk.shows is ResultSource.FOUND and not desk.chosen:
            raise
        desk.chosen = {}
        desk.show(ResultSource.FOUND)
        desk.notice = str(error)
        return desk.read()


def _desk(context: Context) -> ExploreState:
    key = f"explore-desk-{context.labeller}"
    if key not in st.session_state:
        st.session_state[key] = ExploreState(context)
    desk: ExploreState = st.session_state[key]
    st.session_state["explore-desk"] = desk
    return desk


def _take_in(desk: ExploreState) -> None:
    """What the finder and the map have said since the last run. What they said before is remembered by its content."""
    query, selection = value_of(_FINDER, "query"), value_of(_MAP, "selection")
    if query is not None and query != st.session_state.get("explore-query"):
        st.session_state["explore-query"] = query
        desk.find(query)
    if selection is not None and selection != st.session_state.get("explore-selection"):
        st.session_state["explore-selection"] = selection
        try:
            desk.select(MAP_POINTS.selected(desk.context.store, selection))
        except StoreError as error:
            desk.notice = str(error)


def _draw_map(desk: ExploreState, shown: ExploreResults) -> None:
    with open_store(desk.context.store, read_only=True) as connection:
        is_ready = is_mapped(connection)
    sent = MAP_POINTS.latest(desk.context.store)
    if sent.voice_ids:
        found = None if shown.matching is None else encode_found(sent.voice_ids, shown.matching)
        draw_map(sent.address, found=found, cleared=desk.cleared, key=_MAP, on_like=_on_like)
    if not is_ready:
        words, button = _GAPS if sent.voice_ids else _NO_MAP
        st.text(words)
        if st.button(button, key="explore-lay-out"):
            with st.spinner("Hearing what is new, and laying out the map"):
                lay_out_map(desk.context.store)
            st.rerun()


def _on_like() -> None:
    voice_id, desk = value_of(_MAP, "like"), st.session_state.get("explore-desk")
    if voice_id and desk:
        desk.show_like(str(voice_id))


def _draw_recording(desk: ExploreState) -> None:
    with st.expander("Find by a recording of a note"):
        dropped = st.file_uploader("A WAV file", type=["wav", "wave"], key=_FILE, label_visibility="collapsed")
        if dropped is None:
            return
        if dropped.file_id != st.session_state.get("explore-recorded"):
            st.session_state["explore-recorded"] = dropped.file_id
            try:
                recording = decode_wav(dropped.getvalue())
                _ready_timbres(desk)
                desk.show_recording(recording)
            except CartwrightError as error:
                desk.notice = str(error)
            st.rerun()


def _ready_timbres(desk: ExploreState) -> None:
    with open_store(desk.context.store, read_only=True) as connection:
        if has_timbres(connection):
            return
    bar = st.progress(0.0, "Hearing the timbre of every voice, once: 6 ms a voice and core")

    def tell(done: int, total: int) -> None:
        if done % 100 == 0:
            bar.progress(done / total)

    measure_timbres(desk.context.store, progress=tell)


def _draw_found(desk: ExploreState, shown: ExploreResults) -> Iterable[GridEvent]:
    heading, notice = st.columns([1, 2], vertical_alignment="center")
    heading.text(f"{shown.heading}{f', {len(shown.found):,} shown' if len(shown.found) < shown.total else ''}")
    notice.text(" ".join(filter(None, (desk.notice, desk.proposal.words() if desk.proposal else ""))))
    return draw_voice_grid(
        result_tiles(shown.found, shown.voices, shown.opinions),
        key=_RACK,
        actions=_actions(desk, shown),
        pads=True,
        columns=4,
    )


def _actions(desk: ExploreState, shown: ExploreResults) -> list[GridAction]:
    actions = []
    if desk.proposal:
        count = len(desk.proposal.preview.voices)
        actions.append(GridAction("confirm", "enter", f"Answer for {count:,}", primary=True))
        actions.append(GridAction("back", "escape", "Not so"))
    elif desk.shows is not ResultSource.FOUND:
        actions.append(GridAction("back", "escape", "Back to the search"))
    actions.append(GridAction("like", "k", "More like it"))
    if desk.shows is ResultSource.FOUND:
        actions.append(GridAction("all", "a", f"Select all {shown.narrowed.voices:,}"))
        actions.append(GridAction("families", "f", "Every copy" if desk.one_per_family else "One a family"))
    if len(shown.found) < min(shown.total, _MOST_SHOWN):
        actions.append(GridAction("more", "j", "Show more"))
    actions.append(GridAction("broken", "x", "Broken"))
    actions.append(GridAction("undo", "u", "Undo"))
    return actions


def _act(desk: ExploreState, event: GridEvent) -> None:
    if event.action == LABEL:
        desk.propose(AnswerKind.LABEL, event)
    elif event.action == "broken":
        desk.propose(AnswerKind.BROKEN, event)
    elif event.action == "confirm":
        desk.confirm(event)
    elif event.action == "undo":
        desk.undo()
    elif event.action == "back":
        desk.back()
    elif event.action == "like" and event.at:
        desk.show_like(event.at)
    elif event.action == "all":
        desk.select_all()
    elif event.action == "families":
        desk.one_per_family = not desk.one_per_family
        desk.show(ResultSource.FOUND)
    elif event.action == "more":
        desk.shown = min(desk.shown + SHOWN, _MOST_SHOWN)
