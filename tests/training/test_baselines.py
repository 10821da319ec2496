"""Baselines: each trains for a given time, draws legal voices, and appears in the comparison."""

import json
import shutil
from dataclasses import dataclass, replace
from itertools import count

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
from flax import nnx
from typer.testing import CliRunner

from dx7.errors import ModelError
from dx7.shared.export_format import read_export
from dx7.shared.run_folder import DESIGNS_FILE
from dx7.voices.parameters import PARAMETER_COUNT, PARAMETERS
from training.baselines.compare import THIS_MODEL, compare, design_table, find_run
from training.baselines.design import TimeBudget, TrainedBaseline
from training.baselines.masked_generator import FlatGenerator, fill_in
from training.baselines.masked_tokens import FlatTokens, masked_nll, random_masks
from training.baselines.one_shot import OneShot
from training.baselines.timed_training import AdversarialSettings, Phase, Recipe, define_baseline_networks, train_until
from training.commands.cli import app
from training.data.batches import Voices
from training.evaluation.measuring import FIGURES
from training.inference.finished_model import read_model
from training.model.encoding import FILLED, IMPOSSIBLE, LEGAL, MAXIMA, encode

from .conftest import CATEGORIES, random_voices, voices_by_rule

GAME = AdversarialSettings(
    discriminator_width=16, discriminator_layers=0, discriminator_heads=2, warmup_steps=2, steps_per_chunk=2
)
TINY = (
    FlatTokens(settings=GAME, width=16, layers=1, heads=2, batch=8, adversarial_batch=4, game_passes=2, passes=3),
    OneShot(settings=GAME, noise=8, width=16, layers=1, heads=2, batch=8),
)
WANTED = np.eye(len(CATEGORIES), dtype=np.float32)[np.arange(130) % len(CATEGORIES)]  # more than one piece of a draw


def silent(gone, what):
    pass


def chunks(number):
    """A budget of so many chunks: its clock is a second later whenever it is asked."""
    return TimeBudget(number, count().__next__)


@pytest.fixture
def compiled_fast():
    """Compiling is most of these tests, and nobody waits for what is compiled."""
    jax.config.update("jax_disable_most_optimizations", True)
    yield
    jax.config.update("jax_disable_most_optimizations", False)


@pytest.fixture(scope="module")
def voices():
    parameters, mains = voices_by_rule(64)
    weights = np.eye(len(CATEGORIES), dtype=np.float32)[[CATEGORIES.index(main) for main in mains]]
    rng = np.linspace(0, 1, 65, dtype=np.float32)[1:]
    return Voices(*map(jnp.asarray, (encode(parameters), np.zeros((64, 7), np.int32), weights, rng)))


@pytest.mark.parametrize("design", TINY, ids=lambda design: design.name)
def test_a_rival_learns_by_the_clock_and_draws_legal_voices(design, voices, compiled_fast):
    told = []
    learned = design.train(voices, chunks(4), seed=0, report=lambda gone, what: told.append((gone, what)))
    assert (learned.steps, learned.seconds) == (8, 4)
    assert [gone for gone, _ in told] == [1, 2, 3, 4]
    phases = [what.split(" · ")[0] for _, what in told]
    assert phases == (["masked"] * 3 if design is TINY[0] else ["adversarial"] * 3) + ["adversarial"]
    assert {"loss/generator", "loss/discriminator", "loss/gradient_penalty"} <= set(learned.losses)
    assert all(np.isfinite(value) for value in learned.losses.values())

    drawn = learned.draw(WANTED, 0)
    assert (drawn.shape, drawn.dtype) == ((len(WANTED), PARAMETER_COUNT), np.uint8)
    assert (drawn <= [row.maximum for row in PARAMETERS]).all()
    assert len(np.unique(drawn, axis=0)) == len(WANTED)
    assert (learned.draw(WANTED[:3], 0) == drawn[:3]).all()
    assert (learned.draw(WANTED, 1) != drawn).any()
    assert (learned.draw(0 * WANTED, 0) != drawn).any()  # any category

    again = design.train(voices, chunks(4), seed=0, report=silent)
    assert (again.draw(WANTED, 0) == drawn).all()
    shorter = design.train(voices, chunks(1), seed=0, report=silent)
    assert shorter.steps == 2
    assert (shorter.draw(WANTED, 0) != drawn).any()  # weights moved in between


def test_filling_in_keeps_what_is_given_and_chooses_as_many_in_every_pass(compiled_fast):
    generator = FlatGenerator(4, width=16, layers=1, heads=2, rngs=nnx.Rngs(0))
    tokens = encode(random_voices(6)).astype(np.int32)
    known = np.random.default_rng(0).random(tokens.shape) < np.linspace(0, 1, 6)[:, None, None]
    filled = fill_in(generator, jnp.asarray(tokens), jnp.asarray(known), WANTED[:6], key=jax.random.key(0), passes=5)
    drawn, chosen = np.asarray(filled.tokens), np.asarray(filled.chosen)
    assert (drawn[known] == tokens[known]).all()
    assert (drawn[0] != tokens[0]).sum() > 100
    assert (drawn <= MAXIMA).all()
    given = known | ~FILLED
    assert (chosen[given] == -1).all()
    for voice in range(6):
        counts = np.bincount(chosen[voice][~given[voice]], minlength=5)
        assert counts.max() - counts.min() <= 1


