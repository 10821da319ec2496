"""The books of an ingest: everything that was seen, and what became of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, field

from dx7.errors import StoreError


@dataclass(frozen=True, slots=True)
class FileTotals:
    """Files, one for every path; an archive does not count, its members do."""

    seen: int
    read: int
    rejected: int


@dataclass(frozen=True, slots=True)
class VoiceTotals:
    """Voice slots of all files read. ``rejected`` are those that hold no voice, whatever stands beside them."""

    seen: int
    new: int
    duplicate: int
    rejected: int


@dataclass(frozen=True, slots=True)
class IngestReport:
    """What an ingest saw and did.

    ``warnings_by_reason`` counts, over the files read, each reason once a file if it concerns the file
    (``wrong_checksum``) and once a voice if it concerns voices (``out_of_range``). Reasons are the values of
    ``IssueCode``.
    """

    files: FileTotals
    voices: VoiceTotals
    rejected_files_by_reason: dict[str, int]
    warnings_by_reason: dict[str, int]

    def as_dict(self) -> dict[str, object]:
        """The books for ``--json``."""
        return asdict(self)

    def check(self) -> None:
        """Raise ``StoreError`` if the books do not balance, which would be a bug in Cartwright."""
        files, voices = self.files, self.voices
        balanced = (
            files.seen == files.read + files.rejected
            and files.rejected == sum(self.rejected_files_by_reason.values())
            and voices.seen == voices.new + voices.duplicate + voices.rejected
        )
        if not balanced:
            raise StoreError(f"the books of this ingest do not balance, please report it: {self.as_dict()}")


@dataclass(slots=True)
class IngestCounters:
    """Where an ingest counts as it goes.

    What was seen is counted apart from what became of it, so that the balance means something.
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
        """Add what was counted elsewhere."""
        self.files_seen += other.files_seen
        self.files_read += other.files_read
        self.voices_seen += other.voices_seen
        self.voices_new += other.voices_new
        self.voices_duplicate += other.voices_duplicate
        self.voices_rejected += other.voices_rejected
        self.rejected_files.update(other.rejected_files)
        self.warnings.update(other.warnings)

    def close(self) -> IngestReport:
        """The books, checked."""
        books = IngestReport(
            files=FileTotals(self.files_seen, self.files_read, self.rejected_files.total()),
            voices=VoiceTotals(self.voices_seen, self.voices_new, self.voices_duplicate, self.voices_rejected),
            rejected_files_by_reason=dict(sorted(self.rejected_files.items())),
            warnings_by_reason=dict(sorted(self.warnings.items())),
        )
        books.check()
        return books
