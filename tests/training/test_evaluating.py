"""An evaluation as a whole: its halves, its figures, its page, on a model of the tests' own."""

import json
import re
from base64 import b64decode
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dx7.errors import ExportError, FileError
from dx7.formats.files import write_cartridge
from dx7.shared.export_format import read_export
from dx7.shared.run_folder import EVALUATION_FILE, EVALUATION_PAGE
from dx7.sound.wav import decode_wav
from dx7.voices.voice import Voice
from training.commands.cli import app
from training.data.analysis import descriptors_of_voices
from training.evaluation import evaluate as evaluating
from training.evaluation.evaluate import count_steps, evaluate
from training.evaluation.examples import worst_of
from training.evaluation.measuring import FIGURES
from training.evaluation.other_banks import read_other_banks
from training.evaluation.page import draw_page
from training.evaluation.pictures import picture_address, sound_address, spectrogram
from training.evaluation.reference_sets import make_reference_sets
from training.inference.finished_model import read_model
from training.inference.sampling import SampledCartridge, SampledSlot

from .conftest import voices_by_rule

invoke = CliRunner().invoke


@pytest.fixture(scope="module")
def banks(export_folder, tmp_path_factory):
    """Banks of others: 32 voices by rule, of them eight organs, and 32 copies of training voices."""
    folder = tmp_path_factory.mktemp("banks")
    export = read_export(export_folder)
    organs = [row for row in range(320) if export.splits[row] == "train" and export.categories[row][0] == "organ"]
    for name, voices in (("rule", voices_by_rule(32, seed=9)[0]), ("organ", export.parameters[organs[:32]])):
        write_cartridge(folder / f"{name}.syx", [Voice.from_array(voice) for voice in voices])
    return folder


@pytest.fixture(scope="module")
def measured(finished_run, export_folder, banks):
    """Two seeds; cartridges are made by rule, for a tiny model's are slow to fill."""

    def sample(model, request):
        count = request.count
        voices = [Voice.from_array(voice) for voice in voices_by_rule(count, request.seed)[0]]
        voices = [voice.replace(name=f"<b>{number}&") for number, voice in enumerate(voices)]
        return SampledCartridge(tuple(SampledSlot(voice, "", 9, ()) for voice in voices), 2 * count, {"drone": count})

    told = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.evaluation.generated_sets.sample", sample)
        model, export = read_model(finished_run / "model"), read_export(export_folder)
        theirs = ["theirs=" + str(banks), f"<i>ours</i>:organ={banks / 'organ.syx'}"]
        beside = read_other_banks(theirs, model.category_keys, voices=40)
        found = evaluate(model, export, seeds=(3, 4), voices=40, beside=beside, report=told.append)
    assert len(told) == count_steps(2, beside=2)
    return found


@pytest.fixture(scope="module")
def page(measured):
    return draw_page(measured)


def test_the_yardstick_stays_and_its_halves_are_strangers(export_folder, measured):
    export = read_export(export_folder)
    again = make_reference_sets(export, voices=40, measure=descriptors_of_voices)
    assert (again.reference.parameters == measured.references.reference.parameters).all()
    family = dict(zip((voice.tobytes() for voice in export.parameters), export.family_ids, strict=True))
    split = dict(zip(export.family_ids, export.splits, strict=True))
    halves = [[family[voice.tobytes()] for voice in half.parameters] for half in (again.humans, again.reference)]
    assert len(set(halves[0] + halves[1])) == len(halves[0]) + len(halves[1])
    assert {split[one] for half in halves for one in half} == {"test", "validation"}
    counts = [np.unique(half.wanted, return_counts=True)[1] for half in (again.humans, again.reference)]
    assert np.abs(counts[0] - counts[1]).max() <= 1


def test_every_set_has_the_figures_of_the_humans(measured):
    rows = {row["set"]: row for row in measured.figures["sets"]}
    assert list(rows)[:4] == ["humans, held out", "raw", "as in cartridges", "cartridges"]
    assert list(rows)[-2:] == measured.figures["beside"] == ["theirs", "<i>ours</i>"]
    assert len(rows) == 10
    humans = rows["humans, held out"]
    assert humans["seeds"] == 1
    assert "lowest" not in humans
    for name, row in list(rows.items())[:-2]:
        assert {"useful", "heard", "copies", "repeats", "recall", "coverage", "marginals"} <= set(row)
        assert set(row["by_category"]) == {"brass", "organ", "bass", "bell"}
        if row is not humans:
            assert row["seeds"] == 2
            assert all(row["lowest"][figure] <= row[figure] <= row["highest"][figure] for figure in row["lowest"]), name
    assert rows["cartridges"]["voices"] == 128
    assert measured.figures["a_cartridge"] == {"drawn": 64.0, "left_out": {"drone": 32.0}}
    # Thirty parameters of these voices have some play: few of them redrawn make no new voice, all of them do.
    assert rows["a tenth redrawn"]["copies"] > 0.9
    assert rows["marginals"]["copies"] < 0.1


