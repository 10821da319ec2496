"""Asking the model for voices: a process of its own, so that the app never loads JAX and the page stays awake."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from corpus.cartridges.cartridge import CartridgeSlot
from corpus.cartridges.generation_request import GenerationRequest
from corpus.cartridges.writing import file_stem
from corpus.ingest.ingest import ingest_files
from dx7.errors import CartwrightError, ModelError
from labeler.processes.commands import TRAINING, error_sentence
from labeler.processes.generated_batch import GeneratedBatch, read_generated_batch, sample_arguments

PATIENCE = 120.0  # seconds; a cartridge takes some 5
LARGEST_SEED = 2**31


class GenerationState(StrEnum):
    """How far an asking has come."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class GenerationProcess:
    """The model asked for a cartridge for each of some requests, one after the other, in a thread and a process.

    What it makes lies in ``folder`` and is taken into the ``store``, marked as generated. The same ``seed``, model and
    request give the same voices; without one they are others each time. Read ``state`` and ``batches`` as often as you
    like; both are only ever replaced.
    """

    def __init__(
        self,
        requests: Sequence[GenerationRequest],
        *,
        folder: Path,
        store: Path,
        seed: int | None = None,
        command: Sequence[str] = TRAINING,
        patience: float = PATIENCE,
        bring_in: Callable[[Sequence[Path], Path], object] = ingest_files,
    ) -> None:
        self.requests = tuple(requests)
        self.state = GenerationState.RUNNING
        self.batches: tuple[GeneratedBatch, ...] = ()  # one for each request, as far as it has come
        self.problem = ""  # why it failed, in a sentence
        self.stored = False  # whether the voices are in the store
        self._folder, self._store, self._seed = folder, store, seed
        self._command, self._patience, self._bring_in = tuple(command), patience, bring_in
        self._began, self._ended = time.monotonic(), 0.0
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def slots(self) -> tuple[tuple[CartridgeSlot, ...], ...]:
        """32 voices for each request, as far as it has come."""
        return tuple(batch.slots for batch in self.batches)

    @property
    def seconds(self) -> float:
        """Since it was asked."""
        return time.monotonic() - self._began

    @property
    def took(self) -> float:
        """Seconds from the question to the end of it, or until now."""
        return (self._ended or time.monotonic()) - self._began

    def cancel(self) -> None:
        """Ask no further; what is being made is thrown away."""
        with self._lock:
            if self.state is GenerationState.RUNNING:
                self.state = GenerationState.CANCELLED
            if self._process:
                self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Until it has ended and the voices are stored, or so long."""
        self._thread.join(seconds)

    def _run(self) -> None:
        paths = []
        try:
            for request in self.requests:
                path, batch = self._ask(request)
                paths.append(path)
                self.batches = (*self.batches, batch)
            self._end(GenerationState.DONE)
        except CartwrightError as error:
            self._end(GenerationState.FAILED, str(error))
        if paths and self.state is not GenerationState.CANCELLED:
            try:
                self._bring_in(paths, self._store)
                self.stored = True
            except CartwrightError as error:
                self.problem = f"the new voices are not in the store: {error}"

    def _end(self, state: GenerationState, problem: str = "") -> None:
        with self._lock:
            if self.state is GenerationState.RUNNING:
                self._ended = time.monotonic()
                self.problem, self.state = problem, state

    def _ask(self, request: GenerationRequest) -> tuple[Path, GeneratedBatch]:
        seed = secrets.randbelow(LARGEST_SEED) if self._seed is None else self._seed
        stem = file_stem(
            "walk" if request.ends else "variations" if request.like else "+".join(request.categories) or "any"
        )
        path = self._folder / f"{stem}-{seed}.syx"
        with tempfile.TemporaryDirectory(prefix="cartwright-") as scratch:
            answer = self._call([*self._command, *sample_arguments(request, seed, path, Path(scratch))], path)
        return path, read_generated_batch(path, request, answer)

    def _call(self, command: list[str], path: Path) -> str:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._lock:
                if self.state is not GenerationState.RUNNING:
                    raise ModelError("the model was not asked any further")
                self._process = subprocess.Popen(  # noqa: S603 - our own command
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                )
            with self._process as process:
                try:
                    answer, said = process.communicate(timeout=self._patience)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise ModelError(
                        f"the model gave no answer within {self._patience:g} seconds; is the machine busy? Ask again"
                    ) from None
        except OSError as error:
            raise ModelError(f"the model cannot be asked: {error.strerror}") from error
        if process.returncode:
            raise ModelError(error_sentence(said, "the model ended without an answer; ask again"))
        if not path.is_file():
            raise ModelError(f"the model wrote no cartridge to {path}; ask again")
        return answer
