"""The list of likely label errors: labels that the sound and parameters of a voice contradict, by confident learning.

Each voice is classified by a forest fitted without its family, so that copies of it do not leak the answer. cleanlab
then finds the labels that the probabilities contradict, both by the noise estimated for each pair of categories and by
each category alone, its most cautious filter. The forest must also find another category :data:`_CLEAR` times as
probable.

Measured on 5,000 scraped voices of different families, labelled by their names, one label in twenty replaced by
another at random (two draws): 380 and 400 labels are found, of which 0.40 and 0.39 had been replaced, 0.63 of all
replaced ones; of the first 50, 0.70 and 0.72. Many of the others are wrong, too: a name is not a sound. With 1,500
voices precision is 0.46 and 0.33, recall 0.63, and precision of the first 50 0.64 and 0.44. 5,000 labels take 6 s of
one core.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from corpus.analysis.relatives import audible_parameters
from corpus.analysis.similar import read_parameters
from corpus.analysis.stored_descriptors import read_descriptors
from corpus.review.annotations import Annotation, annotations_by_voice, category_words, majority_category
from corpus.review.cases import Case, CaseKind, annotation_sentence
from corpus.storage.store import Connection
from dx7.voices.layout import Floats

LEAST_FAMILIES = 8  # with a category, for it to be learned
LEAST_LABELS = 100  # in categories that can be learned; with fewer the model guesses


@dataclass(frozen=True, slots=True)
class LabelErrors:
    """Cases, the most likely errors first, and how many labels were checked; or one sentence why none were."""

    cases: tuple[Case, ...]
    labels: int
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class _Labelled:
    """One voice for each family and category, and all voices of both."""

    voice_id: str
    family_id: str
    category: str
    alike: tuple[str, ...]


def find_label_errors(
    connection: Connection, opinions: Iterable[Annotation], family_of: Mapping[str, str]
) -> LabelErrors:
    """The labels that are likely wrong. 5,000 labels take some seconds; too few of them give a sentence instead.

    One voice of each family and category is classified, one labelled in person if there is. Voices without descriptors
    are left out.
    """
    said_of = annotations_by_voice(said for said in opinions if said.categories)
    hearings = read_descriptors(connection)
    row_of = {voice_id: row for row, voice_id in enumerate(hearings.voice_ids)}
    labelled = _learnable(_labelled(said_of, family_of, row_of))
    names = sorted({one.category for one in labelled})
    if len(labelled) < LEAST_LABELS or len(names) < 2:
        return LabelErrors((), len(labelled), _too_few(len(labelled), len(names)))
    ids = [one.voice_id for one in labelled]
    parameters = audible_parameters(read_parameters(connection, ids)).astype(np.float32)
    features: Floats = np.hstack([hearings.descriptors[[row_of[voice_id] for voice_id in ids]], parameters])
    labels = [one.category for one in labelled]
    probabilities = out_of_sample(features, labels, [one.family_id for one in labelled], names)
    cases = [
        _case(labelled[row], said_of, names, probabilities[row]) for row in likely_errors(labels, names, probabilities)
    ]
    return LabelErrors(tuple(cases), len(labelled))


def _labelled(
    said_of: Mapping[str, Sequence[Annotation]], family_of: Mapping[str, str], heard: Mapping[str, int]
) -> list[_Labelled]:
    alike: dict[tuple[str, str], list[str]] = defaultdict(list)
    for voice_id, said in said_of.items():
        if voice_id in heard:
            alike[family_of.get(voice_id, voice_id), majority_category(said) or ""].append(voice_id)
    rows = []
    for (family_id, category), voices in sorted(alike.items()):
        voices.sort(key=lambda voice_id: (all(said.propagated for said in said_of[voice_id]), voice_id))
        rows.append(_Labelled(voices[0], family_id, category, tuple(voices)))
    return rows


def _learnable(labelled: Sequence[_Labelled]) -> list[_Labelled]:
    counts = Counter(one.category for one in labelled)
    return [one for one in labelled if counts[one.category] >= LEAST_FAMILIES]


def _too_few(labels: int, categories: int) -> str:
    return (
        f"Too few labels to look for errors among them: {labels} voices of {categories} categories that have"
        f" {LEAST_FAMILIES} families each; it takes {LEAST_LABELS} of at least two."
    )


def _case(
    labelled: _Labelled, said_of: Mapping[str, Sequence[Annotation]], names: Sequence[str], probabilities: Probabilities
) -> Case:
    given = float(probabilities[names.index(labelled.category)])
    best = int(probabilities.argmax())
    said = tuple(one for voice_id in labelled.alike for one in said_of[voice_id])
    here = annotation_sentence([one for one in said if one.voice_id == labelled.voice_id])
    return Case(
        kind=CaseKind.LABEL_ERROR,
        key=f"label_error-{labelled.voice_id}",
        voices=labelled.alike,
        reason=f"{here}; a model hears {category_words(names[best])}, at {probabilities[best]:.2f}"
        f" against {given:.2f}.",
        said=said,
        choices=(labelled.category, names[best]),
        weight=round(1 - given, 6),
        suggested=names[best],
        probability=round(float(probabilities[best]), 4),
    )


FOLDS = 4
_TREES = 150
_LEAST_LEAF = 3  # voices; finer trees memorise the wrong labels
_CLEAR = 5.0  # times
_LEAST = 1e-6  # probability; cleanlab needs all above 0

Probabilities = NDArray[np.float64]


def out_of_sample(
    features: Floats, labels: Sequence[str], families: Sequence[str], names: Sequence[str]
) -> Probabilities:
    """The probability of each of ``names`` for each voice, ``[n, names]``, by models fitted without its family.

    ``features`` are ``float32[n, k]``. Every label is one of ``names`` and has at least :data:`FOLDS` families.
    """
    from sklearn.ensemble import ExtraTreesClassifier
    from sklearn.model_selection import StratifiedGroupKFold

    known = np.array([names.index(label) for label in labels])
    groups = np.unique(families, return_inverse=True)[1]
    probabilities = np.zeros((len(known), len(names)))
    folds = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=0)
    for fitted, judged in folds.split(features, known, groups):
        forest = ExtraTreesClassifier(_TREES, min_samples_leaf=_LEAST_LEAF, n_jobs=-1, random_state=0)
        forest.fit(features[fitted], known[fitted])
        probabilities[np.ix_(judged, forest.classes_)] = forest.predict_proba(features[judged])
    # Threads sum the trees in varying order; rounding makes the result repeatable.
    probabilities = np.maximum(probabilities.round(6), _LEAST)
    normalised: Probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    return normalised


def likely_errors(labels: Sequence[str], names: Sequence[str], probabilities: Probabilities) -> list[int]:
    """The rows whose labels are likely wrong, the most likely first."""
    from cleanlab.filter import find_label_issues
    from cleanlab.rank import get_label_quality_scores

    known = np.array([names.index(label) for label in labels])
    wrong = find_label_issues(known, probabilities, filter_by="both", n_jobs=1)
    quality = get_label_quality_scores(known, probabilities, method="self_confidence")
    clear = probabilities.max(axis=1) >= _CLEAR * probabilities[np.arange(len(known)), known]
    return sorted(np.flatnonzero(wrong & clear).tolist(), key=lambda row: (float(quality[row]), row))
