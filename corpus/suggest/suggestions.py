"""Suggestions: the predictions of all sources about each voice, combined by the label model.

The store keeps the predictions of each source as well as the suggestions; neither is ever written to a journal. An
ingest updates the predictions of the rules. Predictions from answers and from audio stay until ``learn`` or a full
refresh makes them again.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from corpus.storage.source_predictions import (
    SourcePredictions,
    read_source_predictions,
    read_voice_ids,
    write_source_predictions,
)
from corpus.storage.store import Connection, open_store, transaction
from corpus.storage.suggestion import FOLDER_RULE, NAME_RULE, ORIGINS
from corpus.storage.voice_table import read_fillers
from corpus.suggest.label_model import (
    DEFAULT_LABEL_MODEL,
    LabelModel,
    combine_predictions,
    dominant_source,
    parse_label_model,
)
from corpus.suggest.neighbour_labels import propagate_labels, read_labelled_voices
from corpus.suggest.weak_labels import folder_rule_labels, name_rule_labels
from dx7.shared.categories import category_keys

LEAST_SUGGESTED = 0.05  # the least probability of a suggestion


@dataclass(frozen=True, slots=True)
class _RulePredictions:
    """The predictions of the rules, and how many slots and paths the store had then: rows are only ever added."""

    slots: int
    paths: int
    predictions: pa.Table


def refresh_suggestions(connection: Connection) -> int:
    """Update all predictions except the classifier's, combine them, and return the number of suggestions.

    Fillers get none.
    """
    found = _predict_by_rules(connection)
    with transaction(connection):
        _replace_rules(connection, found)
        refresh_neighbour_labels(connection)
        return combine_suggestions(connection)


def refresh_neighbour_labels(connection: Connection) -> None:
    """Update the predictions of families and neighbours from the answers in the store."""
    voice_ids = read_voice_ids(connection)
    for origin, shares in propagate_labels(connection, voice_ids, read_labelled_voices(connection, voice_ids)).items():
        write_source_predictions(connection, origin, voice_ids, shares)


def update_suggestions(store: Path, *, wait_seconds: float | None = None) -> None:
    """Update the predictions of the rules if the store has grown since, and combine them with the others.

    The store is locked only while results are written. Raises the errors of :func:`open_store`.
    """
    with open_store(store, read_only=True, wait_seconds=wait_seconds) as connection:
        if _made_from(connection) == _size(connection):
            return
        found = _predict_by_rules(connection)
    with open_store(store, wait_seconds=wait_seconds) as connection, transaction(connection):
        if _made_from(connection) < (found.slots, found.paths):  # otherwise another program wrote newer ones meanwhile
            _replace_rules(connection, found)
            combine_suggestions(connection)


def combine_suggestions(connection: Connection) -> int:
    """Replace all suggestions by the combined predictions in the store; return how many there are.

    Call it in the transaction that changes the predictions. Raises ``StoreError`` if the stored label model cannot be
    read.
    """
    fillers = set(read_fillers(connection).to_pylist())
    voice_ids = [voice_id for voice_id in read_voice_ids(connection) if voice_id not in fillers]
    predictions = read_source_predictions(connection, voice_ids)
    connection.execute("DELETE FROM suggestions")
    if not predictions:
        return 0
    table = suggestion_rows(voice_ids, predictions, read_label_model(connection))
    if table.num_rows:
        connection.from_arrow(table).insert_into("suggestions")
    return int(table.num_rows)


def suggestion_rows(voice_ids: list[str], predictions: SourcePredictions, model: LabelModel) -> pa.Table:
    """The suggestions for voices: ``voice_id``, ``category``, ``probability``, ``origin``.

    A category that no source names is never suggested, however high its probability.
    """
    combined, source = combine_predictions(predictions, model), dominant_source(predictions, model)
    row, column = np.nonzero((combined >= LEAST_SUGGESTED) & (source >= 0))
    return pa.table(
        {
            "voice_id": pa.array(voice_ids, pa.string()).take(pa.array(row)),
            "category": pa.array(category_keys(), pa.string()).take(pa.array(column)),
            "probability": pa.array(combined[row, column]),
            "origin": pa.array(ORIGINS, pa.string()).take(pa.array(source[row, column])),
        }
    )


def read_label_model(connection: Connection) -> LabelModel:
    """The stored label model, or the default one. Raises ``StoreError`` if it cannot be read."""
    learned = read_learned(connection, "trust")
    return parse_label_model(learned[0]) if learned else DEFAULT_LABEL_MODEL


def read_learned(connection: Connection, columns: str) -> tuple[Any, ...] | None:
    """Some columns of the last row of ``lessons``, which ``learn`` writes; None if nothing was learned yet."""
    query = f"SELECT {columns} FROM lessons ORDER BY learned DESC LIMIT 1"  # noqa: S608 - names of columns
    rows: list[tuple[Any, ...]] = connection.execute(query).fetchall()
    return rows[0] if rows else None


def summarise_suggestions(connection: Connection) -> list[dict[str, object]]:
    """For each category and origin the number of voices with a suggestion, and with one of at least 0.5."""
    rows = connection.execute(
        "SELECT category, origin, count(*) FILTER (probability >= 0.5), count(*)"
        " FROM suggestions GROUP BY ALL ORDER BY 1, 2"
    ).fetchall()
    return [dict(zip(("category", "origin", "likely", "voices"), row, strict=True)) for row in rows]


def _predict_by_rules(connection: Connection) -> _RulePredictions:
    slots, paths = _size(connection)
    labels = pa.concat_tables([name_rule_labels(connection), folder_rule_labels(connection)])
    connection.register("labels", labels)
    connection.register("fillers", pa.table({"voice_id": read_fillers(connection)}))
    try:
        without_fillers = connection.sql("FROM labels ANTI JOIN fillers USING (voice_id)").to_arrow_table()
    finally:
        connection.unregister("labels")
        connection.unregister("fillers")
    return _RulePredictions(slots, paths, without_fillers)


def _replace_rules(connection: Connection, found: _RulePredictions) -> None:
    connection.execute("DELETE FROM opinions WHERE origin IN ($1, $2)", [NAME_RULE, FOLDER_RULE])
    connection.execute("DELETE FROM suggestions_made")
    if found.predictions.num_rows:
        connection.from_arrow(found.predictions).insert_into("opinions")
    connection.execute("INSERT INTO suggestions_made VALUES ($1, $2)", [found.slots, found.paths])


def _size(connection: Connection) -> tuple[int, int]:
    return len(connection.table("slots")), len(connection.table("file_paths"))


def _made_from(connection: Connection) -> tuple[int, int]:
    rows = connection.execute("SELECT slots, paths FROM suggestions_made").fetchall()
    return rows[0] if rows else (-1, -1)
