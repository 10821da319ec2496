"""What an answer is worth, and which batch is chosen."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.analysis.search_index import ready_index
from corpus.storage.store import open_store
from corpus.suggest.acquisition import (
    COOLDOWN,
    FACTORS,
    MISSING,
    AcquisitionFactors,
    AnswerCounts,
    CandidateArrays,
    acquisition_factors,
    category_rarity,
    control_places,
    select_batch,
)
from corpus.suggest.queue import next_voices
from corpus.suggest.queue_reasons import ReasonFacts, reason_for, strongest_factors
from corpus.suggest.sound_clusters import cluster_sounds, ready_clusters
from tests.corpus.heard_material import heard_store


def arrays_of(count: int, **columns: object) -> CandidateArrays:
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
        factors = acquisition_factors(arrays_of(2, **both), answered)
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
        many = arrays_of(len(margin), margin=margin, category=category, voices=voices, cluster=cluster)
        factors = acquisition_factors(many, AnswerCounts(np.array(labels), np.zeros(4, int)))
        for name in ("uncertain", "representative", "rare", "large", "score"):
            column = getattr(factors, name)
            assert column.shape == (len(margin),)
            assert ((column > 0) & (column <= 1)).all()

    def test_each_is_what_its_formula_says(self) -> None:
        many = arrays_of(
            3, margin=[0.25, 1.0, 0.0], category=[1, MISSING, 2], voices=[1, 10, 4], found=[0, 7, 3],
            cluster=[1, MISSING, 0], off_centre=[0.0, 1.0, 1.5],
        )  # fmt: skip
        factors = acquisition_factors(many, AnswerCounts(np.array([1, 7, 0]), np.array([0, 3])))
        rarity = [(1 / 2) ** 0.25, (1 / 8) ** 0.25, 1.0]
        large = [1.0, 10**0.3 * 7**0.2, 4**0.3 * 3**0.2]
        assert factors.uncertain == pytest.approx([0.75, 0.01, 1.0])
        assert factors.representative == pytest.approx([0.25**0.5, (0.5 / 1.5) ** 0.5, (0.5 / 2.0) ** 0.5])
        assert factors.rare == pytest.approx([rarity[1], np.mean(rarity), rarity[2]])
        assert factors.large == pytest.approx([each / max(large) for each in large])
        for name in (*FACTORS, "score"):
            assert getattr(factors, name).dtype == np.float32
        assert factors.score == pytest.approx(factors.uncertain * factors.representative * factors.rare * factors.large)

    def test_without_labels_every_category_is_as_rare_as_another(self) -> None:
        assert category_rarity(np.zeros(0, int)).tolist() == []
        assert category_rarity(np.full(3, 9)).tolist() == [1.0, 1.0, 1.0]
        nothing = acquisition_factors(
            arrays_of(1, category=[MISSING]), AnswerCounts(np.zeros(0, int), np.zeros(0, int))
        )
        assert nothing.rare.tolist() == [1.0]
        assert len(acquisition_factors(arrays_of(0), NOTHING).large) == 0


class TestChoosing:
    def select(self, many: CandidateArrays, control: list[bool], answered: AnswerCounts = NOTHING) -> list[int]:
        return select_batch(many, acquisition_factors(many, answered), answered, control)

    def test_the_worthiest_first_and_each_once(self) -> None:
        many = arrays_of(5, margin=[0.3, 0.1, 0.9, 0.0, 0.5])
        assert self.select(many, [False] * 9) == [3, 1, 0, 4, 2]

    def test_at_places_drawn_by_lot_stands_the_next_of_a_random_order(self) -> None:
        many = arrays_of(5, margin=[0.3, 0.1, 0.9, 0.0, 0.5])
        assert self.select(many, [True, False, True, False, True]) == [0, 3, 1, 4, 2]

    def test_near_twins_never_come_in_a_row(self) -> None:
        margin = np.concatenate([np.zeros(20), np.full(40, 0.9)])
        cluster = np.concatenate([np.zeros(20, int), 1 + np.arange(40) % 20])
        many = arrays_of(60, margin=margin, cluster=cluster)
        answered = AnswerCounts(np.zeros(3, int), np.zeros(21, int))
        turns = [int(cluster[row]) for row in self.select(many, [False] * 30, answered)]
        for place, turn in enumerate(turns):
            assert turn not in turns[max(0, place - COOLDOWN) : place]

    def test_twins_are_asked_about_where_there_is_nobody_else(self) -> None:
        assert self.select(arrays_of(4, cluster=[1, 1, 1, 1]), [False] * 4) == [0, 1, 2, 3]

    def test_the_first_do_not_depend_on_how_many_are_chosen(self) -> None:
        rng = np.random.default_rng(1)
        many = arrays_of(200, margin=rng.random(200), cluster=rng.integers(0, 4, 200))
        control = control_places("x", 60)
        assert self.select(many, control)[:20] == self.select(many, control[:20])

    def test_a_tenth_is_drawn_by_lot(self) -> None:
        assert 0.09 < np.mean(control_places("x", 20_000)) < 0.11
        assert control_places("x", 50) != control_places("y", 50)

    def test_an_answer_counts_at_once_for_its_cluster(self) -> None:
        """Each choice lowers the scores in its cluster by the ratio of roots of 1 + answers, after and before."""
        many = arrays_of(60, margin=np.linspace(0.2, 0.6, 60) ** 2, cluster=np.arange(60) ** 2 % 12)
        answered = AnswerCounts(np.zeros(3, int), np.arange(12) % 3)
        factors = acquisition_factors(many, answered)
        score, counts = factors.score.astype(float), answered.by_cluster.copy()
        expected: list[int] = []
        for _ in range(50):
            resting = [int(many.cluster[row]) for row in expected[-COOLDOWN:]]
            left = [row for row in range(60) if row not in expected]
            free = [row for row in left if many.cluster[row] not in resting]
            row = max(free or left, key=lambda row: score[row])
            cluster = many.cluster[row]
            score[many.cluster == cluster] *= np.sqrt((1 + counts[cluster]) / (2 + counts[cluster]))
            counts[cluster] += 1
            expected.append(row)
        assert self.select(many, [False] * 50, answered) == expected
        assert answered.by_cluster.tolist() == [n % 3 for n in range(12)], "the caller's counts stay as they are"

    def test_voices_without_a_cluster_never_wait(self) -> None:
        many = arrays_of(12, margin=np.linspace(0.1, 0.9, 12))
        assert self.select(many, [False] * 12) == list(range(12))

    def test_a_cluster_is_chosen_again_after_eight_other_places(self) -> None:
        margin = [0.0, 0.0, *[0.9] * 20]
        many = arrays_of(22, margin=margin, cluster=[0, 0, *range(1, 21)])
        chosen = self.select(many, [False] * 12, AnswerCounts(np.zeros(3, int), np.zeros(21, int)))
        assert COOLDOWN == 8
        assert chosen.index(1) - chosen.index(0) == 1 + COOLDOWN

    def test_a_control_place_is_a_hash_of_seed_and_place(self) -> None:
        draws = [sha256(f"anna control {place}".encode()).digest() for place in range(50)]
        assert control_places("anna", 50) == [int.from_bytes(draw[:8], "big") / 2**64 < 0.1 for draw in draws]
        assert control_places("anna", 50, share=0.0) == [False] * 50


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

    @pytest.mark.parametrize(
        ("facts", "factors", "reason"),
        [
            (([], 0, 0, False, 1, 1), ["uncertain"], "has no suggestion yet"),
            ((["brass"], 0, 0, False, 1, 1), ["uncertain"], "may be brass, with low confidence"),
            ((["brass", "bell", "pad"], 0, 0, False, 1, 1), ["uncertain"], "may be brass or bell"),
            ((["brass"], 0, 2, True, 1, 1), ["representative"], "represents 2 voices that sound like it"),
            (
                (["brass"], 0, 1_234, False, 1, 1),
                ["representative"],
                "represents 1,234 voices that sound like it, none of which has an answer",
            ),
            ((["brass", "bell"], 0, 1, False, 1, 1), ["representative"], "may be brass or bell"),
            ((["brass"], 0, 0, False, 1, 1), ["rare"], "may add to brass, which has no label"),
            ((["brass"], 1, 0, False, 1, 1), ["rare"], "may add to brass, which has 1 label"),
            ((["brass"], 2, 0, False, 1, 1), ["rare"], "may add to brass, which has only 2 labels"),
            (([], 2, 0, False, 1, 1), ["rare"], "has no suggestion yet"),
            (([], 0, 0, False, 2, 9), ["large"], "is one of a family of 2"),
            (([], 0, 0, False, 1, 2), ["large"], "was found in 2 places"),
            (([], 0, 0, False, 1, 1_002), ["large"], "was found in 1,002 places"),
            (
                (["brass"], 2, 9, True, 3, 9),
                ["large", "rare", "representative"],
                "is one of a family of 3 and may add to brass, which has only 2 labels",
            ),
        ],
    )
    def test_in_full(self, facts: tuple[Any, ...], factors: list[str], reason: str) -> None:
        assert reason_for(ReasonFacts(*facts), factors) == f"asked because it {reason}"

    def test_without_anything_to_say_there_is_still_a_reason(self) -> None:
        nothing = ReasonFacts([], 0, 0, False, 1, 1)
        assert reason_for(nothing, ["large", "representative"]) == "asked because it has no suggestion yet"

    def test_what_stands_out_comes_first(self) -> None:
        many = arrays_of(3, margin=[0.5, 0.5, 0.1], voices=[40, 1, 1])
        assert strongest_factors(acquisition_factors(many, NOTHING), [0, 2]) == [["large"], ["uncertain"]]
        assert strongest_factors(acquisition_factors(many, NOTHING), []) == []

    def test_every_factor_above_the_mean_counts_and_the_best_where_none_is(self) -> None:
        factors = AcquisitionFactors(
            uncertain=np.array([0.9, 0.1, 0.1], np.float32),
            representative=np.array([0.5, 0.4, 0.5], np.float32),
            rare=np.array([0.3, 0.9, 0.9], np.float32),
            large=np.array([0.9, 0.9, 0.8], np.float32),
        )
        assert strongest_factors(factors, [0, 1, 2]) == [
            ["uncertain", "representative", "large"],
            ["rare", "large"],
            ["rare", "representative"],
        ]
        alike = AcquisitionFactors(*(np.full(2, 0.5, np.float32) for _ in range(4)))
        assert strongest_factors(alike, [1]) == [["uncertain"]]


class TestClusters:
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
