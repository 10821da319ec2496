"""Voices that are measured together, and the banks they stand in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dx7.voices.parameters import VOICES_IN_BANK

Parameters = NDArray[np.uint8]
Floats = NDArray[np.float32]
Rows = NDArray[np.int64]
UNKNOWN = ""  # the category of a voice of which nobody said what it is meant to be


@dataclass(frozen=True, eq=False)
class VoiceSet:
    """``n`` voices and the category each was asked for, :data:`UNKNOWN` if nobody said.

    ``alike`` are rows that can be compared with the held-out humans as a whole, for there are as many, and of their mix
    of categories where these are known; None for all. ``heard`` is empty until they were heard.
    """

    name: str
    parameters: Parameters  # [n, 145]
    wanted: Sequence[str]  # n main categories
    banks: Rows  # [n], the number of the bank that each stands in
    names: Sequence[str] = ()  # n, or none
    alike: Rows | None = None
    heard: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # [n, len(DESCRIPTOR_NAMES)]

    @property
    def compared(self) -> Rows:
        """The rows that are compared with the humans as a whole."""
        return np.arange(len(self.parameters)) if self.alike is None else self.alike

    def like(self, count: int, rng: np.random.Generator) -> VoiceSet:
        """The same voices, of which at most ``count``, chosen by chance, are compared as a whole.

        How much of the human voices a set covers grows with its size, so that sets have to be alike in that.
        """
        return replace(self, alike=np.sort(rng.permutation(len(self.parameters))[:count]))

    def with_descriptors(self, heard: Floats) -> VoiceSet:
        """The same voices, heard."""
        return replace(self, heard=heard)


def deal_into_banks(wanted: Sequence[str]) -> Rows:
    """A bank for each voice: 32 of one category fill one, the last of a category may stay short.

    >>> deal_into_banks(["brass", "bass", "brass"]).tolist()
    [0, 1, 0]
    """
    seen: Counter[str] = Counter()
    numbers: dict[tuple[str, int], int] = {}
    banks = []
    for key in wanted:
        bank = (key, seen[key] // VOICES_IN_BANK)
        seen[key] += 1
        banks.append(numbers.setdefault(bank, len(numbers)))
    return np.array(banks, np.int64)
