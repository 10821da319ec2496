"""Files of librarians and editors: one table of where each kind keeps its voices.

These files have no header that an instrument knows. A row matches by file size, by bytes at known offsets (marks), or
both. The bytes at the voice offsets must also look like voices: at least half of them in a marked file, nine tenths
where only the size matches. In the second case the bytes between the voices must *not* look like voices, because
headerless voices can have any size. File names are ignored.

The authors of DXconvert, hexter and other converters found the offsets and sizes in users' files.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from dx7.formats.bank_file import NOT_IN_ONE_PIECE, Supplement, VoiceBlock
from dx7.formats.container_records import (
    AMIGA_EDITOR,
    DX200,
    DX_SIMULATOR,
    Piece,
    Records,
    dx_manager,
    polyframe,
    sound_diver,
    soundlib,
)
from dx7.formats.headerless import Finding, Run
from dx7.formats.plausibility import find_beyond_doubt, is_beyond_doubt, is_plausible
from dx7.voices.layout import Bytes
from dx7.voices.parameters import NAME_PACKED_BYTE, PACKED_SIZE, UNPACKED_SIZE


@dataclass(frozen=True, slots=True)
class Container:
    """A kind of file. ``layout`` gives the places of its voices or is a function that finds them."""

    title: str
    layout: Run | Records | Callable[[bytes], Run | list[Piece] | None]
    size: int | None = None
    marks: tuple[tuple[int, bytes], ...] = ()  # (offset, bytes at it)
    beside: tuple[str, int, int] | None = None  # (kind, offset from the voice, size) of a voice's supplement
    bit_7_is_noise: bool = False
    has_empty_slots: bool = False  # all-zero voices are empty slots

    def fits(self, data: bytes) -> bool:
        """Whether size and marks are right."""
        if self.size is not None and len(data) != self.size:
            return False
        return all(data.startswith(mark, offset) for offset, mark in self.marks)


_MARKED_SHARE = 0.5  # of the voices that must be plausible in a file that is marked
_UNMARKED_SHARE = 0.9  # in one that is not
_MOST_BESIDE = 0.1  # of the bytes outside unmarked voices that may look like voices


def read_container(data: bytes) -> Finding:
    """The voices of a file of one of :data:`CONTAINERS`; empty if no row fits or its voices are implausible."""
    for container in CONTAINERS:
        if container.fits(data):
            blocks = _blocks(container, data)
            if blocks and _is_convincing(container, blocks, data):
                return Finding(tuple(blocks), supplements=tuple(_supplements(container, blocks, data)))
    return Finding()


def _blocks(container: Container, data: bytes) -> list[VoiceBlock]:
    layout = container.layout(data) if callable(container.layout) else container.layout
    if layout is None:
        return []
    if isinstance(layout, Run):
        block = layout.block(data, container.title)
        if container.size is not None and layout.count is not None and len(block.raw) < layout.count:
            return []
        if container.has_empty_slots:
            filled = block.raw[:, :NAME_PACKED_BYTE].any(axis=1)
            block = VoiceBlock(block.found_as, block.raw[filled], block.offsets[filled])
        return [block] if len(block.raw) else []
    if isinstance(layout, Records):
        voices = layout.voices(data)
        return [_loose_block(container.title, voices)] if len(voices) else []
    return [_block_of(container.title, list(pieces)) for _, pieces in groupby(layout, lambda piece: len(piece[1]))]


def _loose_block(title: str, raw: Bytes) -> VoiceBlock:
    return VoiceBlock(title, raw, np.full(len(raw), NOT_IN_ONE_PIECE, np.int64))


def _block_of(title: str, pieces: list[Piece]) -> VoiceBlock:
    raw = np.frombuffer(b"".join(raw for _, raw in pieces), np.uint8).reshape(len(pieces), -1)
    return VoiceBlock(title, raw, np.array([offset for offset, _ in pieces], np.int64))


def _is_convincing(container: Container, blocks: list[VoiceBlock], data: bytes) -> bool:
    mask = np.uint8(0x7F if container.bit_7_is_noise else 0xFF)
    share = np.concatenate([is_plausible(block.raw & mask) for block in blocks]).mean()
    if container.marks or container.layout is soundlib:
        return bool(share >= _MARKED_SHARE) and _stand_where_told(blocks, data)
    return bool(share >= _UNMARKED_SHARE) and _share_beside(blocks, data) <= _MOST_BESIDE


def _stand_where_told(blocks: list[VoiceBlock], data: bytes) -> bool:
    """Whether voices beyond doubt are at these offsets, not a few bytes away as in a cut file."""
    for block in blocks:
        if (block.offsets >= 0).all():
            sure = find_beyond_doubt(data, block.raw.shape[1])
            if 2 * np.isin(sure, block.offsets).sum() < len(sure):
                return False
    return True


def _share_beside(blocks: list[VoiceBlock], data: bytes) -> float:
    """The share of 128-byte windows outside the voices that are voices beyond doubt.

    Plausible is not enough: TX7 performances are plausible, because most of their bytes are 0 and the last are a name.
    """
    windows = Run(0).windows(data)
    covered = np.zeros(len(data), np.bool_)
    for block in blocks:
        for offset in block.offsets[block.offsets >= 0].tolist():
            covered[offset : offset + block.raw.shape[1]] = True
    free = ~covered[: windows.size].reshape(-1, PACKED_SIZE).any(axis=1)
    beside: NDArray[np.bool_] = is_beyond_doubt(windows[free])
    return float(beside.mean()) if len(beside) else 0.0


def _supplements(container: Container, blocks: list[VoiceBlock], data: bytes) -> Iterator[Supplement]:
    if container.beside is None:
        return
    kind, distance, size = container.beside
    for block in blocks:
        for offset in (block.offsets + distance).tolist():
            yield Supplement(kind, offset, data[offset : offset + size])


def _counted(data: bytes) -> Run | None:
    """A count in two bytes, then that many voices or one more, with 64 bytes of TX7 functions each or without."""
    told = int.from_bytes(data[:2], "big")
    for count in (told, told + 1):
        for stride in (192, PACKED_SIZE):
            if count and len(data) in (2 + stride * count, 32 + stride * count):
                return Run(2, stride, count=count)
    return None


def _flush_with_the_end(data: bytes) -> Run:
    return Run(len(data) % PACKED_SIZE)


def _x_alyzer(data: bytes) -> Run | None:
    count = 32 * (len(data) // 8000)
    return Run(252, 250, count=count) if count and len(data) >= 252 + 250 * (count - 1) + PACKED_SIZE else None


def _only_if_bit_7_is_used(data: bytes) -> Run | None:
    return None if data.isascii() else Run(0)


_TAPE_OF_TX7 = b"\xf8\xc8\x00\xd9\xf8\xc8YMTX7"
_CASSETTE = b"\x1f\xa6\xde\xba\xcc\x13\x7d\x74"
_AMEM_BEHIND = ("AMEM of one voice", PACKED_SIZE, 35)
_PMEM_BEHIND = ("PMEM of one voice", PACKED_SIZE, 64)

# Marked rows first: they need no comparison with others.
CONTAINERS: tuple[Container, ...] = (
    Container("Opcode Galaxy DX7", Run(0x42, count=32), marks=((0x1C, b"Yamaha DX7"),)),
    Container("Opcode Galaxy DX7II", Run(0x42, 164, count=64), marks=((0x1C, b"DX7 II Voices"),), beside=_AMEM_BEHIND),
    Container("Voyetra Patchmaster", Run(0x60F, count=32), marks=((0, b"\xdf\x05\x01\x00"), (6, b"YAMAHA DX7/TX"))),
    Container("Voyetra Sideman DX", Run(0x60F, count=32), marks=((0, b"\xdf\x05\x01\x00"), (6, b"SIDEMAN DX"))),
    Container("Glib DX7s", Run(1, 163, count=32), 5217, ((0, b"\xd7"),), beside=_AMEM_BEHIND),
    Container("Metrasound DX Supervisor library", _flush_with_the_end, marks=((0, b"DXSL"),)),
    Container("Metrasound DX Supervisor clipboard", _flush_with_the_end, marks=((0, b"DXSC"),)),
    Container("Emagic SoundDiver library", sound_diver, marks=((0, b"MROF"),)),
    Container("C-Lab Polyframe library", polyframe, marks=((0, b"PolyFrame Lib"),)),
    Container("FM-Alive DX Manager", dx_manager, marks=((0, b"\xfc\x00\x00\x00DXM"),)),
    Container("Soundlib", soundlib),
    Container("tape data of a TX7", Run(14, count=32), marks=((0, _TAPE_OF_TX7),), bit_7_is_noise=True),
    Container(
        "cassette image of a TX7", Run(22, count=32), marks=((0, _CASSETTE), (8, _TAPE_OF_TX7)), bit_7_is_noise=True
    ),
    Container(
        "cassette image of a TX7 with a first block",
        Run(54, count=32),
        marks=((0, _CASSETTE), (40, _TAPE_OF_TX7)),
        bit_7_is_noise=True,
    ),
    Container(
        "cassette image of a YRM-103", Run(54, count=48), marks=((0, _CASSETTE), (46, b"YMDX7")), bit_7_is_noise=True
    ),
    Container("Amiga DX Editor", AMIGA_EDITOR, marks=((0, b"FORM\x00\x00\x00\x00Dx"),)),
    # Recognised by size and voices alone.
    Container("Dr.T or Steinberg TX7", Run(0, count=32), 8192),
    Container("Transform XSyn TX7", Run(0, 256, count=32), 8192, beside=_PMEM_BEHIND),
    Container("Steinberg Synthworks or Satellite", Run(0, count=32), 5216),
    Container("GenEdit or GenPatch TX7", Run(64, count=32), 4172),
    Container("DX7IIFD floppy", Run(0x2000, count=64), 16384),
    Container("Grey Matter E! ROM image", _only_if_bit_7_is_used, 32768, bit_7_is_noise=True),
    Container("SynLib", Run(0, 129, count=32000), 4_128_320, has_empty_slots=True),
    Container("SuperDXLib", Run(128, 256, UNPACKED_SIZE, 4529), 1_455_808),
    Container("DX200 editor", DX200, 326_454),
    Container("DX simulator", DX_SIMULATOR, 18_004),
    Container("collection with a count", _counted),
    Container("C-Lab X-Alyzer", _x_alyzer, beside=_AMEM_BEHIND),
)
