"""Opinions: what each source says of each voice, kept side by side, before anything is made of them together.

In the store an opinion is a row; where one reckons with them it is a number in an array, a row a voice and a column a
category. A source that says nothing of a voice has a row of zeros there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from corpus.storage.store import Connection
from corpus.storage.suggestion import ORIGINS, Suggestion
from dx7.shared.categories import category_keys

Floats = NDArray[np.float32]
SourcePredictions = Mapping[str, Floats]  # origin -> [n, C], 0 to 1

LEAST_PROBABILITY = 0.01  # what is less is not kept


def read_voice_ids(connection: Connection) -> list[str]:
    """The voices of the store in the order that the rows of opinions have."""
    ids: list[str] = connection.sql("SELECT voice_id FROM voices ORDER BY voice_id").to_arrow_table()[0].to_pylist()
    return ids


def read_source_predictions(connection: Connection, voice_ids: Sequence[str]) -> dict[str, Floats]:
    """What each source says of some voices: ``float32[n, C]`` of probabilities for every origin that says anything.

    Rows are in the order of ``voice_ids``, columns in that of ``category_keys()``. What is said of a category that
    there no longer is, or by a source that there no longer is, does not count.
    """
    keys = category_keys()
    ids = pa.array(voice_ids, pa.string())
    rows = connection.table("opinions").to_arrow_table().combine_chunks()
    row = pc.index_in(rows["voice_id"], ids)
    column = pc.index_in(rows["category"], pa.array(keys))
    source = pc.index_in(rows["origin"], pa.array(ORIGINS))
    known = pc.and_(pc.and_(row.is_valid(), column.is_valid()), source.is_valid())
    places = [np.asarray(which.filter(known)).astype(np.intp) for which in (source, row, column)]
    probability = np.asarray(rows["probability"].filter(known), np.float32)
    opinions: dict[str, Floats] = {}
    for number in np.unique(places[0]).tolist():
        said = places[0] == number
        table = np.zeros((len(ids), len(keys)), np.float32)
        table[places[1][said], places[2][said]] = probability[said]
        opinions[ORIGINS[number]] = table
    return opinions


def read_top_predictions(connection: Connection, voice_ids: Sequence[str]) -> dict[str, tuple[Suggestion, ...]]:
    """What each source says most of a few voices, the surest source first; a voice without opinions is left out."""
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
    """Replace all that a source says by ``float32[n, C]``, and return how many opinions that is.

    What is below :data:`LEAST_PROBABILITY` is left out. Raises ``ValueError`` for an unknown origin, or for an array of
    another shape.
    """
    table = prediction_rows(origin, voice_ids, probabilities)
    connection.execute("DELETE FROM opinions WHERE origin = $1", [origin])
    if table.num_rows:
        connection.from_arrow(table).insert_into("opinions")
    return int(table.num_rows)


def prediction_array(suggestions: Iterable[Sequence[Suggestion]]) -> Floats:
    """What one source suggests of each voice as ``float32[n, C]``."""
    keys = {key: column for column, key in enumerate(category_keys())}
    rows = list(suggestions)
    table = np.zeros((len(rows), len(keys)), np.float32)
    for row, given in enumerate(rows):
        for each in given:
            table[row, keys[each.category]] = each.probability
    return table


def prediction_rows(origin: str, voice_ids: Sequence[str], probabilities: Floats) -> pa.Table:
    """Opinions as rows of the table: ``voice_id``, ``category``, ``probability``, ``origin``."""
    keys = category_keys()
    if origin not in ORIGINS:
        raise ValueError(f"{origin!r} is no source of opinions; there are {', '.join(ORIGINS)}")
    if probabilities.shape != (len(voice_ids), len(keys)):
        raise ValueError(f"expected opinions [{len(voice_ids)}, {len(keys)}], got {list(probabilities.shape)}")
    row, column = np.nonzero(probabilities >= LEAST_PROBABILITY)
    return pa.table(
        {
            "voice_id": pa.array(voice_ids, pa.string()).take(pa.array(row)),
            "category": pa.array(keys, pa.string()).take(pa.array(column)),
            "probability": pa.array(probabilities[row, column].astype(np.float32)),
            "origin": pa.array([origin] * len(row), pa.string()),
        }
    )
