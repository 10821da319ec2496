"""How the training half is started, and what it says when it fails."""

from __future__ import annotations

import sys

COMMAND = (sys.executable, "-m", "training")


def complaint(said: str, otherwise: str) -> str:
    """The sentence of a command that failed, out of its stderr: what follows the last "error:".

    >>> complaint("loading\\nerror: there is no export; run make export\\n", "it failed")
    'there is no export; run make export'
    >>> complaint("Traceback ...", "it failed")
    'it failed'
    """
    _, found, sentence = said.rpartition("error: ")
    return " ".join(sentence.split()) if found and sentence.strip() else otherwise
