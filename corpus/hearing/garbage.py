"""Garbage: voices whose bytes were never a voice's, as far as their bytes tell.

Headerless files, damaged dumps and strangers' data all yield 128 bytes that can be played. What betrays them is
judged over every copy of a voice that was found: one clean copy clears it.

Not every value out of range is a sign of it. People and editors write all ones, 127 or a detune of 15, for "as much
as there is", often in many places, and output levels above 99 for split keyboards. Scraped voices with five or more
of these have real names, and sound as near to their nearest clean voice as clean voices do to theirs. Voices with
four or more others (*strays*) stand twice as far off. A stray transpose is nearly always the first letter of the
name: the voice was read one byte off, and half of such are silent.
"""

from __future__ import annotations

from corpus.storage.store import Connection

MOST_STRAYS = 3  # in the best copy of a voice; more, and it was no voice
MOST_REPAIRS = 4  # values out of range of any kind, if no name can be read either


def garbage_voices(connection: Connection) -> dict[str, str]:
    """The voices that are garbage, each with the reason that tells first.

    *damaged*: four strays or more in every copy. *shifted*: a stray transpose in every copy. *unreadable*: five
    values or more out of range in every copy, and no name with three different letters or digits. *uniform*: the
    bytes of its parameters are all alike. *unprintable*: every name has control characters.
    """
    return dict(connection.execute(_REASONS, {"most_strays": MOST_STRAYS, "most_repairs": MOST_REPAIRS}).fetchall())


# Control codes in names stand in the store as Unicode's pictures of them (dx7/names.py).
_REASONS = """
    WITH odd AS (  -- of all ones, value & (value + 1) is 0
        SELECT *, value & (value + 1) <> 0 AND NOT ends_with(field, '_output_level') AS stray FROM voice_repairs
    ), counted AS (
        SELECT raw_sha, count(*) AS repairs, count(*) FILTER (stray) AS strays,
            bool_or(stray AND field = 'transpose') AS shifted
        FROM odd GROUP BY raw_sha
    ), named AS (
        SELECT DISTINCT voice_id, raw_sha, name FROM slots
    ), copies AS (
        SELECT voice_id, name, raw, coalesce(repairs, 0) AS repairs, coalesce(strays, 0) AS strays,
            coalesce(shifted, false) AS shifted
        FROM named JOIN raw_voices USING (raw_sha, voice_id) LEFT JOIN counted USING (raw_sha)
    )
    SELECT voice_id, CASE
        WHEN min(strays) > $most_strays THEN 'damaged'
        WHEN bool_and(shifted) THEN 'shifted'
        WHEN min(repairs) > $most_repairs
            AND max(len(list_distinct(regexp_extract_all(lower(name), '[a-z0-9]')))) < 3 THEN 'unreadable'
        WHEN bool_and(replace(hex(raw[:118]), left(hex(raw), 2), '') = '') THEN 'uniform'
        WHEN bool_and(regexp_matches(name, '[\u2400-\u241f]')) THEN 'unprintable'
    END AS reason
    FROM copies GROUP BY voice_id HAVING reason IS NOT NULL
"""
