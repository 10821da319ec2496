"""The one thread that owns the MIDI ports of a long-running program, and the thread-safe interface to it.

Of the waiting play requests only the newest is kept (``request_queue.py``). A new request interrupts a phrase, but
never the pause after a load, which the instrument needs. A machine without MIDI is a normal state, not an error.
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
from dx7.hardware.port_worker import PortState, PortWorker
from dx7.hardware.request_queue import DONE, REPLACED, Command, Outcome, PlayRequest, RequestQueue, resolve
from dx7.sound.phrases import Phrase
from dx7.voices.voice import Voice

_TICK = 0.05  # seconds between looks at what arrives
_ENDED = Outcome(False, "the MIDI ports are closed because the program is ending")
_END_WITHIN = 5.0


class PortManager:
    """Call it from any thread. Each request returns a future ``Outcome``.

    Received banks are saved in the folder ``backups``; the file ``memory`` keeps check-lists, ports and pacing;
    ``allowed`` are TCP addresses of other machines that may be opened. Call :meth:`close` at the end: it ends all
    notes.
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
        self._worker = PortWorker(link, backups=backups, memory=memory, sleep=self._sleep, on_bank=self._note_arrival)
        self._requests = RequestQueue()
        self._waiting: list[Future[Outcome]] = []  # each for the next bank
        self._arrivals: list[Outcome] = []  # one for each bank received so far
        self._waiting_lock = threading.Lock()
        self._is_ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name="midi-ports", daemon=True)
        self._thread.start()

    def play(self, voice: Voice, phrase: Phrase, *, reload: bool = True) -> Future[Outcome]:
        """Load a voice and play a phrase. Done when the first note has been sent.

        ``reload`` sends the voice even if it was the last one sent: a button on the panel may have changed it.
        """
        return self._ask(PlayRequest(voice, phrase, reload))

    def prepare(self, voice: Voice) -> Future[Outcome]:
        """Load a voice and play nothing; the next :meth:`play` of it starts at once."""
        return self._ask(PlayRequest(voice, None))

    def stop(self) -> Future[Outcome]:
        """End the current phrase by releasing its notes, and drop the waiting play request."""
        self._requests.drop_play_request()
        return self._ask(Command(lambda: None))  # any command ends the phrase

    def panic(self, *, reset_notes: bool = False) -> Future[Outcome]:
        """End every sound and drop the waiting play request. Allowed before the check-list is confirmed."""
        self._requests.drop_play_request()
        return self._ask(Command(lambda: self._worker.panic(reset_notes=reset_notes)))

    def open(self, output: str | None, source: str | None = None) -> Future[Outcome]:
        """Use this output and input from now on; without an input, the matching one. None uses no output."""
        return self._ask(Command(lambda: self._worker.open(output, source)))

    def confirm(
        self,
        *,
        channel: int | None = None,
        sys_info: bool | None = None,
        unprotected: bool | None = None,
        own_backup: bool | None = None,
        port: str | None = None,
    ) -> Future[Outcome]:
        """Tick or untick items of the check-list of the open port; None leaves an item as it is.

        ``port`` is the port the person saw; the request is refused if another has been chosen since. Raises
        ``ValueError`` for a channel outside 1 to 16.
        """
        Checklist(channel)  # checks the channel
        given = {"channel": channel, "sys_info": sys_info, "unprotected": unprotected}
        changes: dict[str, object] = {name: value for name, value in given.items() if value is not None}
        if own_backup is not None:
            changes["backup"] = OWN_BACKUP if own_backup else ""
        return self._ask(Command(lambda: self._worker.confirm(changes, port=port)))

    def set_pacing(self, pacing: Pacing) -> Future[Outcome]:
        """Use these pauses from now on."""
        return self._ask(Command(lambda: self._worker.set_pacing(pacing)))

    def send_bank(self, voices: Sequence[Voice], *, confirmation: str, trust_driver: bool = False) -> Future[Outcome]:
        """Overwrite the 32 memories; see :meth:`dx7.hardware.instrument.Instrument.send_bank`."""

        def send() -> None:
            self._worker.send_bank(voices, confirmation=confirmation, trust_driver=trust_driver)

        return self._ask(Command(send))

    @property
    def arrivals(self) -> int:
        """The number of banks received, including damaged ones."""
        return len(self._arrivals)

    def await_bank(self, after: int | None = None) -> Future[Outcome]:
        """Done when the next bank is received and saved; a problem if it arrives damaged. It may never come.

        ``after`` is the number of :attr:`arrivals` the caller knows of; if there are more, the result is the latest.
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

    def state(self) -> PortState:
        """Return a snapshot of the MIDI thread."""
        return self._worker.state()

    def close(self) -> None:
        """End all notes and close the ports. Later requests are refused."""
        self._is_ending.set()
        self._ask(Command(lambda: None))  # ends a phrase, and the wait for a request
        self._thread.join(_END_WITHIN)

    def _ask(self, request: Command | PlayRequest) -> Future[Outcome]:
        self._requests.put(request)
        return request.outcome

    # The methods below run on the MIDI thread.

    def _run(self) -> None:
        try:
            self._worker.attempt(self._worker.reopen_last)
            while not self._is_ending.is_set():
                self._worker.poll()
                if request := self._requests.take(_TICK):
                    self._serve(request)
        finally:
            self._is_ending.set()
            self._requests.close(_ENDED)
            self._resolve_waiting(_ENDED)
            self._worker.end()

    def _serve(self, request: Command | PlayRequest) -> None:
        try:
            if isinstance(request, Command):
                resolve(request, self._worker.attempt(request.act))
            else:
                self._load_and_play(request)
        except BaseException as error:  # a bug ends the thread, but must not leave the caller waiting
            if not request.outcome.done():
                request.outcome.set_exception(error)
            raise

    def _load_and_play(self, request: PlayRequest) -> None:
        def load_and_play() -> None:
            self._worker.load(request.voice, reload=request.reload)
            if request.phrase is None:
                return
            if self._requests.wait(0):  # a newer request came while this one was loading
                resolve(request, REPLACED)
                return
            try:
                self._worker.play(request.phrase, on_start=lambda: resolve(request, DONE))
            except _InterruptedPhraseError:
                resolve(request, REPLACED)

        resolve(request, self._worker.attempt(load_and_play))

    def _sleep(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            if self._worker.playing is None:
                time.sleep(left)
            elif self._requests.wait(min(left, _TICK)):
                raise _InterruptedPhraseError
            else:
                self._worker.listen()

    def _note_arrival(self, outcome: Outcome) -> None:
        with self._waiting_lock:
            self._arrivals.append(outcome)
        self._resolve_waiting(outcome)

    def _resolve_waiting(self, outcome: Outcome) -> None:
        with self._waiting_lock:
            waiting, self._waiting = self._waiting, []
        for future in waiting:
            if future.set_running_or_notify_cancel():
                future.set_result(outcome)


class _InterruptedPhraseError(Exception):
    """A newer request interrupted a phrase."""
