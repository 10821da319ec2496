"""Laying out the map from the app: as a process of its own, so that nobody's deck waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from dx7.errors import StoreError


def make_map(store: Path) -> None:
    """Run ``python -m corpus map`` on a store: voices are heard, families found, the map is laid out or added to.

    Raises ``StoreError`` with what the command says if it fails.
    """
    command = [sys.executable, "-m", "corpus", "map", "--store", str(store), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
    if done.returncode:
        raise StoreError(f"the map could not be laid out: {done.stderr.strip().removeprefix('error: ') or 'no reason'}")
