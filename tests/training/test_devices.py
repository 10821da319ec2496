"""A run on two devices, and one of two processes, against the same run on one device."""

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import numpy as np
import pytest
from typer.testing import CliRunner

from dx7.errors import ExportError, ModelError
from dx7.shared.run_folder import METRICS_FILE
from training.commands.cli import app
from training.model.array_files import read_arrays
from training.run import devices
from training.run.run_folder import CHECKPOINT_FILE
from training.run.train import train

COMMAND = (sys.executable, "-m", "training", "train", "--json", "--config", "tiny")
# The compiler takes most of the time here, so it need not try hard.
QUICKLY = "--xla_backend_optimization_level=0 --xla_cpu_parallel_codegen_split_count=1"


@contextmanager
def started(run, export_folder, *words, flags=""):
    """The command in a process of its own, which does not outlive the block."""
    process = subprocess.Popen(
        [*COMMAND, "--export", str(export_folder), "--run", str(run), *words],
        env=os.environ | {"XLA_FLAGS": f"{QUICKLY} {flags}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def losses_of(run):
    lines = [json.loads(line) for line in (run / METRICS_FILE).read_text(encoding="utf-8").splitlines()]
    return {line["step"]: {name: value for name, value in line.items() if "loss/" in name} for line in lines}


def assert_alike(some, whole):
    for step, losses in some.items():
        assert losses.keys() == whole[step].keys()
        assert np.allclose(list(losses.values()), list(whole[step].values()), rtol=1e-4), step


def wait_for_step(run, step, process):
    deadline = time.monotonic() + 120
    while not (run / METRICS_FILE).exists() or max(losses_of(run), default=0) < step:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_two_devices_give_the_losses_of_one(run_at_60, finished_run, export_folder, tmp_path):
    """In the adversarial phase, which does all that the other does, and more."""
    run = shutil.copytree(run_at_60, tmp_path / "run")
    with started(run, export_folder, flags="--xla_force_host_platform_device_count=2") as process:
        wait_for_step(run, 70, process)
        process.terminate()
        facts = json.loads(process.communicate(timeout=120)[0])
    assert facts["devices"] == 2
    assert facts["step"] >= 70
    assert_alike(losses_of(run), losses_of(finished_run))


def test_two_processes_are_one_run_that_the_first_writes_and_any_can_stop(finished_run, export_folder, tiny, tmp_path):
    run, other = tmp_path / "run", tmp_path / "other"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        together = ["--coordinator", f"127.0.0.1:{free.getsockname()[1]}", "--processes", "2", "--process"]
    with (
        started(run, export_folder, *together, "0") as first,
        started(other, export_folder, *together, "1") as second,
    ):
        wait_for_step(run, 10, first)
        second.terminate()
        told = [json.loads(process.communicate(timeout=60)[0]) for process in (first, second)]
    assert [facts["devices"] for facts in told] == [2, 2]
    assert told[0]["step"] == told[1]["step"] == read_arrays(run / CHECKPOINT_FILE)[1]["step"] < tiny.likelihood_steps
    assert not other.exists()
    assert_alike(losses_of(run), losses_of(finished_run))
    model = train(export_folder, tiny, run)  # one goes on with what two began
    assert model is not None
    assert list(losses_of(run)) == list(losses_of(finished_run))


def test_what_fails_in_one_process_is_told_in_all(monkeypatch):
    def told_by_two(told):
        return np.stack([told, np.frombuffer(b"no export here".ljust(len(told), b"\0"), np.uint8)])

    monkeypatch.setattr(devices.jax, "process_count", lambda: 2)
    monkeypatch.setattr(devices.multihost_utils, "process_allgather", told_by_two)
    with pytest.raises(ModelError, match="process 1 failed: no export here"), devices.fail_together():
        pass
    with pytest.raises(ExportError, match="my own trouble"), devices.fail_together():
        raise ExportError("my own trouble")
    with pytest.raises(ModelError, match="process 1 has the export no export here, process 0 has abc; give all"):
        devices.check_same("export", "abc")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--processes", "2"], "set --coordinator HOST:PORT"),
        (["--coordinator", "127.0.0.1:1", "--processes", "2", "--process", "2"], "with 2 processes it must be 0 to 1"),
    ],
)
def test_processes_that_cannot_meet_are_wrong_usage(words, complaint):
    told = CliRunner().invoke(app, ["train", *words], env={"COLUMNS": "200"})
    assert told.exit_code == 2
    assert complaint in told.output
