"""The Banks page: ingest dropped files, browse banks slot by slot, download them as found or clean."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from corpus.ingest.bank import BankSlot, StoredBank, clean_cartridges, read_stored_bank
from corpus.ingest.bank_list import BANKS_PER_PAGE, BankList, BankRow, list_banks, read_sources
from corpus.ingest.report import reason_words
from corpus.ingest.uploads import UploadResult, ingest_uploads, safe_name
from corpus.storage.reconstruction import rebuild_file
from corpus.storage.store import open_store
from corpus.suggest.source_names import describe_predictions
from dx7.errors import CartwrightError
from labeler.page.components import keep, mount
from labeler.page.context import Context
from labeler.page.plain_text import as_text
from labeler.processes.commands import lay_out_map
from labeler.widgets.voice_grid import Tile, draw_voice_grid

_LIST, _GRID = "banks-list", "banks-grid"
_MOST_LISTED = 40  # dropped files in the report
_MOST_CLEAN = 4  # downloads of a large bank
_MOST_PAGES = 1_000_000
MEGABYTES = 200  # of one dropped file
_mount_list = mount("banks/bank_list")


@dataclass(frozen=True, slots=True)
class _Read:
    """A page of the list, and the open bank if there is one."""

    listed: BankList
    sources: dict[str, int]
    bank: StoredBank | None


def draw(context: Context) -> None:
    """Draw the page and perform the actions since the last run."""
    left, right = st.columns([1, 2], gap="medium")
    with left:
        _draw_drop(context)
    asked = dict((st.session_state.get(_LIST) or {}).get("asked") or {})
    page = asked.get("page")
    page = page if isinstance(page, int) and 0 <= page < _MOST_PAGES else 0
    read = _read(context, str(asked.get("text") or "")[:200], str(asked.get("source") or ""), page, _opened(asked))
    with left:
        _draw_list(read, page)
    with right:
        if read.bank is None:
            st.text("Choose a bank in the list to see its slots.")
        else:
            _draw_bank(context, read.bank)


def _opened(asked: dict[str, Any]) -> object:
    """The bank to show: the one chosen in the list; before a choice, the one dropped last."""
    drop = st.session_state.get("banks-drop-result")
    if drop is not None and asked == (st.session_state.get("banks-asked-then") or {}):
        return next((each.file_sha for each in drop.files if each.voices), asked.get("open"))
    return asked.get("open")


def _read(context: Context, text: str, source: str, page: int, opened: object) -> _Read:
    with open_store(context.store, read_only=True) as connection:
        listed = list_banks(connection, text, source, page=page)
        sha = str(opened) if opened else (listed.rows[0].file_sha if listed.rows else None)
        bank = None
        if sha:
            try:
                bank = read_stored_bank(connection, sha)
            except CartwrightError as error:
                st.error(as_text(error))
        return _Read(listed, read_sources(connection), bank)


def _draw_list(read: _Read, page: int) -> None:
    _mount_list(
        data={
            "places": read.listed.paths,
            "contents": read.listed.contents,
            "page": page,
            "pages": max(1, -(-read.listed.paths // BANKS_PER_PAGE)),
            "rows": [_row(row) for row in read.listed.rows],
            "sources": [{"source": source, "places": places} for source, places in read.sources.items()],
            "open": read.bank.file_sha if read.bank else None,
        },
        key=_LIST,
        on_asked_change=keep,
    )


def _row(row: BankRow) -> dict[str, object]:
    folder = row.path[: -len(row.name)].rstrip("/!")
    facts = [f"{row.voices} voices"]
    facts += [f"{row.copies} places"] if row.copies > 1 else []
    facts += [f"{row.issues} warnings"] if row.issues else []
    facts += ["generated"] if row.generated else []
    return {"sha": row.file_sha, "name": row.name, "folder": folder, "facts": " · ".join(facts)}


def _draw_bank(context: Context, bank: StoredBank) -> None:
    _draw_downloads(context, bank)
    twice = sum(slot.is_duplicate for slot in bank.slots)
    facts = f"{bank.size:,} bytes, {bank.format}, {len(bank.slots)} voices, {twice} of them elsewhere too"
    heading = f"{bank.name}: {facts}"
    draw_voice_grid([_tile(slot, heading) for slot in bank.slots], key=_GRID, markable=False, columns=4)
    with st.expander(f"Warnings ({len(bank.issues)}), and where it was found ({len(bank.paths)})"):
        for words in (*bank.issues, *bank.paths):
            st.text(words)


def _draw_downloads(context: Context, bank: StoredBank) -> None:
    name = safe_name(bank.name)
    stem = Path(name).stem
    clean = clean_cartridges(bank.slots)
    with open_store(context.store, read_only=True) as connection:
        original = rebuild_file(connection, bank.file_sha)
    with st.container(horizontal=True):
        st.download_button("As found, byte for byte", original, name, key="banks-original", on_click="ignore")
        for number, data in enumerate(clean[:_MOST_CLEAN], 1):
            words = "Clean, 32 voices" if len(clean) == 1 else f"Clean, part {number} of {len(clean)}"
            part = "" if len(clean) == 1 else f" {number}"
            st.download_button(words, data, f"{stem} clean{part}.syx", key=f"banks-clean-{number}", on_click="ignore")


def _tile(slot: BankSlot, heading: str) -> Tile:
    facts = [f"{slot.category}{'?' if slot.is_suggestion else ''}"] if slot.category else []
    facts += [f"as slot {slot.same_as}"] if slot.same_as else []
    facts += (
        [f"in {slot.other_banks:,} other {'bank' if slot.other_banks == 1 else 'banks'}"] if slot.other_banks else []
    )
    facts += [] if slot.is_duplicate else ["only here"]
    return Tile(
        key=str(slot.slot),
        voice=slot.voice,
        name=f"{slot.slot:>2} {slot.name}",
        detail=" · ".join(facts),
        badges=(*slot.tags, *slot.repairs),
        category=slot.category,
        group=heading,
        hint=describe_predictions(slot.predictions) if slot.is_suggestion else "",
    )


def _draw_drop(context: Context) -> None:
    dropped = st.file_uploader(
        "Drop banks or archives of banks here", accept_multiple_files=True, key="banks-drop", max_upload_size=MEGABYTES
    )
    ids = tuple(file.file_id for file in dropped or ())
    if ids and ids != st.session_state.get("banks-dropped"):
        with st.spinner("Reading them"):
            files = ((file.name, file.getvalue()) for file in dropped or ())
            st.session_state["banks-drop-result"] = ingest_uploads(files, context.store, context.data / "banks")
        st.session_state["banks-dropped"] = ids
        st.session_state["banks-asked-then"] = (st.session_state.get(_LIST) or {}).get("asked")
    drop = st.session_state.get("banks-drop-result")
    if drop is not None:
        with st.container(border=True):
            _draw_ingest_report(context, drop)


def _draw_ingest_report(context: Context, drop: UploadResult) -> None:
    files, voices = drop.report.files, drop.report.voices
    came = f"{voices.new:,} new + {voices.duplicate:,} duplicate + {voices.rejected:,} rejected"
    st.text(
        f"files   {files.seen:,} seen = {files.read:,} read + {files.rejected:,} rejected\n"
        f"voices  {voices.seen:,} seen = {came}"
    )
    lines = [
        f"{title}: " + "; ".join(f"{reason_words(code)} ({count:,})" for code, count in counts.items())
        for title, counts in (
            ("Rejected", drop.report.rejected_files_by_reason),
            ("Warnings", drop.report.warnings_by_reason),
        )
        if counts
    ]
    lines += [f"{each.path}: {each.problem or f'{each.voices} voices'}" for each in drop.files[:_MOST_LISTED]]
    lines += [f"and {len(drop.files) - _MOST_LISTED:,} more"] if len(drop.files) > _MOST_LISTED else []
    st.text("\n".join(lines))
    if voices.new and st.button("Analyse the new voices and put them on the map", key="banks-hear"):
        with st.spinner("Analysing the new voices"):
            lay_out_map(context.store)
        st.rerun()
