"""The figures of one set, over all and by category."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.voices.parameters import VOICES_IN_BANK
from training.data.analysis import grave_faults
from training.evaluation.reference_sets import ReferenceSets
from training.evaluation.set_metrics import find_copies, find_repeats, marginal_distance, two_sample_auc
from training.evaluation.spread import Points, compare, vendi_score
from training.evaluation.voice_set import UNKNOWN, VoiceSet

Figures = dict[str, float]  # those that there are enough voices for

# What each figure says, in the order in which they are shown.
FIGURES = {
    "useful": "no grave fault is heard (dx7/analysis/faults.py)",
    "all_useful": "banks of 32 of which every voice is useful",
    "heard": "an ear that is fitted to training voices alone puts the asked category first; mean over categories",
    "copies": "within 8 of 145 parameters of a training voice",
    "repeats": "as near to another voice of its bank",
    "vendi": "how many of 32 voices of a category sound different in effect; mean over categories",
    "precision": "sounds in the reach of a human one",
    "recall": "human sounds in the reach of one of these",
    "density": "how many human sounds reach one of these, 1 being usual",
    "coverage": "human sounds that reach one of these",
    "auc_sound": "how well a boosted tree tells them from humans by sound; 0.5 not at all, 1 always",
    "auc_parameters": "likewise by parameters",
    "marginals": "total variation between the distributions of a parameter, mean",
}
# Fewer voices of a category give figures that mean nothing.
LEAST_TO_COMPARE, LEAST_TO_TELL_APART = 20, 40


class Measured(NamedTuple):
    """Figures of a set over all, and those that make sense of one category."""

    overall: Figures
    by_category: dict[str, Figures]


def measure(voices: VoiceSet, references: ReferenceSets) -> Measured:
    """All figures of a set that was heard."""
    wanted = np.array(voices.wanted)
    asked = [[key] if key != UNKNOWN else [] for key in voices.wanted]
    useful = np.array([not grave_faults(row, keys) for row, keys in zip(voices.heard, asked, strict=True)])
    hits = {
        "useful": useful,
        "heard": np.asarray(references.ear.predict(voices.heard) == wanted),
        "copies": find_copies(voices.parameters, references.training),
        "repeats": find_repeats(voices.parameters, voices.banks),
    }
    points, human = references.scale.points(voices.heard), references.scale.points(references.reference.heard)
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
    """Figures of some rows of a set against some of the reference, where there are enough."""
    figures: Figures = {}
    fewest = min(len(ours), len(theirs))
    if fewest >= LEAST_TO_COMPARE:
        figures |= compare(points[0][ours], points[1][theirs])
    if fewest >= LEAST_TO_TELL_APART:
        reference = references.reference
        figures["auc_sound"] = two_sample_auc(voices.heard[ours], reference.heard[theirs])
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
