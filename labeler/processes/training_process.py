"""Starting and stopping training runs: processes of their own, which go on when the app ends."""

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

CONFIGS = {"base": "base: some 15 minutes on two cores", "tiny": "tiny: a minute, to see that it works"}
SETTINGS_FILE = "settings.toml"  # the settings of a run, as the command takes them
_started: dict[Path, subprocess.Popen[bytes]] = {}  # by this app, so that it notices their ends


def new_run_folder(runs: Path, config: str, *, now: datetime | None = None) -> Path:
    """The folder of a run that is about to begin.

    >>> new_run_folder(Path("runs"), "base", now=datetime(2026, 5, 1, 12, 30, tzinfo=UTC)).name
    'base-20260501-123000'
    """
    return runs / f"{Path(config).stem}-{now or datetime.now(UTC):%Y%m%d-%H%M%S}"


def start_run(folder: Path, *, config: str, export: Path, command: Sequence[str] = TRAINING) -> None:
    """Begin a run, or go on with a stopped one. What it says goes to ``train.log`` in its folder.

    Raises ``ModelError`` if it runs already, or cannot be started.
    """
    if is_running(folder):
        raise ModelError(f"the run {folder.name} is going on already")
    words = [*command, "train", "--json", "--config", config, "--export", str(export), "--run", str(folder)]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with (folder / LOG_FILE).open("wb") as log:
            # A session of its own: closing the app, or Ctrl-C in its terminal, is no reason to stop training.
            _started[folder] = subprocess.Popen(  # noqa: S603 - our own command
                words, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
            )
    except OSError as error:
        raise ModelError(f"cannot start training in {folder}: {error.strerror}") from error


def resume_run(folder: Path, *, exports: Path, command: Sequence[str] = TRAINING) -> None:
    """Go on with a stopped run: with its own settings and export. Raises ``ModelError`` if one of them is gone."""
    try:
        about = json.loads((folder / CONFIG_FILE).read_text(encoding="utf-8"))
        lines = [f"{key} = {json.dumps(value)}\n" for key, value in about["config"].items()]
        wanted = about["export_hash"]
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ModelError(f"the settings of {folder.name} cannot be read; begin a new run") from error
    write_file(folder / SETTINGS_FILE, "".join(lines).encode())
    start_run(folder, config=str(folder / SETTINGS_FILE), export=find_export(exports, wanted), command=command)


def stop_run(folder: Path) -> None:
    """Ask a run to stop after the steps it is at; it can go on from there. Raises ``ModelError`` if it does not run."""
    process = running_process(folder)
    if process is None and folder in _started and _started[folder].poll() is None:
        process = _started[folder].pid  # it is still loading, and has not taken its folder yet
    if process is None:
        raise ModelError(f"the run {folder.name} is not going on")
    os.kill(process, signal.SIGTERM)


def is_running(folder: Path) -> bool:
    """Whether a program trains in the folder, or was just started to."""
    begun = _started.get(folder)
    if begun and begun.poll() is not None:
        del _started[folder]
        begun = None
    return begun is not None or running_process(folder) is not None


def find_export(exports: Path, content_hash: str) -> Path:
    """The export of a hash, whatever its folder is called. Raises ``ModelError`` if it is gone."""
    for manifest in sorted(exports.glob(f"*/{MANIFEST_FILE}")):
        try:
            if read_manifest(manifest.parent)["content_hash"] == content_hash:
                return manifest.parent
        except (ExportError, KeyError):
            continue  # a broken export is not the one that was trained on
    raise ModelError(f"the export {content_hash[:12]} is not in {exports} any more; begin a new run")
