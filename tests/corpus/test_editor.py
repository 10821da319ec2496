"""The desk: what is done there is on disk, and what is said of a voice is in the journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from corpus.cartridges.cartridge import FilledSlot, GenerationInfo, RatingOutcome
from corpus.cartridges.editor import CartridgeEditor
from corpus.cartridges.generation_request import GenerationRequest
from corpus.cartridges.ratings import hit_rates
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import read_journals
from corpus.labels.projection import current_answers
from dx7.errors import CartridgeError
from tests.corpus.test_cartridge import slots, voice

BRASS, ORGAN = GenerationRequest.of({"brass": 1}), GenerationRequest.of({"organ": 1})


@pytest.fixture
def desk(tmp_path: Path) -> CartridgeEditor:
    desk = CartridgeEditor(tmp_path / "cartridges", tmp_path / "labels", "anna")
    desk.add("ask", [FilledSlot(voice(n, f"NEW {n}"), "brass", "new", (), BRASS) for n in range(4)])
    desk.add("ask", [FilledSlot(voice(n, f"NEW {n}"), "organ", "new", (), ORGAN) for n in range(4, 6)])
    return desk


def keys(desk: CartridgeEditor, *positions: int) -> list[str]:
    return [desk.cartridge.filled()[position].key for position in positions]


def say(desk: CartridgeEditor, position: int, categories: tuple[str, ...] | None = ()) -> RatingOutcome:
    return desk.rate(keys(desk, position), categories, way="engine", heard=dict.fromkeys(keys(desk, position), 2.0))


def answers(desk: CartridgeEditor, tmp_path: Path) -> list[Answer]:
    return current_answers(read_journals(tmp_path / "labels").answers)


def test_a_verdict_reaches_the_journal_and_an_undo_takes_it_back(desk: CartridgeEditor, tmp_path: Path) -> None:
    assert say(desk, 1) is RatingOutcome.KEPT
    assert say(desk, 2, None) is RatingOutcome.REJECTED
    assert say(desk, 3, ("pad",)) is RatingOutcome.OTHER
    assert [answer.answer for answer in answers(desk, tmp_path)] == [
        AnswerKind.LABEL,
        AnswerKind.BROKEN,
        AnswerKind.LABEL,
    ]
    assert hit_rates(answers(desk, tmp_path))[0].rate == pytest.approx(1 / 3)
    assert [desk.undo(), desk.undo()] == ["label", "reject"]
    assert [answer.categories for answer in answers(desk, tmp_path)] == [("brass",)]
    assert desk.undo() == "keep"
    assert answers(desk, tmp_path) == []
    assert [desk.undo(), desk.undo()] == ["ask", "ask"]
    with pytest.raises(CartridgeError, match="nothing to undo"):
        desk.undo()


def test_what_nobody_heard_is_not_judged_and_nothing_is_written(desk: CartridgeEditor, tmp_path: Path) -> None:
    heard = dict.fromkeys(keys(desk, 1), 2.0)
    with pytest.raises(CartridgeError, match="listen to NEW 1 before"):
        desk.rate(keys(desk, 1, 2), (), way="engine", heard=heard)
    with pytest.raises(CartridgeError, match="no voice is chosen"):
        desk.rate([], (), way="engine", heard={})
    assert answers(desk, tmp_path) == []
    assert not any(slot.rating for slot in desk.cartridge.filled().values())


def test_duds_are_replaced_wish_by_wish_and_only_where_they_still_stand(desk: CartridgeEditor, tmp_path: Path) -> None:
    for position in (2, 4, 5):
        say(desk, position, None)
    assert {request: len(found) for request, found in desk.duds().items()} == {BRASS: 2, ORGAN: 1}
    gone = desk.duds()[BRASS]
    desk.change("remove", desk.cartridge.remove([4]))
    new = [desk.cartridge.filled()[1], *slots(5, start=100, name="FRESH")]
    assert desk.replace_slots("replace", gone, new) == 1
    assert [slot.voice.name for slot in desk.cartridge.filled().values()] == [
        "NEW 0",
        "FRESH",
        "NEW 2",
        "NEW 4",
        "NEW 5",
    ]
    assert desk.duds() == {ORGAN: tuple(keys(desk, 5))}
    assert desk.undo() == "replace"
    assert len(answers(desk, tmp_path)) == 3  # the rating on the one that came back stands
    assert desk.duds()[BRASS] == gone[:1]


def test_a_step_of_a_walk_is_replaced_by_one_as_far_on_its_way(tmp_path: Path) -> None:
    def steps(first: int) -> list[FilledSlot]:
        request = GenerationRequest(ends=(voice(0), voice(1)))
        shares = [0.0, 0.25, 0.5, 0.75, 1.0]
        return [
            FilledSlot(voice(first + n), request=request, generation=GenerationInfo(share=share))
            for n, share in enumerate(shares)
        ]

    desk = CartridgeEditor(tmp_path / "cartridges", tmp_path / "labels", "anna")
    desk.add("ask", steps(10))
    desk.change("turn", desk.cartridge.arrange([5, 4, 3, 2, 1, *range(6, 33)]))
    assert desk.replace_slots("replace", keys(desk, 2, 4), steps(20)) == 2
    assert [slot.voice.voice_id for slot in desk.cartridge.filled().values()] == [
        voice(n).voice_id for n in (14, 23, 12, 21, 10)
    ]
    assert CartridgeEditor(tmp_path / "cartridges", tmp_path / "labels", "anna").cartridge[2] == desk.cartridge[2]


def test_two_pages_of_one_person_agree(desk: CartridgeEditor, tmp_path: Path) -> None:
    other = CartridgeEditor(tmp_path / "cartridges", tmp_path / "labels", "anna")
    other.change("rename", other.cartridge.rename(1, "THERE"))
    assert desk.cartridge.filled()[1].voice.name == "THERE"
    assert len(CartridgeEditor(tmp_path / "cartridges", tmp_path / "labels", "ben").cartridge) == 0
