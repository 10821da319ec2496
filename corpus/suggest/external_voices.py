"""Suggestions for the voices of a bank that need not be in the store, from the same sources.

Audio is rendered only if the store has labels or there is a trained classifier. Otherwise names and folders, both the
bank's own and those in the store, are the only sources.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.sound_space import DescriptorColumns, sound_coordinates
from corpus.storage.source_predictions import (
    LEAST_STORED_PROBABILITY,
    prediction_array,
    read_source_predictions,
    read_voice_ids,
)
from corpus.storage.store import Connection
from corpus.storage.suggestion import EAR, FAMILY, FOLDER_RULE, NAME_RULE, NEIGHBOURS, Suggestion
from corpus.suggest.name_rules import folder_rules, match_path
from corpus.suggest.neighbour_labels import (
    LabelledVoices,
    labels_from_families,
    labels_from_neighbours,
    read_labelled_voices,
    read_sound_coordinates,
)
from corpus.suggest.suggestions import read_label_model, suggestion_rows
from corpus.suggest.weak_labels import ranked, suggest_by_folders, suggest_by_names
from dx7.analysis.classifier import CategoryClassifier
from dx7.analysis.classifier_inputs import compute_classifier_inputs
from dx7.analysis.descriptors import extract_many
from dx7.canonical.canonical_form import Band, functional_keys
from dx7.formats.bank_file import BankFile
from dx7.shared.categories import category_keys
from dx7.voices.fillers import is_filler
from dx7.voices.layout import Bytes, Floats
from dx7.voices.parameters import PARAMETER_COUNT


@dataclass(frozen=True, slots=True)
class SlotSuggestions:
    """The suggestions for one slot of a bank, and the predictions of each source; the most probable first."""

    slot: int
    name: str
    suggestions: list[Suggestion]
    opinions: list[Suggestion]


def suggest_for_bank(
    connection: Connection, bank: BankFile, path: Path | None = None, *, ear: CategoryClassifier | None = None
) -> list[SlotSuggestions]:
    """Suggestions for every slot of a bank at ``path``; ``ear`` is the category classifier, None if there is none.

    Fillers get no suggestions. Raises ``EngineError`` if the bank cannot be rendered.
    """
    fillers = is_filler(bank.decoded.unpacked[:, :PARAMETER_COUNT])
    asked = np.flatnonzero(~fillers)
    voices = bank.voices()
    ids = [voices[row].voice_id for row in asked]
    predictions = {
        NAME_RULE: _predict_by_names(connection, ids, [voices[row].name for row in asked]),
        FOLDER_RULE: _predict_by_folders(connection, ids, path),
        **_predict_by_sound(connection, ids, bank.decoded.unpacked[asked], ear),
    }
    suggested = _suggestions_by_row(
        suggestion_rows([str(row) for row in asked], predictions, read_label_model(connection)).to_pylist()
    )
    each = _suggestions_by_row(row for origin, table in predictions.items() for row in _rows(asked, origin, table))
    return [SlotSuggestions(row + 1, voice.name, suggested[row], each[row]) for row, voice in enumerate(voices)]


def _predict_by_names(connection: Connection, voice_ids: Sequence[str], names: Sequence[str]) -> Floats:
    """Predictions from the name in the slot and from all names of the voice in the store."""
    known: dict[str, Counter[str]] = defaultdict(Counter)
    for voice_id, name, seen in connection.execute(
        "SELECT voice_id, name, sightings FROM names WHERE list_contains($1::VARCHAR[], voice_id)", [list(voice_ids)]
    ).fetchall():
        known[voice_id][name] = seen
    return prediction_array(
        suggest_by_names(known[voice_id] + Counter([name])) for voice_id, name in zip(voice_ids, names, strict=True)
    )


def _predict_by_folders(connection: Connection, voice_ids: Sequence[str], path: Path | None) -> Floats:
    """Predictions from the folders in the store; if no rule matches them, from the path of the bank."""
    known = read_source_predictions(connection, voice_ids).get(FOLDER_RULE, prediction_array([] for _ in voice_ids))
    own = prediction_array([suggest_by_folders([match_path(folder_rules(), str(path))]) if path else []])
    return np.where(known.any(axis=1, keepdims=True), known, own)


def _predict_by_sound(
    connection: Connection, voice_ids: Sequence[str], unpacked: Bytes, ear: CategoryClassifier | None
) -> dict[str, Floats]:
    """Predictions from answers to other voices and from the classifier; none if there is neither."""
    stored = read_voice_ids(connection)
    labelled = read_labelled_voices(connection, stored)
    if not voice_ids or not (len(labelled.rows) or ear):
        return {}
    embeddings, descriptors = compute_classifier_inputs(unpacked) if ear else (None, extract_many(unpacked))
    predicted = _propagate(connection, stored, labelled, unpacked[:, :PARAMETER_COUNT], descriptors)
    if ear and embeddings is not None:
        probabilities = ear.predict_proba(embeddings, descriptors, unpacked[:, :PARAMETER_COUNT])
        predicted[EAR] = _in_current_categories(ear, probabilities)
    return predicted


def _propagate(
    connection: Connection, stored: Sequence[str], labelled: LabelledVoices, parameters: Bytes, descriptors: Floats
) -> dict[str, Floats]:
    """As ``propagate_labels``, on the labelled voices of the store followed by those of the bank."""
    labelled_ids = [stored[row] for row in labelled.rows]
    count = len(labelled_ids)
    labels = LabelledVoices(np.arange(count), labelled.categories)
    families = _families(connection, labelled_ids, parameters)
    coordinates = np.concatenate(
        [read_sound_coordinates(connection, labelled_ids), sound_coordinates(DescriptorColumns(descriptors))]
    )
    return {
        FAMILY: labels_from_families(families, labels)[count:],
        NEIGHBOURS: labels_from_neighbours(coordinates, families, labels)[count:],
    }


def _in_current_categories(ear: CategoryClassifier, probabilities: Floats) -> Floats:
    """Predictions ``float32[n, C + 1]`` of a classifier as ``float32[n, C]`` of the current categories."""
    predicted = prediction_array([] for _ in probabilities)
    for column, key in enumerate(category_keys()):
        if key in ear.category_keys:
            predicted[:, column] = probabilities[:, ear.category_keys.index(key)]
    return np.where(predicted >= LEAST_STORED_PROBABILITY, predicted, 0)


def _families(connection: Connection, voice_ids: Sequence[str], parameters: Bytes) -> NDArray[np.intp]:
    """The family numbers, from 0, of voices in the store, and of other voices by their audible parameters."""
    rows = connection.execute("SELECT voice_id, family_id, at_rest_key FROM families").fetchall()
    of_voice = {voice_id: family_id for voice_id, family_id, _ in rows}
    of_key = {key: family_id for _, family_id, key in rows}
    found = [of_voice.get(voice_id, voice_id) for voice_id in voice_ids]
    found += [of_key.get(key, f"sounds as {key}") for key in functional_keys(parameters, band=Band.AT_REST)]
    return np.unique(found, return_inverse=True)[1].astype(np.intp)


def _rows(asked: NDArray[np.intp], origin: str, predicted: Floats) -> Iterable[dict[str, Any]]:
    keys = category_keys()
    for row, column in zip(*np.nonzero(predicted), strict=True):
        found = {"category": keys[column], "probability": float(predicted[row, column]), "origin": origin}
        yield {"voice_id": str(asked[row])} | found


def _suggestions_by_row(rows: Iterable[dict[str, Any]]) -> defaultdict[int, list[Suggestion]]:
    """Suggestions by row of the bank, which is their ``voice_id`` here; the most probable first."""
    found: defaultdict[int, list[Suggestion]] = defaultdict(list)
    for row in rows:
        probability = round(row["probability"], 4)
        found[int(row["voice_id"])].append(Suggestion(row["category"], probability, row["origin"]))
    for given in found.values():
        given[:] = ranked(given)
    return found
