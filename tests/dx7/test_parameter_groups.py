from collections import Counter

import pytest

from dx7.errors import VoiceError
from dx7.voices.parameter_groups import GROUP_KEYS, GROUPS, USUALLY_LOCKED, locks, parameters_of
from dx7.voices.parameters import PARAMETER_COUNT, PARAMETERS


def test_every_parameter_is_in_exactly_one_group():
    counted = Counter(index for key in GROUP_KEYS for index in parameters_of([key]))
    assert counted == Counter(range(PARAMETER_COUNT))


def test_a_group_holds_what_its_name_says():
    names = {key: [PARAMETERS[index].name for index in parameters_of([key])] for key in GROUP_KEYS}
    assert names["pitch_eg"] == [
        *(f"pitch_eg_rate_{n}" for n in range(1, 5)),
        *(f"pitch_eg_level_{n}" for n in range(1, 5)),
    ]
    assert len(names["envelopes"]) == 6 * 8
    assert len(names["scaling"]) == 6 * 6
    assert names["detune"] == [f"op{operator}_detune" for operator in range(6, 0, -1)]
    assert len({group.title for group in GROUPS}) == len(GROUPS)


def test_the_usual_locks_can_be_opened_and_others_added():
    assert set(locks()) == set(USUALLY_LOCKED)
    assert locks(unlock=USUALLY_LOCKED) == ()
    assert set(locks(lock=["lfo", "detune"])) == {*USUALLY_LOCKED, "lfo"}


def test_unknown_and_contradictory_groups_are_refused():
    with pytest.raises(VoiceError, match="no parameter group 'attack'; choose from algorithm"):
        locks(lock=["attack"])
    with pytest.raises(VoiceError, match="'detune' is to be locked and unlocked"):
        locks(lock=["detune"], unlock=["detune"])
