"""All that an ear is given of many voices at once, heard in one go over all cores."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.analysis.descriptors import DESCRIPTOR_NAMES, hear_rows
from dx7.analysis.embedding import EMBEDDING_SIZE, embed_rows
from dx7.sound.bulk import Workers, work_through
from dx7.voices.layout import Bytes

Floats = NDArray[np.float32]


def listen_rows(unpacked: Bytes) -> list[tuple[Bytes, Floats]]:
    """Embedding and descriptors of every voice of ``uint8[n, 155]``: what travels between processes."""
    return list(zip(embed_rows(unpacked), hear_rows(unpacked), strict=True))


def listen_many(unpacked: Bytes, *, workers: Workers | None = None) -> tuple[Bytes, Floats]:
    """Embeddings ``uint8[n, EMBEDDING_SIZE]`` and descriptors, one row a voice, of ``uint8[n, 155]``.

    Raises ``ValueError`` for values out of range, and ``EngineError`` if a process dies.
    """
    embeddings = np.empty((len(unpacked), EMBEDDING_SIZE), np.uint8)
    descriptors = np.empty((len(unpacked), len(DESCRIPTOR_NAMES)), np.float32)
    for row, (embedding, numbers) in enumerate(work_through(unpacked, listen_rows, workers=workers)):
        embeddings[row], descriptors[row] = embedding, numbers
    return embeddings, descriptors
