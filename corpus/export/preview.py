"""The counts of an export without writing it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from corpus.export.export import split_of
from corpus.export.policy import Policy
from corpus.export.quotas import RelaxedMinimum
from corpus.export.selection import select_voices
from corpus.storage.store import Connection
from dx7.shared.categories import category_keys
from dx7.shared.export_format import SPLITS


@dataclass(frozen=True, slots=True)
class ExportPreview:
    """Voices by main category and split, by main category and origin, and those left out by reason.

    ``unplaced`` voices have no family yet, so their split is unknown; here each counts as a family of its own.
    ``relaxed`` are the categories with fewer confident voices than the policy's minimum.
    """

    policy: Policy
    counts: dict[str, dict[str, int]]
    origins: dict[str, dict[str, int]]
    left_out: dict[str, int]
    relaxed: tuple[RelaxedMinimum, ...]
    unplaced: int

    @property
    def by_origin(self) -> dict[str, int]:
        """Voices by the origin of their category, zeros included."""
        return {origin: sum(row[origin] for row in self.origins.values()) for origin in self.policy.least_confidence}

    @property
    def voices(self) -> int:
        """The number of voices in the export."""
        return sum(self.by_origin.values())


def preview_export(connection: Connection, policy: Policy) -> ExportPreview:
    """The counts of an export of the store as it is now. A store of 30,000 voices takes about a second."""
    keys = category_keys()
    selection = select_voices(connection, keys, policy)
    placed = {row[0] for row in connection.execute("SELECT voice_id FROM families").fetchall()}
    by_split, by_origin, unplaced = Counter[tuple[str, str]](), Counter[tuple[str, str]](), 0
    for row, curated in selection.chosen():
        by_origin[curated.categories[0], curated.origin] += 1
        if selection.voices.voice_ids[row] in placed:
            by_split[curated.categories[0], split_of(selection.family_ids[row])] += 1
        else:
            unplaced += 1
    return ExportPreview(
        policy=policy,
        counts={key: {split: by_split[key, split] for split in SPLITS} for key in keys},
        origins={key: {origin: by_origin[key, origin] for origin in policy.least_confidence} for key in keys},
        left_out=selection.left_out(),
        relaxed=selection.relaxed,
        unplaced=unplaced,
    )
