"""How far each source of opinions is trusted.

A source moves the log-odds of a category away from those that any category has beforehand (:func:`beforehand`). If
it names the category with a probability, by ``weight`` times the distance from beforehand to that, and by ``said``;
if it speaks of the voice, but not of this category, down by ``denied``; if it says nothing of the voice, not at all.
So a source with a weight of 1 and a ``said`` of 0 that is alone is taken at its word. What is particular about a
category, whoever speaks, is in ``bias``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from math import log
from types import MappingProxyType

from corpus.storage.suggestion import EAR, FAMILY, FOLDER_RULE, NAME_RULE, NEIGHBOURS, ORIGINS
from dx7.errors import StoreError


@dataclass(frozen=True, slots=True)
class SourceWeights:
    """What one source's opinion counts; the unit is log-odds, of which 2.2 are from 0.5 to 0.9."""

    weight: float = 1.0
    said: float = 0.0
    denied: float = 1.0


# Measured with ``python -m tests.bench_label_model``: rules and family so that they are right where no ear
# has heard the voice, the ear and neighbours beside those. The names of one family are often copies of each other, so
# a family is trusted less than they say.
DEFAULT_WEIGHTS: Mapping[str, SourceWeights] = MappingProxyType(
    {
        NAME_RULE: SourceWeights(1.05, -0.25, 2.0),
        FOLDER_RULE: SourceWeights(1.5, -0.35, 1.5),
        FAMILY: SourceWeights(1.2, 0.0, 3.0),
        NEIGHBOURS: SourceWeights(0.15, 0.1, 0.2),
        EAR: SourceWeights(0.95, 0.0, 1.0),
    }
)


@dataclass(frozen=True, slots=True)
class LabelModel:
    """What every source's opinion counts, what is added for a category by its key, and from how many answers."""

    says: Mapping[str, SourceWeights] = field(default_factory=lambda: DEFAULT_WEIGHTS)
    bias: Mapping[str, float] = field(default_factory=dict)
    answers: int = 0

    def as_json(self) -> str:
        """As :func:`read_trust` reads it."""
        says = {origin: asdict(say) for origin, say in self.says.items()}
        return json.dumps({"says": says, "bias": dict(self.bias), "answers": self.answers})


DEFAULT_LABEL_MODEL = LabelModel()


def parse_label_model(text: str) -> LabelModel:
    """Trust from JSON; a source that it does not know has its default. Raises ``StoreError`` for what is no trust."""
    try:
        facts = json.loads(text)
        says = {
            str(origin): SourceWeights(**{key: float(value) for key, value in say.items()})
            for origin, say in facts["says"].items()
        }
        bias = {str(key): float(value) for key, value in facts["bias"].items()}
        answers = int(facts["answers"])
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise StoreError("how far opinions are trusted cannot be read; run python -m corpus learn") from error
    return LabelModel({origin: says.get(origin, DEFAULT_WEIGHTS[origin]) for origin in ORIGINS}, bias, answers)


def prior_log_odds(categories: int) -> float:
    """The log-odds of any of so many categories, before anybody has spoken: a voice has about one."""
    return -log(max(categories - 1, 1))
