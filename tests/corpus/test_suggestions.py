from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.ingest.ingest import ingest_files
from corpus.storage.store import Connection, open_store
from corpus.storage.suggestion import FOLDER_RULE, NAME_RULE
from corpus.storage.voice_table import read_voice_table
from corpus.suggest.label_model import DEFAULT_WEIGHTS, LabelModel, SourceWeights
from corpus.suggest.name_rules import Match, folder_rules, match_path
from corpus.suggest.suggestions import (
    read_label_model,
    refresh_suggestions,
    summarise_suggestions,
    update_suggestions,
)
from corpus.suggest.weak_labels import LEAST_SHOWN, name_rule_labels, suggest_by_folders, suggest_by_names
from dx7.shared.categories import category_keys
from dx7.voices.fillers import is_filler

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
    assert all(LEAST_SHOWN <= each.probability < 1 for each in suggestions)
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
    ingest_files([banks], store)
    return store


def test_every_voice_gets_what_its_names_and_folders_say(filled: Path, make_voice: Callable[..., object]) -> None:
    ids = {seed: make_voice(seed).voice_id for seed in range(1, 5)}  # type: ignore[attr-defined]
    with open_store(filled) as connection:
        rows = connection.execute("SELECT voice_id, category, origin FROM opinions").fetchall()
        assert set(rows) == {
            (ids[1], "brass", "name_rule"),
            (ids[1], "brass", "folder_rule"),
            (ids[2], "brass", "folder_rule"),
            (ids[3], "brass", "folder_rule"),
            (ids[3], "wind", "name_rule"),
        }, "and INIT VOICE, which stands in every bank, gets none"
        suggested = connection.execute("SELECT voice_id, category, origin FROM suggestions").fetchall()
        assert sorted(suggested) == sorted(
            [
                (ids[1], "brass", "name_rule"),
                (ids[2], "brass", "folder_rule"),
                (ids[3], "brass", "folder_rule"),
                (ids[3], "wind", "name_rule"),
            ]
        ), "one of each voice and category, by whoever says it loudest"
        assert refresh_suggestions(connection) == len(suggested)
        assert set(connection.execute("SELECT voice_id, category, origin FROM opinions").fetchall()) == set(rows)
        summary = summarise_suggestions(connection)
    assert {(row["category"], row["origin"], row["voices"]) for row in summary} == {
        ("brass", "name_rule", 1),
        ("brass", "folder_rule", 2),
        ("wind", "name_rule", 1),
    }


def test_what_was_learned_outlives_an_ingest(filled: Path, tmp_path: Path, make_bank: MakeBank) -> None:
    with open_store(filled) as connection:
        (voice_id,) = connection.execute("SELECT voice_id FROM slots WHERE name = 'BRASS 1'").fetchone() or ("",)
        connection.execute("INSERT INTO opinions VALUES ($1, 'bell', 0.9, 'ear')", [voice_id])
        connection.execute("INSERT INTO lessons VALUES (now()::TIMESTAMP, '{}', $1, '')", [DEAF.as_json()])
    (tmp_path / "more.syx").write_bytes(make_bank(7, names=["E.PIANO 1"]))
    ingest_files([tmp_path / "more.syx"], filled)
    with open_store(filled) as connection:
        assert read_label_model(connection) == DEAF
        suggested = connection.execute(
            "SELECT category, origin FROM suggestions WHERE voice_id = $1 ORDER BY probability DESC", [voice_id]
        ).fetchall()
        assert suggested[0] == ("bell", "ear"), "of a store that does not trust names"
        assert connection.execute("SELECT category FROM suggestions WHERE category = 'epiano'").fetchall()


# Names and folders count nothing.
DEAF = LabelModel({**DEFAULT_WEIGHTS, NAME_RULE: SourceWeights(0, 0, 0), FOLDER_RULE: SourceWeights(0, 0, 0)})


