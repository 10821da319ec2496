import json

import numpy as np
import pytest
from typer.testing import CliRunner

from dx7.errors import CartwrightError, CategoryError, FileError, ModelError, VoiceError
from dx7.formats.files import read_bank, write_cartridge
from dx7.shared.export_format import read_export
from dx7.voices.identity import file_sha
from dx7.voices.parameter_groups import GROUP_KEYS, USUALLY_LOCKED, parameters_of
from dx7.voices.parameters import PARAMETER_COUNT
from dx7.voices.voice import Voice
from training.commands.cli import app
from training.data.fingerprint import COPY_DISTANCE
from training.inference.finished_model import read_model
from training.inference.requests import SampleRequest, parse_mix, read_favourite
from training.inference.sampling import (
    MAX_ATTEMPTS,
    TEMPERATURE,
    USUAL_ATTEMPTS,
    draw_wanted,
    sample,
    temperature_of_attempt,
)
from training.inference.variation import locked_slots
from training.model.encoding import encode

from .conftest import voices_by_rule

invoke = CliRunner().invoke


@pytest.fixture(scope="module")
def model(finished_run):
    return read_model(finished_run / "model")


@pytest.fixture
def favourite(tmp_path):
    voices, _ = voices_by_rule(32, seed=77)
    file = tmp_path / "favourites.syx"
    write_cartridge(file, [Voice.from_array(voice, f"FAV {slot}") for slot, voice in enumerate(voices, 1)])
    return file


def test_the_command_writes_a_cartridge_and_its_sidecar(finished_run, tmp_path):
    paths = [tmp_path / "one.syx", tmp_path / "two.syx"]
    for path in paths:
        result = invoke(
            app, ["sample", "--category", "brass", "--seed", "5", "--out", str(path), "--model", str(finished_run)]
        )
        assert result.exit_code == 0, result.output
    assert paths[0].read_bytes() == paths[1].read_bytes()
    sidecar = json.loads(paths[0].with_suffix(".json").read_text())
    assert sidecar == json.loads(paths[1].with_suffix(".json").read_text())

    bank = read_bank(paths[0])
    assert paths[0].stat().st_size == 4104
    assert not bank.issues
    assert not list(bank.voice_issues())
    voices = bank.voices()
    assert len({voice.voice_id for voice in voices}) == len({voice.name for voice in voices}) == 32
    assert sidecar["file_sha"] == file_sha(paths[0].read_bytes())
    assert [slot["voice_id"] for slot in sidecar["slots"]] == [voice.voice_id for voice in voices]
    assert [slot["name"] for slot in sidecar["slots"]] == [voice.name for voice in voices]
    assert sidecar["generator"] == "cartwright"
    assert sidecar["categories"] == {"brass": 1.0}
    assert sidecar["seed"] == 5
    assert sidecar["drawn"] == len(sidecar["slots"]) + sum(sidecar["left_out"].values())


def test_slots_differ_from_each_other_and_from_training_voices(model, export_folder):
    cartridge = sample(model, SampleRequest({"organ": 1.0}, count=32, seed=1))
    voices = np.array([list(slot.voice.parameters) for slot in cartridge.slots], np.uint8)
    between = (voices[:, None] != voices[None]).sum(2)[np.triu_indices(32, 1)]
    assert between.min() > COPY_DISTANCE
    export = read_export(export_folder)
    training = export.parameters[export.splits == "train"]
    for slot in cartridge.slots:
        assert (
            COPY_DISTANCE < slot.distance <= (training != np.frombuffer(slot.voice.parameters, np.uint8)).sum(1).min()
        )
        assert slot.nearest in export.voice_ids
    assert cartridge.drawn == len(cartridge.slots) + sum(count for reason, count in cartridge.left_out.items()) - sum(
        bool(slot.faults) for slot in cartridge.slots
    )


def test_seeds_and_wishes_make_a_difference(model):
    wishes = [({"brass": 1.0}, 0), ({"brass": 1.0}, 1), ({"bell": 1.0}, 0), ({"brass": 0.5, "bell": 0.5}, 0), ({}, 0)]
    first = {sample(model, SampleRequest(mix, count=4, seed=seed)).slots[0].voice.voice_id for mix, seed in wishes}
    assert len(first) == len(wishes)


