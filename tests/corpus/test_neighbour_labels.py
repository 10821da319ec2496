"""What people's answers to other voices say: of a family, and of what sounds alike."""

from __future__ import annotations

import time

import numpy as np
import pytest

from corpus.suggest.neighbour_labels import FAR, LabelledVoices, labels_from_families, labels_from_neighbours
from dx7.voices.layout import Floats

PIANO, BRASS, BELL = range(3)


def labelled(*given: tuple[int, int]) -> LabelledVoices:
    return LabelledVoices(
        np.array([row for row, _ in given], np.intp), np.eye(3, dtype=bool)[[what for _, what in given]]
    )


def test_a_family_speaks_of_its_other_voices_alone() -> None:
    families = np.array([0, 0, 0, 1, 2])
    said = labels_from_families(families, labelled((0, BRASS), (4, BELL)))
    assert said[1, BRASS] == said[2, BRASS] > 0.8
    assert not said[0].any(), "an answer does not speak of the voice that it was given to"
    assert not said[3:].any()


def test_a_family_that_agrees_is_surer_than_one_that_does_not() -> None:
    families = np.zeros(3, np.intp)
    agreed = labels_from_families(families, labelled((0, BRASS), (1, BRASS)))[2]
    split = labels_from_families(families, labelled((0, BRASS), (1, BELL)))[2]
    assert (
        agreed[BRASS]
        > labels_from_families(families, labelled((0, BRASS)))[2, BRASS]
        > split[BRASS]
        == split[BELL]
        > 0.4
    )


def line(*places: float) -> Floats:
    return np.array([[place, 0.0] for place in places], np.float32)


def test_the_nearest_counts_most_and_the_far_say_nothing() -> None:
    places = line(0.0, 0.5, 2.0, 2.0 + FAR + 0.1, np.nan)
    said = labels_from_neighbours(places, np.arange(5), labelled((1, BRASS), (2, BELL)))
    assert said[0, BRASS] > said[0, BELL] > 0
    assert not said[3].any()
    assert not said[4].any(), "nobody knows what has not been heard"
    assert said[1, BELL] > 0
    assert said[1, BRASS] == 0, "an answer does not speak of the voice that it was given to"


def test_what_is_near_is_surer_than_what_is_less_near() -> None:
    near, less = (
        labels_from_neighbours(line(0.0, d), np.arange(2), labelled((1, BRASS)))[0, BRASS] for d in (0.1, 1.5)
    )
    assert near > 3 * less > 0


def test_neighbours_are_of_other_families() -> None:
    said = labels_from_neighbours(line(0.0, 0.1, 1.0), np.array([0, 0, 1]), labelled((1, BRASS), (2, BELL)))
    assert said[0, BRASS] == 0 < said[0, BELL]


def test_blocks_and_single_voices_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    draw = np.random.default_rng(0)
    places = draw.normal(size=(300, 5)).astype(np.float32)
    families = draw.integers(200, size=300)
    rows = np.sort(draw.permutation(300)[:90])
    people = LabelledVoices(rows, draw.random((90, 3)) < 0.4)
    whole = labels_from_neighbours(places, families, people)
    monkeypatch.setattr("corpus.suggest.neighbour_labels._BLOCK", 7)
    assert np.allclose(labels_from_neighbours(places, families, people), whole, atol=1e-5)
    assert ((whole >= 0) & (whole < 1)).all()


def test_nobody_labelled_anything() -> None:
    nothing = LabelledVoices(np.array([], np.intp), np.zeros((0, 3), bool))
    assert not labels_from_neighbours(line(0.0, 1.0), np.arange(2), nothing).any()
    assert not labels_from_families(np.arange(2), nothing).any()
    assert labels_from_families(np.arange(0), nothing).shape == (0, 3)


def test_thousands_of_voices_take_moments() -> None:
    draw = np.random.default_rng(1)
    places = draw.normal(size=(10_000, 60)).astype(np.float32)
    people = LabelledVoices(np.arange(0, 10_000, 20), np.eye(3, dtype=bool)[draw.integers(3, size=500)])
    began = time.perf_counter()
    labels_from_neighbours(places, np.arange(10_000), people)
    assert time.perf_counter() - began < 5
