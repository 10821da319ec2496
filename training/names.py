"""Names for new voices: ten characters, unlike each other, fitting the category.

A name is put together from word lists of our own by a few patterns. Categories that somebody added to
``categories.toml`` without words here are named by their key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dx7.parameters import NAME_LENGTH

_NOUNS = {
    "piano": "PIANO GRAND UPRIGHT HAMMER KEYS IVORY PARLOR SALON PNO",
    "epiano": "E.PIANO TINES REEDS SUITCASE STAGE EKEYS BARK TINE EP",
    "organ": "ORGAN PIPES DRAWBAR CHAPEL LOFT REEDORG CONSOLE ORG",
    "clav": "CLAV HARPSI QUILL PLECTRA SPINET FUNKEY JACKS CLV",
    "bell": "BELL CHIME CAROL GLASS TOWER STEEPLE BRONZE TOLL BEL",
    "mallet": "MARIMBA VIBES XYLO KALIMBA BARS MALLET ROSEWD STEEL MLT",
    "guitar": "GUITAR HARP LUTE PLUCK NYLON SITAR KOTO FRETS GTR",
    "bass": "BASS LOWEND FINGER SUB THUMP FRETLS ROUND BOTTOM BAS",
    "strings": "STRINGS BOWS CELLI VIOLIN SECTION TUTTI QUARTET ARCO STR",
    "brass": "BRASS HORNS TRUMPET FANFARE BONES SECTION TUBA STABS BRS",
    "wind": "FLUTE REED OBOE BREATH PICCOLO WHISTLE SAX CLARI WND",
    "voice": "CHOIR AAHS VOX CHORALE CANTOR HUMMING VOWELS OOHS VOC",
    "lead": "LEAD SOLO LINE EDGE HOOK SYNC SAWTOP SCREAM LD",
    "pad": "PAD HAZE DRIFT VEIL CLOUDS MIST AURORA BLANKET PD",
    "drum": "DRUM TOM SNARE BLOCK CONGA KICK RIM SKIN PRC",
    "fx": "FX STORM LASER ENGINE ALARM SIGNAL PORTAL GALE SFX",
}
_QUALITIES = (
    "WARM BRIGHT DARK SOFT HARD THIN WIDE DEEP CLEAR ROUND OLD NEW SLOW FAST HIGH LOW RED BLUE GOLD IRON "
    "TALL RAW PURE SILK DUSK DAWN NORTH SOUTH MILD BOLD LATE DRY WET AIRY RICH DIM SHY PLAIN FINE GRAY"
)
_TAILS = "1 2 3 4 5 6 7 8 9 A B C X II III"
_TRIES = 200


def hash_names(names: Iterable[str]) -> NDArray[np.uint32]:
    """The hashes of names, each once: enough to know one again, not to read one. Case and spaces do not count."""
    plain = {"".join(name.upper().split()) for name in names}
    return np.unique(np.array([crc32(name.encode()) for name in plain], np.uint32))


def make_names(categories: Sequence[Sequence[str]], *, seed: int, known: NDArray[np.uint32] | None = None) -> list[str]:
    """One name a voice, each once; ``categories`` are each voice's keys, the main one first. Same seed, same names.

    Names whose hashes are ``known``, those of training voices, are avoided as long as others can be found.

    >>> names = make_names([["brass"], ["brass"], ["organ"]], seed=1)
    >>> len(set(names)), max(map(len, names)) <= 10
    (3, True)
    """
    chance = np.random.default_rng(seed)
    names: list[str] = []
    for slot, keys in enumerate(categories, 1):
        drawn = (_compose(list(keys), chance) for _ in range(_TRIES))
        name = f"VOICE {slot}"
        for fitting in (name for name in drawn if len(name) <= NAME_LENGTH and name not in names):
            name = fitting
            if known is None or not np.isin(hash_names([name]), known).any():
                break
        names.append(name)
    return names


def _compose(keys: list[str], chance: np.random.Generator) -> str:
    def one_of(words: str) -> str:
        return str(chance.choice(words.split()))

    main = one_of(_words(keys[0]))
    if len(keys) > 1 and chance.random() < 0.5:  # a mix shows in the name: HORN+ARCO
        return f"{main[:5]}+{one_of(_words(keys[1]))[:4]}"
    if chance.random() < 0.6:
        return f"{one_of(_QUALITIES)} {main}"
    return f"{main} {one_of(_TAILS)}"


def _words(key: str) -> str:
    return _NOUNS.get(key, key.upper().replace("_", "-")[:7])


def name_variations(favourite: str, count: int) -> list[str]:
    """Names of variations: the favourite's, and a number.

    >>> name_variations("TUB BELLS ", 32)[:2], name_variations("", 1)
    (['TUBBELL 01', 'TUBBELL 02'], ['VOICE 01'])
    """
    stem = _squeeze(favourite, NAME_LENGTH - 3)
    return [f"{stem} {number:02}" for number in range(1, count + 1)]


def name_walk(first: str, last: str, count: int) -> list[str]:
    """Names of the steps from one voice to another: their own at the ends, and in between of both.

    >>> name_walk("BRASS   1", "E.PIANO 1", 4)
    ['BRASS   1', 'BRA>E.P 02', 'BRA>E.P 03', 'E.PIANO 1']
    """
    stem = f"{_squeeze(first, 3)}>{_squeeze(last, 3)}"
    names = [f"{stem} {number:02}" for number in range(1, count + 1)]
    if first.strip():
        names[0] = first
    if last.strip() and last != first:
        names[-1] = last
    return names


def _squeeze(name: str, length: int) -> str:
    """A name in fewer characters: as it is if it fits, else without spaces, cut."""
    whole = " ".join(name.split())
    return (whole if len(whole) <= length else whole.replace(" ", "")[:length]) or "VOICE"[:length]
