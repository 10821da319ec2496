"""The ingest report: every file and voice that was seen, and the outcome."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field, fields

from dx7.errors import StoreError
from dx7.formats.issues import IssueCode


@dataclass(frozen=True, slots=True)
class FileTotals:
    """Files, one per path. Of an archive the members count, not the archive."""

    seen: int
    read: int
    rejected: int


@dataclass(frozen=True, slots=True)
class VoiceTotals:
    """Voice slots of all files read. ``rejected`` are ranges of these files that hold no voice."""

    seen: int
    new: int
    duplicate: int
    rejected: int


@dataclass(frozen=True, slots=True)
class IngestReport:
    """The outcome of an ingest. Field names are the keys of ``--json``.

    ``warnings_by_reason`` counts, over the files read, a reason once per file if it concerns the file
    (``wrong_checksum``) and once per voice if it concerns voices (``out_of_range``). Reasons are values of
    ``IssueCode``.
    """

    files: FileTotals
    voices: VoiceTotals
    rejected_files_by_reason: dict[str, int]
    warnings_by_reason: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """The report for ``--json``."""
        return asdict(self)

    def check(self) -> None:
        """Raise ``StoreError`` if the counts do not balance, which would be a bug in Cartwright."""
        files, voices = self.files, self.voices
        balanced = (
            files.seen == files.read + files.rejected
            and files.rejected == sum(self.rejected_files_by_reason.values())
            and voices.seen == voices.new + voices.duplicate + voices.rejected
        )
        if not balanced:
            raise StoreError(f"the report of this ingest does not balance; please report it: {self.as_dict()}")


@dataclass(slots=True)
class IngestCounters:
    """Counters of a running ingest.

    Files are counted when they are found and again from their rows in the store, so their balance is a check.
    Duplicates are the voices that are neither new nor rejected.
    """

    files_seen: int = 0
    files_read: int = 0
    voices_seen: int = 0
    voices_new: int = 0
    voices_duplicate: int = 0
    voices_rejected: int = 0
    rejected_files: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)

    def add(self, other: IngestCounters) -> None:
        """Add the counts of a batch."""
        for counter in fields(self):
            setattr(self, counter.name, getattr(self, counter.name) + getattr(other, counter.name))

    def report(self) -> IngestReport:
        """The report. Raises ``StoreError`` if it does not balance."""
        report = IngestReport(
            files=FileTotals(self.files_seen, self.files_read, self.rejected_files.total()),
            voices=VoiceTotals(self.voices_seen, self.voices_new, self.voices_duplicate, self.voices_rejected),
            rejected_files_by_reason=dict(sorted(self.rejected_files.items())),
            warnings_by_reason=dict(sorted(self.warnings.items())),
        )
        report.check()
        return report


REASONS: dict[IssueCode, str] = {
    IssueCode.WRONG_CHECKSUM: "wrong checksum; the voices were read",
    IssueCode.UNMASKED_CHECKSUM: "the checksum has an extra bit",
    IssueCode.MISSING_CHECKSUM: "there is no checksum",
    IssueCode.WRONG_BYTE_COUNT: "the header gives a wrong length",
    IssueCode.WRONG_FORMAT_BYTE: "the header names another format",
    IssueCode.TRUNCATED: "the file was cut off; complete voices were read",
    IssueCode.NO_HEADER: "no header, bare voices",
    IssueCode.JUNK: "bytes besides the voices",
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
    IssueCode.ARCHIVE_TOO_DEEP: "too many archives inside archives",
    IssueCode.ENCRYPTED: "encrypted",
}


def reason_words(code: str) -> str:
    """A reason of the report in words; an unknown code (of a later version) is shown as it is.

    >>> reason_words("foreign"), reason_words("out_of_tune")
    ('made for another instrument', 'out of tune')
    """
    return REASONS[IssueCode(code)] if code in set(IssueCode) else code.replace("_", " ")
