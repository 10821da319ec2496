"""One answer for many voices: what it covers, what it leaves alone, and one undo for all of it."""

from __future__ import annotations

import shutil
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from corpus.analysis.facets import Filters
from corpus.analysis.search import find_ids, search
from corpus.analysis.search_index import ready_index
from corpus.labels.answer import MOST_COVERED, Answer, AnswerKind, HeardOn, Page
from corpus.labels.bulk import bulk_answer, last_bulk, preview_bulk
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.new_answer import undo_of
from corpus.labels.projection import current_answers, current_voice_answers, rebuild_answers
from corpus.storage.store import open_store
from dx7.errors import JournalError
from dx7.voices.voice import INIT_VOICE
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices

NOW = datetime(2026, 1, 1, tzinfo=UTC)
ROWS = varied_voices(20)
IDS = [row.voice.voice_id for row in ROWS]
FILLER = INIT_VOICE.voice_id


@pytest.fixture(scope="module")
def built_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = build_store(tmp_path_factory.mktemp("bulk") / "store.duckdb", [*ROWS, VoiceRow(INIT_VOICE)])
    with open_store(store) as connection:
        connection.execute("INSERT INTO health VALUES (?, 'silent'), (?, 'garbage'), (?, 'loud')", IDS[:3])
        ready_index(connection)
    return store


@pytest.fixture
def filled(built_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built_store, tmp_path))


def said(voice_id: str, kind: AnswerKind = AnswerKind.LABEL, *, after: int = 0, **others: object) -> Answer:
    categories = ("piano",) if kind is AnswerKind.LABEL else ()
    fields = {"event": uuid.uuid4().hex, "labeller": "anna", "time": NOW + timedelta(seconds=after)}
    return Answer(**fields | {"voice_id": voice_id, "answer": kind, "categories": categories} | others)  # type: ignore[arg-type]


def test_a_preview_says_what_would_happen(filled: Path) -> None:
    answers = [
        said(IDS[4]),
        said(IDS[5], AnswerKind.UNSURE),
        said(IDS[6], AnswerKind.FAVOURITE),
        said(IDS[7], AnswerKind.SKIP),
        said(IDS[8], labeller="ben"),
        said(IDS[9], covers=(IDS[10],)),
        said(IDS[11], heard="import"),
    ]
    with open_store(filled, read_only=True) as connection:
        preview = preview_bulk(connection, [*IDS, IDS[3], FILLER, "f" * 32], answers, labeller="anna")
    assert preview.voices == tuple(voice for n, voice in enumerate(IDS) if n not in (0, 1, 4, 5, 9, 11))
    assert (preview.answered, preview.silent, preview.garbage, preview.fillers, preview.unknown) == (4, 1, 1, 1, 1)
    assert preview.selected == 22
    assert preview.words() == (
        "4 you have answered already keep their answer; left out: 1 silent, 1 garbage, 1 fillers, 1 not in the store"
    )


def test_what_is_no_voice_may_be_called_broken(filled: Path) -> None:
    with open_store(filled, read_only=True) as connection:
        preview = preview_bulk(connection, [*IDS[:3], FILLER], [], labeller="anna", kind=AnswerKind.BROKEN)
    assert preview.voices == (*IDS[:3], FILLER)
    assert preview.words() == ""


def test_one_line_covers_all_and_one_undo_takes_all_back(filled: Path, tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    answer = bulk_answer(IDS[3:10], labeller="anna", time=NOW, categories=("brass",))
    assert (answer.voice_id, answer.covers) == (IDS[3], tuple(IDS[4:10]))
    assert (answer.heard, answer.page) == (HeardOn.NOT_HEARD, Page.EXPLORE)
    append_answers(labels, [answer])
    assert len((labels / "anna.jsonl").read_bytes().splitlines()) == 1
    with open_store(filled) as connection:
        rebuild_answers(connection, labels)
        assert {hit.voice_id for hit in search(connection, filters=Filters(labeller="anna"))} == set(IDS[3:10])
        last = last_bulk(read_journals(labels).answers, "anna")
        assert last == answer
        append_answers(labels, [undo_of(last, time=NOW + timedelta(seconds=1))])
        rebuild_answers(connection, labels)
        assert search(connection, filters=Filters(labeller="anna")) == []
    assert last_bulk(read_journals(labels).answers, "anna") is None


def test_undo_takes_back_what_this_page_gave_and_nobody_elses() -> None:
    first, second = (bulk_answer(IDS[:3], labeller="anna", time=NOW, categories=("fx",)) for _ in range(2))
    second = bulk_answer(IDS[:3], labeller="anna", time=NOW + timedelta(seconds=1), categories=("fx",))
    others = [said(IDS[0], after=5, page="deck"), said(IDS[0], after=6, labeller="ben", page=Page.EXPLORE)]
    assert last_bulk([first, second, *others], "anna") == second
    assert last_bulk([first, second, *others, undo_of(second, time=NOW)], "anna") == first


def test_nobody_having_listened_a_later_answer_for_many_counts_for_all_of_them() -> None:
    first = bulk_answer(IDS[:3], labeller="anna", time=NOW, categories=("fx",))
    second = bulk_answer(IDS[2::-1], labeller="anna", time=NOW + timedelta(seconds=1), categories=("brass",))
    opinions = current_voice_answers([first, second])
    assert {each.voice_id: each.answer.categories for each in opinions} == dict.fromkeys(IDS[:3], ("brass",))
    assert all(each.propagated for each in opinions)
    assert current_answers([first, second]) == []
    person = said(IDS[1], after=-9)
    assert person in [each.answer for each in current_voice_answers([first, second, person])]


def test_the_voice_that_was_heard_comes_first() -> None:
    answer = bulk_answer(
        IDS[:4], labeller="anna", time=NOW, categories=("fx",), heard=IDS[2], way="dx7", dwell_seconds=1
    )
    assert (answer.voice_id, answer.heard) == (IDS[2], "dx7")
    assert answer.covers == (IDS[0], IDS[1], IDS[3])
    elsewhere = bulk_answer(
        IDS[:4], labeller="anna", time=NOW, categories=("fx",), heard=IDS[9], way="dx7", dwell_seconds=1
    )
    assert (elsewhere.voice_id, elsewhere.heard) == (IDS[0], HeardOn.NOT_HEARD)


def test_too_many_or_none_are_refused() -> None:
    many = [f"{number:032x}" for number in range(MOST_COVERED + 2)]
    with pytest.raises(JournalError, match="choose at most 20,001"):
        bulk_answer(many, labeller="anna", time=NOW, categories=("fx",))
    assert len(bulk_answer(many[:-1], labeller="anna", time=NOW, categories=("fx",)).covers) == MOST_COVERED
    with pytest.raises(JournalError, match="no voice to answer for"):
        bulk_answer([], labeller="anna", time=NOW, categories=("fx",))


def test_ids_come_as_search_would_find_them(filled: Path) -> None:
    with open_store(filled, read_only=True) as connection:
        for text, filters in (("tone", Filters()), ("", Filters(categories=("brass",))), ("tone 1", Filters())):
            found = [hit.voice_id for hit in search(connection, text, filters, limit=100)]
            assert found
            assert find_ids(connection, text, filters, limit=100) == found
            assert find_ids(connection, text, filters, limit=2) == found[:2]
