"""Source predictions: the categories that each source predicts for each voice, kept separately.

The store keeps a row per prediction (table ``opinions``). In memory a source is an array with a row per voice and a
column per category; a voice without a prediction has a row of zeros.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from corpus.storage.store import Connection
from corpus.storage.suggestion import ORIGINS, Suggestion
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats

SourcePredictions = Mapping[str, Floats]  # origin -> [n, C], 0 to 1

LEAST_STORED_PROBABILITY = 0.01


def read_voice_ids(connection: Connection) -> list[str]:
    """All voices of the store, sorted by id."""
    ids: list[str] = connection.sql("SELECT voice_id FROM voices ORDER BY voice_id").to_arrow_table()[0].to_pylist()
    return ids


def read_source_predictions(connection: Connection, voice_ids: Sequence[str]) -> dict[str, Floats]:
    """The predictions for some voices: probabilities ``float32[n, C]`` for every source that has any.

    Rows follow ``voice_ids``, columns ``category_keys()``. Categories and sources that no longer exist are ignored.
    """
    keys = category_keys()
    ids = pa.array(voice_ids, pa.string())
    rows = connection.table("opinions").to_arrow_table().combine_chunks()
    indices = [
        pc.index_in(rows[name], values)
        for name, values in (("origin", pa.array(ORIGINS)), ("voice_id", ids), ("category", pa.array(keys)))
    ]
    known = pc.and_(pc.and_(indices[0].is_valid(), indices[1].is_valid()), indices[2].is_valid())
    source, row, column = (np.asarray(index.filter(known)).astype(np.intp) for index in indices)
    probability = np.asarray(rows["probability"].filter(known), np.float32)
    predictions: dict[str, Floats] = {}
    for number in np.unique(source).tolist():
        chosen = source == number
        table = np.zeros((len(ids), len(keys)), np.float32)
        table[row[chosen], column[chosen]] = probability[chosen]
        predictions[ORIGINS[number]] = table
    return predictions


def read_top_predictions(connection: Connection, voice_ids: Sequence[str]) -> dict[str, tuple[Suggestion, ...]]:
    """The most probable category of every source for a few voices, the most confident source first.

    Voices without a prediction are left out.
    """
    rows = connection.execute(
        "SELECT voice_id, origin, max({'probability': probability, 'category': category}) AS most FROM opinions"
        " WHERE voice_id IN (SELECT unnest($ids::VARCHAR[])) GROUP BY voice_id, origin"
        " ORDER BY voice_id, most DESC, origin",
        {"ids": list(voice_ids)},
    ).fetchall()
    found: dict[str, tuple[Suggestion, ...]] = {}
    for voice_id, origin, most in rows:
        suggestion = Suggestion(most["category"], round(most["probability"], 4), origin)
        found[voice_id] = (*found.get(voice_id, ()), suggestion)
    return found


def write_source_predictions(
    connection: Connection, origin: str, voice_ids: Sequence[str], probabilities: Floats
) -> int:
    """Replace all predictions of a source by ``float32[n, C]`` and return the number of rows written.

    Probabilities below :data:`LEAST_STORED_PROBABILITY` are left out. Raises ``ValueError`` for an unknown origin or
    another shape.
    """
    table = prediction_rows(origin, voice_ids, probabilities)
    connection.execute("DELETE FROM opinions WHERE origin = $1", [origin])
    if table.num_rows:
        connection.from_arrow(table).insert_into("opinions")
    return int(table.num_rows)


def prediction_array(suggestions: Iterable[Sequence[Suggestion]]) -> Floats:
    """The suggestions of one source for each voice as ``float32[n, C]``."""
    keys = {key: column for column, key in enumerate(category_keys())}
    rows = list(suggestions)
    table = np.zeros((len(rows), len(keys)), np.float32)
    for row, given in enumerate(rows):
        for each in given:
            table[row, keys[each.category]] = each.probability
    return table


def prediction_rows(origin: str, voice_ids: Sequence[str], probabilities: Floats) -> pa.Table:
    """Predictions as rows of the table: ``voice_id``, ``category``, ``probability``, ``origin``."""
    keys = category_keys()
    if origin not in ORIGINS:
        raise ValueError(f"unknown source of predictions {origin!r}; known are {', '.join(ORIGINS)}")
    if probabilities.shape != (len(voice_ids), len(keys)):
        raise ValueError(f"expected predictions [{len(voice_ids)}, {len(keys)}], got {list(probabilities.shape)}")
    row, column = np.nonzero(probabilities >= LEAST_STORED_PROBABILITY)
    return pa.table(
        {
            "voice_id": pa.array(voice_ids, pa.string()).take(pa.array(row)),
            "category": pa.array(keys, pa.string()).take(pa.array(column)),
            "probability": pa.array(probabilities[row, column].astype(np.float32)),
            "origin": pa.array([origin] * len(row), pa.string()),
        }
    )
