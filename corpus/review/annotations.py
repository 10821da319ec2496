"""Annotations: what each person says of each voice now, read from the store for the review lists."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from corpus.storage.store import Connection
from corpus.storage.suggestion import Suggestion
from dx7.shared.categories import load_categories

BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Annotation:
    """What one person says of one voice: ``categories``, the main one first, or that it is broken, or unsure.

    ``propagated``: the answer was given to another voice and covers this one. ``answered`` is UTC, without a time zone.
    """

    labeller: str
    voice_id: str
    answer: str  # label, broken, unsure
    categories: tuple[str, ...]
    answered: datetime
    event: str
    propagated: bool = False
    page: str = ""
    lane: str = ""  # in which list it was decided, if in review

    @property
    def outcome(self) -> str:
        """The main category, or ``broken`` or ``unsure``."""
        return self.categories[0] if self.categories else self.answer


def read_annotations(connection: Connection) -> list[Annotation]:
    """Every current label, broken and unsure, as of the last projection of the journals, oldest first."""
    return _said(connection.execute(_OPINIONS.format(which="")).fetchall())


def read_annotations_of(connection: Connection, voice_ids: Sequence[str]) -> list[Annotation]:
    """Like :func:`read_annotations`, for some voices."""
    wanted = "SEMI JOIN (SELECT unnest($1::VARCHAR[]) AS voice_id) USING (voice_id)"
    return _said(connection.execute(_OPINIONS.format(which=wanted), [list(voice_ids)]).fetchall())


_OPINIONS = """
SELECT labeller, voice_id, answer, categories, answered, event, propagated, page, lane FROM answers {which}
WHERE answer IN ('label', 'broken', 'unsure') ORDER BY answered, event, voice_id
"""


def _said(rows: Sequence[tuple[Any, ...]]) -> list[Annotation]:
    return [Annotation(who, voice, what, tuple(keys), *rest) for who, voice, what, keys, *rest in rows]


def read_best_suggestions(connection: Connection) -> dict[str, Suggestion]:
    """The most probable suggestion for each answered voice that has any."""
    rows = connection.execute(
        "SELECT voice_id, max({'probability': probability, 'category': category, 'origin': origin})"
        " FROM suggestions SEMI JOIN answers USING (voice_id) GROUP BY voice_id ORDER BY voice_id"
    ).fetchall()
    return {voice: Suggestion(best["category"], round(best["probability"], 4), best["origin"]) for voice, best in rows}


def read_families(connection: Connection) -> dict[str, str]:
    """The family of each answered voice; a voice without one is its own family."""
    rows = connection.execute(
        "SELECT DISTINCT voice_id, coalesce(family_id, voice_id) FROM answers LEFT JOIN families USING (voice_id)"
    ).fetchall()
    return dict(rows)


def annotations_by_voice(opinions: Iterable[Annotation]) -> dict[str, list[Annotation]]:
    """The annotations of each voice, in the order given."""
    voices: dict[str, list[Annotation]] = defaultdict(list)
    for said in opinions:
        voices[said.voice_id].append(said)
    return dict(voices)


def effective_annotations(said: Sequence[Annotation]) -> list[Annotation]:
    """Of the annotations of one voice, those given in person; the propagated ones if there are none."""
    return [one for one in said if not one.propagated] or list(said)


def majority_category(said: Sequence[Annotation]) -> str | None:
    """The main category of most labels of one voice, on a tie the one given first; None without labels."""
    counts = Counter(one.categories[0] for one in effective_annotations([one for one in said if one.categories]))
    return counts.most_common(1)[0][0] if counts else None


def majority_label(said: Sequence[Annotation]) -> tuple[str, ...]:
    """The first label of one voice that has :func:`majority_category`; empty if there is no label."""
    main = majority_category(said)
    return next(
        (one.categories for one in effective_annotations(said) if one.categories and one.categories[0] == main), ()
    )


def category_words(category: str) -> str:
    """What a category is called within a sentence; the key itself if the category is no longer defined.

    >>> category_words("fx"), category_words("kazoo")
    ('effect', 'kazoo')
    """
    return next((each.title.lower() for each in load_categories() if each.key == category), category)


def join_words(words: Sequence[str], *, last: str = "and") -> str:
    """Words as a list within a sentence.

    >>> join_words(["anna", "ben", "cleo"]), join_words(["anna"])
    ('anna, ben and cleo', 'anna')
    """
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))
