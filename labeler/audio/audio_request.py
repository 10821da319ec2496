"""Audio requests: a voice and the notes to play with it, encoded in a URL.

The voice is the base64url text of its 145 parameters. So the URL needs no store, always means the same, and may be
cached for ever:

    /sound/<voice>?category=brass&octave=1&velocity=-1    the phrase of a category, by default the common one
    /sound/<voice>?note=60&velocity=100&held=0.6          one note
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, replace

from dx7.errors import VoiceError
from dx7.shared.categories import category_keys
from dx7.sound.phrases import Phrase, PhraseNote, phrase_of
from dx7.voices.parameters import PARAMETER_COUNT, UNPACKED_SIZE
from dx7.voices.voice import Voice

OCTAVES = range(-2, 3)
VELOCITIES = {-2: 30, -1: 60, 0: None, 1: 127}  # steps softer and louder; None keeps the velocities of the phrase
LONGEST_NOTE = 8.0  # seconds until the key is released
_NOTE_TAIL = 2.0  # seconds of release
_USUAL_HELD = 0.6
_NO_NAME = b" " * (UNPACKED_SIZE - PARAMETER_COUNT)


@dataclass(frozen=True, slots=True)
class AudioRequest:
    """A voice and a phrase. ``plain_phrase`` is the phrase before the octave and velocity steps; it sets the level."""

    voice: Voice
    phrase: Phrase
    plain_phrase: Phrase

    @property
    def is_plain(self) -> bool:
        """Whether no octave or velocity step is applied."""
        return self.phrase == self.plain_phrase


def encode_voice(voice: Voice) -> str:
    """The voice as 194 characters for a URL, without its name."""
    return base64.urlsafe_b64encode(voice.parameters).decode().rstrip("=")


def decode_voice(text: str) -> Voice:
    """Reverse of :func:`encode_voice`; the voice has no name. Raises ``VoiceError`` for any other text."""
    try:
        parameters = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise VoiceError("the voice of this address is not base64url") from None
    if len(parameters) != PARAMETER_COUNT:
        raise VoiceError(f"the voice of this address has {len(parameters)} parameters, not {PARAMETER_COUNT}")
    if base64.urlsafe_b64encode(parameters).decode().rstrip("=") != text:  # one voice, one address
        raise VoiceError("the voice of this address is not written as it should be")
    return Voice(parameters + _NO_NAME)


def parse_audio_request(voice: str, query: Mapping[str, str]) -> AudioRequest:
    """The request of a URL. Raises ``ValueError`` or ``VoiceError`` if one of its values is not allowed."""
    return audio_request_of(decode_voice(voice), query)


def audio_request_of(voice: Voice, query: Mapping[str, str]) -> AudioRequest:
    """The request of a voice and the query of a URL. Raises ``ValueError`` if a value is not allowed."""
    if "note" in query:
        note = _whole(query, "note", 0, 127)
        velocity = _whole(query, "velocity", 1, 127, 100)
        held = _held(query.get("held"))
        return AudioRequest(voice, Phrase((PhraseNote(0.0, held, note, velocity),), held + _NOTE_TAIL), phrase_of(None))
    category = query.get("category") or None
    if category is not None and category not in category_keys():
        raise ValueError(f"there is no category {category!r}")
    octave = _whole(query, "octave", min(OCTAVES), max(OCTAVES), 0)
    step = _whole(query, "velocity", min(VELOCITIES), max(VELOCITIES), 0)
    plain = phrase_of(category)
    return AudioRequest(voice, _varied(plain, octave, VELOCITIES[step]), plain)


def _whole(query: Mapping[str, str], name: str, least: int, most: int, default: int | None = None) -> int:
    text = query.get(name, "" if default is None else str(default))
    try:
        value = int(text)
    except ValueError:
        raise ValueError(f"{name} is {text!r}; it must be {least} to {most}") from None
    if not least <= value <= most:
        raise ValueError(f"{name} is {value}; it must be {least} to {most}")
    return value


def _held(text: str | None) -> float:
    try:
        held = _USUAL_HELD if text is None else float(text)
    except ValueError:
        held = -1.0
    if not 0 < held <= LONGEST_NOTE:
        raise ValueError(f"held is {text!r}; it must be seconds above 0, to {LONGEST_NOTE:g}")
    return held


def _varied(phrase: Phrase, octave: int, velocity: int | None) -> Phrase:
    notes = tuple(
        replace(note, note=_on_keyboard(note.note + 12 * octave), velocity=velocity or note.velocity)
        for note in phrase.notes
    )
    return replace(phrase, notes=notes)


def _on_keyboard(note: int) -> int:
    while note < 0:
        note += 12
    while note > 127:
        note -= 12
    return note
