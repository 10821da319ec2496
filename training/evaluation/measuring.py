"""The figures of one set, over all and by category."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.voices.parameters import VOICES_IN_BANK
from training.data.analysis import grave_faults
from training.evaluation.reference_sets import ReferenceSets
from training.evaluation.set_metrics import find_copies, find_repeats, marginal_distance, two_sample_auc
from training.evaluation.spread import Points, compare_sounds, vendi_score
from training.evaluation.voice_set import UNKNOWN, VoiceSet

Figures = dict[str, float]  # by name; figures with too few voices are missing

# The figures in the order in which they are shown.
FIGURES = {
    "useful": "share without a grave fault (dx7/analysis/faults.py)",
    "all_useful": "banks of 32 in which every voice is useful",
    "heard": "a classifier fitted to training voices only puts the requested category first; mean over categories",
    "copies": "within 8 of 145 parameters of a training voice",
    "repeats": "within 8 parameters of another voice of its bank",
    "vendi": "effective number of different sounds among 32 voices of a category; mean over categories",
    "precision": "sounds within the reach of a human sound",
    "recall": "human sounds within the reach of a sound of the set",
    "density": "human sounds whose reach a sound is in, relative to what is usual",
    "coverage": "human sounds that have a sound of the set within reach",
    "auc_sound": "AUC of a boosted tree that separates the set from humans by sound; 0.5 means it cannot",
    "auc_parameters": "the same by parameters",
    "marginals": "total variation distance of a parameter's distribution, mean over parameters",
}
# With fewer voices of a category the figures mean nothing.
LEAST_TO_COMPARE, LEAST_TO_TELL_APART = 20, 40


class Measured(NamedTuple):
    """Figures of a whole set, and those that exist for one category."""

    overall: Figures
    by_category: dict[str, Figures]


def measure(voices: VoiceSet, references: ReferenceSets) -> Measured:
    """All figures of a set that has descriptors."""
    wanted = np.array(voices.wanted)
    asked = [[key] if key != UNKNOWN else [] for key in voices.wanted]
    useful = np.array([not grave_faults(row, keys) for row, keys in zip(voices.descriptors, asked, strict=True)])
    hits = {
        "useful": useful,
        "heard": np.asarray(references.classifier.predict(voices.descriptors) == wanted),
        "copies": find_copies(voices.parameters, references.training),
        "repeats": find_repeats(voices.parameters, voices.banks),
    }
    points, human = (
        references.scale.points(voices.descriptors),
        references.scale.points(references.reference.descriptors),
    )
    by_category: dict[str, Figures] = {}
    for key in dict.fromkeys(references.humans.wanted):
        rows = np.flatnonzero(wanted == key)
        by_category[key] = {name: float(hit[rows].mean()) for name, hit in hits.items() if len(rows)}
        humans = np.flatnonzero(np.array(references.humans.wanted) == key)
        if min(len(humans), len(rows)) >= VOICES_IN_BANK:  # for all sets that are asked for all categories, or for none
            by_category[key]["vendi"] = vendi_score(points[rows[:VOICES_IN_BANK]], apart=references.scale.apart)
        theirs = np.flatnonzero(np.array(references.reference.wanted) == key)
        ours = voices.compared[wanted[voices.compared] == key]
        by_category[key] |= _beside_humans(voices, references, ours, theirs, (points, human))
    everyone = np.arange(len(human))
    overall = {name: float(hit.mean()) for name, hit in hits.items() if name != "heard"}
    overall |= _means(by_category, ("heard", "vendi"))
    overall |= _all_useful(useful, voices.banks)
    overall |= _beside_humans(voices, references, voices.compared, everyone, (points, human))
    overall["marginals"] = marginal_distance(voices.parameters[voices.compared], references.reference.parameters)
    return Measured(_in_order(overall), {key: _in_order(figures) for key, figures in by_category.items()})


def _beside_humans(
    voices: VoiceSet,
    references: ReferenceSets,
    ours: NDArray[np.int64],
    theirs: NDArray[np.int64],
    points: tuple[Points, Points],
) -> Figures:
    """Figures of rows of a set against rows of the reference set, if there are enough."""
    figures: Figures = {}
    fewest = min(len(ours), len(theirs))
    if fewest >= LEAST_TO_COMPARE:
        figures |= compare_sounds(points[0][ours], points[1][theirs])
    if fewest >= LEAST_TO_TELL_APART:
        reference = references.reference
        figures["auc_sound"] = two_sample_auc(voices.descriptors[ours], reference.descriptors[theirs])
        figures["auc_parameters"] = two_sample_auc(voices.parameters[ours], reference.parameters[theirs])
    return figures


def _means(by_category: dict[str, Figures], names: tuple[str, ...]) -> Figures:
    found = {name: [figures[name] for figures in by_category.values() if name in figures] for name in names}
    return {name: float(np.mean(values)) for name, values in found.items() if values}


def _all_useful(useful: NDArray[np.bool_], banks: NDArray[np.int64]) -> Figures:
    full = [useful[banks == bank] for bank in np.unique(banks)]
    full = [bank for bank in full if len(bank) == VOICES_IN_BANK]
    return {"all_useful": float(np.mean([bank.all() for bank in full]))} if full else {}


def _in_order(figures: Figures) -> Figures:
    return {name: figures[name] for name in FIGURES if name in figures}
