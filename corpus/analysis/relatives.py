"""Near relatives: pairs of voices that sound the same and differ in few audible parameters.

The descriptors of a voice become a point such that the distance of two points is the root mean square difference of
their levels in dB. Pairs within :data:`MOST_DISTANCE` are relatives if at most :data:`MOST_DIFFERING` audible
parameters differ. Searching by parameters first would cost more: half of all values are those of INIT VOICE, so
blocks of equal parameters are large.

Both bounds were measured on 28,340 scraped voices. At a distance of 1 to 1.5 dB, the levels of two spectrograms
(three notes, velocities 60 and 100) differ by 1.1 dB at the median and 3 dB at the ninth decile; at 5 to 10 dB they
differ by 8. With 16 parameters, 1.5 dB merges 39 of the 1,002 different voices of 32 factory cartridges, each with a
voice of the same name or with a variation (CLARINET and CLARINET, FLUTE 1 and FLUTE 3); 2 dB begins to chain
different voices (CLAVI. 2 to CLAV ENS, HORN 3 to HORN 5). Of random pairs, nine in ten are more than 11 dB apart.

Whether two voices are relatives depends on these two alone, so later voices only add pairs. Silent voices all sound
alike and have no relatives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.descriptors import DESCRIPTOR_NAMES, NOTES
from dx7.canonical.canonical_form import Band, masked_parameters
from dx7.voices.layout import Bytes, Floats
from dx7.voices.parameters import BY_NAME, GLOBAL_SLICE, OPERATORS

MOST_DIFFERING = 16  # parameters; an operator that sounds in one of two voices only counts as one
MOST_DISTANCE = 1.5  # dB
SILENT_DB = -60.0  # voices with their loudest peak at or below this are silent

Mask = NDArray[np.bool_]
Indices = NDArray[np.intp]

_FLOOR, _CEILING = -50.0, 20.0  # dB: lower levels are masked by the rest; a swell after key up can be louder than 0
_FASTEST, _DARKEST = 0.01, 40.0  # seconds, Hz: differences below these are inaudible
_OCTAVE = 6.0  # dB: the weight of an octave of brightness, or of twice the attack time

_AXES = 8  # dimensions of the tree: enough to exclude most pairs, few enough for a quick search
_FITTED_TO = 4_000  # voices from which the axes are computed
_AT_ONCE = 400_000  # candidate pairs per batch: some 300 MB
_SLACK = 1e-5  # dB: rounding in the tree must not lose a pair

_COLUMN = {name: column for column, name in enumerate(DESCRIPTOR_NAMES)}
_LEVELS = [f"{note}_rms_db" for note in NOTES] + ["hard_db"]
_SHAPES = [name for name in DESCRIPTOR_NAMES if "_band_" in name or name.startswith("envelope_")] + ["release_db"]
_OUTPUT_LEVELS = [BY_NAME[f"op{operator}_output_level"].index for operator in OPERATORS]


@dataclass(frozen=True, slots=True)
class Pairs:
    """Pairs of relatives, as rows of the arrays that were searched."""

    first: Indices
    second: Indices
    differing: NDArray[np.int32]  # audible parameters
    distance: NDArray[np.float32]  # dB


def sound_points(descriptors: Floats) -> Floats:
    """Points of descriptors ``float32[n, len(DESCRIPTOR_NAMES)]``. Distances are root mean square differences in dB."""

    def column(name: str) -> Floats:
        return descriptors[:, _COLUMN[name]]

    parts = [np.maximum(column(name), SILENT_DB) for name in _LEVELS]
    parts += [np.clip(column(name), _FLOOR, _CEILING) for name in _SHAPES]
    parts.append(_OCTAVE * np.log2(column("attack_seconds") + np.float32(_FASTEST)))
    parts.append(_OCTAVE * np.log2(np.maximum(column("attack_centroid_hz"), _DARKEST)))
    points: Floats = np.stack(parts, axis=1).astype(np.float32) / np.float32(np.sqrt(len(parts)))
    return points


def has_sound(descriptors: Floats) -> Mask:
    """Which rows of descriptors ``float32[n, len(DESCRIPTOR_NAMES)]`` are of voices that sound at any note."""
    return np.asarray(descriptors[:, _COLUMN["loudest_db"]] > SILENT_DB, np.bool_)


def audible_parameters(parameters: Bytes) -> Bytes:
    """``uint8[n, 145]`` with all values masked that do not change a plain note, for :func:`count_differing`."""
    return masked_parameters(parameters, band=Band.AT_REST)


def count_differing(first: Bytes, second: Bytes) -> NDArray[np.int32]:
    """How many audible parameters differ between the rows of two ``uint8[n, 145]`` from :func:`audible_parameters`.

    An operator that is silent in one of the two voices counts as one difference: its level was turned down.
    """
    unequal = first != second
    either_silent = (first[:, _OUTPUT_LEVELS] == 0) | (second[:, _OUTPUT_LEVELS] == 0)
    by_operator = (
        unequal[:, : GLOBAL_SLICE.start]
        .reshape(len(first), len(OPERATORS), GLOBAL_SLICE.start // len(OPERATORS))
        .sum(axis=2)
    )
    operators = np.where(either_silent, by_operator > 0, by_operator).sum(axis=1)
    return np.asarray(operators + unequal[:, GLOBAL_SLICE].sum(axis=1), np.int32)


def sound_distances(first: Floats, second: Floats) -> NDArray[np.float32]:
    """The distances between the rows of two arrays of points. A result depends on its two rows only."""
    squares = np.square(first - second, dtype=np.float64).sum(axis=1)
    return np.asarray(np.sqrt(squares), np.float32)


def find_relatives(
    masked: Bytes, points: Floats, *, is_new: Mask, unmerged: Callable[[Indices, Indices], Mask] | None = None
) -> Iterator[Pairs]:
    """Every pair of relatives with at least one new voice, each once, in batches of bounded size.

    ``masked`` comes from :func:`audible_parameters`, ``points`` from :func:`sound_points`. ``unmerged`` is called with
    the two rows of each candidate pair of a batch; pairs for which it returns False are left out.
    """
    from scipy.spatial import KDTree

    if len(points) < 2 or not is_new.any():
        return
    axes = _axes(points)
    flat = (points @ axes).astype(np.float64)
    tree = KDTree(flat)
    new = np.flatnonzero(is_new)
    radius = MOST_DISTANCE + _SLACK
    for rows in _batches(new, tree.query_ball_point(flat[new], radius, return_length=True)):
        near = KDTree(flat[rows]).sparse_distance_matrix(tree, radius, output_type="ndarray")
        first, second = rows[near["i"]], near["j"]
        once = (first < second) | ((first > second) & ~is_new[second])
        first, second = first[once], second[once]
        if unmerged is not None:
            wanted = unmerged(first, second)
            first, second = first[wanted], second[wanted]
        distance = sound_distances(points[first], points[second])
        near_enough = distance <= MOST_DISTANCE
        first, second, distance = first[near_enough], second[near_enough], distance[near_enough]
        count = count_differing(masked[first], masked[second])
        few = count <= MOST_DIFFERING
        if few.any():
            yield Pairs(first[few], second[few], count[few], distance[few])


def _axes(points: Floats) -> Floats:
    """The :data:`_AXES` principal directions ``float32[size, _AXES]``. A projection never increases a distance."""
    some = points[:: max(1, len(points) // _FITTED_TO)]
    _, directions = np.linalg.eigh(np.cov(some, rowvar=False))  # in order of increasing variance
    axes: Floats = directions[:, -_AXES:].astype(np.float32)
    return axes


def _batches(rows: Indices, neighbours: Indices) -> Iterator[Indices]:
    """The rows in parts of about :data:`_AT_ONCE` candidate pairs."""
    yield from np.split(rows, np.flatnonzero(np.diff(np.cumsum(neighbours) // _AT_ONCE)) + 1)
