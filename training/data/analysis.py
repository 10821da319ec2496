"""Hearing new voices: which are duds for what was asked, and which sound like it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier import Ear
from dx7.analysis.classifier_inputs import listen_many
from dx7.analysis.descriptors import descriptors_of, hear_many
from dx7.analysis.faults import find_faults, is_useful
from dx7.voices.parameters import PARAMETER_COUNT, UNPACKED_SIZE

Parameters = NDArray[np.uint8]
Floats = NDArray[np.float32]


class ClassifierOutput(NamedTuple):
    """What a category ear made of voices, one row a voice."""

    said: Floats  # [n, C], how probably each category, 0 to 1
    inputs: Floats  # [n, F], what the ear was given


class VoiceAnalysis(NamedTuple):
    """How voices were heard, one row a voice; ``by_ear`` is None where there is no ear."""

    useful: NDArray[np.bool_]  # no grave fault for the category it was meant for
    classified: ClassifierOutput | None

    def of(self, rows: NDArray[np.integer]) -> VoiceAnalysis:
        """The same of some rows."""
        classified = None if self.classified is None else ClassifierOutput(*(part[rows] for part in self.classified))
        return VoiceAnalysis(self.useful[rows], classified)


def measure_descriptors(parameters: Parameters) -> Floats:
    """Descriptors of voices ``uint8[n, 145]``, one row a voice (``dx7/analysis/descriptors.py``)."""
    return hear_many(pad_to_unpacked(parameters))


def analyse_with_classifier(parameters: Parameters, ear: Ear) -> tuple[Floats, Floats, Floats]:
    """Descriptors of voices, what the ear is given of them, and what it says, one row a voice."""
    embeddings, descriptors = listen_many(pad_to_unpacked(parameters))
    inputs = ear.front.inputs(embeddings, descriptors, parameters)
    return descriptors, inputs, ear.say(inputs)


def analyse_voices(
    parameters: Parameters, wanted: Sequence[str], category_keys: Sequence[str], ear: Ear | None
) -> VoiceAnalysis:
    """Hear voices ``uint8[n, 145]``, each meant for a category; ``said`` has the columns ``category_keys``."""
    if ear is None:
        heard, classified = measure_descriptors(parameters), None
    else:
        heard, inputs, said = analyse_with_classifier(parameters, ear)
        classified = ClassifierOutput(_in_columns(said, ear.category_keys, category_keys), inputs)
    useful = np.array([not grave_faults(row, [key]) for row, key in zip(heard, wanted, strict=True)], bool)
    return VoiceAnalysis(useful, classified)


def grave_faults(heard: Floats, categories: Sequence[str]) -> tuple[str, ...]:
    """What makes a voice useless, the gravest first; empty for one that is useful as any of the categories.

    Without categories a voice is judged as one that plays melodies.
    """
    descriptors = descriptors_of(heard)
    if any(is_useful(descriptors, key) for key in categories or (None,)):
        return ()
    return find_faults(descriptors, categories[0] if categories else None)


def pad_to_unpacked(parameters: Parameters) -> Parameters:
    """Voices ``uint8[n, 145]`` without names as ``uint8[n, 155]``."""
    unpacked = np.zeros((len(parameters), UNPACKED_SIZE), np.uint8)
    unpacked[:, :PARAMETER_COUNT] = parameters
    return unpacked


def _in_columns(said: Floats, spoken: Sequence[str], category_keys: Sequence[str]) -> Floats:
    """The same with one column for each of ``category_keys``; 0 for one that the ear does not know."""
    columns = np.zeros((len(said), len(category_keys)), np.float32)
    for column, key in enumerate(category_keys):
        if key in spoken:
            columns[:, column] = said[:, spoken.index(key)]
    return columns
