"""Audition phrases: a few notes to judge a voice by, the same on the engine and on a DX7.

The phrase of a category is in ``data/categories.toml``. Its notes follow each other; the last has a higher velocity, so
that the effect of velocity is audible.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from dx7.shared.categories import get_category
from dx7.sound.engine import SAMPLE_RATE, Audio, render
from dx7.voices.parameters import BY_NAME
from dx7.voices.voice import Voice

USUAL_VELOCITY = 100  # here velocity sensitivity changes nothing
HARD_VELOCITY = 120
GAP = 0.1  # seconds between a release and the next note
TAIL = 1.0  # seconds after the last release
_NO_TRANSPOSE = BY_NAME["transpose"].default  # the stored value


class NoteEvent(NamedTuple):
    """A key press, or a release (velocity 0), ``seconds`` after the start of the phrase."""

    seconds: float
    note: int
    velocity: int


@dataclass(frozen=True, slots=True)
class PhraseNote:
    """One note: its start and duration in seconds, MIDI note and velocity."""

    start: float
    held: float
    note: int
    velocity: int

    @property
    def end(self) -> float:
        """The time of the key release in seconds."""
        return self.start + self.held


@dataclass(frozen=True, slots=True)
class Phrase:
    """Notes in order of their start, and the total length in ``seconds``, including the tail."""

    notes: tuple[PhraseNote, ...]
    seconds: float

    def events(self) -> tuple[NoteEvent, ...]:
        """Return all key presses and releases by time; at equal times, releases come first."""
        downs = [NoteEvent(n.start, n.note, n.velocity) for n in self.notes]
        ups = [NoteEvent(n.end, n.note, 0) for n in self.notes]
        return tuple(sorted(downs + ups, key=lambda event: (event.seconds, event.velocity > 0)))

    def fitted(self, voice: Voice) -> Phrase:
        """Return the phrase with notes moved by octaves, so that the voice's transpose keeps them within 0 to 127.

        A DX7 plays its highest note for one transposed below 0.
        """
        shift = voice["transpose"] - _NO_TRANSPOSE
        return replace(self, notes=tuple(replace(n, note=_inside(n.note, shift)) for n in self.notes))


def make_phrase(notes: tuple[int, ...], note_seconds: float) -> Phrase:
    """Make a phrase of MIDI notes, each held ``note_seconds``; the last has a higher velocity."""
    if not notes or note_seconds <= 0:
        raise ValueError(f"a phrase needs notes that last, not {notes} of {note_seconds} s")
    played = tuple(
        PhraseNote(index * (note_seconds + GAP), note_seconds, note, USUAL_VELOCITY) for index, note in enumerate(notes)
    )
    played = (*played[:-1], replace(played[-1], velocity=HARD_VELOCITY))
    return Phrase(played, played[-1].end + TAIL)


DEFAULT_PHRASE = make_phrase((48, 60, 67), 0.8)


def phrase_of(category: str | None) -> Phrase:
    """Return the phrase of a category, or :data:`DEFAULT_PHRASE` for None. Raises ``CategoryError`` for an unknown key.

    >>> [(event.seconds, event.note, event.velocity) for event in phrase_of("clav").events()][:2]
    [(0.0, 48, 100), (0.4, 48, 0)]
    """
    if category is None:
        return DEFAULT_PHRASE
    row = get_category(category)
    return make_phrase(row.notes, row.note_seconds)


def render_phrase(voice: Voice, phrase: Phrase = DEFAULT_PHRASE) -> Audio:
    """Render a phrase on the engine: ``float32[samples]`` at its sample rate, at the plugin's level.

    Releases overlap the following notes, as on the instrument. Notes are fitted to the voice's transpose.
    Raises ``EngineError`` for a phrase longer than the engine renders.
    """
    mix = np.zeros(round(phrase.seconds * SAMPLE_RATE), dtype=np.float32)
    for note in phrase.fitted(voice).notes:
        sound = render(
            voice,
            note=note.note,
            velocity=note.velocity,
            seconds_held=note.held,
            seconds_total=phrase.seconds - note.start,
        )
        first = round(note.start * SAMPLE_RATE)
        room = mix[first : first + len(sound)]  # rounding to samples may make a sound one sample too long
        room += sound[: len(room)]
    return mix


def _inside(note: int, shift: int) -> int:
    while note + shift < 0:
        note += 12
    while note + shift > 127:
        note -= 12
    return note
