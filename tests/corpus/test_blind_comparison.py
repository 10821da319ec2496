from __future__ import annotations

from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest

from corpus.analysis.stored_descriptors import update_descriptors
from corpus.review.annotations import Annotation, read_annotations, read_families
from corpus.review.blind_comparison import BlindChoice, BlindPair, blind_pair, labels_for_choice, nearest_labelled
from corpus.storage.store import open_store
from dx7.voices.voice import INIT_VOICE
from tests.corpus.answer_material import answer, write_answers
from tests.labeler.store_builder import VoiceRow, build_store


def label(*categories: str) -> Annotation:
    return Annotation("anna", "v", "label", categories, datetime(2026, 3, 1), "e")


def test_the_order_is_drawn_and_the_draw_is_kept() -> None:
    first = Counter(blind_pair("x", "y", "brass", seed=f"anna {number}").first for number in range(400))
    assert 150 < first["x"] < 250
    for number in range(20):
        pair = blind_pair("x", "y", "brass", seed=f"anna {number}")
        assert pair == blind_pair("y", "x", "brass", seed=f"anna {number}")
        assert {pair.first, pair.second} == {"x", "y"}
    with pytest.raises(ValueError, match="itself"):
        blind_pair("x", "x", "brass", seed="")


@pytest.mark.parametrize(
    ("verdict", "fits"),
    [(BlindChoice.FIRST, "x"), (BlindChoice.SECOND, "y"), (BlindChoice.BOTH, "xy"), (BlindChoice.NEITHER, "")],
)
def test_a_verdict_says_which_of_the_two_fit(verdict: BlindChoice, fits: str) -> None:
    assert BlindPair("x", "y", "brass").fits(verdict) == {"x": "x" in fits, "y": "y" in fits}


def test_what_fits_bears_the_category_and_what_does_not_loses_it() -> None:
    blind = BlindPair("x", "y", "brass")
    said_of = {"x": [label("strings")], "y": [label("brass", "lead")]}
    assert labels_for_choice(blind, BlindChoice.FIRST, said_of) == {"x": ("brass",), "y": ("lead",)}
    assert labels_for_choice(blind, BlindChoice.SECOND, said_of) == {"x": ("strings",), "y": ("brass", "lead")}
    assert labels_for_choice(blind, BlindChoice.NEITHER, {"y": [label("brass")]}) == {"x": (), "y": ()}


def test_a_disputed_voice_that_does_not_fit_is_what_the_others_say() -> None:
    blind = BlindPair("x", "y", "brass")
    said_of = {"x": [label("brass"), label("bell", "brass", "mallet"), label("brass")]}
    assert labels_for_choice(blind, BlindChoice.SECOND, said_of)["x"] == ("bell", "mallet")
    assert labels_for_choice(blind, BlindChoice.FIRST, said_of)["x"] == ("brass",)


def test_the_nearest_labelled_voice_is_of_another_family_and_undisputed(tmp_path: Path) -> None:
    tones = [INIT_VOICE.replace(op2_output_level=level, algorithm=0, op1_eg_rate_4=60) for level in range(60, 66)]
    asked, copy, disputed, covered, near, far = tones
    store = build_store(tmp_path / "store.duckdb", [VoiceRow(voice) for voice in tones])
    update_descriptors(store, processes=1)
    ids = [voice.voice_id for voice in tones]
    with open_store(store) as connection:
        rows = [(voice_id, ids[0] if voice_id == copy.voice_id else voice_id) for voice_id in ids]
        connection.executemany("INSERT INTO families VALUES (?, ?, '', '')", rows)
    write_answers(
        store,
        [
            *(answer("anna", voice.voice_id, "brass") for voice in (copy, disputed, near)),
            answer("anna", far.voice_id, "brass", covers=(covered.voice_id,)),
            answer("ben", disputed.voice_id, "bell"),
        ],
    )
    with open_store(store) as connection:
        opinions, families = read_annotations(connection), read_families(connection)
        found = nearest_labelled(connection, asked.voice_id, "brass", opinions, families)
        assert found == near.voice_id
        assert nearest_labelled(connection, asked.voice_id, "organ", opinions, families) is None
