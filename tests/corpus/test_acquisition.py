"""What an answer is worth, and which batch is chosen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.analysis.search_index import ready_index
from corpus.storage.store import open_store
from corpus.suggest.acquisition import (
    COOLDOWN,
    MISSING,
    AnswerCounts,
    CandidateArrays,
    acquisition_factors,
    control_places,
    select_batch,
)
from corpus.suggest.queue import next_voices
from corpus.suggest.queue_reasons import ReasonFacts, reason_for, strongest_factors
from corpus.suggest.sound_clusters import cluster_sounds, ready_clusters
from tests.corpus.heard_material import heard_store


def askable(count: int, **columns: object) -> CandidateArrays:
    usual: dict[str, object] = {
        "margin": np.full(count, 0.5),
        "category": np.zeros(count, int),
        "voices": np.ones(count, int),
        "found": np.ones(count, int),
        "cluster": np.full(count, MISSING),
        "off_centre": np.ones(count),
    }
    return CandidateArrays(**{name: np.asarray(column) for name, column in (usual | columns).items()})


NOTHING = AnswerCounts(np.zeros(3, int), np.zeros(4, int))


class TestFactors:
    @pytest.mark.parametrize(
        ("factor", "better", "worse"),
        [
            ("uncertain", {"margin": [0.0]}, {"margin": [0.9]}),
            ("representative", {"cluster": [0]}, {"cluster": [1]}),
            ("representative", {"off_centre": [0.1]}, {"off_centre": [2.0]}),
            ("rare", {"category": [0]}, {"category": [1]}),
            ("rare", {"category": [MISSING]}, {"category": [1]}),
            ("large", {"voices": [9]}, {"voices": [1]}),
            ("large", {"found": [9]}, {"found": [1]}),
        ],
    )
    def test_each_says_what_is_worth_more(self, factor: str, better: dict[str, list[float]], worse: object) -> None:
        answered = AnswerCounts(np.array([0, 40, 3]), np.array([0, 5]))
        both = {name: column + worse[name] for name, column in better.items()}  # type: ignore[index]
        factors = acquisition_factors(askable(2, **both), answered)
        first, second = getattr(factors, factor)
        assert first > second
        assert factors.score[0] > factors.score[1]

    @given(
        st.integers(1, 30).flatmap(
            lambda count: st.tuples(
                st.lists(st.floats(0, 1), min_size=count, max_size=count),
                st.lists(st.integers(MISSING, 2), min_size=count, max_size=count),
                st.lists(st.integers(1, 500), min_size=count, max_size=count),
                st.lists(st.integers(MISSING, 3), min_size=count, max_size=count),
            )
        ),
        st.lists(st.integers(0, 10_000), min_size=3, max_size=3),
    )
    @settings(max_examples=60)
    def test_all_lie_between_0_and_1(self, columns: tuple[list[float], ...], labels: list[int]) -> None:
        margin, category, voices, cluster = columns
        many = askable(len(margin), margin=margin, category=category, voices=voices, cluster=cluster)
        factors = acquisition_factors(many, AnswerCounts(np.array(labels), np.zeros(4, int)))
        for name in ("uncertain", "representative", "rare", "large", "score"):
            column = getattr(factors, name)
            assert column.shape == (len(margin),)
            assert ((column > 0) & (column <= 1)).all()


class TestChoosing:
    def select(self, many: CandidateArrays, control: list[bool], answered: AnswerCounts = NOTHING) -> list[int]:
        return select_batch(many, acquisition_factors(many, answered), answered, control)

    def test_the_worthiest_first_and_each_once(self) -> None:
        many = askable(5, margin=[0.3, 0.1, 0.9, 0.0, 0.5])
        assert self.select(many, [False] * 9) == [3, 1, 0, 4, 2]

    def test_at_places_drawn_by_lot_stands_the_next_of_a_random_order(self) -> None:
        many = askable(5, margin=[0.3, 0.1, 0.9, 0.0, 0.5])
        assert self.select(many, [True, False, True, False, True]) == [0, 3, 1, 4, 2]

    def test_near_twins_never_come_in_a_row(self) -> None:
        margin = np.concatenate([np.zeros(20), np.full(40, 0.9)])
        cluster = np.concatenate([np.zeros(20, int), 1 + np.arange(40) % 20])
        many = askable(60, margin=margin, cluster=cluster)
        answered = AnswerCounts(np.zeros(3, int), np.zeros(21, int))
        turns = [int(cluster[row]) for row in self.select(many, [False] * 30, answered)]
        for place, turn in enumerate(turns):
            assert turn not in turns[max(0, place - COOLDOWN) : place]

    def test_twins_are_asked_about_where_there_is_nobody_else(self) -> None:
        assert self.select(askable(4, cluster=[1, 1, 1, 1]), [False] * 4) == [0, 1, 2, 3]

    def test_the_first_do_not_depend_on_how_many_are_chosen(self) -> None:
        rng = np.random.default_rng(1)
        many = askable(200, margin=rng.random(200), cluster=rng.integers(0, 4, 200))
        control = control_places("x", 60)
        assert self.select(many, control)[:20] == self.select(many, control[:20])

    def test_a_tenth_is_drawn_by_lot(self) -> None:
        assert 0.09 < np.mean(control_places("x", 20_000)) < 0.11
        assert control_places("x", 50) != control_places("y", 50)


class TestReasons:
    @pytest.mark.parametrize(
        ("factors", "reason"),
        [
            (["uncertain"], "it may be brass or strings"),
            (["rare", "large"], "it may add to brass, which has only 3 labels and is one of a family of 12"),
            (["representative"], "it represents 80 voices that sound like it"),
            (["representative", "rare", "large"], "it represents 80 voices that sound like it and may add to brass,"),
        ],
    )
    def test_say_the_factors(self, factors: list[str], reason: str) -> None:
        assert reason in reason_for(ReasonFacts(["brass", "strings"], 3, 80, True, 12, 40), factors)

    def test_without_anything_to_say_there_is_still_a_reason(self) -> None:
        nothing = ReasonFacts([], 0, 0, False, 1, 1)
        assert reason_for(nothing, ["large", "representative"]) == "asked because it has no suggestion yet"

    def test_what_stands_out_comes_first(self) -> None:
        many = askable(3, margin=[0.5, 0.5, 0.1], voices=[40, 1, 1])
        assert strongest_factors(acquisition_factors(many, NOTHING), [0, 2]) == [["large"], ["uncertain"]]


class TestCrowds:
    def test_what_sounds_alike_is_one_crowd(self) -> None:
        rng = np.random.default_rng(0)
        kinds = np.repeat(np.arange(5), 20)
        points = (rng.normal(0, 20, (5, 8))[kinds] + rng.normal(0, 0.1, (100, 8))).astype(np.float32)
        cluster, off_centre = cluster_sounds(points, np.arange(100), clusters=5)
        assert len({(kind, one) for kind, one in zip(kinds.tolist(), cluster.tolist(), strict=True)}) == 5
        assert off_centre.mean() == pytest.approx(1, abs=0.01)

    @pytest.mark.parametrize("count", [0, 1, 3])
    def test_few_voices_are_one_crowd(self, count: int) -> None:
        cluster, off_centre = cluster_sounds(np.zeros((count, 4), np.float32), np.zeros(count, int))
        assert cluster.tolist() == [0] * count
        assert np.isfinite(off_centre).all()

    def test_they_are_kept_until_other_voices_are_heard(self, tmp_path: Path) -> None:
        store = heard_store(tmp_path / "store.duckdb", 120)
        with open_store(store) as connection:
            queued = next_voices(connection, labeller="anna", count=40, seed=1)
            first = connection.execute("FROM crowds ORDER BY voice_id").fetchall()
            assert len(first) == 120
            assert any("sound like it" in q.reason for q in queued)
            connection.execute("UPDATE crowds SET crowd = 99")
            ready_clusters(connection)
            assert connection.execute("SELECT DISTINCT crowd FROM crowds").fetchall() == [(99,)]
            connection.execute("DELETE FROM hearings WHERE voice_id = ?", [first[0][0]])
            ready_index(connection)
            ready_clusters(connection)
            assert len(connection.execute("FROM crowds WHERE crowd <> 99").fetchall()) == 119
