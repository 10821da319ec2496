"""What a voice's names and folders say of its category, by the rules of ``data/categories.toml``.

Names have ten characters and every spelling there is, so they are brought into one form first (:func:`plain_name`).
Where rules of several categories match the same letters, the longest match wins: the rule for ``e.piano`` takes
its letters from the rule for ``piano``, the one for ``bassoon`` from ``bass``. What is left is read as English is:
the last word is the thing itself, words before it say more about it (a ``brass bass`` is a bass).

A large collection has tens of thousands of names and the rules are hundreds, so many names are matched together
(:meth:`Rules.match_all`): a sieve drops what a rule cannot match (``sieve.py``), and only the rest is
matched exactly.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import pyarrow as pa

from corpus.suggest.prefilter import may_match
from dx7.shared.categories import load_categories
from dx7.shared.locations import CATEGORIES_FILE

ATTRIBUTE_WEIGHT = 0.5  # what a match is worth that has another behind it

_NOT_TEXT = re.compile(r"[^\x20-\x7e\n]|_")
_BETWEEN_LETTER_AND_DIGIT = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_LETTER_CASE = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_SPACES = re.compile(r" {2,}")
_SEPARATOR = re.compile(r"[/\\!]")

_Span = tuple[int, int, str]  # first letter, behind the last one, category


@dataclass(frozen=True, slots=True)
class Match:
    """A category that a name or folder speaks of; ``weight`` is 1 for the thing itself, less for an attribute."""

    category: str
    weight: float


class Rules:
    """The compiled rules of all categories, for names or for folders."""

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        self._rules = {key: [_Rule(rule, _compile(rule)) for rule in each] for key, each in rules.items() if each}
        self._any = {key: _compile(_any_of(rules[key])) for key in self._rules}
        # Forty years of copies: most names come again, and more come again once they are plain.
        self._match_name = lru_cache(maxsize=1 << 17)(lambda name: self._match_plain(plain_name(name)))
        self._match_plain = lru_cache(maxsize=1 << 17)(self._find)

    def match(self, name: str) -> tuple[Match, ...]:
        """The categories a name speaks of, the surest first. The same category comes once."""
        return self._match_name(name)

    def match_all(self, names: Sequence[str]) -> list[tuple[Match, ...]]:
        """:meth:`match` of many names, in order, much quicker than one by one."""
        plain = plain_names(names)
        texts = list(dict.fromkeys(plain))
        spans: dict[str, list[_Span]] = {}
        array = pa.array(texts, pa.string())
        for key, rules in self._rules.items():
            candidates = may_match(array, [rule.text for rule in rules])
            some = array.take(pa.array(candidates))
            for rule in rules:
                for index in candidates[may_match(some, [rule.text])]:
                    text = texts[index]
                    if found := rule.spans(text, key):
                        spans.setdefault(text, []).extend(found)
        matches = {text: _weigh_spans(found) for text, found in spans.items()}
        return [matches.get(text, ()) for text in plain]

    def _find(self, text: str) -> tuple[Match, ...]:
        return _weigh_spans(
            [
                span
                for key, rules in self._rules.items()
                if self._any[key].search(text)
                for rule in rules
                for span in rule.spans(text, key)
            ]
        )


@dataclass(frozen=True, slots=True)
class _Rule:
    """One rule as written and compiled."""

    text: str
    pattern: re.Pattern[str]

    def spans(self, text: str, key: str) -> list[_Span]:
        """Where the rule, which is one of category ``key``, matches."""
        return [
            (found.start(), found.end(), key) for found in self.pattern.finditer(text) if found.end() > found.start()
        ]


def _weigh_spans(spans: list[_Span]) -> tuple[Match, ...]:
    """What is left of matches when the longest have taken their letters, the surest first."""
    if len(spans) == 1:
        return (Match(spans[0][2], 1.0),)
    kept: list[_Span] = []
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
    return plain_names([name])[0]


def plain_names(names: Sequence[str]) -> list[str]:
    """:func:`plain_name` of many names, which are brought into form as one text of a line each."""
    if not names:
        return []
    lines = "\n".join(name.replace("\n", " ") for name in names)
    text = _LETTER_CASE.sub(" ", _NOT_TEXT.sub(" ", lines)).lower()
    text = _SPACES.sub(" ", _BETWEEN_LETTER_AND_DIGIT.sub(" ", text))
    return [line.strip(" ") for line in text.split("\n")]


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
    return next((matches for matches in map(rules.match, reversed(path_parts(path))) if matches), ())


def path_parts(path: str) -> list[str]:
    """The names on the way to a bank that rules are asked about, its own last.

    >>> path_parts("all.zip!Bass/set_1.syx")
    ['all.zip', 'Bass', 'set_1']
    """
    return [part.removesuffix(".syx").removesuffix(".SYX") for part in _SEPARATOR.split(path)]
