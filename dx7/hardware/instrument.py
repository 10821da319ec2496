"""A DX7 at the other end of a port: voices into its edit buffer, phrases, and silence when something goes wrong.

What a person has to set on a mk1 first: FUNCTION, 8: the channel, SYS INFO AVAIL; MEM PROTECT INTERNAL off. Without
these it ignores voices, or says MEMORY PROTECTED, and nothing tells us. Loading a voice stores nothing, but the edit
buffer's voice is gone; a bank (:meth:`Instrument.send_bank`) overwrites the 32 memories.
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
_BYTE_SECONDS = 10 / 31_250  # on a MIDI cable; drivers take a message at once and send it at this pace
_NOTES_AT_ONCE = 32  # 96 bytes; the DX7's receive buffer holds 380


@dataclass(frozen=True, slots=True)
class Pacing:
    """Seconds to leave after a message has gone down the cable, for the DX7's processor: 0 to 5."""

    after_voice: float = 0.1
    after_bank: float = 0.3

    def __post_init__(self) -> None:
        if not (0 <= self.after_voice <= 5 and 0 <= self.after_bank <= 5):
            raise ValueError(f"a pause is 0 to 5 seconds, not {self.after_voice} or {self.after_bank}")


class Instrument:
    """Plays voices on a DX7. Use it in a ``with`` block: leaving it, however, silences the instrument.

    ``clock`` and ``sleep`` tell and pass the time in seconds; tests bring their own.
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
        """Notes whose keys are down, in the order they went down."""
        return tuple(self._sounding)

    def load(self, voice: Voice) -> None:
        """Put a voice into the edit buffer. Notes end first: a DX7 cuts their sound but keeps them in its table."""
        self._release_all()
        self._send_and_wait(encode_voice_message(voice, self._channel), self._pacing.after_voice)
        self._voice = voice

    def play(self, phrase: Phrase, *, on_start: Callable[[], None] = lambda: None) -> None:
        """Play a phrase, tail included, with the loaded voice; its notes are fitted to that voice's transpose.

        ``on_start`` is called when the first note has gone out. If the phrase is interrupted, all notes end before
        the interruption goes on.
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
        """Press a key, 1 to 127 hard."""
        message = encode_note_on(note, velocity, self._channel)
        self._sounding.append(note)  # before it is sent: a note too many to end does no harm
        self._port.send(message)

    def note_off(self, note: int) -> None:
        """Let a key go."""
        self._port.send(encode_note_off(note, self._channel))
        if note in self._sounding:
            self._sounding.remove(note)

    def panic(self, *, reset_notes: bool = False) -> None:
        """End every sound: sustain off, our notes off, all 128 notes off, all notes off.

        ``reset_notes`` then switches to mono and back to poly, which also clears the DX7's table of notes. It
        leaves the instrument in poly mode, so it is the last resort.
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
        """Overwrite the 32 memories of the instrument with 32 voices. What was there is lost.

        ``confirmation`` must be :data:`BANK_CONFIRMATION`. Where the driver is known to damage long messages
        (``Port.takes_banks``), only ``trust_driver`` sends it: a damaged bank is stored all the same.
        Raises ``RefusedMessageError`` otherwise, and ``VoiceError`` for any other number of voices.
        """
        if confirmation != BANK_CONFIRMATION:
            raise RefusedMessageError(f"a bank is sent only to who writes: {BANK_CONFIRMATION}")
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
