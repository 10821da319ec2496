from __future__ import annotations

import shutil
from collections import Counter
from datetime import timedelta
from pathlib import Path

import pytest

from corpus.labels.answer import Answer
from corpus.labels.rechecks import (
    LEAST_ANSWERS_BETWEEN,
    LEAST_TIME_BETWEEN,
    RecheckShares,
    drawn_lanes,
    voices_for_inter_recheck,
    voices_for_intra_recheck,
)
from corpus.storage.store import open_store
from corpus.suggest.queue import QueuedVoice, next_voices
from tests.corpus.answer_material import START, answer, write_answers
from tests.labeler.store_builder import build_store, varied_voices

VOICES = [row.voice.voice_id for row in varied_voices(400)]
EARLY = VOICES[:30]
LATER = START + timedelta(days=1)


@pytest.fixture(scope="module")
def built_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_store(tmp_path_factory.mktemp("rechecks") / "store.duckdb", varied_voices(400))


@pytest.fixture
def store(built_store: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(built_store, tmp_path))


def many(who: str, voices: list[str], *, first_minute: float = 0.0, **more: object) -> list[Answer]:
    return [answer(who, voice, "brass", minute=first_minute + n / 30, **more) for n, voice in enumerate(voices)]


def anna_long_ago() -> list[Answer]:
    """Thirty answers, and then as many as it takes."""
    return many("anna", EARLY) + many("anna", VOICES[100 : 100 + LEAST_ANSWERS_BETWEEN], first_minute=5)


def again(store: Path, *answers: Answer, **more: object) -> list[str]:
    write_answers(store, answers)
    with open_store(store) as connection:
        return voices_for_intra_recheck(connection, labeller="anna", count=99, seed="s", **({"now": LATER} | more))  # type: ignore[arg-type]


def for_ben(store: Path, *answers: Answer, **more: object) -> set[str]:
    write_answers(store, answers)
    with open_store(store) as connection:
        return set(voices_for_inter_recheck(connection, labeller="ben", count=99, seed="s", **more))  # type: ignore[arg-type]


def ask(
    store: Path, who: str = "anna", count: int = 100, *, shares: RecheckShares | None = None, seed: int = 1
) -> list[QueuedVoice]:
    with open_store(store) as connection:
        return next_voices(connection, labeller=who, count=count, seed=seed, shares=shares, now=LATER)


class TestAgain:
    def test_what_was_answered_enough_answers_ago(self, store: Path) -> None:
        assert set(again(store, *anna_long_ago())) == set(EARLY)

    def test_not_before_time_has_passed(self, store: Path) -> None:
        answers = anna_long_ago()
        assert again(store, *answers, now=answers[29].time + LEAST_TIME_BETWEEN / 2) == []
        assert len(again(store, now=answers[9].time + LEAST_TIME_BETWEEN)) == 10

    def test_nothing_a_third_time(self, store: Path) -> None:
        once_more = [answer("anna", EARLY[0], "bell", minute=60, lane="again")]
        filler = many("anna", VOICES[200 : 200 + LEAST_ANSWERS_BETWEEN], first_minute=70)
        assert EARLY[0] not in again(store, *anna_long_ago(), *once_more, *filler)

    def test_only_what_was_heard_and_judged_in_person_and_alone(self, store: Path) -> None:
        covers, unsure, review, imported, unheard, ben = VOICES[30:36]
        answers = [
            answer("anna", EARLY[0], "brass", minute=0, covers=(covers,)),
            answer("anna", EARLY[1], "brass", minute=0, page="families"),  # which shows what others said
            answer("anna", unsure, minute=0),
            answer("anna", review, "brass", minute=0, page="review"),
            answer("anna", imported, "brass", minute=0, heard="import"),
            answer("anna", unheard, "brass", minute=0, heard="none"),
            answer("ben", ben, "brass", minute=0),
            answer("anna", VOICES[36], kind="favourite", minute=0),
            *many("anna", VOICES[100 : 100 + LEAST_ANSWERS_BETWEEN], first_minute=5),
        ]
        assert again(store, *answers) == [EARLY[0]]

    def test_what_is_on_display_is_left_out(self, store: Path) -> None:
        assert set(again(store, *anna_long_ago(), exclude=EARLY[:29])) == {EARLY[29]}

    def test_which_ones_is_a_draw(self, store: Path) -> None:
        write_answers(store, anna_long_ago())
        with open_store(store) as connection:
            drawn = [
                tuple(voices_for_intra_recheck(connection, labeller="anna", count=5, seed=str(seed), now=LATER))
                for seed in range(30)
            ]
        assert len(set(drawn)) > 25
        assert len({voice for few in drawn for voice in few}) > 25


