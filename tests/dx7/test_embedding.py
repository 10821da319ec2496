"""Embeddings: what stands where, that it is heard there, and that every way of making one gives the same."""

from __future__ import annotations

import numpy as np
import pytest

from dx7.analysis.embedding import (
    BAND_COUNT,
    EMBEDDED_NOTES,
    EMBEDDING_SIZE,
    FLOOR,
    STEP,
    embed,
    embed_rows,
)
from dx7.voices.voice import INIT_VOICE, Voice
from tests.labeler.store_builder import varied_voices

TOP = round(-FLOOR / STEP)  # the loudest of a note


def bytes_of(voice: Voice) -> np.ndarray:
    return np.frombuffer(voice.unpacked, np.uint8)


def parts(embedding: np.ndarray) -> list[tuple[int, np.ndarray, np.ndarray]]:
    """Of each take: how loud it is, its levels, and ``[moments, bands]``."""
    found, first = [], 0
    for take in EMBEDDED_NOTES:
        levels = embedding[first + 1 : first + 1 + take.levels]
        bands = embedding[first + 1 + take.levels : first + 1 + take.levels + take.moments * BAND_COUNT]
        found.append((int(embedding[first]), levels, bands.reshape(take.moments, BAND_COUNT)))
        first += 1 + take.levels + take.moments * BAND_COUNT
    assert first == EMBEDDING_SIZE
    return found


def test_a_sine_is_in_one_band_on_every_key() -> None:
    for _, levels, bands in parts(embed(bytes_of(INIT_VOICE))):
        assert levels.max() == bands.max() == TOP
        held = bands[2]
        assert set(np.flatnonzero(held > TOP - 20 / STEP)) <= {4, 5, 6, 7, 8}  # around the key itself
        assert held.argmax() == 6


def test_an_operator_an_octave_higher_is_five_bands_higher() -> None:
    higher = INIT_VOICE.replace(op1_frequency_coarse=2)
    (_, _, low), *_ = parts(embed(bytes_of(INIT_VOICE)))
    (_, _, high), *_ = parts(embed(bytes_of(higher)))
    assert high[5].argmax() - low[5].argmax() == 5


def test_a_release_is_heard_after_the_key_is_let_go() -> None:
    long = INIT_VOICE.replace(op1_eg_rate_4=30)
    (_, short_levels, _), *_ = parts(embed(bytes_of(INIT_VOICE)))
    (_, long_levels, _), *_ = parts(embed(bytes_of(long)))
    assert short_levels[-1] == 0 < long_levels[-1]


def test_a_soft_key_is_softer_where_the_voice_asks_for_it() -> None:
    sensitive = parts(embed(bytes_of(INIT_VOICE.replace(op1_velocity_sensitivity=7))))
    plain = parts(embed(bytes_of(INIT_VOICE)))
    soft, hard = (next(n for n, take in enumerate(EMBEDDED_NOTES) if take.velocity == v) for v in (35, 127))
    assert sensitive[hard][0] - sensitive[soft][0] > 10 / STEP
    assert plain[hard][0] == plain[soft][0]


def test_silence_is_all_zero_but_in_no_way_an_error() -> None:
    embedding = embed(bytes_of(INIT_VOICE.replace(op1_output_level=0)))
    assert all(loud == 0 for loud, _, _ in parts(embedding))
    assert all(bands[:, 5:].max() == 0 for _, _, bands in parts(embedding))


def test_one_by_one_and_in_rows_the_embeddings_are_equal() -> None:
    voices = np.stack([bytes_of(row.voice) for row in varied_voices(6)])
    alone = np.stack([embed(voice) for voice in voices])
    assert (np.stack(embed_rows(voices)) == alone).all()


def test_values_out_of_range_never_reach_the_engine() -> None:
    voice = bytes_of(INIT_VOICE).copy()
    voice[0] = 100
    with pytest.raises(ValueError, match="out of range"):
        embed(voice)