def slow_opinions(connection: Connection) -> set[tuple[object, ...]]:
    """What the rules should say of the store, worked out one voice at a time."""
    names: dict[str, dict[str, int]] = defaultdict(dict)
    for voice_id, name, seen in connection.execute("FROM names ORDER BY voice_id, name").fetchall():
        names[voice_id][name] = seen
    says: dict[str, dict[str, float]] = defaultdict(dict)
    for sha, path in connection.execute("SELECT file_sha, path FROM file_paths").fetchall():
        for match in match_path(folder_rules(), path):
            says[sha][match.category] = max(match.weight, says[sha].get(match.category, 0))
    files = defaultdict(list)
    for voice_id, sha in connection.execute("SELECT DISTINCT voice_id, file_sha FROM slots").fetchall():
        files[voice_id].append(tuple(Match(*each) for each in says[sha].items()))
    table = read_voice_table(connection)
    return {
        (voice_id, each.category, float(np.float32(each.probability)), each.origin)
        for voice_id, filler in zip(table.voice_ids, is_filler(table.parameters), strict=True)
        if not filler
        for each in suggest_by_names(names[voice_id]) + suggest_by_folders(files[voice_id])
    }


WORDS = [
    "BRASS",
    "E.PIANO",
    "SYN BASS",
    "STR PAD",
    "FLUTE",
    "JOHN",
    "",
    "Tuba_2",
    "PIANO",
    "DRUM<b>",
    "\u2400X",
    "BELL 1",
]
FOLDERS = ["Brass", "Pianos/Electric Piano", "misc", "Bass", "Choir", "Strings and pads", "a.zip!Organ"]


def test_all_opinions_of_rules_are_those_that_one_voice_after_another_gets(
    tmp_path: Path, store: Path, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("corpus.suggest.weak_labels._CHUNK", 7)
    draw = random.Random(3)
    for number in range(40):
        seeds = draw.choices(range(60), k=20)
        data = make_bank(*seeds, names=[f"{draw.choice(WORDS)} {draw.randrange(9)}"[:10] for _ in seeds])
        for folder in draw.sample(FOLDERS, draw.choice([1, 1, 2, 3])):
            (tmp_path / "banks" / folder).mkdir(parents=True, exist_ok=True)
            (tmp_path / "banks" / folder / f"{draw.choice(WORDS[3:7])}{number}.syx").write_bytes(data)
    ingest_files([tmp_path / "banks"], store)
    with open_store(store) as connection:
        expected = slow_opinions(connection)
        assert connection.execute("FROM opinions").fetchall() != []
        assert sorted(connection.execute("FROM opinions").fetchall()) == sorted(expected)
        assert {origin for *_, origin in expected} == {"name_rule", "folder_rule"}


def test_suggestions_are_made_again_only_when_there_is_something_new(
    filled: Path, make_bank: MakeBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Connection] = []

    def poll(connection: Connection) -> pa.Table:
        made.append(connection)
        return name_rule_labels(connection)

    monkeypatch.setattr("corpus.suggest.suggestions.name_rule_labels", poll)
    update_suggestions(filled)
    assert made == []
    with open_store(filled) as connection:
        connection.execute(
            "INSERT INTO file_paths BY NAME SELECT * REPLACE (path || '2' AS path) FROM file_paths LIMIT 1"
        )
        before = connection.execute("FROM suggestions_made").fetchall()
    update_suggestions(filled)
    assert len(made) == 1
    with open_store(filled) as connection:
        assert connection.execute("FROM suggestions_made").fetchall() == [(before[0][0], before[0][1] + 1)]


def test_suggestions_made_from_less_do_not_replace_those_made_from_more(
    filled: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_store(filled) as connection:
        connection.execute("UPDATE suggestions_made SET slots = 0")
        connection.execute("DELETE FROM suggestions")
    opened = 0

    @contextmanager
    def another_ingest_ends_before_the_second(store: Path, **options: Any) -> Iterator[Connection]:
        nonlocal opened
        opened += 1
        if opened == 2:
            with open_store(store) as other:
                other.execute("UPDATE suggestions_made SET slots = 9999")
        with open_store(store, **options) as connection:
            yield connection

    monkeypatch.setattr("corpus.suggest.suggestions.open_store", another_ingest_ends_before_the_second)
    update_suggestions(filled)
    with open_store(filled) as connection:
        assert opened == 2
        assert connection.execute("SELECT slots FROM suggestions_made").fetchall() == [(9999,)]
        assert connection.execute("FROM suggestions").fetchall() == []
