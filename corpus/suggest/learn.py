"""``learn``: from people's answers, names and audio to one suggestion for every voice.

It fits the category classifier, propagates labels, fits the label model and combines all predictions. All results are
written in one transaction, so that suggestions always belong to the stored models. The store is open only while it is
read and written. The results are a function of the store, the journals and a seed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

import pyarrow as pa

from corpus.analysis.families import update_families
from corpus.analysis.health import refresh_health
from corpus.analysis.stored_embeddings import embed_voices, read_analysed_voices
from corpus.labels.projection import rebuild_answers
from corpus.storage.source_predictions import write_source_predictions
from corpus.storage.store import Connection, open_store, transaction
from corpus.storage.suggestion import EAR
from corpus.suggest.classifier_card import ClassifierCard, make_classifier_card
from corpus.suggest.fit_label_model import fit_stored_label_model
from corpus.suggest.suggestions import combine_suggestions, read_learned, refresh_suggestions
from corpus.suggest.training_set import ClassifierTrainingSet, read_classifier_training_set
from dx7.analysis.classifier import NONE, CategoryClassifier, classifier_from_bytes, read_classifier
from dx7.errors import StoreError
from dx7.shared.export_format import EAR_FILE
from dx7.shared.locations import DEFAULT_MODEL
from dx7.voices.layout import Floats

LEAST_VOICES, LEAST_CATEGORIES = 40, 2  # in the training set; fewer give a useless classifier
LEAST_NONE = 0.2  # the least probability of no category that is stored


@dataclass(frozen=True, slots=True)
class LearnResult:
    """The card of the classifier, and the number of suggestions after learning."""

    card: ClassifierCard
    suggestions: int


def learn_from_answers(
    store: Path,
    journals: Path,
    *,
    seed: int = 0,
    processes: int | None = None,
    dask: str | None = None,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> LearnResult:
    """Render and measure new voices, fit all models, and replace all suggestions.

    ``progress`` gets the name of the step, how much is done, and the total. The first analysis of 30,000 voices takes
    minutes, everything after that less than one.

    Raises ``StoreError`` if the training set is too small, and the errors of ``embed_voices`` and ``rebuild_answers``.
    """
    update_families(store, processes=processes, progress=lambda *count: progress("measuring sounds", *count))
    embed_voices(
        store, processes=processes, dask=dask, progress=lambda *count: progress("computing embeddings", *count)
    )
    with open_store(store) as connection:
        refresh_health(connection)
        rebuild_answers(connection, journals)
        refresh_suggestions(connection)
    with open_store(store, read_only=True) as connection:
        analysed = read_analysed_voices(connection)
        training = read_classifier_training_set(connection, analysed.voice_ids)
    _check(training)
    from corpus.suggest.fit_classifier import fit_classifier  # JAX takes a second

    progress("fitting", 0, 1)
    start = perf_counter()
    fitted = fit_classifier(analysed, training, seed=seed)
    card = make_classifier_card(analysed, training, fitted, seed=seed, seconds=perf_counter() - start)
    with open_store(store) as connection, transaction(connection):
        _write_predictions(connection, analysed.voice_ids, fitted.probabilities)
        model = fit_stored_label_model(connection)
        connection.execute("DELETE FROM lessons")
        connection.execute(
            "INSERT INTO lessons VALUES ($1, $2, $3, $4)",
            [datetime.now(UTC).replace(tzinfo=None), card.as_json(), model.as_json(), fitted.ear.to_bytes()],
        )
        suggestions = combine_suggestions(connection)
    progress("fitting", 1, 1)
    return LearnResult(card, suggestions)


def read_stored_classifier(connection: Connection) -> CategoryClassifier | None:
    """The stored classifier; None if there is none. Raises ``ModelError`` for one of another version."""
    learned = read_learned(connection, "ear")
    return classifier_from_bytes(learned[0], source="the store") if learned else None


def find_classifier(connection: Connection) -> CategoryClassifier | None:
    """The stored classifier, or else the one that ships with the default model; None if there is neither.

    Raises ``ModelError`` for one of another version.
    """
    shipped = DEFAULT_MODEL / EAR_FILE
    return read_stored_classifier(connection) or (read_classifier(shipped) if shipped.exists() else None)


def _check(training: ClassifierTrainingSet) -> None:
    categories = (training.targets[:, :-1].sum(axis=0) > 0).sum()
    taught = int((training.targets[:, -1] < 1).sum())
    if taught < LEAST_VOICES or categories < LEAST_CATEGORIES:
        raise StoreError(
            f"too little to learn from: {taught} voices of {categories} categories have an answer or a name that gives"
            f" their category; {LEAST_VOICES} of {LEAST_CATEGORIES} are needed. Ingest more banks, or label some voices"
        )


def _write_predictions(connection: Connection, voice_ids: list[str], probabilities: Floats) -> None:
    """Replace the predictions of the classifier, including :data:`NONE`, that no category fits."""
    write_source_predictions(connection, EAR, voice_ids, probabilities[:, :-1])
    rows = [
        (voice_id, NONE, float(none), EAR)
        for voice_id, none in zip(voice_ids, probabilities[:, -1], strict=True)
        if none >= LEAST_NONE
    ]
    if rows:
        table = pa.table(
            dict(zip(("voice_id", "category", "probability", "origin"), zip(*rows, strict=True), strict=True))
        )
        connection.from_arrow(table).insert_into("opinions")
