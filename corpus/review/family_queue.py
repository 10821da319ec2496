"""Which family to answer next: large ones without an answer, or with answers that contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from corpus.analysis.health import UNFIT
from corpus.labels.answer import Page
from corpus.review.annotations import BROKEN, category_words, join_words
from corpus.storage.store import Connection
from corpus.storage.suggestion import Suggestion
from corpus.storage.voice_table import read_fillers

_MOST_NAMES = 4


class FamilyNeed(StrEnum):
    """Why a family is asked about."""

    OPEN = "open"  # no voice has an answer
    PARTLY = "partly"  # some voices have the same answer, the others none
    SPLIT = "split"  # the answers to its voices differ


@dataclass(frozen=True, slots=True)
class FamilyToAnswer:
    """A family that needs an answer: its voices, how many have none, its occurrences, and why it is asked about.

    ``outcomes`` are the main categories (or ``broken``) of its voices, the most frequent first. ``suggestion`` has the
    category with the largest sum of probabilities over its voices, their mean, and the source of the largest.
    """

    family_id: str
    need: FamilyNeed
    voices: int
    unanswered: int
    sightings: int
    names: tuple[str, ...]
    outcomes: tuple[str, ...]
    suggestion: Suggestion | None
    reason: str

    @property
    def proposal(self) -> str | None:
        """The category that one key accepts: the most frequent label, otherwise the suggestion."""
        said = next((outcome for outcome in self.outcomes if outcome != BROKEN), None)
        return said or (self.suggestion.category if self.suggestion else None)


def families_to_answer(connection: Connection, *, labeller: str, limit: int = 20) -> list[FamilyToAnswer]:
    """Families of two or more voices, those first where one answer labels most voices.

    Fillers, voices that only a model made, and silent or garbage voices do not count. Left out are families of which
    this labeller was unsure; those they skipped come last. A split family is asked about until somebody answers it here
    or in review, later than all other answers.
    """
    rows = connection.execute(
        _FAMILIES,
        {
            "labeller": labeller,
            "deciding_pages": [Page.FAMILIES.value, Page.REVIEW.value],
            "families_page": Page.FAMILIES.value,
            "unfit": list(UNFIT),
            "fillers": read_fillers(connection).to_pylist(),
            "limit": limit,
            "most_names": _MOST_NAMES,
        },
    ).fetchall()
    return [_family(*row) for row in rows]


def _family(
    family_id: str,
    need: str,
    voices: int,
    unanswered: int,
    sightings: int,
    outcomes: list[str],
    names: list[str],
    category: str | None,
    probability: float,
    origin: str,
) -> FamilyToAnswer:
    suggestion = Suggestion(category, round(probability, 4), origin) if category else None
    words = join_words([category_words(outcome) for outcome in outcomes])
    reasons = {
        FamilyNeed.OPEN: f"{voices} voices, found in {sightings} places: none has an answer.",
        FamilyNeed.PARTLY: f"Of {voices} voices {voices - unanswered} have an answer: {words}.",
        FamilyNeed.SPLIT: f"Of {voices} voices of one sound people say {words}.",
    }
    kind = FamilyNeed(need)
    return FamilyToAnswer(
        family_id, kind, voices, unanswered, sightings, tuple(names), tuple(outcomes), suggestion, reasons[kind]
    )


_FAMILIES = """
WITH made AS (
    SELECT voice_id, count(*) AS sightings, bool_and(coalesce(generated, false)) AS generated
    FROM slots LEFT JOIN files USING (file_sha) GROUP BY voice_id
), members AS (
    SELECT family_id, voice_id, coalesce(made.sightings, 0) AS sightings
    FROM (SELECT DISTINCT family_id, voice_id FROM families) SEMI JOIN voices USING (voice_id)
        LEFT JOIN made USING (voice_id)
        ANTI JOIN (SELECT voice_id FROM health WHERE list_contains($unfit, tag)) USING (voice_id)
        ANTI JOIN (SELECT unnest($fillers::VARCHAR[]) AS voice_id) USING (voice_id)
    WHERE NOT coalesce(made.generated, false)
), sizes AS (
    SELECT family_id, count(*) AS size, sum(sightings) AS seen FROM members GROUP BY family_id HAVING size > 1
), said AS (
    SELECT family_id, voice_id, coalesce(categories[1], answer) AS outcome, answered,
        list_contains($deciding_pages, page) AS decides
    FROM answers JOIN members USING (voice_id) WHERE answer IN ('label', 'broken')
), outcomes AS (
    SELECT family_id, list(outcome ORDER BY times DESC, outcome) AS outcomes
    FROM (SELECT family_id, outcome, count(*) AS times FROM said GROUP BY ALL) GROUP BY family_id
), decided_families AS (
    SELECT family_id, count(DISTINCT voice_id) AS answered_voices, count(DISTINCT outcome) AS different,
        coalesce(max(answered) FILTER (decides) > max(answered) FILTER (NOT decides)
            OR count(*) FILTER (NOT decides) = 0, false) AS decided
    FROM said GROUP BY family_id
), mine AS (
    SELECT family_id, bool_or(answer = 'unsure') AS unsure, bool_or(answer = 'skip') AS skipped
    FROM answers JOIN members USING (voice_id) WHERE labeller = $labeller AND page = $families_page GROUP BY family_id
), wanted AS (
    SELECT family_id, size, size - coalesce(answered_voices, 0) AS unanswered, seen,
        coalesce(outcomes, []) AS outcomes, coalesce(skipped, false) AS skipped,
        CASE WHEN different IS NULL THEN 'open' WHEN different > 1 AND NOT decided THEN 'split'
            ELSE 'partly' END AS need,
        CASE WHEN need = 'split' THEN size ELSE unanswered END AS weight
    FROM sizes LEFT JOIN outcomes USING (family_id) LEFT JOIN decided_families USING (family_id)
        LEFT JOIN mine USING (family_id)
    WHERE NOT coalesce(unsure, false) AND weight > 0
    ORDER BY skipped, weight DESC, seen DESC, family_id LIMIT $limit
), named AS (
    SELECT family_id, list(name ORDER BY times DESC, name)[1:$most_names] AS names FROM (
        SELECT family_id, name, sum(names.sightings) AS times FROM names JOIN members USING (voice_id)
        SEMI JOIN wanted USING (family_id) WHERE trim(name) <> '' GROUP BY ALL
    ) GROUP BY family_id
), votes AS (
    SELECT family_id, category, sum(best.probability) AS strength, avg(best.probability) AS probability,
        max(best).origin AS origin
    FROM (
        SELECT voice_id, category, max({'probability': probability, 'origin': origin}) AS best
        FROM suggestions GROUP BY ALL
    ) JOIN members USING (voice_id) SEMI JOIN wanted USING (family_id) GROUP BY ALL
), best AS (
    SELECT family_id,
        max({'strength': strength, 'category': category, 'probability': probability, 'origin': origin}) AS best
    FROM votes GROUP BY family_id
)
SELECT family_id, need, size, unanswered, seen, outcomes, coalesce(names, []), best.category, best.probability,
    best.origin
FROM wanted LEFT JOIN named USING (family_id) LEFT JOIN best USING (family_id)
ORDER BY skipped, weight DESC, seen DESC, family_id
"""
