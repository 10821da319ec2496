"""Words for the sources of suggestions, in lists and sentences."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from corpus.storage.suggestion import EAR, FAMILY, FOLDER_RULE, NAME_RULE, NEIGHBOURS, ORIGINS, Suggestion

# The name of a source in a list, and the start of a sentence about it.
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
    """The name of a source. The name of an unknown one, from another version, is made from its key.

    >>> [source_name(origin) for origin in ("name_rule", "ear", "crystal_ball")]
    ['names', 'ear', 'crystal ball']
    """
    return _WORDS[origin][0] if origin in _WORDS else origin.replace("_", " ")


def source_suggests(origin: str) -> str:
    """The start of a sentence about a source, which its suggestion completes.

    >>> source_suggests("folder_rule") + " brass"
    'its folders suggest brass'
    """
    return _WORDS[origin][1] if origin in _WORDS else f"{source_name(origin)} suggests"


def describe_predictions(predictions: Iterable[Suggestion]) -> str:
    """The most probable category of each source, in the order of the sources.

    >>> describe_predictions([Suggestion("piano", 0.614, "ear"), Suggestion("epiano", 0.76, "name_rule")])
    'names epiano 0.76, ear piano 0.61'
    """
    most: dict[str, Suggestion] = {}
    for each in predictions:
        known = most.setdefault(each.origin, each)
        if each.probability > known.probability:
            most[each.origin] = each
    order = [*(origin for origin in ORIGINS if origin in most), *(origin for origin in most if origin not in ORIGINS)]
    top = (most[origin] for origin in order)
    return ", ".join(f"{source_name(each.origin)} {each.category} {each.probability:.2f}" for each in top)
