"""The codes of the books in words, for a screen to show."""

from __future__ import annotations

from dx7.formats.issues import IssueCode

REASONS: dict[IssueCode, str] = {
    IssueCode.WRONG_CHECKSUM: "the checksum is wrong; the voices were read",
    IssueCode.UNMASKED_CHECKSUM: "the checksum has a bit too many",
    IssueCode.MISSING_CHECKSUM: "there is no checksum",
    IssueCode.WRONG_BYTE_COUNT: "the header gives a wrong length",
    IssueCode.WRONG_FORMAT_BYTE: "the header names another format",
    IssueCode.TRUNCATED: "the file was cut off; what is whole was read",
    IssueCode.NO_HEADER: "no header, bare voices",
    IssueCode.JUNK: "bytes beside the voices",
    IssueCode.OUT_OF_RANGE: "values out of range, repaired",
    IssueCode.HIGH_BIT: "bytes with the high bit set, cleared",
    IssueCode.UNUSED_BITS: "unused bits set, cleared",
    IssueCode.UNPRINTABLE_NAME: "a name with characters that a DX7 does not have",
    IssueCode.MORE_ISSUES: "and more of the same",
    IssueCode.EMPTY: "empty",
    IssueCode.FOREIGN: "made for another instrument",
    IssueCode.NO_VOICES: "DX7 data, but no voices",
    IssueCode.NOT_VOICE_DATA: "no voice data",
    IssueCode.TOO_LARGE: "too large to be a bank",
    IssueCode.UNREADABLE: "cannot be read",
    IssueCode.UNSAFE_PATH: "a path that leads out of its archive",
    IssueCode.DAMAGED_ARCHIVE: "a damaged archive",
    IssueCode.ARCHIVE_TOO_LARGE: "an archive that unpacks to too much",
    IssueCode.ARCHIVE_TOO_DEEP: "archives in archives, too deep",
    IssueCode.ENCRYPTED: "encrypted",
}


def reason_words(code: str) -> str:
    """What a code of the books means; one that a later version has left is shown as it is.

    >>> reason_words("foreign"), reason_words("out_of_tune")
    ('made for another instrument', 'out of tune')
    """
    return REASONS[IssueCode(code)] if code in set(IssueCode) else code.replace("_", " ")
