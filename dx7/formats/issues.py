"""Issues found while reading bytes. Bulk readers return them; they never print or raise.

A *warning* comes with voices that were read. A *rejection* says why bytes gave no voices.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum


class IssueCode(StrEnum):
    """Every reason. The value is printed in reports and in ``--json``."""

    # warnings: the voices were read
    WRONG_CHECKSUM = "wrong_checksum"
    UNMASKED_CHECKSUM = "unmasked_checksum"
    MISSING_CHECKSUM = "missing_checksum"
    WRONG_BYTE_COUNT = "wrong_byte_count"
    WRONG_FORMAT_BYTE = "wrong_format_byte"
    TRUNCATED = "truncated"
    NO_HEADER = "no_header"
    JUNK = "junk"
    OUT_OF_RANGE = "out_of_range"
    HIGH_BIT = "high_bit"
    UNUSED_BITS = "unused_bits"
    UNPRINTABLE_NAME = "unprintable_name"
    MORE_ISSUES = "more_issues"
    # rejections: no voices came of it
    EMPTY = "empty"
    FOREIGN = "foreign"
    NO_VOICES = "no_voices"
    NOT_VOICE_DATA = "not_voice_data"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    UNSAFE_PATH = "unsafe_path"
    DAMAGED_ARCHIVE = "damaged_archive"
    ARCHIVE_TOO_LARGE = "archive_too_large"
    ARCHIVE_TOO_DEEP = "archive_too_deep"
    ENCRYPTED = "encrypted"


@dataclass(frozen=True, slots=True)
class Issue:
    """One odd thing, and where: file, byte offset, slot (1..), field, value found, range allowed."""

    code: IssueCode
    message: str
    file: str = ""
    offset: int | None = None
    slot: int | None = None
    field: str | None = None
    value: int | None = None
    allowed: str | None = None

    def as_dict(self) -> dict[str, object]:
        """The issue for ``--json``, empty fields left out."""
        return {key: value for key, value in asdict(self).items() if value is not None and value != ""}

    def __str__(self) -> str:
        where = [self.file] if self.file else []
        where += [f"offset {self.offset}"] if self.offset is not None else []
        where += [f"slot {self.slot}"] if self.slot is not None else []
        return f"{', '.join(where)}: {self.message}" if where else self.message
