"""The candidates of the labelling queue: one voice of each unanswered family as arrays, and counts of answers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from corpus.analysis.health import UNFIT
from corpus.analysis.search_index import ready_index
from corpus.storage.store import Connection
from corpus.storage.suggestion import Suggestion
from corpus.suggest.acquisition import MISSING, AnswerCounts, CandidateArrays, Indices
from corpus.suggest.queue_reasons import ReasonFacts
from corpus.suggest.sound_clusters import ready_clusters
from dx7.shared.categories import category_keys

_LEAST_MENTIONED = 0.1  # the least probability of a second category in a reason


@dataclass(frozen=True, slots=True)
class QueueCandidates:
    """Voices to ask about, in random order; ``skipped`` are those that this labeller has skipped."""

    arrays: CandidateArrays
    answered: AnswerCounts
    skipped: Sequence[CandidateVoice]
    _rows: pa.Table
    _alike: Indices  # by cluster: voices of families without an answer

    def voice(self, row: int) -> CandidateVoice:
        """The voice of a row."""
        return _voice(self._rows, row)

    def known(self, row: int) -> ReasonFacts:
        """What a reason can mention about the voice of a row."""
        cluster, category = int(self.arrays.cluster[row]), int(self.arrays.category[row])
        return ReasonFacts(
            categories=[
                found["category"]
                for place, found in enumerate(self._rows["likeliest"][row].as_py() or ())
                if not place or found["probability"] >= _LEAST_MENTIONED
            ],
            labels=0 if category == MISSING else int(self.answered.labels[category]),
            alike=0 if cluster == MISSING else int(self._alike[cluster]),
            answered=cluster != MISSING and bool(self.answered.by_cluster[cluster]),
            family=int(self.arrays.voices[row]),
            found=int(self.arrays.found[row]),
        )


@dataclass(frozen=True, slots=True)
class CandidateVoice:
    """A voice, how often it was found, and its most probable suggestion."""

    voice_id: str
    sightings: int
    suggestion: Suggestion | None


def read_candidates(connection: Connection, *, labeller: str, seed: int, exclude: Collection[str]) -> QueueCandidates:
    """The voices that ``labeller`` can be asked about, in a random order by ``seed``.

    An answer to a single voice counts for its whole family; an answer that names several voices counts only for those.
    The voices of ``exclude`` count as answered. The search index and the clusters are updated first.
    """
    ready_index(connection)
    ready_clusters(connection)
    connection.execute(_SAID, {"exclude": list(exclude)})
    try:
        values = {"labeller": labeller, "seed": str(seed), "unfit": list(UNFIT)}
        rows = connection.sql(_CANDIDATES, params=values).to_arrow_table()
        by_cluster = connection.execute(_BY_CLUSTER, {"labeller": labeller}).fetchall()
    finally:
        connection.execute("DROP TABLE IF EXISTS temp.said_of")
    labels = dict(connection.execute(_LABELS).fetchall())
    categories = list(dict.fromkeys([*category_keys(), *labels]))
    was_skipped = rows["skipped"].to_numpy()
    asked = rows.filter(pa.array(~was_skipped))
    arrays = _arrays(asked, categories)
    clusters = 1 + max([MISSING, *arrays.cluster.tolist(), *(cluster for cluster, _ in by_cluster)])
    answered = AnswerCounts(np.array([labels.get(key, 0) for key in categories], np.intp), np.zeros(clusters, np.intp))
    for cluster, families in by_cluster:
        answered.by_cluster[cluster] = families
    is_clustered = arrays.cluster != MISSING
    alike = np.bincount(arrays.cluster[is_clustered], weights=arrays.voices[is_clustered], minlength=clusters).astype(
        np.intp
    )
    skipped = [_voice(rows, int(row)) for row in np.flatnonzero(was_skipped)]
    return QueueCandidates(arrays, answered, skipped, asked, alike)


def read_candidate_voices(connection: Connection, voice_ids: Sequence[str]) -> dict[str, CandidateVoice]:
    """Some voices, with or without an answer. The search index must be up to date."""
    if not voice_ids:
        return {}
    rows = connection.sql(_SOME, params={"voices": list(voice_ids)}).to_arrow_table()
    return {voice.voice_id: voice for voice in (_voice(rows, row) for row in range(len(rows)))}


def _voice(rows: pa.Table, row: int) -> CandidateVoice:
    best = (rows["likeliest"][row].as_py() or [None])[0]
    suggestion = best and Suggestion(best["category"], round(best["probability"], 4), best["origin"])
    return CandidateVoice(rows["voice_id"][row].as_py(), rows["sightings"][row].as_py(), suggestion)


def _arrays(rows: pa.Table, categories: Sequence[str]) -> CandidateArrays:
    codes = {key: code for code, key in enumerate(categories)}
    return CandidateArrays(
        margin=rows["margin"].to_numpy().astype(np.float32),
        category=np.array([codes.get(key, MISSING) for key in rows["category"].to_pylist()], np.intp),
        voices=rows["family_size"].to_numpy().astype(np.intp),
        found=rows["found"].to_numpy().astype(np.intp),
        cluster=rows["cluster"].to_numpy().astype(np.intp),
        off_centre=rows["off_centre"].to_numpy().astype(np.float32),
    )


# An answer that names several voices of a family, as on the Families page, holds only for those.
_SAID = """
CREATE OR REPLACE TEMP TABLE said_of AS
SELECT voice_id, family_id, answer, labeller, count(*) OVER (PARTITION BY event, family_id) = 1 AS of_all
FROM (
    SELECT voice_id, event, answer, labeller FROM answers
    UNION ALL SELECT voice_id, voice_id, 'served', '' FROM (SELECT unnest($exclude::VARCHAR[]) AS voice_id)
) JOIN search_voices USING (voice_id)
"""
_IS_KNOWN = "(answer IN ('label', 'broken', 'served') OR (answer = 'unsure' AND labeller = $labeller))"
# An old store may have two suggestions for a category: one from names, and one from folders.
_LIKELIEST = """
    SELECT voice_id, said[:1] || list_filter(said, lambda other: other.category <> said[1].category)[:1] AS likeliest
    FROM (
        SELECT voice_id, max({'probability': probability, 'category': category, 'origin': origin}, 3) AS said
        FROM suggestions GROUP BY voice_id
    )
