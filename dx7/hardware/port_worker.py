"""What the thread of the MIDI ports works on: the link, the DX7 at its end, its check-list, and what it sends.

Nothing but panic is sent before the check-list is confirmed. Every method is for that one thread, but :meth:`state`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from dx7.errors import CartwrightError, FileError, MidiError, RefusedMessageError
from dx7.hardware.backups import write_backup
from dx7.hardware.checklist import Checklist, Memory, read_memory, write_memory
from dx7.hardware.instrument import Instrument, Pacing
from dx7.hardware.link import Link
from dx7.hardware.receiving import DamagedDump, Dump, DumpReader
from dx7.hardware.request_queue import DONE, Outcome
from dx7.sound.phrases import Phrase
from dx7.voices.voice import Voice

_SILENT = (
    "the DX7 has fallen silent: it is off, or its MIDI OUT is not connected; "
    "after switching it on, set SYS INFO and MEM PROTECT again and confirm them"
)


@dataclass(frozen=True, slots=True)
class DeskState:
    """What there is to know at one moment.

    ``problem`` is why nothing can be sent, ``notice`` what happened last that somebody should know, each in one
    sentence. ``loaded`` is the ``voice_id`` of the voice in the edit buffer as far as is known, ``playing`` that of the
    phrase that is being played, ``sounding`` the keys that are down. ``receiving`` counts the bytes of a bank that is
    arriving. ``is_heard`` says whether the instrument sends active sensing; None until it was heard once.
    """

    outputs: tuple[str, ...]
    inputs: tuple[str, ...]
    output: str | None
    source: str | None
    is_open: bool
    takes_banks: bool
    checklist: Checklist
    pacing: Pacing
    problem: str | None
    notice: str | None
    loaded: str | None
    playing: str | None
    sounding: tuple[int, ...]
    receiving: int
    is_heard: bool | None


class Desk:
    """One port at a time. ``nap`` passes seconds; ``on_bank`` is told when a bank was saved, or arrived damaged."""

    def __init__(
        self,
        link: Link,
        *,
        backups: Path,
        memory: Path,
        nap: Callable[[float], None],
        on_bank: Callable[[Outcome], None],
    ) -> None:
        self._link, self._backups, self._memory_file = link, backups, memory
        self._nap, self._on_bank = nap, on_bank
        self._notice: str | None = None
        try:
            self._memory = read_memory(memory)
        except FileError as error:
            self._memory, self._notice = Memory(), str(error)
        self._lists = dict(self._memory.ports)
        self._reader = DumpReader()
        self._is_heard: bool | None = None
        self._instrument: Instrument | None = None
        self._loaded: Voice | None = None
        self._is_fresh = False  # loaded, and not yet played
        self.playing: Voice | None = None

    def attempt(self, act: Callable[[], object]) -> Outcome:
        """Do something that may fail as foreseen. A port that fails is dropped, until it is back."""
        try:
            act()
        except RefusedMessageError as error:
            return Outcome(False, str(error))
        except MidiError as error:
            if self._link.port:
                self._link.drop(str(error))
                self._forget()
            return Outcome(False, str(error))
        except CartwrightError as error:
            return Outcome(False, str(error))
        return DONE

    def reopen_last(self) -> None:
        """Use the ports that were used when the program last ran."""
        self._link.choose(self._memory.output, self._memory.source)

    def attend(self) -> None:
        """Look for ports, and at what has arrived. Call it often."""
        outcome = self.attempt(self._attend)
        self._notice = outcome.problem or self._notice

    def listen(self) -> None:
        """Look at what has arrived: dumps, and whether the instrument is still there."""
        if self._link.input is None:
            return
        for dump in [*self._reader.feed(self._link.input.receive()), *self._reader.give_up()]:
            self._take(dump)
        if self._reader.fell_silent:
            self._reader.sensed = False
            self._is_heard, self._notice, self._loaded = False, _SILENT, None
            self._set_checklist(self._checklist.after_power_off())
        elif self._reader.sensed:
            self._is_heard = True

    def open(self, output: str | None, source: str | None) -> None:
        """Let the open port fall silent and use another. Raises ``MidiError`` if it cannot be opened now."""
        self._silence()
        self._link.choose(output, source)
        self._forget()
        self._remember(replace(self._memory, output=output, source=source))
        self._attend()
        if self._link.problem:
            raise MidiError(self._link.problem)

    def confirm(self, changes: dict[str, object], *, port: str | None = None) -> None:
        """Change lines of the check-list of the chosen port; ``port`` is the one that somebody saw, None if unknown.

        Raises ``MidiError`` if none is chosen, or another one than that.
        """
        if self._link.output is None:
            raise MidiError("choose the MIDI port of your DX7 first")
        if port not in (None, self._link.output):
            raise RefusedMessageError(f"that was the list of {port}, and {self._link.output} is chosen now; look again")
        self._notice = None
        self._set_checklist(replace(self._checklist, **changes))  # type: ignore[arg-type]

    def set_pacing(self, pacing: Pacing) -> None:
        """Leave other pauses from now on."""
        self._remember(replace(self._memory, pacing=pacing))
        self._begin()

    def load(self, voice: Voice, *, reload: bool) -> None:
        """Put a voice into the edit buffer, unless it is there; ``reload`` also if it is there and was played."""
        instrument = self._ready()
        is_loaded = self._loaded is not None and self._loaded.unpacked == voice.unpacked
        if is_loaded and (self._is_fresh or not reload):
            return
        self._loaded = None
        instrument.load(voice)
        self._loaded, self._is_fresh = voice, True

    def play(self, phrase: Phrase, *, on_start: Callable[[], None]) -> None:
        """Play a phrase with the voice that was loaded."""
        instrument = self._ready()
        self._is_fresh, self.playing = False, self._loaded
        try:
            instrument.play(phrase, on_start=on_start)
        finally:
            self.playing = None

    def panic(self, *, reset_notes: bool = False) -> None:
        """End every sound. Raises ``MidiError`` if no port is open."""
        if self._instrument is None:
            raise MidiError(self._problem() or "no MIDI port is open")
        self._instrument.panic(reset_notes=reset_notes)

    def send_bank(self, voices: Sequence[Voice], *, confirmation: str, trust_driver: bool) -> None:
        """Overwrite the 32 memories; see :meth:`dx7.hardware.instrument.Instrument.send_bank`."""
        self._ready().send_bank(voices, confirmation=confirmation, trust_driver=trust_driver)

    def end(self) -> None:
        """End every sound and close the port."""
        self._silence()
        self._link.let_go()
        self._forget()

    def state(self) -> DeskState:
        """How things are. The only method for any thread."""
        link, instrument, port, source = self._link, self._instrument, self._link.port, self._link.input
        loaded, playing = self._loaded, self.playing
        return DeskState(
            outputs=link.outputs,
            inputs=link.inputs,
            output=link.output,
            source=source.name if source else None,
            is_open=port is not None,
            takes_banks=port is not None and port.takes_banks,
            checklist=self._checklist,
            pacing=self._memory.pacing,
            problem=self._problem(),
            notice=self._notice,
            loaded=loaded.voice_id if loaded else None,
            playing=playing.voice_id if playing else None,
            sounding=instrument.sounding if instrument else (),
            receiving=self._reader.progress,
            is_heard=self._is_heard,
        )

    def _attend(self) -> None:
        if self._link.look():
            self._forget()
            self._reader, self._is_heard = DumpReader(), None
            self._begin()
        if self._link.port is None:
            self._forget()
        self.listen()

    def _begin(self) -> None:
        """Start afresh on the open port. Where sending is allowed, panic: a program that was killed leaves notes."""
        if self._link.port is None:
            return
        channel = self._checklist.channel or 1
        self._instrument = Instrument(self._link.port, channel=channel, pacing=self._memory.pacing, sleep=self._nap)
        self._loaded = None
        if self._checklist.is_confirmed:
            self._instrument.panic()

    def _silence(self) -> None:
        """Leave a port in silence, if it was ever allowed to send to it."""
        if self._instrument and self._checklist.is_confirmed:
            self.attempt(self._instrument.panic)

    def _forget(self) -> None:
        self._instrument = self._loaded = None

    def _set_checklist(self, checklist: Checklist) -> None:
        if self._link.output is None:
            return
        before, self._lists[self._link.output] = self._checklist, checklist
        if (checklist.is_confirmed, checklist.channel) != (before.is_confirmed, before.channel):
            self._begin()  # first: what cannot be remembered for later counts now all the same
        self._remember(replace(self._memory, ports=dict(self._lists)))

    def _remember(self, memory: Memory) -> None:
        is_new, self._memory = memory != self._memory, memory
        if is_new:
            write_memory(self._memory_file, memory)

    def _take(self, dump: Dump | DamagedDump) -> None:
        if isinstance(dump, DamagedDump):
            self._notice = dump.problem
            self._on_bank(Outcome(False, dump.problem))
        elif dump.kind == "voice":
            # Somebody chose another voice on the panel, unless an interface sends our own back.
            if self._loaded and dump.message[6:-2] != self._loaded.unpacked:
                self._loaded = None
        else:
            outcome = self.attempt(lambda: self._save(dump.message))
            self._notice = outcome.problem or self._notice
            self._on_bank(outcome)

    def _save(self, bank: bytes) -> None:
        path = write_backup(self._backups, bank)
        self._notice = f"the bank of the DX7 was received and saved as {path.name}"
        self._set_checklist(replace(self._checklist, backup=path.name))

    def _ready(self) -> Instrument:
        problem = self._problem()
        if problem or self._instrument is None:
            raise RefusedMessageError(problem or f"{self._link.output} is being opened; try again")
        return self._instrument

    @property
    def _checklist(self) -> Checklist:
        return self._lists.get(self._link.output or "", Checklist())

    def _problem(self) -> str | None:
        if self._link.output is None:
            return self._link.problem or "choose the MIDI port of your DX7 first"
        if self._link.port is None:
            return self._link.problem or f"{self._link.output} is being opened"
        if missing := self._checklist.missing:
            return f"nothing is sent before you confirm: {', '.join(missing)}"
        return None
