"""Compare a finished model with baselines that train on the same voices for a given time.

All designs draw raw voices of the same categories. They are measured with the reference sets of an evaluation, so only
the design differs. The time to analyse the training set is not counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import jax
import numpy as np
from flax import nnx

from dx7.analysis.classifier import read_classifier
from dx7.errors import ModelError
from dx7.shared.export_format import HASH_DIGITS, Export
from dx7.shared.run_folder import CONFIG_FILE
from training.baselines.design import Baseline, Report, TimeBudget, count_parameters
from training.baselines.masked_tokens import FlatTokens
from training.baselines.one_shot import OneShot
from training.data.analysis import descriptors_of_voices
from training.data.batches import Voices, combine
from training.data.training_set import load_training_set
from training.evaluation.evaluate import analyse_together
from training.evaluation.measuring import measure
from training.evaluation.reference_sets import make_reference_sets
from training.evaluation.tables import overall_table, summarize
from training.evaluation.voice_set import VoiceSet, deal_into_banks
from training.inference.finished_model import Model
from training.inference.sampling import draw_wanted
from training.run.state import make_generator

THIS_MODEL = "operator codes, refined"
BASELINES: tuple[Baseline, ...] = (FlatTokens(), OneShot())
_COST = ("steps", "weights", "minutes")


def compare(
    model: Model,
    export: Export,
    run_folder: Path,
    *,
    seconds: float,
    seed: int = 0,
    voices: int = 1000,
    baselines: Sequence[Baseline] = BASELINES,
    report: Report = lambda gone, what: None,
) -> dict[str, Any]:
    """Figures of the humans, the model and each baseline, in that order, under ``designs``.

    ``seconds`` is the training time of each baseline; the result gives the same time for the model. ``voices`` is the
    maximum size of a set. ``report`` receives the elapsed seconds of all baselines together. Raises ``ExportError`` if
    too few voices are held out, and ``ModelError`` if the model was not trained on this export or a baseline's loss is
    not finite.
    """
    training_set = training_voices_of(model, export, run_folder)
    report(0, "analysing human voices")
    references = make_reference_sets(export, voices=voices, measure=descriptors_of_voices)
    wanted, humans = references.humans.wanted, references.humans.name
    conditions, banks = np.array([model.weights({key: 1.0}) for key in wanted]), deal_into_banks(wanted)

    sets = [references.humans, VoiceSet(THIS_MODEL, draw_wanted(model, wanted, seed=seed), wanted, banks)]
    costs: dict[str, dict[str, Any]] = {
        humans: {},
        THIS_MODEL: {"steps": model.step, "weights": _count_weights(model), "minutes": round(seconds / 60, 1)},
    }
    for number, baseline in enumerate(baselines):
        before = number * seconds

        def report_baseline(gone: float, what: str, name: str = baseline.name, before: float = before) -> None:
            report(before + gone, f"{name} · {what}")

        learned = baseline.train(training_set, TimeBudget(seconds), seed=seed, report=report_baseline)
        report_baseline(seconds, "drawing")
        sets.append(VoiceSet(baseline.name, learned.draw(conditions, seed), wanted, banks))
        costs[baseline.name] = {
            "steps": learned.steps,
            "weights": learned.weights,
            "minutes": round(learned.seconds / 60, 1),
            "losses": {name: round(value, 4) for name, value in learned.losses.items()},
        }

    report(len(baselines) * seconds, "analysing the voices of all designs")
    sets[1:] = analyse_together(sets[1:])
    rows = [summarize(one.name, len(one.parameters), [measure(one, references)]) | costs[one.name] for one in sets]
    return {
        "model_hash": model.model_hash,
        "export": export.content_hash[:HASH_DIGITS],
        "seed": seed,
        "minutes": round(seconds / 60, 1),
        "designs": rows,
    }


def training_voices_of(model: Model, export: Export, run_folder: Path) -> Voices:
    """The human and crossed voices of the run's first phase, with category weights from the export's classifier.

    Analyses the voices again if the run folder has no training set. Raises ``ModelError`` if the model was trained on
    another export.
    """
    if model.export_hash != export.content_hash:
        raise ModelError(
            f"the model was trained on the export {model.export_hash[:HASH_DIGITS]}, this is "
            f"{export.content_hash[:HASH_DIGITS]}; name the model's own with --export"
        )
    classifier = read_classifier(export.ear_file) if export.ear_file else None
    # Without the third phase, the mixture has no voices drawn by the model itself.
    config = replace(model.config, listening_steps=0)
    training_set = load_training_set(run_folder, export, model.config, classifier)
    assert training_set is not None  # noqa: S101 (None only after a stop, and no stop is passed)
    return combine(training_set.mixture(config, None), model.prototypes)


def find_run(asked: Path | None, model_folder: Path) -> Path:
    """The run folder: ``asked``, or the parent of the model folder. Raises ``ModelError`` if it is no run."""
    folder = asked or model_folder.parent
    if not (folder / CONFIG_FILE).exists():
        raise ModelError(f"{folder} is no run (no {CONFIG_FILE}); name the model's run with --run")
    return folder


def design_table(rows: Sequence[dict[str, Any]]) -> list[dict[str, str]]:
    """A table with one column per design: number of voices, training cost, then one row per figure."""
    head, *figures = overall_table(rows)
    cost = [{"figure": name} | {row["set"]: f"{row[name]:,}" if name in row else "-" for row in rows} for name in _COST]
    return [head, *cost, *figures]


def _count_weights(model: Model) -> int:
    config, categories = model.config, len(model.category_keys)
    return count_parameters(
        nnx.eval_shape(lambda: nnx.state(make_generator(config, categories, key=jax.random.key(0))))
    )
