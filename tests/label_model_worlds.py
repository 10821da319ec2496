"""A store whose truth is known: some names of its voices are hidden, and what they say is what people would answer.

Only families count that were seen under several names that differ in more than digits and signs. A part of these
names, and the folders of the files that have them, is hidden from all sources; what is hidden is the truth. Of half of
the families the names that are left are blanked as well, since of a third of all voices no name says anything. A
simple ear is fitted to the names that are left, by families it has not heard.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.kernel_approximation import Nystroem
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import QuantileTransformer

from corpus.analysis.sound_space import DescriptorColumns, sound_coordinates
from corpus.analysis.stored_descriptors import read_descriptors
from corpus.storage.source_predictions import prediction_array, read_voice_ids
from corpus.storage.store import Connection
from corpus.suggest.name_rules import Match, folder_rules, match_path, name_rules
from corpus.suggest.weak_labels import suggest_by_folders, suggest_by_names
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats

FOLDS = 5
_TRUE = 0.5  # how sure the hidden names must be

Rows = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True)
class World:
    """Voices in the order of their ids: whose family, where in sound, what is true, and what the sources see."""

    families: Rows  # [n], from 0
    places: Floats  # [n, size]
    truth: Flags  # [n, C]
    known: Rows  # the voices whose truth is known
    names: Floats  # [n, C], as the next two
    folders: Floats
    ear: Floats


def make_world(connection: Connection, *, seed: int) -> World:
    """Hide a random half of the names of every family that has several, and blank the rest of half of them."""
    draw = np.random.default_rng(seed)
    ids = read_voice_ids(connection)
    place = {voice_id: row for row, voice_id in enumerate(ids)}
    families = np.arange(len(ids))
    for voice_id, family_id in connection.execute("SELECT voice_id, family_id FROM families").fetchall():
        families[place[voice_id]] = place[family_id]
    sightings = [
        (place[voice_id], sha, name)
        for voice_id, sha, name in connection.execute(
            "SELECT DISTINCT voice_id, file_sha, name FROM slots ORDER BY ALL"
        ).fetchall()
    ]
    hidden = _hide(((int(families[row]), name) for row, _, name in sightings), draw)
    seen: dict[int, Counter[str]] = defaultdict(Counter)
    behind: dict[int, Counter[str]] = defaultdict(Counter)
    whole: dict[int, Counter[str]] = defaultdict(Counter)
    files: dict[int, set[str]] = defaultdict(set)
    for row, sha, name in sightings:
        if (int(families[row]), _letters(name)) in hidden:
            behind[row][name] += 1
            whole[int(families[row])][name] += 1
        else:
            seen[row][name] += 1
            files[row].add(sha)
    truth = np.zeros((len(ids), len(category_keys())), bool)
    for row, family in enumerate(families.tolist()):
        own = (
            prediction_array([suggest_by_names(behind[row])])
            if behind[row]
            else np.zeros((1, truth.shape[1]), np.float32)
        )
        truth[row] = _sure(own[0]) if own.any() else _sure(prediction_array([suggest_by_names(whole[family])])[0])
    known = np.flatnonzero(truth.any(axis=1))
    names = prediction_array(suggest_by_names(seen[row]) for row in range(len(ids)))
    names[np.isin(families, draw.permutation(np.unique(families))[::2])] = 0
    says = _folder_words(connection)
    folders = prediction_array(suggest_by_folders([says[sha] for sha in sorted(files[row])]) for row in range(len(ids)))
    hearings = read_descriptors(connection)
    heard = np.array([place[voice_id] for voice_id in hearings.voice_ids])
    places = np.full((len(ids), 1), np.nan, np.float32)
    found = sound_coordinates(DescriptorColumns(hearings.descriptors))
    places = np.full((len(ids), found.shape[1]), np.nan, np.float32)
    places[heard] = found
    ear = np.zeros_like(names)
    _, numbered = np.unique(families, return_inverse=True)
    ear[heard] = _hear(np.concatenate([hearings.descriptors, found], axis=1), names[heard], numbered[heard], draw)
    return World(numbered, places, truth, known, names, folders, ear)


def _hide(named: Iterable[tuple[int, str]], draw: np.random.Generator) -> set[tuple[int, str]]:
    rules = name_rules()
    forms: dict[int, set[str]] = defaultdict(set)
    for family, name in named:
        if rules.match(name):
            forms[family].add(_letters(name))
    hidden: set[tuple[int, str]] = set()
    for family, names in sorted(forms.items()):
        if len(names) > 1:
            hidden |= {(family, str(name)) for name in draw.permutation(sorted(names))[: len(names) // 2]}
    return hidden


def _letters(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())


def _sure(said: Floats) -> Flags:
    return (said >= _TRUE) & (said >= 0.6 * said.max(initial=0))


def _folder_words(connection: Connection) -> dict[str, tuple[Match, ...]]:
    words: dict[str, dict[str, float]] = defaultdict(dict)
    for sha, path in connection.execute("SELECT file_sha, path FROM file_paths").fetchall():
        for match in match_path(folder_rules(), path):
            words[sha][match.category] = max(match.weight, words[sha].get(match.category, 0))
    found = {sha: tuple(Match(*each) for each in given.items()) for sha, given in words.items()}
    return defaultdict(tuple, found)


def _hear(numbers: Floats, names: Floats, families: Rows, draw: np.random.Generator) -> Floats:
    fold = draw.integers(FOLDS, size=families.max() + 1)[families]
    named, category = names.max(axis=1) >= _TRUE, names.argmax(axis=1)
    size = np.bincount(families, named)
    said = np.zeros_like(names)
    for number in range(FOLDS):
        ours, theirs = named & (fold != number), fold == number
        ear = make_pipeline(
            QuantileTransformer(n_quantiles=200, output_distribution="normal", random_state=0),
            Nystroem(gamma=0.003, n_components=500, random_state=0),
            LogisticRegression(C=10, max_iter=300),
        )
        ear.fit(numbers[ours], category[ours], logisticregression__sample_weight=1 / size[families[ours]])
        said[np.ix_(theirs, ear[-1].classes_)] = ear.predict_proba(numbers[theirs])
    return said
