"""Starts and stops training runs: processes of their own that continue when the app ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from dx7.errors import ExportError, ModelError
from dx7.formats.files import write_file
from dx7.shared.export_format import MANIFEST_FILE, read_manifest
from dx7.shared.run_folder import CONFIG_FILE, LOG_FILE, running_process
from labeler.processes.commands import TRAINING

CONFIGS = {"base": "base: about 15 minutes on two cores", "tiny": "tiny: a minute, to see that it works"}
SETTINGS_FILE = "settings.toml"  # the settings of a resumed run, for the command
_started: dict[Path, subprocess.Popen[bytes]] = {}  # the processes of this app, so that it notices when they end


def new_run_folder(runs: Path, config: str, *, now: datetime | None = None) -> Path:
    """The folder for a new run.

    >>> new_run_folder(Path("runs"), "base", now=datetime(2026, 5, 1, 12, 30, tzinfo=UTC)).name
    'base-20260501-123000'
    """
    return runs / f"{Path(config).stem}-{now or datetime.now(UTC):%Y%m%d-%H%M%S}"


def start_run(folder: Path, *, config: str, export: Path, command: Sequence[str] = TRAINING) -> None:
    """Start a run, or resume a stopped one. Its output goes to ``train.log`` in its folder.

    Raises ``ModelError`` if it is running already or cannot be started.
    """
    if is_running(folder):
        raise ModelError(f"the run {folder.name} is running already")
    words = [*command, "train", "--json", "--config", config, "--export", str(export), "--run", str(folder)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG_FILE).open("wb") as log:
            # A session of its own: closing the app, or Ctrl-C in its terminal, does not stop training.
            _started[folder] = subprocess.Popen(  # noqa: S603 - our own command
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
    except OSError as error:
        raise ModelError(f"cannot start training in {folder}: {error.strerror}") from error


def resume_run(folder: Path, *, exports: Path, command: Sequence[str] = TRAINING) -> None:
    """Resume a stopped run with its own settings and export. Raises ``ModelError`` if one of them is missing."""
    try:
        about = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in about["config"].items()]
        wanted = about["export_hash"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"the settings of {folder.name} cannot be read; start a new run") from error
    write_file(folder / SETTINGS_FILE, "".join(lines).encode())
    start_run(folder, config=str(folder / SETTINGS_FILE), export=find_export(exports, wanted), command=command)


def stop_run(folder: Path) -> None:
    """Tell a run to stop after its present steps; it can be resumed. Raises ``ModelError`` if it is not running."""
    process = running_process(folder)
    if process is None and folder in _started and _started[folder].poll() is None:
        process = _started[folder].pid  # it is still loading and has not locked its folder yet
    if process is None:
        raise ModelError(f"the run {folder.name} is not running")
    os.kill(process, signal.SIGTERM)


def is_running(folder: Path) -> bool:
    """Whether a process trains in the folder, or was just started."""
    begun = _started.get(folder)
    if begun and begun.poll() is not None:
        del _started[folder]
        begun = None
    return begun is not None or running_process(folder) is not None


def find_export(exports: Path, content_hash: str) -> Path:
    """The export with a content hash, under any folder name. Raises ``ModelError`` if there is none."""
    for manifest in sorted(exports.glob(f"*/{MANIFEST_FILE}")):
        try:
            if read_manifest(manifest.parent)["content_hash"] == content_hash:
                return manifest.parent
        except (ExportError, KeyError):
            continue  # an unreadable export cannot be the one of the run
    raise ModelError(f"the export {content_hash[:12]} is no longer in {exports}; start a new run")
