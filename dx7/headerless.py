"""Voices without any header: n x 128, n x 155, or 128 + 64 bytes of a TX7 function memory.

Nothing marks such data, so they must look like voices. Random bytes do not: each of the 90 or so values that end
at 99 is in range in 100 of 128 cases. Text does not: it sets bits that voices leave at 0. Half the voices of a bank
may be damaged all the same, so bytes are judged as a whole first, and if most windows look like voices all are taken.
If not, only those windows are taken that are voices beyond doubt, and plausible ones in one row with them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dx7.bankfile import RejectedVoice, Supplement, VoiceBlock
from dx7.judge import find_beyond_doubt, is_plausible, plausible_share, reason_against
from dx7.layout import Bytes
from dx7.parameters import PACKED_SIZE, UNPACKED_SIZE


@dataclass(frozen=True, slots=True)
class Run:
    """Voices at even distances: ``count`` of them, or as many as fit if it is None."""

    first: int
    stride: int = PACKED_SIZE  # bytes from one voice to the next
    width: int = PACKED_SIZE  # bytes of a voice
    count: int | None = None

    def windows(self, data: bytes) -> Bytes:
        """The voices, ``uint8[n, width]``, a view of ``data``. Fewer than ``count`` if ``data`` end before."""
        fitting = max(0, (len(data) - self.first - self.width) // self.stride + 1)
        count = fitting if self.count is None else min(self.count, fitting)
        flat = np.frombuffer(data, dtype=np.uint8)[self.first :]
        return np.lib.stride_tricks.as_strided(flat, (count, self.width), (self.stride, 1), writeable=False)

    def block(self, data: bytes, found_as: str) -> VoiceBlock:
        """The voices as a block; its arrays are read-only and own their bytes."""
        raw = np.ascontiguousarray(self.windows(data))
        raw.flags.writeable = False
        return VoiceBlock(found_as, raw, self.first + self.stride * np.arange(len(raw), dtype=np.int64))


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found without the help of a header."""

    blocks: tuple[VoiceBlock, ...] = ()
    rejected: tuple[RejectedVoice, ...] = ()
    supplements: tuple[Supplement, ...] = ()


_LAYOUTS = (
    ("headerless packed", Run(0)),
    ("headerless unpacked", Run(0, UNPACKED_SIZE, UNPACKED_SIZE)),
    ("headerless packed with TX7 functions", Run(0, 192)),
)
_ONE_BY_ONE = {PACKED_SIZE: "headerless packed, one by one", UNPACKED_SIZE: "headerless unpacked, one by one"}
_PLAUSIBLE_SHARE = 0.5  # of the voices
_CONVINCING_SHARE = 0.9  # where voices do not begin at the first byte, more must fit
_MOST_PHASES = 8  # of those that voices beyond doubt have
MOST_REJECTED = 1_000  # windows that are listed; a hostile file can have any number


def find_headerless(data: bytes) -> Finding:
    """The voices of bytes that have no header; nothing if they hold none."""
    best_share, best_name, best = 0.0, *_LAYOUTS[0]
    for name, layout in _LAYOUTS:
        share = plausible_share(layout.windows(data))
        if share > best_share:
            best_share, best_name, best = share, name, layout
        if share >= _CONVINCING_SHARE:
            break
    if best_share >= _PLAUSIBLE_SHARE:
        return Finding((best.block(data, best_name),))
    sure = find_beyond_doubt(data)
    if not len(sure):
        return _one_by_one(data, find_beyond_doubt(data, UNPACKED_SIZE), UNPACKED_SIZE)
    shifted = Run(int(np.bincount(sure % PACKED_SIZE).argmax()))
    if plausible_share(shifted.windows(data)) >= _CONVINCING_SHARE:
        return Finding((shifted.block(data, _LAYOUTS[0][0]),))
    return _one_by_one(data, sure, PACKED_SIZE)


def _one_by_one(data: bytes, sure: NDArray[np.intp], width: int) -> Finding:
    """The voices among windows of which most are none, judged alone."""
    if not len(sure):
        return Finding()
    taken = _without_overlap(data, sure, width)
    flat = np.frombuffer(data, dtype=np.uint8)
    raw = np.lib.stride_tricks.sliding_window_view(flat, width)[taken]
    block = VoiceBlock(_ONE_BY_ONE[width], raw, taken.astype(np.int64))
    return Finding((block,), tuple(_rejected(flat, taken, width)))


def _without_overlap(data: bytes, sure: NDArray[np.intp], width: int) -> NDArray[np.intp]:
    """Offsets of voices that share no byte: those beyond doubt, and plausible ones in one row with them.

    Where two overlap, the one whose phase has more voices counts.
    """
    weight = np.bincount(sure % width, minlength=width)
    occupied = np.zeros(len(data) + 1, np.bool_)
    taken: list[int] = []

    def take(offsets: NDArray[np.intp]) -> None:
        for offset in offsets.tolist():
            if not occupied[offset] and not occupied[offset + width - 1]:  # all windows are of one width
                occupied[offset : offset + width] = True
                taken.append(offset)

    phases = np.argsort(-weight, kind="stable")
    for phase in phases[weight[phases] > 0][:_MOST_PHASES].tolist():
        take(_rows_of(data, sure[sure % width == phase], Run(phase, width, width)))
    take(sure[np.argsort(-weight[sure % width], kind="stable")])
    return np.array(sorted(taken), np.intp)


def _rows_of(data: bytes, sure: NDArray[np.intp], run: Run) -> NDArray[np.intp]:
    """The offsets of plausible windows of a run that stand in an unbroken row with one beyond doubt."""
    plausible = is_plausible(run.windows(data))
    certain = np.zeros_like(plausible)
    certain[(sure - run.first) // run.stride] = True
    rows = np.cumsum(~plausible)  # windows of one row have one number
    kept = plausible & np.isin(rows, rows[certain])
    return run.first + run.stride * np.flatnonzero(kept)


def _rejected(flat: Bytes, taken: NDArray[np.intp], width: int) -> list[RejectedVoice]:
    """The windows between, before and behind the voices taken, padding left out."""
    rejected: list[RejectedVoice] = []
    ends = np.concatenate([[0], taken + width])
    for number, (first, last) in enumerate(zip(ends, [*taken, len(flat)], strict=True)):
        start = int(first) if number else int(last) - (int(last) - int(first)) // width * width
        for offset in range(start, int(last) - width + 1, width):
            window = flat[offset : offset + width]
            if (window == window[0]).all():
                continue
            if len(rejected) == MOST_REJECTED:
                rejected.append(
                    RejectedVoice(offset, int(last) - offset, "windows like these are not listed any further")
                )
                return rejected
            rejected.append(RejectedVoice(offset, width, reason_against(window)))
    return rejected
