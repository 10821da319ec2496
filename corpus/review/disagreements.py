"""Review lists from annotations alone: people against people, against suggestions, and within families."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import combinations

from corpus.review.annotations import (
    BROKEN,
    Annotation,
    annotations_by_voice,
    category_words,
    effective_annotations,
    join_words,
    majority_category,
)
from corpus.review.cases import Case, CaseKind, annotation_sentence, heaviest_first
from corpus.storage.suggestion import Suggestion
from corpus.suggest.source_names import source_suggests

SURE = 0.9  # least probability of a suggestion that contradicts a person
_APART, _BROKEN, _ORDER, _AGREED = 3, 2, 1, 0  # the distance of two annotations
_PROPAGATED = 0.5  # taken off the weight if an annotation was given to another voice


def people_disagree(opinions: Iterable[Annotation]) -> list[Case]:
    """Voices whose annotations differ: other categories, broken or not, or another main category.

    ``unsure`` contradicts nothing; nor does a second category that only one person names, if the main one is the same.
    Propagated annotations count only if nobody answered the voice in person. Voices without a common category weigh
    most.
    """
    cases = []
    for voice_id, all_said in annotations_by_voice(opinions).items():
        said = effective_annotations([one for one in all_said if one.categories or one.answer == BROKEN])
        distance = max((_distance(*pair) for pair in combinations(said, 2)), default=_AGREED)
        if distance == _AGREED:
            continue
        reason = f"{annotation_sentence(said)}."
        if distance == _ORDER:
            shared = set.intersection(*(set(one.categories) for one in said if one.categories))
            reason = f"{annotation_sentence(said)}: they differ in what it is first"
            reason += f" and share {join_words([category_words(key) for key in sorted(shared)])}." if shared else "."
        cases.append(
            Case(
                kind=CaseKind.DISAGREEMENT,
                key=f"disagreement-{voice_id}",
                voices=(voice_id,),
                reason=reason,
                said=tuple(said),
                choices=_choices(said),
                weight=distance - _PROPAGATED * any(one.propagated for one in said),
            )
        )
    return heaviest_first(cases)


def against_suggestions(
    opinions: Iterable[Annotation], suggestions: Mapping[str, Suggestion], *, least: float = SURE
) -> list[Case]:
    """Labels contradicted by a suggestion of probability ``least`` or more: nobody names its category at all.

    Voices that one answer covers and that are contradicted alike make one case.
    """
    cases: dict[tuple[str, tuple[str, ...]], list[tuple[str, list[Annotation], Suggestion]]] = defaultdict(list)
    for voice_id, all_said in annotations_by_voice(one for one in opinions if one.categories).items():
        said = effective_annotations(all_said)
        best = suggestions.get(voice_id)
        if best is None or best.probability < least or any(best.category in one.categories for one in said):
            continue
        cases[best.category, tuple(sorted({one.event for one in said}))].append((voice_id, said, best))
    return heaviest_first(_against(category, found) for (category, _), found in cases.items())


def families_disagree(opinions: Iterable[Annotation], family_of: Mapping[str, str]) -> list[Case]:
    """Families whose voices have different main categories: one sound under two labels.

    Each voice counts with its majority category, whatever its annotators disagree about. The voices with the rarest
    label come first, since they are the likely errors.
    """
    families: dict[str, dict[str, list[Annotation]]] = defaultdict(dict)
    for voice_id, said in annotations_by_voice(one for one in opinions if one.categories).items():
        families[family_of.get(voice_id, voice_id)][voice_id] = effective_annotations(said)
    cases = []
    for family_id, voices in families.items():
        mains = {voice_id: majority_category(said) or "" for voice_id, said in voices.items()}
        counts = Counter(mains.values())
        if len(counts) < 2:
            continue
        ranked = [category for category, _ in counts.most_common()]
        order = sorted(voices, key=lambda voice_id: (-ranked.index(mains[voice_id]), voice_id))
        groups = join_words([f"{counts[category]} as {category_words(category)}" for category in ranked])
        said = sorted((one for voice_id in order for one in voices[voice_id]), key=lambda one: one.answered)
        cases.append(
            Case(
                kind=CaseKind.FAMILY,
                key=f"family-{family_id}",
                voices=tuple(order),
                reason=f"Of one family {len(order)} voices are labelled: {groups}.",
                said=tuple(said),
                choices=tuple(ranked),
                weight=float(len(order) - counts[ranked[0]]),
            )
        )
    return heaviest_first(cases)


def _distance(one: Annotation, other: Annotation) -> int:
    if one.answer != other.answer:
        return _BROKEN
    if one.categories[:1] == other.categories[:1]:
        return _AGREED
    return _ORDER if set(one.categories) & set(other.categories) else _APART


def _choices(said: Iterable[Annotation]) -> tuple[str, ...]:
    """Every category that was named, first choices before second ones."""
    named = [(place, key) for one in said for place, key in enumerate(one.categories)]
    return tuple(dict.fromkeys(key for _, key in sorted(named, key=lambda item: item[0])))


def _against(category: str, found: Sequence[tuple[str, list[Annotation], Suggestion]]) -> Case:
    found = sorted(found, key=lambda each: (each[1][0].propagated, -each[2].probability, each[0]))
    voice_id, said, best = found[0]
    more = len(found) - 1
    further = f" (so do those of {more} more voice{'s' if more > 1 else ''} meant with it)" if more else ""
    suggested = f"{source_suggests(best.origin)} {category_words(category)}, at {best.probability:.2f}"
    reason = f"{annotation_sentence(said)}; {suggested}{further}."
    return Case(
        kind=CaseKind.SUGGESTION,
        key=f"suggestion-{voice_id}",
        voices=tuple(each[0] for each in found),
        reason=reason,
        said=tuple(one for each in found for one in each[1]),
        choices=(*_choices(said), category),
        weight=best.probability + len(found) - 1,
        suggested=category,
        probability=best.probability,
    )
