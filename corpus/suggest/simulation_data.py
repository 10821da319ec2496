"""Data for simulations of labelling: one voice of each family whose names give its category, without names or folders.

The names are the ground truth, which the simulated learner never sees. There is one voice of each family, so that no
copy of a labelled voice is among the test voices.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from corpus.analysis.health import UNFIT
from corpus.analysis.relatives import audible_parameters
from corpus.analysis.search_index import ready_index
from corpus.analysis.sound_space import SOUND_SIZE
from corpus.storage.store import Connection
from corpus.storage.suggestion import NAME_RULE
from corpus.storage.voice_table import stack_parameters
from corpus.suggest.sound_clusters import ready_clusters
from dx7.shared.categories import category_keys
from dx7.voices.layout import Floats
from dx7.voices.parameters import PARAMETER_NAMES

Indices = NDArray[np.intp]

LEAST_CONFIDENCE = 0.5  # of the name rules
_MOST = 5.0  # standard deviations, at which features are clipped
_WEIGHTS = (1.0, 0.7, 0.5)  # of descriptors, of sound coordinates, of audible parameters

# From the features and categories of labelled voices: the probabilities, [n, categories], of some other features.
Learner = Callable[[Floats, Indices, int, Sequence[Floats]], list[Floats]]


@dataclass(frozen=True, slots=True)
class SimulationData:
    """Arrays of n rows, one a family. ``truth`` has indices of ``categories``; see ``CandidateArrays``."""

    features: Floats  # [n, k], standardised
    truth: Indices
    voices: Indices
    found: Indices
    cluster: Indices
    off_centre: Floats
    categories: tuple[str, ...]

    def __len__(self) -> int:
        return len(self.truth)


def read_simulation_data(connection: Connection) -> SimulationData:
    """The families of a store whose names give a category, each with the voice that was found most often.

    Only voices with descriptors count. 28,000 voices take about a second once the search index and the clusters exist.
    """
    ready_index(connection)
    ready_clusters(connection)
    rows = connection.sql(_NAMED, params={"least": LEAST_CONFIDENCE, "unfit": list(UNFIT)}).to_arrow_table()
    keys = tuple(category_keys())
    rows = rows.filter(pa.array([key in keys for key in rows["category"].to_pylist()], pa.bool_()))
    return SimulationData(
        features=read_features(connection, rows["voice_id"].to_pylist()),
        truth=np.array([keys.index(key) for key in rows["category"].to_pylist()], np.intp),
        voices=rows["family_size"].to_numpy().astype(np.intp),
        found=rows["found"].to_numpy().astype(np.intp),
        cluster=rows["crowd"].to_numpy().astype(np.intp),
        off_centre=rows["off_middle"].to_numpy().astype(np.float32),
        categories=keys,
    )


def read_features(connection: Connection, voice_ids: list[str]) -> Floats:
    """The features of voices for a simple learner: ``float32[n, k]``, standardised over these voices.

    Raises ``ValueError`` if a voice has no descriptors.
    """
    connection.register(
        "wanted", pa.table({"voice_id": pa.array(voice_ids, pa.string()), "place": range(len(voice_ids))})
    )
    try:
        rows = connection.sql(_FEATURES).to_arrow_table()
    finally:
        connection.unregister("wanted")
    if len(rows) != len(voice_ids):
        raise ValueError(f"{len(voice_ids) - len(rows)} of {len(voice_ids)} voices have no descriptors")
    descriptors = (
        rows["descriptors"].combine_chunks().flatten().to_numpy().reshape(len(rows), -1) if voice_ids else _NONE
    )
    sound = rows["sound"].combine_chunks().flatten().to_numpy().reshape(-1, SOUND_SIZE)
    parameters = audible_parameters(stack_parameters(rows))
    parts = zip((descriptors, sound, parameters), _WEIGHTS, strict=True)
    return np.concatenate([weight * _standardise(part) for part, weight in parts], axis=1, dtype=np.float32)


def fit_logistic(features: Floats, categories: Indices, count: int, others: Sequence[Floats]) -> list[Floats]:
    """A fast learner: multinomial logistic regression. A category without examples has probability 0."""
    from sklearn.linear_model import LogisticRegression

    seen = np.unique(categories)
    given = [np.zeros((len(rows), count), np.float32) for rows in others]
    if len(seen) == 1:
        for probabilities in given:
            probabilities[:, seen] = 1
        return given
    with warnings.catch_warnings():  # about few answers in many categories, and about 60 iterations: both are intended
        warnings.simplefilter("ignore", UserWarning)
        model = LogisticRegression(C=0.02, max_iter=60, tol=1e-3).fit(features, categories)
    for probabilities, rows in zip(given, others, strict=True):
        if len(rows):
            probabilities[:, seen] = model.predict_proba(rows)
    return given


_NONE = np.zeros((0, 0), np.float32)


def _standardise(part: NDArray[np.generic]) -> Floats:
    numbers = part.astype(np.float32)
    if not len(numbers):
        return numbers
    spread = numbers.std(axis=0)
    standardised: Floats = (numbers - numbers.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return standardised.clip(-_MOST, _MOST)


_NAMED = f"""
WITH named AS (
    SELECT voice_id, arg_max(category, (probability, category)) AS category
    FROM opinions WHERE origin = '{NAME_RULE}' AND probability >= $least GROUP BY voice_id
), fit AS (
    SELECT voice_id, family_id, family_size, sightings, category, crowd, off_middle
    FROM search_voices JOIN named USING (voice_id) JOIN crowds USING (voice_id)
    WHERE NOT filler AND NOT generated AND NOT list_has_any(health, $unfit)
), one_a_family AS (
    SELECT arg_max(fit, (sightings, voice_id)) AS voice, sum(sightings)::BIGINT AS found FROM fit GROUP BY family_id
)
SELECT * EXCLUDE (voice), unnest(voice) FROM one_a_family ORDER BY voice.voice_id
"""  # noqa: S608 - constants
_PARAMETERS = ", ".join(f"voices.{name}" for name in PARAMETER_NAMES)
_FEATURES = f"""
SELECT descriptors, sound, {_PARAMETERS} FROM wanted JOIN voices USING (voice_id)
    JOIN search_voices USING (voice_id) JOIN (
        SELECT voice_id, arg_max(descriptors, (hearing, engine)) AS descriptors FROM hearings GROUP BY voice_id
    ) USING (voice_id)
WHERE sound IS NOT NULL ORDER BY place
"""  # noqa: S608 - constants
