"""Simulated people, learning curves, and whether more answers still help."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from corpus.commands.cli import app
from corpus.storage.store import open_store
from corpus.suggest.learning_curves import (
    LEAST_ANSWERS,
    CurvePoint,
    GainForecast,
    answers_curve,
    answers_needed,
    compare_curves,
    forecast_gain,
    read_curves,
    update_forecast,
    write_curves,
)
from corpus.suggest.simulation import ORDERS, mean_curve, simulate
from corpus.suggest.simulation_data import SimulationData, read_simulation_data
from tests.corpus.answer_material import answer, write_answers
from tests.corpus.heard_material import KINDS, heard_store
from tests.labeler.store_builder import build_store, varied_voices

AT = (10, 20, 40)
CURVE = [CurvePoint(100, 0.4, 0.3, 0.01), CurvePoint(200, 0.5, 0.35, 0.01), CurvePoint(400, 0.5, 0.4, 0.01)]


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return heard_store(tmp_path_factory.mktemp("heard") / "store.duckdb", 400)


@pytest.fixture(scope="module")
def material(store: Path) -> SimulationData:
    with open_store(store) as connection:
        return read_simulation_data(connection)


class TestSimulation:
    def test_the_material_has_a_voice_a_family(self, material: SimulationData) -> None:
        assert len(material) == 200
        assert material.features.shape[0] == 200
        assert np.isfinite(material.features).all()
        assert set(material.truth.tolist()) == set(range(KINDS))
        assert set(material.voices.tolist()) == {2}

    @pytest.mark.parametrize("order", ORDERS)
    def test_a_learner_learns_in_any_order_and_a_seed_repeats_it(self, material: SimulationData, order: str) -> None:
        run = simulate(material, order, seed=3, learned_at=(*AT, 10_000), error=0.0)
        assert run.answers == AT
        assert run.accuracy[-1] > max(run.accuracy[0], 0.6)
        assert all(0 <= share <= 1 for share in (*run.accuracy, *run.macro))
        assert simulate(material, order, seed=3, learned_at=AT, error=0.0).accuracy == run.accuracy

    def test_wrong_answers_cost_accuracy(self, material: SimulationData) -> None:
        right, wrong = (
            mean_curve([simulate(material, "random", seed=seed, learned_at=(100,), error=error) for seed in range(3)])
            for error in (0.0, 1.0)
        )
        assert wrong[0].accuracy < right[0].accuracy - 0.1

    def test_another_order_is_refused(self, material: SimulationData) -> None:
        with pytest.raises(ValueError, match="not an order of asking"):
            simulate(material, "alphabet", seed=0)


class TestCurves:
    @pytest.mark.parametrize(
        ("accuracy", "needed"),
        [(0.3, 100), (0.45, 150), (0.5, 200), (0.6, None)],
    )
    def test_answers_needed(self, accuracy: float, needed: float | None) -> None:
        assert answers_needed(CURVE, accuracy) == needed

    def test_orders_are_compared_by_the_answers_they_need(self) -> None:
        slower = [CurvePoint(100, 0.3, 0.2, 0.0), CurvePoint(400, 0.5, 0.4, 0.0)]
        (row, none) = compare_curves({"queue": CURVE, "random": slower}, "queue", at=(0.45, 0.9))
        assert row == {"accuracy": 0.45, "queue": 150.0, "random": 325.0, "random / queue": 2.17}
        assert none == {"accuracy": 0.9, "queue": None, "random": None, "random / queue": None}

    def test_the_store_keeps_the_last_of_each_name(self, tmp_path: Path) -> None:
        with open_store(build_store(tmp_path / "store.duckdb", []), create=True) as connection:
            write_curves(connection, {"queue": CURVE, "own": CURVE[:1]})
            write_curves(connection, {"queue": CURVE[:2]})
            curves = read_curves(connection)
        assert {name: [point.answers for point in curve] for name, curve in curves.items()} == {
            "own": [100],
            "queue": [100, 200],
        }


def law(rest: float, slope: float, *, upto: int, spread: float = 0.002) -> list[CurvePoint]:
    sizes = np.geomspace(20, upto, 6).astype(int)
    return [CurvePoint(int(size), 1 - rest - slope * size**-0.5, 0.0, spread) for size in sizes]


class TestReturns:
    @pytest.mark.parametrize("answers", [0, 1, 30, LEAST_ANSWERS - 1])
    def test_of_few_answers_nothing_is_said(self, answers: int) -> None:
        returns = forecast_gain(CURVE, answers)
        assert returns == GainForecast(answers)
        assert returns.still_help is None
        assert f"{answers} answers are too few" in returns.in_words()
        assert answers_curve(np.zeros((answers, 3), np.float32), np.zeros(answers, int), 2) == []

    def test_where_nothing_was_heard_it_says_so(self, tmp_path: Path) -> None:
        voices = [row.voice.voice_id for row in varied_voices(70)]
        store = build_store(tmp_path / "store.duckdb", varied_voices(70))
        write_answers(store, [answer("anna", voice, "brass") for voice in voices])
        assert update_forecast(store) == GainForecast(70)
        assert "before voices are analysed" in update_forecast(store).in_words()

    def test_a_steep_curve_says_go_on(self) -> None:
        returns = forecast_gain(law(0.1, 4.0, upto=200), 250)
        assert returns.gain == pytest.approx(4 * (250**-0.5 - 350**-0.5), rel=0.05)
        assert returns.low is not None
        assert returns.high is not None
        assert returns.low <= returns.gain <= returns.high
        assert returns.still_help
        assert "still help" in returns.in_words()

    def test_a_flat_one_says_enough(self) -> None:
        returns = forecast_gain(law(0.35, 0.5, upto=3_000), 4_000)
        assert returns.still_help is False
        assert "hardly help any more" in returns.in_words()

    def test_a_noisy_one_says_neither(self) -> None:
        returns = forecast_gain(law(0.3, 1.5, upto=150, spread=0.08), 190)
        assert returns.still_help is None
        assert "not yet clear" in returns.in_words()

    def test_answers_give_a_curve_that_is_kept_until_there_are_many_more(self, tmp_path: Path) -> None:
        store = heard_store(tmp_path / "store.duckdb", 300)
        with open_store(store) as connection:
            said = connection.execute("SELECT voice_id, category FROM opinions ORDER BY voice_id").fetchall()
        by_family = said[::2]  # a label of one voice of each
        write_answers(store, [answer("anna", voice, category) for voice, category in by_family[:30]])
        assert update_forecast(store) == GainForecast(30)
        write_answers(store, [answer("anna", voice, category) for voice, category in by_family[30:120]])
        returns = update_forecast(store)
        assert returns.answers == 120
        assert returns.gain is not None
        assert returns.gain >= 0
        with open_store(store) as connection:
            curve = read_curves(connection)["own"]
        assert curve[-1].answers == 96  # four folds of five
        assert curve[-1].accuracy > curve[0].accuracy
        write_answers(store, [answer("anna", voice, category) for voice, category in by_family[120:123]])
        assert update_forecast(store).answers == 123
        with open_store(store) as connection:
            assert read_curves(connection)["own"] == curve


class TestCommands:
    def run(self, *arguments: str) -> object:
        result = CliRunner().invoke(app, [*arguments, "--json"], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)

    def test_queue_explains_itself(self, store: Path) -> None:
        told = self.run("queue", "--explain", "--count", "12", "--labeller", "anna", "--store", str(store))
        assert isinstance(told, dict)
        assert len(told["voices"]) == 12
        for voice in told["voices"]:
            assert voice["reason"].startswith("asked because")
            assert 0 < voice["worth"]["worth"] <= 1
        assert told["returns"]["answers"] == 0
        assert "too few" in told["returns"]["in_words"]
        assert self.run("queue", "--count", "12", "--labeller", "anna", "--store", str(store)) == told
        shown = CliRunner().invoke(app, ["queue", "--explain", "--store", str(store)])
        assert "representative" in shown.stdout

    def test_simulate_keeps_its_curves(self, store: Path) -> None:
        told = self.run("simulate", "--seeds", "2", "--most", "50", "--store", str(store))
        assert isinstance(told, dict)
        assert told["families"] == 200
        assert set(told["curves"]) == set(ORDERS)
        with open_store(store) as connection:
            kept = read_curves(connection)
        assert [point.answers for point in kept["queue"]] == [25, 50]

    def test_simulate_says_what_it_lacks(self, tmp_path: Path) -> None:
        store = build_store(tmp_path / "store.duckdb", varied_voices(4))
        result = CliRunner().invoke(app, ["simulate", "--store", str(store)])
        assert result.exit_code == 1
