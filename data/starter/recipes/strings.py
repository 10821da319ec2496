"""Bowed strings: saw-like pairs, slow to speak, detuned against each other or leaning into vibrato."""

from __future__ import annotations

from data.starter.sound import Archetype, Dice, Values, held, lfo, operator, patch
from dx7.voices.voice import Voice


def _bowed(dice: Dice, level: int, *, ratio: float = 1.0, detune: int = 0, attack: int = 46) -> Values:
    envelope = held(attack + dice.between(-4, 4), 30, dice.between(90, 97), dice.between(42, 50))
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=1, rate_scaling=1)


def _rosin(dice: Dice, level: int, *, ratio: float = 1.0, attack: int = 48, detune: int = 0) -> Values:
    envelope = held(attack + dice.between(-4, 6), 30, dice.between(88, 96), 45)
    return operator(level, envelope, ratio=ratio, detune=detune, velocity=2, rate_scaling=1, scaling=(60, 0, -12))


def section(dice: Dice) -> Voice:
    """A string section: two stacks pulled apart, each a saw with its own grain."""
    spread = dice.between(4, 7)
    return patch(
        2,
        _bowed(dice, 95, detune=spread),
        _rosin(dice, dice.between(76, 81)),
        _bowed(dice, 95, detune=-spread),
        _rosin(dice, dice.between(74, 79), ratio=dice.pick(1.0, 2.0), detune=dice.between(-3, 3)),
        _rosin(dice, dice.between(60, 70), ratio=dice.pick(1.0, 3.0)),
        _rosin(dice, dice.between(56, 68), ratio=dice.pick(2.0, 4.0)),
        feedback=dice.between(6, 7),
        vibrato=lfo(dice.between(28, 34), delay=dice.between(20, 50), pitch=dice.between(6, 10)),
    )


def tutti(dice: Dice) -> Voice:
    """The whole orchestra bowing: three pairs over two octaves."""
    spread = dice.between(4, 7)
    return patch(
        5,
        _bowed(dice, 94, detune=spread),
        _rosin(dice, dice.between(78, 83)),
        _bowed(dice, dice.between(86, 91), ratio=dice.pick(0.5, 2.0), detune=-spread),
        _rosin(dice, dice.between(74, 81), ratio=dice.pick(1.0, 2.0)),
        _bowed(dice, dice.between(88, 92), ratio=1.0, detune=-dice.between(3, 6)),
        _rosin(dice, dice.between(78, 83)),
        feedback=dice.between(6, 7),
        vibrato=lfo(dice.between(28, 34), delay=dice.between(10, 40), pitch=dice.between(6, 12)),
    )


def violin(dice: Dice) -> Voice:
    """One player: a quicker bow, a body that colours the saw, a vibrato that waits."""
    attack = dice.between(47, 53)
    return patch(
        dice.pick(1, 2),
        _bowed(dice, 96, attack=attack),
        _rosin(dice, dice.between(76, 81), attack=attack),
        _bowed(dice, dice.between(82, 88), ratio=dice.pick(1.0, 2.0), attack=attack, detune=dice.between(-2, 2)),
        _rosin(dice, dice.between(72, 79), ratio=dice.pick(1.0, 3.0), attack=attack),
        _rosin(dice, dice.between(58, 68), ratio=dice.pick(1.0, 5.0), attack=attack),
        _rosin(dice, dice.between(56, 66), ratio=dice.pick(2.0, 7.0), attack=attack),
        feedback=dice.between(6, 7),
        vibrato=lfo(dice.between(31, 36), delay=dice.between(40, 65), pitch=dice.between(14, 22)),
    )


def cello(dice: Dice) -> Voice:
    """A low solo string: darker, broader, an octave of weight under it."""
    attack = dice.between(50, 56)
    return patch(
        3,
        _bowed(dice, 95, ratio=dice.pick(0.5, 1.0), attack=attack),
        _rosin(dice, dice.between(82, 86), ratio=1.0, attack=attack),
        _rosin(dice, dice.between(66, 74), ratio=dice.pick(2.0, 3.0)),
        _bowed(dice, dice.between(88, 93), attack=attack, detune=dice.between(-2, 2)),
        _rosin(dice, dice.between(81, 86), attack=attack),
        _rosin(dice, dice.between(68, 76), ratio=dice.pick(1.0, 4.0)),
        feedback=dice.between(5, 7),
        vibrato=lfo(dice.between(28, 33), delay=dice.between(45, 65), pitch=dice.between(10, 16)),
    )


def machine(dice: Dice) -> Voice:
    """A string machine: thin bright saws in octaves through a slow chorus."""
    spread = dice.between(5, 7)
    attack = dice.between(48, 56)
    return patch(
        22,
        _bowed(dice, 92, detune=spread, attack=attack),
        _rosin(dice, dice.between(78, 84), attack=attack),
        _bowed(dice, 90, detune=-spread, attack=attack),
        _bowed(dice, dice.between(84, 89), ratio=2.0, detune=dice.between(2, 6), attack=attack),
        _bowed(dice, dice.between(80, 86), ratio=dice.pick(1.0, 2.0), detune=-dice.between(1, 5), attack=attack),
        _rosin(dice, dice.between(78, 84), attack=attack),
        feedback=dice.between(6, 7),
        chorus=lfo(dice.between(24, 34), pitch=dice.between(5, 9)),
    )


ARCHETYPES = (
    Archetype(section, (
        "STRINGS LK", "SLOW STRNG", "VELVET STR", "STRINGS 12", "SECTION A", "SECTION B", "STR AUTUMN",
        "BOWED HALL", "STRINGS N", "STR VALLEY"
    )),
    Archetype(tutti, ("TUTTI STR", "ORCHESTR C", "FULL BOWS", "EPIC STRNG", "WIDE STR", "BIG ENSEMB")),
    Archetype(violin, ("VIOLIN SKY", "FIDDLE JIG", "VIOLIN OAK", "1ST VIOLIN", "VIOLA DUSK")),
    Archetype(cello, ("CELLO ROOM", "CELLO PINE", "CONTRABASE", "LOW BOWS")),
    Archetype(machine, (
        "STR MACH 1", "STR MACH 2", "SILVER STR", "TAPE STRNG", "OCTAVE STR", "STR MACH 3", "THIN STR"
    )),
)  # fmt: skip
