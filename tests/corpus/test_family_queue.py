from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from corpus.analysis.stored_descriptors import update_descriptors
from corpus.labels.answer import Answer
from corpus.labels.rechecks import RecheckShares
from corpus.review.family_details import read_family_details
from corpus.review.family_queue import FamilyNeed, FamilyToAnswer, families_to_answer
from corpus.storage.store import open_store
from corpus.suggest.queue import next_voices
from dx7.errors import StoreError
from dx7.voices.voice import INIT_VOICE
from tests.corpus.answer_material import answer, write_answers
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices

FAMILIES = {"large": range(6), "middle": range(6, 10), "small": range(10, 12), "alone": range(12, 13)}


@pytest.fixture
def store(tmp_path: Path) -> Path:
    path = build_store(tmp_path / "store.duckdb", varied_voices(13))
    tie(path, {name: [voice(number) for number in members] for name, members in FAMILIES.items()})
    return path


def voice(number: int) -> str:
    return varied_voices(1, start=number)[0].voice.voice_id


def tie(store: Path, families: Mapping[str, Sequence[str]]) -> None:
    with open_store(store) as connection:
        for members in families.values():
            connection.executemany(
                "INSERT INTO families VALUES (?, ?, '', '')", [(member, min(members)) for member in members]
            )


def family_id(name: str) -> str:
    return min(voice(number) for number in FAMILIES[name])


def ask(store: Path, *answers: Answer, labeller: str = "anna") -> list[FamilyToAnswer]:
    write_answers(store, answers)
    with open_store(store) as connection:
        return families_to_answer(connection, labeller=labeller)


def names(families: Sequence[FamilyToAnswer]) -> list[str]:
    known = {family_id(name): name for name in FAMILIES}
    return [known[family.family_id] for family in families]


def covering(who: str, name: str, *categories: str, leaving_out: int = 0, **more: object) -> Answer:
    first, *others = (voice(number) for number in FAMILIES[name])
    return answer(who, first, *categories, covers=tuple(others[leaving_out:]), page="families", **more)


def test_the_largest_comes_first_and_single_voices_never(store: Path) -> None:
    families = ask(store)
    assert names(families) == ["large", "middle", "small"]
    large = families[0]
    assert (large.need, large.voices, large.unanswered) == (FamilyNeed.OPEN, 6, 6)
    assert large.reason == f"6 voices, found in {large.sightings} places: none has an answer."
    assert large.sightings == sum(row.sightings for row in varied_voices(6))
    assert len(large.names) == 4
    assert large.suggestion is not None
    assert large.suggestion.origin == "name_rule"


def test_an_answer_that_covers_a_family_ends_it(store: Path) -> None:
    assert names(ask(store, covering("anna", "large", "brass"))) == ["middle", "small"]
    assert names(ask(store, labeller="ben")) == ["middle", "small"]


def test_covered_voices_are_not_asked_about_on_the_deck(store: Path) -> None:
    ask(store, covering("anna", "large", "brass", leaving_out=1))
    with open_store(store) as connection:
        queued = next_voices(connection, labeller="ben", count=50, seed=1, shares=RecheckShares(intra=0, inter=0))
        asked = {one.voice_id for one in queued}
    assert voice(1) in asked
    assert not asked & {voice(number) for number in FAMILIES["large"] if number != 1}


def test_the_rest_of_a_family_is_asked_about_with_what_was_said(store: Path) -> None:
    families = ask(store, answer("ben", voice(0), "brass"), answer("ben", voice(1), "brass"))
    assert names(families) == ["large", "middle", "small"]
    assert (families[0].need, families[0].unanswered, families[0].outcomes) == (FamilyNeed.PARTLY, 4, ("brass",))
    assert families[0].reason == "Of 6 voices 2 have an answer: brass."


def test_answers_that_do_not_hold_together_are_asked_about_until_somebody_decides(store: Path) -> None:
    families = ask(store, covering("ben", "middle", "brass"), answer("cleo", voice(7), "bell"))
    assert names(families) == ["large", "middle", "small"]
    assert families[1].need is FamilyNeed.SPLIT
    assert families[1].reason == "Of 4 voices of one sound people say brass and bell."
    assert names(ask(store, covering("anna", "middle", "bell"))) == ["large", "small"]
    assert names(ask(store, answer("dora", voice(8), "pad"))) == ["large", "middle", "small"]


def test_unsure_is_not_asked_again_and_skipped_comes_last(store: Path) -> None:
    unsure = answer("anna", voice(0), page="families")
    skipped = answer("anna", voice(6), kind="skip", page="families")
    assert names(ask(store, unsure, skipped)) == ["small", "middle"]
    assert names(ask(store, labeller="ben")) == ["large", "middle", "small"]


def test_what_is_no_voice_does_not_count(tmp_path: Path) -> None:
    rows = varied_voices(5)
    fillers = [VoiceRow(INIT_VOICE), VoiceRow(INIT_VOICE.replace(algorithm=9))]
    store = build_store(tmp_path / "store.duckdb", [*rows, *fillers])
    tie(store, {"f": [voice(number) for number in range(5)], "fill": [row.voice.voice_id for row in fillers]})
    with open_store(store) as connection:
        connection.execute("INSERT INTO health VALUES (?, 'silent')", [voice(3)])
    (family,) = ask(store)
    assert (family.voices, family.unanswered) == (4, 4)
    write_answers(store, [answer("anna", voice(0), "brass", covers=tuple(voice(number) for number in (1, 2, 4)))])
    assert ask(store) == []


def test_a_sheet_says_who_belongs_and_how_they_differ(tmp_path: Path) -> None:
    plain = INIT_VOICE.replace(op2_output_level=70, op1_eg_rate_4=60, name="PLAIN")
    bright = plain.replace(op2_output_level=90, name="BRIGHT")
    same = plain.replace(pitch_eg_rate_1=50, name="SAME")
    rows = [VoiceRow(plain, sightings=3), VoiceRow(bright, sightings=2), VoiceRow(same)]
    store = build_store(tmp_path / "store.duckdb", rows)
    ids = [row.voice.voice_id for row in rows]
    tie(store, {"f": ids})
    update_descriptors(store, processes=1)
    write_answers(store, [answer("ben", ids[0], "brass", covers=(ids[1],))])
    with open_store(store) as connection:
        connection.execute("INSERT INTO health VALUES (?, 'garbage'), (?, 'drone')", [ids[2], ids[1]])
        details = read_family_details(connection, ids[1])
        assert details.family_id == min(ids)
        first, second, third = details.voices
        with pytest.raises(StoreError):
            read_family_details(connection, "0" * 32)
    assert [one.voice_id for one in details.voices] == ids
    assert (first.voice, first.names, first.sightings, first.differs) == (plain, ("PLAIN",), 3, "")
    assert "brighter" in second.differs
    assert (second.tags, second.is_fit, third.tags, third.is_fit) == (("drone",), True, ("garbage",), False)
    assert third.differs == "nothing one hears"
    assert [(one.labeller, one.outcome, one.propagated) for one in second.said] == [("ben", "brass", True)]
