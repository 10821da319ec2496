"""Facet choices of a page: what a browser sends is validated and filters as it should."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.analysis.facet_choices import MOST_VALUES, filters_of, narrow_facets, read_chosen
from corpus.analysis.facets import Filters, Range
from corpus.analysis.search import find_ids
from corpus.storage.store import open_store
from dx7.shared.categories import category_keys
from dx7.voices.voice import INIT_VOICE
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices


@pytest.fixture
def filled(tmp_path: Path) -> Path:
    return build_store(tmp_path / "store.duckdb", [*varied_voices(40), VoiceRow(INIT_VOICE, sightings=2)])


def test_a_choice_means_filters() -> None:
    chosen = read_chosen(
        {
            "category": ["brass", "piano", "brass"],
            "algorithm": ["5", "6"],
            "carriers": ["2"],
            "brightness": ["dark"],
            "health": ["healthy"],
            "labeller": ["nobody"],
            "source": ["/banks"],
            "favourite": ["yes"],
        }
    )
    assert filters_of(chosen, one_per_family=True) == Filters(
        categories=("brass", "piano"),
        algorithm=5,
        carriers=2,
        brightness=Range(high=350.0),
        healthy=True,
        labeller="nobody",
        path="/banks",
        favourite=True,
        filler=False,
        one_per_family=True,
    )
    assert filters_of({}) == Filters(filler=False)
    assert filters_of({"filler": ("yes",)}).filler


@pytest.mark.parametrize(
    "fields",
    [
        None,
        [],
        "category",
        {"category": "brass"},
        {"algorithm": ["33", "0", "x", "", "٣", "1" * 5000]},
        {"brightness": ["silent"], "health": ["unheard of"], "favourite": ["no"], "source": [""]},
        {"__class__": ["x"], 5: ["y"]},
    ],
)
def test_what_is_no_choice_is_left_out(fields: object) -> None:
    assert read_chosen(fields) == {}


def test_facets_count_what_one_more_choice_would_find(filled: Path) -> None:
    with open_store(filled, read_only=True) as connection:
        everything = narrow_facets(connection, "", {})
        brass = narrow_facets(connection, "", {"category": ("brass",)})
        fillers = narrow_facets(connection, "", {"filler": ("yes",)})
        assert brass.voices == len(find_ids(connection, "", filters_of({"category": ("brass",)}), limit=99)) == 10
    assert (everything.voices, fillers.voices) == (40, 1)
    facets = {facet.name: facet for facet in everything.facets}
    values = {value.value: value for value in facets["category"].values}
    assert [key for key in category_keys() if key in values] == list(values), "in the order of the pads"
    assert values["brass"].voices == 10
    assert values["brass"].colour
    assert facets["filler"].values[0].voices == 1
    assert all(len(facet.values) <= MOST_VALUES for facet in everything.facets)
    again = {value.value: value for value in {facet.name: facet for facet in brass.facets}["category"].values}
    assert again["piano"].voices == 10, "a second category can be added"
    assert [value.value for value in again.values() if value.is_chosen] == ["brass"]


def test_a_value_that_finds_nothing_stays_to_be_taken_back(filled: Path) -> None:
    with open_store(filled, read_only=True) as connection:
        found = narrow_facets(connection, "no such name", {"category": ("brass",), "algorithm": ("7",)})
    assert found.voices == 0
    chosen = {facet.name: [v.value for v in facet.values if v.is_chosen] for facet in found.facets}
    assert chosen["category"] == ["brass"]
    assert chosen["algorithm"] == ["7"]
