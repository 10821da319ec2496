"""The panels below the grid: fill from the collection, generate, results, files and the DX7, hit rates."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from corpus.analysis.facets import SCALES, Filters
from corpus.cartridges.cartridge import FilledSlot
from corpus.cartridges.draft import EMPTY_CARTRIDGE
from corpus.cartridges.editor import CartridgeEditor
from corpus.cartridges.filling import SlotChoice
from corpus.cartridges.naming import legal_name
from corpus.cartridges.ratings import hit_rates
from corpus.cartridges.writing import cartridge_bytes, cartridge_sidecar, file_stem
from corpus.labels.journal import read_journals
from dx7.errors import CartwrightError, FormatError
from dx7.formats.files import read_bank_bytes
from dx7.hardware.instrument import BANK_CONFIRMATION
from dx7.voices.parameters import VOICES_IN_BANK
from dx7.voices.voice import Voice
from labeler.audio.audio_request import encode_voice
from labeler.cartridge.actions import PanelSettings, fill_from_collection
from labeler.cartridge.generation_jobs import Destination, GenerationJobs
from labeler.cartridge.generation_panel import draw_generation_panel
from labeler.cartridge.results_panel import draw_results
from labeler.page.components import mount
from labeler.page.context import Context
from labeler.page.wording import category_titles

_CHOICES = {
    "the most frequent": SlotChoice.COMMON,
    "the most varied": SlotChoice.VARIED,
    "a walk by sound": SlotChoice.WALK,
}
_ANYTHING = "any"
_mount_sender = mount("midi/send_bank")


def draw_panels(editor: CartridgeEditor, jobs: GenerationJobs, context: Context) -> PanelSettings:
    """Draw all panels, perform what was started in one, and return their settings."""
    titles = category_titles()
    tabs = st.tabs(["Fill from the collection", "Generate", "Generated voices", "File and DX7", "Hit rate"])
    with tabs[0]:
        text, filters, choice, into, is_filling = _draw_filling(titles)
    with tabs[1]:
        sampling, make_job = draw_generation_panel(editor.cartridge, titles, into)
    settings = PanelSettings(text, filters, choice, sampling, into)
    try:
        if is_filling:
            jobs.show(fill_from_collection(editor, context, settings, choice=choice))
        if make_job:
            jobs.start([make_job(sampling)], seed=sampling.seed)
        with tabs[2]:
            draw_results(editor.cartridge, jobs.batches, titles)
        with tabs[3]:
            _draw_file(editor, jobs)
        with tabs[4]:
            _draw_hits(context, titles)
    except CartwrightError as error:
        jobs.fail(error)
    return settings


def _draw_filling(titles: dict[str, str]) -> tuple[str, Filters, SlotChoice, Destination, bool]:
    first = st.columns([3, 2, 2, 2], vertical_alignment="bottom")
    categories = first[0].multiselect("Categories", list(titles), format_func=titles.__getitem__, key="fill-categories")
    text = first[1].text_input("In the name", key="fill-text")
    which: str = first[2].selectbox("Which", list(_CHOICES), key="fill-choice")
    into = Destination(first[3].selectbox("Into", [*map(str, Destination)], key="fill-into"))
    second = st.columns([1.4, 1.4, 1.4, 1.5, 1.7, 1.6], vertical_alignment="bottom")
    words = {}
    for column, (name, scale) in zip(second, SCALES.items(), strict=False):
        words[name] = column.selectbox(name.capitalize(), [_ANYTHING, *scale.words], key=f"fill-{name}")
    healthy = second[3].checkbox("Healthy only", value=True, key="fill-healthy")
    one = second[4].checkbox("One of a family", value=True, key="fill-family")
    is_filling = second[5].button("Fill", shortcut="f", width="stretch", type="primary", key="fill")
    ranges = {name: SCALES[name].ranges()[word] for name, word in words.items() if word != _ANYTHING}
    filters = Filters(
        categories=tuple(categories),
        brightness=ranges.get("brightness"),
        attack=ranges.get("attack"),
        release=ranges.get("release"),
        healthy=healthy,
        one_per_family=one,
        generated=False,
        filler=False,
    )
    return text, filters, _CHOICES[which], into, is_filling


def _draw_file(editor: CartridgeEditor, jobs: GenerationJobs) -> None:
    cartridge = editor.cartridge
    data = cartridge_bytes(cartridge)
    stem = file_stem(cartridge.title)
    columns = st.columns([2, 1.3, 1.3, 3], vertical_alignment="bottom")
    title = columns[0].text_input("Title", cartridge.title, max_chars=40, key=f"cartridge-title-{cartridge.title}")
    columns[1].download_button(
        f"{stem}.syx", data, f"{stem}.syx", "application/octet-stream", shortcut="s", width="stretch", key="save"
    )
    columns[2].download_button(
        "Sidecar .json",
        cartridge_sidecar(cartridge),
        f"{stem}.json",
        "application/json",
        width="stretch",
        key="sidecar",
    )
    given = columns[3].file_uploader("Open a bank", type=["syx"], key="cartridge-open")
    _draw_sender(cartridge.voices())
    called = cartridge.called(title)
    if called != cartridge:
        editor.change("title", called)
        st.rerun()
    if given is not None and st.session_state.get("cartridge-opened") != given.file_id:
        st.session_state["cartridge-opened"] = given.file_id
        jobs.show(_open(editor, given.name, given.getvalue()))


def _draw_sender(voices: Sequence[Voice]) -> None:
    """Draw the field for the confirmation and the button that it enables. The browser asks the server to send."""
    rows = [{"voice": encode_voice(voice), "name": voice.name} for voice in voices]
    _mount_sender(data={"voices": rows, "confirmation": BANK_CONFIRMATION}, key="sendbank")


def _open(editor: CartridgeEditor, name: str, data: bytes) -> str:
    bank = read_bank_bytes(data, name)
    if bank.rejection:
        raise FormatError(f"{name} holds no voices: {bank.rejection.message}")
    voices = bank.voices()[:VOICES_IN_BANK]
    slots = [
        FilledSlot(voice.replace(name=legal_name(voice.name)), source=f"{name} · slot {number}")
        for number, voice in enumerate(voices, 1)
    ]
    stem = name.rpartition(".")[0]
    editor.change("open", EMPTY_CARTRIDGE.called(stem).add(slots))
    return f"{len(editor.cartridge)} voices of {name}"


def _draw_hits(context: Context, titles: dict[str, str]) -> None:
    rates = hit_rates(read_journals(context.journals).answers)
    if not rates:
        st.text(
            "No rated voices yet. Generate some, listen, and keep (Enter), reject (X) or label (a category's key) each."
        )
        return
    st.dataframe(
        [
            {
                "Requested": titles.get(rate.category, rate.category),
                "Kept": rate.rate,
                "Heard": rate.heard,
                "As requested": rate.kept,
                "Something else": rate.other,
                "Rejected": rate.rejected,
            }
            for rate in rates
        ],
        column_config={"Kept": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1)},
        width="stretch",
        hide_index=True,
    )
