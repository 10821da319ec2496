"""Zip archives."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from functools import partial
from typing import BinaryIO, cast

from corpus.sources.found_file import SIDECAR_SUFFIX, Limits
from corpus.sources.members import ArchiveKind, ArchiveMember, ByteStream, MemberRefusal
from dx7.formats.issues import IssueCode

_MAGICS = (b"PK\x03\x04", b"PK\x05\x06")  # of a first member; of the end of an empty archive
_FLAG_ENCRYPTED = 0x1  # general purpose flag, bit 0
_ENCRYPTED = MemberRefusal(IssueCode.ENCRYPTED, "encrypted; unpack it with its password and ingest what comes out")


def _recognise(head: bytes) -> bool:
    return head.startswith(_MAGICS)


def _members(archive: BinaryIO | ByteStream, name: str, limits: Limits) -> Iterator[ArchiveMember]:
    """The members; sidecars first, so that they are known before their cartridges."""
    with zipfile.ZipFile(cast(BinaryIO, archive)) as opened:
        entries = [entry for entry in opened.infolist() if not entry.filename.endswith("/")]
        entries.sort(key=lambda entry: not entry.filename.lower().endswith(SIDECAR_SUFFIX))
        for entry in entries:
            refusal = _ENCRYPTED if entry.flag_bits & _FLAG_ENCRYPTED else None
            yield ArchiveMember(
                entry.filename, partial(opened.open, entry), partial(_packed, entry), refusal, fills=True
            )


def _packed(entry: zipfile.ZipInfo) -> int:
    return entry.compress_size


ZIP = ArchiveKind("zip archive", _recognise, _members, seeks=True)
