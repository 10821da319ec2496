"""How many answers it takes: a person who answers is simulated, and a learner learns, in one order or another.

A quarter of the families is held out. The learner knows only features, never a name or a folder; the answer to each
question is the hidden truth, but for a share of wrong ones. After each of :data:`LEARNED_AT` answers it learns anew,
the queue and plain uncertainty look at what it says now, and it is judged on the families held out.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from corpus.suggest.acquisition import MISSING, AnswerCounts, CandidateArrays, Floats, Indices, acquisition_factors
from corpus.suggest.batch_selection import CONTROL_SHARE, select_batch
from corpus.suggest.learning_curves import CurvePoint
from corpus.suggest.simulation_data import SimulationData

QUEUE, UNCERTAIN, RANDOM = "queue", "uncertain", "random"
ORDERS = (QUEUE, UNCERTAIN, RANDOM)
LEARNED_AT = (25, 50, 75, 100, 125, 150, 175, 200, 250, 300, 350, 400, 500, 600, 700, 800, 1000, 1200, 1400, 1600)
ERROR = 0.05  # of the answers
_HELD_OUT = 0.25  # of the families

# From features and categories of what was answered: the probabilities, [n, categories], of each of some other features.
Learner = Callable[[Floats, Indices, int, Sequence[Floats]], list[Floats]]


@dataclass(frozen=True, slots=True)
class SimulatedRun:
    """One simulated person: at how many answers how right the learner was, over all and as the categories' mean."""

    answers: tuple[int, ...]
    accuracy: tuple[float, ...]
    macro: tuple[float, ...]


def fit_logistic(features: Floats, categories: Indices, count: int, others: Sequence[Floats]) -> list[Floats]:
    """A fast learner: logistic regression over all categories. What it has seen none of has no probability."""
    from sklearn.linear_model import LogisticRegression

    seen = np.unique(categories)
    given = [np.zeros((len(rows), count), np.float32) for rows in others]
    if len(seen) == 1:
        for probabilities in given:
            probabilities[:, seen] = 1
        return given
    with warnings.catch_warnings():  # few answers in many categories, and 60 steps of a fit, are meant
        warnings.simplefilter("ignore", UserWarning)
        model = LogisticRegression(C=0.02, max_iter=60, tol=1e-3).fit(features, categories)
    for probabilities, rows in zip(given, others, strict=True):
        if len(rows):
            probabilities[:, seen] = model.predict_proba(rows)
    return given


def simulate(
    material: SimulationData,
    order: str,
    *,
    seed: int,
    error: float = ERROR,
    learned_at: Sequence[int] = LEARNED_AT,
    learner: Learner = fit_logistic,
) -> SimulatedRun:
    """One person, asked in one of :data:`ORDERS`. The same seed holds out the same families and errs on the same ones.

    Learns at those of ``learned_at`` for which there are families enough. Raises ``ValueError`` for another order.
    """
    if order not in ORDERS:
        raise ValueError(f"{order!r} is no order of asking; there are {', '.join(ORDERS)}")
    rng = np.random.default_rng(seed)
    shuffled = rng.permutation(len(material))
    held_out, pool = np.split(shuffled, [round(_HELD_OUT * len(material))])
    count = len(material.categories)
    said = material.truth[pool]
    wrong = rng.random(len(pool)) < error
    said = np.where(wrong, (said + rng.integers(1, max(count, 2), len(pool))) % count, said)
    asked: list[int] = []
    probabilities: Floats | None = None
    reached, accuracy, macro = [], [], []
    for answers in (answers for answers in learned_at if answers <= len(pool)):
        asked += _ask(material, pool, order, rng, asked, said, probabilities, answers - len(asked))
        probabilities, judged = learner(
            material.features[pool[asked]],
            said[asked],
            count,
            [material.features[pool], material.features[held_out]],
        )
        right = judged.argmax(axis=1) == material.truth[held_out]
        by_category = [right[material.truth[held_out] == key] for key in range(count)]
        reached.append(answers)
        accuracy.append(float(right.mean()))
        macro.append(float(np.mean([hits.mean() for hits in by_category if len(hits)])))
    return SimulatedRun(tuple(reached), tuple(accuracy), tuple(macro))


def mean_curve(runs: Sequence[SimulatedRun]) -> list[CurvePoint]:
    """The mean of runs that learned at the same numbers of answers, with its standard error."""
    accuracy = np.array([run.accuracy for run in runs])
    macro = np.array([run.macro for run in runs]).mean(axis=0)
    spread = accuracy.std(axis=0, ddof=1) / np.sqrt(len(runs)) if len(runs) > 1 else np.zeros(accuracy.shape[1])
    return [
        CurvePoint(answers, float(mean), float(across), float(error))
        for answers, mean, across, error in zip(runs[0].answers, accuracy.mean(axis=0), macro, spread, strict=True)
    ]


def _ask(
    material: SimulationData,
    pool: Indices,
    order: str,
    rng: np.random.Generator,
    asked: list[int],
    said: Indices,
    probabilities: Floats | None,
    places: int,
) -> list[int]:
    """The rows of the pool that are asked about at the next places."""
    left = rng.permutation(np.setdiff1d(np.arange(len(pool)), asked))
    if order == RANDOM or (order == UNCERTAIN and probabilities is None):
        return [int(row) for row in left[:places]]
    margin, likeliest = _margins(probabilities, left)
    if order == UNCERTAIN:
        return [int(row) for row in left[np.argsort(margin, kind="stable")[:places]]]
    rows = pool[left]
    askable = CandidateArrays(
        margin=margin,
        category=likeliest,
        voices=material.voices[rows],
        found=material.found[rows],
        crowd=material.crowd[rows],
        off_middle=material.off_middle[rows],
    )
    crowds = 1 + int(material.crowd.max(initial=MISSING))
    answered = AnswerCounts(
        labels=np.bincount(said[asked], minlength=len(material.categories)),
        by_crowd=np.bincount(material.crowd[pool[asked]], minlength=crowds),
    )
    control = [bool(by_lot) for by_lot in rng.random(places) < CONTROL_SHARE]
    return [int(left[row]) for row in select_batch(askable, acquisition_factors(askable, answered), answered, control)]


def _margins(probabilities: Floats | None, rows: Indices) -> tuple[Floats, Indices]:
    if probabilities is None:
        return np.zeros(len(rows), np.float32), np.full(len(rows), MISSING)
    ranked = np.sort(probabilities[rows], axis=1)
    margin: Floats = ranked[:, -1] - (ranked[:, -2] if ranked.shape[1] > 1 else 0)
    return margin, probabilities[rows].argmax(axis=1)
