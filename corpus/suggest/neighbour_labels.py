"""What people's answers to other voices say of a voice: to those of its family, and to those that sound like it.

An answer never speaks of the voice that it was given to, and what neighbours say comes from other families only: so
what these sources say of a voice that has an answer can be held against that answer, which is how ``trusting.py``
learns how far to trust them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.nearest_neighbours import squared_distances
from corpus.analysis.sound_space import SOUND_SIZE, Heard, sound_places
from corpus.analysis.stored_descriptors import read_hearings
from corpus.labels.consensus import PERSON, people_say
from corpus.labels.export_decision import Curated
from corpus.storage.source_predictions import Floats
from corpus.storage.store import Connection
from corpus.storage.suggestion import FAMILY, NEIGHBOURS
from dx7.shared.categories import category_keys

# Independent names of two voices of a family agree as often (in 89 of 100 cases) as those of one voice do (in 87).
FAMILY_BEST, FAMILY_PRIOR = 0.95, 0.1
# Of what was tried (5 to 32 voices; weights by the distance, its square, its exponential) this told most about names.
NEAREST = 15  # labelled voices that are asked
FAR = 3.0  # in sound_space.py; where none is nearer, a neighbour says next to nothing
NEIGHBOURS_BEST, NEIGHBOURS_PRIOR = 0.9, 0.5
_HALF = 0.5  # of the distance: so much farther, and a voice counts half

_BLOCK = 1024  # voices at a time


@dataclass(frozen=True, slots=True)
class LabelledVoices:
    """Voices that people have labelled: their rows among all voices, and ``bool[m, C]``, their categories."""

    rows: NDArray[np.intp]
    categories: NDArray[np.bool_]


def propagate_labels(connection: Connection, voice_ids: Sequence[str], labelled: LabelledVoices) -> dict[str, Floats]:
    """What both sources say of the voices of ``voice_ids``, all those of the store: ``float32[n, C]`` by origin."""
    if not len(labelled.rows):
        return {origin: np.zeros((len(voice_ids), len(category_keys())), np.float32) for origin in (FAMILY, NEIGHBOURS)}
    place = {voice_id: row for row, voice_id in enumerate(voice_ids)}
    families = np.arange(len(voice_ids))
    for voice_id, family_id in connection.execute("SELECT voice_id, family_id FROM families").fetchall():
        if voice_id in place:
            families[place[voice_id]] = place.get(family_id, place[voice_id])
    places = read_sound_coordinates(connection, voice_ids)
    return {
        FAMILY: labels_from_families(families, labelled),
        NEIGHBOURS: labels_from_neighbours(places, families, labelled),
    }


def read_sound_coordinates(connection: Connection, voice_ids: Sequence[str]) -> Floats:
    """Where voices lie by sound: ``float32[n, SOUND_SIZE]``, not a number where one was not heard."""
    hearings = read_hearings(connection)
    row = {voice_id: number for number, voice_id in enumerate(hearings.voice_ids)}
    known = [number for number, voice_id in enumerate(voice_ids) if voice_id in row]
    places = np.full((len(voice_ids), SOUND_SIZE), np.nan, np.float32)
    places[known] = sound_places(Heard(hearings.descriptors[[row[voice_ids[number]] for number in known]]))
    return places


def read_labelled_voices(connection: Connection, voice_ids: Sequence[str]) -> LabelledVoices:
    """What people say now of those voices that they labelled in person."""
    keys = category_keys()
    column = {key: number for number, key in enumerate(keys)}
    people = people_say(connection, keys)
    rows: list[int] = []
    categories: list[list[int]] = []
    for row, voice_id in enumerate(voice_ids):
        said = people.get(voice_id)
        if isinstance(said, Curated) and said.origin == PERSON:
            rows.append(row)
            categories.append([column[key] for key in said.categories])
    table = np.zeros((len(rows), len(keys)), bool)
    for number, each in enumerate(categories):
        table[number, each] = True
    return LabelledVoices(np.array(rows, np.intp), table)


def labels_from_families(families: NDArray[np.intp], labelled: LabelledVoices) -> Floats:
    """What the labelled voices of its family say of each voice, itself left out: ``float32[n, C]``.

    ``families`` has a number for each of n voices, the same for those of one family, from 0.
    """
    own = np.zeros((len(families), labelled.categories.shape[1]), np.float32)
    own[labelled.rows] = labelled.categories
    answers = np.zeros(len(families), np.float32)
    answers[labelled.rows] = 1
    votes = np.zeros((families.max(initial=-1) + 1, own.shape[1]), np.float32)
    np.add.at(votes, families[labelled.rows], labelled.categories.astype(np.float32))
    count = np.bincount(families, answers, minlength=len(votes)).astype(np.float32)
    others = (count[families] - answers)[:, None]
    said: Floats = FAMILY_BEST * (votes[families] - own) / (others + FAMILY_PRIOR)
    return said.astype(np.float32)


def labels_from_neighbours(places: Floats, families: NDArray[np.intp], labelled: LabelledVoices) -> Floats:
    """What the nearest labelled voices of other families say of each voice: ``float32[n, C]``.

    ``places`` are ``float32[n, size]``, not a number where a voice was not heard. Nearer ones count more; a voice that
    nothing labelled is near to has a row of zeros.
    """
    said = np.zeros((len(places), labelled.categories.shape[1]), np.float32)
    heard = np.asarray(np.isfinite(places).all(axis=1))
    rows = labelled.rows[heard[labelled.rows]]
    categories = labelled.categories[heard[labelled.rows]].astype(np.float32)
    if not len(rows):
        return said
    asked = np.flatnonzero(heard)
    for first in range(0, len(asked), _BLOCK):
        block = asked[first : first + _BLOCK]
        squares = squared_distances(places[block], places[rows])
        squares[families[block][:, None] == families[rows]] = np.inf
        said[block] = _vote(squares, categories)
    return said


def _vote(squares: Floats, categories: Floats) -> Floats:
    """The votes of the nearest, by ``float32[n, m]`` squared distances to m labelled voices."""
    count = min(NEAREST, squares.shape[1])
    nearest = np.argpartition(squares, count - 1, axis=1)[:, :count]
    distances = np.sqrt(np.maximum(np.take_along_axis(squares, nearest, axis=1), 0))
    weights = np.float32(2) ** -(distances / np.float32(_HALF))
    weights[distances.min(axis=1) > FAR] = 0
    votes = np.einsum("nk,nkc->nc", weights, categories[nearest])
    said: Floats = NEIGHBOURS_BEST * votes / (weights.sum(axis=1, keepdims=True) + NEIGHBOURS_PRIOR)
    return said
