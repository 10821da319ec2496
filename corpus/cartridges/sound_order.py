"""Orders and choices by sound: neighbours that sound alike, voices that differ, a walk from one to the next.

Places are rows ``float32[n, d]`` of the sound space (``corpus/analysis/sound_space.py``), where 1 is a difference
that one notices.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.sound_space import Floats

LEAST_STEP = 0.5  # of a walk: voices that one can hardly tell apart are passed by
_MOST_TURNS = 50  # rounds of mending a path; it settles after a few


def short_path(places: Floats) -> list[int]:
    """The rows in an order of small steps: from the best start to the nearest each time, then mended."""
    steps = _distances(places, places)
    paths = [_nearest_first(steps, start) for start in range(len(places))]
    return _mend(min(paths, key=lambda path: _length(steps, path)), steps) if paths else []


def most_varied(places: Floats, count: int) -> list[int]:
    """Up to ``count`` rows, beginning with the first, each the farthest from all before it."""
    if not len(places):
        return []
    chosen = [0]
    nearest = _distances(places, places[:1])[:, 0]
    while len(chosen) < min(count, len(places)):
        chosen.append(int(nearest.argmax()))
        nearest = np.minimum(nearest, _distances(places, places[chosen[-1:]])[:, 0])
    return chosen


def nearest_walk(places: Floats, start: Floats, count: int) -> list[int]:
    """Up to ``count`` rows, each the nearest to the one before, ``start`` first, and :data:`LEAST_STEP` from all."""
    chosen: list[int] = []
    here = start[None]
    allowed = _distances(places, here)[:, 0] >= LEAST_STEP
    while len(chosen) < count and allowed.any():
        step = np.where(allowed, _distances(places, here)[:, 0], np.inf)
        chosen.append(int(step.argmin()))
        here = places[chosen[-1:]]
        allowed &= _distances(places, here)[:, 0] >= LEAST_STEP
    return chosen


def _distances(ours: Floats, theirs: Floats) -> NDArray[np.floating]:
    distances: NDArray[np.floating] = np.sqrt(((ours[:, None] - theirs[None]) ** 2).sum(2))
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


def _mend(path: list[int], steps: NDArray[np.floating]) -> list[int]:
    """Turn parts of the path round as long as that makes it shorter."""
    for _ in range(_MOST_TURNS):
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
    """The two steps that turning the part from ``first`` to ``last`` round would change."""
    into = steps[path[first - 1], path[first]] if first else 0.0
    out = steps[path[last], path[last + 1]] if last + 1 < len(path) else 0.0
    return float(into + out)
