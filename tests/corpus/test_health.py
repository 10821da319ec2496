"""Health: tags from sound and from bytes, made anew whole, counted and shown."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from corpus.analysis.health import TAGS, count_tags, is_excused, refresh_health, tagged_voices, voice_health
from corpus.analysis.stored_descriptors import update_descriptors
from corpus.commands.cli import app
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import open_store
from dx7.analysis.descriptors import extract_descriptors
from dx7.analysis.faults import FAULTS, find_faults
from dx7.errors import StoreError
from dx7.formats.files import encode_cartridge
from dx7.formats.messages import checksum
from dx7.shared.categories import category_keys
from dx7.voices.voice import INIT_VOICE, Voice

DRONE = INIT_VOICE.replace(op1_eg_level_4=99, name="DRONE")
SILENT = INIT_VOICE.replace(op1_output_level=0, op2_output_level=99, name="MUTE")
FINE = INIT_VOICE.replace(op2_output_level=70, name="FINE")
BROKEN_NAME = INIT_VOICE.replace(op2_output_level=71, name="FINE TOO")
DAMAGED = INIT_VOICE.replace(op2_output_level=72, name="DAMAGED")
UNIFORM = b"\x01" * 128


def spoiled(voice: Voice, changes: dict[int, int]) -> bytes:
    """The 128 bytes of a voice, some of them overwritten."""
    packed = bytearray(encode_cartridge([voice] * 32)[6 : 6 + 128])
    for place, value in changes.items():
        packed[place] = value
    return bytes(packed)


def bank_of(*voices: bytes) -> bytes:
    data = b"".join(voices) + spoiled(FINE, {}) * (32 - len(voices))
    return b"\xf0\x43\x00\x09\x20\x00" + data + bytes([checksum(data)]) + b"\xf7"


@pytest.fixture
def filled(tmp_path: Path, store: Path) -> Path:
    """A store with one voice of each kind."""
    bank = bank_of(
        spoiled(DRONE, {}),
        spoiled(SILENT, {}),
        spoiled(BROKEN_NAME, {0: 110, 118: 1, 119: 2}),
        spoiled(DAMAGED, {17 * each: 110 + each for each in range(1, 5)}),
        UNIFORM,
    )
    (tmp_path / "bank.syx").write_bytes(bank)
    ingest_files([tmp_path / "bank.syx"], store)
    return store


def tags_by_name(store: Path) -> dict[str, set[str]]:
    with open_store(store) as connection:
        refresh_health(connection)
        rows = connection.execute("SELECT name, tag FROM voices LEFT JOIN health USING (voice_id)").fetchall()
    found: dict[str, set[str]] = {}
    for name, tag in rows:
        found.setdefault(name, set()).update({tag} - {None})
    return found


def test_tags_come_from_sound_and_from_bytes(filled: Path) -> None:
    assert {tag for tags in tags_by_name(filled).values() for tag in tags} == {"garbage"}, "nothing was heard yet"
    update_descriptors(filled)
    tags = tags_by_name(filled)
    assert tags["FINE"] == set()
    assert tags["DRONE"] == {"drone"}
    assert tags["MUTE"] == {"silent"}
    assert {name for name, has in tags.items() if "garbage" in has} == set(tags) - {"FINE", "DRONE", "MUTE"}
    assert len(tags) == 6


def test_one_clean_copy_clears_a_voice(filled: Path, tmp_path: Path) -> None:
    (tmp_path / "clean.syx").write_bytes(bank_of(spoiled(BROKEN_NAME, {})))
    ingest_files([tmp_path / "clean.syx"], filled)
    with open_store(filled) as connection:
        refresh_health(connection)
        assert count_tags(connection)["garbage"] == 2
        reasons = {
            health.garbage
            for (voice_id,) in connection.execute("SELECT voice_id FROM voices").fetchall()
            if (health := voice_health(connection, voice_id)).garbage
        }
    assert reasons == {"damaged", "uniform"}


def test_tags_equal_what_the_ear_says_of_each_voice_alone(filled: Path) -> None:
    update_descriptors(filled)
    with open_store(filled) as connection:
        assert refresh_health(connection) == refresh_health(connection)
        for voice in (DRONE, SILENT, FINE):
            health = voice_health(connection, voice.voice_id[:10])
            assert health.tags == find_faults(extract_descriptors(voice.array))
            assert health.heard is not None
            assert np.allclose(list(health.heard.values()), extract_descriptors(voice.array).row())
        assert list(count_tags(connection)) == list(TAGS)
        (listed,) = tagged_voices(connection, "drone", limit=5)
        assert (listed.name, listed.sightings, listed.tags) == ("DRONE", 1, ("drone",))


def test_an_id_that_nobody_or_everybody_has_is_refused(filled: Path) -> None:
    with open_store(filled) as connection:
        with pytest.raises(StoreError, match="no voice has an id"):
            voice_health(connection, "xyz")
        with pytest.raises(StoreError, match="several voices have an id"):
            voice_health(connection, "")


@pytest.mark.parametrize("category", [None, *category_keys()])
def test_what_a_category_excuses_is_what_the_ear_excuses(category: str | None) -> None:
    noise = INIT_VOICE.replace(
        algorithm=15,
        feedback=7,
        **{f"op{n}_output_level": 99 for n in range(1, 7)},
        **{f"op{n}_frequency_coarse": 31 for n in range(2, 7)},
    )
    flat = INIT_VOICE.replace(op1_frequency_coarse=1, op1_frequency_fine=20)
    for voice in (noise, flat, DRONE):
        heard = extract_descriptors(voice.array)
        kept = [tag for tag in find_faults(heard) if not is_excused(tag, category)]
        assert set(find_faults(heard, category)) <= set(kept)
        assert set(kept) - set(find_faults(heard, category)) <= {"shrill"}  # which drums may be, up to a point


def test_the_command_hears_counts_and_lists(filled: Path) -> None:
    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["health", "--store", str(filled), "--jobs", "1", *arguments])
        assert result.exit_code == 0, result.output
        return result.stdout

    report = json.loads(run("--json", "--tag", "drone"))
    assert (report["voices"], report["heard_now"]) == (6, 6)
    assert report["tags"] == dict.fromkeys(TAGS, 0) | report["tags"]
    assert [each["name"] for each in report["tagged"]] == ["DRONE"]
    again = run("--tag", "silent", "--limit", "1")
    assert "0 of them analysed just now" in again
    assert "MUTE" in again
    assert "1 of 1 voices tagged silent" in " ".join(again.split()) or "voices tagged silent" in again
    shown = run("--voice", DRONE.voice_id[:12])
    assert "tags: drone" in shown
    assert "drone_db" in shown


def test_a_tag_that_does_not_exist_is_wrong_usage(filled: Path) -> None:
    result = CliRunner().invoke(app, ["health", "--store", str(filled), "--tag", "ugly"])
    assert result.exit_code == 2
    assert "choose from garbage, silent" in " ".join(result.output.split())


def test_every_tag_is_explained() -> None:
    import dx7.analysis.faults

    assert all(f"\n{tag} " in str(dx7.analysis.faults.__doc__) for tag in FAULTS)
