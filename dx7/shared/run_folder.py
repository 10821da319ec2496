"""The folder of a training run: its file names, and whether a program trains there now.

``training`` writes it; the labeller reads it as files and needs nothing of ``training``.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import harmonic_mean
from typing import Any

from dx7.errors import ModelError

CONFIG_FILE = "config.json"  # settings, the export's hash and its categories; in the model's folder too
METRICS_FILE = "metrics.jsonl"  # one flat object per chunk of steps
SAMPLES_FOLDER = "samples"  # step-NNNNNN.syx: a cartridge of the same 32 seeds, slot n of category n, and again
MODEL_FOLDER = "model"  # when finished
EVALUATION_FILE = "evaluation.json"  # in the model's folder, once it was measured
EVALUATION_PAGE = "evaluation.html"  # in the same folder, to see and to hear
DESIGNS_FILE = "designs.json"  # once rivals have learned for as long as the run did
LOG_FILE = "train.log"  # the output of a run without a terminal
LOCK_FILE = ".running"  # locked while a program trains; holds its process id

_PATIENCE = 1.0  # seconds; another program may be checking the lock
_PAUSE = 0.02
_PACE_OVER = 10  # lines of metrics


@contextmanager
def hold_run(folder: Path) -> Iterator[None]:
    """Keep every other program from training in this folder. Let go at the end of the block, or of the process.

    Raises ``ModelError`` if another holds it, or the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(folder / LOCK_FILE, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise ModelError(f"cannot write to the run folder {folder}: {error.strerror}") from error
    try:
        deadline = time.monotonic() + _PATIENCE
        while not _locked(descriptor, fcntl.LOCK_EX):
            if time.monotonic() >= deadline:
                raise ModelError(f"another program trains in {folder} already; wait for it, or stop it")
            time.sleep(_PAUSE)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
        os.ftruncate(descriptor, 0)
    finally:
        os.close(descriptor)


def running_process(folder: Path) -> int | None:
    """The process that trains in a run's folder now; None if none does."""
    try:
        descriptor = os.open(folder / LOCK_FILE, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        written, deadline = b"", time.monotonic() + _PATIENCE
        while not _locked(descriptor, fcntl.LOCK_SH):
            before, written = written, os.pread(descriptor, 20, 0)
            if written.isdigit() and written == before:  # not left by a killed process
                return int(written)
            if time.monotonic() >= deadline:
                raise ModelError(f"a program trains in {folder}, but {LOCK_FILE} does not say which; stop it by hand")
            time.sleep(_PAUSE)  # the process may be about to write its id
    finally:
        os.close(descriptor)
    return None


def pace(lines: Sequence[Mapping[str, Any]]) -> float | None:
    """Steps a second over the last lines of metrics of the phase that a run is in; None where none has been timed.

    >>> pace([{"phase": "a", "steps_per_second": 9.0}, {"phase": "b"}, {"phase": "b", "steps_per_second": 2.0}])
    2.0
    """
    latest = [line for line in lines[-_PACE_OVER:] if line.get("phase") == lines[-1].get("phase")]
    timed = [float(line["steps_per_second"]) for line in latest if line.get("steps_per_second")]
    return round(harmonic_mean(timed), 3) if timed else None


def _locked(descriptor: int, how: int) -> bool:
    try:
        fcntl.flock(descriptor, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
