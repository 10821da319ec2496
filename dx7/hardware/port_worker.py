"""The state and actions of the MIDI thread: the port link, the DX7, its check-list, and the dumps it sends.

Only panic is sent before the check-list is confirmed. Call every method except :meth:`PortWorker.state` from the MIDI
thread alone.
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
class PortState:
    """A snapshot of the MIDI thread.

    ``problem`` is why nothing can be sent, ``notice`` the latest event to show, each in one sentence. ``loaded`` is the
    ``voice_id`` of the voice in the edit buffer as far as known, ``playing`` that of the voice being played,
    ``sounding`` the notes whose keys are down. ``receiving`` counts the bytes received so far of an incoming bank.
    ``is_heard`` is whether the instrument sends active sensing; None before the first one.
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


class PortWorker:
    """Works with one port at a time. ``on_bank`` is called when a bank was saved or arrived damaged."""

    def __init__(
        self,
        link: Link,
        *,
        backups: Path,
        memory: Path,
        sleep: Callable[[float], None],
        on_bank: Callable[[Outcome], None],
    ) -> None:
        self._link, self._backups, self._memory_file = link, backups, memory
        self._sleep, self._on_bank = sleep, on_bank
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
        """Run ``act`` and return known failures as an outcome. A failing port is closed until it is back."""
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
        """Choose the ports used when the program last ran."""
        self._link.choose(self._memory.output, self._memory.source)

    def poll(self) -> None:
        """Update the list of ports and read incoming data. Call it often."""
        outcome = self.attempt(self._poll)
        self._notice = outcome.problem or self._notice

    def listen(self) -> None:
        """Read incoming dumps, and check whether the instrument still sends active sensing."""
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
        """Silence the open port and open another. Raises ``MidiError`` if it cannot be opened now."""
        self._silence()
        self._link.choose(output, source)
        self._forget()
        self._remember(replace(self._memory, output=output, source=source))
        self._poll()
        if self._link.problem:
            raise MidiError(self._link.problem)

    def confirm(self, changes: dict[str, object], *, port: str | None = None) -> None:
        """Change items of the check-list of the chosen port; ``port`` is the port the person saw, None if unknown.

        Raises ``MidiError`` if no port is chosen, and ``RefusedMessageError`` if it is not the port they saw.
        """
        if self._link.output is None:
            raise MidiError("choose the MIDI port of your DX7 first")
        if port not in (None, self._link.output):
            raise RefusedMessageError(
                f"this check-list was for {port}, but {self._link.output} is chosen now; check it again"
            )
        self._notice = None
        self._set_checklist(replace(self._checklist, **changes))  # type: ignore[arg-type]

    def set_pacing(self, pacing: Pacing) -> None:
        """Use these pauses from now on."""
        self._remember(replace(self._memory, pacing=pacing))
        self._begin()

    def load(self, voice: Voice, *, reload: bool) -> None:
        """Load a voice into the edit buffer unless it is there. ``reload`` sends it again if it was played since."""
        instrument = self._ready()
        is_loaded = self._loaded is not None and self._loaded.unpacked == voice.unpacked
        if is_loaded and (self._is_fresh or not reload):
            return
        self._loaded = None
        instrument.load(voice)
        self._loaded, self._is_fresh = voice, True

    def play(self, phrase: Phrase, *, on_start: Callable[[], None]) -> None:
        """Play a phrase with the loaded voice."""
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
        self._link.close_ports()
        self._forget()

    def state(self) -> PortState:
        """Return a snapshot. Safe from any thread, but fields may come from two consecutive moments."""
        link, instrument, port, source = self._link, self._instrument, self._link.port, self._link.input
        loaded, playing = self._loaded, self.playing
        return PortState(
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

    def _poll(self) -> None:
        if self._link.look():
            self._forget()
            self._reader, self._is_heard = DumpReader(), None
            self._begin()
        if self._link.port is None:
            self._forget()
        self.listen()

    def _begin(self) -> None:
        """Start with the open port. Send panic if allowed: a program that was killed may have left notes on."""
        if self._link.port is None:
            return
        channel = self._checklist.channel or 1
        self._instrument = Instrument(self._link.port, channel=channel, pacing=self._memory.pacing, sleep=self._sleep)
        self._loaded = None
        if self._checklist.is_confirmed:
            self._instrument.panic()

    def _silence(self) -> None:
        """Send panic, if sending is allowed."""
        if self._instrument and self._checklist.is_confirmed:
            self.attempt(self._instrument.panic)

    def _forget(self) -> None:
        self._instrument = self._loaded = None

    def _set_checklist(self, checklist: Checklist) -> None:
        if self._link.output is None:
            return
        before, self._lists[self._link.output] = self._checklist, checklist
        if (checklist.is_confirmed, checklist.channel) != (before.is_confirmed, before.channel):
            self._begin()  # first: it must take effect even if it cannot be saved
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
            # A voice was chosen on the panel, unless an interface echoes the one we sent.
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
