"""The quality of a map: how well distances on it agree with distances of sounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from corpus.analysis.nearest_neighbours import Indices, nearest_among, squared_distance_matrix
from dx7.voices.layout import Floats

NEIGHBOURS = 10
_SAMPLED = 2_000  # voices whose neighbours among all are examined
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class MapQuality:
    """``trustworthiness``: 1 if all neighbours on the map are neighbours by sound, 0.5 for a random map.

    ``kept``: the share of the ten nearest on the map that are among the ten nearest by sound. ``family_distance``: the
    median distance of two voices of a family, divided by that of two random voices; None without pairs.
    """

    trustworthiness: float
    kept: float
    family_distance: float | None

    def as_dict(self) -> dict[str, object]:
        """The figures for ``--json``, rounded."""
        return {key: None if value is None else round(value, 4) for key, value in asdict(self).items()}


def measure_map(coordinates: Floats, points: Floats, families: Sequence[str], *, seed: int = 0) -> MapQuality:
    """Measure a map: coordinates of sounds ``float32[n, size]`` against points on the map ``float32[n, 2]``.

    Up to 2,000 voices are sampled by ``seed``. Raises ``ValueError`` for fewer than 30 voices.
    """
    count = len(coordinates)
    if count < 3 * NEIGHBOURS:
        raise ValueError(f"a map of {count} voices is too small to measure; it needs {3 * NEIGHBOURS}")
    draw = np.random.default_rng(seed)
    sampled = np.sort(draw.choice(count, min(_SAMPLED, count), replace=False))
    near = _others(nearest_among(points[sampled], points, NEIGHBOURS + 1)[0], sampled)[:, :NEIGHBOURS]
    found = np.concatenate([_ranks(coordinates, sampled[part], near[part]) for part in _parts(len(sampled))])
    penalty = np.maximum(found - NEIGHBOURS, 0).sum()
    worst = len(sampled) * NEIGHBOURS * (2 * count - 3 * NEIGHBOURS - 1) / 2
    return MapQuality(
        trustworthiness=1 - float(penalty) / worst,
        kept=float((found <= NEIGHBOURS).mean()),
        family_distance=_family_distance(points, families, draw),
    )


def _others(near: Indices, own: Indices) -> Indices:
    """The neighbours without the voice itself, which may be at any place among equally near ones, or absent."""
    kept = near != own[:, None]
    kept[kept.all(axis=1), -1] = False
    others: Indices = near[kept].reshape(len(near), -1)
    return others


def _ranks(coordinates: Floats, sampled: Indices, near: Indices) -> Indices:
    """The rank by sound of each neighbour in ``near``: 1 for the nearest."""
    squares = squared_distance_matrix(coordinates[sampled], coordinates)
    squares[np.arange(len(sampled)), sampled] = np.inf
    theirs = np.take_along_axis(squares, near, axis=1)
    ranks: Indices = np.stack([1 + (squares < each[:, None]).sum(axis=1) for each in theirs.T], axis=1)
    return ranks


def _parts(count: int) -> list[slice]:
    return [slice(first, first + _AT_ONCE) for first in range(0, count, _AT_ONCE)]


def _family_distance(points: Floats, families: Sequence[str], draw: np.random.Generator) -> float | None:
    _, family = np.unique(np.asarray(families), return_inverse=True)
    order = np.argsort(family, kind="stable")
    pairs = np.flatnonzero(family[order][1:] == family[order][:-1])
    if not len(pairs):
        return None
    within = np.linalg.norm(points[order[pairs]] - points[order[pairs + 1]], axis=1)
    first, second = draw.integers(0, len(points), (2, 10_000))
    random_pairs = np.linalg.norm(points[first] - points[second], axis=1)
    return float(np.median(within) / np.median(random_pairs[first != second]))