def test_masks_are_of_all_sizes_and_what_is_masked_counts_for_all(compiled_fast):
    hidden = np.asarray(random_masks((29, *FILLED.shape), key=jax.random.key(0)))
    sizes = np.sort(hidden.sum((1, 2)))
    assert not hidden[:, ~FILLED].any()
    assert 1 <= sizes[0] <= 6
    assert set(np.diff(sizes)) <= {4, 5, 6}  # spread evenly over 1 to 145
    assert sizes[-1] <= PARAMETER_COUNT

    even = jnp.broadcast_to(jnp.where(LEGAL, 0.0, IMPOSSIBLE), (2, *LEGAL.shape))
    tokens = jnp.asarray(encode(random_voices(2))).astype(jnp.int32)
    one_of_100 = np.zeros(FILLED.shape, bool)
    one_of_100[1, 0] = True
    masks = jnp.asarray(np.stack([FILLED, one_of_100]))
    expected = [np.log(MAXIMA[FILLED] + 1).sum(), PARAMETER_COUNT * np.log(100)]
    assert np.allclose(masked_nll(even, tokens, masks), expected, rtol=1e-5)


def test_phases_share_the_time_and_what_is_not_finite_ends_it(voices, compiled_fast):
    asked = []

    def make(key):
        return nnx.Linear(3, 1, rngs=nnx.Rngs(key))

    def chunk(state, voices, over, loss=1.0):
        asked.append(round(float(over), 3))
        return state._replace(step=state.step + 2), {"loss/values": jnp.array([1.0, loss])}

    def broken(state, voices, over):
        return chunk(state, voices, over, np.nan)

    def spend(second):
        networks = define_baseline_networks(make, optax.sgd(1.0), len(CATEGORIES), GAME)
        phases = [Phase("first", chunk, 0.4), Phase("second", second, 1.0)]
        return train_until(Recipe(make, GAME, networks, phases, silent), voices, chunks(10), seed=0, report=silent)

    learned = spend(chunk)
    assert asked == [0, 0.25, 0.5, 0.75, 0, 0.167, 0.333, 0.5, 0.667, 0.833]
    assert learned[1:] == (20, 4, 10, {"loss/values": 1.0})
    with pytest.raises(ModelError, match="loss/values is not finite at step 10; lower"):
        spend(broken)


@dataclass
class ByRule:
    """A fourth design: it remembers what it was given, and draws by rule."""

    name: str = "by rule"

    def train(self, voices, budget, *, seed, report):
        self.voices, self.seconds = voices, budget.seconds
        report(budget.seconds / 2, "half-way")
        return TrainedBaseline(self.draw, 7, 1234, budget.seconds, {"loss/values": 0.5})

    def draw(self, weights, seed):
        self.weights = weights
        return voices_by_rule(len(weights), seed)[0]


def test_the_command_puts_rivals_beside_the_model(finished_run, export_folder, tmp_path, monkeypatch):
    run, baseline = tmp_path / "run", ByRule()
    shutil.copytree(finished_run, run)
    monkeypatch.setattr("training.baselines.compare.BASELINES", (baseline,))
    command = ["compare", "--run", str(run), "--export", str(export_folder), "--minutes", "0.2", "--voices", "50"]
    told = CliRunner().invoke(app, [*command, "--json"])
    assert told.exit_code == 0, told.output
    found = json.loads(told.stdout)
    assert found == json.loads((run / DESIGNS_FILE).read_text())
    rows = {row["set"]: row for row in found["designs"]}
    assert list(rows) == ["humans, held out", THIS_MODEL, "by rule"]
    assert (
        rows["by rule"].items() >= {"steps": 7, "weights": 1234, "minutes": 0.2, "losses": {"loss/values": 0.5}}.items()
    )
    assert rows[THIS_MODEL]["steps"] == 100
    assert rows["by rule"]["voices"] == rows[THIS_MODEL]["voices"] == len(baseline.weights)
    assert set(baseline.weights.sum(1)) == {1.0}

    # It learned from what the run began with: human and bred voices, half of what is met each.
    export = read_export(export_folder)
    human = np.count_nonzero(export.splits == "train")
    assert baseline.seconds == 12
    assert len(baseline.voices.tokens) > human
    assert (np.asarray(baseline.voices.tokens[:human]) == encode(export.parameters[export.splits == "train"])).all()
    assert float(baseline.voices.sampling_cdf[human - 1]) == pytest.approx(0.5, abs=1e-4)

    table = design_table(found["designs"])
    assert [row["figure"] for row in table] == ["voices", "steps", "weights", "minutes", *FIGURES]
    assert table[2]["by rule"] == "1,234"
    assert table[1]["humans, held out"] == "-"


def test_a_model_is_compared_on_its_own_export_and_beside_its_own_run(finished_run, export_folder, tmp_path):
    model, export = read_model(finished_run / "model"), read_export(export_folder)
    with pytest.raises(ModelError, match=r"the model was trained on the export .* name the model's own with --export"):
        compare(model, replace(export, content_hash="0" * 64), finished_run, seconds=1)
    assert find_run(None, finished_run / "model") == finished_run
    with pytest.raises(ModelError, match=r"is no run .* name the model's run with --run"):
        find_run(None, tmp_path / "model")
