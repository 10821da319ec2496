from __future__ import annotations

import random
from pathlib import Path

import numpy as np
import pytest

from corpus.analysis.stored_descriptors import update_descriptors
from corpus.review.annotations import category_words, read_annotations, read_families
from corpus.review.label_errors import LEAST_LABELS, LabelErrors, find_label_errors, likely_errors, out_of_sample
from corpus.storage.store import open_store
from dx7.voices.voice import INIT_VOICE, Voice
from tests.corpus.answer_material import answer, write_answers
from tests.labeler.store_builder import VoiceRow, build_store


def plucked(number: int) -> Voice:
    """Dies away, dark."""
    return INIT_VOICE.replace(
        op1_eg_rate_2=40 + number % 20,
        op1_eg_level_2=0,
        op1_eg_level_3=0,
        op2_output_level=30 + number // 20,
        op1_frequency_coarse=1,
        algorithm=number % 4,
    )


def blown(number: int) -> Voice:
    """Swells and stays, bright."""
    return INIT_VOICE.replace(
        op1_eg_rate_1=30 + number % 20,
        op2_output_level=85 + number // 20,
        op2_frequency_coarse=3,
        op1_frequency_coarse=1,
        algorithm=number % 4,
    )


@pytest.fixture(scope="module")
def heard_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    rows = [VoiceRow(make(number)) for make in (plucked, blown) for number in range(80)]
    store = build_store(tmp_path_factory.mktemp("errors") / "heard.duckdb", rows)
    update_descriptors(store, processes=1)
    return store


def look(store: Path, folder: Path, labels: dict[str, str], **more: object) -> LabelErrors:
    """What is found in a copy of the store in which anna has said these things."""
    copy = folder / "store.duckdb"
    copy.write_bytes(store.read_bytes())
    write_answers(copy, [answer("anna", voice_id, label, **more) for voice_id, label in labels.items()])
    with open_store(copy) as connection:
        return find_label_errors(connection, read_annotations(connection), read_families(connection))


def all_labels() -> dict[str, str]:
    return {plucked(number).voice_id: "guitar" for number in range(80)} | {
        blown(number).voice_id: "brass" for number in range(80)
    }


def test_moved_labels_are_found_and_others_left_alone(heard_store: Path, tmp_path: Path) -> None:
    labels = all_labels()
    moved = random.Random(1).sample(sorted(labels), 8)
    for voice_id in moved:
        labels[voice_id] = "brass" if labels[voice_id] == "guitar" else "guitar"
    found = look(heard_store, tmp_path, labels)
    assert found.problem is None
    assert found.labels == 160
    cases = [case.voices[0] for case in found.cases]
    assert len(set(cases) & set(moved)) >= 7
    assert len(set(cases) - set(moved)) <= 2
    case = found.cases[0]
    assert case.choices == (labels[case.voices[0]], case.suggested)
    given, heard = (category_words(category) for category in case.choices)
    assert case.reason.startswith(f"anna says {given}; a model hears {heard}, at ")
    assert [one.weight for one in found.cases] == sorted((one.weight for one in found.cases), reverse=True)


def test_right_labels_are_not_doubted(heard_store: Path, tmp_path: Path) -> None:
    assert len(look(heard_store, tmp_path, all_labels()).cases) <= 2


def test_too_few_labels_say_so(heard_store: Path, tmp_path: Path) -> None:
    some = dict(random.Random(2).sample(sorted(all_labels().items()), LEAST_LABELS - 10))
    found = look(heard_store, tmp_path, some)
    assert found.cases == ()
    assert found.problem is not None
    assert found.problem.startswith("Too few labels to look for errors among them: 90 voices of 2 categories")


def test_one_category_cannot_be_told_from_others(heard_store: Path, tmp_path: Path) -> None:
    found = look(heard_store, tmp_path, dict.fromkeys(all_labels(), "brass"))
    assert found.cases == ()
    assert found.problem is not None


def test_a_category_of_few_families_is_left_out(heard_store: Path, tmp_path: Path) -> None:
    labels = all_labels()
    rare = sorted(labels)[:5]
    labels |= dict.fromkeys(rare, "bell")
    found = look(heard_store, tmp_path, labels)
    assert found.labels == 155
    assert not set(rare) & {voice for case in found.cases for voice in case.voices}


def test_a_model_never_sees_the_family_that_it_judges() -> None:
    """Labels that nothing but the family tells: with a copy in the training half each would be known for certain."""
    draw = np.random.default_rng(0)
    families = [f"family {number}" for number in range(60) for _ in range(4)]
    features = np.repeat(draw.normal(size=(60, 10)), 4, axis=0).astype(np.float32)
    labels = [str(label) for label in np.repeat(draw.choice(["brass", "bell"], size=60), 4)]
    probabilities = out_of_sample(features, labels, families, ["bell", "brass"])
    guessed = np.array(["bell", "brass"])[probabilities.argmax(axis=1)]
    assert 0.3 < (guessed == labels).mean() < 0.7
    assert np.allclose(probabilities.sum(axis=1), 1)


def test_the_same_labels_give_the_same_list() -> None:
    draw = np.random.default_rng(1)
    truth = draw.choice(["brass", "bell", "pad"], size=150)
    features = (
        draw.normal(size=(150, 6)) + np.array([{"brass": 0, "bell": 3, "pad": 6}[word] for word in truth])[:, None]
    )
    labels = [str(word) for word in truth]
    labels[7] = "pad" if labels[7] != "pad" else "brass"
    names = sorted(set(labels))
    families = [str(number) for number in range(150)]
    once, twice = (out_of_sample(features.astype(np.float32), labels, families, names) for _ in range(2))
    assert np.array_equal(once, twice)
    assert 7 in likely_errors(labels, names, once)
