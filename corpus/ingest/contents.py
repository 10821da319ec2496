"""Decode a batch of file contents at once.

Most voices of a collection are copies. So the slots of a batch are reduced to distinct raw voices first, and only
these are unpacked, repaired, named and identified, as arrays.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dx7.formats.bank_file import BankFile, VoiceBlock, decode_raw_values
from dx7.formats.issues import IssueCode
from dx7.voices.identity import raw_sha, voice_ids
from dx7.voices.layout import Bytes, repair, unused_bits
from dx7.voices.names import PRINTABLE_CODES, decode_names
from dx7.voices.parameters import NAME_INDEX, PACKED_SIZE, UNPACKED_SIZE

_PRINTABLE = np.isin(np.arange(128), list(PRINTABLE_CODES))


@dataclass(frozen=True, slots=True)
class Content:
    """The bytes of a file and the bank read from them."""

    bank: BankFile
    data: bytes


@dataclass(frozen=True, slots=True)
class RawVoices:
    """The ``m`` distinct raw voices of a batch, in the order of their first slots."""

    raw: list[bytes]
    raw_shas: list[str]
    voice_ids: list[str]
    names: list[str]
    values: Bytes  # [m, 155] as found
    unpacked: Bytes  # [m, 155] legal
    repairs: NDArray[np.bool_]  # [m, 155]
    odd: dict[IssueCode, NDArray[np.bool_]]  # [m] each

    def first_of_each_voice(self) -> NDArray[np.int64]:
        """The first row of each voice, in order."""
        firsts: dict[str, int] = {}
        for row, voice_id in enumerate(self.voice_ids):
            firsts.setdefault(voice_id, row)
        return np.fromiter(firsts.values(), np.int64, len(firsts))


@dataclass(frozen=True, slots=True)
class DecodedBatch:
    """Contents and all their ``n`` slots in order."""

    contents: Sequence[Content]
    content: NDArray[np.int64]  # [n] index of the content
    offsets: NDArray[np.int64]  # [n] in the file
    voice: NDArray[np.int64]  # [n] row of ``voices``
    voices: RawVoices

    def warnings(self) -> list[dict[str, int]]:
        """The issues of each content by code: 1 for an issue of the file, the number of voices for one of voices."""
        by_content: list[dict[str, int]] = [{} for _ in self.contents]
        for content, warnings in zip(self.contents, by_content, strict=True):
            if content.bank.rejection is None:
                warnings.update((issue.code.value, 1) for issue in content.bank.issues)
        for code, odd in self.voices.odd.items():
            counts = np.bincount(self.content[odd[self.voice]], minlength=len(self.contents))
            for number in np.flatnonzero(counts):
                by_content[number][code.value] = int(counts[number])
        return by_content


def decode_batch(contents: Sequence[Content]) -> DecodedBatch:
    """Decode distinct contents."""
    blocks = [(number, block) for number, content in enumerate(contents) for block in content.bank.blocks]
    sizes = [len(block.raw) for _, block in blocks]
    rows: dict[bytes, int] = {}
    voice = [rows.setdefault(raw, len(rows)) for _, block in blocks for raw in _raw_voices(block)]
    return DecodedBatch(
        contents=contents,
        content=np.repeat(np.array([number for number, _ in blocks], np.int64), sizes),
        offsets=np.concatenate([np.zeros(0, np.int64), *(block.offsets for _, block in blocks)]),
        voice=np.array(voice, np.int64),
        voices=_decode(list(rows)),
    )


def _raw_voices(block: VoiceBlock) -> list[bytes]:
    """The voices of a block as bytes. Slices of one copy are faster than a copy per voice."""
    whole, width = block.raw.tobytes(), block.raw.shape[1]
    return [whole[start : start + width] for start in range(0, len(whole), width)]


def _decode(raw: list[bytes]) -> RawVoices:
    count = len(raw)
    values = np.zeros((count, UNPACKED_SIZE), np.uint8)
    odd: dict[IssueCode, NDArray[np.bool_]] = {
        code: np.zeros(count, np.bool_) for code in (IssueCode.HIGH_BIT, IssueCode.UNUSED_BITS)
    }
    widths = np.fromiter(map(len, raw), np.int64, count)
    for width in (PACKED_SIZE, UNPACKED_SIZE):
        rows = np.flatnonzero(widths == width)
        if not len(rows):
            continue
        stacked = np.frombuffer(b"".join(raw[row] for row in rows), np.uint8).reshape(-1, width)
        values[rows] = decode_raw_values(stacked)
        odd[IssueCode.HIGH_BIT][rows] = (stacked > 0x7F).any(axis=1)
        if width == PACKED_SIZE:
            odd[IssueCode.UNUSED_BITS][rows] = ((unused_bits(stacked) & 0x7F) != 0).any(axis=1)
    unpacked, repairs = repair(values)
    odd[IssueCode.OUT_OF_RANGE] = np.any(repairs, axis=1)
    odd[IssueCode.UNPRINTABLE_NAME] = np.any(~_PRINTABLE[values[:, NAME_INDEX:]], axis=1)
    legal = unpacked.tobytes()
    voices = [legal[start : start + UNPACKED_SIZE] for start in range(0, len(legal), UNPACKED_SIZE)]
    return RawVoices(
        raw=raw,
        raw_shas=[raw_sha(each) for each in raw],
        voice_ids=voice_ids(voices),
        names=decode_names(unpacked[:, NAME_INDEX:].tobytes()),
        values=values,
        unpacked=unpacked,
        repairs=repairs,
        odd=odd,
    )
