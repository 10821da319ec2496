"""``BankFile``, the result of reading one file: voice blocks, supplements and issues."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dx7.formats.issues import Issue, IssueCode
from dx7.voices.layout import Bytes, Repaired, decode_packed, decode_unpacked, unpack, unused_bits
from dx7.voices.names import decode_name, is_printable
from dx7.voices.parameters import NAME_INDEX, PACKED_SIZE, PARAMETERS, UNPACKED_SIZE
from dx7.voices.voice import Voice

NOT_IN_ONE_PIECE = -1


@dataclass(frozen=True, slots=True)
class VoiceBlock:
    """Voices that were found together in one layout.

    ``raw`` is ``uint8[n, 128]`` or ``uint8[n, 155]``, the bytes as found. ``offsets`` is ``int64[n]``: where each
    voice begins in the file, or -1 if its bytes are not contiguous there (a split MIDI event, text, XML, or a voice
    assembled from parts). ``found_as`` is one of :data:`dx7.formats.reading.FORMATS`.
    """

    found_as: str
    raw: Bytes
    offsets: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Supplement:
    """DX7II or TX7 data that belongs to voices of the same file, kept byte for byte.

    ``offset`` is -1 if the data are not contiguous in the file.
    """

    kind: str
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class RejectedVoice:
    """Bytes in the place of a voice that are not a voice. ``offset`` is -1 if they are not contiguous in the file."""

    offset: int
    size: int
    reason: str


@dataclass(frozen=True)
class BankFile:
    """A file as read. Slots count from 1 over all blocks.

    ``issues`` cover the file and its messages. :meth:`voice_issues` finds those inside voices on demand, because a
    large collection has hundreds of thousands of them.
    """

    name: str
    file_sha: str
    size: int
    blocks: tuple[VoiceBlock, ...]
    issues: tuple[Issue, ...] = ()
    supplements: tuple[Supplement, ...] = ()
    rejected_voices: tuple[RejectedVoice, ...] = ()

    @property
    def voice_count(self) -> int:
        """How many voice slots were found, damaged ones included."""
        return sum(len(block.raw) for block in self.blocks)

    @property
    def rejection(self) -> Issue | None:
        """Why there are no voices; None if there are some."""
        return None if self.voice_count else self.issues[-1]

    @property
    def found_as(self) -> str:
        """How the voices were found, each way once, joined by " + "."""
        return " + ".join(dict.fromkeys(block.found_as for block in self.blocks))

    @cached_property
    def decoded(self) -> Repaired:
        """All voices, legal, ``uint8[n, 155]``, and which values were repaired."""
        parts = [
            decode_packed(block.raw) if block.raw.shape[1] == PACKED_SIZE else decode_unpacked(block.raw)
            for block in self.blocks
        ]
        if not parts:
            return Repaired(np.zeros((0, UNPACKED_SIZE), np.uint8), np.zeros((0, UNPACKED_SIZE), np.bool_))
        return Repaired(np.concatenate([p.unpacked for p in parts]), np.concatenate([p.repairs for p in parts]))

    def voices(self) -> list[Voice]:
        """All voices in order, with illegal values repaired."""
        return [Voice(row.tobytes()) for row in self.decoded.unpacked]

    def raw_voices(self) -> list[bytes]:
        """The bytes of every voice as found, in order: 128 or 155 each."""
        return [row.tobytes() for block in self.blocks for row in block.raw]

    def offsets(self) -> list[int]:
        """Where every voice begins in the file, in order."""
        return [int(offset) for block in self.blocks for offset in block.offsets]

    def voice_issues(self) -> Iterator[Issue]:
        """What is odd inside each voice: values out of range, high and unused bits, unprintable names."""
        slot = 0
        for block in self.blocks:
            values = decode_raw_values(block.raw)
            for raw, found, offset in zip(block.raw, values, block.offsets, strict=True):
                slot += 1
                for issue in _voice_issues(raw, found):
                    yield replace(issue, file=self.name, slot=slot, offset=int(offset) if offset >= 0 else None)


def _voice_issues(raw: Bytes, values: Bytes) -> Iterator[Issue]:
    for row in PARAMETERS:
        value = int(values[row.index])
        if value > row.maximum:
            allowed = f"0..{row.maximum}"
            text = f"{row.name} is {value}; the allowed range is {allowed}; repaired to {row.repaired_to}"
            yield Issue(IssueCode.OUT_OF_RANGE, text, field=row.name, value=value, allowed=allowed)
    if count := int((raw > 0x7F).sum()):
        yield Issue(IssueCode.HIGH_BIT, f"{count} bytes have bit 7 set, which is never data")
    if len(raw) == PACKED_SIZE and (count := int(((unused_bits(raw[None])[0] & 0x7F) != 0).sum())):
        yield Issue(IssueCode.UNUSED_BITS, f"{count} bytes have bits set that mean nothing")
    name = bytes(values[NAME_INDEX:])
    if not is_printable(name):
        yield Issue(IssueCode.UNPRINTABLE_NAME, f"the name {decode_name(name)!r} has control characters")


def decode_raw_values(raw: Bytes) -> Bytes:
    """The values of voices as found, not repaired: ``uint8[n, 128 or 155]`` to ``uint8[n, 155]``."""
    return unpack(raw) if raw.shape[1] == PACKED_SIZE else raw & np.uint8(0x7F)
