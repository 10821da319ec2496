"""Books that must balance."""

from __future__ import annotations

from collections import Counter

import pytest

from corpus.ingest.report import IngestCounters, IngestReport
from dx7.errors import StoreError
from dx7.formats.issues import IssueCode


@pytest.mark.parametrize(
    "ledger",
    [
        IngestCounters(files_seen=1),
        IngestCounters(files_seen=1, files_read=1, voices_seen=32, voices_new=31),
        IngestCounters(rejected_files=Counter({IssueCode.EMPTY.value: 1})),
    ],
)
def test_books_that_do_not_balance_are_not_given_out(ledger: IngestCounters) -> None:
    with pytest.raises(StoreError, match="do not balance"):
        ledger.close()


def test_the_books_are_the_json_that_is_promised() -> None:
    books = IngestCounters(2, 1, 32, 29, 2, 1, Counter({"empty": 1}), Counter({"junk": 1})).close()
    assert isinstance(books, IngestReport)
    assert books.as_dict() == {
        "files": {"seen": 2, "read": 1, "rejected": 1},
        "voices": {"seen": 32, "new": 29, "duplicate": 2, "rejected": 1},
        "rejected_files_by_reason": {"empty": 1},
        "warnings_by_reason": {"junk": 1},
    }
