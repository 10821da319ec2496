"""A set of voices that is measured, and the banks it consists of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from dx7.voices.layout import Floats
from dx7.voices.parameters import VOICES_IN_BANK

Parameters = NDArray[np.uint8]
Rows = NDArray[np.int64]
UNKNOWN = ""  # the category of a voice that was not requested as one


@dataclass(frozen=True, eq=False)
class VoiceSet:
    """``n`` voices and the requested category of each, :data:`UNKNOWN` if there is none.

    ``alike`` are the rows that are compared with the reference set: as many as it has, in its mix of categories if
    these are known; None for all. ``descriptors`` are empty until the voices are rendered.
    """

    name: str
    parameters: Parameters  # [n, 145]
    wanted: Sequence[str]  # n main categories
    banks: Rows  # [n], the number of each voice's bank
    names: Sequence[str] = ()  # n, or none
    alike: Rows | None = None
    descriptors: Floats = field(default_factory=lambda: np.zeros((0, 0), np.float32))  # [n, len(DESCRIPTOR_NAMES)]

    @property
    def compared(self) -> Rows:
        """The rows that are compared with the reference set."""
        return np.arange(len(self.parameters)) if self.alike is None else self.alike

    def like(self, count: int, rng: np.random.Generator) -> VoiceSet:
        """The same voices, of which a random ``count`` is compared with the reference set.

        Coverage grows with the size of a set, so all sets must be compared at the same size.
        """
        return replace(self, alike=np.sort(rng.permutation(len(self.parameters))[:count]))

    def with_descriptors(self, descriptors: Floats) -> VoiceSet:
        """The same voices with their descriptors."""
        return replace(self, descriptors=descriptors)


def deal_into_banks(wanted: Sequence[str]) -> Rows:
    """A bank number for each voice: banks of 32 voices of one category; the last of a category may be short.

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
