from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from corpus.analysis.facets import Filters, Range
from corpus.analysis.recording_search import has_timbres, measure_timbres, more_like_recording, read_timbres
from corpus.analysis.search_index import read_search_descriptors, ready_index
from corpus.analysis.similar import find_voice, more_like
from corpus.analysis.sound_space import DescriptorColumns, differences, sound_coordinates
from corpus.ingest.ingest import ingest_files
from corpus.storage.store import Connection, open_store
from dx7.analysis.descriptors import DESCRIPTOR_VERSION, extract_descriptors
from dx7.errors import FileError, StoreError
from dx7.formats.files import write_cartridge
from dx7.sound.engine import ENGINE_VERSION, SAMPLE_RATE, Audio, render
from dx7.sound.wav import decode_wav, encode_wav
from dx7.voices.voice import INIT_VOICE, Voice


def sustained(level: int, rate: int, **others: int) -> Voice:
    """Two operators on algorithm 1: so bright, so slow."""
    return INIT_VOICE.replace(op1_eg_rate_1=rate, op2_output_level=level, **others)


def plucked(level: int, rate: int, **others: int) -> Voice:
    return sustained(level, 99, op1_eg_rate_2=rate, op1_eg_level_2=0, op1_eg_level_3=0, **others)


VOICES = {
    "DARK": sustained(50, 99),
    "DARKER": sustained(46, 99),
    "BRIGHT": sustained(85, 99),
    "SLOW": sustained(50, 40),
    "SLOWER": sustained(52, 36),
    "PLUCK": plucked(60, 50),
    "PLING": plucked(80, 45),
    "BELL": plucked(75, 38, op2_frequency_coarse=3, op2_frequency_fine=50),
    "ORGAN": sustained(90, 99, algorithm=31, op3_output_level=90, op3_frequency_coarse=3),
    "NOISE": sustained(99, 99, op2_frequency_coarse=13, feedback=7, algorithm=1),
}
VOICES |= {"HIGHER": VOICES["BRIGHT"].replace(transpose=36), "SOFT": VOICES["BRIGHT"].replace(op1_output_level=80)}
SPARE = plucked(62, 51)  # not in the store


@pytest.fixture(scope="module")
def heard_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("similar")
    voices = [voice.replace(name=name) for name, voice in VOICES.items()]
    write_cartridge(folder / "a.syx", [*voices, *[voices[0]] * (32 - len(voices))])
    store = folder / "store.duckdb"
    ingest_files([folder / "a.syx"], store)
    with open_store(store) as connection:
        for voice in voices:
            row = extract_descriptors(voice.array).row().tolist()
            connection.execute(
                "INSERT INTO hearings VALUES (?, ?, ?, ?)", [voice.voice_id, ENGINE_VERSION, DESCRIPTOR_VERSION, row]
            )
        ready_index(connection)
    assert measure_timbres(store) == len(voices)
    return store


@pytest.fixture
def opened(heard_store: Path) -> Iterator[Connection]:
    with open_store(heard_store, read_only=True) as connection:
        yield connection


def nearest(connection: Connection, like: str | Voice, **options: object) -> list[str]:
    return [each.hit.names[0] for each in more_like(connection, like, **options)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "neighbour"), [("DARK", "DARKER"), ("SLOW", "SLOWER"), ("SLOWER", "SLOW")])
def test_the_nearest_sounds_most_alike(opened: Connection, name: str, neighbour: str) -> None:
    found = more_like(opened, VOICES[name].voice_id)
    assert found[0].hit.names == (neighbour,)
    assert name not in [each.hit.names[0] for each in found]
    assert len(found) == len(VOICES) - 1
    assert [each.distance for each in found] == sorted(each.distance for each in found)


def test_neither_loudness_nor_an_octave_makes_another_sound(opened: Connection) -> None:
    assert set(nearest(opened, VOICES["BRIGHT"].voice_id)[:2]) == {"SOFT", "HIGHER"}


def test_any_voice_may_be_asked_for(opened: Connection) -> None:
    found = more_like(opened, SPARE, limit=3)
    assert found[0].hit.names == ("PLUCK",)
    assert len(found) == 3
    same = more_like(opened, VOICES["PLUCK"].replace(name="RENAMED"))
    assert "PLUCK" not in [each.hit.names[0] for each in same], "the voice itself is no news"


