"""Learning from end to end: heard, fitted, pooled, scored; and what it must never do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from corpus.analysis.stored_embeddings import embed_voices, read_analysed_voices
from corpus.commands.cli import app
from corpus.ingest.ingest import ingest_files
from corpus.labels.journal import append_answers
from corpus.storage.source_predictions import read_source_predictions
from corpus.storage.store import open_store
from corpus.suggest.classifier_card import read_classifier_card
from corpus.suggest.fit_classifier import fit_classifier, fit_feature_transform
from corpus.suggest.learn import learn_from_answers, read_stored_classifier
from corpus.suggest.training_set import read_classifier_training_set
from dx7.errors import StoreError
from dx7.shared.categories import category_keys
from dx7.shared.locations import STARTER_BANKS
from tests.corpus.answer_material import answer

KEYS = category_keys()
BANKS = ("brass", "organ", "drum", "bell")
_ORGANS = """
SELECT voice_id FROM opinions WHERE origin = 'name_rule' AND category = 'organ' AND probability > 0.5 ORDER BY voice_id
"""


@pytest.fixture(scope="module")
def learned(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a store that has learned from the names of 128 voices."""
    folder = tmp_path_factory.mktemp("learned")
    ingest_files([STARTER_BANKS / f"{bank}.syx" for bank in BANKS], folder / "store.duckdb")
    learn_from_answers(folder / "store.duckdb", folder / "labels", processes=1)
    return folder


@pytest.fixture
def copy(learned: Path, tmp_path: Path) -> Path:
    shutil.copy(learned / "store.duckdb", tmp_path / "store.duckdb")
    return tmp_path


def rows(store: Path, query: str) -> list[tuple[object, ...]]:
    with open_store(store, read_only=True) as connection:
        return connection.execute(query).fetchall()


def test_the_ear_hears_families_it_never_met(learned: Path) -> None:
    with open_store(learned / "store.duckdb", read_only=True) as connection:
        card = read_classifier_card(connection)
    assert card is not None
    assert card["heard"] == 128
    assert card["taught_by"]["people"] == 0
    assert card["by_people"] is None
    assert card["by_rules"]["first"]["rate"] > 0.8  # four kinds that differ as much as can be
    assert {row["statements"] > 0 for row in card["by_rules"]["reliability"]} == {True}
    json.dumps(card)


def test_every_voice_has_a_suggestion_and_the_store_is_sound(learned: Path) -> None:
    assert rows(learned / "store.duckdb", "SELECT count(DISTINCT voice_id) FROM suggestions") == [(128,)]
    assert ("ear",) in rows(learned / "store.duckdb", "SELECT DISTINCT origin FROM opinions")
    assert not (learned / "labels").exists()  # machines write no journal


def test_the_same_store_gives_the_same_ear(learned: Path) -> None:
    with open_store(learned / "store.duckdb", read_only=True) as connection:
        heard = read_analysed_voices(connection)
        lesson = read_classifier_training_set(connection, heard.voice_ids)
        stored = read_stored_classifier(connection)
    assert stored is not None
    assert fit_classifier(heard, lesson).ear.to_bytes() == stored.to_bytes()


def test_what_is_said_of_a_taught_voice_is_from_who_never_met_its_family(learned: Path) -> None:
    """Teach each voice a lie: who was taught it would repeat it, out of fold nobody does."""
    with open_store(learned / "store.duckdb", read_only=True) as connection:
        heard = read_analysed_voices(connection)
        lesson = read_classifier_training_set(connection, heard.voice_ids)
    lies = np.random.default_rng(0).permutation(len(lesson.targets))
    lie = lesson.targets[lies]
    fitted = fit_classifier(
        heard, type(lesson)(lesson.voice_ids, lesson.family_ids, lie, lesson.weights, lesson.by_people)
    )
    row_of = {voice_id: row for row, voice_id in enumerate(heard.voice_ids)}
    said = fitted.shares[[row_of[voice_id] for voice_id in lesson.voice_ids]]
    assert (said.argmax(axis=1) == lie.argmax(axis=1)).mean() < 0.5


