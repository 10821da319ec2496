"""Bank reconstruction: restore a file byte for byte from its voices and the remaining bytes.

The store keeps a voice once, however many banks hold it. Of a file it keeps the bytes that are not voices (headers,
checksums, junk), compressed, and the offsets of the voices.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from functools import lru_cache

from corpus.storage.store import Connection
from dx7.errors import StoreError
from dx7.formats.bank_file import NOT_IN_ONE_PIECE
from dx7.voices.identity import file_sha as sha_of

_SHORT = 32  # bytes; most banks have only a header and a checksum around their voices
_SHA_PREFIX = re.compile(r"[0-9a-f]{1,64}")
_compress_cached = lru_cache(maxsize=1 << 12)(zlib.compress)


def compress_remainder(data: bytes, voices: Sequence[tuple[int, bytes]]) -> tuple[bytes, bool]:
    """The bytes of a file outside its voices, compressed, and whether the whole file had to be kept.

    ``voices`` are (offset, bytes as found); voices that follow each other may be given as one. The whole file is kept
    if a voice is not contiguous in it, or two overlap.
    """
    gaps, end = [], 0
    for offset, raw in sorted(voices):
        if offset < end or offset == NOT_IN_ONE_PIECE or data[offset : offset + len(raw)] != raw:
            return zlib.compress(data), True
        gaps.append(data[end:offset])
        end = offset + len(raw)
    gaps.append(data[end:])
    rest = b"".join(gaps)
    return _compress_cached(rest) if len(rest) <= _SHORT else zlib.compress(rest), False


def restore_file(content: bytes, is_whole: bool, voices: Sequence[tuple[int, bytes]]) -> bytes:
    """Undo :func:`compress_remainder`. Raises ``zlib.error`` if ``content`` is damaged."""
    gaps = zlib.decompress(content)
    if is_whole:
        return gaps
    parts, end, taken = [], 0, 0
    for offset, raw in sorted(voices):
        parts += [gaps[taken : taken + offset - end], raw]
        taken += offset - end
        end = offset + len(raw)
    parts.append(gaps[taken:])
    return b"".join(parts)


def rebuild_file(connection: Connection, file_sha: str) -> bytes:
    """The bytes of an ingested file, verified by its SHA-256. ``file_sha`` may be shortened while it is unique.

    Raises ``StoreError`` if there is no such file, it was rejected (its bytes are not kept), or the store is damaged.
    """
    prefix = file_sha.lower()
    found = connection.execute(
        "SELECT file_sha, rejection, content, content_is_whole FROM files WHERE starts_with(file_sha, ?) LIMIT 2",
        [prefix if _SHA_PREFIX.fullmatch(prefix) else "no file"],
    ).fetchall()
    if not found:
        raise StoreError(f"there is no file {file_sha!r} in the store; python -m corpus search shows the SHA of banks")
    if len(found) > 1:
        raise StoreError(f"more than one file begins with {file_sha!r}; give more digits")
    full_sha, rejection, content, is_whole = found[0]
    if content is None:
        raise StoreError(f"the file {full_sha} was rejected ({rejection}), so its bytes are not in the store")
    voices = connection.execute(
        "SELECT byte_offset, raw FROM slots JOIN raw_voices USING (raw_sha) WHERE file_sha = ?", [full_sha]
    ).fetchall()
    try:
        data = restore_file(content, is_whole, voices)
    except zlib.error as error:
        raise StoreError(f"the store is damaged: the file {full_sha} cannot be decompressed") from error
    if sha_of(data) != full_sha:
        raise StoreError(f"the store is damaged: the file {full_sha} cannot be rebuilt; ingest it again elsewhere")
    return data
