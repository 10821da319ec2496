"""How true a map is to the sounds: figures that other maps can be compared by."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from corpus.analysis.nearest_neighbours import Floats, Indices, nearest_among, squared_distance_matrix

NEIGHBOURS = 10
_ASKED = 2_000  # voices that are asked about their neighbours among all
_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class MapQuality:
    """``trustworthiness``: 1 where all neighbours on the map are neighbours by sound, 0.5 on a map made by chance.

    ``kept``: the share of the ten nearest by sound that are among the ten nearest on the map. ``family_distance``: how
    far apart two voices of one family lie in the middle, against two voices drawn at random; None without families
    of more than one.
    """

    trustworthiness: float
    kept: float
    family_distance: float | None

    def as_dict(self) -> dict[str, object]:
        """The figures for ``--json``, rounded."""
        return {key: None if value is None else round(value, 4) for key, value in asdict(self).items()}


def measure_map(places: Floats, points: Floats, families: Sequence[str], *, seed: int = 0) -> MapQuality:
    """Measure a map: ``places`` by sound ``float32[n, size]``, ``points`` on it ``float32[n, 2]``.

    Up to 2,000 voices are drawn by ``seed`` and asked. Raises ``ValueError`` for fewer voices than can have neighbours.
    """
    count = len(places)
    if count < 3 * NEIGHBOURS:
        raise ValueError(f"a map of {count} voices says nothing; it takes {3 * NEIGHBOURS}")
    draw = np.random.default_rng(seed)
    asked = np.sort(draw.choice(count, min(_ASKED, count), replace=False))
    near = _others(nearest_among(points[asked], points, NEIGHBOURS + 1)[0], asked)[:, :NEIGHBOURS]
    found = np.concatenate([_ranks(places, asked[part], near[part]) for part in _parts(len(asked))])
    penalty = np.maximum(found - NEIGHBOURS, 0).sum()
    worst = len(asked) * NEIGHBOURS * (2 * count - 3 * NEIGHBOURS - 1) / 2
    return MapQuality(
        trustworthiness=1 - float(penalty) / worst,
        kept=float((found <= NEIGHBOURS).mean()),
        family_distance=_family_distance(points, families, draw),
    )


def _others(near: Indices, own: Indices) -> Indices:
    """The neighbours without the one that asked, which may be anywhere among what is equally near, or not at all."""
    kept = near != own[:, None]
    kept[kept.all(axis=1), -1] = False
    others: Indices = near[kept].reshape(len(near), -1)
    return others


def _ranks(places: Floats, asked: Indices, near: Indices) -> Indices:
    """The how-manieth neighbour by sound each of ``near`` is: 1 for the nearest."""
    squares = squared_distance_matrix(places[asked], places)
    squares[np.arange(len(asked)), asked] = np.inf
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
    anyhow = np.linalg.norm(points[first] - points[second], axis=1)
    return float(np.median(within) / np.median(anyhow[first != second]))
