"""The commands that the app runs as processes, so that it never loads JAX and no page waits for another.

``lay_out_map`` and ``train_classifier`` wait for the end of theirs. The modules next to this one watch longer ones.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from dx7.errors import StoreError

CORPUS = (sys.executable, "-m", "corpus")
TRAINING = (sys.executable, "-m", "training")


def lay_out_map(store: Path, *, command: Sequence[str] = CORPUS) -> None:
    """Run ``corpus map``: analyse new voices, find their families, and lay out or extend the map.

    Raises ``StoreError`` with the error message of the command if it fails.
    """
    _run([*command, "map", "--json", "--store", str(store)], "python -m corpus map")


def train_classifier(store: Path, journals: Path, *, command: Sequence[str] = CORPUS) -> None:
    """Run ``corpus learn``, which fits the category classifier.

    Raises ``StoreError`` with the error message of the command if it fails.
    """
    _run([*command, "learn", "--json", "--store", str(store), "--labels", str(journals)], "python -m corpus learn")


def error_sentence(stderr: str, default: str) -> str:
    """The error message of a command: what follows the last "error:" in its stderr; ``default`` if there is none.

    >>> error_sentence("loading\\nerror: there is no export; run make export\\n", "it failed")
    'there is no export; run make export'
    >>> error_sentence("Traceback ...", "it failed")
    'it failed'
    """
    _, found, sentence = stderr.rpartition("error: ")
    return " ".join(sentence.split()) if found and sentence.strip() else default


def _run(words: list[str], shown: str) -> None:
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    except OSError as error:
        raise StoreError(f"cannot start {shown}: {error.strerror}") from error
    if done.returncode:
        raise StoreError(error_sentence(done.stderr, f"{shown} failed; run it in a terminal to see why"))
