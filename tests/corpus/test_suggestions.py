from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.ingest import ingest
from corpus.rules import Match
from corpus.store import open_store
from corpus.suggestions import refresh_suggestions, suggest_for_bank, summarise_suggestions
from corpus.votes import LEAST_PROBABILITY, suggest_by_folders, suggest_by_names
from dx7.categories import category_keys
from dx7.files import read_bank_bytes

MakeBank = Callable[..., bytes]


def probabilities(names: dict[str, int]) -> dict[str, float]:
    return {each.category: each.probability for each in suggest_by_names(names)}


def test_more_names_that_agree_make_surer() -> None:
    once, often, twice = ({"BRASS": 1}, {"BRASS": 50}, {"BRASS": 1, "SYN BRASS": 1})
    assert probabilities(once)["brass"] < probabilities(twice)["brass"] < probabilities(often)["brass"] < 1


def test_copies_count_by_their_logarithm() -> None:
    found = probabilities({"BRASS 1": 300, "E.PIANO": 15, "E.PIANO 2": 15, "RHODES": 15})
    assert max(found, key=found.__getitem__) == "epiano"


def test_names_that_say_nothing_make_less_sure() -> None:
    assert probabilities({"BRASS": 1, "JOHN": 9})["brass"] < probabilities({"BRASS": 1})["brass"]
    assert probabilities({"JOHN": 1}) == {}


@given(
    st.dictionaries(
        st.sampled_from(["BRASS 1", "E.PIANO", "BASS", "JOHN", "STR PAD", "", "PIANO BASS"]), st.integers(1, 9999)
    )
)
def test_probabilities_are_probabilities(names: dict[str, int]) -> None:
    suggestions = suggest_by_names(names)
    assert all(LEAST_PROBABILITY <= each.probability < 1 for each in suggestions)
    assert {each.category for each in suggestions} <= set(category_keys())
    assert suggestions == sorted(suggestions, key=lambda each: -each.probability)


def test_folders_that_disagree_are_less_sure() -> None:
    brass, bass = (Match("brass", 1.0),), (Match("bass", 1.0),)
    (agreed,) = suggest_by_folders([brass, brass])
    assert suggest_by_folders([brass, bass])[0].probability < agreed.probability
    assert suggest_by_folders([]) == suggest_by_folders([()]) == []


@pytest.fixture
def filled(tmp_path: Path, store: Path, make_bank: MakeBank) -> Path:
    banks = tmp_path / "banks"
    for name, data in {
        "Brass/a.syx": make_bank(1, 2, names=["BRASS 1", "???"]),
        "Brass/copy of a.syx": make_bank(1, 2, names=["BRASS 1", "???"]),
        "Trumpets/b.syx": make_bank(1, 3, names=["TRUMPET", "FLUTE"]),
        "c.syx": make_bank(4, names=["nothing"]),
    }.items():
        (banks / name).parent.mkdir(parents=True, exist_ok=True)
        (banks / name).write_bytes(data)
    ingest([banks], store)
    return store


def test_every_voice_gets_what_its_names_and_folders_say(filled: Path, make_voice: Callable[..., object]) -> None:
    ids = {seed: make_voice(seed).voice_id for seed in range(1, 5)}  # type: ignore[attr-defined]
    with open_store(filled) as connection:
        rows = connection.execute("SELECT voice_id, category, origin FROM suggestions").fetchall()
        assert set(rows) == {
            (ids[1], "brass", "name_rule"),
            (ids[1], "brass", "folder_rule"),
            (ids[2], "brass", "folder_rule"),
            (ids[3], "brass", "folder_rule"),
            (ids[3], "wind", "name_rule"),
        }, "and INIT VOICE, which stands in every bank, gets none"
        assert refresh_suggestions(connection) == len(rows) == 5
        assert set(connection.execute("SELECT voice_id, category, origin FROM suggestions").fetchall()) == set(rows)
        summary = summarise_suggestions(connection)
    assert {(row["category"], row["origin"], row["voices"]) for row in summary} == {
        ("brass", "name_rule", 1),
        ("brass", "folder_rule", 3),
        ("wind", "name_rule", 1),
    }


def test_a_bank_that_is_not_in_the_store_gets_suggestions_for_every_slot(filled: Path, make_bank: MakeBank) -> None:
    bank = read_bank_bytes(make_bank(2, 77, 4, names=["ODD NAME", "MARIMBA", ""], filler="BRASS"))
    with open_store(filled, read_only=True) as connection:
        slots = suggest_for_bank(connection, bank)
    assert [slot.slot for slot in slots] == list(range(1, 33))
    assert [slot.name for slot in slots[:3]] == ["ODD NAME", "MARIMBA", ""]
    found = [[(each.category, each.origin) for each in slot.suggestions] for slot in slots[:3]]
    assert found == [[("brass", "folder_rule")], [("mallet", "name_rule")], []]
    assert not any(slot.suggestions for slot in slots[3:]), "INIT VOICE has no category, whatever it is called"
