"""Learning: from what people answered, and from names, to one suggestion for every voice.

The ear is fitted, families and neighbours are asked, how far each source is trusted is learned from the answers, and
all of it is pooled. It goes into the store as one transaction, so that suggestions and what they were made from belong
together; the store is open only to read and to write. What is learned is a function of the store, the journals and a
seed.
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
from corpus.analysis.stored_embeddings import embed_voices, read_heard
from corpus.labels.projection import rebuild_answers
from corpus.storage.source_predictions import Floats, write_source_predictions
from corpus.storage.store import Connection, open_store, transaction
from corpus.storage.suggestion import EAR
from corpus.suggest.classifier_card import ClassifierCard, make_classifier_card
from corpus.suggest.fit_label_model import fit_stored_label_model
from corpus.suggest.suggestions import combine_suggestions, read_learned, refresh_suggestions
from corpus.suggest.training_set import ClassifierTrainingSet, read_classifier_training_set
from dx7.analysis.classifier import NONE, Ear, ear_from_bytes, read_ear
from dx7.errors import StoreError
from dx7.shared.export_format import EAR_FILE
from dx7.shared.locations import DEFAULT_MODEL

LEAST_VOICES, LEAST_CATEGORIES = 40, 2  # that teach; fewer give an ear that guesses
LEAST_NONE = 0.2  # of the probability that no category fits; below it, it is not kept


@dataclass(frozen=True, slots=True)
class LearnResult:
    """What was learned: the card of the ear, and how many suggestions there are now."""

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
    """Hear what was not heard yet, learn, and make all suggestions anew.

    ``progress`` is told what is done, and how much of how much of it. Hearing 30,000 voices for the first time takes
    minutes, everything after that less than one.

    Raises ``StoreError`` if there is too little to learn from, and what ``measure_voices`` and ``rebuild_answers`` do.
    """
    update_families(store, processes=processes, progress=lambda *count: progress("hearing", *count))
    embed_voices(store, processes=processes, dask=dask, progress=lambda *count: progress("listening", *count))
    with open_store(store) as connection:
        refresh_health(connection)
        rebuild_answers(connection, journals)
        refresh_suggestions(connection)
    with open_store(store, read_only=True) as connection:
        heard = read_heard(connection)
        lesson = read_classifier_training_set(connection, heard.voice_ids)
    _check(lesson)
    from corpus.suggest.fit_classifier import fit_classifier  # JAX takes a second

    progress("fitting", 0, 1)
    start = perf_counter()
    fitted = fit_classifier(heard, lesson, seed=seed)
    card = make_classifier_card(heard, lesson, fitted, seed=seed, seconds=perf_counter() - start)
    with open_store(store) as connection, transaction(connection):
        _write_opinions(connection, heard.voice_ids, fitted.probabilities)
        trust = fit_stored_label_model(connection)
        connection.execute("DELETE FROM lessons")
        connection.execute(
            "INSERT INTO lessons VALUES ($1, $2, $3, $4)",
            [datetime.now(UTC).replace(tzinfo=None), card.as_json(), trust.as_json(), fitted.ear.to_bytes()],
        )
        suggestions = combine_suggestions(connection)
    progress("fitting", 1, 1)
    return LearnResult(card, suggestions)


def read_stored_classifier(connection: Connection) -> Ear | None:
    """The ear that was fitted last; None if nothing was learned. Raises ``ModelError`` for one of another version."""
    learned = read_learned(connection, "ear")
    return ear_from_bytes(learned[0], source="the store") if learned else None


def find_classifier(connection: Connection) -> Ear | None:
    """The ear that the store has learned, or else the one that ships with the default model; None without either.

    Raises ``ModelError`` for one of another version.
    """
    shipped = DEFAULT_MODEL / EAR_FILE
    return read_stored_classifier(connection) or (read_ear(shipped) if shipped.exists() else None)


def _check(lesson: ClassifierTrainingSet) -> None:
    categories = (lesson.targets[:, :-1].sum(axis=0) > 0).sum()
    taught = int((lesson.targets[:, -1] < 1).sum())
    if taught < LEAST_VOICES or categories < LEAST_CATEGORIES:
        raise StoreError(
            f"too little to learn from: {taught} voices of {categories} categories have an answer or a name that says"
            f" what they are; it takes {LEAST_VOICES} of {LEAST_CATEGORIES}. Ingest more, or label some"
        )


def _write_opinions(connection: Connection, voice_ids: list[str], probabilities: Floats) -> None:
    """Replace what the ear says; that no category fits stands beside the categories as :data:`NONE`."""
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
