"""Lessons: who teaches what, and how much it counts."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from corpus.labels.journal import append_answers
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import open_store
from corpus.suggest.training_set import (
    FOLDER_WEIGHT,
    FOLDS,
    NAME_WEIGHT,
    PERSON_WEIGHT,
    UNFIT_WEIGHT,
    ClassifierTrainingSet,
    family_folds,
    read_classifier_training_set,
)
from dx7.shared.categories import category_keys
from tests.corpus.answer_material import answer
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices

KEYS = category_keys()
ROWS = [VoiceRow(row.voice) for row in varied_voices(8)]
IDS = [row.voice.voice_id for row in ROWS]
FAMILIES = ["a", "a", "a", "a", "b", "c", "d", "e"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = build_store(tmp_path / "store.duckdb", ROWS)
    opinions = [
        (IDS[0], "brass", 0.9, "name_rule"),
        (IDS[1], "brass", 0.9, "name_rule"),
        (IDS[1], "organ", 0.45, "name_rule"),
        (IDS[4], "bell", 0.2, "name_rule"),  # too unsure
        (IDS[5], "piano", 0.8, "folder_rule"),
        (IDS[6], "pad", 0.8, "folder_rule"),
        (IDS[6], "bass", 0.7, "name_rule"),
        (IDS[4], "drum", 1.0, "ear"),  # not a rule
    ]
    with open_store(path) as connection:
        connection.executemany("INSERT INTO opinions VALUES (?, ?, ?, ?)", opinions)
        families = zip(IDS, FAMILIES, strict=True)
        connection.executemany("INSERT INTO families VALUES (?, ?, '', '')", [list(row) for row in families])
        connection.execute("INSERT INTO health VALUES (?, 'silent'), (?, 'noisy')", [IDS[7], IDS[0]])
    return path


def read(store: Path, *answers: object) -> ClassifierTrainingSet:
    journals = store.with_name("labels")
    append_answers(journals, answers)  # type: ignore[arg-type]
    with open_store(store) as connection:
        rebuild_answers(connection, journals)
        return read_classifier_training_set(connection, IDS)


def taught(lesson: ClassifierTrainingSet, number: int) -> dict[str, float]:
    row = lesson.voice_ids.index(IDS[number])
    names = [*KEYS, "none"]
    return {
        names[column]: round(float(lesson.targets[row, column]), 3) for column in np.flatnonzero(lesson.targets[row])
    }


def weight(lesson: ClassifierTrainingSet, number: int) -> float:
    return float(lesson.weights[lesson.voice_ids.index(IDS[number])])


def test_names_teach_then_folders_and_what_is_silent_is_none(store: Path) -> None:
    lesson = read(store)
    assert [IDS.index(voice_id) for voice_id in lesson.voice_ids] == [0, 1, 5, 6, 7]
    assert taught(lesson, 1) == {"brass": 0.667, "organ": 0.333}
    assert taught(lesson, 5) == {"piano": 1.0}
    assert taught(lesson, 6) == {"bass": 1.0}
    assert taught(lesson, 7) == {"none": 1.0}
    assert weight(lesson, 5) == pytest.approx(FOLDER_WEIGHT)
    assert weight(lesson, 6) == pytest.approx(NAME_WEIGHT)
    assert weight(lesson, 7) == pytest.approx(UNFIT_WEIGHT)
    assert not lesson.by_people.any()


def test_a_family_shares_out_the_root_of_its_number(store: Path) -> None:
    assert weight(read(store), 0) == pytest.approx(NAME_WEIGHT / np.sqrt(2))


def test_an_answer_overrules_names_and_teaches_with_its_whole_family(store: Path) -> None:
    lesson = read(store, answer("anna", IDS[0], "strings", "pad"))
    for number in range(4):
        assert taught(lesson, number) == {"strings": 0.667, "pad": 0.333}
        assert weight(lesson, number) == pytest.approx(PERSON_WEIGHT / 2)
    assert lesson.by_people.sum() == 4


def test_who_answered_otherwise_keeps_that_answer(store: Path) -> None:
    lesson = read(store, answer("anna", IDS[0], "strings"), answer("anna", IDS[1], "brass"))
    assert taught(lesson, 0) == {"strings": 1.0}
    assert taught(lesson, 1) == {"brass": 1.0}
    assert taught(lesson, 2) == {"brass": 0.5, "strings": 0.5}


@pytest.mark.parametrize("kind", ["broken", "unsure"])
def test_what_people_could_not_name_teaches_that_it_is_none(store: Path, kind: str) -> None:
    lesson = read(store, answer("anna", IDS[5], kind=kind))
    assert taught(lesson, 5) == {"none": 1.0}
    assert weight(lesson, 5) == pytest.approx(PERSON_WEIGHT)


def test_a_skip_teaches_nothing(store: Path) -> None:
    assert IDS[3] not in read(store, answer("anna", IDS[3], kind="skip")).voice_ids


def test_without_rules_only_people_and_silence_teach(store: Path) -> None:
    with open_store(store) as connection:
        connection.execute("DELETE FROM opinions")
    lesson = read(store, answer("anna", IDS[4], "bell"))
    assert [IDS.index(voice_id) for voice_id in lesson.voice_ids] == [4, 7]


def test_folds_are_of_families_and_about_as_large(store: Path) -> None:
    folds = family_folds([f"family {number}" for number in range(2000)])
    assert (np.bincount(folds, minlength=FOLDS) > 330).all()
    assert (family_folds(["x", "y", "x"])[[0, 2]] == family_folds(["x"])[0]).all()
    lesson = read(store)
    assert lesson.folds[0] == lesson.folds[1]
