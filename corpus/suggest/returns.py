"""Whether more answers still help: the learning curve of people's own answers, and what the next hundred would add.

The answers are parted into folds; a learner learns from more and more of the other folds' and is judged on each fold.
Through the error by answers goes a power law, e + b n^-c, which is how such curves run; drawn on by a hundred answers
it says what these would add. The interval comes of drawing the points anew within their errors.

What was asked about was chosen because it is hard. So the curve tells where it goes, not how right suggestions are:
that is measured on the control slice (``corpus/labels/accuracy.py``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.search_index import ready_index
from corpus.labels.answer import WITHOUT_LISTENING
from corpus.storage.store import Connection, open_store
from corpus.suggest.acquisition import Floats, Indices
from corpus.suggest.learning_curves import CurvePoint, read_curves, write_curves
from corpus.suggest.simulation import Learner, fit_logistic
from corpus.suggest.simulation_data import read_features

ANSWERS_CURVE = "own"  # the curve's name in the store
LEAST_ANSWERS = 60  # families: below, nothing can be said
NEXT = 100  # answers
WORTH_IT = 0.01  # of accuracy: less from the next answers is not worth an evening
_FOLDS, _SIZES, _MOST = 5, 6, 2_000
_GROWN = 1.1  # times: then the curve is drawn anew
_DRAWS = 200
_EXPONENTS = np.linspace(0.1, 1.5, 15)


@dataclass(frozen=True, slots=True)
class GainForecast:
    """What the next :data:`NEXT` answers add to the accuracy, with its 95 % interval; None where it is too early."""

    answers: int
    gain: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def still_help(self) -> bool | None:
        """Whether they add :data:`WORTH_IT` or more; None if that cannot be told."""
        if self.low is None or self.high is None:
            return None
        return True if self.low >= WORTH_IT else False if self.high < WORTH_IT else None

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return asdict(self) | {"still_help": self.still_help, "in_words": self.in_words()}

    def in_words(self) -> str:
        """One sentence or two."""
        if self.gain is None and self.answers >= LEAST_ANSWERS:
            return "What more answers would add can be told once the voices were heard: python -m corpus health"
        if self.gain is None:
            return (
                f"{self.answers} answers are too few to tell what more of them would add; "
                f"from {LEAST_ANSWERS} on that can be estimated."
            )
        told = f"The next {NEXT} answers should add {_points(self.gain)} of accuracy"
        told += f" ({_points(self.low or 0)} to {_points(self.high or 0)}, 95 % interval)."
        if self.still_help is None:
            return f"{told} Whether more answers still help cannot be told yet."
        return f"{told} More answers {'still help' if self.still_help else 'hardly help any more'}."


def forecast_gain(curve: Sequence[CurvePoint], answers: int) -> GainForecast:
    """What ``answers`` + :data:`NEXT` would be better than ``answers``, by the law through the points."""
    if answers < LEAST_ANSWERS or len(curve) < 3:
        return GainForecast(answers)
    sizes = np.array([point.answers for point in curve], np.float64)
    errors = np.array([1 - point.accuracy for point in curve])
    spreads = np.array([max(point.spread, 1e-3) for point in curve])
    draws = np.random.default_rng(0).normal(errors, spreads, (_DRAWS, len(curve)))
    gains = [_gain(sizes, drawn, spreads, answers) for drawn in draws]
    low, high = np.quantile(gains, [0.025, 0.975])
    return GainForecast(answers, _gain(sizes, errors, spreads, answers), float(low), float(high))


def answers_curve(
    features: Floats, categories: Indices, count: int, *, learner: Learner = fit_logistic
) -> list[CurvePoint]:
    """Accuracy by the number of answers, on answers of other families; every row is a family. Empty if they are few."""
    if len(categories) < LEAST_ANSWERS:
        return []
    fold_of = np.random.default_rng(0).permutation(len(categories)) % _FOLDS
    largest = len(categories) - int(np.bincount(fold_of).max())
    sizes = np.unique(np.geomspace(max(10, largest // 16), largest, _SIZES).astype(int))
    accuracy, macro = np.zeros((_FOLDS, len(sizes))), np.zeros((_FOLDS, len(sizes)))
    for fold in range(_FOLDS):
        judged = np.flatnonzero(fold_of == fold)
        others = np.random.default_rng(fold).permutation(np.flatnonzero(fold_of != fold))
        for column, size in enumerate(sizes):  # nested: each has those before it, and more
            known = others[:size]
            (probabilities,) = learner(features[known], categories[known], count, [features[judged]])
            right = probabilities.argmax(axis=1) == categories[judged]
            accuracy[fold, column] = right.mean()
            macro[fold, column] = np.mean([right[categories[judged] == key].mean() for key in set(categories[judged])])
    spread = accuracy.std(axis=0, ddof=1) / np.sqrt(_FOLDS)
    means = zip(sizes, accuracy.mean(axis=0), macro.mean(axis=0), spread, strict=True)
    return [CurvePoint(int(size), float(mean), float(across), float(error)) for size, mean, across, error in means]


def update_forecast(store: Path) -> GainForecast:
    """What more answers would add. The curve is drawn anew if answers have grown by a tenth since: a few seconds.

    The store is open only to read and to write. Raises what :func:`open_store` does.
    """
    with open_store(store) as connection:
        count = count_answered(connection)
        curve = read_curves(connection).get(ANSWERS_CURVE, [])
        if not _is_old(curve, count):
            return forecast_gain(curve, count)
        features, categories, keys = _read_answered(connection)
    curve = answers_curve(features, categories, keys)
    with open_store(store) as connection:
        write_curves(connection, {ANSWERS_CURVE: curve})
    return forecast_gain(curve, count)


def count_answered(connection: Connection) -> int:
    """How many families have a label that a person gave in person and by ear."""
    ready_index(connection)
    ((count,),) = connection.execute(f"SELECT count(*) FROM ({_ANSWERED})").fetchall()  # noqa: S608 - words of our own
    return int(count)


def _is_old(curve: Sequence[CurvePoint], answers: int) -> bool:
    if answers < LEAST_ANSWERS:
        return bool(curve)
    drawn_at = curve[-1].answers * _FOLDS / (_FOLDS - 1) if curve else 0
    most = min(answers, _MOST)
    return not drawn_at / _GROWN <= most <= drawn_at * _GROWN


def _read_answered(connection: Connection) -> tuple[Floats, Indices, int]:
    rows = connection.execute(f"{_ANSWERED} HAVING is_heard ORDER BY md5(family_id) LIMIT {_MOST}").fetchall()
    keys = sorted({category for _, _, category, _ in rows})
    features = read_features(connection, [voice_id for _, voice_id, _, _ in rows])
    return features, np.array([keys.index(category) for _, _, category, _ in rows], np.intp), len(keys)


def _gain(sizes: NDArray[np.float64], errors: NDArray[np.float64], spreads: NDArray[np.float64], answers: int) -> float:
    """The best of the laws, and how much lower it lies a hundred answers on."""
    from scipy.optimize import nnls

    best, gain = np.inf, 0.0
    for exponent in _EXPONENTS:
        columns = np.stack([np.ones(len(sizes)), sizes**-exponent], axis=1) / spreads[:, None]
        (_, slope), rest = nnls(columns, errors / spreads)
        if rest < best:
            best, gain = rest, float(slope * (answers**-exponent - (answers + NEXT) ** -exponent))
    return gain


def _points(share: float) -> str:
    return f"{100 * share:.1f} points"


_ANSWERED = f"""
SELECT family_id, arg_max(voice_id, (answered, event)) AS voice_id,
    arg_max(categories[1], (answered, event)) AS category, bool_and(sound IS NOT NULL) AS is_heard
FROM answers JOIN search_voices USING (voice_id)
WHERE answer = 'label' AND NOT propagated AND answers.heard NOT IN {WITHOUT_LISTENING}
GROUP BY family_id
"""  # noqa: S608 - words of our own
