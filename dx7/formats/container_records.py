"""Containers with tagged entries or with records in another parameter order.

Each function returns the voices of one kind of file as pieces: (offset in the file, bytes). The offset is -1 if the
voice was assembled, because the file keeps its name elsewhere or orders its values differently.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from dx7.formats.bank_file import NOT_IN_ONE_PIECE
from dx7.formats.plausibility import is_plausible
from dx7.voices.layout import Bytes
from dx7.voices.parameters import (
    NAME_LENGTH,
    NAME_PACKED_BYTE,
    PACKED_SIZE,
    PARAMETER_NAMES,
    UNPACKED_SIZE,
)

Piece = tuple[int, bytes]

_CHUNK = 1 << 14  # entries judged at once, to bound memory


@dataclass(frozen=True)
class Records:
    """Unpacked voices in records of another order: byte ``columns[i] + add[i]`` of a record is value i."""

    first: int
    stride: int
    columns: tuple[int, ...]  # 155, the place of each value in a record
    add: dict[str, int]  # by parameter, the amount that converts the stored value to the DX7's
    count: int | None = None  # as many as fit if None
    signed: bool = False  # values are signed bytes

    def voices(self, data: bytes) -> Bytes:
        """``uint8[n, 155]``, not contiguous in the file; empty if ``data`` hold fewer than ``count`` records."""
        fitting = max(0, (len(data) - self.first) // self.stride)
        count = fitting if self.count is None else self.count
        if count > fitting:
            return np.zeros((0, UNPACKED_SIZE), np.uint8)
        size = count * self.stride
        records = np.frombuffer(data, np.uint8)[self.first :][:size].reshape(count, self.stride)
        values = records[:, self.columns].astype(np.int16)
        for name, amount in self.add.items():
            index = PARAMETER_NAMES.index(name)
            column = values[:, index].astype(np.int8).astype(np.int16) if self.signed else values[:, index]
            values[:, index] = np.maximum(0, column + amount)
        return values.astype(np.uint8)


def _dx200_columns() -> tuple[int, ...]:
    """An operator has 35 bytes, OP1 first. The common parameters precede the operators."""
    operator = (*range(5, 13), 13, 16, 17, 14, 15, 18, 0, 20, 19, 1, 2, 3, 4)  # in DX7 order
    operators = [71 + 35 * number + place for number in range(5, -1, -1) for place in operator]
    return (*operators, *range(26, 30), *range(32, 36), 17, 18, 38, *range(20, 25), 19, 25, 37, *range(10))


def _amiga_columns() -> tuple[int, ...]:
    """An operator has 22 bytes, OP1 first. The rest is in DX7 order."""
    operators = [22 * number + place for number in range(5, -1, -1) for place in range(21)]
    return (*operators, *range(132, 151), *range(152, 162))


_OPERATORS = range(1, 7)
_DX200_ADD = {f"op{n}_break_point": -21 for n in _OPERATORS} | {"transpose": -36}
DX200 = Records(34, 381, _dx200_columns(), _DX200_ADD, count=128)
DX_SIMULATOR = Records(20, 281, _dx200_columns(), _DX200_ADD, count=64)
AMIGA_EDITOR = Records(12, 212, _amiga_columns(), {f"op{n}_detune": 7 for n in _OPERATORS}, signed=True)


def sound_diver(data: bytes) -> list[Piece]:
    """Entries tagged TNEL: a name of any length, then, behind one of two marks, the 118 bytes of the parameters."""
    pieces: list[Piece] = []
    at = data.find(b"TNEL")
    while at >= 0:
        end = at + 4
        length = data[at + 21] if at + 21 < len(data) else 0
        for mark, distance in ((b"\x03\x81\x19", 22), (b"\x03\x83\x0f", 42)):
            first = at + distance + length + len(mark)
            if data.startswith(mark, first - len(mark)) and first + NAME_PACKED_BYTE <= len(data):
                pieces.append(_named(data, first, data[at + 22 : at + 22 + length]))
                end = first + NAME_PACKED_BYTE
                break
        at = data.find(b"TNEL", end)
    return pieces


_POLYFRAME_ENTRY = re.compile(rb"\x60\x00..(?P<name>[^\x00]{0,10})(?P<tag>DX7|DX7II|TX802)\x00", re.DOTALL)


def polyframe(data: bytes) -> list[Piece]:
    """Entries of a name, the instrument's, and 118 bytes of parameters; those without a name are supplements."""
    pieces: list[Piece] = []
    entry = _POLYFRAME_ENTRY.search(data)
    while entry:
        end = entry.end()
        if (entry["name"] or entry["tag"] == b"DX7") and end + NAME_PACKED_BYTE <= len(data):
            pieces.append(_named(data, end, entry["name"]))
            end += NAME_PACKED_BYTE
        entry = _POLYFRAME_ENTRY.search(data, end)
    return pieces


def dx_manager(data: bytes) -> list[Piece]:
    """Behind a header of 255 bytes: the size of each voice in four bytes, then the voice, packed or unpacked."""
    if data.startswith(b"OP4", 0xFD):
        return []
    flat = np.frombuffer(data, np.uint8)
    voices: list[tuple[int, int]] = []
    for size in (PACKED_SIZE, UNPACKED_SIZE):
        count = len(flat) - 4 - size + 1
        if count <= 255:
            continue
        sizes = (flat[:count] == size) & ~(flat[1 : count + 1] | flat[2 : count + 2] | flat[3 : count + 3]).astype(bool)
        sizes[:255] = False
        windows = np.lib.stride_tricks.sliding_window_view(flat, size)
        offsets = np.flatnonzero(sizes) + 4
        for chunk in range(0, len(offsets), _CHUNK):
            some = offsets[chunk : chunk + _CHUNK]
            voices += [(at, size) for at in some[is_plausible(windows[some])].tolist()]
    return [(at, data[at : at + size]) for at, size in _apart(sorted(voices))]


_SOUNDLIB_ENTRY = re.compile(rb"\x00\x00\x08DX7Voice")


def soundlib(data: bytes) -> list[Piece]:
    """A packed voice behind each tag."""
    found = [(entry.end(), PACKED_SIZE) for entry in _SOUNDLIB_ENTRY.finditer(data)]
    return [(at, data[at : at + size]) for at, size in _apart(found) if at + size <= len(data)]


def _named(data: bytes, first: int, name: bytes) -> Piece:
    """A packed voice from 118 bytes of parameters and a name stored elsewhere."""
    return NOT_IN_ONE_PIECE, data[first : first + NAME_PACKED_BYTE] + name[:NAME_LENGTH].ljust(NAME_LENGTH)


def _apart(places: Sequence[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Those of (offset, size), in order, that share no byte with the one before."""
    end = 0
    for offset, size in places:
        if offset >= end:
            yield offset, size
            end = offset + size
