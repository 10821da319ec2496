"""Verdicts on what was heard: the faults of a voice, and whether it is useful.

The thresholds were set on the 1,024 voices of Yamaha's 32 factory and cartridge banks: what these do is no fault in
itself. A fault is a hint for a person or a filter; nothing is ever rejected for one at ingest.

================  =============================================================================================
silent            no note, soft or hard, short or long, passes -60 dB
nearly_silent     none passes -40 dB
subsonic          what does pass it swings slower than 30 Hz
drone             10 s after key up it still sounds, above -20 dB of its loudest
swells            louder after key up than ever before, by more than 6 dB
slow              half of the level comes after 0.6 s, or the first 0.1 s stay 40 dB below the highest peak
loud              a hard note passes 14 dB, as five operators in step do
noisy             spectrum as flat as noise
shrill            more than half of the energy lies above 8 kHz
unpitched         no period that repeats
off_pitch         a clear pitch, more than half a semitone from every octave of the key
clicks            a burst of overtones that is over at once, 10 dB above all around it, the attack apart
================  =============================================================================================

Levels are relative to one operator at full level. Noise, brightness and pitch count where they hold at most of the
notes that are heard.
"""

from __future__ import annotations

from collections.abc import Callable
from math import log10
from statistics import median

from dx7.descriptors import Descriptors
from dx7.spectrum import Spectrum

UNPITCHED = frozenset({"drum", "fx"})  # categories that may be noise
INHARMONIC = frozenset({"bell", "mallet"})  # categories that may be out of tune with themselves

SILENT_DB, NEARLY_SILENT_DB = -60.0, -40.0
DRONE_DB, SWELL_DB, LOUD_DB = -20.0, 6.0, 14.0
SLOW_SECONDS, SLOW_DB = 0.6, -40.0
NOISY_FLATNESS = 0.1
SHRILL_SHARE = 0.5
SHRILL_SHARE_OF_UNPITCHED = 0.8  # cymbals live up there; no factory voice passes 0.7
UNPITCHED_CONFIDENCE, SURE_CONFIDENCE = 0.5, 0.8
OFF_PITCH_CENTS = 50.0
CLICK_DB = 10.0

# These make a voice useless; slow, loud and clicking ones are merely to be handled with care.
_USELESS = frozenset(
    {"silent", "nearly_silent", "subsonic", "drone", "swells", "noisy", "shrill", "unpitched", "off_pitch"}
)
FAULTS = (*sorted(_USELESS), "clicks", "loud", "slow")


def faults(heard: Descriptors, category: str | None = None) -> tuple[str, ...]:
    """The faults of a voice, of :data:`FAULTS`, the gravest first; empty for a good one.

    What belongs to ``category`` is no fault: noise and clicks in drums and effects, false pitch in these, bells and
    mallets.
    Without a category a voice is judged as one that plays melodies.
    """
    if heard.loudest_db < SILENT_DB:
        return ("silent",)
    if heard.loudest_db < NEARLY_SILENT_DB:
        return ("nearly_silent",)
    found = []
    notes = [note for note in heard.spectra if note.peak_db > SILENT_DB]
    if notes and max(map(_heard_db, notes)) < NEARLY_SILENT_DB:
        found.append("subsonic")
    if heard.drone_db > DRONE_DB:
        found.append("drone")
    if heard.swell_db > SWELL_DB:
        found.append("swells")
    if notes:
        found += _faults_of_notes(notes, category)
    if category not in UNPITCHED and max(heard.held_click_db, heard.release_click_db) > CLICK_DB:
        found.append("clicks")
    if heard.hard_db > LOUD_DB:
        found.append("loud")
    if heard.attack_seconds > SLOW_SECONDS or heard.start_db < SLOW_DB:
        found.append("slow")
    return tuple(found)


def is_useful(heard: Descriptors, category: str | None = None) -> bool:
    """Whether a voice can be played: heard at some note, stops when released, no noise or screech, in tune.

    ``category`` excuses what belongs to it, as in :func:`faults`.
    """
    return _USELESS.isdisjoint(faults(heard, category))


def _heard_db(note: Spectrum) -> float:
    """The level of what lies above 30 Hz."""
    return note.peak_db + 10 * log10(max(1 - note.rumble_share, 1e-10))


def _faults_of_notes(notes: list[Spectrum], category: str | None) -> list[str]:
    def middling(value: Callable[[Spectrum], float]) -> float:
        return median(map(value, notes))

    found = []
    pitched = category not in UNPITCHED
    if pitched and middling(lambda note: note.flatness) > NOISY_FLATNESS:
        found.append("noisy")
    if middling(lambda note: note.shrill_share) > (SHRILL_SHARE if pitched else SHRILL_SHARE_OF_UNPITCHED):
        found.append("shrill")
    if pitched and category not in INHARMONIC:
        astray = [
            note
            for note in notes
            if note.pitch_confidence > SURE_CONFIDENCE and abs(note.pitch_cents) > OFF_PITCH_CENTS
        ]
        if middling(lambda note: note.pitch_confidence) < UNPITCHED_CONFIDENCE:
            found.append("unpitched")
        elif 2 * len(astray) > len(notes):
            found.append("off_pitch")
    return found