def test_variations_move_away_with_the_amount_and_keep_what_is_locked(model, favourite):
    voice = read_favourite(f"{favourite}:3")
    own = encode(np.frombuffer(voice.parameters, np.uint8)[None])[0]
    distances = []
    for amount in (0.1, 0.5, 1.0):
        cartridge = sample(model, SampleRequest({}, count=8, seed=0, like=voice, amount=amount))
        varied = encode(np.array([list(slot.voice.parameters) for slot in cartridge.slots], np.uint8))
        assert (varied == own)[:, locked_slots()].all()
        distances.append((varied != own).sum((1, 2)).mean())
        assert all(slot.voice.voice_id != voice.voice_id for slot in cartridge.slots)
    assert distances[0] < distances[1] < distances[2]
    assert distances[0] < PARAMETER_COUNT / 4


@pytest.mark.parametrize("amount", [0.2, 1.0])
@pytest.mark.parametrize("key", GROUP_KEYS)
def test_a_locked_group_is_the_favourites_in_every_variation(model, favourite, key, amount):
    voice = read_favourite(f"{favourite}:5")
    own = np.frombuffer(voice.parameters, np.uint8)
    cartridge = sample(model, SampleRequest({"bell": 1.0}, count=32, seed=2, like=voice, amount=amount, locked=(key,)))
    varied = np.array([list(slot.voice.parameters) for slot in cartridge.slots], np.uint8)
    kept = list(parameters_of([key]))
    assert (varied[:, kept] == own[kept]).all()
    assert (varied != own).any(axis=1).all()


def test_what_is_unlocked_varies(model, favourite):
    voice = read_favourite(f"{favourite}:5")
    own = np.frombuffer(voice.parameters, np.uint8)
    cartridge = sample(model, SampleRequest({}, count=32, seed=2, like=voice, amount=1.0, locked=()))
    varied = np.array([list(slot.voice.parameters) for slot in cartridge.slots], np.uint8)
    assert (varied[:, list(parameters_of(USUALLY_LOCKED))] != own[list(parameters_of(USUALLY_LOCKED))]).any()


def test_with_everything_locked_the_remedy_is_to_unlock(model, favourite):
    voice = read_favourite(f"{favourite}:5")
    with pytest.raises(ModelError, match="drew only 0 different voices of 32; unlock a parameter group"):
        sample(model, SampleRequest({}, count=32, seed=0, like=voice, amount=0.5, locked=GROUP_KEYS))


def test_the_command_takes_locks_and_the_sidecar_tells_them(finished_run, favourite, tmp_path):
    out = tmp_path / "varied.syx"
    asked = ["sample", "--like", f"{favourite}:2", "--model", str(finished_run), "--out", str(out)]
    result = invoke(app, [*asked, "--lock", "algorithm", "--lock", "lfo", "--unlock", "detune"])
    assert result.exit_code == 0, result.output
    like = json.loads(out.with_suffix(".json").read_text())["like"]
    assert like == {
        "voice": "favourites.syx:2",
        "amount": 0.3,
        "locked": ["algorithm", "fixed_mode", "lfo", "pitch_eg"],
    }
    own = np.frombuffer(read_favourite(f"{favourite}:2").parameters, np.uint8)
    kept = list(parameters_of(like["locked"]))
    assert all((np.frombuffer(v.parameters, np.uint8) == own)[kept].all() for v in read_bank(out).voices())
    assert isinstance(invoke(app, [*asked, "--lock", "reverb"]).exception, VoiceError)
    assert invoke(app, ["sample", "--lock", "lfo", "--model", str(finished_run), "--out", str(out)]).exit_code == 2


def test_an_unknown_category_lists_the_known(model):
    with pytest.raises(CategoryError, match="no category 'theremin'; choose from brass, organ, bass, bell"):
        sample(model, SampleRequest({"theremin": 1.0}, count=32, seed=0))


@pytest.mark.parametrize(
    ("text", "mix"),
    [
        ("", {}),
        ("brass", {"brass": 1.0}),
        ("brass+strings", {"brass": 0.5, "strings": 0.5}),
        ("brass:0.7,strings:0.3", {"brass": 0.7, "strings": 0.3}),
        (" pad : 3 , lead ", {"pad": 0.75, "lead": 0.25}),
    ],
)
def test_mixes_are_read(text, mix):
    assert parse_mix(text) == pytest.approx(mix)


