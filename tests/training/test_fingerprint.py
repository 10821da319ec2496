import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from dx7.voices.identity import voice_id
from dx7.voices.parameters import PARAMETERS
from training.data.fingerprint import COPY_DISTANCE, GROUPS, find_nearest_training_voices, hash_groups, make_fingerprint

from .conftest import random_voices, voices_by_rule

known, _ = voices_by_rule(200, seed=4)
fingerprint = make_fingerprint(known, tuple(voice_id(voice.tobytes()) for voice in known))


@given(st.integers(0, 199), st.sets(st.integers(0, 144), max_size=COPY_DISTANCE))
@settings(max_examples=200)
def test_no_near_copy_passes_for_new(row, changed):
    copy = known[row : row + 1].copy()
    for index in changed:
        copy[0, index] = (copy[0, index] + 1) % (PARAMETERS[index].maximum + 1)
    nearest = find_nearest_training_voices(copy, fingerprint)
    assert nearest.distance[0] <= len(changed)
    assert nearest.voice_ids[0] in {voice_id(voice.tobytes()) for voice in known}


def test_the_bound_never_exceeds_the_true_distance():
    asked = np.concatenate([random_voices(50), voices_by_rule(50, seed=9)[0]])
    true = np.array([(known != voice).sum(1).min() for voice in asked])
    assert (find_nearest_training_voices(asked, fingerprint).distance <= true).all()


def test_strangers_are_told_from_copies():
    assert find_nearest_training_voices(random_voices(300), fingerprint).distance.min() > COPY_DISTANCE
    exact = find_nearest_training_voices(known, fingerprint)
    assert (exact.distance == 0).all()


def test_the_sketch_keeps_a_byte_for_five_parameters():
    assert hash_groups(known).shape == (200, GROUPS)
    assert hash_groups(known).dtype == np.uint8
    assert fingerprint.hashes.nbytes * 5 == known.nbytes
    assert len(np.unique(hash_groups(random_voices(5000))[:, 0])) == 256
