"""Generation of voices by ``training sample`` in a process of its own, while the page stays responsive."""

from __future__ import annotations

import secrets
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from enum import StrEnum
from pathlib import Path

from corpus.cartridges.cartridge import FilledSlot
from corpus.cartridges.generation_request import GenerationRequest
from corpus.cartridges.writing import file_stem
from corpus.ingest.ingest import ingest_files
from dx7.errors import CartwrightError, ModelError
from labeler.processes.commands import TRAINING, error_sentence
from labeler.processes.generated_batch import GeneratedBatch, read_generated_batch, sample_arguments

PATIENCE = 120.0  # seconds; a cartridge takes about 5
LARGEST_SEED = 2**31


class GenerationState(StrEnum):
    """The state of a generation process."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class GenerationProcess:
    """Generates one cartridge for each request, one after the other, in a background thread.

    The cartridges are written to ``folder`` and ingested into the ``store`` as generated voices. The same ``seed``,
    model and request give the same voices; without a seed it is random. ``state`` and ``batches`` are replaced, never
    changed in place, so any thread may read them.
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
        ingest_files: Callable[[Sequence[Path], Path], object] = ingest_files,
    ) -> None:
        self.requests = tuple(requests)
        self.state = GenerationState.RUNNING
        self.batches: tuple[GeneratedBatch, ...] = ()  # one for each request that is done
        self.problem = ""  # the error message if it failed
        self.stored = False  # whether the voices are in the store
        self._folder, self._store, self._seed = folder, store, seed
        self._command, self._patience, self._ingest_files = tuple(command), patience, ingest_files
        self._began, self._ended = time.monotonic(), 0.0
        self._process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def slots(self) -> tuple[tuple[FilledSlot, ...], ...]:
        """32 voices for each request that is done."""
        return tuple(batch.slots for batch in self.batches)

    @property
    def seconds(self) -> float:
        """The seconds from the start to the end, or until now."""
        return (self._ended or time.monotonic()) - self._began

    def cancel(self) -> None:
        """Stop; a cartridge that is not complete is discarded."""
        with self._lock:
            if self.state is GenerationState.RUNNING:
                self.state = GenerationState.CANCELLED
            if self._process:
                self._process.terminate()

    def wait(self, seconds: float) -> None:
        """Wait for so long at most until it has ended and the voices are in the store."""
        self._thread.join(seconds)

    def _run(self) -> None:
        paths = []
        try:
            for request in self.requests:
                path, batch = self._generate(request)
                paths.append(path)
                self.batches = (*self.batches, batch)
            self._end(GenerationState.DONE)
        except CartwrightError as error:
            self._end(GenerationState.FAILED, str(error))
        if paths and self.state is not GenerationState.CANCELLED:
            try:
                self._ingest_files(paths, self._store)
                self.stored = True
            except CartwrightError as error:
                self.problem = f"the new voices are not in the store: {error}"

    def _end(self, state: GenerationState, problem: str = "") -> None:
        with self._lock:
            if self.state is GenerationState.RUNNING:
                self._ended = time.monotonic()
                self.problem, self.state = problem, state

    def _generate(self, request: GenerationRequest) -> tuple[Path, GeneratedBatch]:
        seed = secrets.randbelow(LARGEST_SEED) if self._seed is None else self._seed
        kind = "walk" if request.ends else "variations" if request.like else "+".join(request.categories) or "any"
        path = self._folder / f"{file_stem(kind)}-{seed}.syx"
        with tempfile.TemporaryDirectory(prefix="cartwright-") as scratch:
            output = self._run_command([*self._command, *sample_arguments(request, seed, path, Path(scratch))], path)
        return path, read_generated_batch(path, request, output)

    def _run_command(self, command: list[str], path: Path) -> str:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            with self._lock:
                if self.state is not GenerationState.RUNNING:
                    raise ModelError("generation was cancelled")
                self._process = subprocess.Popen(  # noqa: S603 - our own command
                    command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
                )
            with self._process as process:
                try:
                    output, stderr = process.communicate(timeout=self._patience)
                except subprocess.TimeoutExpired:
                    process.kill()
                    raise ModelError(
                        f"the model did not finish within {self._patience:g} seconds; is the machine busy? Try again"
                    ) from None
        except OSError as error:
            raise ModelError(f"the model cannot be started: {error.strerror}") from error
        if process.returncode:
            raise ModelError(error_sentence(stderr, "the model ended without an error message; try again"))
        if not path.is_file():
            raise ModelError(f"the model wrote no cartridge to {path}; try again")
        return output
