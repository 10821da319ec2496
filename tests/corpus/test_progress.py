"""Have and need, who worked how much, how honest the suggestions are, and what an export would hold."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from corpus.export.export import prepare_export, write_curated_export
from corpus.export.policy import read_policy
from corpus.export.preview import preview_export
from corpus.ingest.ingest import ingest_files
from corpus.labels.accuracy import accuracy_of_suggestions
from corpus.labels.activity import labels_per_minute, read_days, read_labellers
from corpus.labels.answer import Answer, AnswerKind, Lane
from corpus.labels.journal import append_answers
from corpus.labels.projection import rebuild_answers
from corpus.labels.targets import USUAL_TARGET, read_needs, read_targets, time_to_go, write_targets
from corpus.storage.store import open_store
from corpus.storage.suggestion import Suggestion
from dx7.errors import FileError
from dx7.shared.categories import category_keys
from dx7.shared.locations import STARTER_BANKS
from tests.labeler.store_builder import build_store, varied_voices

START = datetime(2026, 3, 1, 23, 59, tzinfo=UTC)
_events = count(1)


def answer(voice_id: str, categories: Sequence[str] = ("brass",), *, seconds: float = 0, **more: object) -> Answer:
    values = {"labeller": "anna", "answer": AnswerKind.LABEL if categories else AnswerKind.BROKEN} | more
    return Answer(
        event=f"{next(_events):032x}",
        time=START + timedelta(seconds=seconds),
        voice_id=voice_id,
        categories=tuple(categories),
        **values,  # type: ignore[arg-type]
    )


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return build_store(tmp_path / "store.duckdb", varied_voices(40, categories=("brass", "bell")))


def project(store: Path, answers: Sequence[Answer]) -> None:
    for labeller in {given.labeller for given in answers}:
        append_answers(store.parent / "labels", [given for given in answers if given.labeller == labeller])
    with open_store(store) as connection:
        rebuild_answers(connection, store.parent / "labels")


def voices(store: Path) -> list[str]:
    with open_store(store) as connection:
        return [row[0] for row in connection.execute("SELECT voice_id FROM voices ORDER BY name").fetchall()]


def test_have_and_need_count_voices_once_and_in_person(store: Path) -> None:
    ids = voices(store)
    project(
        store,
        [
            answer(ids[0]),
            answer(ids[0], labeller="ben"),
            answer(ids[1], ("brass", "bell"), covers=(ids[2], ids[3])),
            answer(ids[4], ("bell",)),
            answer(ids[5], ()),
        ],
    )
    with open_store(store) as connection:
        suggested = dict(connection.execute("SELECT category, count(*) FROM suggestions GROUP BY 1").fetchall())
        gone = connection.execute(
            "SELECT category, count(*) FROM suggestions WHERE list_contains($1, voice_id) GROUP BY 1", [ids[:6]]
        ).fetchall()
        needs = {need.category: need for need in read_needs(connection, {"brass": 3, "bell": 1, "organ": 5})}
    assert (needs["brass"].have, needs["brass"].covered, needs["brass"].need) == (2, 2, 1)
    assert (needs["bell"].have, needs["bell"].need, needs["organ"].need) == (1, 0, 5)
    assert needs["brass"].waiting == suggested["brass"] - dict(gone).get("brass", 0)
    assert time_to_go(needs.values(), 2.0) == timedelta(minutes=3)
    assert time_to_go(needs.values(), None) is None


def test_what_a_model_made_is_not_had(tmp_path: Path) -> None:
    bank = tmp_path / "made.syx"
    bank.write_bytes((STARTER_BANKS / "brass.syx").read_bytes())
    bank.with_suffix(".json").write_text('{"generator": "cartwright"}')
    ingest_files([bank], tmp_path / "store.duckdb")
    project(tmp_path / "store.duckdb", [answer(voices(tmp_path / "store.duckdb")[0])])
    with open_store(tmp_path / "store.duckdb") as connection:
        assert read_needs(connection, {"brass": 10})[0].have == 0


def test_the_work_of_each_labeller_and_day(store: Path) -> None:
    ids = voices(store)
    project(
        store,
        [
            *(answer(ids[n], seconds=3 * n) for n in range(30)),  # over midnight
            answer(ids[30], (), seconds=10_000),
            answer(ids[31], labeller="ben"),
            answer(ids[32], labeller="ben", seconds=6),
            answer(ids[33], labeller="carl", heard="import"),
        ],
    )
    with open_store(store) as connection:
        anna, ben = read_labellers(connection)
        days = [(day.day.isoformat(), day.labeller, day.answers) for day in read_days(connection)]
    assert (anna.name, anna.labels, anna.broken, anna.answers) == ("anna", 30, 1, 31)
    assert (anna.worked, anna.per_minute) == (timedelta(seconds=87), pytest.approx(20))
    assert anna.last == START + timedelta(seconds=10_000)
    assert days == [("2026-03-01", "anna", 20), ("2026-03-01", "ben", 2), ("2026-03-02", "anna", 11)]
    assert labels_per_minute([anna, ben]) == pytest.approx(32 / (93 / 60))
    assert labels_per_minute([]) is None


def test_suggestions_are_judged_on_the_control_lane_alone() -> None:
    def suggested(number: int, category: str, said: Sequence[str], lane: str = Lane.CONTROL) -> Answer:
        return answer(f"{number:032x}", said, suggestion=Suggestion(category, 0.8, "name_rule"), lane=lane)

    answers = [
        suggested(1, "brass", ("brass", "pad")),
        suggested(2, "brass", ("pad", "brass")),
        suggested(3, "bell", ("bell",)),
        suggested(4, "bell", ("brass",), lane="balanced"),
        suggested(5, "bell", ()),
        answer(f"{6:032x}", ("bell",), lane=Lane.CONTROL),
    ]
    overall, by_category = accuracy_of_suggestions(answers)
    assert (overall.hits, overall.count) == (2, 3)
    assert {key: (rate.hits, rate.count) for key, rate in by_category.items()} == {"brass": (1, 2), "bell": (1, 1)}
    assert overall.low is not None
    assert overall.high is not None
    assert 0 < overall.low < 2 / 3 < overall.high < 1
    assert accuracy_of_suggestions([])[0].rate is None


def test_targets_are_kept_and_a_broken_file_is_told(tmp_path: Path) -> None:
    assert read_targets(tmp_path) == dict.fromkeys(category_keys(), USUAL_TARGET)
    write_targets(tmp_path / "new", {"brass": 250, "gone": 3})
    assert read_targets(tmp_path / "new")["brass"] == 250
    assert "gone" not in read_targets(tmp_path / "new")
    with pytest.raises(FileError, match="the target of brass is -1"):
        write_targets(tmp_path, {"brass": -1})
    (tmp_path / "targets.json").write_text('{"brass": "many"}')
    with pytest.raises(FileError, match="mend or delete it"):
        read_targets(tmp_path)


@pytest.mark.parametrize("name", ["default", "rules"])
def test_the_preview_is_what_the_export_then_holds(tmp_path: Path, name: str) -> None:
    policy = read_policy(name)
    store = tmp_path / "store.duckdb"
    ingest_files([STARTER_BANKS / "brass.syx", STARTER_BANKS / "bell.syx"], store)
    with open_store(store) as connection:
        early = preview_export(connection, policy)
    assert early.unplaced == early.voices > 0
    prepare_export(store)
    with open_store(store) as connection:
        preview = preview_export(connection, policy)
        manifest = write_curated_export(connection, tmp_path / "export", policy=policy).manifest
    assert preview.unplaced == 0
    assert preview.voices == manifest["rows"]
    by_split = {split: sum(row[split] for row in preview.counts.values()) for split in ("train", "validation", "test")}
    assert {split: n for split, n in by_split.items() if n} == manifest["rows_by_split"]
    assert {key: n for key, row in preview.counts.items() if (n := sum(row.values()))} == manifest[
        "rows_by_main_category"
    ]
    assert {origin: n for origin, n in preview.by_origin.items() if n} == manifest["rows_by_origin"]
    assert preview.left_out == manifest["facts"]["left_out"]
    assert [each.as_dict() for each in preview.relaxed] == manifest["facts"]["relaxed"]