class TestAgreement:
    def test_what_exactly_one_other_person_has_answered(self, store: Path) -> None:
        one, two, own, unsure, skipped = VOICES[:5]
        answers = [
            answer("anna", one, "brass"),
            *(answer(who, two, "brass") for who in ("anna", "cleo")),
            *(answer(who, own, "brass") for who in ("anna", "ben")),
            answer("anna", unsure),
            answer("anna", skipped, "brass"),
            answer("ben", skipped, kind="skip"),
            answer("anna", VOICES[5], kind="broken"),
        ]
        assert for_ben(store, *answers) == {one, VOICES[5]}
        assert for_ben(store, exclude=[one]) == {VOICES[5]}

    def test_not_what_nobody_heard_or_what_a_family_has_told(self, store: Path) -> None:
        answers = [
            answer("anna", VOICES[0], "brass", covers=(VOICES[1],)),
            answer("anna", VOICES[6], "brass", page="families"),
            answer("anna", VOICES[2], "brass", heard="none"),
            answer("anna", VOICES[3], "brass", page="review"),
            answer("anna", VOICES[4], "brass"),
            answer("ben", VOICES[5], "brass", covers=(VOICES[4],), page="families"),
        ]
        assert for_ben(store, *answers) == {VOICES[0]}


class TestInTheQueue:
    def test_a_share_of_servings_goes_to_each(self, store: Path) -> None:
        write_answers(store, [*anna_long_ago(), *many("ben", VOICES[200:300])])
        lanes = Counter(q.lane for seed in range(15) for q in ask(store, count=200, seed=seed))
        assert 0.025 < lanes["again"] / lanes.total() < 0.055
        assert 0.025 < lanes["agreement"] / lanes.total() < 0.055
        lanes = Counter(q.lane for q in ask(store, shares=RecheckShares(intra=0.2, inter=0)))
        assert 10 <= lanes["again"] <= 30
        assert lanes["agreement"] == 0

    def test_where_there_is_nothing_to_ask_again_the_other_lanes_go_on(self, store: Path) -> None:
        everything = ask(store, shares=RecheckShares(intra=0.5, inter=0.5))
        assert len(everything) == 100
        assert {q.lane for q in everything} == {"chosen", "control"}

    def test_nobody_can_tell_a_repetition(self, store: Path) -> None:
        write_answers(store, [*anna_long_ago(), *many("ben", VOICES[200:230])])
        queued = ask(store, shares=RecheckShares(intra=0.1, inter=0.1))
        reasons = {lane: {q.reason for q in queued if q.lane == lane} for lane in ("again", "agreement", "control")}
        assert reasons["again"] == reasons["agreement"] == reasons["control"]
        assert all("drawn at random" in reason for reason in reasons["again"])
        with_suggestion = [q for q in queued if q.lane == "again" and q.suggestion]
        known = {row.voice.voice_id: row for row in varied_voices(400)}
        assert with_suggestion
        assert all(q.suggestion.category == known[q.voice_id].category for q in with_suggestion)  # type: ignore[union-attr]
        assert all(q.sightings == known[q.voice_id].sightings for q in queued)

    def test_the_first_voices_do_not_depend_on_how_many_are_asked_for(self, store: Path) -> None:
        write_answers(store, [*anna_long_ago(), *many("ben", VOICES[200:230])])
        shares = RecheckShares(intra=0.1, inter=0.1)
        assert ask(store, count=60, shares=shares)[:25] == ask(store, count=25, shares=shares)
        assert len({q.voice_id for q in ask(store, count=60, shares=shares)}) == 60

    def test_with_every_answer_other_places_are_drawn(self, store: Path) -> None:
        write_answers(store, anna_long_ago())
        shares = RecheckShares(intra=0.1, inter=0)
        places = [n for n, q in enumerate(ask(store, count=40, shares=shares)) if q.lane == "again"]
        write_answers(store, [answer("anna", VOICES[390], "brass")])
        assert places != [n for n, q in enumerate(ask(store, count=40, shares=shares)) if q.lane == "again"]


def test_shares_that_are_no_shares_are_refused() -> None:
    with pytest.raises(ValueError, match="no shares of one whole"):
        RecheckShares(intra=0.7, inter=0.4)
    with pytest.raises(ValueError, match="no shares of one whole"):
        RecheckShares(intra=-0.1)


def test_places_are_drawn_evenly() -> None:
    lanes = drawn_lanes(RecheckShares(intra=0.04, inter=0.06), seed="x", count=20_000)
    assert 0.035 < lanes.count("again") / 20_000 < 0.045
    assert 0.053 < lanes.count("agreement") / 20_000 < 0.067
