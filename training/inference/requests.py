"""What a model is asked for: a sampling request, and how the command line spells its parts."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from dx7.errors import CategoryError, FileError
from dx7.formats.selection import read_voice, split_slot
from dx7.shared.generation_limits import AMOUNTS, LEAST_AMOUNT, MOST_AMOUNT
from dx7.voices.parameter_groups import USUALLY_LOCKED
from dx7.voices.voice import Voice


@dataclass(frozen=True)
class SampleRequest:
    """Voices to sample: of a mix of categories, variations ``like`` a favourite, or a walk between two voices."""

    mix: dict[str, float] = field(default_factory=dict)  # category to share; empty for any
    count: int = 32
    seed: int = 0
    temperature: float = 1.0  # above 1 all choices are bolder than usual, below 1 more typical
    like: Voice | None = None
    like_name: str = ""  # in the sidecar, such as ``bank.syx:3``
    amount: float = 0.3  # how far variations are from the favourite, above 0, to 1
    locked: tuple[str, ...] = USUALLY_LOCKED  # parameter groups that variations leave alone
    ends: tuple[Voice, Voice] | None = None  # of a walk
    end_names: tuple[str, str] = ("", "")
    raw: bool = False


def parse_mix(text: str) -> dict[str, float]:
    """Shares of categories, summing to 1: ``brass``, ``brass+strings`` or ``brass:0.7,strings:0.3``; empty for any.

    Raises ``CategoryError`` for a share that is no number above 0 or a category named twice.

    >>> parse_mix("brass+strings"), parse_mix("brass:3,strings:1")
    ({'brass': 0.5, 'strings': 0.5}, {'brass': 0.75, 'strings': 0.25})
    """
    shares: dict[str, float] = {}
    for part in text.replace("+", ",").split(",") if text.strip() else []:
        key, _, share = part.strip().partition(":")
        key = key.strip()
        try:
            value = float(share) if share else 1.0
        except ValueError:
            value = 0.0
        if not 0 < value < float("inf"):
            raise CategoryError(f"the share of {key!r} is {share!r}; it must be a number above 0, as in brass:0.7")
        if key in shares:
            raise CategoryError(f"the category {key!r} is named twice in {text!r}")
        shares[key] = value
    total = sum(shares.values())
    return {key: share / total for key, share in shares.items()}


def parse_amount(text: str) -> float:
    """The distance of variations: a key of :data:`dx7.shared.generation_limits.AMOUNTS`, or a number above 0, to 1.

    >>> parse_amount("touch"), parse_amount("0.5")
    (0.1, 0.5)

    Raises ``ValueError`` that says what may be given.
    """
    try:
        amount = AMOUNTS[text] if text in AMOUNTS else float(text)
    except ValueError:
        amount = 0.0
    if not LEAST_AMOUNT <= amount <= MOST_AMOUNT:
        raise ValueError(f"{text!r} is no amount; it is {', '.join(AMOUNTS)}, or a number from {LEAST_AMOUNT} to 1")
    return amount


def default_file(mix: dict[str, float], *, varied: bool, walked: bool = False) -> Path:
    """The default file name of a cartridge.

    >>> print(default_file({"brass": 0.7, "strings": 0.3}, varied=False), default_file({}, varied=True))
    brass+strings.syx variations.syx
    """
    return Path(("walk" if walked else "variations" if varied else "+".join(mix) or "cartridge") + ".syx")


def read_favourite(text: str) -> Voice:
    """The voice of ``FILE:SLOT``, slots from 1. Raises ``FileError`` or ``FormatError`` if there is none."""
    path, slot = split_slot(text)
    if slot is None:
        raise FileError(f"{text!r} does not name a voice; write FILE:SLOT, as in bank.syx:3")
    return read_voice(path, slot)


def name_of(text: str) -> str:
    """``FILE:SLOT`` without the folders, so that a sidecar has the same bytes wherever the file is.

    >>> name_of("banks/rom1a.syx:11")
    'rom1a.syx:11'
    """
    path, slot = split_slot(text)
    return f"{path.name}:{slot}"
