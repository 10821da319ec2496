from __future__ import annotations

import random

from sklearn.metrics import cohen_kappa_score

from corpus.labels.answer import Answer
from corpus.review.agreement import measure_agreement
from tests.corpus.answer_material import answer


def again(who: str, voice: str, *categories: str, **more: object) -> Answer:
    return answer(who, voice, *categories, lane="again", **more)


def test_an_answer_given_again_is_compared_with_the_one_before() -> None:
    figures = measure_agreement(
        [
            answer("anna", "a", "brass"),
            answer("anna", "b", "bell"),
            answer("anna", "c", "strings", "pad"),
            answer("anna", "d", "organ"),
            again("anna", "a", "brass"),
            again("anna", "b", "mallet"),
            again("anna", "c", "pad", "strings"),
            again("anna", "d"),
        ]
    )
    (own,) = figures.consistency
    assert own.labeller == "anna"
    assert (own.same.hits, own.same.count) == (1, 4)
    assert (own.shared.hits, own.shared.count) == (2, 4)
    assert figures.pairs == ()


def test_what_was_taken_back_covered_imported_or_reviewed_does_not_count() -> None:
    slip = again("anna", "a", "bell")
    undo = answer("anna", "a", kind="undo", undoes=slip.event)
    figures = measure_agreement(
        [
            answer("anna", "a", "brass"),
            slip,
            undo,
            answer("anna", "x", "pad", covers=("1" * 32,)),
            again("anna", "1" * 32, "bell"),  # nobody answered it in person before
            answer("anna", "i", "pad", heard="import"),
            again("anna", "i", "bell"),
            answer("ben", "a", "bell", page="review"),
            answer("ben", "x", "bell", heard="none"),
        ]
    )
    assert figures.consistency == ()
    assert figures.pairs == ()


def test_a_correction_of_the_second_look_is_no_third_look() -> None:
    first, slip, meant = (
        answer("anna", "a", "brass", minute=1, token="1" * 12),
        again("anna", "a", "bell", minute=2, token="2" * 12),
        again("anna", "a", "brass", minute=3, token="2" * 12),
    )
    (own,) = measure_agreement([first, slip, meant]).consistency
    assert (own.same.hits, own.same.count) == (1, 1)


def test_a_third_answer_is_compared_with_the_second() -> None:
    figures = measure_agreement(
        [answer("anna", "a", "brass"), again("anna", "a", "bell"), again("anna", "a", "bell")],
    )
    assert (figures.consistency[0].same.hits, figures.consistency[0].same.count) == (1, 2)


def test_two_people_are_compared_on_the_voices_that_both_answered() -> None:
    draw = random.Random(2)
    words = ("brass", "bell", "pad")
    said: dict[str, dict[str, str]] = {who: {} for who in ("anna", "ben", "cleo")}
    answers = []
    for voice in range(90):
        true = draw.choice(words)
        for who in said:
            if draw.random() < 0.7:
                said[who][str(voice)] = true if draw.random() < 0.8 else draw.choice(words)
                answers.append(answer(who, str(voice), said[who][str(voice)]))
    draw.shuffle(answers)
    figures = measure_agreement(answers)
    assert [pair.labellers for pair in figures.pairs] == [("anna", "ben"), ("anna", "cleo"), ("ben", "cleo")]
    for pair in figures.pairs:
        first, second = (said[who] for who in pair.labellers)
        common = sorted(set(first) & set(second))
        assert pair.kappa.observed.count == len(common)
        score = cohen_kappa_score([first[voice] for voice in common], [second[voice] for voice in common])
        assert abs((pair.kappa.kappa or 0) - score) < 1e-4
    assert figures.alpha.voices == sum(sum(str(voice) in said[who] for who in said) > 1 for voice in range(90))
    assert sum(row.both for row in figures.by_category) == sum(pair.kappa.observed.hits for pair in figures.pairs)


def test_being_unsure_counts_where_the_voice_was_drawn_to_compare() -> None:
    """Elsewhere the second person was asked because the first did not know, and that says nothing about either."""
    drawn = [answer("anna", "a", "brass"), answer("ben", "a", lane="agreement")]
    asked = [answer("anna", "b"), answer("ben", "b", "bell")]
    (pair,) = measure_agreement([*drawn, *asked]).pairs
    assert (pair.drawn, pair.kappa.observed.count, pair.kappa.observed.hits) == (1, 1, 0)


def test_the_second_look_of_one_person_is_not_held_against_another() -> None:
    figures = measure_agreement(
        [answer("anna", "a", "brass"), answer("ben", "a", "brass", lane="agreement"), again("anna", "a", "bell")]
    )
    assert figures.pairs[0].kappa.observed.hits == 1


def test_a_correction_counts_instead_of_the_slip() -> None:
    figures = measure_agreement(
        [answer("anna", "a", "bell"), answer("anna", "a", "brass"), answer("ben", "a", "brass", lane="agreement")]
    )
    assert figures.pairs[0].kappa.observed.hits == 1
    assert figures.consistency == ()


def test_broken_is_an_opinion() -> None:
    figures = measure_agreement([answer("anna", "a", kind="broken"), answer("ben", "a", "brass", lane="agreement")])
    assert figures.pairs[0].kappa.observed.hits == 0
    assert [row.outcome for row in figures.by_category] == ["brass", "broken"]


def test_nothing_said_nothing_measured() -> None:
    figures = measure_agreement([])
    assert (figures.consistency, figures.pairs, figures.by_category) == ((), (), ())
    assert figures.alpha.alpha is None
