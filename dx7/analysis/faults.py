"""Verdicts on what was heard: the faults of a voice, and whether it is useful.

The thresholds were set on the 1,024 voices of Yamaha's 32 factory and cartridge banks: what these do is no fault in
itself. A fault is a hint for a person or a filter; nothing is ever rejected for one at ingest.

================  =======  =======  ==================================================================================
fault             factory  scraped  meaning
================  =======  =======  ==================================================================================
silent                  0      129  no note, soft or hard, short or long, passes -60 dB
nearly_silent           0       24  none passes -40 dB
subsonic                1       34  what does pass it swings slower than 30 Hz
drone                  14      424  10 s after key up it still sounds, above -20 dB of its loudest
swells                  1       41  louder after key up than ever before, by more than 6 dB
slow                   17      538  half of the level comes after 0.6 s, or the first 0.1 s stay 40 dB below the rest
loud                    0       59  a hard note passes 14 dB, as five operators in step do
noisy                  34      561  spectrum as flat as noise
shrill                 18      474  more than half of the energy lies above 8 kHz
unpitched              65     1008  no period that repeats
off_pitch              69     1794  a clear pitch, more than half a semitone from every octave of the key
clicks                  4      142  overtones that are over at once, 10 dB above all around them, the attack apart
================  =======  =======  ==================================================================================

Counted are voices, judged as playing melodies: of 1,002 different factory ones, and of 28,340 scraped ones.
Levels are relative to one operator at full level. Noise, brightness and pitch count where they hold at most of the
notes that are heard.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.descriptors import DESCRIPTOR_NAMES, NOTES, Descriptors
from dx7.analysis.spectrum import SILENCE

Numbers = NDArray[np.float32]

UNPITCHED = frozenset({"drum", "fx"})  # categories that may be noise
INHARMONIC = frozenset({"bell", "mallet"})  # categories that may be out of tune with themselves

SILENT_DB, NEARLY_SILENT_DB = -60.0, -40.0
DRONE_DB, SWELL_DB, LOUD_DB = -20.0, 6.0, 14.0
SLOW_SECONDS, SLOW_DB, SLOW_RISE_DB = 0.6, -40.0, 6.0
NOISY_FLATNESS = 0.1
SHRILL_SHARE = 0.5
SHRILL_SHARE_OF_UNPITCHED = 0.8  # cymbals live up there; no factory voice passes 0.7
UNPITCHED_CONFIDENCE, SURE_CONFIDENCE = 0.4, 0.8
OFF_PITCH_CENTS = 50.0
CLICK_DB = 10.0

# The first nine make a voice useless; clicking, loud and slow ones are merely to be handled with care.
FAULTS = (
    *("silent", "nearly_silent", "subsonic", "drone", "swells", "noisy", "shrill", "unpitched", "off_pitch"),
    *("clicks", "loud", "slow"),
)
_USELESS = frozenset(FAULTS[:9])


def faults(heard: Descriptors, category: str | None = None) -> tuple[str, ...]:
    """The faults of a voice, of :data:`FAULTS`, the gravest first; empty for a good one.

    What belongs to ``category`` is no fault: noise and clicks in drums and effects, false pitch in these, bells and
    mallets. Without a category a voice is judged as one that plays melodies.
    """
    found = judge(heard.row()[None], category)
    return tuple(fault for fault in FAULTS if found[fault][0])


def is_useful(heard: Descriptors, category: str | None = None) -> bool:
    """Whether a voice can be played: heard at some note, stops when released, no noise or screech, in tune.

    ``category`` excuses what belongs to it, as in :func:`faults`.
    """
    return _USELESS.isdisjoint(faults(heard, category))


def judge(rows: Numbers, category: str | None = None) -> dict[str, NDArray[np.bool_]]:
    """The faults of many voices, ``float32[n, len(DESCRIPTOR_NAMES)]``: for each of :data:`FAULTS` who has it."""
    named = dict(zip(DESCRIPTOR_NAMES, rows.T, strict=True))

    def notes(name: str) -> Numbers:
        return np.stack([named[f"{note}_{name}"] for note in NOTES], axis=1)

    pitched = category not in UNPITCHED
    silent = named["loudest_db"] < SILENT_DB
    heard = named["loudest_db"] >= NEARLY_SILENT_DB
    sounding = notes("peak_db") > SILENT_DB
    some = heard & sounding.any(axis=1)
    above_rumble = notes("peak_db") + 10 * np.log10(np.maximum(1 - notes("rumble_share"), 1e-10))
    # What is soft at first was heard for longer: then the loudest can be more than this.
    within_a_second = np.maximum(notes("peak_db").max(axis=1), named["hard_db"])
    confidence = notes("pitch_confidence")
    astray = sounding & (confidence > SURE_CONFIDENCE) & (np.abs(notes("pitch_cents")) > OFF_PITCH_CENTS)
    in_tune = pitched and category not in INHARMONIC
    never = np.zeros(len(rows), np.bool_)
    return {
        "silent": silent,
        "nearly_silent": ~silent & ~heard,
        "subsonic": (notes("peak_db").max(axis=1) >= NEARLY_SILENT_DB)
        & (np.where(sounding, above_rumble, SILENCE).max(axis=1) < NEARLY_SILENT_DB),
        "drone": heard & (named["drone_db"] > DRONE_DB),
        "swells": heard & (named["swell_db"] > SWELL_DB),
        "noisy": some & (_middling(notes("flatness"), sounding) > NOISY_FLATNESS) if pitched else never,
        "shrill": some
        & (_middling(notes("shrill_share"), sounding) > (SHRILL_SHARE if pitched else SHRILL_SHARE_OF_UNPITCHED)),
        "unpitched": some & (_middling(confidence, sounding) < UNPITCHED_CONFIDENCE) if in_tune else never,
        "off_pitch": some & (2 * astray.sum(axis=1) > sounding.sum(axis=1)) if in_tune else never,
        "clicks": heard & (np.maximum(named["held_click_db"], named["release_click_db"]) > CLICK_DB)
        if pitched
        else never,
        "loud": heard & (named["hard_db"] > LOUD_DB),
        "slow": heard
        & (
            (named["attack_seconds"] > SLOW_SECONDS)
            | (named["start_db"] < SLOW_DB)
            | (named["loudest_db"] - within_a_second > SLOW_RISE_DB)
        ),
    }


def _middling(values: Numbers, counts: NDArray[np.bool_]) -> Numbers:
    """The median of those values of each row that count; of none, infinity."""
    ranked = np.sort(np.where(counts, values, np.inf), axis=1)
    how_many = counts.sum(axis=1)[:, None]
    around = np.concatenate([np.maximum(how_many - 1, 0) // 2, how_many // 2], axis=1)
    median: Numbers = np.take_along_axis(ranked, around, axis=1).mean(axis=1)
    return median
