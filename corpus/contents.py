"""Turning file contents that are new to the store into rows, a batch at a time and vectorised.

A batch of contents is decoded in one piece: its voices are stacked into arrays, identified, and compared with
what is known. The result is one Arrow table for each table of the store.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus.weave import squeeze
from dx7.bankfile import BankFile, decode_raw_values
from dx7.identity import raw_sha, voice_id
from dx7.issues import IssueCode
from dx7.layout import Bytes, repair, unused_bits
from dx7.names import PRINTABLE_CODES, decode_name
from dx7.parameters import NAME_INDEX, PACKED_SIZE, PARAMETER_NAMES, UNPACKED_SIZE

Tables = dict[str, pa.Table]

_PRINTABLE = np.isin(np.arange(128), list(PRINTABLE_CODES))
_name_of = lru_cache(maxsize=1 << 16)(decode_name)


@dataclass(frozen=True, slots=True)
class NewContent:
    """A content that the store does not have yet."""

    bank: BankFile
    data: bytes


@dataclass(frozen=True, slots=True)
class ContentFacts:
    """What the books need to know of a content each time it is seen."""

    voices: int
    rejection: str | None
    warnings: dict[str, int]


@dataclass(slots=True)
class Known:
    """What the store has: facts of contents, voices of raw voices, voices."""

    contents: dict[str, ContentFacts] = field(default_factory=dict)
    voice_of_raw: dict[str, str] = field(default_factory=dict)
    voices: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Stack:
    """All voices of a batch in order; n rows. ``content`` says of which content each is."""

    content: NDArray[np.int64]
    offsets: NDArray[np.int64]
    raw: list[bytes]
    values: Bytes  # [n, 155] as found
    unpacked: Bytes  # [n, 155] legal
    repairs: NDArray[np.bool_]  # [n, 155]
    odd: dict[IssueCode, NDArray[np.bool_]]  # [n] each


def make_rows(contents: Sequence[NewContent], known: Known) -> tuple[Tables, dict[str, int]]:
    """The rows that a batch adds, and how many new voices each content brings, by ``file_sha``.

    ``known`` is brought up to date.
    """
    stack = _stack(contents)
    raw_shas = [raw_sha(raw) for raw in stack.raw]
    voice_ids: list[str] = []
    new_raw: list[int] = []
    new_voices: list[int] = []
    for row, sha in enumerate(raw_shas):
        voice = known.voice_of_raw.get(sha)
        if voice is None:
            voice = known.voice_of_raw[sha] = voice_id(stack.unpacked[row].tobytes())
            new_raw.append(row)
            if voice not in known.voices:
                known.voices.add(voice)
                new_voices.append(row)
        voice_ids.append(voice)
    names = [_name_of(name.tobytes()) for name in stack.unpacked[:, NAME_INDEX:]]
    warnings = _warnings(contents, stack)
    for content, counts in zip(contents, warnings, strict=True):
        rejection = content.bank.rejection
        facts = ContentFacts(content.bank.voice_count, rejection.code.value if rejection else None, counts)
        known.contents[content.bank.file_sha] = facts
    tables = _file_tables(contents, warnings, stack) | {
        "slots": _slot_table(contents, stack, raw_shas, voice_ids, names),
        "raw_voices": pa.table(
            {
                "raw_sha": pa.array([raw_shas[row] for row in new_raw], pa.string()),
                "voice_id": pa.array([voice_ids[row] for row in new_raw], pa.string()),
                "raw": pa.array([stack.raw[row] for row in new_raw], pa.binary()),
            }
        ),
        "voice_repairs": _repair_table(stack, new_raw, raw_shas),
        "voices": _voice_table(stack, new_voices, voice_ids, names),
    }
    brought = np.bincount(stack.content[new_voices], minlength=len(contents))
    return tables, {content.bank.file_sha: int(n) for content, n in zip(contents, brought, strict=True)}


def _stack(contents: Sequence[NewContent]) -> _Stack:
    blocks = [(number, block) for number, content in enumerate(contents) for block in content.bank.blocks]
    sizes = [len(block.raw) for _, block in blocks]
    starts = np.cumsum([0, *sizes])
    count = int(starts[-1])
    values = np.zeros((count, UNPACKED_SIZE), np.uint8)
    odd: dict[IssueCode, NDArray[np.bool_]] = {
        code: np.zeros(count, np.bool_) for code in (IssueCode.HIGH_BIT, IssueCode.UNUSED_BITS)
    }
    for width in (PACKED_SIZE, UNPACKED_SIZE):
        chosen = [number for number, (_, block) in enumerate(blocks) if block.raw.shape[1] == width]
        if not chosen:
            continue
        rows = np.concatenate([np.arange(starts[number], starts[number + 1]) for number in chosen])
        raw = np.concatenate([blocks[number][1].raw for number in chosen])
        values[rows] = decode_raw_values(raw)
        odd[IssueCode.HIGH_BIT][rows] = (raw > 0x7F).any(axis=1)
        if width == PACKED_SIZE:
            odd[IssueCode.UNUSED_BITS][rows] = ((unused_bits(raw) & 0x7F) != 0).any(axis=1)
    unpacked, repairs = repair(values)
    odd[IssueCode.OUT_OF_RANGE] = np.any(repairs, axis=1)
    odd[IssueCode.UNPRINTABLE_NAME] = np.any(~_PRINTABLE[values[:, NAME_INDEX:]], axis=1)
    return _Stack(
        content=np.repeat(np.array([number for number, _ in blocks], np.int64), sizes),
        offsets=np.concatenate([np.zeros(0, np.int64), *(block.offsets for _, block in blocks)]),
        raw=[row for _, block in blocks for row in _rows(block.raw)],
        values=values,
        unpacked=unpacked,
        repairs=repairs,
        odd=odd,
    )


def _rows(raw: Bytes) -> list[bytes]:
    """The rows of an array as bytes; one copy of the block and slices of it are quicker than a copy a row."""
    block, width = raw.tobytes(), raw.shape[1]
    return [block[start : start + width] for start in range(0, len(block), width)]


def _warnings(contents: Sequence[NewContent], stack: _Stack) -> list[dict[str, int]]:
    """What was odd in each content: 1 for what concerns the file, the number of voices for what concerns voices."""
    by_content: list[dict[str, int]] = [{} for _ in contents]
    for content, warnings in zip(contents, by_content, strict=True):
        if content.bank.rejection is None:
            warnings.update((issue.code.value, 1) for issue in content.bank.issues)
    for code, flags in stack.odd.items():
        for number, voices in enumerate(np.bincount(stack.content[flags], minlength=len(contents))):
            if voices:
                by_content[number][code.value] = int(voices)
    return by_content


def _file_tables(contents: Sequence[NewContent], warnings: list[dict[str, int]], stack: _Stack) -> Tables:
    files, issues, supplements = [], [], []
    ends = np.searchsorted(stack.content, np.arange(len(contents) + 1))
    for number, content in enumerate(contents):
        bank, rejection = content.bank, content.bank.rejection
        first, last = ends[number], ends[number + 1]
        voices = list(zip(stack.offsets[first:last].tolist(), stack.raw[first:last], strict=True))
        kept, is_whole = (None, False) if rejection else squeeze(content.data, voices)
        files.append(
            {
                "file_sha": bank.file_sha,
                "size": bank.size,
                "format": bank.found_as,
                "voices": bank.voice_count,
                "rejection": rejection.code.value if rejection else None,
                "rejection_message": rejection.message if rejection else None,
                "generated": False,  # until a sidecar says so
                "content": kept,
                "content_is_whole": is_whole,
            }
        )
        for issue in bank.issues:
            issues.append((bank.file_sha, issue.code.value, issue.message, issue.offset, issue.slot))
        supplements += [(bank.file_sha, s.kind, s.offset, s.data) for s in bank.supplements]
    occurrences = [
        (content.bank.file_sha, code, count)
        for content, counts in zip(contents, warnings, strict=True)
        for code, count in counts.items()
    ]
    return {
        "files": pa.Table.from_pylist(files, _FILES),
        "file_issues": _table(issues, _ISSUES),
        "file_warnings": _table(occurrences, _WARNINGS),
        "supplements": _table(supplements, _SUPPLEMENTS),
    }


def _slot_table(
    contents: Sequence[NewContent], stack: _Stack, raw_shas: list[str], voice_ids: list[str], names: list[str]
) -> pa.Table:
    shas = pa.array([content.bank.file_sha for content in contents], pa.string())
    # Slots count from 1 in every file: the row's number less that of the file's first row.
    firsts = np.searchsorted(stack.content, stack.content)
    return pa.table(
        {
            "file_sha": shas.take(pa.array(stack.content)),
            "slot": pa.array((np.arange(len(stack.content)) - firsts + 1).astype(np.int32)),
            "byte_offset": pa.array(stack.offsets),
            "raw_sha": pa.array(raw_shas, pa.string()),
            "voice_id": pa.array(voice_ids, pa.string()),
            "name": pa.array(names, pa.string()),
        }
    )


def _repair_table(stack: _Stack, new_raw: list[int], raw_shas: list[str]) -> pa.Table:
    row, column = np.nonzero(stack.repairs[new_raw])
    found = np.array(new_raw, np.int64)[row]
    return pa.table(
        {
            "raw_sha": pa.array([raw_shas[index] for index in found], pa.string()),
            "field": pa.array([PARAMETER_NAMES[index] for index in column], pa.string()),
            "value": pa.array(stack.values[found, column]),
        }
    )


def _voice_table(stack: _Stack, new_voices: list[int], voice_ids: list[str], names: list[str]) -> pa.Table:
    columns = {
        "voice_id": pa.array([voice_ids[row] for row in new_voices], pa.string()),
        "name": pa.array([names[row] for row in new_voices], pa.string()),
    }
    parameters = stack.unpacked[new_voices].T.copy()
    columns |= {name: pa.array(parameters[index]) for index, name in enumerate(PARAMETER_NAMES)}
    return pa.table(columns)


def _table(rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, kind.type) for column, kind in zip(columns, schema, strict=True)], schema)


_FILES = pa.schema(
    {
        "file_sha": pa.string(),
        "size": pa.int64(),
        "format": pa.string(),
        "voices": pa.int32(),
        "rejection": pa.string(),
        "rejection_message": pa.string(),
        "generated": pa.bool_(),
        "content": pa.binary(),
        "content_is_whole": pa.bool_(),
    }
)
_ISSUES = pa.schema(
    {
        "file_sha": pa.string(),
        "code": pa.string(),
        "message": pa.string(),
        "byte_offset": pa.int64(),
        "slot": pa.int32(),
    }
)
_WARNINGS = pa.schema({"file_sha": pa.string(), "code": pa.string(), "occurrences": pa.int32()})
_SUPPLEMENTS = pa.schema({"file_sha": pa.string(), "kind": pa.string(), "byte_offset": pa.int64(), "data": pa.binary()})
