"""The layout of the map: t-SNE of what stands for a family each, and its other voices around it.

Of voices that are one sound re-saved, one is laid out (:func:`representatives`), so that what was copied most does not
take up the most room; the others are set around it like the seeds of a sunflower, nearest by sound first. What comes
later is set among its neighbours without moving anything.

t-SNE runs on exact neighbours and starts from the two principal components, with a fixed seed: the same
sounds give the same map, on however many cores.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence

import numpy as np

from corpus.analysis.nearest_neighbours import Floats, Indices, nearest_among, nearest_neighbours

PERPLEXITY = 20  # neighbours that a voice is laid out by, roughly
ROUNDS = (150, 350)  # of gradient descent: drawn together at first, then let go
EXAGGERATION = 12.0
_MOMENTUM = (0.5, 0.8)
_NEIGHBOURS_A_PERPLEXITY = 3
_FEWEST = 12  # points: of fewer the principal components are map enough
_TOLD_EVERY = 10  # rounds
_SEED = 0
_GOLDEN_ANGLE = np.pi * (3 - np.sqrt(5))
_SEED_STEP = 0.3  # of a sunflower, in median distances of neighbours on the map
_MEASURED = 1_000  # points whose distance to the next is measured
_ASKED = 8  # mapped neighbours that a newcomer is set among
_TOGETHER = 6.0  # median distances of neighbours: those of them farther from the nearest lie on another island


def representatives(families: Sequence[str], places: Floats) -> Indices:
    """Which row stands for each row: the first of its family, or what sounds just like that.

    ``places`` are those of ``corpus/analysis/sound_space.py``, ``float32[n, size]``.
    """
    if not len(families):
        return np.zeros(0, np.intp)
    _, first, family = np.unique(np.asarray(families), return_index=True, return_inverse=True)
    _, first_alike, alike = np.unique(places[first], axis=0, return_index=True, return_inverse=True)
    lowest = np.full(len(first_alike), len(families), np.intp)
    np.minimum.at(lowest, alike, first)
    chosen: Indices = lowest[alike][family]
    return chosen


def lay_out(
    places: Floats, *, jobs: int | None = None, progress: Callable[[int, int], None] = lambda done, total: None
) -> Floats:
    """``float32[n, 2]``: a map of different places ``float32[n, size]``, with the middle at 0.

    It takes some 40 seconds of two cores for 20,000; ``jobs`` is on how many (all, if None). ``progress`` is told how
    many rounds of how many are done; an exception that it raises ends the work.
    """
    start = _principal(places)
    if len(places) < _FEWEST:
        return start
    from openTSNE import TSNEEmbedding
    from openTSNE.affinity import PerplexityBasedNN
    from openTSNE.nearest_neighbors import PrecomputedNeighbors

    jobs = jobs or os.cpu_count() or 1
    perplexity = min(PERPLEXITY, (len(places) - 1) / _NEIGHBOURS_A_PERPLEXITY)
    near, distances = nearest_neighbours(places, int(_NEIGHBOURS_A_PERPLEXITY * perplexity))
    affinities = PerplexityBasedNN(
        perplexity=perplexity, knn_index=PrecomputedNeighbors(near, distances.astype(np.float64)), n_jobs=jobs
    )
    embedding = TSNEEmbedding(
        (start / start.std() * 1e-4).astype(np.float64), affinities, n_jobs=jobs, random_state=_SEED
    )
    done = 0
    for rounds, exaggeration, momentum in zip(ROUNDS, (EXAGGERATION, 1.0), _MOMENTUM, strict=True):
        base = done

        def tell(number: int, error: float, current: object, base: int = base) -> None:
            progress(base + number, sum(ROUNDS))

        embedding = embedding.optimize(
            rounds,
            exaggeration=exaggeration,
            momentum=momentum,
            callbacks=tell,
            callbacks_every_iters=_TOLD_EVERY,
        )
        done += rounds
    laid_out = np.asarray(embedding)
    return np.asarray(laid_out - laid_out.mean(axis=0), np.float32)


def spread_members(points: Floats, places: Floats, leaders: Indices) -> Floats:
    """The whole map, ``float32[n, 2]``: what is laid out where it is, every other voice around its leader.

    ``points`` are those of the different leaders in the order of their rows; ``places`` and ``leaders``
    (:func:`representatives`) have all n rows.
    """
    rows, leader = np.unique(leaders, return_inverse=True)
    away = np.linalg.norm(places - places[leaders], axis=1)
    away[rows] = -1.0
    order = np.lexsort((np.arange(len(leaders)), away, leader))
    starts = np.searchsorted(leader[order], np.arange(len(rows)))
    rank = np.empty(len(leaders), np.intp)
    rank[order] = np.arange(len(leaders)) - starts[leader[order]]
    spread: Floats = points[leader] + _sunflower(rank) * (_SEED_STEP * median_spacing(points))
    return spread.astype(np.float32)


def place_newcomers(
    places: Floats, families: Sequence[str], points: Floats, known: Floats, of: Sequence[str]
) -> Floats:
    """Where newcomers go on a map that stays as it is: ``float32[m, 2]``.

    Newcomers have ``places`` and ``families``; what is on the map has ``points``, ``known`` places and families
    ``of``. A newcomer goes to the mapped voice of its family that sounds nearest, or else to the middle of those of its
    nearest neighbours that lie together.
    """
    near, distances = nearest_among(places, known, min(_ASKED, len(known)))
    usual = median_spacing(points)
    around = points[near]  # [m, asked, 2]
    together = np.linalg.norm(around - around[:, :1], axis=2) <= _TOGETHER * usual
    weights = together / np.maximum(distances, 1e-3)
    middle = (around * weights[:, :, None]).sum(axis=1) / weights.sum(axis=1, keepdims=True)
    members: dict[str, list[int]] = {}
    for row, family in enumerate(of):
        members.setdefault(family, []).append(row)
    set_at = np.empty((len(places), 2), np.float32)
    crowd: dict[tuple[float, float], int] = {}
    for number, (place, family) in enumerate(zip(places, families, strict=True)):
        own = members.get(family)
        spot = middle[number]
        if own:
            spot = points[own[int(np.argmin(np.linalg.norm(known[own] - place, axis=1)))]]
        key = (float(spot[0]), float(spot[1]))
        crowd[key] = crowd.get(key, len(own or ())) + 1
        set_at[number] = spot + _sunflower(np.array([crowd[key]]))[0] * (_SEED_STEP * usual)
    return set_at


def median_spacing(points: Floats) -> float:
    """The median distance from a point of a map to the next one, over a thousand points; 1 where there are not two."""
    if len(points) < 2:
        return 1.0
    some = np.unique(np.linspace(0, len(points) - 1, _MEASURED).astype(np.intp))
    _, distances = nearest_among(points[some], points, 2)
    return float(np.median(distances[:, 1])) or 1.0


def _principal(places: Floats) -> Floats:
    """The two principal components, each turned so that its largest value is positive; 0 where there is none."""
    found = np.zeros((len(places), 2))
    if len(places) > 1:
        centred = places.astype(np.float64) - places.mean(axis=0, dtype=np.float64)
        _, directions = np.linalg.eigh(centred.T @ centred)
        axes = directions[:, ::-1][:, :2]
        axes = axes * np.sign(axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])])
        found[:, : axes.shape[1]] = centred @ axes
    return found.astype(np.float32)


def _sunflower(rank: Indices) -> Floats:
    """Seed number ``rank`` of a sunflower, the one in the middle is 0: ``float32[n, 2]``, about 1 apart."""
    angle = rank * _GOLDEN_ANGLE
    seeds: Floats = (np.sqrt(rank)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)).astype(np.float32)
    return seeds
