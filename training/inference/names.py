"""Names for new voices: ten characters, different from each other, fitting the category.

A name is composed from word lists. A category without words here (added to ``categories.toml``) is named
by its key.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dx7.voices.parameters import NAME_LENGTH

ANYTHING = "any"  # key of the words for voices without a category
# Nouns and qualities of each category. A combination that is longer than ten characters is drawn again.
_NOUNS = {
    "piano": "PIANO GRAND UPRIGHT HAMMER KEYS IVORY PARLOR SALON PNO CONCERT",
    "epiano": "E.PIANO TINES REEDS SUITCASE STAGE EKEYS BARK TINE EP WURLY",
    "organ": "ORGAN PIPES DRAWBAR CHAPEL LOFT PRINCIPAL CONSOLE ORG FLUE SWELL",
    "clav": "CLAV HARPSI QUILL PLECTRA SPINET FUNK JACKS CLV LUTESTP",
    "bell": "BELL CHIME CAROL GLASS TOWER STEEPLE BRONZE TOLL CELESTA BELLS",
    "mallet": "MARIMBA VIBES XYLO KALIMBA BARS MALLET ROSEWD STEEL GLOCK LOGS",
    "guitar": "GUITAR HARP LUTE PLUCK NYLON SITAR KOTO FRETS GTR STRUM BANJO",
    "bass": "BASS LOWEND FINGER SUB THUMP FRETLS SLAP PICK UPRITE BOTTOM",
    "strings": "STRINGS BOWS CELLI VIOLINS SECTION TUTTI QUARTET ARCO VIOLAS STR",
    "brass": "BRASS HORNS TRUMPET FANFARE BONES SECTION TUBA STABS CORNET BRS",
    "wind": "FLUTE REED OBOE BREATH PICCOLO WHISTLE SAX CLARINET BASSOON PANPIPE",
    "voice": "CHOIR AAHS VOX CHORALE CANTOR HUMMING VOWELS OOHS VOICES MONKS",
    "lead": "LEAD SOLO LINE EDGE HOOK SYNC SAW SCREAM SQUARE WHIP",
    "pad": "PAD HAZE DRIFT VEIL CLOUDS MIST AURORA BLANKET HALO TIDE",
    "drum": "DRUM TOM SNARE BLOCK CONGA KICK RIM SKIN PERC TIMPANI",
    ANYTHING: "PATCH TONE SOUND TIMBRE FIGURE SHAPE WAVE COLOR ECHO PRISM MOTIF SPARK",
    "fx": "STORM LASER ENGINE ALARM SIGNAL PORTAL GALE SFX METEOR SIREN",
}
_STRUCK = "WARM BRIGHT DARK SOFT HARD THIN DEEP CLEAR ROUND OLD DRY MELLOW CRISP LONG SHORT TIGHT"
_HELD = "WARM BRIGHT DARK SOFT BIG THIN WIDE DEEP CLEAR ROUND SLOW FAST FULL MELLOW AIRY RICH SMALL"
_QUALITIES = {
    "piano": _STRUCK + " TACK HONKY FELT",
    "epiano": _STRUCK + " DYNO CHORUS BELL STEREO",
    "organ": _HELD + " FULL JAZZ ROTARY PERC GREAT",
    "clav": _STRUCK + " WAH FUNKY MUTED",
    "bell": _STRUCK + " ICE TINY CHURCH TEMPLE",
    "mallet": _STRUCK + " WOOD TREM ISLAND",
    "guitar": _STRUCK + " FOLK JAZZ MUTED STEEL",
    "bass": _STRUCK + " SYNTH FAT RUBBER WOOD",
    "strings": _HELD + " LOW HIGH MUTED SORDINO",
    "brass": _HELD + " MUTED LOW HIGH SFORZ SYNTH",
    "wind": _HELD + " ALTO TENOR LOW WOOD",
    "voice": _HELD + " ALTO BOY DISTANT VOWEL",
    "lead": _HELD + " MONO SYNTH SHARP NASAL ACID",
    "pad": _HELD + " GLASS SYNTH STILL NIGHT",
    "drum": _STRUCK + " LOW HIGH SYNTH WOOD METAL",
    "fx": _HELD + " SPACE METAL FAR ODD",
}
_TAILS = "1 2 3 4 5 6 7 8 9 A B C X II III"
_SHORTEST = 3  # nouns this short are abbreviations and get a quality, not just a number
_TRIES = 200


def hash_names(names: Iterable[str]) -> NDArray[np.uint32]:
    """The hashes of names, without duplicates; case and spaces are ignored. A name cannot be read back."""
    plain = {"".join(name.upper().split()) for name in names}
    return np.unique(np.array([crc32(name.encode()) for name in plain], np.uint32))


def make_names(categories: Sequence[Sequence[str]], *, seed: int, known: NDArray[np.uint32] | None = None) -> list[str]:
    """One name a voice, each once; ``categories`` are each voice's keys, the main one first. Same seed, same names.

    Names whose hashes are ``known``, those of training voices, are avoided as long as others can be found.

    >>> names = make_names([["brass"], ["brass"], ["organ"]], seed=1)
    >>> len(set(names)), max(map(len, names)) <= 10
    (3, True)
    """
    rng = np.random.default_rng([seed, crc32(repr([list(keys) for keys in categories]).encode())])
    names: list[str] = []
    for slot, keys in enumerate(categories, 1):
        drawn = (_compose(list(keys), rng) for _ in range(_TRIES))
        name = f"VOICE {slot}"
        for fitting in (name for name in drawn if len(name) <= NAME_LENGTH and name not in names):
            name = fitting
            if known is None or not np.isin(hash_names([name]), known).any():
                break
        names.append(name)
    return names


def _compose(keys: list[str], rng: np.random.Generator) -> str:
    def one_of(words: Sequence[str]) -> str:
        return str(rng.choice(words))

    if len(keys) > 1 and rng.random() < 0.5:  # a mix shows in the name: HORNS+ARCO
        return f"{one_of(_words(keys[0], longest=5))}+{one_of(_words(keys[1], longest=4))}"
    main = one_of(_words(keys[0]))
    if len(main) <= _SHORTEST or rng.random() < 0.7:
        return f"{one_of(_QUALITIES.get(keys[0], _HELD).split())} {main}"
    return f"{main} {one_of(_TAILS.split())}"


def _words(key: str, longest: int = NAME_LENGTH) -> list[str]:
    """A category's nouns of at most ``longest`` characters; its key, cut, if there are none."""
    fitting = [word for word in _NOUNS.get(key, "").split() if len(word) <= longest]
    return fitting or [key.upper().replace("_", "-")[: min(longest, 7)]]


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
    """A name that fits: unchanged if possible, else without spaces and cut."""
    whole = " ".join(name.split())
    return (whole if len(whole) <= length else whole.replace(" ", "")[:length]) or "VOICE"[:length]
