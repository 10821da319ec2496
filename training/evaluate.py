"""How good a model is, beside held-out human voices and simple tricks, by the same figures.

Held out are the validation and test families, one voice each. Every set has one voice for each of them, asked for
in that voice's main category. *Raw* is the generator as it comes; *as in cartridges* has the guidance and
temperature of ``sample``, but nothing left out; *cartridges* are whole cartridges of one category each, after
listening, so only figures that do not depend on the mix of categories are given for them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dx7.errors import ExportError
from dx7.exchange import Export
from training import baselines, figures
from training.draw_numpy import AS_LEARNED, Mix, draw, noise_of
from training.ear import fit_ear
from training.encoding import TOKENS, decode
from training.listen import grave_faults, hear_parameters
from training.model import Model
from training.sampling import TEMPERATURE, guided, sample

Parameters = NDArray[np.uint8]
Row = dict[str, Any]
LEAST_HELD_OUT = 50  # fewer voices give figures that mean nothing


class Yardstick(NamedTuple):
    """What sets of voices are measured against."""

    human: Parameters  # held out
    heard: NDArray[np.float32]  # their descriptors
    wanted: list[str]  # their main categories
    training: Parameters
    ear: Any


def evaluate(
    model: Model,
    export: Export,
    *,
    seed: int = 0,
    voices: int = 1000,
    cartridges: bool = True,
    report: Callable[[str], None] = lambda name: None,
) -> list[Row]:
    """One row a set: its name and figures, then useful and heard by category. ``report`` is told each set's name.

    ``voices`` bounds the size of the sets. Raises ``ExportError`` if too few voices are held out.
    """
    chance = np.random.default_rng(seed)
    training = np.flatnonzero(export.splits == "train")
    mains = [export.categories[row][0] for row in training]
    report("listening to human voices")
    yardstick = make_yardstick(export, voices=voices, chance=chance)
    made: dict[str, Callable[[], Parameters]] = {
        "raw": lambda: draw_wanted(model, yardstick.wanted, seed=seed),
        "as in cartridges": lambda: draw_wanted(model, yardstick.wanted, seed=seed, as_in_cartridges=True),
        "crossover": lambda: baselines.cross_voices(yardstick.training, mains, yardstick.wanted, chance),
        "a tenth redrawn": lambda: baselines.redraw_some(yardstick.training, mains, yardstick.wanted, chance),
        "marginals": lambda: baselines.draw_marginals(yardstick.training, mains, yardstick.wanted, chance),
    }
    rows = [measure("humans, held out", yardstick.human, yardstick.wanted, yardstick, themselves=True)]
    for name, make in made.items():
        report(name)
        rows.append(measure(name, make(), yardstick.wanted, yardstick))
    if cartridges:
        report("cartridges")
        keys = [key for key in model.category_keys if key in yardstick.wanted]
        banks = [sample(model, {key: 1.0}, count=32, seed=seed) for key in keys]
        parameters = [list(slot.voice.parameters) for bank in banks for slot in bank.slots]
        wanted = [key for key in keys for _ in range(32)]
        rows.append(
            measure("cartridges", np.array(parameters, np.uint8), wanted, yardstick, themselves=True)
            | {"drawn for 32": round(float(np.mean([bank.drawn for bank in banks])), 1)}
        )
    return rows


def make_yardstick(export: Export, *, voices: int, chance: np.random.Generator) -> Yardstick:
    """Held-out voices, one a family, and an ear fitted to at most three times as many training voices."""
    training = np.flatnonzero(export.splits == "train")
    held_out = one_per_family(export, ("validation", "test"), chance)[:voices]
    known = {export.categories[row][0] for row in training}
    held_out = np.array([row for row in held_out if export.categories[row][0] in known], dtype=np.int64)
    if len(held_out) < LEAST_HELD_OUT:
        raise ExportError(f"only {len(held_out)} families are held out; {LEAST_HELD_OUT} are needed to measure with")
    lesson = one_per_family(export, ("train",), chance)[: 3 * voices]
    return Yardstick(
        export.parameters[held_out],
        hear_parameters(export.parameters[held_out]),
        [export.categories[row][0] for row in held_out],
        export.parameters[training],
        fit_ear(hear_parameters(export.parameters[lesson]), [export.categories[row][0] for row in lesson]),
    )


def one_per_family(export: Export, splits: Sequence[str], chance: np.random.Generator) -> NDArray[np.int64]:
    """Rows of some splits in random order, one a family."""
    rows = chance.permutation(np.flatnonzero(np.isin(export.splits, splits)))
    _, first = np.unique(np.array(export.family_ids)[rows], return_index=True)
    return np.asarray(chance.permutation(rows[first]), np.int64)


def draw_wanted(model: Model, wanted: Sequence[str], *, seed: int, as_in_cartridges: bool = False) -> Parameters:
    """One voice for each category wanted, as it comes: ``uint8[n, 145]``."""
    conditions = np.array([model.weights({key: 1.0}) for key in wanted])
    shares, temperature = np.ones((TOKENS, 1), np.float32), AS_LEARNED
    if as_in_cartridges:
        shares, temperature = guided(shares[0]), TEMPERATURE
    given = np.stack([conditions, np.zeros_like(conditions)])[: shares.shape[1]]
    drawn = draw(model.generator, Mix(given, shares), noise=noise_of(seed), temperature=temperature)
    return decode(drawn.tokens)


def measure(
    name: str, voices: Parameters, wanted: Sequence[str], yardstick: Yardstick, *, themselves: bool = False
) -> Row:
    """The figures of a set. ``themselves``: leave out those that compare with the held-out humans as a whole."""
    heard = hear_parameters(voices)
    useful = np.array([not grave_faults(row, [key]) for row, key in zip(heard, wanted, strict=True)])
    guessed = np.asarray(yardstick.ear.predict(heard) == np.array(wanted))
    useful_by, heard_by = (figures.mean_by_category(hits, wanted) for hits in (useful, guessed))
    row: Row = {
        "set": name,
        "voices": len(voices),
        "useful": float(useful.mean()),
        "heard": float(np.mean(list(heard_by.values()))),
        "copies": figures.copies(voices, yardstick.training),
        "repeats": figures.repeats(voices),
    }
    if not themselves:
        row["coverage"], row["precision"] = figures.coverage_and_precision(heard, yardstick.heard)
        row["auc_sound"] = figures.two_sample_auc(heard, yardstick.heard)
        row["auc_parameters"] = figures.two_sample_auc(voices, yardstick.human)
        row["marginals"] = figures.marginal_distance(voices, yardstick.human)
    return row | {"useful_by_category": useful_by, "heard_by_category": heard_by}
