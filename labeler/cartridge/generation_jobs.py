"""What the model was asked for from this page, and where its answer is to go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

import streamlit as st

from corpus.cartridges.cartridge import Slot
from corpus.cartridges.draft import EMPTY
from corpus.cartridges.editor import Desk
from corpus.cartridges.generation_request import Wish
from labeler.page.context import Context
from labeler.processes.generated_batch import GeneratedBatch
from labeler.processes.generation import GenerationProcess, GenerationState

_KEY = "cartridge-errands"
_LOOK_EVERY = 0.5  # seconds


class Destination(StrEnum):
    """Where voices go."""

    FREE = "the free slots"
    ALL = "all 32 slots"


@dataclass(frozen=True, slots=True)
class GenerationJob:
    """One wish on its way: what the change will be called, and where it goes: to slots by key, or ``into``.

    ``category`` is what variations are thought to be, ``first`` the favourite itself, which goes before them. Of a walk
    ``first`` and ``last`` are its ends, which the model gives back as they are.
    """

    wish: Wish
    what: str
    into: Destination = Destination.FREE
    keys: tuple[str, ...] = ()
    category: str | None = None
    first: Slot | None = None
    last: Slot | None = None


def cartridges_folder(context: Context) -> Path:
    """Where drafts and what the model made lie."""
    return context.data / "cartridges"


class GenerationJobs:
    """What one browser page is waiting for, and what there is to say on it. No method calls Streamlit."""

    def __init__(self, context: Context) -> None:
        self.said, self.problem = "", ""
        self.batches: tuple[GeneratedBatch, ...] = ()  # the latest that came back
        self._folder, self._store = cartridges_folder(context) / "made", context.store
        self._going: tuple[GenerationProcess, tuple[GenerationJob, ...]] | None = None

    def send_out(self, errands: Sequence[GenerationJob], *, seed: int | None = None) -> None:
        """Ask the model, with a seed or by chance; what was asked before is not waited for any more."""
        if self._going:
            self._going[0].cancel()
        self.said = self.problem = ""
        wishes = [errand.wish for errand in errands]
        asking = GenerationProcess(wishes, folder=self._folder, store=self._store, seed=seed)
        self._going = (asking, tuple(errands))

    @property
    def asking(self) -> tuple[GenerationProcess, GenerationJob] | None:
        """What the model is at."""
        if self._going is None or self._going[0].state is not GenerationState.RUNNING:
            return None
        asking, errands = self._going
        return asking, errands[min(len(asking.batches), len(errands) - 1)]

    def take_in(self, desk: Desk) -> None:
        """Put what has come back where it belongs. Raises ``CartridgeError`` if that cannot be, ``JournalError``."""
        if self._going is None or self._going[0].state is GenerationState.RUNNING:
            return
        (asking, errands), self._going = self._going, None
        if asking.state is not GenerationState.DONE:
            self.said, self.problem = "", asking.problem or "the model was not asked any further"
            return
        self.batches = asking.batches
        for errand, batch in zip(errands, asking.batches, strict=True):
            _put(desk, errand, batch.slots)
        self.said, self.problem = f"{errands[0].what}: here after {asking.seconds:.1f} s", ""


def generation_jobs_of(context: Context) -> GenerationJobs:
    """The errands of this browser page and labeller."""
    errands: GenerationJobs = st.session_state.setdefault(f"{_KEY}-{context.labeller}", GenerationJobs(context))
    return errands


def draw_running_job(errands: GenerationJobs) -> bool:
    """Show what is on its way; whether there is anything."""
    going = errands.asking
    if going:
        _watch(errands, *going)
    return going is not None


@st.fragment(run_every=_LOOK_EVERY)
def _watch(errands: GenerationJobs, asking: GenerationProcess, errand: GenerationJob) -> None:
    if errands.asking != (asking, errand):
        st.rerun()
    words, button = st.columns([5, 1], vertical_alignment="center")
    words.text(f"{errand.what}: asking the model, {asking.seconds:.0f} s so far, some 5 s in all")
    if button.button("Cancel", shortcut="Escape", width="stretch", key="cartridge-cancel"):
        asking.cancel()
        st.rerun()


def _put(desk: Desk, errand: GenerationJob, slots: Sequence[Slot]) -> None:
    new = [replace(slot, category=slot.category or errand.category) for slot in slots]
    first = [errand.first] if errand.first else []
    if errand.first and errand.last:
        new = [*new[1:-1], errand.last]
    if errand.keys:
        desk.replace_slots(errand.what, errand.keys, new)
    elif errand.into is Destination.ALL:
        title = desk.cartridge.title
        desk.change(errand.what, EMPTY.called(title).add([*first, *new]))
    else:
        desk.add(errand.what, new)
