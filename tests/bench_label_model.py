"""``python -m tests.bench_label_model --store STORE``: which way to combine source predictions is best, by answers.

The bench uses the worlds of ``label_model_worlds.py``: people answer one voice each of some families, with the truth.
Each method then predicts all other voices with a known truth; each family counts once. The default weights are
measured on one half of the families and their answers, everything else on the other half.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import astuple, replace
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from corpus.storage.source_predictions import SourcePredictions
from corpus.storage.store import open_store
from corpus.storage.suggestion import EAR, FAMILY, FOLDER_RULE, NAME_RULE, NEIGHBOURS, ORIGINS
from corpus.suggest.fit_label_model import BIAS_SPREAD, SPREAD, WeightsPrior, fit_label_model
from corpus.suggest.label_model import DEFAULT_LABEL_MODEL, LabelModel, SourceWeights, combine_predictions
from corpus.suggest.neighbour_labels import LabelledVoices, labels_from_families, labels_from_neighbours
from dx7.commands.console import JsonOption, print_json, print_table
from dx7.shared.locations import store_file
from dx7.voices.layout import Floats
from tests.label_model_worlds import Flags, Rows, World, make_world

ANSWERS = (0, 20, 50, 100, 200, 1000)
AT_ITS_WORD = LabelModel({origin: SourceWeights() for origin in ORIGINS})
_WIDE = 10.0  # times the usual standard deviations of the prior
_FIXED = 1e-3  # a standard deviation so small that the weight stays as it is
_COUNTED = 1.0  # pseudo-counts of each outcome (Dawid, Skene)

Way = Callable[[SourcePredictions, Rows, Flags, LabelModel], Floats]


def surest(opinions: SourcePredictions, rows: Rows, truth: Flags, default: LabelModel) -> Floats:
    """The baseline: the largest probability of any source."""
    return np.max(list(opinions.values()), axis=0)


def majority(opinions: SourcePredictions, rows: Rows, truth: Flags, default: LabelModel) -> Floats:
    """Each source that is not silent votes for its most probable category."""
    votes = sum((said == said.max(axis=1, keepdims=True)) & (said > 0) for said in opinions.values())
    voters = sum(said.any(axis=1, keepdims=True) for said in opinions.values())
    share: Floats = (np.asarray(votes) / np.maximum(np.asarray(voters), 1)).astype(np.float32)
    return share


def at_their_word(opinions: SourcePredictions, rows: Rows, truth: Flags, default: LabelModel) -> Floats:
    """Log-odds are added, with evidence weights of 1."""
    return combine_predictions(opinions, AT_ITS_WORD)


def by_default(opinions: SourcePredictions, rows: Rows, truth: Flags, default: LabelModel) -> Floats:
    """Log-odds are added with the default weights."""
    return combine_predictions(opinions, default)


def by_answers(opinions: SourcePredictions, rows: Rows, truth: Flags, default: LabelModel) -> Floats:
    """Log-odds are added with weights fitted to the answers."""
    return combine_predictions(opinions, fit_label_model(opinions, rows, truth, WeightsPrior(default)))


def by_answers_alone(opinions: SourcePredictions, rows: Rows, truth: Flags, default: LabelModel) -> Floats:
    """As ``by_answers``, with a wide prior around evidence weights of 1."""
    return combine_predictions(opinions, fit_label_model(opinions, rows, truth, wide_prior(AT_ITS_WORD)))


def by_confusion(opinions: SourcePredictions, rows: Rows, truth: Flags, default: LabelModel) -> Floats:
    """Dawid and Skene: a confusion matrix for each source; sources are taken as independent."""
    categories = truth.shape[1]
    true = truth.argmax(axis=1)
    log = np.log(np.full((len(next(iter(opinions.values()))), categories), 1 / categories))
    for said in opinions.values():
        spoken, says = said.any(axis=1), said.argmax(axis=1)
        counts = np.full((categories, categories), _COUNTED / categories) + np.eye(categories) * 3 * _COUNTED
        heard = spoken[rows]
        np.add.at(counts, (true[heard], says[rows[heard]]), 1)
        confusion = np.log(counts / counts.sum(axis=1, keepdims=True))
        log[spoken] += confusion[:, says[spoken]].T
    likely = np.exp(log - log.max(axis=1, keepdims=True))
    return (likely / likely.sum(axis=1, keepdims=True)).astype(np.float32)


WAYS: tuple[Way, ...] = (surest, majority, at_their_word, by_default, by_answers, by_answers_alone, by_confusion)


def ask(world: World, labelled: Rows) -> dict[str, Floats]:
    """The predictions of all sources after people have answered some voices."""
    said = LabelledVoices(labelled, world.truth[labelled])
    opinions = {
        NAME_RULE: world.names,
        FOLDER_RULE: world.folders,
        FAMILY: labels_from_families(world.families, said),
        NEIGHBOURS: labels_from_neighbours(world.places, world.families, said),
        EAR: world.ear,
    }
    return {origin: says for origin, says in opinions.items() if says.any()}


def wide_prior(mean: LabelModel, fixed: Collection[str] = ()) -> WeightsPrior:
    """A prior ten times as wide as usual, with the weights of some sources fixed."""
    wide = SourceWeights(*(_WIDE * spread for spread in astuple(SPREAD)))
    spread = {origin: SourceWeights(_FIXED, _FIXED, _FIXED) if origin in fixed else wide for origin in ORIGINS}
    return WeightsPrior(mean, spread, _WIDE * BIAS_SPREAD)


def measure_default(world: World, known: Rows, draw: np.random.Generator) -> LabelModel:
    """The label model that fits families of which people have answered one in four.

    Rules and family are fitted first, as if no voice had been rendered; then the other sources, with those fixed.
    """
    opinions = ask(world, np.sort(_one_each(world.families, known, draw)[::4]))
    rows = _one_each(world.families, known, draw)
    truth = world.truth[rows]
    unheard = {origin: said for origin, said in opinions.items() if origin not in (EAR, NEIGHBOURS)}
    first = fit_label_model(unheard, rows, truth, wide_prior(AT_ITS_WORD))
    found = fit_label_model(opinions, rows, truth, wide_prior(LabelModel(first.sources), fixed=unheard))
    return LabelModel(found.sources)


def judge(pooled: Floats, truth: Flags, families: Rows) -> dict[str, float]:
    """Accuracy of the first choice and of the first two, calibration error of the first, and log loss (nats)."""
    weight = 1 / np.bincount(families)[families]
    weight /= weight.sum()
    order = np.argsort(-pooled, axis=1, kind="stable")
    hits = np.take_along_axis(truth, order, axis=1) & (np.take_along_axis(pooled, order, axis=1) > 0)
    first = np.take_along_axis(pooled, order[:, :1], axis=1)[:, 0]
    held = np.clip(pooled, 0.003, 0.997)
    loss = -np.where(truth, np.log(held), np.log(1 - held)).sum(axis=1)
    bins = np.minimum((first * 10).astype(int), 9)
    off = sum(abs(weight[bins == n] @ (hits[bins == n, 0] - first[bins == n])) for n in range(10))
    return {
        "first": float(weight @ hits[:, 0]),
        "first_two": float(weight @ hits[:, :2].any(axis=1)),
        "calibration": float(off),
        "loss": float(weight @ loss),
    }


def scramble_folders(world: World, draw: np.random.Generator) -> World:
    """The same collection with the folder predictions shuffled between voices: they carry no information."""
    spoken = np.flatnonzero(world.folders.any(axis=1))
    folders = world.folders.copy()
    folders[spoken] = folders[draw.permutation(spoken)]
    return replace(world, folders=folders)


def compare(worlds: list[World], *, seed: int = 0, scrambled: bool = False) -> list[dict[str, object]]:
    """Each method by number of answers: means over the worlds and over both halves of their families."""
    found: dict[tuple[int, str], list[dict[str, float]]] = defaultdict(list)
    for number, world in enumerate(worlds):
        draw = np.random.default_rng([seed, number])
        half = draw.integers(2, size=world.families.max() + 1)[world.families[world.known]]
        for ours in (0, 1):
            default = measure_default(world, world.known[half != ours], draw)
            asked = scramble_folders(world, draw) if scrambled else world
            known = world.known[half == ours]
            order = _one_each(world.families, known, draw)
            for answers in ANSWERS:
                rows = np.sort(order[:answers])
                opinions = ask(asked, rows)
                rest = np.setdiff1d(known, rows)
                for way in WAYS:
                    pooled = way(opinions, rows, world.truth[rows], default)
                    judged = judge(pooled[rest], world.truth[rest], world.families[rest])
                    found[answers, way.__name__].append(judged)
    return [
        {"folders": "scrambled" if scrambled else "as found", "answers": answers, "way": way}
        | {figure: round(float(np.mean([each[figure] for each in judged])), 3) for figure in judged[0]}
        for (answers, way), judged in found.items()
    ]


def _one_each(families: Rows, rows: Rows, draw: np.random.Generator) -> Rows:
    """One voice of every family, in a random order."""
    shuffled = draw.permutation(rows)
    return draw.permutation(shuffled[np.unique(families[shuffled], return_index=True)[1]])


def main(
    store: Annotated[Path | None, typer.Option(help="A store with measured sounds and families.")] = None,
    worlds: Annotated[int, typer.Option(min=1, help="The number of worlds; each hides other names.")] = 3,
    json: JsonOption = False,
) -> None:
    """Compare ways to combine predictions, and measure the default weights."""
    with open_store(store or store_file(), read_only=True) as connection:
        made = [make_world(connection, seed=seed) for seed in range(worlds)]
    rows = [*compare(made), *compare(made, scrambled=True)]
    trusts = [measure_default(world, world.known, np.random.default_rng(n)) for n, world in enumerate(made)]
    means = [
        {"source": origin, "default": str(DEFAULT_LABEL_MODEL.sources[origin])}
        | {
            part: round(float(np.mean([getattr(t.sources[origin], part) for t in trusts])), 2)
            for part in SourceWeights.__slots__
        }
        for origin in ORIGINS
    ]
    if json:
        print_json({"ways": rows, "trust": means})
        return
    print_table(rows)
    print_table(means)


if __name__ == "__main__":
    typer.run(main)
