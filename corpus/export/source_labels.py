"""What the sources of suggestions say of each voice: all of them together, and each alone."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from corpus.labels.consensus import Curated
from corpus.storage.source_predictions import read_source_predictions, read_voice_ids
from corpus.storage.store import Connection
from corpus.suggest.suggestions import read_label_model, suggestion_rows


@dataclass(frozen=True, slots=True)
class CombinedSuggestion:
    """What the sources together suggest for one voice, the most probable first: category, probability, origin."""

    says: tuple[tuple[str, float, str], ...]

    def curated(self, least_confidence: Mapping[str, float]) -> Curated | None:
        """The categories that are probable enough for their origin; None if the most probable one is not."""
        sure = [say for say in self.says if say[1] >= least_confidence[say[2]]]
        if not sure or sure[0] != self.says[0]:  # the second choice of a doubtful voice is no better
            return None
        return Curated(tuple(key for key, _, _ in sure), sure[0][2], sure[0][1])

    def relaxed(self) -> Curated:
        """The most probable category, however probable."""
        key, probability, origin = self.says[0]
        return Curated((key,), origin, probability)


def read_combined_suggestions(
    connection: Connection, category_keys: Sequence[str], origins: Collection[str]
) -> dict[str, CombinedSuggestion]:
    """What these sources together suggest, by voice. Voices of which they say nothing are not there.

    Where every source that has an opinion is among ``origins`` that is what the store suggests; else it is pooled anew
    without the others. Raises ``StoreError`` if what was learned of the sources cannot be read.
    """
    speaking = {origin for (origin,) in connection.execute("SELECT DISTINCT origin FROM opinions").fetchall()}
    if speaking <= set(origins):
        return _suggested(connection, category_keys, origins, "suggestions")
    voice_ids = read_voice_ids(connection)
    heard = {
        origin: said for origin, said in read_source_predictions(connection, voice_ids).items() if origin in origins
    }
    if not heard:
        return {}
    connection.register("pooled_anew", suggestion_rows(voice_ids, heard, read_label_model(connection)))
    try:
        return _suggested(connection, category_keys, origins, "pooled_anew")
    finally:
        connection.unregister("pooled_anew")


def _suggested(
    connection: Connection, category_keys: Sequence[str], origins: Collection[str], table: str
) -> dict[str, CombinedSuggestion]:
    rows = connection.execute(
        f"SELECT voice_id, category, probability, origin FROM {table}"  # noqa: S608 - one of two names of our own
        " WHERE list_contains($1::VARCHAR[], origin) AND list_contains($2::VARCHAR[], category)"
        " ORDER BY voice_id, probability DESC, category",
        [sorted(origins), list(category_keys)],
    ).fetchall()
    return {
        voice_id: CombinedSuggestion(
            tuple((category, probability, origin) for _, category, probability, origin in group)
        )
        for voice_id, group in groupby(rows, key=lambda row: row[0])
    }


def read_source_columns(connection: Connection, category_keys: Sequence[str]) -> dict[str, list[dict[str, object]]]:
    """What each source alone says of each voice: origin, category, probability; by origin, the most probable first."""
    rows = connection.execute(
        "SELECT voice_id, list({'origin': origin, 'category': category, 'probability': probability}"
        " ORDER BY origin, probability DESC, category)"
        " FROM opinions WHERE list_contains($1::VARCHAR[], category) GROUP BY voice_id",
        [list(category_keys)],
    ).fetchall()
    return dict(rows)
