"""Garbage: voices whose bytes were never a voice's, as far as their bytes tell.

Headerless files, damaged dumps and strangers' data all yield 128 bytes that can be played. What betrays them is
judged over every copy of a voice that was found: one clean copy clears it.
"""

from __future__ import annotations

from corpus.storage.store import Connection

MOST_REPAIRS = 4  # values out of range in the best copy of a voice; more, and it was no voice


def garbage_voices(connection: Connection) -> dict[str, str]:
    """The voices that are garbage, each with the reason that tells first.

    *damaged*: five values or more were out of range in every copy. *uniform*: the bytes of its parameters are all
    alike. *unprintable*: every name has control characters.
    """
    found: dict[str, str] = {}
    for reason, query in _QUERIES.items():
        for (voice_id,) in connection.execute(query, _VALUES.get(reason, {})).fetchall():
            found.setdefault(voice_id, reason)
    return found


_VALUES = {"damaged": {"most_repairs": MOST_REPAIRS}}
# Control codes in names stand in the store as Unicode's pictures of them (dx7/names.py).
_QUERIES = {
    "damaged": """
        WITH repaired AS (SELECT raw_sha, count(*) AS repairs FROM voice_repairs GROUP BY raw_sha)
        SELECT voice_id FROM raw_voices LEFT JOIN repaired USING (raw_sha)
        GROUP BY voice_id HAVING min(coalesce(repairs, 0)) > $most_repairs
    """,
    "uniform": """
        SELECT voice_id FROM raw_voices GROUP BY voice_id
        HAVING bool_and(replace(hex(raw[:118]), left(hex(raw), 2), '') = '')
    """,
    "unprintable": r"""
        SELECT voice_id FROM slots GROUP BY voice_id HAVING bool_and(regexp_matches(name, '[\u2400-\u241f]'))
    """.replace(r"\u2400-\u241f", "\u2400-\u241f"),
}