def test_a_new_voice_is_heard_as_the_store_heard_its_like(learned: Path) -> None:
    with open_store(learned / "store.duckdb", read_only=True) as connection:
        heard = read_analysed_voices(connection)
        ear = read_stored_classifier(connection)
        said = read_source_predictions(connection, heard.voice_ids)["ear"]
    assert ear is not None
    again = ear.predict_proba(heard.embeddings, heard.descriptors, heard.parameters)
    assert again.shape == (128, len(KEYS) + 1)
    assert (again[:, :-1].argmax(axis=1) == said.argmax(axis=1)).mean() > 0.8  # that one met the family, this did not


def test_answers_teach_more_than_names(copy: Path) -> None:
    """A person who calls every organ a pad is believed, of organs never answered too."""
    organs = [str(voice_id) for (voice_id,) in rows(copy / "store.duckdb", _ORGANS)]
    append_answers(copy / "labels", [answer("anna", voice_id, "pad") for voice_id in organs[::2]])
    card = learn_from_answers(copy / "store.duckdb", copy / "labels", processes=1).card
    assert card.taught_by["people"] >= len(organs) // 2
    assert card.by_people is not None
    assert (card.by_people.first.rate or 0) > 0.5
    with open_store(copy / "store.duckdb", read_only=True) as connection:
        said = read_source_predictions(connection, organs[1::2])["ear"]
    assert (said.argmax(axis=1) == KEYS.index("pad")).mean() > 0.5


def test_only_what_is_new_is_heard_again(copy: Path, tmp_path: Path) -> None:
    ingest_files([STARTER_BANKS / "clav.syx"], copy / "store.duckdb")
    assert embed_voices(copy / "store.duckdb", processes=1).new == 32
    assert embed_voices(copy / "store.duckdb", processes=1).new == 0


def test_a_front_keeps_numbers_that_never_differ_from_dividing_by_zero(learned: Path) -> None:
    with open_store(learned / "store.duckdb", read_only=True) as connection:
        heard = read_analysed_voices(connection)
    front = fit_feature_transform(heard)
    inputs = front.inputs(heard.embeddings, heard.descriptors, heard.parameters)
    assert np.isfinite(inputs).all()
    assert (front.deviation > 0).all()


def test_too_little_to_learn_from_is_one_sentence_and_changes_nothing(tmp_path: Path) -> None:
    store = tmp_path / "store.duckdb"
    ingest_files([STARTER_BANKS / "brass.syx"], store)
    with pytest.raises(StoreError, match=r"too little to learn from: 3. voices of 1 categories"):
        learn_from_answers(store, tmp_path / "labels", processes=1)
    assert rows(store, "SELECT count(*) FROM lessons") == [(0,)]


def test_the_commands_say_how_good_it_is(learned: Path, copy: Path) -> None:
    store = ["--store", str(copy / "store.duckdb")]
    shown = CliRunner().invoke(app, ["learn", "--card", *store])
    assert shown.exit_code == 0
    assert "128 voices analysed" in shown.output
    facts = json.loads(CliRunner().invoke(app, ["learn", "--card", "--json", *store]).output)
    assert facts["taught"]["organ"] >= 30
    judged = CliRunner().invoke(app, ["evaluate-suggestions", "--json", *store])
    assert judged.exit_code == 0, judged.output
    found = json.loads(judged.output)
    assert [row["way"] for row in found if row["truth"] == "names, never seen"] == [
        "ear",
        "boosted trees on descriptors",
        "nearest raw parameters",
    ]
    assert all(0 <= row["first"]["rate"] <= 1 for row in found)


def test_nothing_learned_yet_is_said(tmp_path: Path) -> None:
    ingest_files([STARTER_BANKS / "brass.syx"], tmp_path / "store.duckdb")
    shown = CliRunner().invoke(app, ["learn", "--card", "--store", str(tmp_path / "store.duckdb")])
    assert (shown.exit_code, shown.output.strip()) == (0, "nothing was learned yet; run python -m corpus learn")


def test_a_bank_that_is_not_in_the_store_is_heard_by_its_ear(copy: Path) -> None:
    store = ["--store", str(copy / "store.duckdb")]
    bank = STARTER_BANKS / "organ.syx"
    told = CliRunner().invoke(app, ["suggest", "--voices", str(bank), "--json", *store])
    assert told.exit_code == 0, told.output
    slots = json.loads(told.output)
    assert [slot["slot"] for slot in slots] == list(range(1, 33))
    heard = [{each["origin"]: each["category"] for each in reversed(slot["opinions"])} for slot in slots]
    assert sum(each.get("ear") == "organ" for each in heard) > 24
    assert all(slot["suggestions"] for slot in slots)
