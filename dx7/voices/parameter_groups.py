"""The parameters in groups that a player thinks in: what can be locked while a voice is varied.

Every parameter is in exactly one group. A group names parameters without their operator: one of all six counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dx7.errors import VoiceError
from dx7.voices.parameters import GLOBAL_PARAMETER_NAMES, OPERATOR_PARAMETER_NAMES, PARAMETERS


@dataclass(frozen=True, slots=True)
class ParameterGroup:
    """A group: its key, what a page calls it, and the names of its parameters without the operator."""

    key: str
    title: str
    names: tuple[str, ...]


def _beginning(*beginnings: str) -> tuple[str, ...]:
    names = OPERATOR_PARAMETER_NAMES + GLOBAL_PARAMETER_NAMES
    return tuple(name for name in names if name.startswith(beginnings))


GROUPS: tuple[ParameterGroup, ...] = (
    ParameterGroup("algorithm", "Algorithm", ("algorithm",)),
    ParameterGroup("feedback", "Feedback", ("feedback",)),
    ParameterGroup("frequencies", "Frequencies", ("frequency_coarse", "frequency_fine")),
    ParameterGroup("fixed_mode", "Fixed/ratio", ("frequency_mode",)),
    ParameterGroup("detune", "Detune", ("detune",)),
    ParameterGroup("levels", "Levels", ("output_level",)),
    ParameterGroup("envelopes", "Envelopes", _beginning("eg_")),
    ParameterGroup("velocity", "Velocity", ("velocity_sensitivity",)),
    ParameterGroup("scaling", "Scaling", _beginning("break_point", "left_", "right_", "rate_scaling")),
    ParameterGroup("lfo", "LFO", _beginning("lfo_", "amplitude_modulation_", "pitch_modulation_")),
    ParameterGroup("pitch_eg", "Pitch envelope", _beginning("pitch_eg_")),
    ParameterGroup("sync", "Sync", ("oscillator_sync",)),
    ParameterGroup("transpose", "Transpose", ("transpose",)),
)
GROUP_KEYS: tuple[str, ...] = tuple(group.key for group in GROUPS)
# A variation in tune and with the favourite's own pitch: what is hardly ever wanted otherwise.
USUALLY_LOCKED = ("pitch_eg", "fixed_mode", "detune")


def parameters_of(keys: Iterable[str]) -> tuple[int, ...]:
    """Where the parameters of some groups stand among the 145, in table order.

    >>> parameters_of(["algorithm", "feedback"])
    (134, 135)

    Raises ``VoiceError`` that lists the groups if one is not known.
    """
    wanted = set(keys)
    for key in sorted(wanted - set(GROUP_KEYS)):
        raise VoiceError(f"there is no parameter group {key!r}; choose from {', '.join(GROUP_KEYS)}")
    names = {name for group in GROUPS if group.key in wanted for name in group.names}
    return tuple(row.index for row in PARAMETERS if _bare(row.name, row.operator) in names)


def locks(*, lock: Iterable[str] = (), unlock: Iterable[str] = ()) -> tuple[str, ...]:
    """The groups that are locked: the usual ones, with some more and without some, in the order of the table.

    >>> locks(lock=["algorithm"], unlock=["detune"])
    ('algorithm', 'fixed_mode', 'pitch_eg')

    Raises ``VoiceError`` for an unknown group, or one that is to be both.
    """
    more, fewer = set(lock), set(unlock)
    parameters_of(more | fewer)
    for key in sorted(more & fewer):
        raise VoiceError(f"the group {key!r} is to be locked and unlocked at once; choose one")
    return tuple(key for key in GROUP_KEYS if key in more or (key in USUALLY_LOCKED and key not in fewer))


def _bare(name: str, operator: int | None) -> str:
    return name if operator is None else name.partition("_")[2]
