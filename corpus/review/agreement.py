"""How far one person agrees with themself, and people with each other, measured from journals.

Only independent answers count: given in person, after listening, and not in review, which shows what others said. An
intra-annotator recheck is compared with the answer before it. Answers of two people are compared where both gave a
label or called the voice broken. ``unsure`` counts only in rechecks (lanes ``again`` and ``agreement``): elsewhere a
voice is asked about *because* somebody was unsure, which would make people look worse.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any

from corpus.labels.agreement_statistics import (
    Alpha,
    CategoryAgreement,
    Kappa,
    Rate,
    agreement_by_category,
    cohen_kappa,
    krippendorff_alpha,
    wilson,
)
from corpus.labels.answer import WITHOUT_LISTENING, Answer, AnswerKind, Lane
from corpus.labels.projection import answers_not_undone
from corpus.labels.rechecks import BLIND_PAGES

_OPINIONS = (AnswerKind.LABEL, AnswerKind.BROKEN)


@dataclass(frozen=True, slots=True)
class Pair:
    """Two independent answers to one voice: of one person, the earlier first; or of two people, in the order of names.

    ``drawn``: the voice was served in order to compare them.
    """

    voice_id: str
    first: Answer
    second: Answer
    drawn: bool

    @property
    def outcomes(self) -> tuple[str, str]:
        """What each says: the main category, ``broken`` or ``unsure``."""
        return _outcome(self.first), _outcome(self.second)

    @property
    def shares(self) -> bool:
        """Whether they name a common category, first or not, or have the same outcome."""
        return self.outcomes[0] == self.outcomes[1] or bool(set(self.first.categories) & set(self.second.categories))


@dataclass(frozen=True, slots=True)
class SelfConsistency:
    """How often a labeller repeats an answer. ``shared`` also counts labels that have any category in common."""

    labeller: str
    same: Rate
    shared: Rate
    kappa: Kappa


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How far two people agree on the voices that both answered; ``drawn`` of these were rechecks."""

    labellers: tuple[str, str]
    drawn: int
    shared: Rate
    kappa: Kappa


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far answers can be trusted."""

    consistency: tuple[SelfConsistency, ...]
    pairs: tuple[PairAgreement, ...]
    alpha: Alpha
    by_category: tuple[CategoryAgreement, ...]

    def as_dict(self) -> dict[str, Any]:
        """The figures for ``--json``."""
        return asdict(self)


def measure_agreement(answers: Iterable[Answer]) -> Agreement:
    """The figures of journals, without answers that were taken back."""
    independent = independent_answers(answers)
    repeats = repeated_answers(independent)
    common = common_answers(independent)
    said: dict[str, list[str]] = {}
    for voice_id, opinions in _opinions(independent).items():
        said[voice_id] = [_outcome(opinions[who]) for who in sorted(opinions)]
    everything = [pair for pairs in common.values() for pair in pairs]
    return Agreement(
        consistency=tuple(_consistency(labeller, pairs) for labeller, pairs in repeats.items()),
        pairs=tuple(
            PairAgreement(
                labellers=labellers,
                drawn=sum(pair.drawn for pair in pairs),
                shared=wilson(sum(pair.shares for pair in pairs), len(pairs)),
                kappa=cohen_kappa([pair.outcomes for pair in pairs]),
            )
            for labellers, pairs in common.items()
        ),
        alpha=krippendorff_alpha(said),
        by_category=tuple(agreement_by_category(pair.outcomes for pair in everything)),
    )


def independent_answers(answers: Iterable[Answer]) -> list[Answer]:
    """The independent labels, ``broken`` and ``unsure``, oldest first."""
    return [answer for answer in answers_not_undone(answers) if _is_independent(answer)]


def repeated_answers(independent: Sequence[Answer]) -> dict[str, list[Pair]]:
    """By labeller, every intra-annotator recheck with the answer that this person gave to the voice before.

    Of several answers to one serving the last counts: the person went back and corrected it.
    """
    meant: dict[tuple[str, str, str], Answer] = {}
    for answer in independent:
        serving = answer.labeller, answer.voice_id, answer.token or answer.event
        meant.pop(serving, None)
        meant[serving] = answer
    before: dict[tuple[str, str], Answer] = {}
    pairs: dict[str, list[Pair]] = defaultdict(list)
    for answer in meant.values():
        about = answer.labeller, answer.voice_id
        if answer.lane == Lane.INTRA_RECHECK and about in before:
            pairs[answer.labeller].append(Pair(answer.voice_id, before[about], answer, drawn=True))
        before[about] = answer
    return dict(sorted(pairs.items()))


def common_answers(independent: Sequence[Answer]) -> dict[tuple[str, str], list[Pair]]:
    """For every two labellers, in the order of names, the pairs of answers to the same voices."""
    pairs: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for voice_id, opinions in _opinions(independent).items():
        for one, other in combinations(sorted(opinions), 2):
            first, second = opinions[one], opinions[other]
            pairs[one, other].append(
                Pair(voice_id, first, second, drawn=Lane.INTER_RECHECK in (first.lane, second.lane))
            )
    return dict(sorted(pairs.items()))


def _opinions(independent: Sequence[Answer]) -> dict[str, dict[str, Answer]]:
    """For each voice with several labellers, the latest answer of each; a recheck of one's own answer is left out."""
    voices: dict[str, dict[str, Answer]] = defaultdict(dict)
    for answer in independent:
        if answer.lane != Lane.INTRA_RECHECK and (answer.answer in _OPINIONS or answer.lane == Lane.INTER_RECHECK):
            voices[answer.voice_id][answer.labeller] = answer
    return {voice_id: opinions for voice_id, opinions in sorted(voices.items()) if len(opinions) > 1}


def _is_independent(answer: Answer) -> bool:
    about_it = answer.answer in _OPINIONS or answer.answer is AnswerKind.UNSURE
    return about_it and answer.page in BLIND_PAGES and answer.heard not in WITHOUT_LISTENING


def _consistency(labeller: str, pairs: Sequence[Pair]) -> SelfConsistency:
    outcomes = [pair.outcomes for pair in pairs]
    return SelfConsistency(
        labeller=labeller,
        same=wilson(sum(first == second for first, second in outcomes), len(outcomes)),
        shared=wilson(sum(pair.shares for pair in pairs), len(pairs)),
        kappa=cohen_kappa(outcomes),
    )


def _outcome(answer: Answer) -> str:
    return answer.categories[0] if answer.categories else answer.answer.value
