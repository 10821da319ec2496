"""A DX7 at a MIDI port: load voices into its edit buffer, play phrases, end all notes when something fails.

On a Mk I a person first sets FUNCTION 8: channel, SYS INFO AVAIL, and MEM PROTECT INTERNAL off. Otherwise it ignores
voices or shows MEMORY PROTECTED, and sends no error. Loading a voice replaces the edit buffer and stores nothing; a
bank (:meth:`Instrument.send_bank`) overwrites the 32 memories.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from dx7.errors import MidiError, RefusedMessageError
from dx7.formats.messages import (
    ALL_NOTES_OFF,
    MONO_MODE,
    POLY_MODE,
    SUSTAIN_PEDAL,
    encode_bank_message,
    encode_control_change,
    encode_note_off,
    encode_note_on,
    encode_voice_message,
)
from dx7.hardware.ports import Port
from dx7.sound.phrases import Phrase
from dx7.voices.voice import Voice

BANK_CONFIRMATION = "overwrite the 32 memories"
SETUP_HINT = (
    "the DX7 must be on the same channel, with SYS INFO AVAIL (FUNCTION 8) and MEM PROTECT INTERNAL off; "
    "both are lost at power-off"
)
_BYTE_SECONDS = 10 / 31_250  # on a MIDI cable; drivers accept a message at once and send it at this rate
_NOTES_AT_ONCE = 32  # 96 bytes; the DX7's receive buffer holds 380


@dataclass(frozen=True, slots=True)
class Pacing:
    """Pauses in seconds after a message has been sent, for the DX7's processor. Each is 0 to 5."""

    after_voice: float = 0.1
    after_bank: float = 0.3

    def __post_init__(self) -> None:
        if not (0 <= self.after_voice <= 5 and 0 <= self.after_bank <= 5):
            raise ValueError(f"a pause is 0 to 5 seconds, not {self.after_voice} or {self.after_bank}")


class Instrument:
    """Plays voices on a DX7. Use it in a ``with`` block: leaving the block ends all notes, also after an error.

    ``clock`` and ``sleep`` count in seconds; tests pass their own.
    """

    def __init__(
        self,
        port: Port,
        *,
        channel: int = 1,
        pacing: Pacing | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._port = port
        self._channel = channel
        self._pacing = pacing or Pacing()
        self._clock = clock
        self._sleep = sleep
        self._sounding: list[int] = []
        self._voice: Voice | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.panic()
        except MidiError as failure:
            if error is None:
                raise
            error.add_note(f"and the notes could not be stopped: {failure}")

    @property
    def sounding(self) -> tuple[int, ...]:
        """The notes whose keys are down, in the order in which they were pressed."""
        return tuple(self._sounding)

    def load(self, voice: Voice) -> None:
        """Load a voice into the edit buffer. Notes end first: a DX7 cuts their sound but keeps them in its table."""
        self._release_all()
        self._send_and_wait(encode_voice_message(voice, self._channel), self._pacing.after_voice)
        self._voice = voice

    def play(self, phrase: Phrase, *, on_start: Callable[[], None] = lambda: None) -> None:
        """Play a phrase, including its tail, with the loaded voice. Its notes are fitted to the voice's transpose.

        ``on_start`` is called when the first note has been sent. An exception during the phrase ends all notes before
        it propagates.
        """
        phrase = phrase.fitted(self._voice) if self._voice else phrase
        start = self._clock()
        try:
            for number, event in enumerate(phrase.events()):
                self._wait_until(start + event.seconds)
                if event.velocity:
                    self.note_on(event.note, event.velocity)
                    if not number:
                        on_start()
                else:
                    self.note_off(event.note)
            self._wait_until(start + phrase.seconds)
        except BaseException:
            self._release_all()
            raise

    def note_on(self, note: int, velocity: int) -> None:
        """Press a key with a velocity of 1 to 127."""
        message = encode_note_on(note, velocity, self._channel)
        self._sounding.append(note)  # before sending: an extra note off does no harm
        self._port.send(message)

    def note_off(self, note: int) -> None:
        """Release a key."""
        self._port.send(encode_note_off(note, self._channel))
        if note in self._sounding:
            self._sounding.remove(note)

    def panic(self, *, reset_notes: bool = False) -> None:
        """End every sound: sustain off, note off for our notes, for all 128 notes, then all notes off.

        ``reset_notes`` also switches to mono and back to poly, which clears the DX7's table of notes. It leaves the
        instrument in poly mode, so use it last.
        """
        self._release_all()
        for first in range(0, 128, _NOTES_AT_ONCE):
            for note in range(first, first + _NOTES_AT_ONCE):
                self._port.send(encode_note_off(note, self._channel))
            self._sleep(3 * _NOTES_AT_ONCE * _BYTE_SECONDS)
        self._control(ALL_NOTES_OFF, 0)
        if reset_notes:
            self._control(MONO_MODE, 1)
            self._control(POLY_MODE, 0)

    def send_bank(self, voices: Sequence[Voice], *, confirmation: str, trust_driver: bool = False) -> None:
        """Overwrite the 32 memories of the instrument with 32 voices. The old contents are lost.

        ``confirmation`` must be :data:`BANK_CONFIRMATION`. If the driver may damage long messages
        (``Port.takes_banks`` is false), ``trust_driver`` is required: the DX7 stores a damaged bank too.
        Raises ``RefusedMessageError`` without these, and ``VoiceError`` for another number of voices.
        """
        if confirmation != BANK_CONFIRMATION:
            raise RefusedMessageError(f"to send a bank, confirm with the words: {BANK_CONFIRMATION}")
        if not (self._port.takes_banks or trust_driver):
            raise RefusedMessageError(
                f"the driver of {self._port.name} may damage a message as long as a bank, and the DX7 would store the "
                "damage; write a .syx file and send that with a tool that paces it, or say that you trust the driver"
            )
        message = encode_bank_message(voices, self._channel)
        self._release_all()
        self._send_and_wait(message, self._pacing.after_bank, allow_bank=True)

    def _release_all(self) -> None:
        self._control(SUSTAIN_PEDAL, 0)
        for note in self.sounding:
            self.note_off(note)

    def _control(self, control: int, value: int) -> None:
        self._port.send(encode_control_change(control, value, self._channel))

    def _send_and_wait(self, message: bytes, seconds: float, *, allow_bank: bool = False) -> None:
        self._port.send(message, allow_bank=allow_bank)
        self._sleep(len(message) * _BYTE_SECONDS + seconds)

    def _wait_until(self, moment: float) -> None:
        remaining = moment - self._clock()
        if remaining > 0:
            self._sleep(remaining)
