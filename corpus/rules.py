"""What a voice's names and folders say of its category, by the rules of ``data/categories.toml``.

Names have ten characters and every spelling there is, so they are brought into one form first (:func:`plain_name`).
Where rules of several categories match the same letters, the longest match wins: the rule for ``e.piano`` takes
its letters from the rule for ``piano``, the one for ``bassoon`` from ``bass``. What is left is read as English is:
the last word is the thing itself, words before it say more about it (a ``brass bass`` is a bass).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from dx7.categories import load_categories
from dx7.locations import CATEGORIES_FILE

ATTRIBUTE_WEIGHT = 0.5  # what a match is worth that has another behind it

_NOT_TEXT = re.compile(r"[^\x20-\x7e]|_")
_BETWEEN_LETTER_AND_DIGIT = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_LETTER_CASE = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_SPACES = re.compile(r"\s{2,}")


@dataclass(frozen=True, slots=True)
class Match:
    """A category that a name or folder speaks of; ``weight`` is 1 for the thing itself, less for an attribute."""

    category: str
    weight: float


class Rules:
    """The compiled rules of all categories, for names or for folders."""

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        self._rules = {
            key: (_compile(_any_of(each)), [_compile(rule) for rule in each]) for key, each in rules.items() if each
        }
        # Forty years of copies: most names come again, and more come again once they are plain.
        self._match_name = lru_cache(maxsize=1 << 17)(lambda name: self._match_plain(plain_name(name)))
        self._match_plain = lru_cache(maxsize=1 << 17)(self._find)

    def match(self, name: str) -> tuple[Match, ...]:
        """The categories a name speaks of, the surest first. The same category comes once."""
        return self._match_name(name)

    def _find(self, text: str) -> tuple[Match, ...]:
        spans = [
            (found.start(), found.end(), key)
            for key, (any_rule, each) in self._rules.items()
            if any_rule.search(text)
            for rule in each
            for found in rule.finditer(text)
            if found.end() > found.start()
        ]
        kept: list[tuple[int, int, str]] = []
        for start, end, key in sorted(spans, key=lambda span: (span[0] - span[1], span[0])):
            if all(end <= first or last <= start for first, last, _ in kept):
                kept.append((start, end, key))
        kept.sort()
        weights: dict[str, float] = {}
        for _, _, key in kept:
            weights[key] = ATTRIBUTE_WEIGHT
        if kept:
            weights[kept[-1][2]] = 1.0
        ranked = sorted(weights.items(), key=lambda item: -item[1])
        return tuple(Match(key, weight) for key, weight in ranked)


def plain_name(name: str) -> str:
    """A name as the rules see it.

    Lower case; a space between letters and digits and between words in CamelCase; underscores and signs that are
    no ASCII become spaces.

    >>> [plain_name(name) for name in ("E.PIANO 12", "12STRING", "SlapBass_3", "<< TUBA >>")]
    ['e.piano 12', '12 string', 'slap bass 3', '<< tuba >>']
    """
    text = _LETTER_CASE.sub(" ", _NOT_TEXT.sub(" ", name)).lower()
    return _SPACES.sub(" ", _BETWEEN_LETTER_AND_DIGIT.sub(" ", text)).strip()


def _any_of(rules: Sequence[str]) -> str:
    """One expression that matches where any rule does; those at the beginning of a word share the test for it."""
    words = [rule[2:] for rule in rules if rule.startswith(r"\b") and "|" not in rule]
    others = [rule for rule in rules if not (rule.startswith(r"\b") and "|" not in rule)]
    shared = [rf"\b(?:{'|'.join(words)})"] if words else []
    return "|".join([*shared, *others])


def _compile(rule: str) -> re.Pattern[str]:
    """A rule that is matched without regard to case; the text is in lower case, and plain matching is twice as fast."""
    has_capitals = any(letter.isupper() for letter in re.sub(r"\\.", "", rule))
    return re.compile(rule, re.IGNORECASE if has_capitals else 0)


@cache
def name_rules(path: Path = CATEGORIES_FILE) -> Rules:
    """The name rules of a ``categories.toml``. Raises ``CategoryError`` if it cannot be used."""
    return Rules({category.key: category.name_rules for category in load_categories(path)})


@cache
def folder_rules(path: Path = CATEGORIES_FILE) -> Rules:
    """The folder rules of a ``categories.toml``. Raises ``CategoryError`` if it cannot be used."""
    return Rules({category.key: category.folder_rules for category in load_categories(path)})


def match_path(rules: Rules, path: str) -> tuple[Match, ...]:
    """What the folders and the file name on the way to a bank say: the deepest that says something counts.

    >>> match_path(folder_rules(), "Instruments/Plucked/Bass/set_1.syx")[0].category
    'bass'
    """
    for part in reversed(re.split(r"[/\\!]", path)):
        matches = rules.match(part.removesuffix(".syx").removesuffix(".SYX"))
        if matches:
            return matches
    return ()
