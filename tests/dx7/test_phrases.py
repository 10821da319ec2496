"""Phrases: when keys go down and up, what is rendered of them, and the notes a transposed voice can play."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dx7.errors import CategoryError
from dx7.shared.categories import category_keys, get_category
from dx7.sound.engine import SAMPLE_RATE, render
from dx7.sound.phrases import (
    DEFAULT_PHRASE,
    GAP,
    HARD_VELOCITY,
    TAIL,
    USUAL_VELOCITY,
    make_phrase,
    phrase_of,
    render_phrase,
)
from dx7.voices.voice import INIT_VOICE

RINGING = INIT_VOICE.replace(op1_eg_rate_4=30)


@pytest.mark.parametrize("key", category_keys())
def test_every_category_has_its_phrase(key: str) -> None:
    category, phrase = get_category(key), phrase_of(key)
    assert tuple(note.note for note in phrase.notes) == category.notes
    assert {note.held for note in phrase.notes} == {category.note_seconds}
    assert [note.velocity for note in phrase.notes] == [USUAL_VELOCITY] * (len(category.notes) - 1) + [HARD_VELOCITY]
    assert phrase.seconds == pytest.approx(len(category.notes) * (category.note_seconds + GAP) - GAP + TAIL)


def test_without_a_category_there_is_a_default_and_an_unknown_one_is_refused() -> None:
    assert phrase_of(None) == DEFAULT_PHRASE
    with pytest.raises(CategoryError, match="no category 'kazoo'"):
        phrase_of("kazoo")


@given(st.lists(st.integers(0, 127), min_size=1, max_size=8), st.floats(0.01, 3))
def test_every_key_that_goes_down_comes_up_again(notes: list[int], seconds: float) -> None:
    down: list[int] = []
    moments = []
    for event in make_phrase(tuple(notes), seconds).events():
        moments.append(event.seconds)
        if event.velocity:
            down.append(event.note)
        else:
            down.remove(event.note)
    assert down == []
    assert moments == sorted(moments)
    assert len(moments) == 2 * len(notes)


def test_at_one_moment_up_comes_before_down() -> None:
    phrase = make_phrase((60, 60), 0.5)
    touching = type(phrase)((phrase.notes[0], type(phrase.notes[0])(0.5, 0.5, 60, 100)), 2.0)
    assert [event.velocity for event in touching.events()] == [100, 0, 100, 0]


@pytest.mark.parametrize(("notes", "seconds"), [((), 1.0), ((60,), 0.0), ((60,), -1.0)])
def test_a_phrase_needs_notes_that_last(notes: tuple[int, ...], seconds: float) -> None:
    with pytest.raises(ValueError, match="needs notes that last"):
        make_phrase(notes, seconds)


def test_a_rendered_phrase_is_the_sum_of_its_ringing_notes() -> None:
    phrase = make_phrase((48, 60), 0.3)
    audio = render_phrase(RINGING, phrase)
    assert audio.dtype == np.float32
    assert len(audio) == round(phrase.seconds * SAMPLE_RATE)
    second = round((0.3 + GAP) * SAMPLE_RATE)
    first_note = render(RINGING, note=48, velocity=USUAL_VELOCITY, seconds_held=0.3, seconds_total=phrase.seconds)
    second_note = render(
        RINGING, note=60, velocity=HARD_VELOCITY, seconds_held=0.3, seconds_total=phrase.seconds - 0.3 - GAP
    )
    assert np.array_equal(audio[:second], first_note[:second])
    overlap = min(len(second_note), len(audio) - second)
    expected = first_note[second : second + overlap] + second_note[:overlap]
    assert np.array_equal(audio[second : second + overlap], expected)
    assert np.abs(first_note[second : second + 1000]).max() > 0.01  # so the first really rings under the second


@pytest.mark.parametrize("transpose", [0, 12, 24, 36, 48])
@pytest.mark.parametrize("note", [0, 5, 60, 120, 127])
def test_notes_stay_on_the_keyboard_after_transposition(note: int, transpose: int) -> None:
    voice = INIT_VOICE.replace(transpose=transpose)
    fitted = make_phrase((note,), 0.1).fitted(voice).notes[0].note
    assert 0 <= fitted <= 127
    assert 0 <= fitted + transpose - 24 <= 127
    assert (fitted - note) % 12 == 0
    if 0 <= note + transpose - 24 <= 127:
        assert fitted == note
