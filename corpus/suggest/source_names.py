"""Where a suggestion comes from, in words: the one place that has them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from corpus.storage.suggestion import EAR, FAMILY, FOLDER_RULE, NAME_RULE, NEIGHBOURS, ORIGINS, Suggestion

# What a source is called in a list, and in a sentence with what it does.
_WORDS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        NAME_RULE: ("names", "its names suggest"),
        FOLDER_RULE: ("folders", "its folders suggest"),
        FAMILY: ("family", "its family suggests"),
        NEIGHBOURS: ("neighbours", "what sounds like it suggests"),
        EAR: ("ear", "the ear suggests"),
    }
)


def source_name(origin: str) -> str:
    """A source's name. One of another Cartwright is called what it is called there.

    >>> [source_name(origin) for origin in ("name_rule", "ear", "crystal_ball")]
    ['names', 'ear', 'crystal ball']
    """
    return _WORDS[origin][0] if origin in _WORDS else origin.replace("_", " ")


def source_suggests(origin: str) -> str:
    """A source with its verb, for what it suggests to follow.

    >>> source_suggests("folder_rule") + " brass"
    'its folders suggest brass'
    """
    return _WORDS[origin][1] if origin in _WORDS else f"{source_name(origin)} suggests"


def describe_predictions(opinions: Iterable[Suggestion]) -> str:
    """What each source says most, in the order of the sources.

    >>> breakdown([Suggestion("piano", 0.614, "ear"), Suggestion("epiano", 0.76, "name_rule")])
    'names epiano 0.76, ear piano 0.61'
    """
    most: dict[str, Suggestion] = {}
    for each in opinions:
        known = most.setdefault(each.origin, each)
        if each.probability > known.probability:
            most[each.origin] = each
    order = [*(origin for origin in ORIGINS if origin in most), *(origin for origin in most if origin not in ORIGINS)]
    said = (most[origin] for origin in order)
    return ", ".join(f"{source_name(each.origin)} {each.category} {each.probability:.2f}" for each in said)
