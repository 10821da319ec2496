"""Suggestions for a bank that need not be in the store."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.analysis.stored_descriptors import update_descriptors
from corpus.ingest.ingest import ingest_files
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import open_store
from corpus.storage.suggestion import FAMILY, FOLDER_RULE, NAME_RULE, NEIGHBOURS
from corpus.suggest.external_voices import SlotSuggestions, suggest_for_bank
from corpus.suggest.learn import find_classifier
from dx7.formats.files import encode_cartridge, read_bank, read_bank_bytes
from dx7.shared.locations import STARTER_BANKS
from dx7.voices.voice import INIT_VOICE, Voice

MakeBank = Callable[..., bytes]
MakeVoice = Callable[..., Voice]
KNOWN = 6  # voices of the store


def said_by(slots: list[SlotSuggestions], origin: str) -> list[str | None]:
    """What a source says of each slot, None where it says nothing."""
    found = []
    for slot in slots:
        given = [each.category for each in slot.opinions if each.origin == origin]
        found.append(given[0] if given else None)
    return found


@pytest.fixture
def filled(tmp_path: Path, store: Path, make_bank: MakeBank) -> Path:
    for name, data in {
        "Brass/a.syx": make_bank(1, 2, names=["BRASS 1", "???"]),
        "c.syx": make_bank(*range(3, KNOWN + 1), names=["?"] * KNOWN),
    }.items():
        (tmp_path / "banks" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "banks" / name).write_bytes(data)
    ingest_files([tmp_path / "banks"], store)
    return store


@pytest.fixture
def answered(filled: Path, tmp_path: Path, make_voice: MakeVoice) -> Path:
    """A store whose voices were heard, and one of which a person has called a bell."""
    update_descriptors(filled, processes=1)
    append_answers(
        tmp_path / "labels",
        [
            Answer(
                f"{1:032x}", "anna", datetime.now(UTC), make_voice(3).voice_id, AnswerKind.LABEL, ("bell",), page="deck"
            )
        ],
    )
    with open_store(filled) as connection:
        rebuild_answers(connection, tmp_path / "labels")
    return filled


def test_every_slot_gets_what_names_and_folders_say(filled: Path, make_bank: MakeBank) -> None:
    bank = read_bank_bytes(make_bank(2, 77, 4, names=["ODD NAME", "MARIMBA", ""], filler="BRASS"))
    with open_store(filled, read_only=True) as connection:
        slots = suggest_for_bank(connection, bank)
    assert [slot.slot for slot in slots] == list(range(1, 33))
    assert [slot.name for slot in slots[:3]] == ["ODD NAME", "MARIMBA", ""]
    found = [[(each.category, each.origin) for each in slot.suggestions] for slot in slots[:3]]
    assert found == [[("brass", FOLDER_RULE)], [("mallet", NAME_RULE)], []]
    assert not any(slot.suggestions or slot.opinions for slot in slots[3:]), "INIT VOICE has none, whatever its name"


def test_the_folder_that_a_bank_lies_in_speaks_where_the_store_does_not(filled: Path, make_bank: MakeBank) -> None:
    bank = read_bank_bytes(make_bank(2, 77, names=["", ""]))
    with open_store(filled, read_only=True) as connection:
        slots = suggest_for_bank(connection, bank, Path("Bells/set.syx"))
    assert said_by(slots, FOLDER_RULE)[:3] == ["brass", "bell", None]
    assert [each.category for each in slots[1].suggestions] == ["bell"]


def test_an_empty_store_has_rules_alone(store: Path, make_bank: MakeBank) -> None:
    with open_store(store, create=True) as connection:
        slots = suggest_for_bank(connection, read_bank_bytes(make_bank(1, names=["MARIMBA"])))
        fillers = suggest_for_bank(connection, read_bank_bytes(encode_cartridge([INIT_VOICE] * 32)))
    assert [(each.category, each.origin) for each in slots[0].suggestions] == [("mallet", NAME_RULE)]
    assert [(each.category, each.origin) for each in slots[0].opinions] == [("mallet", NAME_RULE)]
    assert not any(slot.suggestions for slot in fillers)


def test_what_people_said_of_the_store_is_asked_about_by_sound(answered: Path, make_voice: MakeVoice) -> None:
    labelled = make_voice(3)
    nearly = labelled.replace(op1_output_level=labelled["op1_output_level"] - 1)
    bank = read_bank_bytes(encode_cartridge([labelled, nearly, *[INIT_VOICE] * 30]))
    with open_store(answered, read_only=True) as connection:
        slots = suggest_for_bank(connection, bank)
    assert said_by(slots, FAMILY)[:2] == [None, None], "the store has no families yet"
    assert said_by(slots, NEIGHBOURS)[1] == "bell"
    assert "bell" in [each.category for each in slots[1].suggestions]


def test_a_voice_of_a_family_of_the_store_is_told_by_it(answered: Path, make_voice: MakeVoice) -> None:
    from corpus.analysis.families import update_families

    update_families(answered, processes=1)
    labelled = make_voice(3)
    unheard = labelled.replace(pitch_eg_rate_1=labelled["pitch_eg_rate_1"] - 1)  # the pitch envelope is flat
    bank = read_bank_bytes(encode_cartridge([labelled, unheard, make_voice(5), *[INIT_VOICE] * 29]))
    with open_store(answered, read_only=True) as connection:
        slots = suggest_for_bank(connection, bank)
    assert said_by(slots, FAMILY)[:3] == ["bell", "bell", None]
    assert [slot.suggestions[0].origin for slot in slots[:2]] == [FAMILY] * 2
    assert slots[0].suggestions[0].probability > 0.8


def test_answers_without_a_hearing_do_no_harm(filled: Path, tmp_path: Path, make_bank: MakeBank) -> None:
    with open_store(filled) as connection:
        connection.execute(
            "INSERT INTO answers BY NAME SELECT 'e' AS event, 'anna' AS labeller, now()::TIMESTAMP AS answered,"
            " voice_id, 'label' AS answer, ['bell'] AS categories FROM voices ORDER BY voice_id LIMIT 1"
        )
        slots = suggest_for_bank(connection, read_bank_bytes(make_bank(9, names=["MARIMBA"])))
    assert [each.category for each in slots[0].suggestions] == ["mallet"]


def test_the_ear_that_ships_hears_a_bank_without_names(store: Path) -> None:
    """Brass and drums of the starter banks, called nothing: none of their recipes taught it."""
    with open_store(store, create=True) as connection:
        ear = find_classifier(connection)
        assert ear is not None
        for key in ("brass", "drum"):
            voices = [voice.replace(name="") for voice in read_bank(STARTER_BANKS / f"{key}.syx").voices()]
            slots = suggest_for_bank(connection, read_bank_bytes(encode_cartridge(voices)), ear=ear)
            assert sum(slot.suggestions[0].category == key for slot in slots if slot.suggestions) >= 20
