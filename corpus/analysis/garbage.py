"""Garbage: voices whose bytes were never a voice's, as far as their bytes tell.

Headerless files, damaged dumps and strangers' data all yield 128 bytes that can be played. What betrays them is
judged over every copy of a voice that was found: one clean copy clears it.

The surest sign is that bytes do not stand in their places (``alignment.py``). The others are values out of range, but
not every one. People and editors write all ones, 127 or a detune of 15, for "as much as there is", often in many
places, and output levels above 99 for split keyboards. Scraped voices with five or more of these have real names, and
sound as near to their nearest clean voice as clean voices do to theirs. Voices with four or more others (*strays*)
stand twice as far off. A stray transpose is often the first letter of the name, the voice read one byte off; but
people also have one by an editor of theirs, and then all else is in its place. So with names nobody can read.

Of 28,340 scraped voices 262 are garbage by this, of factory voices none. Read one by one, 243 of them surely are; of
the 60 untagged ones nearest to being misplaced two are and nine may be, of 60 by chance none. Banks damaged on purpose
are found to 99 % (``python -m tests.garbage``), to 77 % where only single bits were turned.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from corpus.analysis.alignment import misplacements
from corpus.storage.store import Connection
from dx7.voices.parameters import PACKED_SIZE

MOST_STRAYS = 3  # in the best copy of a voice; more, and it was no voice
MOST_REPAIRS = 4  # values out of range of any kind, if no name can be read either
# Misplacement in the best copy, in nats. The first is enough on its own: factory voices stay below -29, real ones that
# a person set up for a breath controller below 45. The second is where a stray transpose or name is no accident.
MISPLACED, IN_DOUBT = 50.0, -50.0


def garbage_voices(connection: Connection, voice_id: str | None = None) -> dict[str, str]:
    """The voices that are garbage, of all or of one, each with the reason that tells first.

    *uniform*: the bytes of its parameters are all alike. *misplaced*: likelier some bytes off than in place, in every
    copy. *damaged*: four strays or more in every copy. *shifted*: a stray transpose in every copy, and more out of
    range or places in doubt. *unreadable*: no name with three different letters or digits, and five values or more out
    of range in every copy, or places in doubt. *repeated*: the second half of its bytes is the first again.
    *unprintable*: every name has control characters, and values are out of range or places in doubt.
    """
    connection.register("misplaced_bytes", _weigh(connection, voice_id))
    try:
        return dict(connection.execute(_REASONS, _LIMITS | {"voice_id": voice_id}).fetchall())
    finally:
        connection.unregister("misplaced_bytes")


def _weigh(connection: Connection, voice_id: str | None) -> pa.Table:
    rows = connection.execute(
        "SELECT raw_sha, raw FROM raw_voices WHERE octet_length(raw) = $1 AND coalesce(voice_id = $2, true)",
        [PACKED_SIZE, voice_id],
    ).fetchall()
    raw = np.frombuffer(b"".join(row for _, row in rows), np.uint8).reshape(-1, PACKED_SIZE)
    return pa.table({"raw_sha": pa.array([sha for sha, _ in rows], pa.string()), "off": misplacements(raw)})


_LIMITS = {"most_strays": MOST_STRAYS, "most_repairs": MOST_REPAIRS, "misplaced": MISPLACED, "in_doubt": IN_DOUBT}

# Control codes in names stand in the store as Unicode's pictures of them (dx7/voices/names.py).
_REASONS = """
    WITH odd AS (  -- of all ones, value & (value + 1) is 0
        SELECT *, value & (value + 1) <> 0 AND NOT ends_with(field, '_output_level') AS stray FROM voice_repairs
    ), counted AS (
        SELECT raw_sha, count(*) AS repairs, count(*) FILTER (stray) AS strays,
            bool_or(stray AND field = 'transpose') AS shifted
        FROM odd GROUP BY raw_sha
    ), named AS (
        SELECT DISTINCT voice_id, raw_sha, name FROM slots WHERE coalesce(voice_id = $voice_id, true)
    ), copies AS (
        SELECT voice_id, name, raw, coalesce(repairs, 0) AS repairs, coalesce(strays, 0) AS strays,
            coalesce(shifted, false) AS shifted, coalesce(off, '-infinity') AS off
        FROM named JOIN raw_voices USING (raw_sha, voice_id) LEFT JOIN counted USING (raw_sha)
            LEFT JOIN misplaced_bytes USING (raw_sha)
    )
    SELECT voice_id, CASE
        WHEN bool_and(replace(hex(raw[:118]), left(hex(raw), 2), '') = '') THEN 'uniform'
        WHEN min(off) > $misplaced THEN 'misplaced'
        WHEN min(strays) > $most_strays THEN 'damaged'
        WHEN bool_and(shifted) AND (min(off) > $in_doubt OR min(repairs) > 1) THEN 'shifted'
        WHEN (min(repairs) > $most_repairs OR min(off) > $in_doubt)
            AND max(len(list_distinct(regexp_extract_all(lower(name), '[a-z0-9]')))) < 3 THEN 'unreadable'
        WHEN bool_and(left(hex(raw), octet_length(raw)) = right(hex(raw), octet_length(raw))) THEN 'repeated'
        WHEN bool_and(regexp_matches(name, '[\u2400-\u241f]')) AND (min(off) > $in_doubt OR min(repairs) > 0)
            THEN 'unprintable'
    END AS reason
    FROM copies GROUP BY voice_id HAVING reason IS NOT NULL
"""