def test_filters_and_text_hold(opened: Connection) -> None:
    like = VOICES["DARK"].voice_id
    assert nearest(opened, like, text="slow")[0] in ("SLOW", "SLOWER")
    slow = nearest(opened, like, filters=Filters(attack=Range(low=0.05)))
    assert {"SLOW", "SLOWER"} <= set(slow)
    assert "DARKER" not in slow
    assert nearest(opened, like, filters=Filters(algorithm=32)) == ["ORGAN"]


def test_of_a_family_the_nearest_stands(heard_store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(heard_store.read_bytes())
    with open_store(copy) as connection:
        for name, family in {"PLUCK": "p", "PLING": "p", "DARK": "d", "DARKER": "d"}.items():
            connection.execute("INSERT INTO families VALUES (?, ?, 'a', 'b')", [VOICES[name].voice_id, family])
        assert not {"DARK", "DARKER"} & set(nearest(connection, VOICES["DARK"].voice_id))
        found = nearest(connection, SPARE)
        assert "PLUCK" in found
        assert "PLING" not in found
        every = nearest(connection, VOICES["DARK"].voice_id, every_copy=True)
        assert {"DARKER", "PLUCK", "PLING"} <= set(every)
        recording = render(VOICES["DARKER"], note=60)
        alone = [each.hit.names[0] for each in more_like_recording(connection, recording)]
        assert len({"DARK", "DARKER"} & set(alone)) == 1


def test_families_of_very_many_do_not_crowd_out_the_others(
    heard_store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(heard_store.read_bytes())
    with open_store(copy) as connection:
        for name in ("PLUCK", "PLING", "DARKER", "SLOW", "SLOWER"):
            connection.execute("INSERT INTO families VALUES (?, 'f', 'a', 'b')", [VOICES[name].voice_id])
        found = more_like(connection, VOICES["DARK"].voice_id, limit=5)
        monkeypatch.setattr("corpus.analysis.similar.COPIES", 1)
        assert more_like(connection, VOICES["DARK"].voice_id, limit=5) == found
    assert len({each.hit.family_id for each in found}) == 5


def test_differences_in_words(opened: Connection) -> None:
    def words(ours: str, theirs: str) -> tuple[str, ...]:
        _, rows = read_search_descriptors(opened, [VOICES[ours].voice_id])
        _, others = read_search_descriptors(opened, [VOICES[theirs].voice_id])
        return differences(rows[0], others[0])

    assert "brighter" in words("DARK", "BRIGHT")
    assert "darker" in words("BRIGHT", "DARK")
    assert "slower attack" in words("DARK", "SLOW")
    assert "faster attack" in words("SLOW", "DARK")
    assert "dies away sooner" in words("BRIGHT", "PLUCK")
    assert "noisier" in words("DARK", "NOISE")
    assert words("DARK", "DARK") == ()
    found = {each.hit.names[0]: each for each in more_like(opened, VOICES["DARK"].voice_id)}
    assert "slower attack" in found["SLOW"].differences


def test_places_are_finite_even_for_silence() -> None:
    silent = extract_descriptors(INIT_VOICE.replace(op1_output_level=0).array).row()
    places = sound_coordinates(DescriptorColumns(np.stack([silent, extract_descriptors(VOICES["NOISE"].array).row()])))
    assert np.isfinite(places).all()
    with pytest.raises(ValueError, match="expected float32"):
        DescriptorColumns(silent[None, :10])


def test_ids_may_be_cut_short(opened: Connection) -> None:
    whole = VOICES["BELL"].voice_id
    assert find_voice(opened, whole[:12].upper()) == whole
    for wrong, message in (("zz", "no voice"), ("", "several voices")):
        with pytest.raises(StoreError, match=message):
            find_voice(opened, wrong)


def test_what_is_unknown_or_unheard_is_told(
    opened: Connection, tmp_path: Path, store: Path, make_bank: Callable[..., bytes]
) -> None:
    with pytest.raises(StoreError, match="the store has no voice"):
        more_like(opened, "f" * 32)
    (tmp_path / "a.syx").write_bytes(make_bank(1))
    ingest_files([tmp_path / "a.syx"], store)
    with open_store(store, read_only=True) as connection:
        with pytest.raises(StoreError, match="not analysed yet; run python -m corpus health"):
            more_like(connection, SPARE)
        with pytest.raises(StoreError, match="timbres of this store are not measured"):
            more_like_recording(connection, render(SPARE))


def test_an_empty_store_has_nothing_alike(connection: Connection) -> None:
    assert more_like(connection, SPARE) == []


def recorded(voice: Voice, note: int, *, noise: float = 0.003, gain: float = 0.3, lead: float = 0.2) -> Audio:
    """As somebody would save it: quiet, with hiss, and a while of nothing before it."""
    sound = render(voice, note=note, velocity=90, seconds_held=1.2, seconds_total=1.4)
    sound = np.concatenate([np.zeros(round(lead * SAMPLE_RATE), np.float32), sound / np.abs(sound).max()])
    hiss = np.random.default_rng(note).normal(0, noise, len(sound))
    return decode_wav(encode_wav((gain * (sound + hiss)).clip(-1, 1).astype(np.float32)))


@pytest.mark.parametrize("note", [50, 55, 67, 70])
@pytest.mark.parametrize("name", ["DARK", "SLOW", "PLUCK", "BELL", "ORGAN", "NOISE"])
def test_a_recording_finds_its_voice(opened: Connection, name: str, note: int) -> None:
    found = more_like_recording(opened, recorded(VOICES[name], note), limit=3)
    assert found[0].hit.names == (name,)
    assert len(found) == 3


def test_filters_narrow_recordings_too(opened: Connection) -> None:
    found = more_like_recording(opened, recorded(VOICES["PLUCK"], 60), Filters(algorithm=32))
    assert [each.hit.names[0] for each in found] == ["ORGAN"]
    assert "sustains more" in found[0].differences


@pytest.mark.parametrize("seconds", [0.0, 0.005, 1.0])
def test_a_recording_of_nothing_is_refused(opened: Connection, seconds: float) -> None:
    with pytest.raises(FileError, match="no sound in this recording"):
        more_like_recording(opened, np.zeros(round(seconds * SAMPLE_RATE), np.float32))


@pytest.mark.parametrize("seconds", [0.01, 0.05, 0.2])
def test_a_short_recording_is_heard_as_far_as_it_goes(opened: Connection, seconds: float) -> None:
    sound = render(VOICES["BRIGHT"], note=60, seconds_held=seconds, seconds_total=seconds)
    assert more_like_recording(opened, sound)


def test_timbres_are_heard_once_and_go_on_where_they_stopped(
    tmp_path: Path, store: Path, make_bank: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "a.syx").write_bytes(make_bank(1, 2, 3))
    ingest_files([tmp_path / "a.syx"], store)
    monkeypatch.setattr("corpus.analysis.recording_search._BATCH", 2)

    def stop(done: int, total: int) -> None:
        assert total == 4
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure_timbres(store, progress=stop)
    with open_store(store, read_only=True) as connection:
        assert not has_timbres(connection)
        assert connection.execute("SELECT count(*) FROM timbres").fetchall() == [(2,)]
    assert measure_timbres(store) == 2
    assert measure_timbres(store) == 0
    with open_store(store, read_only=True) as connection:
        assert has_timbres(connection)


def test_timbres_are_kept_until_the_store_changes(heard_store: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.duckdb"
    copy.write_bytes(heard_store.read_bytes())
    with open_store(copy, read_only=True) as connection:
        table = read_timbres(connection)
    with open_store(copy, read_only=True) as connection:
        assert read_timbres(connection) is table
    with open_store(copy) as connection:
        connection.execute("DELETE FROM timbres WHERE voice_id = $1", [VOICES["DARK"].voice_id])
        assert len(read_timbres(connection).voice_ids) == len(table.voice_ids) - 1, "open for writing"
    with open_store(copy, read_only=True) as connection:
        assert VOICES["DARK"].voice_id not in read_timbres(connection).voice_ids
        assert len(read_timbres(connection).voice_ids) == len(table.voice_ids) - 1
