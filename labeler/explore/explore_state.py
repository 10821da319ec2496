"""The state of the Explore page in one browser tab: a search, a selection or similar voices, and a proposed answer.

An answer for several voices is proposed first, with a preview. It is given only when it is confirmed for exactly the
same voices. Nothing here calls Streamlit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from corpus.analysis.facet_choices import NarrowedFacets, filters_of, narrow_facets, read_chosen
from corpus.analysis.recording_search import more_like_recording
from corpus.analysis.search import Hit, find_ids, read_hits, search
from corpus.analysis.search_index import open_for_search
from corpus.analysis.similar import SimilarVoice, more_like, read_parameters
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.bulk import MOST_VOICES, BulkPreview, bulk_answer, last_bulk, preview_bulk
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.new_answer import undo_of
from corpus.labels.projection import rebuild_answers
from corpus.storage.source_predictions import read_top_predictions
from corpus.storage.store import Connection, open_store
from corpus.storage.suggestion import Suggestion
from dx7.errors import CartwrightError
from dx7.sound.engine import Audio
from dx7.voices.voice import Voice
from labeler.page.context import Context
from labeler.page.wording import category_titles
from labeler.widgets.voice_grid import GridEvent

SHOWN = 48  # voices at once, and how many more at a time
_LONGEST_TEXT = 80


class ResultSource(StrEnum):
    """What the grid shows."""

    FOUND = "found"
    SELECTED = "selected"
    ALIKE = "alike"
    RECORDING = "recording"


@dataclass(frozen=True, slots=True)
class BulkProposal:
    """An answer that waits for confirmation: its targets, and a preview of its effect."""

    kind: AnswerKind
    categories: tuple[str, ...]
    targets: tuple[str, ...]
    preview: BulkPreview
    heard: str
    way: str
    seconds: float  # for how long the voice in ``heard`` had played

    def words(self) -> str:
        """The proposal as a sentence."""
        titles = category_titles()
        what = "Broken" if self.kind is AnswerKind.BROKEN else " and ".join(titles.get(k, k) for k in self.categories)
        count = len(self.preview.voices)
        more = self.preview.words()
        rest = f" {more[0].upper()}{more[1:]}." if more else ""
        return f"{what}: {count:,} {'voice' if count == 1 else 'voices'}.{rest}"


@dataclass(frozen=True, slots=True)
class ExploreResults:
    """What the page shows: a heading, the voices on display, their total number, and the counts for the finder."""

    heading: str
    found: tuple[Hit | SimilarVoice, ...]
    voices: Mapping[str, Voice]
    total: int
    narrowed: NarrowedFacets
    matching: frozenset[str] | None  # ids of all voices that the search finds; None if it finds all
    opinions: Mapping[str, Sequence[Suggestion]]  # the suggestions of each source for the voices on display


@dataclass(slots=True)
class ExploreState:
    """The state of one tab. Every method opens the store and closes it again."""

    context: Context
    text: str = ""
    chosen: dict[str, tuple[str, ...]] = field(default_factory=dict)
    one_per_family: bool = False
    shows: ResultSource = ResultSource.FOUND
    selection: tuple[str, ...] = ()
    like: str = ""
    recording: Audio | None = None
    shown: int = SHOWN
    proposal: BulkProposal | None = None
    notice: str = ""
    cleared: int = 0  # how often the map had to clear its selection

    # ---- what is shown ----

    def find(self, query: Any) -> None:
        """Start the search ``{"text", "chosen"}`` of the finder."""
        if not isinstance(query, Mapping):
            return
        self.text = str(query.get("text") or "")[:_LONGEST_TEXT]
        self.chosen = read_chosen(query.get("chosen"))
        self.show(ResultSource.FOUND)

    def select(self, voice_ids: Sequence[str]) -> None:
        """Show a selection; an empty one shows the search again."""
        self.selection = tuple(dict.fromkeys(voice_ids))
        self.show(ResultSource.SELECTED if self.selection else ResultSource.FOUND)

    def select_all(self) -> None:
        """Select all voices that the search finds. If they are too many, it selects none and says so."""
        with open_for_search(self.context.store) as connection:
            found = find_ids(connection, self.text, self._filters(), limit=MOST_VOICES + 1)
        if len(found) > MOST_VOICES:
            self.notice = f"More than {MOST_VOICES:,} voices are too many for one answer; narrow the search first."
            return
        self.select(found)

    def show_like(self, voice_id: str) -> None:
        """Show the voices that sound most like a voice."""
        self.like = voice_id
        self.show(ResultSource.ALIKE)

    def show_recording(self, recording: Audio) -> None:
        """Show the voices that sound most like a recorded note."""
        self.recording = recording
        self.show(ResultSource.RECORDING)

    def back(self) -> None:
        """Drop the proposal; without one, show the search again and clear the selection."""
        if self.proposal:
            self.proposal = None
            return
        self.selection = ()
        self.cleared += 1
        self.show(ResultSource.FOUND)

    def show(self, shows: ResultSource) -> None:
        """Show something else from its first voice, and drop the proposal."""
        self.shows, self.shown, self.proposal, self.notice = shows, SHOWN, None, ""

    def read(self) -> ExploreResults:
        """Read what the page shows. Raises ``StoreError`` if the store cannot be used or lacks the analysis for it."""
        with open_for_search(self.context.store) as connection:
            narrowed = narrow_facets(connection, self.text, self.chosen)
            heading, found, total = self._found(connection, narrowed)
            ids = [each.hit.voice_id if isinstance(each, SimilarVoice) else each.voice_id for each in found]
            rows = read_parameters(connection, ids)
            opinions = read_top_predictions(connection, ids)
            matching = None
            if self.text.strip() or self.chosen:
                matching = frozenset(find_ids(connection, self.text, self._filters(), limit=2**31))
        voices = {voice_id: Voice.from_array(row) for voice_id, row in zip(ids, rows, strict=True)}
        return ExploreResults(heading, tuple(found), voices, total, narrowed, matching, opinions)

    def _found(self, connection: Connection, narrowed: NarrowedFacets) -> tuple[str, Sequence[Hit | SimilarVoice], int]:
        if self.shows is ResultSource.SELECTED:
            hits = read_hits(connection, self.selection[: self.shown])
            return f"{len(self.selection):,} selected", hits, len(self.selection)
        if self.shows is ResultSource.ALIKE:
            alike = more_like(connection, self.like, self._filters(), text=self.text, limit=self.shown)
            names = [hit.names[0].strip() for hit in read_hits(connection, [self.like])]
            return f"Nearest by sound to {next(iter(names), '') or self.like[:8]}", alike, len(alike)
        if self.shows is ResultSource.RECORDING and self.recording is not None:
            heard = more_like_recording(connection, self.recording, self._filters(), text=self.text, limit=SHOWN)
            return "Nearest to the recording", heard, len(heard)
        found = search(connection, self.text, self._filters(), limit=self.shown)
        total = narrowed.families if self.one_per_family else narrowed.voices
        return f"{total:,} {'families' if self.one_per_family else 'voices'} found", found, total

    def _filters(self) -> Any:
        return filters_of(self.chosen, one_per_family=self.one_per_family and self.shows is ResultSource.FOUND)

    # ---- answers ----

    def targets(self, event: GridEvent) -> tuple[str, ...]:
        """The voices that an answer is for: the marked ones, else the selection, else the one under the cursor."""
        if event.marked:
            return event.marked
        if self.shows is ResultSource.SELECTED:
            return self.selection
        return (event.at,) if event.at else ()

    def propose(self, kind: AnswerKind, event: GridEvent) -> None:
        """Answer at once for a single voice that was heard; propose the answer in every other case.

        Raises ``StoreError`` and ``JournalError`` if the store or a journal cannot be used.
        """
        self.proposal, self.notice = None, ""
        targets = self.targets(event)
        chosen = frozenset(targets)
        heard = next((each for each in (event.at or "", *targets) if each in chosen and event.was_heard(each)), "")
        seconds = (event.heard or {}).get(heard, 0.0)
        if len(targets) == 1 and heard and self.shows is not ResultSource.SELECTED:
            self._give(self._answer(targets, kind, event.categories, heard, event.way, seconds))
            return
        with open_for_search(self.context.store) as connection:
            preview = preview_bulk(
                connection,
                targets,
                read_journals(self.context.journals).answers,
                labeller=self.context.labeller,
                kind=kind,
            )
        if not preview.voices:
            self.notice = f"Nothing to answer. {preview.words()}".strip()
            return
        self.proposal = BulkProposal(kind, event.categories, targets, preview, heard, event.way, seconds)

    def confirm(self, event: GridEvent) -> None:
        """Give the proposed answer if its targets are still the same; otherwise propose it for the new targets."""
        proposal = self.proposal
        if proposal is None:
            return
        if self.targets(event) != proposal.targets:
            self.propose(proposal.kind, GridEvent(**_fields(event) | {"categories": proposal.categories}))
            self.notice = "Other voices are marked now. Check the count again."
            return
        voices = proposal.preview.voices
        given = proposal.kind, proposal.categories, proposal.heard, proposal.way, proposal.seconds
        self._give(self._answer(voices, *given))

    def undo(self) -> None:
        """Undo the latest answer of this page, for all voices that it covers."""
        last = last_bulk(read_journals(self.context.journals).answers, self.context.labeller)
        if last is None:
            self.notice = "Nothing to undo."
            return
        self._write(undo_of(last, time=datetime.now(UTC)))
        self.notice = f"Undone: {_summary(last)}{self.notice}"

    def _answer(
        self, voices: Sequence[str], kind: AnswerKind, categories: tuple[str, ...], heard: str, way: str, dwell: float
    ) -> Answer:
        return bulk_answer(
            voices,
            labeller=self.context.labeller,
            time=datetime.now(UTC),
            kind=kind,
            categories=categories if kind is AnswerKind.LABEL else (),
            heard=heard,
            way=way,
            dwell_seconds=round(dwell, 3),
        )

    def _give(self, answer: Answer) -> None:
        self._write(answer)
        self.proposal = None
        self.notice = f"{_summary(answer)}{self.notice}"

    def _write(self, answer: Answer) -> None:
        """Write to the journal first; the store follows now or, if it is busy, later."""
        self.notice = ""
        append_answers(self.context.journals, [answer])
        try:
            with open_store(self.context.store) as connection:
                rebuild_answers(connection, self.context.journals)
        except CartwrightError as error:  # the answer is written, so the action must not be repeated
            self.notice = f" It is in the journal and will show later: {error}."


def _summary(answer: Answer) -> str:
    titles = category_titles()
    what = " and ".join(titles.get(key, key) for key in answer.categories) or answer.answer.value.capitalize()
    count = 1 + len(answer.covers)
    return f"{what}: {count:,} {'voice' if count == 1 else 'voices'}."


def _fields(event: GridEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in GridEvent.__slots__}
