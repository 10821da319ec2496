"""Voices without any header: n x 128, n x 155, or 128 + 64 bytes of a TX7 function memory.

Nothing marks such data, so they must look like voices. Random bytes do not: each of the 90 or so values that end
at 99 is in range in 100 of 128 cases. Text does not: it sets bits that voices leave at 0. Half the voices of a bank
may be damaged, so the reader first checks all bytes: if most windows look like voices, it takes all of them. If not,
it takes only voices beyond doubt, and plausible voices in one row with many of them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dx7.formats.bank_file import RejectedVoice, Supplement, VoiceBlock
from dx7.formats.plausibility import find_beyond_doubt, is_beyond_doubt, is_plausible, plausible_share, reason_against
from dx7.voices.layout import Bytes
from dx7.voices.parameters import PACKED_SIZE, UNPACKED_SIZE


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
    """Voices found without a header, rejected windows and supplements."""

    blocks: tuple[VoiceBlock, ...] = ()
    rejected: tuple[RejectedVoice, ...] = ()
    supplements: tuple[Supplement, ...] = ()


LAYOUTS = (
    ("headerless packed", Run(0)),
    ("headerless unpacked", Run(0, UNPACKED_SIZE, UNPACKED_SIZE)),
    ("headerless packed with TX7 functions", Run(0, 192)),
)
ONE_BY_ONE = {PACKED_SIZE: "headerless packed, one by one", UNPACKED_SIZE: "headerless unpacked, one by one"}
_PLAUSIBLE_SHARE = 0.5  # of the voices
_CONVINCING_SHARE = 0.9  # where voices do not begin at the first byte, more must fit
_MOSTLY_SURE = 2 / 3  # of a row, for the rest of it to be believed; five of six real voices are beyond doubt
_MOST_PHASES = 8  # of those that voices beyond doubt have
MOST_REJECTED = 1_000  # windows that are listed; a hostile file can have any number


def find_headerless(data: bytes) -> Finding:
    """The voices of bytes without a header; empty if they hold none."""
    for name, layout in LAYOUTS:
        windows = layout.windows(data)
        if len(windows) and is_beyond_doubt(windows).mean() >= _MOSTLY_SURE:  # as nearly always: nothing fits better
            return Finding((layout.block(data, name),))
    likely = [(name, layout) for name, layout in LAYOUTS if plausible_share(layout.windows(data)) >= _PLAUSIBLE_SHARE]
    sure = {width: find_beyond_doubt(data, width) for width in (PACKED_SIZE, UNPACKED_SIZE)}
    best = _best_layout(data, likely, sure)
    return Finding((best[1].block(data, best[0]),)) if best else _one_by_one(data, sure)


def _best_layout(
    data: bytes, likely: list[tuple[str, Run]], sure: dict[int, NDArray[np.intp]]
) -> tuple[str, Run] | None:
    """The layout with most voices beyond doubt; None if it covers few of those in the data.

    Voices read one byte late are plausible, but hardly ever beyond doubt. If all voices are in doubt, as in a badly
    damaged bank, they are read from the first byte.
    """
    ranked = []
    for name, layout in likely:
        windows = layout.windows(data)
        ranked.append((int(is_beyond_doubt(windows).sum()), plausible_share(windows), len(windows), name, layout))
    if len(sure[PACKED_SIZE]):
        shifted = Run(int(np.bincount(sure[PACKED_SIZE] % PACKED_SIZE).argmax()))
        windows = shifted.windows(data)
        hits, share = int(is_beyond_doubt(windows).sum()), plausible_share(windows)
        if share >= _CONVINCING_SHARE and (not likely or hits >= _PLAUSIBLE_SHARE * len(windows)):
            ranked.append((hits, share, len(windows), LAYOUTS[0][0], shifted))
    if not ranked:
        return None
    hits, _, count, name, layout = max(ranked, key=lambda row: row[:2])
    number = sum(map(len, sure.values()))
    return None if 2 * hits < number and number >= _PLAUSIBLE_SHARE * count else (name, layout)


def _one_by_one(data: bytes, sure: dict[int, NDArray[np.intp]]) -> Finding:
    """Single voices among windows that are mostly not voices."""
    flat = np.frombuffer(data, dtype=np.uint8)
    occupied = np.zeros(len(data), np.bool_)
    blocks = []
    for width, offsets in sure.items():
        taken = _without_overlap(data, offsets, width, occupied)
        if len(taken):
            raw = np.lib.stride_tricks.sliding_window_view(flat, width)[taken]
            blocks.append(VoiceBlock(ONE_BY_ONE[width], raw, taken.astype(np.int64)))
    return Finding(tuple(blocks), tuple(_rejected(flat, occupied))) if blocks else Finding()


def _without_overlap(data: bytes, sure: NDArray[np.intp], width: int, occupied: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Offsets of voices that share no byte: those beyond doubt, then others in one row with them.

    Where two overlap, the one whose phase has more voices counts. What is taken becomes ``occupied``.
    """
    weight = np.bincount(sure % width, minlength=width)
    taken: list[int] = []

    def take(offsets: NDArray[np.intp]) -> None:
        for offset in offsets.tolist():
            if not occupied[offset : offset + width].any():
                occupied[offset : offset + width] = True
                taken.append(offset)

    take(sure[np.argsort(-weight[sure % width], kind="stable")])
    for phase in np.argsort(-weight, kind="stable")[:_MOST_PHASES].tolist():
        if weight[phase]:
            take(_rest_of_rows(data, np.array(taken, np.intp), Run(phase, width, width)))
    return np.array(sorted(taken), np.intp)


def _rest_of_rows(data: bytes, taken: NDArray[np.intp], run: Run) -> NDArray[np.intp]:
    """The offsets of plausible windows in unbroken rows of a run if most of the row was taken."""
    plausible = is_plausible(run.windows(data))
    certain = np.zeros_like(plausible)
    certain[(taken[taken % run.stride == run.first] - run.first) // run.stride] = True
    rows = np.cumsum(~plausible)  # windows of one row have one number
    size = np.bincount(rows, weights=plausible)
    believed = np.bincount(rows, weights=certain) >= _MOSTLY_SURE * np.maximum(size, 1)
    return run.first + run.stride * np.flatnonzero(plausible & believed[rows] & ~certain)


def _rejected(flat: Bytes, occupied: NDArray[np.bool_]) -> list[RejectedVoice]:
    """The bytes before, between and after the taken voices, in 128-byte windows, without padding."""
    rejected: list[RejectedVoice] = []
    edges = np.flatnonzero(np.diff(np.concatenate([[True], occupied, [True]]).astype(np.int8)))
    for first, last in edges.reshape(-1, 2).tolist():
        start = first if first else last - last // PACKED_SIZE * PACKED_SIZE  # leading bytes end at a voice
        for offset in range(start, last - PACKED_SIZE + 1, PACKED_SIZE):
            window = flat[offset : offset + PACKED_SIZE]
            if (window == window[0]).all():
                continue
            if len(rejected) == MOST_REJECTED:
                rejected.append(RejectedVoice(offset, last - offset, "windows like these are not listed any further"))
                return rejected
            rejected.append(RejectedVoice(offset, PACKED_SIZE, reason_against(window)))
    return rejected
