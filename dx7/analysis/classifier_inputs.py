"""Embeddings and descriptors of many voices, computed together over all cores: the inputs of the classifier."""

from __future__ import annotations

import numpy as np

from dx7.analysis.descriptors import DESCRIPTOR_NAMES, descriptor_rows
from dx7.analysis.embedding import EMBEDDING_SIZE, embed_rows
from dx7.sound.bulk import Workers, work_through
from dx7.voices.layout import Bytes, Floats


def classifier_input_rows(unpacked: Bytes) -> list[tuple[Bytes, Floats]]:
    """Return embedding and descriptors of every voice of ``uint8[n, 155]``. Worker processes call it."""
    return list(zip(embed_rows(unpacked), descriptor_rows(unpacked), strict=True))


def compute_classifier_inputs(unpacked: Bytes, *, workers: Workers | None = None) -> tuple[Bytes, Floats]:
    """Return embeddings ``uint8[n, EMBEDDING_SIZE]`` and descriptors, one row a voice, of ``uint8[n, 155]``.

    Raises ``ValueError`` for values out of range, and ``EngineError`` if a process dies.
    """
    embeddings = np.empty((len(unpacked), EMBEDDING_SIZE), np.uint8)
    descriptors = np.empty((len(unpacked), len(DESCRIPTOR_NAMES)), np.float32)
    for row, (embedding, numbers) in enumerate(work_through(unpacked, classifier_input_rows, workers=workers)):
        embeddings[row], descriptors[row] = embedding, numbers
    return embeddings, descriptors
