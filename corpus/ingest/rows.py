"""Arrow tables of a decoded batch, one per table of ``corpus/storage/schema.py``."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus.ingest.contents import Content, DecodedBatch, RawVoices
from corpus.storage.reconstruction import compress_remainder
from dx7.formats.bank_file import VoiceBlock
from dx7.voices.parameters import PARAMETER_NAMES

Tables = dict[str, pa.Table]


def file_tables(batch: DecodedBatch) -> Tables:
    """The tables that depend on contents only."""
    banks = [content.bank for content in batch.contents]
    rejections = [bank.rejection for bank in banks]
    kept = [
        (None, False) if rejection else compress_remainder(content.data, _voice_spans(content))
        for content, rejection in zip(batch.contents, rejections, strict=True)
    ]
    shas = [bank.file_sha for bank in banks]
    files = [
        shas,
        [bank.size for bank in banks],
        [bank.found_as for bank in banks],
        [bank.voice_count for bank in banks],
        [rejection and rejection.code.value for rejection in rejections],
        [rejection and rejection.message for rejection in rejections],
        [False] * len(banks),  # generated: set when a sidecar is found
        [content for content, _ in kept],
        [is_whole for _, is_whole in kept],
    ]
    return {
        "files": pa.table([pa.array(column, kind.type) for column, kind in zip(files, _FILES, strict=True)], _FILES),
        "file_issues": _table(
            [(bank.file_sha, i.code.value, i.message, i.offset, i.slot) for bank in banks for i in bank.issues],
            _ISSUES,
        ),
        "file_warnings": _table(
            [
                (sha, code, count)
                for sha, warnings in zip(shas, batch.warnings(), strict=True)
                for code, count in warnings.items()
            ],
            _WARNINGS,
        ),
        "supplements": _table(
            [(bank.file_sha, s.kind, s.offset, s.data) for bank in banks for s in bank.supplements], _SUPPLEMENTS
        ),
        "rejected_voices": _table(
            [(bank.file_sha, v.offset, v.size, v.reason) for bank in banks for v in bank.rejected_voices], _REJECTED
        ),
        "slots": _slot_table(batch),
    }


def raw_tables(voices: RawVoices, rows: NDArray[np.int64]) -> Tables:
    """The raw voices of some rows and their repairs."""
    row, column = np.nonzero(voices.repairs[rows])
    found = rows[row]
    shas = pa.array(voices.raw_shas, pa.string())
    return {
        "raw_voices": pa.table(
            {
                "raw_sha": shas.take(pa.array(rows)),
                "voice_id": pa.array([voices.voice_ids[row] for row in rows], pa.string()),
                "raw": pa.array([voices.raw[row] for row in rows], pa.binary()),
            }
        ),
        "voice_repairs": pa.table(
            {
                "raw_sha": shas.take(pa.array(found)),
                "field": pa.array(PARAMETER_NAMES, pa.string()).take(pa.array(column)),
                "value": pa.array(voices.values[found, column]),
            }
        ),
    }


def voice_table(voices: RawVoices, rows: NDArray[np.int64]) -> pa.Table:
    """The voices of some rows."""
    columns = {
        "voice_id": pa.array([voices.voice_ids[row] for row in rows], pa.string()),
        "name": pa.array([voices.names[row] for row in rows], pa.string()),
    }
    parameters = voices.unpacked[rows].T.copy()
    columns |= {name: pa.array(parameters[index]) for index, name in enumerate(PARAMETER_NAMES)}
    return pa.table(columns)


def _slot_table(batch: DecodedBatch) -> pa.Table:
    shas = pa.array([content.bank.file_sha for content in batch.contents], pa.string())
    # Slots count from 1 in every file: the row number minus that of the file's first row.
    firsts = np.searchsorted(batch.content, batch.content)
    voice = pa.array(batch.voice)
    return pa.table(
        {
            "file_sha": shas.take(pa.array(batch.content)),
            "slot": pa.array((np.arange(len(batch.content)) - firsts + 1).astype(np.int32)),
            "byte_offset": pa.array(batch.offsets),
            "raw_sha": pa.array(batch.voices.raw_shas, pa.string()).take(voice),
            "voice_id": pa.array(batch.voices.voice_ids, pa.string()).take(voice),
            "name": pa.array(batch.voices.names, pa.string()).take(voice),
        }
    )


def _voice_spans(content: Content) -> list[tuple[int, bytes]]:
    return [span for block in content.bank.blocks for span in _spans(block)]


def _spans(block: VoiceBlock) -> list[tuple[int, bytes]]:
    """The voices of a block as (offset, bytes), as one span if they are contiguous."""
    width = block.raw.shape[1]
    first = int(block.offsets[0])
    whole = block.raw.tobytes()
    if first >= 0 and (np.diff(block.offsets) == width).all():
        return [(first, whole)]
    return [(int(at), whole[row * width : (row + 1) * width]) for row, at in enumerate(block.offsets)]


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
_REJECTED = pa.schema({"file_sha": pa.string(), "byte_offset": pa.int64(), "size": pa.int32(), "reason": pa.string()})
