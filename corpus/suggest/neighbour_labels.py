"""Neighbour labels (label propagation): people's answers to other voices as predictions for a voice.

One source propagates answers within a family, the other to voices that sound alike. An answer is never a prediction
for its own voice, and neighbours are voices of other families. So ``fit_label_model.py`` can compare the predictions
for an answered voice with its answer.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.nearest_neighbours import squared_distance_matrix
from corpus.analysis.sound_space import SOUND_SIZE, DescriptorColumns, sound_coordinates
from corpus.analysis.stored_descriptors import read_descriptors
from corpus.labels.consensus import PERSON, Curated, read_consensus
from corpus.storage.store import Connection
from corpus.storage.suggestion import FAMILY, NEIGHBOURS
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats

# Independent names of two voices of a family agree as often (in 89 of 100 cases) as those of one voice do (in 87).
FAMILY_BEST, FAMILY_PRIOR = 0.95, 0.1
# The best predictor of names among 5 to 32 voices, weighted by the distance, its square or its exponential.
NEAREST = 15  # labelled voices that vote
FAR = 3.0  # a distance of sound_space.py; a voice whose nearest neighbour is farther gets no prediction
NEIGHBOURS_BEST, NEIGHBOURS_PRIOR = 0.9, 0.5
_HALF = 0.5  # the distance that halves the weight of a vote

_BLOCK = 1024  # voices for which distances are in memory


@dataclass(frozen=True, slots=True)
class LabelledVoices:
    """Voices that people have labelled: their rows among all voices, and their categories, ``bool[m, C]``."""

    rows: NDArray[np.intp]
    categories: NDArray[np.bool_]


def propagate_labels(connection: Connection, voice_ids: Sequence[str], labelled: LabelledVoices) -> dict[str, Floats]:
    """The predictions of both sources, ``float32[n, C]`` by origin. ``voice_ids`` are all voices of the store."""
    if not len(labelled.rows):
        return {origin: np.zeros((len(voice_ids), len(category_keys())), np.float32) for origin in (FAMILY, NEIGHBOURS)}
    place = {voice_id: row for row, voice_id in enumerate(voice_ids)}
    families = np.arange(len(voice_ids))
    for voice_id, family_id in connection.execute("SELECT voice_id, family_id FROM families").fetchall():
        if voice_id in place:
            families[place[voice_id]] = place.get(family_id, place[voice_id])
    coordinates = read_sound_coordinates(connection, voice_ids)
    return {
        FAMILY: labels_from_families(families, labelled),
        NEIGHBOURS: labels_from_neighbours(coordinates, families, labelled),
    }


def read_sound_coordinates(connection: Connection, voice_ids: Sequence[str]) -> Floats:
    """The coordinates of voices in the sound space: ``float32[n, SOUND_SIZE]``, NaN for voices without descriptors."""
    hearings = read_descriptors(connection)
    row = {voice_id: number for number, voice_id in enumerate(hearings.voice_ids)}
    known = [number for number, voice_id in enumerate(voice_ids) if voice_id in row]
    coordinates = np.full((len(voice_ids), SOUND_SIZE), np.nan, np.float32)
    coordinates[known] = sound_coordinates(
        DescriptorColumns(hearings.descriptors[[row[voice_ids[number]] for number in known]])
    )
    return coordinates


def read_labelled_voices(connection: Connection, voice_ids: Sequence[str]) -> LabelledVoices:
    """The current labels of the voices that people labelled in person."""
    keys = category_keys()
    column = {key: number for number, key in enumerate(keys)}
    labels = read_consensus(connection, keys)
    rows: list[int] = []
    categories: list[list[int]] = []
    for row, voice_id in enumerate(voice_ids):
        label = labels.get(voice_id)
        if isinstance(label, Curated) and label.origin == PERSON:
            rows.append(row)
            categories.append([column[key] for key in label.categories])
    table = np.zeros((len(rows), len(keys)), bool)
    for number, each in enumerate(categories):
        table[number, each] = True
    return LabelledVoices(np.array(rows, np.intp), table)


def labels_from_families(families: NDArray[np.intp], labelled: LabelledVoices) -> Floats:
    """The share of each category among the other labelled voices of its family: ``float32[n, C]``.

    ``families`` has the number of the family of each of n voices, from 0.
    """
    own = np.zeros((len(families), labelled.categories.shape[1]), np.float32)
    own[labelled.rows] = labelled.categories
    answers = np.zeros(len(families), np.float32)
    answers[labelled.rows] = 1
    votes = np.zeros((families.max(initial=-1) + 1, own.shape[1]), np.float32)
    np.add.at(votes, families[labelled.rows], labelled.categories.astype(np.float32))
    count = np.bincount(families, answers, minlength=len(votes)).astype(np.float32)
    others = (count[families] - answers)[:, None]
    shares: Floats = FAMILY_BEST * (votes[families] - own) / (others + FAMILY_PRIOR)
    return shares.astype(np.float32)


def labels_from_neighbours(coordinates: Floats, families: NDArray[np.intp], labelled: LabelledVoices) -> Floats:
    """The share of each category among the nearest labelled voices of other families: ``float32[n, C]``.

    ``coordinates`` are ``float32[n, size]``, NaN for voices without descriptors. Nearer voices count more. A voice
    without a labelled voice near it has a row of zeros.
    """
    shares = np.zeros((len(coordinates), labelled.categories.shape[1]), np.float32)
    is_measured = np.asarray(np.isfinite(coordinates).all(axis=1))
    rows = labelled.rows[is_measured[labelled.rows]]
    categories = labelled.categories[is_measured[labelled.rows]].astype(np.float32)
    if not len(rows):
        return shares
    rows_measured = np.flatnonzero(is_measured)
    for first in range(0, len(rows_measured), _BLOCK):
        block = rows_measured[first : first + _BLOCK]
        squares = squared_distance_matrix(coordinates[block], coordinates[rows])
        squares[families[block][:, None] == families[rows]] = np.inf
        shares[block] = _nearest_votes(squares, categories)
    return shares


def _nearest_votes(squares: Floats, categories: Floats) -> Floats:
    """The votes of the nearest voices, from ``float32[n, m]`` squared distances to m labelled voices."""
    count = min(NEAREST, squares.shape[1])
    nearest = np.argpartition(squares, count - 1, axis=1)[:, :count]
    distances = np.sqrt(np.maximum(np.take_along_axis(squares, nearest, axis=1), 0))
    weights = np.float32(2) ** -(distances / np.float32(_HALF))
    weights[distances.min(axis=1) > FAR] = 0
    votes = np.einsum("nk,nkc->nc", weights, categories[nearest])
    shares: Floats = NEIGHBOURS_BEST * votes / (weights.sum(axis=1, keepdims=True) + NEIGHBOURS_PRIOR)
    return shares
