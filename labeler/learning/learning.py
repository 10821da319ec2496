"""Learning in a process of its own: fitting an ear needs JAX, which the app never loads."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dx7.errors import StoreError
from labeler.processes.commands import complaint

COMMAND = (sys.executable, "-m", "corpus")


def learn_anew(store: Path, journals: Path, *, command: Sequence[str] = COMMAND) -> None:
    """Run ``corpus learn`` to its end. Raises ``StoreError`` with its own sentence if it fails."""
    words = [*command, "learn", "--json", "--store", str(store), "--labels", str(journals)]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    except OSError as error:
        raise StoreError(f"cannot start learning: {error.strerror}") from error
    if done.returncode:
        raise StoreError(complaint(done.stderr, "learning failed; python -m corpus learn in a terminal shows where"))
