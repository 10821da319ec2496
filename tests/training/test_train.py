import json
import os
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace

import jax
import numpy as np
import pytest
from flax import nnx

from dx7.errors import ExportError, ModelError
from dx7.formats.files import read_bank
from dx7.shared.export_format import read_export
from dx7.shared.run_folder import METRICS_FILE, SAMPLES_FOLDER, hold_run, running_process
from dx7.voices.parameters import PARAMETERS
from training.evaluation.set_metrics import marginal_distance
from training.inference.finished_model import MODEL_FILE, find_model, read_model
from training.inference.sampling import draw_wanted
from training.model.array_files import read_arrays
from training.model.config import Config
from training.model.generator_numpy import NumpyGenerator
from training.run.publish import inference_weights
from training.run.run_folder import CHECKPOINT_FILE
from training.run.state import make_generator
from training.run.train import run_chunk, train


def metrics_of(run):
    return [json.loads(line) for line in (run / METRICS_FILE).read_text(encoding="utf-8").splitlines()]


def assert_same_run(run, undisturbed):
    """Bit for bit: every loss of every chunk, all that a checkpoint holds, and the model. Only the pace may differ."""
    whole, again = (read_arrays(folder / CHECKPOINT_FILE)[0] for folder in (undisturbed, run))
    assert whole.keys() == again.keys()
    assert all(np.array_equal(whole[name], again[name]) for name in whole)
    assert (run / "model" / MODEL_FILE).read_bytes() == (undisturbed / "model" / MODEL_FILE).read_bytes()
    lines, expected = metrics_of(run), metrics_of(undisturbed)
    for line in [*lines, *expected]:
        line.pop("steps_per_second", None)
    assert lines == expected


def test_a_run_folder_explains_itself(finished_run, tiny, export_folder):
    about = json.loads((finished_run / "config.json").read_text(encoding="utf-8"))
    assert about["config_hash"] == tiny.config_hash
    assert about["export_hash"] == read_export(export_folder).content_hash
    lines = metrics_of(finished_run)
    assert [line["step"] for line in lines] == list(range(0, tiny.steps + 1, tiny.steps_per_chunk))
    assert lines[0] == {"step": 0, "phase": "hearing", "heard": 0, "to_hear": tiny.bred_voices}
    assert {line["phase"] for line in lines[1:]} == {"likelihood", "adversarial", "listening"}
    assert all(np.isfinite(value) for line in lines for value in line.values() if isinstance(value, float))
    for file in sorted((finished_run / SAMPLES_FOLDER).iterdir()):
        bank = read_bank(file)
        assert bank.voice_count == 32
        assert not bank.issues
        assert not list(bank.voice_issues())
    assert not list(finished_run.rglob("*.pkl"))


def test_training_reduces_the_loss_and_comes_nearer_to_the_humans(finished_run, export_folder, tiny):
    lines = metrics_of(finished_run)
    likelihood = [line["loss/values"] for line in lines if line["phase"] == "likelihood"]
    assert likelihood[-1] < 0.3 * likelihood[0]
    held_out = [line["validation/values"] for line in lines if "validation/values" in line]
    by_chance = sum(np.log(row.maximum + 1) for row in PARAMETERS)  # if every legal value were as likely
    assert held_out[-1] < 0.9 * held_out[0] < 0.2 * by_chance

    export = read_export(export_folder)
    trained = read_model(finished_run / "model")
    weights = inference_weights(nnx.state(make_generator(tiny, len(export.category_keys), key=jax.random.key(0))))
    untrained = NumpyGenerator(weights, tiny, len(export.category_keys))
    wanted = [keys[0] for keys in export.categories[:200]]
    distances = []
    for model in (trained, replace(trained, generator=untrained)):
        distances.append(marginal_distance(draw_wanted(model, wanted, seed=0), export.parameters[:200]))
    assert distances[0] < 0.5 * distances[1]


def test_a_stopped_run_goes_on_as_if_it_had_not_stopped(finished_run, export_folder, tiny, tmp_path, monkeypatch):
    """Killed in the middle of writing a later checkpoint, at a step of each phase."""
    for killed_after in (60, 80):
        run = tmp_path / str(killed_after)

        def stop(step, metrics, killed_after=killed_after):
            if step == killed_after + tiny.steps_per_chunk:
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            train(export_folder, tiny, run, stop)
        (run / f".{CHECKPOINT_FILE}.part").write_bytes(b"cut short")
        with (run / METRICS_FILE).open("a") as file:
            file.write('{"step": 99')
        assert not (run / "model").exists()

        train(export_folder, tiny, run)
        assert_same_run(run, finished_run)


def test_a_run_that_is_killed_at_its_very_end_has_no_model_or_all_of_it(
    finished_run, export_folder, tiny, tmp_path, monkeypatch
):
    run = tmp_path / "run"
    shutil.copytree(finished_run, run)
    shutil.rmtree(run / "model")

    def write_half(run, state, folder):
        (folder / "half").mkdir(parents=True)
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("training.run.train.write_finished", write_half)
        with pytest.raises(KeyboardInterrupt):
            train(export_folder, tiny, run)
    assert not (run / "model").exists()

    assert train(export_folder, tiny, run) == run / "model"
    assert not (run / "model" / "half").exists()
    assert_same_run(run, finished_run)


