"""Audio analysis of new voices: descriptors, useful or not, and what the category classifier says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.classifier import CategoryClassifier
from dx7.analysis.classifier_inputs import compute_classifier_inputs
from dx7.analysis.descriptors import descriptors_of, extract_many
from dx7.analysis.faults import find_faults, is_useful
from dx7.voices.layout import Floats
from dx7.voices.parameters import PARAMETER_COUNT, UNPACKED_SIZE

Parameters = NDArray[np.uint8]


class ClassifierOutput(NamedTuple):
    """The output of a category classifier, one row a voice."""

    probabilities: Floats  # [n, C], of each category, 0 to 1
    features: Floats  # [n, F], the inputs of the classifier


class VoiceAnalysis(NamedTuple):
    """The analysis of voices, one row a voice. ``classified`` is None without a classifier."""

    useful: NDArray[np.bool_]  # has no grave fault for its category
    classified: ClassifierOutput | None

    def of(self, rows: NDArray[np.integer]) -> VoiceAnalysis:
        """The analysis of some rows."""
        classified = None if self.classified is None else ClassifierOutput(*(part[rows] for part in self.classified))
        return VoiceAnalysis(self.useful[rows], classified)


def descriptors_of_voices(parameters: Parameters) -> Floats:
    """Descriptors of voices ``uint8[n, 145]``, one row a voice (``dx7/analysis/descriptors.py``)."""
    return extract_many(pad_to_unpacked(parameters))


def analyse_with_classifier(parameters: Parameters, classifier: CategoryClassifier) -> tuple[Floats, Floats, Floats]:
    """Descriptors of voices, their classifier features, and the probabilities of categories, one row a voice."""
    embeddings, descriptors = compute_classifier_inputs(pad_to_unpacked(parameters))
    features = classifier.transform.inputs(embeddings, descriptors, parameters)
    return descriptors, features, classifier.predict_from_inputs(features)


def analyse_voices(
    parameters: Parameters, wanted: Sequence[str], category_keys: Sequence[str], classifier: CategoryClassifier | None
) -> VoiceAnalysis:
    """Analyse voices ``uint8[n, 145]``, each meant for a category. Probabilities have the columns ``category_keys``."""
    if classifier is None:
        descriptors, classified = descriptors_of_voices(parameters), None
    else:
        descriptors, features, probabilities = analyse_with_classifier(parameters, classifier)
        classified = ClassifierOutput(_in_columns(probabilities, classifier.category_keys, category_keys), features)
    useful = np.array([not grave_faults(row, [key]) for row, key in zip(descriptors, wanted, strict=True)], bool)
    return VoiceAnalysis(useful, classified)


def grave_faults(measured: Floats, categories: Sequence[str]) -> tuple[str, ...]:
    """The faults of a voice with the descriptors ``measured``, the gravest first; empty for a useful voice.

    A voice is useful if it is useful for one of the categories. Without categories it must be able to play melodies.
    """
    descriptors = descriptors_of(measured)
    if any(is_useful(descriptors, key) for key in categories or (None,)):
        return ()
    return find_faults(descriptors, categories[0] if categories else None)


def pad_to_unpacked(parameters: Parameters) -> Parameters:
    """Voices ``uint8[n, 145]`` without names as ``uint8[n, 155]``."""
    unpacked = np.zeros((len(parameters), UNPACKED_SIZE), np.uint8)
    unpacked[:, :PARAMETER_COUNT] = parameters
    return unpacked


def _in_columns(probabilities: Floats, known: Sequence[str], category_keys: Sequence[str]) -> Floats:
    """Columns for ``category_keys``; 0 for those that the classifier does not know."""
    columns = np.zeros((len(probabilities), len(category_keys)), np.float32)
    for column, key in enumerate(category_keys):
        if key in known:
            columns[:, column] = probabilities[:, known.index(key)]
    return columns
