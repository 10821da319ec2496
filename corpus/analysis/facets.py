"""What voices can be narrowed by, and the words for what is heard: dark and bright, fast and slow.

The thresholds stand in :data:`SCALES`. They were set where about a third of 28,000 collected voices lies on either
side, and so that most strings are slow, most pianos fast and most clavs bright.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from math import inf, isnan
from typing import Any, Literal

from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.parameters import OPERATORS

ANY_LABELLER, NO_LABELLER, SUGGESTED_ONLY = "any", "nobody", "machine"  # words that stand where a labeller's name may
NOT_ANALYSED = "not heard yet"
SILENT = "silent"


@dataclass(frozen=True, slots=True)
class Range:
    """From ``low`` up to, but without, ``high``; either may be infinite."""

    low: float = -inf
    high: float = inf

    def __post_init__(self) -> None:
        if isnan(self.low) or isnan(self.high) or self.low >= self.high:
            raise ValueError(f"a range from {self.low} to {self.high} holds nothing; the first must be the lower")


@dataclass(frozen=True, slots=True)
class WordScale:
    """A measure that people have words for: its unit, three words, and where the second and the third begin."""

    unit: str
    words: tuple[str, str, str]
    thresholds: tuple[float, float]

    def ranges(self) -> dict[str, Range]:
        """What each word means."""
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
    """The range that a word or two numbers mean, either of which may be left out.

    >>> parse_range("brightness", "200-800"), parse_range("attack", "0.1-").low, parse_range("attack", "fast").high
    (Range(low=200.0, high=800.0), 0.1, 0.01)

    Raises ``ValueError`` that says what is allowed.
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
    """What a voice must be to be found; what is left out does not matter.

    ``categories``: a person put it in one of them or, where nobody has, a rule would. ``algorithm`` is the panel's
    number, ``carriers`` how many operators are heard in it. ``brightness`` in Hz, ``attack`` and ``release`` in
    seconds, as :data:`SCALES` says; voices that nobody has heard yet are left out by these. ``health``: it has one
    of these tags; ``healthy``: it was heard, and has none. ``path``: found in a source, folder or file with this in
    its path. ``labeller``: the name of one, :data:`ANY_LABELLER`, :data:`NO_LABELLER`, or :data:`SUGGESTED_ONLY` where
    nobody has but a rule would. ``fixed``: an operator that sounds keeps one frequency on all keys. ``generated``:
    found only in files that a model made. ``filler``: what fills empty slots. ``favourite``: of anybody.
    ``one_per_family``: of voices that are one sound re-saved, only the best match.

    Raises ``ValueError`` for an algorithm or number of carriers that there is not.
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
    def needs_hearing(self) -> bool:
        """Whether it asks for what only hearing tells."""
        return bool(self.brightness or self.attack or self.release or self.health or self.healthy)


def search_conditions(filters: Filters) -> tuple[list[str], dict[str, Any]]:
    """Conditions on the table ``search_voices`` joined with ``labelled``, and the values that they name.

    What is asked for is only ever a value, never a part of a condition.
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
