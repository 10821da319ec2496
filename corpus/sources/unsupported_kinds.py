"""Archives and disk images that are recognised but not read; the reason says what they are and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

_UNPACK = "unpack it and ingest what comes out"
_COPY = "copy the files out of it and ingest those"


@dataclass(frozen=True, slots=True)
class UnsupportedKind:
    """The name, the advice and a test on the bytes of a file."""

    title: str
    advice: str
    recognise: Callable[[bytes], object]


def _begins(pattern: bytes) -> Callable[[bytes], object]:
    return re.compile(pattern, re.DOTALL).match


def _is_fat_disk(data: bytes) -> bool:
    """A boot sector of MS-DOS or Atari whose disk size equals the file size."""
    sector = int.from_bytes(data[11:13], "little")
    sectors = int.from_bytes(data[19:21], "little")
    cluster, tables = data[13:14], data[16:17]
    return (
        sector == 512
        and cluster in (b"\x01", b"\x02")
        and tables in (b"\x01", b"\x02")
        and (sectors >= 320 and len(data) == sector * sectors)
    )


def _is_d88_disk(data: bytes) -> bool:
    """A disk of a Japanese computer: the header holds its size."""
    return len(data) > 0x2B0 and int.from_bytes(data[0x1C:0x20], "little") == len(data) and not any(data[0x11:0x1A])


def _is_amiga_disk(data: bytes) -> bool:
    return len(data) in (901_120, 1_802_240) and data[:3] == b"DOS" and data[3] < 8


def _is_mac_disk(data: bytes) -> bool:
    """Disk Copy 4.2: a name, the size of the data, and a magic number."""
    size = int.from_bytes(data[0x40:0x44], "big")
    return data[0x52:0x54] == b"\x01\x00" and 0 < data[0] < 64 and size > 0 and size % 512 == 0 and len(data) >= size


def _is_iso_disc(data: bytes) -> bool:
    return data[0x8001:0x8006] == b"CD001"


UNSUPPORTED_KINDS: tuple[UnsupportedKind, ...] = (
    UnsupportedKind("RAR archive", _UNPACK, _begins(rb"Rar!\x1a\x07")),
    UnsupportedKind("LHA archive", _UNPACK, _begins(rb"..-(lh[0-9dx]|lz[2-8s]|pm[0-2])-")),
    UnsupportedKind(
        "ARJ archive", _UNPACK, _begins(rb"\x60\xea.[\x00-\x0a][\x1e-\x40][\x01-\x7f][\x00-\x7f][\x00-\x0f]")
    ),
    UnsupportedKind(
        "ARC archive", _UNPACK, _begins(rb"\x1a[\x01-\x0b][A-Z0-9_!#$%&'()@^`{}~-]{1,8}\.[A-Z0-9_-]{0,3}\x00")
    ),
    UnsupportedKind("ZOO archive", _UNPACK, _begins(rb".{20}\xdc\xa7\xc4\xfd")),
    UnsupportedKind("ACE archive", _UNPACK, _begins(rb".{7}\*\*ACE\*\*")),
    UnsupportedKind("StuffIt archive", _UNPACK, _begins(rb"StuffIt |(SIT!|ST[46][56]|ST50|STi[0-9n]).{6}rLau")),
    UnsupportedKind("cabinet archive", _UNPACK, _begins(rb"MSCF\0\0\0\0")),
    UnsupportedKind("cpio archive", _UNPACK, _begins(rb"07070[127]")),
    UnsupportedKind("compress (.Z) file", _UNPACK, _begins(rb"\x1f\x9d[\x89-\x90]")),
    UnsupportedKind("Zstandard file", _UNPACK, _begins(rb"\x28\xb5\x2f\xfd")),
    UnsupportedKind("lzip file", _UNPACK, _begins(rb"LZIP\x01")),
    UnsupportedKind("zip archive in several parts", _UNPACK, _begins(rb"PK(\x07\x08|00)PK\x03\x04")),
    UnsupportedKind("BinHex file", _UNPACK, _begins(rb"[^:]{0,200}\(This file must be converted with BinHex")),
    UnsupportedKind(
        "Atari disk image (MSA)", _COPY, _begins(rb"\x0e\x0f\x00[\x09-\x0b]\x00[\x00\x01]\x00\x00\x00[\x4f-\x55]")
    ),
    UnsupportedKind("Amiga disk image", _COPY, _is_amiga_disk),
    UnsupportedKind("Macintosh disk image", _COPY, _is_mac_disk),
    UnsupportedKind("MS-DOS or Atari disk image", _COPY, _is_fat_disk),
    UnsupportedKind("D88 disk image", _COPY, _is_d88_disk),
    UnsupportedKind("CD image", _COPY, _is_iso_disc),
)


def unsupported_reason(data: bytes) -> str | None:
    r"""Name and advice if bytes are a known unsupported archive or disk image, else None.

    >>> unsupported_reason(b"Rar!\x1a\x07\x00")
    'RAR archive; unpack it and ingest what comes out'
    """
    if data[:1] == b"\xf0":  # a system exclusive message, like nearly all files
        return None
    for kind in UNSUPPORTED_KINDS:
        if kind.recognise(data):
            return f"{kind.title}; {kind.advice}"
    return None
