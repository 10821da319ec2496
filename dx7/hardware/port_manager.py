"""The one thread that owns the MIDI ports of a program that goes on, and what other threads ask of it.

A voice asked for while another is loaded takes its place (``mailbox.py``), and no load outruns the instrument: a phrase
is cut off by the next request, the pause after a load never is. No MIDI on the machine is a state like others.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

from dx7.hardware.checklist import OWN_BACKUP, Checklist
from dx7.hardware.instrument import Pacing
from dx7.hardware.link import LOOK_EVERY, Driver, Link, SystemDriver
from dx7.hardware.port_worker import Desk, DeskState
from dx7.hardware.request_queue import DONE, REPLACED, Mailbox, Order, Outcome, Wish, answer
from dx7.sound.phrases import Phrase
from dx7.voices.voice import Voice

_TICK = 0.05  # seconds between looks at what arrives
_ENDED = Outcome(False, "the MIDI ports are closed, since the program ends")
_END_WITHIN = 5.0


class PortManager:
    """Call it from any thread. What becomes of a request comes back as a future ``Outcome``.

    ``backups`` is the folder that received banks are saved in, ``memory`` the file of what is remembered, ``allowed``
    the TCP addresses on other machines that may be opened. Call :meth:`close` at the end: it ends every note.
    """

    def __init__(
        self,
        *,
        backups: Path,
        memory: Path,
        driver: Driver | None = None,
        allowed: Sequence[str] = (),
        look_every: float = LOOK_EVERY,
    ) -> None:
        link = Link(driver or SystemDriver(), allowed=allowed, every=look_every)
        self._desk = Desk(link, backups=backups, memory=memory, nap=self._nap, on_bank=self._note_arrival)
        self._mailbox = Mailbox()
        self._waiting: list[Future[Outcome]] = []  # for a bank
        self._arrivals: list[Outcome] = []  # what became of each bank so far
        self._waiting_lock = threading.Lock()
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi-ports", daemon=True)
        self._thread.start()

    def play(self, voice: Voice, phrase: Phrase, *, reload: bool = True) -> Future[Outcome]:
        """Load a voice and play a phrase. Done when the first note has gone out.

        ``reload`` sends the voice even if it was the last one sent, since somebody may have pressed a button since.
        """
        return self._ask(Wish(voice, phrase, reload))

    def prepare(self, voice: Voice) -> Future[Outcome]:
        """Load a voice and play nothing; the next :meth:`play` of it starts at once."""
        return self._ask(Wish(voice, None))

    def stop(self) -> Future[Outcome]:
        """End the phrase that plays: its keys go up. Forget what waits."""
        self._mailbox.drop_wish()
        return self._ask(Order(lambda: None))  # any order ends the phrase

    def panic(self, *, reset_notes: bool = False) -> Future[Outcome]:
        """End every sound, and forget what waits. The only thing that is sent before the check-list is confirmed."""
        self._mailbox.drop_wish()
        return self._ask(Order(lambda: self._desk.panic(reset_notes=reset_notes)))

    def open(self, output: str | None, source: str | None = None) -> Future[Outcome]:
        """Use this output from now on, and this input, or the one beside it; None uses none."""
        return self._ask(Order(lambda: self._desk.open(output, source)))

    def confirm(
        self,
        *,
        channel: int | None = None,
        sys_info: bool | None = None,
        unprotected: bool | None = None,
        own_backup: bool | None = None,
        port: str | None = None,
    ) -> Future[Outcome]:
        """Tick or untick lines of the check-list of the open port; None leaves a line as it is.

        ``port`` is whose list was seen: it is refused if another has been chosen since. Raises ``ValueError`` for a
        channel that is none.
        """
        Checklist(channel)
        said = {"channel": channel, "sys_info": sys_info, "unprotected": unprotected}
        changes: dict[str, object] = {name: value for name, value in said.items() if value is not None}
        if own_backup is not None:
            changes["backup"] = OWN_BACKUP if own_backup else ""
        return self._ask(Order(lambda: self._desk.confirm(changes, port=port)))

    def set_pacing(self, pacing: Pacing) -> Future[Outcome]:
        """Leave other pauses from now on."""
        return self._ask(Order(lambda: self._desk.set_pacing(pacing)))

    def send_bank(self, voices: Sequence[Voice], *, confirmation: str, trust_driver: bool = False) -> Future[Outcome]:
        """Overwrite the 32 memories; see :meth:`dx7.hardware.instrument.Instrument.send_bank`."""

        def send() -> None:
            self._desk.send_bank(voices, confirmation=confirmation, trust_driver=trust_driver)

        return self._ask(Order(send))

    @property
    def arrivals(self) -> int:
        """How many banks have arrived, the damaged ones too."""
        return len(self._arrivals)

    def await_bank(self, after: int | None = None) -> Future[Outcome]:
        """Done when the next bank has arrived and is saved; a problem if it arrived damaged. It may take for ever.

        ``after`` is the number of :attr:`arrivals` that the caller knows of; if there are more, the latest is told.
        """
        future: Future[Outcome] = Future()
        with self._waiting_lock:
            if after is not None and after < len(self._arrivals):
                future.set_result(self._arrivals[-1])
            elif self._is_ending.is_set():
                future.set_result(_ENDED)
            else:
                self._waiting = [each for each in self._waiting if not each.cancelled()]
                self._waiting.append(future)
        return future

    def state(self) -> DeskState:
        """How things are."""
        return self._desk.state()

    def close(self) -> None:
        """End every note and let the ports go. Nothing is done for anybody afterwards."""
        self._is_ending.set()
        self._ask(Order(lambda: None))  # ends a phrase, and the wait for a request
        self._thread.join(_END_WITHIN)

    def _ask(self, request: Order | Wish) -> Future[Outcome]:
        self._mailbox.put(request)
        return request.outcome

    # Of our own thread

    def _run(self) -> None:
        try:
            self._desk.attempt(self._desk.reopen_last)
            while not self._is_ending.is_set():
                self._desk.attend()
                if request := self._mailbox.take(_TICK):
                    self._serve(request)
        finally:
            self._is_ending.set()
            self._mailbox.close(_ENDED)
            self._tell_waiting(_ENDED)
            self._desk.end()

    def _serve(self, request: Order | Wish) -> None:
        try:
            if isinstance(request, Order):
                answer(request, self._desk.attempt(request.act))
            else:
                self._grant(request)
        except BaseException as error:  # a mistake of ours ends the thread, but nobody waits for ever
            if not request.outcome.done():
                request.outcome.set_exception(error)
            raise

    def _grant(self, wish: Wish) -> None:
        def load_and_play() -> None:
            self._desk.load(wish.voice, reload=wish.reload)
            if wish.phrase is None:
                return
            if self._mailbox.wait(0):  # asked for while this one was loading
                answer(wish, REPLACED)
                return
            try:
                self._desk.play(wish.phrase, on_start=lambda: answer(wish, DONE))
            except _InterruptedPhraseError:
                answer(wish, REPLACED)

        answer(wish, self._desk.attempt(load_and_play))

    def _nap(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._desk.playing is None:
                time.sleep(left)
            elif self._mailbox.wait(min(left, _TICK)):
                raise _InterruptedPhraseError
            else:
                self._desk.listen()

    def _note_arrival(self, outcome: Outcome) -> None:
        with self._waiting_lock:
            self._arrivals.append(outcome)
        self._tell_waiting(outcome)

    def _tell_waiting(self, outcome: Outcome) -> None:
        with self._waiting_lock:
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_result(outcome)


class _InterruptedPhraseError(Exception):
    """A newer request ended a phrase."""
