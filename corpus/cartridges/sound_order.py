"""Ordering and choosing voices by sound: similar neighbours, varied voices, a walk from each voice to the nearest.

Coordinates are rows ``float32[n, d]`` of the sound space (``corpus/analysis/sound_space.py``), in which a distance
of 1 is a noticeable difference.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.voices.layout import Floats

LEAST_STEP = 0.5  # of a walk: nearer voices are hard to tell apart and are skipped
_MOST_ROUNDS = 50  # of 2-opt; a path converges after a few


def short_path(coordinates: Floats) -> list[int]:
    """The rows in an order of small steps: the shortest of the greedy nearest-neighbour paths, improved by 2-opt."""
    steps = _distances(coordinates, coordinates)
    paths = [_nearest_first(steps, start) for start in range(len(coordinates))]
    return _two_opt(min(paths, key=lambda path: _length(steps, path)), steps) if paths else []


def most_varied(coordinates: Floats, count: int) -> list[int]:
    """Up to ``count`` rows, starting with row 0, each the farthest from all chosen before it."""
    if not len(coordinates):
        return []
    chosen = [0]
    nearest = _distances(coordinates, coordinates[:1])[:, 0]
    while len(chosen) < min(count, len(coordinates)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, _distances(coordinates, coordinates[chosen[-1:]])[:, 0])
    return chosen


def nearest_walk(coordinates: Floats, start: Floats, count: int) -> list[int]:
    """Up to ``count`` rows from ``start`` on, each the nearest to the previous one.

    Every row is at least :data:`LEAST_STEP` from all rows before it.
    """
    chosen: list[int] = []
    here = start[None]
    allowed = _distances(coordinates, here)[:, 0] >= LEAST_STEP
    while len(chosen) < count and allowed.any():
        step = np.where(allowed, _distances(coordinates, here)[:, 0], np.inf)
        chosen.append(int(step.argmin()))
        here = coordinates[chosen[-1:]]
        allowed &= _distances(coordinates, here)[:, 0] >= LEAST_STEP
    return chosen


def _distances(ours: Floats, theirs: Floats) -> NDArray[np.floating]:
    distances: NDArray[np.floating] = np.linalg.norm(ours[:, None] - theirs[None], axis=2)
    return distances


def _nearest_first(steps: NDArray[np.floating], start: int) -> list[int]:
    path = [start]
    left = np.ones(len(steps), bool)
    left[start] = False
    while left.any():
        path.append(int(np.where(left, steps[path[-1]], np.inf).argmin()))
        left[path[-1]] = False
    return path


def _length(steps: NDArray[np.floating], path: list[int]) -> float:
    return float(steps[path[:-1], path[1:]].sum())


def _two_opt(path: list[int], steps: NDArray[np.floating]) -> list[int]:
    """2-opt: reverse parts of the path while that makes it shorter."""
    for _ in range(_MOST_ROUNDS):
        before = path
        for first in range(len(path) - 1):
            for last in range(first + 1, len(path)):
                turned = path[:first] + path[first : last + 1][::-1] + path[last + 1 :]
                if _ends(steps, turned, first, last) < _ends(steps, path, first, last) - 1e-6:
                    path = turned
        if path == before:
            break
    return path


def _ends(steps: NDArray[np.floating], path: list[int], first: int, last: int) -> float:
    """The length of the two steps that reversing the part from ``first`` to ``last`` would change."""
    into = steps[path[first - 1], path[first]] if first else 0.0
    out = steps[path[last], path[last + 1]] if last + 1 < len(path) else 0.0
    return float(into + out)
