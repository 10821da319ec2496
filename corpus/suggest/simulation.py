"""Simulated labelling: how accurate a learner is after so many answers, for different orders of asking.

A quarter of the families is held out for testing. The learner sees features only, never names or folders. The answer to
each question is the ground truth, except for a share of wrong answers. After each number of answers in
:data:`LEARNED_AT` the learner is fitted again; the queue and plain uncertainty sampling use its new probabilities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from corpus.suggest.acquisition import (
    CONTROL_SHARE,
    MISSING,
    AnswerCounts,
    CandidateArrays,
    Indices,
    acquisition_factors,
    select_batch,
)
from corpus.suggest.learning_curves import CurvePoint
from corpus.suggest.simulation_data import Learner, SimulationData, fit_logistic
from dx7.voices.layout import Floats

QUEUE, UNCERTAIN, RANDOM = "queue", "uncertain", "random"
ORDERS = (QUEUE, UNCERTAIN, RANDOM)
LEARNED_AT = (25, 50, 75, 100, 125, 150, 175, 200, 250, 300, 350, 400, 500, 600, 700, 800, 1000, 1200, 1400, 1600)
ERROR = 0.05  # of the answers
_HELD_OUT = 0.25  # of the families


@dataclass(frozen=True, slots=True)
class SimulatedRun:
    """One simulated person: accuracy, and its mean over the categories, after so many answers."""

    answers: tuple[int, ...]
    accuracy: tuple[float, ...]
    macro: tuple[float, ...]


def simulate(
    data: SimulationData,
    order: str,
    *,
    seed: int,
    error: float = ERROR,
    learned_at: Sequence[int] = LEARNED_AT,
    learner: Learner = fit_logistic,
) -> SimulatedRun:
    """Simulate one person with one of :data:`ORDERS`. A seed determines the families held out and the wrong answers.

    The learner is fitted at those of ``learned_at`` that do not exceed the families. Raises ``ValueError`` for another
    order.
    """
    if order not in ORDERS:
        raise ValueError(f"{order!r} is not an order of asking; choose from {', '.join(ORDERS)}")
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(data))
    held_out, pool = np.split(shuffled, [round(_HELD_OUT * len(data))])
    count = len(data.categories)
    answers_given = data.truth[pool]
    wrong = rng.random(len(pool)) < error
    answers_given = np.where(wrong, (answers_given + rng.integers(1, max(count, 2), len(pool))) % count, answers_given)
    asked: list[int] = []
    probabilities: Floats | None = None
    reached, accuracy, macro = [], [], []
    for answers in (answers for answers in learned_at if answers <= len(pool)):
        asked += _ask(data, pool, order, rng, asked, answers_given, probabilities, answers - len(asked))
        probabilities, tested = learner(
            data.features[pool[asked]],
            answers_given[asked],
            count,
            [data.features[pool], data.features[held_out]],
        )
        right = tested.argmax(axis=1) == data.truth[held_out]
        by_category = [right[data.truth[held_out] == key] for key in range(count)]
        reached.append(answers)
        accuracy.append(float(right.mean()))
        macro.append(float(np.mean([hits.mean() for hits in by_category if len(hits)])))
    return SimulatedRun(tuple(reached), tuple(accuracy), tuple(macro))


def mean_curve(runs: Sequence[SimulatedRun]) -> list[CurvePoint]:
    """The mean of runs with the same numbers of answers, with its standard error."""
    accuracy = np.array([run.accuracy for run in runs])
    macro = np.array([run.macro for run in runs]).mean(axis=0)
    spread = accuracy.std(axis=0, ddof=1) / np.sqrt(len(runs)) if len(runs) > 1 else np.zeros(accuracy.shape[1])
    return [
        CurvePoint(answers, float(mean), float(across), float(error))
        for answers, mean, across, error in zip(runs[0].answers, accuracy.mean(axis=0), macro, spread, strict=True)
    ]


def _ask(
    data: SimulationData,
    pool: Indices,
    order: str,
    rng: np.random.Generator,
    asked: list[int],
    answers_given: Indices,
    probabilities: Floats | None,
    places: int,
) -> list[int]:
    """The next rows of the pool to ask about."""
    left = rng.permutation(np.setdiff1d(np.arange(len(pool)), asked))
    if order == RANDOM or (order == UNCERTAIN and probabilities is None):
        return [int(row) for row in left[:places]]
    margin, likeliest = _margins(probabilities, left)
    if order == UNCERTAIN:
        return [int(row) for row in left[np.argsort(margin, kind="stable")[:places]]]
    rows = pool[left]
    candidates = CandidateArrays(
        margin=margin,
        category=likeliest,
        voices=data.voices[rows],
        found=data.found[rows],
        cluster=data.cluster[rows],
        off_centre=data.off_centre[rows],
    )
    clusters = 1 + int(data.cluster.max(initial=MISSING))
    answered = AnswerCounts(
        labels=np.bincount(answers_given[asked], minlength=len(data.categories)),
        by_cluster=np.bincount(data.cluster[pool[asked]], minlength=clusters),
    )
    control = [bool(is_control) for is_control in rng.random(places) < CONTROL_SHARE]
    return [
        int(left[row]) for row in select_batch(candidates, acquisition_factors(candidates, answered), answered, control)
    ]


def _margins(probabilities: Floats | None, rows: Indices) -> tuple[Floats, Indices]:
    if probabilities is None:
        return np.zeros(len(rows), np.float32), np.full(len(rows), MISSING)
    ranked = np.sort(probabilities[rows], axis=1)
    margin: Floats = ranked[:, -1] - (ranked[:, -2] if ranked.shape[1] > 1 else 0)
    return margin, probabilities[rows].argmax(axis=1)
