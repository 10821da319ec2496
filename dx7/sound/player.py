"""Play WAV files with a command-line player of this machine."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from dx7.errors import EngineError

# In this order: ALSA, PulseAudio or PipeWire, macOS, ffmpeg.
PLAYERS = (
    ("aplay", "-q"),
    ("paplay",),
    ("afplay",),
    ("ffplay", "-nodisp", "-autoexit", "-loglevel", "error"),
)


def find_player() -> tuple[str, ...] | None:
    """Return the command of the first installed player, without the file; None if there is none."""
    for program, *options in PLAYERS:
        if path := shutil.which(program):
            return (path, *options)
    return None


def play_wav(path: Path, player: tuple[str, ...]) -> None:
    """Play a WAV file to its end. Raises ``EngineError`` if the player fails, as it does without a sound card."""
    # The path is absolute, so that a file name cannot be read as an option.
    done = subprocess.run([*player, str(path.absolute())], capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode:
        reason = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise EngineError(f"{player[0]} cannot play {path}: {reason[-1]}; write a WAV file with --out instead")
