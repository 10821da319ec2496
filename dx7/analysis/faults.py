"""Faults of a voice, computed from its descriptors, and whether the voice is useful.

The thresholds were set on the 1,024 voices of Yamaha's 32 factory and cartridge banks: what these voices do is not a
fault in itself. A fault is a hint for a person or a filter. Ingest never rejects a voice for a fault.

================  =======  =======  ==================================================================================
fault             factory  scraped  meaning
================  =======  =======  ==================================================================================
silent                  0      129  no note, soft or hard, short or long, exceeds -60 dB
nearly_silent           0       24  no note exceeds -40 dB
subsonic                1       34  what exceeds it oscillates below 30 Hz
drone                  14      424  still above -20 dB of its maximum 10 s after key up
swells                  1       41  louder after key up than before, by more than 6 dB
slow                   17      538  half of the level after 0.6 s, or the first 0.1 s 40 dB below the rest
loud                    0       59  a hard note exceeds 14 dB, as five operators in phase do
noisy                  34      561  spectrum as flat as noise
shrill                 18      474  more than half of the energy above 8 kHz
unpitched              65     1008  no repeating period
off_pitch              69     1794  a clear pitch, more than half a semitone from every octave of the key
clicks                  4      142  short bursts of overtones 10 dB above their surroundings, except in the attack
================  =======  =======  ==================================================================================

The counts are voices, treated as melodic: of 1,002 distinct factory voices and of 28,340 scraped ones. Levels are
relative to one operator at full level. Noise, brightness and pitch count if they hold at most of the audible notes.
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
SHRILL_SHARE_OF_UNPITCHED = 0.8  # cymbals; no factory voice exceeds 0.7
UNPITCHED_CONFIDENCE, SURE_CONFIDENCE = 0.4, 0.8
OFF_PITCH_CENTS = 50.0
CLICK_DB = 10.0

USELESS = ("silent", "nearly_silent", "subsonic", "drone", "swells", "noisy", "shrill", "unpitched", "off_pitch")
FAULTS = (*USELESS, "clicks", "loud", "slow")  # the gravest first; the last three leave a voice useful


def find_faults(heard: Descriptors, category: str | None = None) -> tuple[str, ...]:
    """The faults of a voice, a subset of :data:`FAULTS` in its order; empty for a good voice.

    A category excuses what belongs to it: noise and clicks in drums and effects, wrong pitch in these and in bells and
    mallets. Without a category the voice is treated as melodic.
    """
    found = detect_faults(heard.row()[None], category)
    return tuple(fault for fault in FAULTS if found[fault][0])


def is_useful(heard: Descriptors, category: str | None = None) -> bool:
    """Whether a voice can be played: audible at some note, stops when released, not noisy or shrill, in tune.

    ``category`` excuses what belongs to it, as in :func:`find_faults`.
    """
    return not set(USELESS) & set(find_faults(heard, category))


def detect_faults(rows: Numbers, category: str | None = None) -> dict[str, NDArray[np.bool_]]:
    """The faults of many voices, from ``float32[n, len(DESCRIPTOR_NAMES)]``: ``bool[n]`` for each of :data:`FAULTS`."""
    named = dict(zip(DESCRIPTOR_NAMES, rows.T, strict=True))

    def notes(name: str) -> Numbers:
        return np.stack([named[f"{note}_{name}"] for note in NOTES], axis=1)

    pitched = category not in UNPITCHED
    silent = named["loudest_db"] < SILENT_DB
    heard = named["loudest_db"] >= NEARLY_SILENT_DB
    sounding = notes("peak_db") > SILENT_DB
    some = heard & sounding.any(axis=1)
    above_rumble = notes("peak_db") + 10 * np.log10(np.maximum(1 - notes("rumble_share"), 1e-10))
    # A voice with a soft start was rendered for longer, so its maximum over all time can be higher.
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
    """The median of the values of each row where ``counts`` is true; infinity for a row without any."""
    ranked = np.sort(np.where(counts, values, np.inf), axis=1)
    how_many = counts.sum(axis=1)[:, None]
    around = np.concatenate([np.maximum(how_many - 1, 0) // 2, how_many // 2], axis=1)
    median: Numbers = np.take_along_axis(ranked, around, axis=1).mean(axis=1)
    return median
