"""The panel "Generate": what to generate, from which voices of the cartridge, and how the model samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from corpus.cartridges.cartridge import Cartridge, FilledSlot
from dx7.shared.generation_limits import AMOUNTS, BOLDEST, LEAST_AMOUNT, PLAINEST, USUAL_TEMPERATURE
from dx7.voices.parameter_groups import GROUPS, USUALLY_LOCKED
from labeler.cartridge.generation_jobs import Destination, GenerationJob
from labeler.cartridge.job_kinds import JobKind, SamplingSettings, destination_of, mix_job, variations_job, walk_job
from labeler.processes.generation import LARGEST_SEED

MakeJob = Callable[[SamplingSettings], GenerationJob]  # raises CartwrightError if the choice makes no job

_AMOUNTS = (LEAST_AMOUNT, 0.02, 0.05, *(step / 20 for step in range(2, 21)))
_AMOUNT_WORDS = {amount: f"{word} {amount:g}" for word, amount in AMOUNTS.items()}


def draw_generation_panel(
    cartridge: Cartridge, titles: Mapping[str, str], into: Destination
) -> tuple[SamplingSettings, MakeJob | None]:
    """Draw the panel. Returns the sampling settings and, if the button was pressed, what makes the job."""
    kind = JobKind(
        st.segmented_control(
            "What to generate",
            [*map(str, JobKind)],
            default=str(JobKind.MIX),
            required=True,
            key="ask-kind",
            label_visibility="collapsed",
        )
    )
    choosing, button = st.columns([6, 1.6], vertical_alignment="bottom", gap="medium")
    below, finer = st.container(), st.expander("Temperature and seed")
    if kind is JobKind.MIX:
        make_job: MakeJob | None = _draw_mix(choosing, below, titles, destination_of(cartridge, into))
    elif kind is JobKind.VARIATIONS:
        make_job = _draw_variations(choosing, below, cartridge, destination_of(cartridge, into))
    else:
        make_job = _draw_walk(choosing, cartridge)
    temperature, seed = _draw_sampling(finer)
    is_pressed = button.button(
        "Generate 32", shortcut="a", width="stretch", type="primary", disabled=not make_job, key="ask"
    )
    settings = SamplingSettings(
        # From widgets that may be hidden now: V in the grid uses them too.
        amount=st.session_state.get("ask-amount", AMOUNTS["variation"]),
        locked=tuple(st.session_state.get("ask-locks", USUALLY_LOCKED)),
        temperature=temperature,
        seed=seed,
    )
    return settings, make_job if is_pressed else None


def _draw_mix(choosing: DeltaGenerator, below: DeltaGenerator, titles: Mapping[str, str], into: Destination) -> MakeJob:
    chosen = choosing.multiselect(
        "Categories; several make a mix",
        list(titles),
        format_func=titles.__getitem__,
        key="ask-categories",
        placeholder="Any",
        persist_state="page",
    )
    weights = dict.fromkeys(chosen, 1.0)
    if len(chosen) > 1:
        for column, key in zip(below.columns(len(chosen)), chosen, strict=True):
            weights[key] = column.slider(
                titles[key], 0.0, 1.0, 0.5, 0.05, key=f"ask-weight-{key}", persist_state="page"
            )
    return partial(mix_job, weights, titles, into=into)


def _draw_variations(
    choosing: DeltaGenerator, below: DeltaGenerator, cartridge: Cartridge, into: Destination
) -> MakeJob | None:
    reference, amount = choosing.columns(2, gap="medium")
    like = _choose_voice(reference, "Vary", cartridge, "ask-like", "V in the grid varies the voice under the cursor.")
    amount.select_slider(
        "How far from it",
        _AMOUNTS,
        AMOUNTS["variation"],
        format_func=lambda value: _AMOUNT_WORDS.get(value, f"{value:g}"),
        key="ask-amount",
        persist_state="page",
    )
    below.pills(
        "Parameters that stay unchanged",
        [group.key for group in GROUPS],
        format_func={group.key: group.title for group in GROUPS}.__getitem__,
        selection_mode="multi",
        default=list(USUALLY_LOCKED),
        key="ask-locks",
        persist_state="page",
    )
    return partial(variations_job, cartridge, like, into=into) if like else None


def _draw_walk(choosing: DeltaGenerator, cartridge: Cartridge) -> MakeJob | None:
    start, end = choosing.columns(2, gap="medium")
    first = _choose_voice(start, "From", cartridge, "ask-from", "B in the grid walks between two voices marked with M.")
    last = _choose_voice(end, "To", cartridge, "ask-to", "A walk takes all 32 slots; U undoes it.", at=-1)
    return partial(walk_job, first, last) if first and last else None


def _choose_voice(
    column: DeltaGenerator, label: str, cartridge: Cartridge, key: str, hint: str, *, at: int = 0
) -> FilledSlot | None:
    """Draw a choice of the cartridge's voices, at first number ``at``. Returns None if there is no voice."""
    slots = {slot.key: (position, slot) for position, slot in cartridge.filled().items()}
    chosen = column.selectbox(
        label,
        list(slots),
        index=at % len(slots) if slots else None,
        format_func=lambda key: f"{slots[key][0]} · {slots[key][1].voice.name}",
        placeholder="No voice in the cartridge yet",
        help=hint,
        key=key,
        persist_state="page",
    )
    return slots[chosen][1] if chosen in slots else None


def _draw_sampling(expander: DeltaGenerator) -> tuple[float, int | None]:
    left, right = expander.columns(2, gap="medium")
    temperature = left.slider(
        "Temperature: below 1 more typical voices, above 1 more unusual ones",
        PLAINEST,
        BOLDEST,
        USUAL_TEMPERATURE,
        0.05,
        key="ask-temperature",
    )
    seed = right.number_input(
        "Seed: the same one generates the same voices; without one it is random",
        min_value=0,
        max_value=LARGEST_SEED - 1,
        value=None,
        step=1,
        placeholder="None",
        key="ask-seed",
    )
    return temperature, seed
