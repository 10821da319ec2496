"""Suggestions: what all sources of opinions say of each voice together.

Opinions and suggestions are the machine's. They live in the store, each source's by itself and what was pooled of
them, and are never written to a journal. What the rules say is made anew when an ingest has brought something; what
was learned from answers and by ear stays as it is then, and comes anew with all the rest when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

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
from corpus.suggest.label_model import combine_predictions, dominant_source
from corpus.suggest.neighbour_labels import propagate_labels, read_labelled_voices
from corpus.suggest.rule_labels import folder_rule_labels, name_rule_labels
from corpus.suggest.source_weights import DEFAULT_LABEL_MODEL, LabelModel, parse_label_model
from dx7.shared.categories import category_keys

LEAST_SUGGESTED = 0.05  # anything below is not worth showing


@dataclass(frozen=True, slots=True)
class _Ruled:
    """What the rules say, and how many slots and paths the store had that they looked at: rows are only ever added."""

    slots: int
    paths: int
    opinions: pa.Table


def refresh_suggestions(connection: Connection) -> int:
    """Make all opinions but the ear's anew, pool them, and return how many suggestions there are. Fillers get none."""
    ruled = _ask_rules(connection)
    with transaction(connection):
        _replace_rules(connection, ruled)
        refresh_neighbour_labels(connection)
        return combine_suggestions(connection)


def refresh_neighbour_labels(connection: Connection) -> None:
    """Make anew what families and neighbours say, from the answers that the store has now."""
    voice_ids = read_voice_ids(connection)
    for origin, said in propagate_labels(connection, voice_ids, read_labelled_voices(connection, voice_ids)).items():
        write_source_predictions(connection, origin, voice_ids, said)


def update_suggestions(store: Path, *, wait_seconds: float | None = None) -> None:
    """Make what the rules say anew, and pool it with what else is said, if the store has grown since that was made.

    Others can read the store meanwhile; it is held only to put it in. Raises what :func:`open_store` does.
    """
    with open_store(store, read_only=True, wait_seconds=wait_seconds) as connection:
        if _made_from(connection) == _size(connection):
            return
        ruled = _ask_rules(connection)
    with open_store(store, wait_seconds=wait_seconds) as connection, transaction(connection):
        if _made_from(connection) < (ruled.slots, ruled.paths):  # or another program was later, and knew more
            _replace_rules(connection, ruled)
            combine_suggestions(connection)


def combine_suggestions(connection: Connection) -> int:
    """Replace all suggestions by what the opinions in the store say together; return how many there are.

    Best called in the transaction that changes the opinions. Raises ``StoreError`` if what was learned of the sources
    cannot be read.
    """
    fillers = set(read_fillers(connection).to_pylist())
    voice_ids = [voice_id for voice_id in read_voice_ids(connection) if voice_id not in fillers]
    opinions = read_source_predictions(connection, voice_ids)
    connection.execute("DELETE FROM suggestions")
    if not opinions:
        return 0
    table = suggestion_rows(voice_ids, opinions, read_label_model(connection))
    if table.num_rows:
        connection.from_arrow(table).insert_into("suggestions")
    return int(table.num_rows)


def suggestion_rows(voice_ids: list[str], opinions: SourcePredictions, trust: LabelModel) -> pa.Table:
    """What is suggested of voices: ``voice_id``, ``category``, ``probability``, ``origin``.

    A category that no source names is not suggested, however probable it has become.
    """
    pooled, who = combine_predictions(opinions, trust), dominant_source(opinions, trust)
    row, column = np.nonzero((pooled >= LEAST_SUGGESTED) & (who >= 0))
    return pa.table(
        {
            "voice_id": pa.array(voice_ids, pa.string()).take(pa.array(row)),
            "category": pa.array(category_keys(), pa.string()).take(pa.array(column)),
            "probability": pa.array(pooled[row, column]),
            "origin": pa.array(ORIGINS, pa.string()).take(pa.array(who[row, column])),
        }
    )


def read_label_model(connection: Connection) -> LabelModel:
    """How far the sources of opinions are trusted: as was learned, or the default. Raises ``StoreError``."""
    rows = connection.execute("SELECT trust FROM lessons ORDER BY learned DESC LIMIT 1").fetchall()
    return parse_label_model(rows[0][0]) if rows else DEFAULT_LABEL_MODEL


def summarise_suggestions(connection: Connection) -> list[dict[str, object]]:
    """How many voices each origin suggests each category for, and for how many of them it is more likely than not."""
    rows = connection.execute(
        "SELECT category, origin, count(*) FILTER (probability >= 0.5), count(*)"
        " FROM suggestions GROUP BY ALL ORDER BY 1, 2"
    ).fetchall()
    return [dict(zip(("category", "origin", "likely", "voices"), row, strict=True)) for row in rows]


def _ask_rules(connection: Connection) -> _Ruled:
    slots, paths = _size(connection)
    polled = pa.concat_tables([name_rule_labels(connection), folder_rule_labels(connection)])
    connection.register("polled", polled)
    connection.register("fillers", pa.table({"voice_id": read_fillers(connection)}))
    try:
        kept = connection.sql("FROM polled ANTI JOIN fillers USING (voice_id)").to_arrow_table()
    finally:
        connection.unregister("polled")
        connection.unregister("fillers")
    return _Ruled(slots, paths, kept)


def _replace_rules(connection: Connection, ruled: _Ruled) -> None:
    connection.execute("DELETE FROM opinions WHERE origin IN ($1, $2)", [NAME_RULE, FOLDER_RULE])
    connection.execute("DELETE FROM suggestions_made")
    if ruled.opinions.num_rows:
        connection.from_arrow(ruled.opinions).insert_into("opinions")
    connection.execute("INSERT INTO suggestions_made VALUES ($1, $2)", [ruled.slots, ruled.paths])


def _size(connection: Connection) -> tuple[int, int]:
    return len(connection.table("slots")), len(connection.table("file_paths"))


def _made_from(connection: Connection) -> tuple[int, int]:
    rows = connection.execute("SELECT slots, paths FROM suggestions_made").fetchall()
    return rows[0] if rows else (-1, -1)
