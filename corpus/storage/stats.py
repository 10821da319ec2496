"""Counts over a store."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from corpus.storage.store import Connection
from corpus.storage.suggestion import LIKELY
from corpus.storage.voice_table import read_fillers

MOST_ROWS = 10  # of top lists


@dataclass(frozen=True, slots=True)
class Stats:
    """Counts over a store. The field names are the keys of ``--json``."""

    places: int  # paths; a content that was copied has several
    contents: int
    contents_generated: int  # made by a model, according to a sidecar or a source
    contents_rejected: dict[str, int]
    places_unread: dict[str, int]
    sources: dict[str, int]  # paths by what was given to ingest
    sightings: int  # voice slots under all paths
    sightings_generated: int  # of these, in generated contents
    voices_rejected: dict[str, int]  # ranges of distinct contents that hold no voice, by reason
    voices: int
    voices_named_twice: int  # with more than one name
    aliases: int  # names of voices beyond the first of each
    fillers: int  # INIT VOICE, all-zero, blank
    voices_damaged: int  # every copy has values out of range
    voices_generated: int  # in generated contents only
    warnings: dict[str, int]  # over distinct contents
    answers: dict[str, int]
    labelled_by_main_category: dict[str, int]
    suggested_by_main_category: dict[str, int]  # voices with a likely suggestion
    voices_suggested: int
    voices_by_source: dict[str, int]  # with a prediction, by source
    top_names: dict[str, int]  # voices by name
    top_copied: dict[str, int]  # slots by voice id and name

    def as_dict(self) -> dict[str, object]:
        """The counts for ``--json``."""
        return asdict(self)


def read_stats(connection: Connection) -> Stats:
    """Count everything. Takes some tenths of a second for 400,000 slots."""

    def one(query: str) -> int:
        ((value,),) = connection.execute(query).fetchall()
        return int(value or 0)

    def counts(query: str, *values: object) -> dict[str, int]:
        return {str(key): int(count) for key, count in connection.execute(query, list(values)).fetchall()}

    return Stats(
        places=one("SELECT count(*) FROM file_paths"),
        contents=one("SELECT count(*) FROM files"),
        contents_generated=one("SELECT count(*) FROM files WHERE generated"),
        contents_rejected=counts(
            "SELECT rejection, count(*) FROM files WHERE rejection IS NOT NULL GROUP BY ALL ORDER BY 1"
        ),
        places_unread=counts("SELECT code, count(*) FROM unread_paths GROUP BY ALL ORDER BY 1"),
        sources=counts("SELECT source, count(*) FROM file_paths GROUP BY ALL ORDER BY 2 DESC, 1"),
        sightings=one("SELECT sum(voices) FROM file_paths JOIN files USING (file_sha)"),
        sightings_generated=one("SELECT sum(voices) FROM file_paths JOIN files USING (file_sha) WHERE generated"),
        voices_rejected=counts("SELECT reason, count(*) FROM rejected_voices GROUP BY ALL ORDER BY 1"),
        voices=one("SELECT count(*) FROM voices"),
        voices_named_twice=one(
            "SELECT count(*) FROM (SELECT voice_id FROM slots GROUP BY voice_id HAVING count(DISTINCT name) > 1)"
        ),
        aliases=one("SELECT count(*) - count(DISTINCT voice_id) FROM (SELECT DISTINCT voice_id, name FROM slots)"),
        fillers=len(read_fillers(connection)),
        voices_damaged=one(
            "SELECT count(*) FROM (SELECT voice_id FROM raw_voices GROUP BY voice_id"
            " HAVING bool_and(raw_sha IN (SELECT raw_sha FROM voice_repairs)))"
        ),
        voices_generated=one(
            "SELECT count(*) FROM (SELECT voice_id FROM slots JOIN files USING (file_sha)"
            " GROUP BY voice_id HAVING bool_and(generated))"
        ),
        warnings=counts("SELECT code, sum(occurrences) FROM file_warnings GROUP BY ALL ORDER BY 1"),
        answers=counts("SELECT answer, count(*) FROM answers GROUP BY ALL ORDER BY 1"),
        labelled_by_main_category=counts(
            "SELECT categories[1], count(DISTINCT voice_id) FROM answers WHERE answer = 'label' GROUP BY ALL ORDER BY 1"
        ),
        suggested_by_main_category=counts(
            "SELECT category, count(*) FROM (SELECT voice_id, arg_max(category, (probability, category)) AS category"
            " FROM suggestions WHERE probability >= $1 GROUP BY voice_id) GROUP BY ALL ORDER BY 1",
            LIKELY,
        ),
        voices_suggested=one("SELECT count(DISTINCT voice_id) FROM suggestions"),
        voices_by_source=counts(
            "SELECT origin, count(DISTINCT voice_id) FROM opinions GROUP BY origin ORDER BY origin"
        ),
        top_names=counts(
            "SELECT name, count(DISTINCT voice_id) FROM slots GROUP BY ALL ORDER BY 2 DESC, 1 LIMIT $1", MOST_ROWS
        ),
        top_copied=counts(
            "SELECT voice_id[:8] || ' ' || arg_max(name, (sightings, name)), sum(sightings) FROM names"
            " GROUP BY voice_id ORDER BY 2 DESC, 1 LIMIT $1",
            MOST_ROWS,
        ),
    )
