"""Garbage: voices whose bytes are not those of a DX7 voice.

Headerless files, damaged dumps and data of other kinds all contain 128 bytes that can be played. All copies of a voice
are examined; one clean copy clears it.

The most reliable sign is a misalignment of the bytes (:func:`misplacements`). The others are values out of range, but
not all of them. Editors write all ones, 127 or a detune of 15, to mean the maximum, often in many fields, and output
levels above 99 for split keyboards. Scraped voices with five or more of these have real names, and are as near in sound
to their nearest clean voice as clean voices are to theirs. Voices with four or more other values out of range
(*strays*) are twice as far. A stray transpose is often the first letter of the name of a voice that was read one byte
off; some editors write one too, but then everything else is in place. The same holds for unreadable names.

Of 28,340 scraped voices these rules call 262 garbage, and no factory voice. By inspection, 243 of them certainly are.
Of the 60 untagged voices nearest to misalignment two are garbage and nine may be; of 60 random ones, none. In banks
damaged on purpose (``python -m tests.garbage``) 99 % are found, 77 % where only single bits were flipped.

For the alignment, the distribution of each of the 128 bytes is counted in the starter banks, so that it is the same for
every store. The log-likelihood of a voice is compared with that of its bytes rotated by 1 to 127 positions; the
rotation stands for the bytes of the neighbouring voices. Factory voices stay below -30 nats; banks that lost or gained
bytes exceed 60 even where every value is legal.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import pyarrow as pa

from corpus.storage.store import Connection
from dx7.formats.files import read_bank_bytes
from dx7.shared.locations import STARTER_BANKS
from dx7.voices.layout import Bytes, Floats, pack
from dx7.voices.parameters import PACKED_SIZE

IN_PLACE = np.float32(-100)  # nats: the result for voices that are so likely in place that rotations are not tried
_VALUES = 256
_LIKELY = 3.6  # nats per byte: real voices are rarely less likely; misaligned ones always were
_SPREAD = 9  # values over which counts are smoothed
_ANYTHING = 0.1  # probability of a uniform 7-bit value, mixed into each distribution
MOST_STRAYS = 3  # allowed in the best copy of a voice
MOST_REPAIRS = 4  # values out of range of any kind that are allowed if the name is unreadable
# Misplacement of the best copy, in nats. MISPLACED is sufficient alone: factory voices stay below -29, real voices
# with breath controller settings below 45. IN_DOUBT is required together with a stray transpose or an unreadable name.
MISPLACED, IN_DOUBT = 50.0, -50.0


def garbage_voices(connection: Connection, voice_id: str | None = None) -> dict[str, str]:
    """The garbage among all voices, or whether one voice is: reasons by voice id, the first that applies.

    *uniform*: all parameter bytes are equal. *misplaced*: every copy is likelier if read some bytes off. *damaged*:
    every copy has four strays or more. *shifted*: every copy has a stray transpose, and another value out of range or
    doubtful alignment. *unreadable*: no name has three different letters or digits, and every copy has five values
    out of range or doubtful alignment. *repeated*: the two halves of the bytes are equal. *unprintable*: every name
    has control characters, and every copy has a value out of range or doubtful alignment.
    """
    connection.register("misplaced_bytes", _weigh(connection, voice_id))
    try:
        return dict(connection.execute(_REASONS, _LIMITS | {"voice_id": voice_id}).fetchall())
    finally:
        connection.unregister("misplaced_bytes")


def misplacements(raw: Bytes) -> Floats:
    """The log-likelihood ratio of the best rotation of packed voices ``uint8[n, 128]`` against none: ``float32[n]``.

    In nats, at least :data:`IN_PLACE`.
    """
    likely = _log_likelihoods()
    where = np.arange(PACKED_SIZE) * _VALUES + raw
    in_place = likely.ravel().take(where).sum(axis=1)
    found = np.full(len(raw), IN_PLACE)
    odd = np.flatnonzero(in_place < -_LIKELY * PACKED_SIZE)
    for off in range(1, PACKED_SIZE):
        elsewhere = np.roll(likely, off, axis=0).ravel().take(where[odd]).sum(axis=1)
        found[odd] = np.maximum(found[odd], elsewhere - in_place[odd])
    return found


@cache
def _log_likelihoods() -> Floats:
    """``float32[128, 256]``: the log-probability of each value of each byte."""
    banks = [read_bank_bytes(file.read_bytes()).decoded.unpacked for file in sorted(STARTER_BANKS.rglob("*.syx"))]
    packed = pack(np.concatenate(banks))
    counts = np.stack([np.bincount(column, minlength=_VALUES) for column in packed.T]) / len(packed)
    near = np.stack([np.convolve(column, np.full(_SPREAD, 1 / _SPREAD), mode="same") for column in counts])
    shares = (1 - _ANYTHING) * (counts + near) / 2 + _ANYTHING / 128
    logarithms: Floats = np.log(shares).astype(np.float32)
    return logarithms


def _weigh(connection: Connection, voice_id: str | None) -> pa.Table:
    rows = connection.execute(
        "SELECT raw_sha, raw FROM raw_voices WHERE octet_length(raw) = $1 AND coalesce(voice_id = $2, true)",
        [PACKED_SIZE, voice_id],
    ).fetchall()
    raw = np.frombuffer(b"".join(row for _, row in rows), np.uint8).reshape(-1, PACKED_SIZE)
    return pa.table({"raw_sha": pa.array([sha for sha, _ in rows], pa.string()), "off": misplacements(raw)})


_LIMITS = {"most_strays": MOST_STRAYS, "most_repairs": MOST_REPAIRS, "misplaced": MISPLACED, "in_doubt": IN_DOUBT}

# The store has control characters of names as Unicode control pictures (dx7/voices/names.py).
_REASONS = """
    WITH odd AS (  -- value & (value + 1) is 0 for values of all ones
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
