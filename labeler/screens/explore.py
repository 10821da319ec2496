"""The Explore page: find voices by name, facets, sound and map, and answer for many of them at once."""

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

_FINDER, _MAP, _GRID, _FILE = "explore-finder", "explore-map", "explore-grid", "explore-recording"
_NO_MAP = (
    "There is no map of these voices yet. Voices are analysed first, 5 ms each; 28,000 take a minute more.",
    "Lay out the map",
)
_GAPS = (
    "Some voices are not on the map yet. They are analysed and placed among the others.",
    "Put them on the map",
)
_MOST_SHOWN = 20 * SHOWN  # tiles at once


def draw(context: Context) -> None:
    """Draw the page and perform the actions since the last run."""
    state = _state_of(context)
    _handle_values(state)
    left, right = st.columns([1, 3.2], gap="small")
    shown = _read(state)
    count = f"{shown.narrowed.voices:,} voices in {shown.narrowed.families:,} families"
    with left:
        draw_finder(shown.narrowed, count, text=state.text, chosen=state.chosen, key=_FINDER)
        _draw_recording(state)
    with right:
        _draw_map(state, shown)
    acted = False
    for event in _draw_found(state, shown):
        try:
            _act(state, event)
        except CartwrightError as error:  # shown once: the action must not be repeated at every run
            state.notice = str(error)
        acted = True
    if acted:
        st.rerun()


def _read(state: ExploreState) -> ExploreResults:
    """What the page shows; if it cannot be read, the search without facets and the reason as a notice."""
    try:
        return state.read()
    except CartwrightError as error:
        if state.shows is ResultSource.FOUND and not state.chosen:
            raise
        state.chosen = {}
        state.show(ResultSource.FOUND)
        state.notice = str(error)
        return state.read()


def _state_of(context: Context) -> ExploreState:
    key = f"explore-state-{context.labeller}"
    if key not in st.session_state:
        st.session_state[key] = ExploreState(context)
    state: ExploreState = st.session_state[key]
    st.session_state["explore-state"] = state
    return state


def _handle_values(state: ExploreState) -> None:
    """Handle new values of the finder and the map. A value is new if it differs from the last one handled."""
    query, selection = value_of(_FINDER, "query"), value_of(_MAP, "selection")
    if query is not None and query != st.session_state.get("explore-query"):
        st.session_state["explore-query"] = query
        state.find(query)
    if selection is not None and selection != st.session_state.get("explore-selection"):
        st.session_state["explore-selection"] = selection
        try:
            state.select(MAP_POINTS.selected(state.context.store, selection))
        except StoreError as error:
            state.notice = str(error)


def _draw_map(state: ExploreState, shown: ExploreResults) -> None:
    with open_store(state.context.store, read_only=True) as connection:
        is_ready = is_mapped(connection)
    sent = MAP_POINTS.latest(state.context.store)
    if sent.voice_ids:
        found = None if shown.matching is None else encode_found(sent.voice_ids, shown.matching)
        draw_map(sent.address, found=found, cleared=state.cleared, key=_MAP, on_like=_on_like)
    if not is_ready:
        words, button = _GAPS if sent.voice_ids else _NO_MAP
        st.text(words)
        if st.button(button, key="explore-lay-out"):
            with st.spinner("Analysing new voices and laying out the map"):
                lay_out_map(state.context.store)
            st.rerun()


def _on_like() -> None:
    voice_id, state = value_of(_MAP, "like"), st.session_state.get("explore-state")
    if voice_id and state:
        state.show_like(str(voice_id))


def _draw_recording(state: ExploreState) -> None:
    with st.expander("Find by a recording of a note"):
        dropped = st.file_uploader("A WAV file", type=["wav", "wave"], key=_FILE, label_visibility="collapsed")
        if dropped is None:
            return
        if dropped.file_id != st.session_state.get("explore-recorded"):
            st.session_state["explore-recorded"] = dropped.file_id
            try:
                recording = decode_wav(dropped.getvalue())
                _ready_timbres(state)
                state.show_recording(recording)
            except CartwrightError as error:
                state.notice = str(error)
            st.rerun()


def _ready_timbres(state: ExploreState) -> None:
    with open_store(state.context.store, read_only=True) as connection:
        if has_timbres(connection):
            return
    bar = st.progress(0.0, "Measuring the timbre of every voice, once: 6 ms per voice and core")

    def report(done: int, total: int) -> None:
        if done % 100 == 0:
            bar.progress(done / total)

    measure_timbres(state.context.store, progress=report)


def _draw_found(state: ExploreState, shown: ExploreResults) -> Iterable[GridEvent]:
    heading, notice = st.columns([1, 2], vertical_alignment="center")
    heading.text(f"{shown.heading}{f', {len(shown.found):,} shown' if len(shown.found) < shown.total else ''}")
    notice.text(" ".join(filter(None, (state.notice, state.proposal.words() if state.proposal else ""))))
    return draw_voice_grid(
        result_tiles(shown.found, shown.voices, shown.opinions),
        key=_GRID,
        actions=_actions(state, shown),
        pads=True,
        columns=4,
    )


def _actions(state: ExploreState, shown: ExploreResults) -> list[GridAction]:
    actions = []
    if state.proposal:
        count = len(state.proposal.preview.voices)
        actions.append(GridAction("confirm", "enter", f"Answer for {count:,}", primary=True))
        actions.append(GridAction("back", "escape", "Cancel"))
    elif state.shows is not ResultSource.FOUND:
        actions.append(GridAction("back", "escape", "Back to the search"))
    actions.append(GridAction("like", "k", "More like it"))
    if state.shows is ResultSource.FOUND:
        actions.append(GridAction("all", "a", f"Select all {shown.narrowed.voices:,}"))
        actions.append(GridAction("families", "f", "Every copy" if state.one_per_family else "One per family"))
    if len(shown.found) < min(shown.total, _MOST_SHOWN):
        actions.append(GridAction("more", "j", "Show more"))
    actions.append(GridAction("broken", "x", "Broken"))
    actions.append(GridAction("undo", "u", "Undo"))
    return actions


def _act(state: ExploreState, event: GridEvent) -> None:
    if event.action == LABEL:
        state.propose(AnswerKind.LABEL, event)
    elif event.action == "broken":
        state.propose(AnswerKind.BROKEN, event)
    elif event.action == "confirm":
        state.confirm(event)
    elif event.action == "undo":
        state.undo()
    elif event.action == "back":
        state.back()
    elif event.action == "like" and event.at:
        state.show_like(event.at)
    elif event.action == "all":
        state.select_all()
    elif event.action == "families":
        state.one_per_family = not state.one_per_family
        state.show(ResultSource.FOUND)
    elif event.action == "more":
        state.shown = min(state.shown + SHOWN, _MOST_SHOWN)