"""
_CANDIDATES = f"""
WITH likeliest AS ({_LIKELIEST}), families AS (
    SELECT family_id, bool_or({_IS_KNOWN} AND of_all) AS known,
        bool_or(answer = 'skip' AND labeller = $labeller) AS skipped
    FROM said_of GROUP BY family_id
), askable AS (
    SELECT voice_id, family_id, sightings, family_size, coalesce(skipped, false) AS skipped,
        md5(voice_id || $seed) AS draw
    FROM search_voices LEFT JOIN families USING (family_id)
    WHERE NOT filler AND NOT generated AND NOT list_has_any(health, $unfit) AND NOT coalesce(known, false)
        AND voice_id NOT IN (SELECT voice_id FROM said_of WHERE {_IS_KNOWN})
), one_a_family AS (
    SELECT arg_max(askable, (sightings, draw)) AS voice, sum(sightings)::BIGINT AS found FROM askable GROUP BY family_id
)
SELECT voice_id, sightings, family_size, skipped, found, likeliest,
    likeliest[1].category AS category,
    coalesce(likeliest[1].probability - coalesce(likeliest[2].probability, 0), 0) AS margin,
    coalesce(crowd, {MISSING}) AS cluster, coalesce(off_middle, 1) AS off_centre
FROM (SELECT unnest(voice), found FROM one_a_family)
    LEFT JOIN likeliest USING (voice_id) LEFT JOIN crowds USING (voice_id)
ORDER BY draw
"""  # noqa: S608 - constants
_BY_CLUSTER = f"""
SELECT crowd, count(DISTINCT family_id) FROM crowds JOIN said_of USING (voice_id) WHERE {_IS_KNOWN} GROUP BY crowd
"""  # noqa: S608 - constants
_LABELS = "SELECT categories[1], count(DISTINCT voice_id) FROM answers WHERE answer = 'label' GROUP BY ALL"
_SOME = f"""
SELECT voice_id, sightings, likeliest FROM search_voices LEFT JOIN ({_LIKELIEST}) USING (voice_id)
WHERE voice_id IN (SELECT unnest($voices::VARCHAR[]))
"""  # noqa: S608 - constants