def test_banks_of_others_are_measured_once_and_by_category_if_that_is_known(measured, page):
    theirs, ours = measured.figures["sets"][-2:]
    assert (theirs["seeds"], theirs["voices"], ours["seeds"], ours["voices"]) == (1, 64, 1, 32)
    assert "lowest" not in theirs
    compared = {"useful", "all_useful", "copies", "repeats", "recall", "coverage", "marginals"}
    assert compared <= set(theirs)
    assert "heard" not in theirs
    assert set(theirs["by_category"]) == {"brass", "organ", "bass", "bell"}
    assert not any(theirs["by_category"].values())
    assert compared | {"heard"} <= set(ours)
    assert ours["copies"] == 1
    assert 0.5 <= theirs["copies"] <= 1
    assert ours["heard"] == ours["by_category"]["organ"]["heard"] > 0.9
    assert [key for key, figures in ours["by_category"].items() if figures] == ["organ"]
    assert "<b>theirs</b>, <b>&lt;i&gt;ours&lt;/i&gt;</b>" in page
    assert page.count('<th scope="col">theirs</th>') > 1


def test_the_worst_are_the_faulty_then_the_misheard(measured):
    worst = worst_of(measured.sets[-1], measured.references, count=12)
    ranks = [(0 if one.useful else -len(one.faults), one.fitting) for one in worst]
    assert ranks == sorted(ranks)
    assert all(one.guesses[0][1] >= one.guesses[1][1] >= one.guesses[2][1] for one in worst)


def test_the_page_is_whole_and_escapes_strangers_names(page):
    assert "&lt;b&gt;" in page
    assert "<b>1&" not in page
    assert not re.findall(r'(?:src|href)="(?!data:)', page)
    assert "://" not in page
    assert all(name.replace("_", " ") in page for name in FIGURES)
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    sounds = re.findall(r'data-sound="data:audio/wav;base64,([^"]+)"', page)
    assert len(pictures) == len(sounds) == 4 * 3 * 2 + 2 * 10
    assert Image.open(BytesIO(b64decode(pictures[0]))).size == (144, 80)
    assert len(decode_wav(b64decode(sounds[0]))) == pytest.approx(1.5 * 44_100, abs=2)


def test_pictures_of_a_tone_and_of_silence():
    time = np.arange(66_150) / 44_100
    tone = spectrogram((0.5 * np.sin(2 * np.pi * 800 * time)).astype(np.float32))
    row = int(tone.mean(axis=1).argmax())
    assert row == pytest.approx(80 - 80 * np.log(800 / 40) / np.log(400) - 0.5, abs=1)  # low below, high above
    silence = np.zeros(66_150, np.float32)
    assert not spectrogram(silence).any()
    assert picture_address(silence).startswith("data:image/png;base64,")
    square = np.sign(np.sin(2 * np.pi * 500 * time)).astype(np.float32) * np.float32(0.89)
    assert np.abs(decode_wav(b64decode(sound_address(square).split(",")[1]))).max() <= 1


def test_the_command_tells_and_keeps_what_was_measured(
    finished_run, measured, banks, export_folder, tmp_path, monkeypatch
):
    asked, others = [], []

    def measure(*_, seeds, beside, **named):
        asked.append(list(seeds))
        others.append(beside)
        return measured

    monkeypatch.setattr(evaluating, "evaluate", measure)
    monkeypatch.setattr("training.evaluation.page.draw_page", lambda found: "<html>")
    command = ["evaluate", "--model", str(finished_run), "--export", str(export_folder), "--out", str(tmp_path / "new")]
    told = invoke(app, [*command, "--seed", "5", "--seeds", "3", "--json"])
    assert told.exit_code == 0, told.output
    assert asked == [[5, 6, 7]]
    kept = json.loads((tmp_path / "new" / EVALUATION_FILE).read_text())
    assert kept == json.loads(told.output) == measured.figures
    assert (tmp_path / "new" / EVALUATION_PAGE).read_text() == "<html>"
    told = invoke(app, [*command, "--beside", f"theirs={banks}"])
    assert "crossover, any two" in told.stdout
    assert [one.name for one in others[-1]] == ["theirs"]
    assert others[0] == []


def test_what_was_measured_is_told_though_the_disk_is_full(
    finished_run, measured, export_folder, tmp_path, monkeypatch
):
    def refuse(path, data):
        raise FileError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr(evaluating, "evaluate", lambda *_, **named: measured)
    monkeypatch.setattr("training.commands.cli_measure.write_file", refuse)
    command = ["evaluate", "--model", str(finished_run), "--export", str(export_folder), "--out", str(tmp_path)]
    told = invoke(app, [*command, "--json"])
    assert json.loads(told.stdout) == measured.figures
    assert isinstance(told.exception, FileError)


def test_too_few_held_out_families_are_one_sentence(export_folder):
    export = read_export(export_folder)
    few = replace(export, splits=np.where(np.arange(len(export.splits)) < 300, "train", export.splits))
    with pytest.raises(ExportError, match="families are held out; 50 are needed"):
        make_reference_sets(few, voices=40, measure=descriptors_of_voices)