@pytest.mark.parametrize("text", ["brass:loud", "brass:-1", "brass:0", "brass:nan", "brass:inf", "brass+brass"])
def test_bad_mixes_are_refused(text):
    with pytest.raises(CategoryError, match="brass"):
        parse_mix(text)


def test_a_favourite_must_be_there(favourite, tmp_path):
    assert read_favourite(f"{favourite}:3").name == "FAV 3"
    with pytest.raises(CartwrightError, match="slot"):
        read_favourite(f"{favourite}:33")
    with pytest.raises(FileError, match="write FILE:SLOT"):
        read_favourite(str(favourite))


def test_a_failed_wish_writes_nothing(finished_run, tmp_path):
    out = tmp_path / "out.syx"
    result = invoke(app, ["sample", "--category", "theremin", "--out", str(out), "--model", str(finished_run)])
    assert isinstance(result.exception, CategoryError)
    assert not list(tmp_path.iterdir())
    assert invoke(app, ["sample", "--count", "31", "--out", str(out)]).exit_code == 2


def test_more_is_dared_only_after_the_plain_draws():
    temperatures = np.array([temperature_of_attempt(number).codes for number in range(MAX_ATTEMPTS)])
    assert (temperatures[:USUAL_ATTEMPTS] == TEMPERATURE.codes).all()
    assert (np.diff(temperatures[USUAL_ATTEMPTS - 1 :], axis=0) > 0).all()
    assert np.isfinite(temperatures).all()


def test_a_walk_begins_and_ends_with_the_two_voices(finished_run, favourite, tmp_path):
    out = tmp_path / "walk.syx"
    ends = [f"{favourite}:1", f"{favourite}:4"]
    asked = ["sample", "--model", str(finished_run), "--out", str(out), "--walk", ends[0]]
    result = invoke(app, [*asked, "--to", ends[1], "--temperature", "0.9"])
    assert result.exit_code == 0, result.output
    voices = read_bank(out).voices()
    assert [voices[0], voices[-1]] == [read_favourite(end) for end in ends]
    assert len({voice.name for voice in voices}) == 32
    sidecar = json.loads(out.with_suffix(".json").read_text())
    assert sidecar["walk"] == {"from": "favourites.syx:1", "to": "favourites.syx:4"}
    shares = [slot["share_of_the_way"] for slot in sidecar["slots"]]
    assert shares == sorted(set(shares))
    assert sidecar["drawn"] == 32 + sum(sidecar["left_out"].values())
    assert invoke(app, asked).exit_code == 2
    assert invoke(app, [*asked, "--to", ends[1], "--like", ends[0]]).exit_code == 2


def test_amounts_in_words_reach_the_sidecar_and_temperature_the_voices(finished_run, favourite, tmp_path):
    files = [tmp_path / name for name in ("plain.syx", "bold.syx")]
    for file, temperature in zip(files, ("1", "1.6"), strict=True):
        asked = ["--like", f"{favourite}:2", "--amount", "touch", "--temperature", temperature]
        result = invoke(app, ["sample", *asked, "--model", str(finished_run), "--out", str(file)])
        assert result.exit_code == 0, result.output
        assert json.loads(file.with_suffix(".json").read_text())["like"]["amount"] == 0.1
    assert files[0].read_bytes() != files[1].read_bytes()
    assert read_bank(files[0]).voices()[4].name == "FAV 2 05"
    assert invoke(app, ["sample", "--like", f"{favourite}:2", "--amount", "stranger"]).exit_code == 2


def test_raw_voices_are_those_that_the_model_is_judged_by(finished_run, favourite, tmp_path, model):
    out = tmp_path / "raw.syx"
    asked = ["sample", "--model", str(finished_run), "--out", str(out), "--raw", "--seed", "4"]
    result = invoke(app, [*asked, "--category", "bell"])
    assert result.exit_code == 0, result.output
    parameters = np.array([list(voice.parameters) for voice in read_bank(out).voices()])
    assert (parameters == draw_wanted(model, ["bell"] * 32, seed=4)).all()
    sidecar = json.loads(out.with_suffix(".json").read_text())
    assert (sidecar["raw"], sidecar["drawn"], sidecar["left_out"]) == (True, 32, {})
    assert invoke(app, asked).exit_code == 0  # of any category
    assert invoke(app, [*asked, "--like", f"{favourite}:1"]).exit_code == 2
