"""Learning curves: accuracy by number of answers, kept in the store, and how much the next hundred answers would add.

The curve of people's own answers is measured by cross-validation: a learner is fitted to more and more of the answers
in the other folds and tested on each fold. A power law e + b n^-c is fitted to the error by number of answers, the
usual form of such curves. Extrapolated by a hundred answers it forecasts the gain. The interval comes from fits to
points drawn again within their standard errors.

The queue asks about difficult voices. So this curve shows a trend, not how accurate suggestions are: that is measured
on the control sample (``corpus/labels/accuracy.py``).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.search_index import ready_index
from corpus.storage.store import Connection, open_store, transaction
from corpus.suggest.acquisition import Indices
from corpus.suggest.simulation_data import Learner, fit_logistic, read_features
from dx7.voices.layout import Floats

ANSWERS_CURVE = "own"  # the name in the store of the curve of people's own answers
LEAST_ANSWERS = 60  # answered families; fewer allow no forecast
NEXT = 100  # answers
WORTH_IT = 0.01  # of accuracy; a smaller gain is not worth an evening of labelling
_FOLDS, _SIZES, _MOST = 5, 6, 2_000
_GROWN = 1.1  # growth of the answers at which the curve is measured again
_DRAWS = 200
_EXPONENTS = np.linspace(0.1, 1.5, 15)


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """After so many answers: accuracy, its mean over the categories (``macro``), its standard error (``spread``)."""

    answers: int
    accuracy: float
    macro: float
    spread: float


def read_curves(connection: Connection) -> dict[str, list[CurvePoint]]:
    """The stored curves by name: those of the last simulation, by order of asking, and :data:`ANSWERS_CURVE`."""
    curves: dict[str, list[CurvePoint]] = {}
    rows = connection.execute(
        "SELECT curve, answers, accuracy, macro, spread FROM learning_curves ORDER BY curve, answers"
    ).fetchall()
    for curve, *numbers in rows:
        curves.setdefault(curve, []).append(CurvePoint(*numbers))
    return curves


def write_curves(connection: Connection, curves: Mapping[str, Sequence[CurvePoint]]) -> None:
    """Store curves; each replaces the one of the same name."""
    with transaction(connection):
        for curve, points in curves.items():
            connection.execute("DELETE FROM learning_curves WHERE curve = ?", [curve])
            for point in points:
                connection.execute(
                    "INSERT INTO learning_curves VALUES (?, ?, ?, ?, ?)",
                    [curve, point.answers, point.accuracy, point.macro, point.spread],
                )


def answers_needed(curve: Sequence[CurvePoint], accuracy: float) -> float | None:
    """How many answers reach an accuracy, interpolated between the points; None if no point does.

    >>> answers_needed([CurvePoint(100, 0.4, 0.3, 0.0), CurvePoint(200, 0.5, 0.4, 0.0)], 0.45)
    150.0
    """
    before: tuple[int, float] | None = None
    for point in curve:
        if point.accuracy >= accuracy:
            if before is None:
                return float(point.answers)
            share = (accuracy - before[1]) / (point.accuracy - before[1])
            return round(before[0] + share * (point.answers - before[0]), 1)
        before = (point.answers, point.accuracy)
    return None


def compare_curves(
    curves: Mapping[str, Sequence[CurvePoint]], ours: str, *, at: Sequence[float]
) -> list[dict[str, object]]:
    """For each accuracy and curve the answers needed, and their ratio to those that the curve ``ours`` needs."""
    rows: list[dict[str, object]] = []
    for accuracy in at:
        row: dict[str, object] = {"accuracy": accuracy}
        own = answers_needed(curves[ours], accuracy)
        for name, curve in curves.items():
            needed = answers_needed(curve, accuracy)
            row[name] = needed
            if name != ours:
                row[f"{name} / {ours}"] = round(needed / own, 2) if needed and own else None
        rows.append(row)
    return rows


@dataclass(frozen=True, slots=True)
class GainForecast:
    """The gain in accuracy from the next :data:`NEXT` answers, with a 95 % interval; None if there is no forecast."""

    answers: int
    gain: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def still_help(self) -> bool | None:
        """Whether the gain is at least :data:`WORTH_IT`; None if the interval includes it or there is no forecast."""
        if self.low is None or self.high is None:
            return None
        return True if self.low >= WORTH_IT else False if self.high < WORTH_IT else None

    def as_dict(self) -> dict[str, object]:
        """For ``--json``."""
        return asdict(self) | {"still_help": self.still_help, "in_words": self.in_words()}

    def in_words(self) -> str:
        """One sentence or two."""
        if self.gain is None and self.answers >= LEAST_ANSWERS:
            return "There is no forecast before voices are analysed; run python -m corpus health."
        if self.gain is None:
            return f"{self.answers} answers are too few to forecast the gain from more; {LEAST_ANSWERS} are needed."
        forecast = f"The next {NEXT} answers should add {_points(self.gain)} of accuracy"
        forecast += f" ({_points(self.low or 0)} to {_points(self.high or 0)}, 95 % interval)."
        if self.still_help is None:
            return f"{forecast} It is not yet clear whether more answers still help."
        return f"{forecast} More answers {'still help' if self.still_help else 'hardly help any more'}."


def forecast_gain(curve: Sequence[CurvePoint], answers: int) -> GainForecast:
    """The gain from ``answers`` to ``answers`` + :data:`NEXT`, by a power law fitted to the points."""
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
    """Cross-validated accuracy by number of answers; every row is a family. Empty below :data:`LEAST_ANSWERS`."""
    if len(categories) < LEAST_ANSWERS:
        return []
    fold_of = np.random.default_rng(0).permutation(len(categories)) % _FOLDS
    largest = len(categories) - int(np.bincount(fold_of).max())
    sizes = np.unique(np.geomspace(max(10, largest // 16), largest, _SIZES).astype(int))
    accuracy, macro = np.zeros((_FOLDS, len(sizes))), np.zeros((_FOLDS, len(sizes)))
    for fold in range(_FOLDS):
        tested = np.flatnonzero(fold_of == fold)
        others = np.random.default_rng(fold).permutation(np.flatnonzero(fold_of != fold))
        for column, size in enumerate(sizes):  # nested: each set contains the ones before
            known = others[:size]
            (probabilities,) = learner(features[known], categories[known], count, [features[tested]])
            right = probabilities.argmax(axis=1) == categories[tested]
            accuracy[fold, column] = right.mean()
            macro[fold, column] = np.mean([right[categories[tested] == key].mean() for key in set(categories[tested])])
    spread = accuracy.std(axis=0, ddof=1) / np.sqrt(_FOLDS)
    means = zip(sizes, accuracy.mean(axis=0), macro.mean(axis=0), spread, strict=True)
    return [CurvePoint(int(size), float(mean), float(across), float(error)) for size, mean, across, error in means]


def update_forecast(store: Path) -> GainForecast:
    """The forecast. The curve is measured again if answers have grown by a tenth since, which takes a few seconds.

    The store is open only while it is read and written. Raises the errors of :func:`open_store`.
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
    """How many families have a label that a person gave in person after listening."""
    ready_index(connection)
    ((count,),) = connection.execute(f"SELECT count(*) FROM ({_ANSWERED})").fetchall()  # noqa: S608 - constants
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
    """How much lower the power law that fits best is :data:`NEXT` answers later."""
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


_ANSWERED = """
SELECT family_id, arg_max(voice_id, (answered, event)) AS voice_id,
    arg_max(categories[1], (answered, event)) AS category, bool_and(sound IS NOT NULL) AS is_heard
FROM answers JOIN search_voices USING (voice_id)
WHERE answer = 'label' AND NOT propagated AND answers.heard NOT IN ('import', 'none')
GROUP BY family_id
"""
