"""Name rules: regular expressions of ``data/categories.toml`` that match the names and folders of a voice.

Names have ten characters and are spelt in every possible way, so that they are normalised first (:func:`plain_name`).
Where rules of several categories match the same letters, the longest match wins: the rule for ``e.piano`` takes its
letters from the rule for ``piano``, the one for ``bassoon`` from ``bass``. The rest is read as English: the last word
is the thing itself, the words before it are attributes (a ``brass bass`` is a bass).

A large collection has tens of thousands of names, and there are hundreds of rules, so that many names are matched
together (:meth:`Rules.match_all`). A pre-filter drops the names that a rule cannot match, and only the rest is matched
exactly: Arrow matches a regular expression (RE2) over a whole column some twenty times as fast as Python matches text
by text. RE2 has no lookaround. A rule without its lookaround matches wherever the rule does and in a few more places,
which a pre-filter may.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from dx7.shared.categories import load_categories
from dx7.shared.locations import CATEGORIES_FILE

ATTRIBUTE_WEIGHT = 0.5  # of a match with another match behind it

_NOT_TEXT = re.compile(r"[^\x20-\x7e\n]|_")
_BETWEEN_LETTER_AND_DIGIT = re.compile(r"(?<=[a-z])(?=\d)|(?<=\d)(?=[a-z])")
_LETTER_CASE = re.compile(r"(?<=[a-z])(?=[A-Z][a-z])")
_SPACES = re.compile(r" {2,}")
_SEPARATOR = re.compile(r"[/\\!]")
_LOOKAROUND = ("(?=", "(?!", "(?<=", "(?<!")
_READ_DIFFERENTLY = ("{,", "[[", "&&")  # both engines accept these, with different meanings

_Span = tuple[int, int, str]  # start, end, category


@dataclass(frozen=True, slots=True)
class Match:
    """A category that a name or folder names; ``weight`` is 1 for the thing itself, less for an attribute."""

    category: str
    weight: float


class Rules:
    """The compiled rules of all categories, for names or for folders."""

    def __init__(self, rules: Mapping[str, Sequence[str]]) -> None:
        self._rules = {key: [_Rule(rule, _compile(rule)) for rule in each] for key, each in rules.items() if each}
        self._any = {key: _compile(_any_of(rules[key])) for key in self._rules}
        # Most names occur often in forty years of copies, and more of them do once they are normalised.
        self._match_name = lru_cache(maxsize=1 << 17)(lambda name: self._match_plain(plain_name(name)))
        self._match_plain = lru_cache(maxsize=1 << 17)(self._find)

    def match(self, name: str) -> tuple[Match, ...]:
        """The categories that a name matches, the highest weight first. Each category occurs once."""
        return self._match_name(name)

    def match_all(self, names: Sequence[str]) -> list[tuple[Match, ...]]:
        """:meth:`match` of many names, in order, and much faster."""
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
        """The matches of the rule, which is one of category ``key``."""
        return [
            (found.start(), found.end(), key) for found in self.pattern.finditer(text) if found.end() > found.start()
        ]


def _weigh_spans(spans: list[_Span]) -> tuple[Match, ...]:
    """The matches that do not overlap with a longer one, the highest weight first."""
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
    """A name in the normal form that the rules match.

    It is in lower case, with a space between letters and digits and between words in CamelCase. Underscores and
    characters outside ASCII become spaces.

    >>> [plain_name(name) for name in ("E.PIANO 12", "12STRING", "SlapBass_3", "<< TUBA >>")]
    ['e.piano 12', '12 string', 'slap bass 3', '<< tuba >>']
    """
    return plain_names([name])[0]


def plain_names(names: Sequence[str]) -> list[str]:
    """:func:`plain_name` of many names. They are normalised as one text with a line each."""
    if not names:
        return []
    lines = "\n".join(name.replace("\n", " ") for name in names)
    text = _LETTER_CASE.sub(" ", _NOT_TEXT.sub(" ", lines)).lower()
    text = _SPACES.sub(" ", _BETWEEN_LETTER_AND_DIGIT.sub(" ", text))
    return [line.strip(" ") for line in text.split("\n")]


def _any_of(rules: Sequence[str]) -> str:
    """One expression that matches where any rule does. Rules that start at a word boundary share the test for it."""
    words = [rule[2:] for rule in rules if rule.startswith(r"\b") and "|" not in rule]
    others = [rule for rule in rules if not (rule.startswith(r"\b") and "|" not in rule)]
    shared = [rf"\b(?:{'|'.join(words)})"] if words else []
    return "|".join([*shared, *others])


def _compile(rule: str) -> re.Pattern[str]:
    """A rule that ignores case. The text is in lower case, and a case-sensitive match is twice as fast."""
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
    """The matches of the folders and the file name in a path: those of the deepest that matches.

    >>> match_path(folder_rules(), "Instruments/Plucked/Bass/set_1.syx")[0].category
    'bass'
    """
    return next((matches for matches in map(rules.match, reversed(path_parts(path))) if matches), ())


def path_parts(path: str) -> list[str]:
    """The folders and the file name in a path, in the form that rules match.

    >>> path_parts("all.zip!Bass/set_1.syx")
    ['all.zip', 'Bass', 'set_1']
    """
    return [part.removesuffix(".syx").removesuffix(".SYX") for part in _SEPARATOR.split(path)]


def may_match(texts: pa.StringArray, rules: Sequence[str]) -> NDArray[np.int64]:
    """The indices of all texts that one of the rules matches, ignoring case, and perhaps of some other texts.

    The texts must be printable ASCII, where the two engines agree on what a letter is.
    """
    try:
        pattern = "|".join(f"(?:{without_lookaround(rule)})" for rule in rules)
        passed = pc.match_substring_regex(texts, pattern, ignore_case=True)
    except (pa.ArrowInvalid, ValueError):  # only Python accepts the rule
        return np.arange(len(texts))
    return np.flatnonzero(passed.to_numpy(zero_copy_only=False))


def without_lookaround(rule: str) -> str:
    r"""The rule with an empty group in place of every lookaround.

    Raises ``ValueError`` for a rule that the two engines would read differently.

    >>> without_lookaround(r"piano(?!la)|(?<![(x])pno\b")
    'piano(?:)|(?:)pno\\b'
    """
    if any(sign in rule for sign in _READ_DIFFERENTLY):
        raise ValueError(f"{rule!r} cannot be pre-filtered")
    kept: list[str] = []
    place = 0
    while place < len(rule):
        if rule.startswith(_LOOKAROUND, place):
            place = _end_of_group(rule, place)
            kept.append("(?:)")
        else:
            end = _end_of_unit(rule, place)
            kept.append(rule[place:end])
            place = end
    return "".join(kept)


def _end_of_group(rule: str, place: int) -> int:
    """The index after the bracket that closes the one at ``place``."""
    depth = 0
    while place < len(rule):
        end = _end_of_unit(rule, place)
        depth += {"(": 1, ")": -1}.get(rule[place:end], 0)
        place = end
        if not depth:
            return place
    raise ValueError(f"{rule!r} has an unclosed bracket")


def _end_of_unit(rule: str, place: int) -> int:
    """The index after one character, escape or character class."""
    if rule[place] == "\\":
        return place + 2
    if rule[place] != "[":
        return place + 1
    end = place + 2 if rule.startswith("[^", place) else place + 1
    end += rule.startswith("]", end)  # it is an ordinary character if it is the first of a class
    while end < len(rule) and rule[end] != "]":
        end += 2 if rule[end] == "\\" else 1
    return end + 1
