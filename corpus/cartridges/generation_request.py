"""What a model is asked to generate: a category, a mix, variations of a voice, or a walk between two voices."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dx7.errors import CategoryError, VoiceError
from dx7.shared.generation_limits import BOLDEST, LEAST_AMOUNT, MOST_AMOUNT, PLAINEST, USUAL_TEMPERATURE
from dx7.voices.parameter_groups import USUALLY_LOCKED, parameters_of
from dx7.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class GenerationRequest:
    """``mix`` has categories with their weights, the heaviest first; empty means any category.

    Variations of ``like`` differ from it by ``amount`` (0.1 slightly, 1 strongly), and not in the parameter groups
    ``locked``. A walk leads from the first of ``ends`` to the second. ``temperature`` scales the model's randomness.
    Raises ``CategoryError`` for a weight that is not above 0, ``VoiceError`` for an illegal amount, temperature or
    group, and for a walk with a reference voice or with equal ends.
    """

    mix: tuple[tuple[str, float], ...] = ()
    like: Voice | None = None
    amount: float = 0.3
    locked: tuple[str, ...] = USUALLY_LOCKED
    ends: tuple[Voice, Voice] | None = None
    temperature: float = USUAL_TEMPERATURE

    def __post_init__(self) -> None:
        for key, weight in self.mix:
            if not 0 < weight < float("inf"):
                raise CategoryError(f"the weight of {key} is {weight}; it must be a number above 0")
        if not LEAST_AMOUNT <= self.amount <= MOST_AMOUNT:
            raise VoiceError(f"the amount is {self.amount}; it must be {LEAST_AMOUNT} to {MOST_AMOUNT:g}")
        if not PLAINEST <= self.temperature <= BOLDEST:
            raise VoiceError(f"the temperature is {self.temperature}; it must be {PLAINEST} to {BOLDEST:g}")
        parameters_of(self.locked)
        if self.ends and self.like:
            raise VoiceError("a walk cannot have a reference voice; ask for a walk or for variations")
        if self.ends and self.ends[0].voice_id == self.ends[1].voice_id:
            raise VoiceError(f"{self.ends[0].name} and {self.ends[1].name} are the same voice; a walk needs two")

    @classmethod
    def of(cls, weights: Mapping[str, float], **more: Any) -> GenerationRequest:
        """A request for weighted categories, given in any order; those of weight 0 are left out."""
        wanted = [(key, float(weight)) for key, weight in weights.items() if weight]
        return cls(tuple(sorted(wanted, key=lambda item: -item[1])), **more)

    @property
    def categories(self) -> tuple[str, ...]:
        """The requested categories, the main one first."""
        return tuple(key for key, _ in self.mix)

    @property
    def category_text(self) -> str:
        """The mix as the option ``--category`` takes it.

        >>> GenerationRequest.of({"strings": 0.3, "brass": 0.7}).category_text
        'brass:0.7,strings:0.3'
        """
        return ",".join(key if len(self.mix) == 1 else f"{key}:{weight:g}" for key, weight in self.mix)

    @property
    def to_lock(self) -> tuple[str, ...]:
        """The groups that are locked and by default are not."""
        return tuple(key for key in self.locked if key not in USUALLY_LOCKED)

    @property
    def to_unlock(self) -> tuple[str, ...]:
        """The groups that are not locked and by default are."""
        return tuple(key for key in USUALLY_LOCKED if key not in self.locked)

    @property
    def share(self) -> float:
        """The share of the main category in the mix, 0 to 1; 0 if any category is allowed."""
        return self.mix[0][1] / sum(weight for _, weight in self.mix) if self.mix else 0.0

    def facts(self) -> dict[str, Any]:
        """The request as JSON values; :func:`read_generation_request` is the inverse."""
        return {
            "mix": dict(self.mix),
            "like": self.like and _text_of(self.like),
            "amount": self.amount,
            "locked": list(self.locked),
            "ends": self.ends and [_text_of(end) for end in self.ends],
            "temperature": self.temperature,
        }


def read_generation_request(facts: Mapping[str, Any]) -> GenerationRequest:
    """The request from :meth:`GenerationRequest.facts`; older records without walks and temperatures are accepted.

    Raises ``KeyError``, ``TypeError``, ``ValueError`` or a ``CartwrightError`` for anything else.
    """
    like, ends = facts["like"], facts.get("ends")
    return GenerationRequest(
        tuple((str(key), float(weight)) for key, weight in facts["mix"].items()),
        like=Voice(b64decode(like)) if like else None,
        amount=float(facts["amount"]),
        locked=tuple(str(key) for key in facts["locked"]),
        ends=(Voice(b64decode(ends[0])), Voice(b64decode(ends[1]))) if ends else None,
        temperature=float(facts.get("temperature", USUAL_TEMPERATURE)),
    )


def _text_of(voice: Voice) -> str:
    return b64encode(voice.unpacked).decode()
