"""Other banks to measure next to a model: ``NAME=PATH``, or ``NAME:category=PATH`` if they were made for one category.

Voices without a category must be able to play melodies to be useful, and have no figures that need a category.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dx7.errors import CategoryError, FileError, FormatError
from dx7.formats.files import read_bank
from dx7.formats.selection import read_voices
from dx7.voices.parameters import VOICES_IN_BANK
from dx7.voices.voice import Voice
from training.evaluation.generated_sets import SET_NAMES
from training.evaluation.voice_set import UNKNOWN, VoiceSet

_CHOICE = 0  # seed for the banks that represent many


class BankSource(NamedTuple):
    """Where voices of a set are: a file, or a folder of ``.syx``; and the category they were made for, if known."""

    name: str
    category: str
    path: Path


class _Bank(NamedTuple):
    category: str
    voices: list[Voice]  # 32, fewer in the last of a file


def parse_bank_source(text: str, known: Sequence[str]) -> BankSource:
    """``NAME=PATH`` or ``NAME:category=PATH``; a name in ``known`` is also the category.

    >>> parse_bank_source("deep:brass=a.syx", ["brass"]).category, parse_bank_source("deep=a.syx", ["brass"]).category
    ('brass', '')

    Raises ``FileError`` if there is no name or no path, or if a set of that name is measured anyway, and
    ``CategoryError`` for an unknown category.
    """
    head, _, path = text.partition("=")
    name, colon, category = (part.strip() for part in head.partition(":"))
    if not name or not path:
        raise FileError(f"{text!r} names no banks; write NAME=PATH or NAME:category=PATH, as in mine:brass=brass.syx")
    if name in SET_NAMES:
        raise FileError(f"the name {name!r} is that of a set which is measured anyway; choose another")
    if colon and category not in known:
        raise CategoryError(f"there is no category {category!r} to measure {name} by; choose from {', '.join(known)}")
    return BankSource(name, category or (name if name in known else UNKNOWN), Path(path))


def read_other_banks(texts: Sequence[str], known: Sequence[str], *, voices: int) -> list[VoiceSet]:
    """A set for each name, in order of first mention; a repeated name adds to its set.

    If a set has more than ``voices`` voices, banks are sampled at random until that number is reached. Raises the
    errors of :func:`parse_bank_source`, ``FileError`` for a missing path, and ``FormatError`` for one without a voice.
    """
    banks: dict[str, list[_Bank]] = {}
    for source in [parse_bank_source(text, known) for text in texts]:
        banks.setdefault(source.name, []).extend(_read_banks(source))
    return [_set_of(name, _some(found, voices)) for name, found in banks.items()]


def _read_banks(source: BankSource) -> list[_Bank]:
    if source.path.is_dir():
        paths = sorted(path for path in source.path.rglob("*") if path.suffix.lower() == ".syx" and path.is_file())
        files = [read_bank(path).voices() for path in paths]
    else:
        files = [read_voices(source.path).voices()]
    if not any(files):
        raise FormatError(f"no .syx in {source.path} holds a voice")
    return [
        _Bank(source.category, voices[first : first + VOICES_IN_BANK])
        for voices in files
        for first in range(0, len(voices), VOICES_IN_BANK)
    ]


def _some(banks: list[_Bank], voices: int) -> list[_Bank]:
    """Random banks until there are at least ``voices`` voices; all banks if there are fewer."""
    order = np.random.default_rng(_CHOICE).permutation(len(banks))
    before = np.cumsum([0, *(len(banks[at].voices) for at in order)])[:-1]
    return [banks[at] for at in sorted(order[before < voices].tolist())]


def _set_of(name: str, banks: list[_Bank]) -> VoiceSet:
    voices = [voice for bank in banks for voice in bank.voices]
    return VoiceSet(
        name,
        np.array([list(voice.parameters) for voice in voices], np.uint8),
        [bank.category for bank in banks for _ in bank.voices],
        np.repeat(np.arange(len(banks)), [len(bank.voices) for bank in banks]),
        [voice.name for voice in voices],
    )
