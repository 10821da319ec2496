from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from corpus.analysis.facets import Filters
from corpus.analysis.search import search
from corpus.ingest.ingest import ingest_files
from corpus.storage.stats import read_stats
from corpus.storage.store import Connection
from dx7.voices.voice import Voice

MakeBank = Callable[..., bytes]


@pytest.fixture
def filled(tmp_path: Path, store: Path, make_bank: MakeBank) -> Path:
    banks = tmp_path / "banks"
    for name, data in {
        "Keys/a.syx": make_bank(1, 2, 3, names=["E.PIANO 1", "E.PIANO 10", "PIANO"]),
        "Keys/b.syx": make_bank(1, 4, names=["ELECTRIC", "100% <b>"]),
        "Other/c.syx": make_bank(1, 5, names=["E.PIANO 1", "Épiano'); --"[:10].replace("É", "E")]),
        "empty": b"",
    }.items():
        (banks / name).parent.mkdir(parents=True, exist_ok=True)
        (banks / name).write_bytes(data)
    ingest_files([banks], store)
    return store


@pytest.fixture
def found(filled: Path, connection: Connection) -> Callable[..., list[str]]:

    def names(text: str = "", *, limit: int = 50, **facets: object) -> list[str]:
        return [hit.names[0] for hit in search(connection, text, Filters(**facets), limit=limit)]  # type: ignore[arg-type]

    return names


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("epiano 1", ["E.PIANO 1", "E.PIANO 10"]),
        ("PIANO", ["PIANO", "E.PIANO 1", "E.PIANO 10", "Epiano');"]),
        ("e.piano 10", ["E.PIANO 10"]),
        ("piano e 1", ["E.PIANO 1", "E.PIANO 10"]),
        ("elec", ["ELECTRIC"]),
        ("%", ["100% <b>"]),
        ("100%", ["100% <b>"]),
        ("'", ["Epiano');"]),
        ("no such name", []),
    ],
)
def test_names_are_found_as_people_type_them(found: Callable[..., list[str]], text: str, names: list[str]) -> None:
    assert found(text) == names


def test_a_hit_tells_all_names_and_a_place(
    filled: Path, connection: Connection, make_voice: Callable[..., Voice]
) -> None:
    (hit,) = search(connection, "electric")
    voice = make_voice(1)
    assert hit.voice_id == voice.voice_id
    assert hit.names == ("ELECTRIC", "E.PIANO 1")
    assert hit.sightings == 3
    assert hit.algorithm == voice["algorithm"] + 1
    assert hit.suggestions == ("epiano",)
    assert (hit.path, hit.slot) == ("Keys/a.syx", 1)


def test_facets_narrow(
    found: Callable[..., list[str]], connection: Connection, make_voice: Callable[..., Voice]
) -> None:
    assert found("", path="OTHER/c") == ["INIT VOICE", "E.PIANO 1", "Epiano');"]
    assert found(categories=("piano",)) == ["PIANO"]
    algorithm = make_voice(3)["algorithm"] + 1
    assert "PIANO" in found(algorithm=algorithm)
    assert "PIANO" not in found(algorithm=algorithm % 32 + 1)
    assert len(found(limit=2)) == 2
    connection.execute(
        "INSERT INTO answers (event, labeller, answered, voice_id, answer, categories)"
        " VALUES ('e', 'anna', '2026-01-01', ?, 'label', ['bell'])",
        [make_voice(3).voice_id],
    )
    assert found(categories=("piano",)) == [], "a person's answer stands before the rules'"
    assert found(categories=("bell", "drum")) == ["PIANO"]


def test_an_empty_store_has_no_voices(connection: Connection) -> None:
    assert search(connection, "piano") == []
    assert set(vars_of(read_stats(connection).as_dict())) == {0}


def vars_of(figures: dict[str, object]) -> list[object]:
    return [0 if value == {} else value for value in figures.values()]


def test_stats_count(filled: Path, connection: Connection) -> None:
    stats = read_stats(connection)
    assert (stats.places, stats.contents, stats.contents_rejected) == (4, 4, {"empty": 1})
    assert (stats.voices, stats.sightings, stats.voices_named_twice) == (6, 96, 1)
    assert stats.suggested_by_main_category == {"epiano": 3, "piano": 1}
    assert next(iter(stats.top_copied.items()))[1] == 96 - 7
    assert stats.top_names["INIT VOICE"] == 1
    assert stats.sources == {str(filled.parent.parent.resolve() / "banks"): 4}
