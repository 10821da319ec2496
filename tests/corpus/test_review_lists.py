from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from corpus.review.annotations import Annotation, majority_category, majority_label
from corpus.review.cases import Case, open_cases
from corpus.review.disagreements import against_suggestions, families_disagree, people_disagree
from corpus.storage.suggestion import Suggestion

START = datetime(2026, 3, 1)


def said(who: str, voice: str, *categories: str, minute: int = 0, event: str = "", **more: object) -> Annotation:
    answer = str(more.pop("answer", "label" if categories else "broken"))
    when = START + timedelta(minutes=minute)
    return Annotation(who, voice, answer, categories, when, event or f"{who}-{voice}-{minute}", **more)  # type: ignore[arg-type]


def review(who: str, voice: str, *categories: str, minute: int) -> Annotation:
    return said(who, voice, *categories, minute=minute, page="review")


def voices(cases: Sequence[Case]) -> list[str]:
    return [case.voices[0] for case in cases]


class TestPeopleDisagree:
    def test_other_categories_weigh_more_than_their_order(self) -> None:
        cases = people_disagree(
            [
                said("anna", "order", "strings", "pad"),
                said("ben", "order", "pad", "strings"),
                said("anna", "apart", "brass"),
                said("ben", "apart", "bell"),
                said("anna", "broken", "brass"),
                said("ben", "broken"),
            ]
        )
        assert voices(cases) == ["apart", "broken", "order"]
        assert [case.reason for case in cases] == [
            "anna says brass, ben says bell.",
            "anna says brass, ben calls it broken.",
            "anna says strings and pad, ben says pad and strings: they differ in what it is first and share pad"
            " and strings.",
        ]
        assert cases[2].choices == ("strings", "pad")

    def test_a_second_category_that_one_leaves_out_is_no_disagreement(self) -> None:
        assert people_disagree([said("anna", "x", "strings", "pad"), said("ben", "x", "strings")]) == []

    def test_a_second_category_that_is_first_to_another_is_one_of_order(self) -> None:
        (case,) = people_disagree([said("anna", "x", "strings", "pad"), said("ben", "x", "pad")])
        assert case.reason.endswith("they differ in what it is first and share pad.")

    def test_being_unsure_contradicts_nobody(self) -> None:
        assert people_disagree([said("anna", "x", "brass"), said("ben", "x", answer="unsure")]) == []

    def test_of_three_the_farthest_two_count(self) -> None:
        (case,) = people_disagree(
            [said("anna", "x", "pad", "strings"), said("ben", "x", "strings"), said("cleo", "x", "pad")]
        )
        assert case.weight == 3
        assert "share" not in case.reason
        (ordered,) = people_disagree(
            [said("anna", "x", "pad", "strings"), said("ben", "x", "strings", "pad"), said("cleo", "x", "pad")]
        )
        assert ordered.reason.endswith("first and share pad.")

    def test_what_was_meant_by_the_way_counts_where_nobody_answered_in_person(self) -> None:
        by_the_way = said("ben", "x", "bell", propagated=True)
        assert people_disagree([said("anna", "x", "brass"), by_the_way]) == []
        assert voices(people_disagree([said("anna", "x", "brass", propagated=True), by_the_way])) == ["x"]


SUGGESTIONS = {
    "x": Suggestion("strings", 0.95, "name_rule"),
    "y": Suggestion("strings", 0.97, "name_rule"),
    "z": Suggestion("strings", 0.85, "folder_rule"),
}


class TestAgainstSuggestions:
    def test_only_sure_ones_that_nobody_shares(self) -> None:
        opinions = [said("anna", voice, "brass") for voice in "xyz"] + [said("ben", "y", "pad", "strings")]
        (case,) = against_suggestions(opinions, SUGGESTIONS)
        assert case.reason == "anna says brass; its names suggest strings, at 0.95."
        assert (case.choices, case.suggested, case.probability) == (("brass", "strings"), "strings", 0.95)
        assert voices(against_suggestions(opinions, SUGGESTIONS, least=0.8)) == ["x", "z"]

    def test_what_was_said_in_one_go_is_one_case(self) -> None:
        opinions = [
            said("anna", "x", "brass", event="e"),
            said("anna", "y", "brass", event="e", propagated=True),
            said("ben", "z", "brass"),
        ]
        first, second = against_suggestions(opinions, SUGGESTIONS, least=0.8)
        assert first.voices == ("x", "y")
        assert (
            first.reason
            == "anna says brass; its names suggest strings, at 0.95 (so do those of 1 more voice meant with it)."
        )
        assert second.reason == "ben says brass; its folders suggest strings, at 0.85."

    def test_broken_is_no_label(self) -> None:
        assert against_suggestions([said("anna", "x")], SUGGESTIONS) == []


FAMILIES = dict.fromkeys("abc", "f") | dict.fromkeys("de", "g")


