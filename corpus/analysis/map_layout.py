"""The layout of the map: t-SNE of one representative per family, with the other members around it.

Only representatives are laid out (:func:`representatives`), so that large families do not take up the most room. The
other members are placed around theirs in a sunflower pattern, the most similar nearest. Voices that are added later are
placed near their neighbours without moving others.

t-SNE uses exact neighbours, starts from the two principal components and has a fixed seed: the same sounds give the
same map on any number of cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

from corpus.analysis.nearest_neighbours import Indices, nearest_among, nearest_neighbours
from dx7.voices.layout import Floats

PERPLEXITY = 20  # roughly the number of neighbours that determine the position of a voice
ROUNDS = (150, 350)  # of gradient descent, with exaggeration and without
EXAGGERATION = 12.0
_MOMENTUM = (0.5, 0.8)
_NEIGHBOURS_A_PERPLEXITY = 3
_FEWEST = 12  # points; fewer are placed by their principal components
_PROGRESS_EVERY = 10  # rounds
_SEED = 0
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
_SEED_STEP = 0.3  # of a sunflower, in median spacings
_MEASURED = 1_000  # points from which the median spacing is computed
_ASKED = 8  # mapped neighbours that determine the place of a new voice
_TOGETHER = 6.0  # median spacings: neighbours farther than this from the nearest one are on another island


def representatives(families: Sequence[str], coordinates: Floats) -> Indices:
    """The row that represents each row: the first of its family, or an earlier one with the same coordinates.

    ``coordinates`` are those of ``corpus/analysis/sound_space.py``, ``float32[n, size]``.
    """
    if not len(families):
        return np.zeros(0, np.intp)
    _, first, family = np.unique(np.asarray(families), return_index=True, return_inverse=True)
    _, first_alike, alike = np.unique(coordinates[first], axis=0, return_index=True, return_inverse=True)
    lowest = np.full(len(first_alike), len(families), np.intp)
    np.minimum.at(lowest, alike, first)
    chosen: Indices = lowest[alike][family]
    return chosen


def lay_out(
    coordinates: Floats, *, jobs: int | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> Floats:
    """``float32[n, 2]``: a map of distinct coordinates ``float32[n, size]``, centred at 0.

    20,000 take some 40 seconds on two cores; ``jobs`` is the number of cores (None: all). ``progress`` is called with
    the number of finished rounds and their total; an exception that it raises ends the work.
    """
    start = _principal(coordinates)
    if len(coordinates) < _FEWEST:
        return start
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    jobs = jobs or os.cpu_count() or 1
    perplexity = min(PERPLEXITY, (len(coordinates) - 1) / _NEIGHBOURS_A_PERPLEXITY)
    near, distances = nearest_neighbours(coordinates, int(_NEIGHBOURS_A_PERPLEXITY * perplexity))
    affinities = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(near, distances.astype(np.float64)), n_jobs=jobs
    )
    embedding = TSNEEmbedding(
        (start / start.std() * 1e-4).astype(np.float64), affinities, n_jobs=jobs, random_state=_SEED
    )
    done = 0
    for rounds, exaggeration, momentum in zip(ROUNDS, (EXAGGERATION, 1.0), _MOMENTUM, strict=True):
        base = done

        def report(number: int, error: float, current: object, base: int = base) -> None:
            progress(base + number, sum(ROUNDS))

        embedding = embedding.optimize(
            rounds,
            exaggeration=exaggeration,
            momentum=momentum,
            callbacks=report,
            callbacks_every_iters=_PROGRESS_EVERY,
        )
        done += rounds
    laid_out = np.asarray(embedding)
    return np.asarray(laid_out - laid_out.mean(axis=0), np.float32)


def spread_members(points: Floats, coordinates: Floats, leaders: Indices) -> Floats:
    """The whole map ``float32[n, 2]``: the representatives at their points, every other voice around its own.

    ``points`` are those of the distinct ``leaders`` in the order of their rows; ``coordinates`` and
    ``leaders`` (:func:`representatives`) have all n rows.
    """
    rows, leader = np.unique(leaders, return_inverse=True)
    away = np.linalg.norm(coordinates - coordinates[leaders], axis=1)
    away[rows] = -1.0
    order = np.lexsort((np.arange(len(leaders)), away, leader))
    starts = np.searchsorted(leader[order], np.arange(len(rows)))
    rank = np.empty(len(leaders), np.intp)
    rank[order] = np.arange(len(leaders)) - starts[leader[order]]
    spread: Floats = points[leader] + _sunflower(rank) * (_SEED_STEP * median_spacing(points))
    return spread.astype(np.float32)


def place_newcomers(
    coordinates: Floats, families: Sequence[str], points: Floats, known: Floats, of: Sequence[str]
) -> Floats:
    """Points for new voices on an existing map: ``float32[m, 2]``.

    New voices have ``coordinates`` and ``families``; mapped voices have ``points``, coordinates ``known`` and
    families ``of``. A new voice goes next to the most similar mapped voice of its family, otherwise to the weighted
    mean of those of its nearest neighbours that are close together.
    """
    near, distances = nearest_among(coordinates, known, min(_ASKED, len(known)))
    usual = median_spacing(points)
    around = points[near]  # [m, asked, 2]
    together = np.linalg.norm(around - around[:, :1], axis=2) <= _TOGETHER * usual
    weights = together / np.maximum(distances, 1e-3)
    middle = (around * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1, keepdims=True)
    members: dict[str, list[int]] = {}
    for row, family in enumerate(of):
        members.setdefault(family, []).append(row)
    points_of_new = np.empty((len(coordinates), 2), np.float32)
    placed: dict[tuple[float, float], int] = {}
    for number, (place, family) in enumerate(zip(coordinates, families, strict=True)):
        own = members.get(family)
        spot = middle[number]
        if own:
            spot = points[own[int(np.argmin(np.linalg.norm(known[own] - place, axis=1)))]]
        key = (float(spot[0]), float(spot[1]))
        placed[key] = placed.get(key, len(own or ())) + 1
        points_of_new[number] = spot + _sunflower(np.array([placed[key]]))[0] * (_SEED_STEP * usual)
    return points_of_new


def median_spacing(points: Floats) -> float:
    """The median distance from a point to its nearest other, over a thousand points; 1 for fewer than two points."""
    if len(points) < 2:
        return 1.0
    some = np.unique(np.linspace(0, len(points) - 1, _MEASURED).astype(np.intp))
    _, distances = nearest_among(points[some], points, 2)
    return float(np.median(distances[:, 1])) or 1.0


def _principal(coordinates: Floats) -> Floats:
    """The two principal components, signed so that the largest weight of each is positive; 0 for missing ones."""
    found = np.zeros((len(coordinates), 2))
    if len(coordinates) > 1:
        centred = coordinates.astype(np.float64) - coordinates.mean(axis=0, dtype=np.float64)
        _, directions = np.linalg.eigh(centred.T @ centred)
        axes = directions[:, ::-1][:, :2]
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
        found[:, : axes.shape[1]] = centred @ axes
    return found.astype(np.float32)


def _sunflower(rank: Indices) -> Floats:
    """The positions of sunflower seeds by number, 0 in the middle: ``float32[n, 2]``, about 1 apart."""
    angle = rank * _GOLDEN_ANGLE
    seeds: Floats = (np.sqrt(rank)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)
    return seeds
