"""A whole evaluation: the reference sets, then for each seed the sets of the model, their descriptors and figures.

Every set has one voice for each voice of the human set, asked for in its main category. *raw* is the generator without
guidance or selection; *as in cartridges* has the guidance and temperature of ``sample`` but no selection; *cartridges*
are whole cartridges of one category each. Other banks (``other_banks.py``) are measured once, since they do not change
with the seed.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from dx7.shared.export_format import HASH_DIGITS, Export
from training.data.analysis import descriptors_of_voices
from training.evaluation.generated_sets import fill_cartridges, make_sets
from training.evaluation.measuring import Measured, measure
from training.evaluation.reference_sets import ReferenceSets, make_reference_sets
from training.evaluation.tables import summarize
from training.evaluation.voice_set import VoiceSet
from training.inference.finished_model import Model

Report = Callable[[str], None]
_CHOICE = 0  # seed for the voices of other sets that are compared with the humans


class Evaluation(NamedTuple):
    """The figures for the JSON file, and the sets of the first seed, the human set first."""

    figures: dict[str, Any]
    sets: list[VoiceSet]
    references: ReferenceSets


def evaluate(
    model: Model,
    export: Export,
    *,
    seeds: Sequence[int] = (0,),
    voices: int = 1000,
    beside: Sequence[VoiceSet] = (),
    report: Report = lambda what: None,
) -> Evaluation:
    """Measure a model with each seed, and the other sets ``beside`` once.

    ``report`` is called with the next step, :func:`count_steps` times. ``voices`` bounds the size of the model's sets.
    Raises ``ExportError`` if too few voices are held out.
    """
    report("measuring human voices")
    references = make_reference_sets(export, voices=voices, measure=descriptors_of_voices)
    measured: dict[str, list[Measured]] = {references.humans.name: [measure(references.humans, references)]}
    sizes = {references.humans.name: len(references.humans.parameters)}
    sets = [references.humans]
    filled = []
    for number, seed in enumerate(seeds):
        report(f"drawing, seed {seed}")
        made = make_sets(model, references, seed=seed)
        report(f"filling cartridges, seed {seed}")
        filled.append(fill_cartridges(model, references.humans.wanted, seed=seed))
        made.insert(2, filled[-1].voices)
        report(f"rendering, seed {seed}")
        made = analyse_together(made)
        for one in made:
            report(f"measuring {one.name}, seed {seed}")
            measured.setdefault(one.name, []).append(measure(one, references))
            sizes[one.name] = len(one.parameters)
        sets += made if number == 0 else []
    for one in beside:
        report(f"measuring {one.name}")
        alike = one.like(len(references.humans.parameters), np.random.default_rng(_CHOICE))
        measured[one.name] = [measure(alike.with_descriptors(descriptors_of_voices(one.parameters)), references)]
        sizes[one.name] = len(one.parameters)
    count = sum(one.cartridges for one in filled)
    reasons = {reason for one in filled for reason in one.left_out}
    figures = {
        "model_hash": model.model_hash,
        "step": model.step,
        "export": export.content_hash[:HASH_DIGITS],
        "seeds": list(seeds),
        "beside": [one.name for one in beside],
        "sets": [summarize(name, sizes[name], found) for name, found in measured.items()],
        "a_cartridge": {
            "drawn": round(sum(one.drawn for one in filled) / count, 1),
            "left_out": {
                reason: round(sum(one.left_out.get(reason, 0) for one in filled) / count, 1)
                for reason in sorted(reasons)
            },
        },
    }
    return Evaluation(figures, sets, references)


def count_steps(seeds: int, *, beside: int = 0) -> int:
    """The number of times :func:`evaluate` calls ``report``; ``beside`` is the number of other sets."""
    return 1 + 10 * seeds + beside


def analyse_together(sets: Sequence[VoiceSet]) -> list[VoiceSet]:
    """The sets with descriptors. One call for all sets saves the start of the worker processes."""
    descriptors = descriptors_of_voices(np.concatenate([one.parameters for one in sets]))
    parts = np.split(descriptors, np.cumsum([len(one.parameters) for one in sets])[:-1])
    return [one.with_descriptors(part) for one, part in zip(sets, parts, strict=True)]
