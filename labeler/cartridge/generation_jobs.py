"""The generation jobs of the Cartridge page: what the model generates now, and where the voices will go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import streamlit as st

from corpus.cartridges.cartridge import FilledSlot
from corpus.cartridges.draft import EMPTY_CARTRIDGE
from corpus.cartridges.editor import CartridgeEditor
from corpus.cartridges.generation_request import GenerationRequest
from labeler.page.context import Context
from labeler.processes.generated_batch import GeneratedBatch
from labeler.processes.generation import GenerationProcess, GenerationState

_KEY = "cartridge-jobs"
_LOOK_EVERY = 0.5  # seconds


class Destination(StrEnum):
    """Where voices go."""

    FREE = "the free slots"
    ALL = "all 32 slots"


@dataclass(frozen=True, slots=True)
class GenerationJob:
    """One generation request, the title of its change, and the slots it fills: those of ``keys``, else ``into``.

    ``category`` is for voices whose request names none. ``first`` is a voice that goes before the generated ones; if
    there is a ``last`` too, both are the ends of a walk and replace the ends that the model returns.
    """

    request: GenerationRequest
    title: str
    into: Destination = Destination.FREE
    keys: tuple[str, ...] = ()
    category: str | None = None
    first: FilledSlot | None = None
    last: FilledSlot | None = None


def cartridges_folder(context: Context) -> Path:
    """The folder of drafts and generated cartridges."""
    return context.data / "cartridges"


class GenerationJobs:
    """The jobs of one browser page, and the ``message`` or ``problem`` that the page shows. Calls no Streamlit."""

    def __init__(self, context: Context) -> None:
        self.message, self.problem = "", ""
        self.batches: tuple[GeneratedBatch, ...] = ()  # of the last jobs that ended
        self._folder, self._store = cartridges_folder(context) / "made", context.store
        self._running: tuple[GenerationProcess, tuple[GenerationJob, ...]] | None = None

    def start(self, jobs: Sequence[GenerationJob], *, seed: int | None = None) -> None:
        """Generate, with a random seed if there is none. Cancels the jobs that are running."""
        if self._running:
            self._running[0].cancel()
        self.show("")
        process = GenerationProcess([job.request for job in jobs], folder=self._folder, store=self._store, seed=seed)
        self._running = (process, tuple(jobs))

    @property
    def running(self) -> tuple[GenerationProcess, GenerationJob] | None:
        """The process and the job it works on; None if no job is running."""
        if self._running is None or self._running[0].state is not GenerationState.RUNNING:
            return None
        process, jobs = self._running
        return process, jobs[min(len(process.batches), len(jobs) - 1)]

    def collect(self, editor: CartridgeEditor) -> None:
        """Put the voices of jobs that ended into the cartridge.

        Raises ``CartridgeError`` if they do not fit, and ``JournalError`` if the draft cannot be written.
        """
        if self._running is None or self._running[0].state is GenerationState.RUNNING:
            return
        (process, jobs), self._running = self._running, None
        if process.state is not GenerationState.DONE:
            self.fail(process.problem or "generation was cancelled")
            return
        self.batches = process.batches
        for job, batch in zip(jobs, process.batches, strict=True):
            _put(editor, job, batch.slots)
        self.show(f"{jobs[0].title}: ready after {process.seconds:.1f} s")

    def show(self, message: str) -> None:
        """Replace the message and the problem by a message."""
        self.message, self.problem = message, ""

    def fail(self, problem: object) -> None:
        """Replace the message and the problem by a problem."""
        self.message, self.problem = "", str(problem)


def generation_jobs_of(context: Context) -> GenerationJobs:
    """The jobs of this browser page and labeller."""
    jobs: GenerationJobs = st.session_state.setdefault(f"{_KEY}-{context.labeller}", GenerationJobs(context))
    return jobs


def draw_running_job(jobs: GenerationJobs) -> bool:
    """Draw the running job. Returns whether there is one."""
    running = jobs.running
    if running:
        _watch(jobs, *running)
    return running is not None


@st.fragment(run_every=_LOOK_EVERY)
def _watch(jobs: GenerationJobs, process: GenerationProcess, job: GenerationJob) -> None:
    if jobs.running != (process, job):
        st.rerun()
    words, button = st.columns([5, 1], vertical_alignment="center")
    words.text(f"{job.title}: generating for {process.seconds:.0f} s; it takes about 5 s")
    if button.button("Cancel", shortcut="Escape", width="stretch", key="cartridge-cancel"):
        process.cancel()
        st.rerun()


def _put(editor: CartridgeEditor, job: GenerationJob, slots: Sequence[FilledSlot]) -> None:
    new = [replace(slot, category=slot.category or job.category) for slot in slots]
    first = [job.first] if job.first else []
    if job.first and job.last:
        new = [*new[1:-1], job.last]
    if job.keys:
        editor.replace_slots(job.title, job.keys, new)
    elif job.into is Destination.ALL:
        editor.change(job.title, EMPTY_CARTRIDGE.called(editor.cartridge.title).add([*first, *new]))
    else:
        editor.add(job.title, new)
