"""What a request asks to be played: a voice, and a phrase or one note, read from an address that anybody may write."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import replace

from dx7.errors import CartwrightError
from dx7.parameters import PARAMETER_COUNT
from dx7.phrases import TAIL, Phrase, PhraseNote, phrase_of
from dx7.voice import Voice

VELOCITIES = {-2: 30, -1: 60, 0: None, 1: 127}  # steps softer and louder; None is the phrase's own
OCTAVES = range(-2, 3)
LONGEST_NOTE = 10.0  # seconds


class BadRequestError(CartwrightError):
    """A request that asks for what there is not; the sentence goes back to whoever asked."""


def read_voice_text(text: str, name: str = "") -> Voice:
    """The voice of base64url of its 145 parameters. Raises ``BadRequestError``; ``VoiceError`` for values, or a name,
    that a voice cannot have.
    """
    try:
        parameters = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise BadRequestError(f"the voice is not base64url: {error}") from error
    if len(parameters) != PARAMETER_COUNT:
        raise BadRequestError(f"a voice has {PARAMETER_COUNT} parameters, not {len(parameters)}")
    return Voice(parameters + b" " * 10).replace(name=name)


def read_phrase(query: Mapping[str, str]) -> Phrase:
    """One note if ``note`` is asked for, else the phrase of ``category``, in another ``octave`` or ``velocity`` step.

    Raises ``BadRequestError``, and ``CategoryError`` for a category nobody defined.
    """
    if "note" in query:
        note = _whole(query, "note", 60, range(128))
        velocity = _whole(query, "velocity", 100, range(1, 128))
        held = _seconds(query, "held", 0.6)
        return Phrase((PhraseNote(0.0, held, note, velocity),), held + TAIL)
    octave = _whole(query, "octave", 0, OCTAVES)
    velocity = VELOCITIES[_whole(query, "velocity", 0, range(min(VELOCITIES), max(VELOCITIES) + 1))] or 0
    phrase = phrase_of(query.get("category") or None)
    notes = tuple(
        replace(note, note=_on_keyboard(note.note + 12 * octave), velocity=velocity or note.velocity)
        for note in phrase.notes
    )
    return replace(phrase, notes=notes)


def _whole(query: Mapping[str, str], name: str, usual: int, allowed: range) -> int:
    try:
        value = int(query.get(name, usual))
    except ValueError:
        value = allowed.stop
    if value not in allowed:
        raise BadRequestError(f"{name} is {query[name]!r}; it must be {allowed[0]} to {allowed[-1]}")
    return value


def _seconds(query: Mapping[str, str], name: str, usual: float) -> float:
    try:
        value = float(query.get(name, usual))
    except ValueError:
        value = -1.0
    if not 0.01 <= value <= LONGEST_NOTE:  # false for what is not a number, too
        raise BadRequestError(f"{name} is {query[name]!r}; it must be 0.01 to {LONGEST_NOTE:g} seconds")
    return value


def _on_keyboard(note: int) -> int:
    while note < 0:
        note += 12
    while note > 127:
        note -= 12
    return note
