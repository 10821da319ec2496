"""A training run's settings: a frozen dataclass, one comment a field, filled from ``training/configs/*.toml``.

A config file is an experiment card: it opens with the command, the time it takes and the figures it gave, and then
holds only what differs from the defaults below. An unknown key is an error.
"""

from __future__ import annotations

import json
import tomllib
from dataclasses import asdict, dataclass, fields, replace
from hashlib import sha256
from pathlib import Path

from dx7.errors import ModelError

CONFIGS = Path(__file__).parent.parent / "configs"


@dataclass(frozen=True)
class Config:
    """Everything that decides what a run does, beside the export it reads."""

    seed: int = 0
    batch: int = 128  # voices a step, likelihood phase
    adversarial_batch: int = 64  # likewise, adversarial phase, where a step does four times the work
    likelihood_steps: int = 2000  # first phase: the generator learns to continue human voices
    adversarial_steps: int = 800  # second phase: generator and discriminator play

    listening_steps: int = 400  # third phase: the generator learns from its own voices that a critic finds human
    listening_round: int = 100  # steps of it between two broods
    listening_voices: int = 4096  # drawn and heard for a brood
    listening_learning_rate: float = 4e-4  # falls to a tenth as well

    bred_voices: int = (
        24000  # crossed from human ones, heard, and learned from as well (``training/data/crossover.py``)
    )
    bred_share: float = 0.5  # of the voices a step meets
    drawn_share: float = 0.5  # likewise, of the generator's own, in the third phase
    heard_share: float = 0.5  # of a voice's category weights: what the ear makes of it; the rest is its label
    fit_power: float = 0.5  # a drawn voice counts as its chance to be heard as what was asked for, to this

    width: int = 128  # of the generator's tokens
    layers: int = 3
    heads: int = 4
    operator_codes: int = 1024  # prototypes of operators
    global_codes: int = 256  # prototypes of what operators share
    prototype_rounds: int = 12  # of k-means
    discriminator_width: int = 96
    discriminator_layers: int = 2

    learning_rate: float = 2.5e-3  # generator, likelihood phase; falls to a tenth along a cosine
    adversarial_learning_rate: float = 1e-4  # generator, adversarial phase
    discriminator_learning_rate: float = 1e-3
    warmup_steps: int = 100
    weight_decay: float = 0.02
    dropout: float = 0.1
    category_dropout: float = 0.1  # share of voices whose category is hidden, so that guidance has a null to start from
    symmetry: float = 0.0  # share of voices whose interchangeable operators are swapped
    family_power: float = 0.5  # a voice's weight is its family's size to minus this: 0 none, 1 families count alike
    category_power: float = 0.3  # likewise for the size of its main category
    average_decay: float = 0.995  # of the exponential moving average whose weights are sampled from
    anchor: float = 1.0  # weight of the likelihood in the adversarial phase
    adversarial: float = 1.0  # weight of the discriminator's verdict in the adversarial phase
    gradient_penalty: float = 0.02  # R1 and R2; voices are one-hot, so slopes are long

    steps_per_chunk: int = 20  # steps inside one compiled call, and between two lines of metrics
    checkpoint_every: int = 200  # steps
    sample_every: int = 400  # steps between cartridges of the same 32 seeds

    def __post_init__(self) -> None:
        for every in (
            *("checkpoint_every", "sample_every", "likelihood_steps", "adversarial_steps"),
            *("listening_steps", "listening_round"),
        ):
            if getattr(self, every) % self.steps_per_chunk:
                raise ModelError(
                    f"config: {every} is {getattr(self, every)}; it must be a multiple of "
                    f"steps_per_chunk, {self.steps_per_chunk}"
                )

    @property
    def steps(self) -> int:
        """Steps of all phases."""
        return self.likelihood_steps + self.adversarial_steps + self.listening_steps

    @property
    def config_hash(self) -> str:
        """16 hexadecimal digits that name these settings."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def make_config(values: dict[str, object], *, where: str) -> Config:
    """A config of some values and the defaults. Raises ``ModelError`` that names an unknown or ill-typed key."""
    known = {field.name: field for field in fields(Config)}
    typed: dict[str, int | float] = {}
    for key, value in values.items():
        if key not in known:
            raise ModelError(f"{where}: unknown key {key!r}; known are {', '.join(known)}")
        wanted = float if known[key].type == "float" else int
        if isinstance(value, bool) or not isinstance(value, int | float) or (wanted is int and value != int(value)):
            raise ModelError(
                f"{where}: {key} is {value!r}; it must be {'a number' if wanted is float else 'a whole number'}"
            )
        typed[key] = wanted(value)
    return replace(Config(), **typed)  # type: ignore[arg-type]


def load_config(name: str) -> Config:
    """The config of a shipped name (``tiny``, ``base``) or of a TOML file. Raises ``ModelError``."""
    path = Path(name) if name.endswith(".toml") else CONFIGS / f"{name}.toml"
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        shipped = ", ".join(sorted(found.stem for found in CONFIGS.glob("*.toml")))
        raise ModelError(f"cannot read the config {path}: {error.strerror}; shipped are {shipped}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ModelError(f"{path} is not valid TOML: {error}") from error
    return make_config(values, where=str(path))