def test_a_run_that_is_asked_to_stop_goes_on_from_that_very_step(finished_run, export_folder, tiny, tmp_path):
    seen = []
    stopped = train(export_folder, tiny, tmp_path, lambda step, metrics: seen.append(step), stop=lambda: len(seen) == 3)
    assert stopped is None
    assert seen == [0, 10, 20, 30]  # no checkpoint would be due at 30
    assert read_arrays(tmp_path / CHECKPOINT_FILE)[1]["step"] == 30
    assert not (tmp_path / "model").exists()
    model = train(export_folder, tiny, tmp_path, lambda step, metrics: seen.append(step))
    assert seen[4] == 40
    assert model is not None
    assert (model / MODEL_FILE).read_bytes() == (finished_run / "model" / MODEL_FILE).read_bytes()


def test_two_programs_cannot_train_in_one_folder(export_folder, tiny, tmp_path):
    with hold_run(tmp_path):
        assert running_process(tmp_path) == os.getpid()
        with pytest.raises(ModelError, match="another program trains in"):
            train(export_folder, tiny, tmp_path)
    assert running_process(tmp_path) is None
    assert running_process(tmp_path / "nowhere") is None


def test_the_command_stops_at_a_term_signal_and_a_kill_9_costs_nothing_but_time(
    finished_run, export_folder, tiny, tmp_path
):
    """A process of its own: what the labeller starts, and stops. What is left goes on bit for bit."""
    command = [sys.executable, "-m", "training", "train", "--config", "tiny", "--json"]
    run = tmp_path / "run"

    def start_and_wait_for_a_line():
        before = len(metrics_of(run)) if run.exists() else 0
        process = subprocess.Popen(
            [*command, "--export", str(export_folder), "--run", str(run)], stdout=subprocess.PIPE, text=True
        )
        deadline = time.monotonic() + 120
        while not (run / METRICS_FILE).exists() or len((run / METRICS_FILE).read_text().splitlines()) <= before:
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.02)
        return process

    process = start_and_wait_for_a_line()
    assert running_process(run) == process.pid
    process.terminate()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0
    facts = json.loads(out)
    assert facts["model"] is None
    assert facts["step"] == metrics_of(run)[-1]["step"] == read_arrays(run / CHECKPOINT_FILE)[1]["step"]
    assert facts["step"] < facts["steps"]

    process = start_and_wait_for_a_line()
    process.kill()
    process.communicate()
    assert process.returncode == -signal.SIGKILL
    assert running_process(run) is None
    assert not (run / "model").exists()

    train(export_folder, tiny, run)
    assert_same_run(run, finished_run)


def test_a_loss_that_is_not_finite_stops_the_run_and_names_the_step(export_folder, tiny, tmp_path):
    wild = replace(tiny, learning_rate=1e30, warmup_steps=1)
    with pytest.raises(ModelError, match=r"is not finite at step [1-9]\d*; the last checkpoint is kept"):
        train(export_folder, wild, tmp_path)
    assert not (tmp_path / CHECKPOINT_FILE).exists()
    assert not (tmp_path / "model").exists()


def test_the_step_that_is_named_is_the_first_that_is_not_finite():
    """Whichever of the metrics shows it."""
    metrics = {"loss/codes": np.array([3.0, 2.0, np.nan]), "norm/generator": np.array([1.0, np.inf, np.nan])}
    with pytest.raises(ModelError, match="norm/generator is not finite at step 42;"):
        run_chunk(lambda state, voices: (state, metrics), None, None, 40)


def test_a_run_folder_of_another_config_or_export_is_refused(finished_run, export_folder, tiny):
    with pytest.raises(ModelError, match="another config"):
        train(export_folder, replace(tiny, seed=5), finished_run)


def test_a_damaged_checkpoint_is_one_sentence(export_folder, tiny, tmp_path):
    (tmp_path / CHECKPOINT_FILE).write_bytes(b"\x80\x04pickle?")
    with pytest.raises(ModelError, match="missing or damaged"):
        train(export_folder, tiny, tmp_path)


def test_no_export_is_one_sentence(tiny, tmp_path):
    with pytest.raises(ExportError, match="is not an export"):
        train(tmp_path / "nowhere", tiny, tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_models_are_found_in_order(finished_run, tmp_path, monkeypatch):
    monkeypatch.setenv("CARTWRIGHT_DATA", str(tmp_path))
    assert find_model(finished_run) == finished_run / "model"
    with pytest.raises(ModelError, match="no finished model"):
        find_model(tmp_path)
    monkeypatch.setattr("training.inference.finished_model.DEFAULT_MODEL", finished_run / "model")
    assert find_model() == finished_run / "model"
    latest = tmp_path / "runs" / "latest" / "model"
    latest.mkdir(parents=True)
    for file in (finished_run / "model").iterdir():
        (latest / file.name).write_bytes(file.read_bytes())
    assert find_model() == latest
    monkeypatch.setattr("training.inference.finished_model.DEFAULT_MODEL", tmp_path)
    (latest / "config.json").unlink()
    with pytest.raises(ModelError, match="run make train"):
        find_model()


def test_a_model_of_another_shape_is_refused(finished_run, tmp_path):
    for file in (finished_run / "model").iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    written = json.loads((tmp_path / "config.json").read_text())
    written["config"]["width"] = 16
    (tmp_path / "config.json").write_text(json.dumps(written))
    with pytest.raises(ModelError, match="this version needs"):
        read_model(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(written | {"version": 99}))
    with pytest.raises(ModelError, match="model version 99"):
        read_model(tmp_path)


def test_the_default_config_is_what_the_dataclass_says():
    assert Config().steps == Config().likelihood_steps + Config().adversarial_steps + Config().listening_steps
