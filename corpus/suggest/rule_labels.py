"""The votes of ``votes.py``, counted for all voices of a store at once.

The store adds up what can be added there; what comes out is as long as the store has names of voices, or pairs of a
voice and a category, not as long as it has slots.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus.storage.store import Connection
from corpus.suggest.name_rules import Match, folder_rules, name_rules, path_parts
from corpus.suggest.votes import (
    FOLDER_RELIABILITY,
    LEAST_PROBABILITY,
    NAME_RELIABILITY,
    RuleReliability,
    name_vote_weight,
)

_CHUNK = 50_000  # paths in memory

_NAMES_OF_VOICES = """
SELECT voice_id, name, sum(times)::BIGINT AS seen
FROM slots JOIN (SELECT file_sha, count(*) AS times FROM file_paths GROUP BY file_sha) USING (file_sha)
GROUP BY voice_id, name ORDER BY voice_id, name
"""
# Voices and files go by their row numbers here: pairs of them are the one thing that grows with the slots.
_VOTES_OF_FILES = """
WITH words AS MATERIALIZED (
    SELECT files.rowid AS file, category, max(weight) AS weight
    FROM folder_words JOIN files USING (file_sha) GROUP BY file, category
), held AS MATERIALIZED (
    SELECT DISTINCT voices.rowid AS voice, files.rowid AS file
    FROM slots JOIN voices USING (voice_id) JOIN files USING (file_sha)
), counts AS (
    SELECT voice, count(*) AS files, count(speaking.file) AS spoken
    FROM held LEFT JOIN (SELECT DISTINCT file FROM words) AS speaking USING (file)
    GROUP BY voice HAVING spoken > 0
), votes AS (
    SELECT voice, category, sum(weight) AS votes FROM held JOIN words USING (file) GROUP BY voice, category
)
SELECT voice_id, category, votes, spoken::DOUBLE AS spoken, (files - spoken)::DOUBLE AS silent
FROM votes JOIN counts USING (voice) JOIN voices ON voices.rowid = voice ORDER BY voice_id, category
"""


def name_rule_labels(connection: Connection) -> pa.Table:
    """What the names of all voices say: ``voice_id``, ``category``, ``probability``, ``origin``."""
    rows = connection.sql(_NAMES_OF_VOICES).to_arrow_table().combine_chunks()
    voices, voice = _encode(rows["voice_id"])
    names, name = _encode(rows["name"])
    times, time = np.unique(rows["seen"].to_numpy(), return_inverse=True)
    weight = np.array([name_vote_weight(int(seen)) for seen in times])[time]
    match = _Matches(name_rules().match_all(names.to_pylist()))
    spoke = match.counts[name] > 0
    # These add up in the order of the rows, so that a store gives the same bytes every time.
    spoken = np.bincount(voice[spoke], weight[spoke], minlength=len(voices))
    silent = np.bincount(voice[~spoke], weight[~spoke], minlength=len(voices))
    row, found = match.expand(name)
    pairs, pair = np.unique(voice[row] * len(match.keys) + match.category[found], return_inverse=True)
    votes = np.bincount(pair, weight[row] * match.weight[found])
    voice, category = np.divmod(pairs, len(match.keys))
    return _opinions(
        voices.take(pa.array(voice)),
        match.keys.take(pa.array(category)),
        NAME_RELIABILITY.probability(votes, spoken[voice], silent[voice]),
        NAME_RELIABILITY,
    )


def folder_rule_labels(connection: Connection) -> pa.Table:
    """What the folders of all voices say, in the same columns."""
    connection.register("folder_words", pa.concat_tables(_folder_words(connection)))
    try:
        rows = connection.sql(_VOTES_OF_FILES).to_arrow_table()
    finally:
        connection.unregister("folder_words")
    votes, spoken, silent = (rows[column].to_numpy() for column in ("votes", "spoken", "silent"))
    return _opinions(
        rows["voice_id"], rows["category"], FOLDER_RELIABILITY.probability(votes, spoken, silent), FOLDER_RELIABILITY
    )


def _folder_words(connection: Connection) -> Iterator[pa.Table]:
    """What the folders say of files: a row for every path and category."""
    rules = folder_rules()
    yield pa.table({"file_sha": pa.array([], pa.string())} | _Matches([]).columns())
    for paths in connection.sql("SELECT file_sha, path FROM file_paths").to_arrow_reader(_CHUNK):
        parts = [path_parts(path) for path in paths["path"].to_pylist()]
        words = list(dict.fromkeys(part for path in parts for part in path))
        says = dict(zip(words, rules.match_all(words), strict=True))
        match = _Matches([next((says[part] for part in reversed(path) if says[part]), ()) for path in parts])
        row, found = match.expand(np.arange(len(parts)))
        yield pa.table({"file_sha": paths["file_sha"].take(pa.array(row))} | match.columns(found))


class _Matches:
    """Matches of many names as columns: ``counts`` for each name, and ``category`` and ``weight`` of all in a row."""

    def __init__(self, matches: Sequence[tuple[Match, ...]]) -> None:
        flat = [match for each in matches for match in each]
        self.keys, self.category = _encode(pa.array([match.category for match in flat], pa.string()))
        self.weight = np.array([match.weight for match in flat], np.float64)
        self.counts = np.array([len(each) for each in matches], np.int64)

    def expand(self, name: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """For rows that have a name each: (row, match) for every match of every row, in order."""
        counts = self.counts[name]
        row = np.repeat(np.arange(len(name)), counts)
        first = np.cumsum(self.counts) - self.counts
        within = np.arange(len(row)) - np.repeat(np.cumsum(counts) - counts, counts)
        return row, first[name][row] + within

    def columns(self, found: NDArray[np.int64] | None = None) -> dict[str, pa.Array]:
        """``category`` and ``weight`` of some matches, or of all."""
        found = np.arange(len(self.weight)) if found is None else found
        return {
            "category": self.keys.take(pa.array(self.category[found])),
            "weight": pa.array(self.weight[found]),
        }


def _encode(texts: pa.Array | pa.ChunkedArray) -> tuple[pa.Array, NDArray[np.int64]]:
    """The distinct texts in the order they come in, and which of them each is."""
    encoded = pc.dictionary_encode(texts)
    if isinstance(encoded, pa.ChunkedArray):
        encoded = encoded.combine_chunks() if encoded.num_chunks != 1 else encoded.chunk(0)
    return encoded.dictionary, encoded.indices.to_numpy().astype(np.int64)


def _opinions(
    voices: pa.Array | pa.ChunkedArray,
    categories: pa.Array | pa.ChunkedArray,
    probability: NDArray[np.float64],
    weighing: RuleReliability,
) -> pa.Table:
    table = pa.table(
        {
            "voice_id": voices,
            "category": categories,
            "probability": pa.array(probability.astype(np.float32)),
            "origin": pa.array([weighing.origin] * len(probability), pa.string()),
        }
    )
    return table.filter(pa.array(probability >= LEAST_PROBABILITY))
