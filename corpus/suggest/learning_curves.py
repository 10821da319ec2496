"""Learning curves: how right a learner is by the number of answers, kept in the store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.storage.store import Connection, transaction


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """At a number of answers: accuracy and the mean of that over the categories, 0 to 1, and its standard error."""

    answers: int
    accuracy: float
    macro: float
    spread: float


def read_curves(connection: Connection) -> dict[str, list[CurvePoint]]:
    """All curves that there are, by name: orders of asking as simulated last, and people's own answers."""
    curves: dict[str, list[CurvePoint]] = {}
    rows = connection.execute(
        "SELECT curve, answers, accuracy, macro, spread FROM learning_curves ORDER BY curve, answers"
    ).fetchall()
    for curve, *numbers in rows:
        curves.setdefault(curve, []).append(CurvePoint(*numbers))
    return curves


def write_curves(connection: Connection, curves: Mapping[str, Sequence[CurvePoint]]) -> None:
    """Keep curves, each instead of the one that had its name."""
    with transaction(connection):
        for curve, points in curves.items():
            connection.execute("DELETE FROM learning_curves WHERE curve = ?", [curve])
            for point in points:
                connection.execute(
                    "INSERT INTO learning_curves VALUES (?, ?, ?, ?, ?)",
                    [curve, point.answers, point.accuracy, point.macro, point.spread],
                )


def answers_needed(curve: Sequence[CurvePoint], accuracy: float, *, macro: bool = False) -> float | None:
    """How many answers reach an accuracy, read between the points; None if none of them does.

    >>> answers_needed([Point(100, 0.4, 0.3, 0.0), Point(200, 0.5, 0.4, 0.0)], 0.45)
    150.0
    """
    before: tuple[int, float] | None = None
    for point in curve:
        reached = point.macro if macro else point.accuracy
        if reached >= accuracy:
            if before is None:
                return float(point.answers)
            share = (accuracy - before[1]) / (reached - before[1])
            return round(before[0] + share * (point.answers - before[0]), 1)
        before = (point.answers, reached)
    return None


def compare_curves(
    curves: Mapping[str, Sequence[CurvePoint]], ours: str, *, at: Sequence[float]
) -> list[dict[str, object]]:
    """For each accuracy and curve the answers needed, and how many times as many as ``ours`` needs."""
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
