"""What people say of voices now, row by row out of the store: what review lists are made from."""

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
    """What one person says of one voice now: categories, the main one first, or that it is broken.

    ``propagated``: said of another voice, and meant for this one too. ``answered`` is UTC, without a zone.
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
        """The main category, or what is said instead of one."""
        return self.categories[0] if self.categories else self.answer


def read_annotations(connection: Connection) -> list[Annotation]:
    """Every label, broken and unsure that stands, as of the last projection of the journals, oldest first."""
    return _said(connection.execute(_OPINIONS.format(which="")).fetchall())


def read_annotations_of(connection: Connection, voice_ids: Sequence[str]) -> list[Annotation]:
    """Like :func:`read_annotations`, of some voices alone."""
    wanted = "SEMI JOIN (SELECT unnest($1::VARCHAR[]) AS voice_id) USING (voice_id)"
    return _said(connection.execute(_OPINIONS.format(which=wanted), [list(voice_ids)]).fetchall())


_OPINIONS = """
SELECT labeller, voice_id, answer, categories, answered, event, propagated, page, lane FROM answers {which}
WHERE answer IN ('label', 'broken', 'unsure') ORDER BY answered, event, voice_id
"""


def _said(rows: Sequence[tuple[Any, ...]]) -> list[Annotation]:
    return [Annotation(who, voice, what, tuple(keys), *rest) for who, voice, what, keys, *rest in rows]


def read_best_suggestions(connection: Connection) -> dict[str, Suggestion]:
    """The strongest suggestion of each voice that has any, and that anybody has answered."""
    rows = connection.execute(
        "SELECT voice_id, max({'probability': probability, 'category': category, 'origin': origin})"
        " FROM suggestions SEMI JOIN answers USING (voice_id) GROUP BY voice_id ORDER BY voice_id"
    ).fetchall()
    return {voice: Suggestion(best["category"], round(best["probability"], 4), best["origin"]) for voice, best in rows}


def read_families(connection: Connection) -> dict[str, str]:
    """The family of each voice that anybody has answered; one that has none yet is its own."""
    rows = connection.execute(
        "SELECT DISTINCT voice_id, coalesce(family_id, voice_id) FROM answers LEFT JOIN families USING (voice_id)"
    ).fetchall()
    return dict(rows)


def annotations_by_voice(opinions: Iterable[Annotation]) -> dict[str, list[Annotation]]:
    """Opinions of each voice, in the order given."""
    voices: dict[str, list[Annotation]] = defaultdict(list)
    for said in opinions:
        voices[said.voice_id].append(said)
    return dict(voices)


def effective_annotations(said: Sequence[Annotation]) -> list[Annotation]:
    """Of what is said of one voice, what was said in person; what was meant for it by the way only if there is none."""
    return [one for one in said if not one.propagated] or list(said)


def majority_category(said: Sequence[Annotation]) -> str | None:
    """The main category that most labels of one voice give, of several the one that was given first; None without."""
    counts = Counter(one.categories[0] for one in effective_annotations([one for one in said if one.categories]))
    return counts.most_common(1)[0][0] if counts else None


def majority_label(said: Sequence[Annotation]) -> tuple[str, ...]:
    """The oldest label whose main category is :func:`majority_category`; empty if there is no label."""
    main = majority_category(said)
    return next(
        (one.categories for one in effective_annotations(said) if one.categories and one.categories[0] == main), ()
    )


def category_words(category: str) -> str:
    """What a category is called within a sentence; one that nobody defines any more by its key.

    >>> spoken("fx"), spoken("kazoo")
    ('effect', 'kazoo')
    """
    return next((each.title.lower() for each in load_categories() if each.key == category), category)


def join_words(words: Sequence[str], *, last: str = "and") -> str:
    """Words as one writes them in a sentence.

    >>> listed(["anna", "ben", "cleo"]), listed(["anna"])
    ('anna, ben and cleo', 'anna')
    """
    return f" {last} ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else list(words))