class TestFamiliesDisagree:
    def test_one_sound_under_two_labels(self) -> None:
        opinions = [
            *(said("anna", voice, "brass") for voice in "ab"),
            said("ben", "c", "bell"),
            said("ben", "d", "pad", "strings"),
            said("anna", "e", "pad"),
        ]
        (case,) = families_disagree(opinions, FAMILIES)
        assert case.voices == ("c", "a", "b")
        assert case.reason == "Of one family 3 voices are labelled: 2 as brass and 1 as bell."
        assert (case.key, case.choices) == ("family-f", ("brass", "bell"))

    def test_people_who_disagree_about_one_voice_are_another_list(self) -> None:
        opinions = [said("anna", "a", "brass"), said("ben", "a", "bell"), said("anna", "b", "brass")]
        assert families_disagree(opinions, FAMILIES) == []

    def test_an_exception_in_person_stands_against_what_covers_it(self) -> None:
        opinions = [
            said("anna", "a", "brass"),
            said("anna", "b", "brass", propagated=True),
            said("anna", "c", "brass", propagated=True),
            said("ben", "c", "bell"),
        ]
        (case,) = families_disagree(opinions, FAMILIES)
        assert case.reason == "Of one family 3 voices are labelled: 2 as brass and 1 as bell."


def test_most_say_counts_people_and_breaks_ties_by_who_was_first() -> None:
    assert (
        majority_category([said("anna", "x", "pad"), said("ben", "x", "brass"), said("cleo", "x", "brass")]) == "brass"
    )
    assert majority_category([said("anna", "x", "pad"), said("ben", "x", "brass")]) == "pad"
    assert majority_category([said("anna", "x")]) is None


def test_the_label_of_a_voice_is_what_most_say_in_the_words_of_the_first() -> None:
    opinions = [said("anna", "x", "pad"), said("ben", "x", "brass", "lead"), said("cleo", "x", "brass")]
    assert majority_label(opinions) == ("brass", "lead")
    assert majority_label([]) == ()
    assert majority_label([said("anna", "x", "pad", propagated=True), said("ben", "x")]) == ()


DOUBT = (said("anna", "x", "brass", minute=1), said("ben", "x", "bell", minute=2))


class TestDecided:
    def open_after(self, *later: Annotation) -> list[Case]:
        opinions = [*DOUBT, *later]
        return open_cases(people_disagree(opinions), opinions)

    def test_open_until_somebody_decides_in_review(self) -> None:
        assert len(self.open_after()) == 1
        assert len(self.open_after(said("cleo", "x", "bell", minute=5))) == 1
        assert self.open_after(review("cleo", "x", "bell", minute=5)) == []

    def test_both_are_right(self) -> None:
        assert self.open_after(review("cleo", "x", "bell", "brass", minute=5)) == []

    def test_later_doubt_opens_it_again(self) -> None:
        assert len(self.open_after(review("cleo", "x", "bell", minute=5), said("dora", "x", "pad", minute=9))) == 1

    def test_a_decision_before_all_doubt_decides_nothing(self) -> None:
        assert len(self.open_after(review("cleo", "x", "bell", minute=0))) == 1

    def test_reviewers_who_contradict_each_other_do_not_open_it_again(self) -> None:
        assert self.open_after(review("cleo", "x", "bell", minute=5), review("dora", "x", "pad", minute=9)) == []

    def test_a_family_is_decided_by_an_answer_to_any_of_its_voices(self) -> None:
        families = dict.fromkeys("ab", "f")
        opinions = [said("anna", "a", "brass", minute=1), said("ben", "b", "bell", minute=2)]
        assert len(open_cases(families_disagree(opinions, families), opinions)) == 1
        opinions.append(review("cleo", "b", "bell", minute=3))
        cases = families_disagree(opinions, families)
        assert len(cases) == 1
        assert open_cases(cases, opinions) == []

    @pytest.mark.parametrize(("lane", "is_open"), [("disagreement", True), ("suggestion", True), ("family", False)])
    def test_only_its_own_list_decides_whether_a_family_bears_two_labels(self, lane: str, is_open: bool) -> None:
        families = dict.fromkeys("ab", "f")
        opinions = [said("anna", "a", "brass", minute=1), said("ben", "b", "bell", minute=2)]
        opinions.append(said("cleo", "b", "bell", minute=3, page="review", lane=lane))
        assert bool(open_cases(families_disagree(opinions, families), opinions)) is is_open


def test_a_case_can_be_printed_as_json() -> None:
    import json

    (case,) = people_disagree([said("anna", "x", "brass"), said("ben", "x", "bell", "pad")])
    again = json.loads(json.dumps(case.as_dict()))
    assert (again["kind"], again["voices"], again["said"][1]["categories"]) == ("disagreement", ["x"], ["bell", "pad"])
    assert again["said"][0]["answered"] == "2026-03-01T00:00:00"
