"""Settings of a training run: a frozen dataclass with one comment per field, read from ``training/configs/*.toml``.

A config file starts with comments: the command, its time and its figures. Then it sets only values that differ from the
defaults below. An unknown key is an error. Field names are stored keys: ``bred`` voices are crossed ones,
``drawn`` voices generated ones, and ``listening`` is critic-weighted fine-tuning.
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
    """All settings of a run except its export."""

    seed: int = 0
    batch: int = 128  # voices per step, likelihood phase
    adversarial_batch: int = 64  # voices per step, adversarial phase; a step costs four times as much
    likelihood_steps: int = 2000  # first phase: the generator learns to continue human voices
    adversarial_steps: int = 800  # second phase: adversarial training

    listening_steps: int = 400  # third phase: critic-weighted fine-tuning on generated voices
    listening_round: int = 100  # its steps between two batches of generated voices
    listening_voices: int = 4096  # drawn and analysed for each batch of generated voices
    listening_learning_rate: float = 4e-4  # falls to a tenth

    bred_voices: int = 24000  # crossed voices to make and analyse (``training/data/crossover.py``)
    bred_share: float = 0.5  # share of crossed voices in a batch
    drawn_share: float = 0.5  # share of generated voices in a batch of the third phase
    heard_share: float = 0.5  # share of the classifier in a voice's category weights; the rest is its label
    fit_power: float = 0.5  # exponent of the requested category's probability in the weight of a generated voice

    width: int = 128  # of the generator's tokens
    layers: int = 3
    heads: int = 4
    operator_codes: int = 1024  # prototypes of operators
    global_codes: int = 256  # prototypes of the shared settings
    prototype_rounds: int = 12  # of k-means
    discriminator_width: int = 96
    discriminator_layers: int = 2

    learning_rate: float = 2.5e-3  # generator, likelihood phase; falls to a tenth along a cosine
    adversarial_learning_rate: float = 1e-4  # generator, adversarial phase
    discriminator_learning_rate: float = 1e-3
    warmup_steps: int = 100
    weight_decay: float = 0.02
    dropout: float = 0.1
    category_dropout: float = 0.1  # share of voices whose category is hidden, for the unconditional model of guidance
    symmetry: float = 0.0  # share of voices whose interchangeable operators are swapped
    family_power: float = 0.5  # weight = family size ** -power: 0 no correction, 1 equal weight for all families
    category_power: float = 0.3  # the same for the size of the main category
    average_decay: float = 0.995  # decay of the moving average of the weights, which sampling uses
    anchor: float = 1.0  # weight of the likelihood in the adversarial phase
    adversarial: float = 1.0  # weight of the discriminator's loss in the adversarial phase
    gradient_penalty: float = 0.02  # R1 and R2; low, because gradients with respect to one-hot voices are large

    steps_per_chunk: int = 20  # steps inside one compiled call, and between two lines of metrics
    checkpoint_every: int = 200  # steps
    sample_every: int = 400  # steps between sample cartridges, which always use the same 32 seeds

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
        """Hash of the settings, 16 hexadecimal digits."""
        return sha256(json.dumps(asdict(self), sort_keys=True).encode()).hexdigest()[:16]


def make_config(values: dict[str, object], *, where: str) -> Config:
    """A config from values and defaults. Raises ``ModelError`` with the key if it is unknown or has a wrong type."""
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
