"""Training runs read as files, started and stopped as processes."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dx7.errors import ModelError
from dx7.formats.files import write_cartridge
from dx7.formats.selection import read_voices
from dx7.shared.export_format import EXPORT_VERSION
from dx7.shared.locations import STARTER_BANKS
from dx7.shared.run_folder import CONFIG_FILE, EVALUATION_FILE, LOG_FILE, METRICS_FILE, hold_run, running_process
from labeler.processes.run_folders import (
    RunState,
    metric_curves,
    read_evaluation,
    read_metrics,
    read_run,
    read_runs,
    read_samples,
    sample_voices,
)
from labeler.processes.training_process import find_export, is_running, resume_run, start_run, stop_run

ABOUT = {
    "config": {"seed": 0, "likelihood_steps": 60, "adversarial_steps": 40, "learning_rate": 0.005},
    "steps": 100,
    "export_hash": "ab" * 32,
    "category_keys": ["brass", "bell", "organ"],
}
# Trains as the real one does: takes the folder, works, goes away when it is asked to.
STUB = """
import json, signal, sys, time
from pathlib import Path
from dx7.shared.run_folder import hold_run
words = sys.argv[1:]
run = Path(words[words.index("--run") + 1])
stopped = []
signal.signal(signal.SIGTERM, lambda *_: stopped.append(1))
with hold_run(run):
    (run / "told.json").write_text(json.dumps(words))
    while not stopped:
        time.sleep(0.01)
print("stopped")
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "runs" / "base-1"
    (folder / "samples").mkdir(parents=True)
    (folder / CONFIG_FILE).write_text(json.dumps(ABOUT))
    lines = [
        {"step": 20, "phase": "likelihood", "loss/codes": 30.0, "loss/values": 200.0, "steps_per_second": 2.4},
        {"step": 40, "phase": "likelihood", "loss/codes": 29.0, "validation/codes": 31.0, "steps_per_second": 4.0},
    ]
    (folder / METRICS_FILE).write_text("".join(json.dumps(line) + "\n" for line in lines) + '{"step": 60, "lo')
    for step in (400, 20):
        write_cartridge(folder / "samples" / f"step-{step:06}.syx", read_voices(STARTER_BANKS / "bell.syx").voices())
    return folder


def wait_for(what: Callable[[], object]) -> None:
    deadline = time.monotonic() + 20
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_run_is_read_as_far_as_it_is_written(run: Path, tmp_path: Path) -> None:
    found = read_run(run)
    assert (found.state, found.step, found.steps, found.phase) == (RunState.STOPPED, 40, 100, "likelihood")
    assert (found.steps_per_second, found.seconds_left, found.categories) == (3.0, None, ("brass", "bell", "organ"))
    assert [row["value"] for row in metric_curves(read_metrics(run))["Code loss (NLL), nats per voice"]] == [
        30.0,
        29.0,
        31.0,
    ]
    assert list(read_samples(run)) == [20, 400]
    voices = sample_voices(read_samples(run)[20], found.categories)
    assert [category for _, category in voices[:4]] == ["brass", "bell", "organ", "brass"]
    (tmp_path / "runs" / "empty").mkdir()
    assert read_runs(tmp_path / "runs") == [found]
    assert read_runs(tmp_path / "nowhere") == []


def test_before_its_first_step_a_run_says_how_many_voices_it_has_heard(run: Path) -> None:
    line = {"step": 0, "phase": "hearing", "heard": 4000, "to_hear": 29083}
    (run / METRICS_FILE).write_text(json.dumps(line) + "\n")
    found = read_run(run)
    assert (found.step, found.phase) == (0, "hearing 4,000 of 29,083 voices")
    assert not metric_curves(read_metrics(run))


def test_what_became_of_a_run(run: Path) -> None:
    with hold_run(run):
        assert read_run(run).state is RunState.RUNNING
        assert read_run(run).seconds_left == 20.0
    (run / LOG_FILE).write_text("error: loss is not finite at step 41; begin a new run\n")
    assert (read_run(run).state, read_run(run).problem) == (
        RunState.FAILED,
        "loss is not finite at step 41; begin a new run",
    )
    (run / "model").mkdir()
    (run / "model" / CONFIG_FILE).write_text("{}")
    assert read_run(run).state is RunState.FINISHED
    assert read_evaluation(run / "model") == []
    (run / "model" / EVALUATION_FILE).write_text(json.dumps({"sets": [{"set": "humans", "useful": 0.9}]}))
    assert read_evaluation(run / "model") == [{"set": "humans", "useful": 0.9}]


def test_a_run_is_started_in_a_session_of_its_own_and_stops_when_asked(tmp_path: Path) -> None:
    folder, command = tmp_path / "tiny-1", (sys.executable, "-c", STUB)
    start_run(folder, config="tiny", export=tmp_path / "export", command=command)
    assert is_running(folder)
    with pytest.raises(ModelError, match="is running already"):
        start_run(folder, config="tiny", export=tmp_path / "export", command=command)
    wait_for(lambda: running_process(folder))
    wait_for((folder / "told.json").exists)
    told = json.loads((folder / "told.json").read_text())
    assert told[:4] == ["train", "--json", "--config", "tiny"]
    process = running_process(folder)
    assert process is not None
    assert Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[3] == str(process)  # its own session
    stop_run(folder)
    wait_for(lambda: not is_running(folder))
    assert (folder / LOG_FILE).read_text() == "stopped\n"
    with pytest.raises(ModelError, match="is not running"):
        stop_run(folder)


def test_a_stopped_run_goes_on_with_its_own_settings_and_export(run: Path, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="the export abababababab is no longer in"):
        resume_run(run, exports=tmp_path / "exports")
    for name, content_hash in (("a", "cd" * 32), ("b", "ab" * 32)):
        (tmp_path / "exports" / name).mkdir(parents=True)
        manifest = {"version": EXPORT_VERSION, "content_hash": content_hash}
        (tmp_path / "exports" / name / "manifest.json").write_text(json.dumps(manifest))
    assert find_export(tmp_path / "exports", "ab" * 32).name == "b"
    resume_run(run, exports=tmp_path / "exports", command=(sys.executable, "-c", STUB))
    wait_for((run / "told.json").exists)
    told = json.loads((run / "told.json").read_text())
    stop_run(run)
    wait_for(lambda: not is_running(run))
    assert Path(told[told.index("--export") + 1]).name == "b"
    written = Path(told[told.index("--config") + 1]).read_text()
    assert "likelihood_steps = 60\n" in written
    assert "learning_rate = 0.005\n" in written


def test_the_real_command_takes_the_settings_that_a_run_was_begun_with(tmp_path: Path) -> None:
    """Its config file is made from ``config.json``: the hash must come out the same, or nothing could be resumed."""
    from dataclasses import asdict

    from training.model.config import load_config

    base = load_config("tiny")
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / CONFIG_FILE).write_text(json.dumps({"config": asdict(base), "export_hash": "none"}))
    with pytest.raises(ModelError, match="the export none is no longer in"):
        resume_run(folder, exports=tmp_path)
    assert load_config(str(folder / "settings.toml")).config_hash == base.config_hash


def test_a_run_that_was_just_started_can_be_stopped_too(tmp_path: Path) -> None:
    loading = (sys.executable, "-c", "import time; time.sleep(30)")
    start_run(tmp_path / "run", config="tiny", export=tmp_path, command=loading)
    stop_run(tmp_path / "run")
    wait_for(lambda: not is_running(tmp_path / "run"))
