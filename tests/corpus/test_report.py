"""The report of an ingest: its counts balance, and its JSON keys stay."""

from __future__ import annotations

from collections import Counter

import pytest

from corpus.ingest.report import IngestCounters
from dx7.errors import StoreError
from dx7.formats.issues import IssueCode

COUNTED = IngestCounters(2, 1, 32, 29, 2, 1, Counter({"empty": 1}), Counter({"junk": 1}))


@pytest.mark.parametrize(
    "counters",
    [
        IngestCounters(files_seen=1),
        IngestCounters(files_read=1),
        IngestCounters(files_seen=1, files_read=1, voices_seen=32, voices_new=31),
        IngestCounters(files_seen=1, files_read=1, voices_duplicate=1),
        IngestCounters(files_seen=1, files_read=1, voices_rejected=1),
        IngestCounters(rejected_files=Counter({IssueCode.EMPTY.value: 1})),
    ],
)
def test_a_report_that_does_not_balance_is_an_error(counters: IngestCounters) -> None:
    with pytest.raises(StoreError, match="does not balance"):
        counters.report()


def test_the_json_of_a_report_has_the_promised_keys() -> None:
    assert COUNTED.report().as_dict() == {
        "files": {"seen": 2, "read": 1, "rejected": 1},
        "voices": {"seen": 32, "new": 29, "duplicate": 2, "rejected": 1},
        "rejected_files_by_reason": {"empty": 1},
        "warnings_by_reason": {"junk": 1},
    }


def test_the_counts_of_batches_add_up() -> None:
    total = IngestCounters()
    for batch in (COUNTED, COUNTED, IngestCounters(rejected_files=Counter({"foreign": 1}), warnings=Counter(junk=2))):
        total.add(batch)
    assert total == IngestCounters(4, 2, 64, 58, 4, 2, Counter(empty=2, foreign=1), Counter(junk=4))
    assert COUNTED.files_seen == 2
