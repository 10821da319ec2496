"""What a model is asked for: one category, a mix, or variations of a favourite."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dx7.errors import CategoryError, VoiceError
from dx7.parameter_groups import USUALLY_LOCKED, parameters_of
from dx7.voice import Voice

LEAST_AMOUNT = 0.01


@dataclass(frozen=True, slots=True)
class Wish:
    """``mix`` has categories with their weights, the heaviest first; empty for any.

    Variations of ``like`` differ by ``amount`` (0.1 a touch, 1 a cousin) and not in the parameter groups ``locked``.
    Raises ``CategoryError`` for a weight that is not above 0, ``VoiceError`` for an amount or a group that is none.
    """

    mix: tuple[tuple[str, float], ...] = ()
    like: Voice | None = None
    amount: float = 0.3
    locked: tuple[str, ...] = USUALLY_LOCKED

    def __post_init__(self) -> None:
        for key, weight in self.mix:
            if not 0 < weight < float("inf"):
                raise CategoryError(f"the weight of {key} is {weight}; it must be a number above 0")
        if not LEAST_AMOUNT <= self.amount <= 1:
            raise VoiceError(f"the amount is {self.amount}; it must be {LEAST_AMOUNT} to 1")
        parameters_of(self.locked)

    @classmethod
    def of(cls, weights: Mapping[str, float], **more: Any) -> Wish:
        """The wish of categories with weights, in any order; those of weight 0 are left out."""
        wanted = [(key, float(weight)) for key, weight in weights.items() if weight]
        return cls(tuple(sorted(wanted, key=lambda item: -item[1])), **more)

    @property
    def categories(self) -> tuple[str, ...]:
        """The categories asked for, the main one first."""
        return tuple(key for key, _ in self.mix)

    @property
    def category_text(self) -> str:
        """As the command takes it.

        >>> Wish.of({"strings": 0.3, "brass": 0.7}).category_text
        'brass:0.7,strings:0.3'
        """
        return ",".join(key if len(self.mix) == 1 else f"{key}:{weight:g}" for key, weight in self.mix)

    @property
    def to_lock(self) -> tuple[str, ...]:
        """The groups that are locked and usually are not."""
        return tuple(key for key in self.locked if key not in USUALLY_LOCKED)

    @property
    def to_unlock(self) -> tuple[str, ...]:
        """The groups that usually are locked, and are not."""
        return tuple(key for key in USUALLY_LOCKED if key not in self.locked)

    @property
    def share(self) -> float:
        """How much of the mix its main category is, 0 to 1; 0 if any would do."""
        return self.mix[0][1] / sum(weight for _, weight in self.mix) if self.mix else 0.0

    def facts(self) -> dict[str, Any]:
        """The wish as JSON takes it; :func:`read_wish` is the reverse."""
        like = self.like and b64encode(self.like.unpacked).decode()
        return {"mix": dict(self.mix), "like": like, "amount": self.amount, "locked": list(self.locked)}


def read_wish(facts: Mapping[str, Any]) -> Wish:
    """The wish of its facts. Raises ``KeyError``, ``TypeError``, ``ValueError`` or a ``CartwrightError``."""
    like = facts["like"]
    return Wish(
        tuple((str(key), float(weight)) for key, weight in facts["mix"].items()),
        like=Voice(b64decode(like)) if like else None,
        amount=float(facts["amount"]),
        locked=tuple(str(key) for key in facts["locked"]),
    )
