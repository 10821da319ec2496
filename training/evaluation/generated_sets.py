"""The sets that are measured: those of a model and those of naive generators."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from dx7.voices.parameters import VOICES_IN_BANK
from training.evaluation import naive_generators as baselines
from training.evaluation.reference_sets import HUMANS, ReferenceSets
from training.evaluation.voice_set import Parameters, VoiceSet, deal_into_banks
from training.inference.finished_model import Model
from training.inference.requests import SampleRequest
from training.inference.sampling import draw_wanted, sample
from training.inference.selection import SampledCartridge

RAW, GUIDED, CARTRIDGES = "raw", "as in cartridges", "cartridges"
NAIVE_GENERATORS: dict[str, Callable[..., Parameters]] = {
    "crossover, one category and algorithm": baselines.cross_voices,
    "crossover, any two": baselines.cross_any,
    "a tenth redrawn": baselines.redraw_some,
    "marginals": baselines.draw_marginals,
}
SET_NAMES = (HUMANS, RAW, GUIDED, CARTRIDGES, *NAIVE_GENERATORS)
_APART = 1_000_000  # between the seeds of two cartridges of one category


class FilledCartridges(NamedTuple):
    """Cartridges as one set of voices, how many were drawn for them, and how many were left out by reason."""

    voices: VoiceSet
    cartridges: int
    drawn: int
    left_out: dict[str, int]


def make_sets(model: Model, references: ReferenceSets, *, seed: int) -> list[VoiceSet]:
    """One voice for each of the human set: by the model without selection, and by each naive generator."""
    wanted = references.humans.wanted
    made = {
        RAW: draw_wanted(model, wanted, seed=seed),
        GUIDED: draw_wanted(model, wanted, seed=seed, as_in_cartridges=True),
    } | {
        name: generator(references.training, references.mains, wanted, np.random.default_rng([seed, number]))
        for number, (name, generator) in enumerate(NAIVE_GENERATORS.items())
    }
    banks = deal_into_banks(wanted)
    return [VoiceSet(name, voices, wanted, banks) for name, voices in made.items()]


def fill_cartridges(
    model: Model, wanted: Sequence[str], *, seed: int, report: Callable[[str], None] = lambda key: None
) -> FilledCartridges:
    """Whole cartridges of one category each, with at least as many voices of each category as are ``wanted``.

    A random choice of them, with exactly the wanted categories, is compared with the reference set.
    """
    rng = np.random.default_rng([seed, VOICES_IN_BANK])
    banks: list[SampledCartridge] = []
    keys: list[str] = []
    alike: list[int] = []
    for key, count in Counter(wanted).items():
        report(key)
        first = len(banks) * VOICES_IN_BANK
        needed = -(-count // VOICES_IN_BANK)
        banks += [sample(model, SampleRequest({key: 1.0}, seed=seed + number * _APART)) for number in range(needed)]
        keys += [key] * needed * VOICES_IN_BANK
        alike += (first + rng.permutation(needed * VOICES_IN_BANK)[:count]).tolist()
    voices = [slot.voice for bank in banks for slot in bank.slots]
    left_out: Counter[str] = Counter()
    for bank in banks:
        left_out.update(bank.left_out)
    filled = VoiceSet(
        CARTRIDGES,
        np.array([list(voice.parameters) for voice in voices], np.uint8),
        keys,
        np.repeat(np.arange(len(banks)), VOICES_IN_BANK),
        [voice.name for voice in voices],
        np.array(alike, np.int64),
    )
    return FilledCartridges(filled, len(banks), sum(bank.drawn for bank in banks), dict(left_out))
