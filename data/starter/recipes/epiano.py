"""Electric pianos: a tine or reed that rings, and a body under it that barks when struck hard."""

from __future__ import annotations

from data.starter.sound import SINE, TRIANGLE, Archetype, Dice, Values, lfo, operator, patch, struck
from dx7.voices.voice import Voice


def _body(dice: Dice, level: int, *, detune: int = 0, ratio: float = 1.0, tremolo: int = 0) -> Values:
    envelope = struck(dice.between(22, 30), dice.between(88, 93), dice.between(17, 21), dice.between(57, 64))
    return operator(
        level, envelope, ratio=ratio, detune=detune, velocity=dice.between(1, 2), rate_scaling=2, tremolo=tremolo
    )


def _bark(dice: Dice, level: int, *, ratio: float = 1.0) -> Values:
    envelope = struck(dice.between(28, 38), dice.between(80, 88), dice.between(18, 22), dice.between(48, 56))
    return operator(level, envelope, ratio=ratio, velocity=dice.between(5, 6), rate_scaling=2, scaling=(60, 0, -12))


def _tine(dice: Dice, level: int, *, ratio: float) -> Values:
    envelope = struck(dice.between(48, 58), dice.between(40, 70), dice.between(34, 42), 50)
    return operator(level, envelope, ratio=ratio, velocity=6, rate_scaling=3, scaling=(67, 0, -20))


def tine(dice: Dice) -> Voice:
    """A high tine over two warm bodies."""
    spread = dice.between(2, 6)
    return patch(
        5,
        _body(dice, 95),
        _tine(dice, dice.between(58, 68), ratio=dice.pick(12.0, 13.0, 14.0, 15.0)),
        _body(dice, 95, detune=spread),
        _bark(dice, dice.between(77, 83)),
        _body(dice, dice.between(80, 87), detune=-spread),
        _bark(dice, dice.between(76, 82)),
        feedback=dice.between(3, 6),
    )


def reed(dice: Dice) -> Voice:
    """Reeds: hollow odd partials with a growl, quicker to fade."""
    tremolo = dice.between(0, 2)
    return patch(
        6,
        _body(dice, 94, tremolo=tremolo),
        _bark(dice, dice.between(80, 85), ratio=dice.pick(1.0, 2.0)),
        _body(dice, 90, detune=dice.between(1, 4), tremolo=tremolo),
        _bark(dice, dice.between(80, 85), ratio=1.0),
        _body(dice, dice.between(80, 86), detune=-dice.between(1, 3), tremolo=tremolo),
        _bark(dice, dice.between(68, 76), ratio=dice.pick(3.0, 4.0)),
        feedback=dice.between(2, 5),
        shimmer=lfo(dice.between(30, 36), wave=TRIANGLE, amplitude=dice.between(20, 45)),
    )


def glass(dice: Dice) -> Voice:
    """The ballad sound: clear octaves, a glassy tine, slow beating between detuned pairs."""
    spread = dice.between(4, 7)
    return patch(
        5,
        _body(dice, 95, detune=spread),
        _tine(dice, dice.between(62, 70), ratio=dice.pick(9.0, 11.0, 16.0, 18.0)),
        _body(dice, 91, detune=-spread),
        _tine(dice, dice.between(54, 64), ratio=dice.pick(7.0, 10.0, 14.0)),
        _body(dice, dice.between(80, 86), ratio=2.0, detune=dice.between(-3, 3)),
        _bark(dice, dice.between(68, 76)),
        feedback=dice.between(0, 5),
        motion=lfo(dice.between(18, 30), pitch=dice.between(0, 5)),
    )


def suitcase(dice: Dice) -> Voice:
    """A darker stage piano through a slow tremolo."""
    tremolo = dice.between(1, 2)
    return patch(
        5,
        _body(dice, 97, tremolo=tremolo),
        _tine(dice, dice.between(52, 62), ratio=dice.pick(10.0, 13.0, 14.0)),
        _body(dice, 91, detune=dice.between(1, 3), tremolo=tremolo),
        _bark(dice, dice.between(79, 84)),
        _body(dice, 82, detune=-dice.between(1, 3), tremolo=tremolo),
        _bark(dice, dice.between(72, 79), ratio=dice.pick(1.0, 2.0)),
        feedback=dice.between(0, 4),
        tremolo=lfo(dice.between(22, 34), wave=SINE, amplitude=dice.between(40, 65)),
    )


def bite(dice: Dice) -> Voice:
    """Short, hard hammers close to the pickups."""
    return patch(
        5,
        _body(dice, 93),
        _bark(dice, dice.between(70, 76), ratio=dice.pick(3.0, 4.0)),
        _body(dice, 95, detune=dice.between(1, 4)),
        _bark(dice, dice.between(76, 82)),
        _body(dice, 88, detune=-dice.between(1, 4)),
        _tine(dice, dice.between(66, 74), ratio=dice.pick(7.0, 8.0, 14.0)),
        feedback=dice.between(4, 6),
    )


ARCHETYPES = (
    Archetype(tine, (
        "TINE LIGHT", "CLEAR TINE", "TINE ROOM", "AMBER TINE", "TINE NIGHT", "SILK TINE", "OPEN TINE",
        "TINE SOLO", "LONG TINE", "TINE WARM"
    )),
    Archetype(reed, ("REED E.PNO", "WURLY DUST", "REED CAFE", "WURLY RAIN", "HOLLOW EP", "REED SOUL", "WURLY ROAD")),
    Archetype(glass, ("GLASS EP", "BALLAD EP", "ICE E.PNO", "MIRROR EP", "SLOW DANCE", "CRYSTAL EP")),
    Archetype(suitcase, ("SUITCASE A", "TREM E.PNO", "DUSK E.PNO", "ROTARY EP", "MELLOW EP")),
    Archetype(bite, ("BITE E.PNO", "FUNK E.PNO", "HARD TINE", "SNAP E.PNO")),
)  # fmt: skip
