"""Filters of a search, and words for descriptors: dark and bright, fast and slow.

The thresholds of :data:`SCALES` divide 28,000 collected voices into thirds, approximately, and are chosen so that most
strings are slow, most pianos fast and most clavs bright.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf, isnan
from typing import Any, Literal

from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.parameters import OPERATORS

ANY_LABELLER, NO_LABELLER, SUGGESTED_ONLY = "any", "nobody", "machine"  # used instead of a labeller's name
NOT_ANALYSED = "not heard yet"
SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Range:
    """The half-open range from ``low`` to ``high``; either may be infinite."""

    low: float = -inf
    high: float = inf

    def __post_init__(self) -> None:
        if isnan(self.low) or isnan(self.high) or self.low >= self.high:
            raise ValueError(f"a range from {self.low} to {self.high} is empty; the first number must be the lower")


@dataclass(frozen=True, slots=True)
class WordScale:
    """A descriptor with words for its values: its unit, three words, and the thresholds between them."""

    unit: str
    words: tuple[str, str, str]
    thresholds: tuple[float, float]

    def ranges(self) -> dict[str, Range]:
        """The range of each word."""
        first, second = self.thresholds
        return dict(zip(self.words, (Range(high=first), Range(first, second), Range(low=second)), strict=True))

    def word(self, value: float) -> str:
        """The word for a value.

        >>> SCALES["attack"].word(0.2)
        'slow'
        """
        return self.words[sum(value >= threshold for threshold in self.thresholds)]


SCALES = {
    # the spectral centroid of middle C, which is 262 Hz
    "brightness": WordScale("Hz", ("dark", "middle", "bright"), (350.0, 1000.0)),
    # from key down to half of the peak
    "attack": WordScale("s", ("fast", "medium", "slow"), (0.010, 0.060)),
    # from key up until the sound is 40 dB below its loudest
    "release": WordScale("s", ("fast", "medium", "slow"), (0.15, 1.0)),
}

_RANGE = re.compile(r"(?P<low>\d+(?:\.\d+)?)?\s*-\s*(?P<high>\d+(?:\.\d+)?)?")


def parse_range(scale: Literal["brightness", "attack", "release"], text: str) -> Range:
    """The range of a word, or of two numbers with a hyphen, one of which may be missing.

    >>> parse_range("brightness", "200-800"), parse_range("attack", "0.1-").low, parse_range("attack", "fast").high
    (Range(low=200.0, high=800.0), 0.1, 0.01)

    Raises ``ValueError`` with what is allowed.
    """
    known = SCALES[scale]
    ranges = known.ranges()
    if text.strip().lower() in ranges:
        return ranges[text.strip().lower()]
    match = _RANGE.fullmatch(text.strip())
    if match and (match["low"] or match["high"]):
        return Range(float(match["low"] or -inf), float(match["high"] or inf))
    raise ValueError(
        f"{scale} is {text!r}; it must be {', '.join(known.words)}, or {known.unit} as in "
        f"{known.thresholds[0]:g}-{known.thresholds[1]:g}"
    )


@dataclass(frozen=True, slots=True)
class Filters:
    """The conditions on the voices of a search result; defaults do not restrict it.

    ``categories``: a person labelled it with one of them or, without labels, a source suggests one. ``algorithm``: 1 to
    32. ``carriers``: the number of operators that are heard directly. ``brightness`` in Hz, ``attack`` and ``release``
    in seconds, as in :data:`SCALES`; they exclude voices without descriptors. ``health``: it has one of these tags.
    ``healthy``: it has descriptors and no tag. ``path``: an occurrence has this in its source or path. ``labeller``: a
    name, :data:`ANY_LABELLER`, :data:`NO_LABELLER`, or :data:`SUGGESTED_ONLY` for a suggestion without a label.
    ``fixed``: a sounding operator has a fixed frequency. ``generated``: found only in files that a model made.
    ``filler``: INIT VOICE or silence. ``favourite``: of any labeller. ``one_per_family``: only the best match of each
    family.

    Raises ``ValueError`` for an impossible algorithm or number of carriers.
    """

    categories: tuple[str, ...] = ()
    algorithm: int | None = None
    carriers: int | None = None
    brightness: Range | None = None
    attack: Range | None = None
    release: Range | None = None
    health: tuple[str, ...] = ()
    healthy: bool = False
    labeller: str = ""
    path: str = ""
    fixed: bool | None = None
    generated: bool | None = None
    filler: bool | None = None
    favourite: bool | None = None
    one_per_family: bool = False

    def __post_init__(self) -> None:
        for name, highest in (("algorithm", len(ALGORITHMS)), ("carriers", len(OPERATORS))):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= highest:
                raise ValueError(f"{name} is {value}; it must be 1 to {highest}")

    @property
    def needs_descriptors(self) -> bool:
        """Whether a filter needs descriptors."""
        return bool(self.brightness or self.attack or self.release or self.health or self.healthy)


def search_conditions(filters: Filters) -> tuple[list[str], dict[str, Any]]:
    """SQL conditions on ``search_voices`` joined with ``labelled``, and the values of their parameters.

    User input is bound as values only.
    """
    found: list[str] = []
    values: dict[str, Any] = {}
    for name, condition in _CONDITIONS.items():
        value = getattr(filters, name)
        if value not in (None, (), "", False):
            found.append(condition)
            values[name] = list(value) if isinstance(value, tuple) else value
    for name in ("fixed", "generated", "filler", "favourite"):
        if (wanted := getattr(filters, name)) is not None:
            found.append(f"coalesce({name}, false) = ${name}")
            values[name] = wanted
    for name in SCALES:
        if (wanted := getattr(filters, name)) is not None:
            found.append(f"{name} >= ${name}_low AND {name} < ${name}_high")
            values |= {f"{name}_low": wanted.low, f"{name}_high": wanted.high}
    if filters.labeller in _LABELLERS:
        found.append(_LABELLERS[filters.labeller])
    elif filters.labeller:
        found.append("list_contains(labellers, $labeller)")
        values["labeller"] = filters.labeller
    if filters.path:
        values["path"] = filters.path.lower()
    return found, values


_CONDITIONS = {
    "categories": "list_has_any(coalesce(labels, suggestions), $categories::VARCHAR[])",
    "algorithm": "algorithm = $algorithm",
    "carriers": "carriers = $carriers",
    "health": "list_has_any(health, $health::VARCHAR[])",
    "healthy": "heard AND len(health) = 0 AND $healthy",
    "path": """voice_id IN (SELECT voice_id FROM slots SEMI JOIN (
        SELECT file_sha FROM file_paths WHERE contains(lower(source || '/' || path), $path)) USING (file_sha))""",
}
_LABELLERS = {
    ANY_LABELLER: "labels IS NOT NULL",
    NO_LABELLER: "labels IS NULL",
    SUGGESTED_ONLY: "labels IS NULL AND len(suggestions) > 0",
}
