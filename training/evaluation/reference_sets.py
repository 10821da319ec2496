"""The reference sets of an evaluation. They do not change with the seed of the measured sets.

The held-out families, validation and test, are split into two halves with the same categories, one voice a family. The
first half is the human set: it is measured like any other set, and a model is asked for its categories. All sets are
compared with the second half.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.errors import ExportError
from dx7.shared.export_format import Export
from dx7.voices.layout import Floats
from training.evaluation.spread import Scale, make_scale
from training.evaluation.voice_set import Parameters, VoiceSet, deal_into_banks

HUMANS = "humans, held out"
LEAST_HELD_OUT = 50  # fewer families give figures that mean nothing
TRAINING_VOICES_PER_SET = 3  # training voices for the classifier, as a multiple of the voices of a set
_CHOICE = 0  # seed


class ReferenceSets(NamedTuple):
    """Two halves of the held-out voices, the training voices with their main categories, and a classifier."""

    humans: VoiceSet
    reference: VoiceSet
    training: Parameters
    mains: Sequence[str]
    classifier: Any  # of fit_evaluation_classifier
    scale: Scale  # made on the reference


def make_reference_sets(export: Export, *, voices: int, measure: Callable[[Parameters], Floats]) -> ReferenceSets:
    """Halves of at most ``voices`` voices each. ``measure`` returns descriptors of ``uint8[n, 145]``.

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
    # Sorting is stable; the voices of a category go to the two halves in turn.
    ordered = sorted(held_out[: 2 * voices], key=lambda row: export.categories[row][0])
    halves = [np.array(ordered[first::2])[: len(ordered) // 2] for first in (0, 1)]
    training_set = one_per_family(export, ("train",), rng)[: TRAINING_VOICES_PER_SET * voices]
    descriptors = np.split(
        measure(export.parameters[np.concatenate([*halves, training_set])]), np.cumsum([len(half) for half in halves])
    )
    humans, reference = (
        VoiceSet(
            name,
            export.parameters[rows],
            wanted := [export.categories[row][0] for row in rows],
            deal_into_banks(wanted),
            [export.names[row] for row in rows],
            descriptors=rows_descriptors,
        )
        for name, rows, rows_descriptors in zip((HUMANS, "humans, the other half"), halves, descriptors, strict=False)
    )
    return ReferenceSets(
        humans,
        reference,
        export.parameters[training],
        [export.categories[row][0] for row in training],
        fit_evaluation_classifier(descriptors[2], [export.categories[row][0] for row in training_set]),
        make_scale(reference.descriptors),
    )


def one_per_family(export: Export, splits: Sequence[str], rng: np.random.Generator) -> NDArray[np.int64]:
    """Rows of some splits in random order, one a family."""
    rows = rng.permutation(np.flatnonzero(np.isin(export.splits, splits)))
    _, first = np.unique(np.array(export.family_ids)[rows], return_index=True)
    return np.asarray(rng.permutation(rows[first]), np.int64)


def fit_evaluation_classifier(descriptors: Floats, categories: Sequence[str]) -> Any:
    """A boosted tree that predicts main categories from descriptors, one row a voice; a scikit-learn classifier.

    It learns from human training voices only. It measures; it never chooses what a cartridge holds.
    """
    from sklearn.ensemble import HistGradientBoostingClassifier

    classifier = HistGradientBoostingClassifier(max_iter=80, max_leaf_nodes=15, l2_regularization=1.0, random_state=0)
    return classifier.fit(descriptors, np.array(categories))
