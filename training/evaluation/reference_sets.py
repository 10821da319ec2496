"""What sets of voices are measured against. It does not change with the seed of what is measured.

The held-out families, validation and test, are split into two halves of the same categories, one voice a family. One
half stands for the humans: what is asked of a model are its categories, and it is measured like any other set. The
other half is what all sets are compared with.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.errors import ExportError
from dx7.shared.export_format import Export
from training.evaluation.ear import fit_evaluation_classifier
from training.evaluation.spread import Scale, make_scale
from training.evaluation.voice_set import Floats, Parameters, VoiceSet, deal_into_banks

HUMANS = "humans, held out"
LEAST_HELD_OUT = 50  # fewer families give figures that mean nothing
TRAINING_VOICES_PER_SET = 3  # training voices the ear learns from, against the voices of a set
_CHOICE = 0  # the seed of who is held out and who teaches the ear


class ReferenceSets(NamedTuple):
    """Two halves of the held-out humans, the training voices and their main categories, and an ear."""

    humans: VoiceSet
    reference: VoiceSet
    training: Parameters
    mains: Sequence[str]
    ear: Any  # of ear.py
    scale: Scale  # made on the reference


def make_reference_sets(export: Export, *, voices: int, hear: Callable[[Parameters], Floats]) -> ReferenceSets:
    """Halves of at most ``voices`` voices each. ``hear`` gives descriptors of ``uint8[n, 145]``.

    Raises ``ExportError`` if fewer than :data:`LEAST_HELD_OUT` families are held out.
    """
    rng = np.random.default_rng(_CHOICE)
    training = np.flatnonzero(export.splits == "train")
    known = {export.categories[row][0] for row in training}
    held_out = [
        row for row in one_per_family(export, ("validation", "test"), rng) if export.categories[row][0] in known
    ]
    if len(held_out) < LEAST_HELD_OUT:
        raise ExportError(f"only {len(held_out)} families are held out; {LEAST_HELD_OUT} are needed to measure with")
    # Sorting is stable, and every other of a category goes to one half.
    ordered = sorted(held_out[: 2 * voices], key=lambda row: export.categories[row][0])
    halves = [np.array(ordered[first::2])[: len(ordered) // 2] for first in (0, 1)]
    training_set = one_per_family(export, ("train",), rng)[: TRAINING_VOICES_PER_SET * voices]
    heard = np.split(
        hear(export.parameters[np.concatenate([*halves, training_set])]), np.cumsum([len(half) for half in halves])
    )
    humans, reference = (
        VoiceSet(
            name,
            export.parameters[rows],
            wanted := [export.categories[row][0] for row in rows],
            deal_into_banks(wanted),
            [export.names[row] for row in rows],
            heard=sound,
        )
        for name, rows, sound in zip((HUMANS, "humans, the other half"), halves, heard, strict=False)
    )
    return ReferenceSets(
        humans,
        reference,
        export.parameters[training],
        [export.categories[row][0] for row in training],
        fit_evaluation_classifier(heard[2], [export.categories[row][0] for row in training_set]),
        make_scale(reference.heard),
    )


def one_per_family(export: Export, splits: Sequence[str], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of some splits in random order, one a family."""
    rows = rng.permutation(np.flatnonzero(np.isin(export.splits, splits)))
    _, first = np.unique(np.array(export.family_ids)[rows], return_index=True)
    return np.asarray(rng.permutation(rows[first]), np.int64)
