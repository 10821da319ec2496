"""The search for near relatives against comparing everybody with everybody."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

import corpus.analysis.relatives
from corpus.analysis.families import DisjointGroups
from corpus.analysis.relatives import (
    MOST_DIFFERING,
    MOST_DISTANCE,
    audible_parameters,
    count_differing,
    find_relatives,
    has_sound,
    sound_points,
)
from dx7.analysis.descriptors import DESCRIPTOR_NAMES
from dx7.voices.layout import INIT_UNPACKED, MAXIMUM, Bytes, Floats
from dx7.voices.parameters import PARAMETER_COUNT
from dx7.voices.voice import INIT_VOICE

Found = set[tuple[int, int, int, float]]
WIDTH = len(DESCRIPTOR_NAMES)


def planted(count: int, seed: int, *, defaults: float = 0.8) -> tuple[Bytes, Floats]:
    """Voices most of whose values are INIT VOICE's, and sounds: a third are copies with a few values changed."""
    rng = np.random.default_rng(seed)
    drawn = rng.integers(0, MAXIMUM[:PARAMETER_COUNT].astype(np.int64) + 1, (count, PARAMETER_COUNT))
    voices = np.where(rng.random(drawn.shape) < defaults, INIT_UNPACKED[:PARAMETER_COUNT], drawn)
    sounds = rng.normal(-20, 12, (count, WIDTH))
    for copy in range(count - count // 3, count):
        original = rng.integers(0, copy)
        changed = rng.choice(PARAMETER_COUNT, rng.integers(0, 2 * MOST_DIFFERING), replace=False)
        voices[copy] = np.where(np.isin(np.arange(PARAMETER_COUNT), changed), drawn[copy], voices[original])
        sounds[copy] = sounds[original] + rng.normal(0, rng.uniform(0, 3), WIDTH)
    sounds[:, DESCRIPTOR_NAMES.index("attack_seconds")] = rng.uniform(0, 1, count)
    return audible_parameters(voices.astype(np.uint8)), sound_points(sounds.astype(np.float32))


def by_brute_force(masked: Bytes, points: Floats, is_new: np.ndarray) -> Found:
    found: Found = set()
    for row in range(len(masked)):
        distance = np.sqrt(np.square(points[row] - points[:row], dtype=np.float64).sum(axis=1)).astype(np.float32)
        count = count_differing(np.broadcast_to(masked[row], (row, PARAMETER_COUNT)), masked[:row])
        near = (distance <= MOST_DISTANCE) & (count <= MOST_DIFFERING) & (is_new[row] | is_new[:row])
        found |= {(int(other), row, int(count[other]), float(distance[other])) for other in np.flatnonzero(near)}
    return found


def by_search(masked: Bytes, points: Floats, is_new: np.ndarray) -> Found:
    found = [
        (min(one, other), max(one, other), int(count), float(distance))
        for pairs in find_relatives(masked, points, is_new=is_new)
        for one, other, count, distance in zip(
            pairs.first.tolist(), pairs.second.tolist(), pairs.differing, pairs.distance, strict=True
        )
    ]
    assert len(found) == len(set(found))
    return set(found)


@pytest.mark.parametrize("defaults", [0.5, 0.97])
def test_the_search_finds_what_brute_force_finds(defaults: float) -> None:
    masked, points = planted(2_000, 1, defaults=defaults)
    everyone = np.ones(len(masked), np.bool_)
    expected = by_brute_force(masked, points, everyone)
    assert len(expected) > 100
    assert by_search(masked, points, everyone) == expected


@given(st.integers(0, 2**32 - 1), st.floats(0, 1), st.integers(1, 40))
@settings(max_examples=20, deadline=None)
def test_new_voices_are_compared_with_all(seed: int, share: float, at_once: int) -> None:
    masked, points = planted(120, seed)
    is_new = np.random.default_rng(seed).random(len(masked)) < share
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(corpus.analysis.relatives, "_AT_ONCE", at_once)  # many small batches
        assert by_search(masked, points, is_new) == by_brute_force(masked, points, is_new)


def test_a_crowd_of_copies_takes_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    masked, points = planted(40, 2)
    masked, points = np.repeat(masked[:1], 700, axis=0), np.repeat(points[:1], 700, axis=0)
    monkeypatch.setattr(corpus.analysis.relatives, "_AT_ONCE", 5_000)
    sizes = [len(pairs.first) for pairs in find_relatives(masked, points, is_new=np.ones(700, np.bool_))]
    assert sum(sizes) == 700 * 699 // 2
    assert max(sizes) <= 6_000


def test_pairs_that_are_known_are_left_out() -> None:
    masked, points = planted(40, 2)
    masked, points = np.repeat(masked[:1], 30, axis=0), np.repeat(points[:1], 30, axis=0)
    groups = DisjointGroups([str(n // 15) for n in range(30)]).groups
    found = list(
        find_relatives(masked, points, is_new=np.ones(30, np.bool_), unmerged=lambda a, b: groups[a] != groups[b])
    )
    assert sum(len(pairs.first) for pairs in found) == 15 * 15


def test_an_operator_that_somebody_turned_down_counts_once() -> None:
    lively = INIT_VOICE.replace(
        **{f"op2_{name}": 3 for name in ("eg_rate_1", "eg_level_2", "frequency_coarse", "left_depth", "rate_scaling")},
        op2_output_level=80,
    )
    silent = lively.replace(op2_output_level=0)
    other = lively.replace(op2_output_level=70, lfo_speed=3, feedback=4, transpose=12)

    def between(one: Bytes, two: Bytes) -> int:
        first, second = audible_parameters(np.stack([one, two])[:, :PARAMETER_COUNT])
        return int(count_differing(first[None], second[None])[0])

    assert between(lively.array, silent.array) == between(silent.array, lively.array) == 1
    assert between(lively.array, other.array) == 2  # no feedback without operator 6, no LFO without depth
    assert between(lively.array, lively.array) == 0


def test_distances_are_the_root_mean_square_of_decibels() -> None:
    sounds = np.full((2, WIDTH), -10, np.float32)
    sounds[:, [DESCRIPTOR_NAMES.index(name) for name in ("attack_seconds", "attack_centroid_hz")]] = 0, 100
    points = sound_points(sounds)
    sounds[1, DESCRIPTOR_NAMES.index("middle_rms_db")] += 13
    moved = sound_points(sounds)
    distance = float(np.sqrt(np.square(moved[1] - points[1]).sum()))
    assert distance == pytest.approx(13 / np.sqrt(points.shape[1]), rel=1e-5)


def test_a_voice_is_silent_up_to_60_dB_below_full_scale() -> None:  # noqa: N802 - the unit
    sounds = np.full((4, WIDTH), -10, np.float32)
    sounds[:3, DESCRIPTOR_NAMES.index("loudest_db")] = -70, -60, -59.9
    assert has_sound(sounds).tolist() == [False, False, True, True]


def point_at(distance: float, *, width: int = 40) -> Floats:
    """Three points in a row of ``width`` dimensions: 0, ``distance``, and far away, along one axis."""
    points = np.zeros((3, width), np.float32)
    points[1:, 0] = distance, 100.0
    return points


@pytest.mark.parametrize(("distance", "found"), [(0.0, 1), (1.4, 1), (1.5, 1), (1.501, 0), (1.8, 0), (3.0, 0)])
def test_relatives_are_at_most_1_5_dB_apart(distance: float, found: int) -> None:  # noqa: N802 - the unit
    masked = np.repeat(audible_parameters(INIT_VOICE.array[None, :PARAMETER_COUNT]), 3, axis=0)
    pairs = list(find_relatives(masked, point_at(distance), is_new=np.ones(3, np.bool_)))
    assert [(p.first.tolist(), p.second.tolist()) for p in pairs] == [([0], [1])] * found
    assert all(p.distance.tolist() == pytest.approx([distance]) for p in pairs)


def test_no_pair_is_lost_where_the_search_sees_the_whole_distance() -> None:
    """Points that differ along as many axes as the tree has: a smaller radius would lose pairs just below the bound."""
    rng = np.random.default_rng(5)
    points = np.zeros((600, 40), np.float32)
    points[:300, :8] = rng.normal(0, 30, (300, 8))
    directions = rng.normal(0, 1, (300, 8))
    points[300:, :8] = points[:300, :8] + 1.499 * directions / np.linalg.norm(directions, axis=1, keepdims=True)
    masked = np.repeat(audible_parameters(INIT_VOICE.array[None, :PARAMETER_COUNT]), 600, axis=0)
    found = {
        (int(first), int(second))
        for pairs in find_relatives(masked, points, is_new=np.ones(600, np.bool_))
        for first, second in zip(pairs.first, pairs.second, strict=True)
    }
    assert {(row, row + 300) for row in range(300)} <= found


@pytest.mark.parametrize(("differing", "found"), [(15, 1), (16, 1), (17, 0)])
def test_relatives_differ_in_at_most_16_parameters(differing: int, found: int) -> None:
    masked = np.full((3, PARAMETER_COUNT), 9, np.uint8)
    masked[1, :differing] = 8
    pairs = list(find_relatives(masked, point_at(0.5), is_new=np.array([False, True, False])))
    assert [p.differing.tolist() for p in pairs] == [[differing]] * found


def test_levels_are_cut_off_where_they_are_inaudible() -> None:
    sounds = np.full((2, WIDTH), -10, np.float32)
    sounds[:, DESCRIPTOR_NAMES.index("attack_seconds")] = 0.1

    def moved(name: str, first: float, second: float) -> float:
        changed = sounds.copy()
        changed[:, DESCRIPTOR_NAMES.index(name)] = first, second
        points = sound_points(changed)
        return float(np.linalg.norm(points[1] - points[0]) * np.sqrt(points.shape[1]))

    assert moved("hard_db", -60, -90) == 0
    assert moved("hard_db", -55, -90) == pytest.approx(5, rel=1e-4)
    assert moved("release_db", -50, -90) == 0
    assert moved("release_db", 15, 60) == pytest.approx(5, rel=1e-4)
    assert moved("attack_seconds", 0.01, 0.03) == pytest.approx(6, rel=1e-4)  # twice the time, with 10 ms added
    assert moved("attack_centroid_hz", 100, 200) == pytest.approx(6, rel=1e-4)
    assert moved("attack_centroid_hz", 10, 40) == 0
    assert moved("loudest_db", -10, -30) == 0  # not a level of its own


@given(st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=60), st.integers(1, 5))
def test_groups_merge_like_connected_components(pairs: list[tuple[int, int]], pieces: int) -> None:
    groups = DisjointGroups([f"{n:02}" for n in range(30)])
    edges = np.array(pairs, np.intp).reshape(-1, 2)
    joined = [groups.merge(piece[:, 0], piece[:, 1]) for piece in np.array_split(edges, pieces)]
    graph = coo_array((np.ones(len(edges)), (edges[:, 0], edges[:, 1])), shape=(30, 30))
    count, labels = connected_components(graph, directed=False)
    assert [labels.tolist().index(label) for label in labels] == groups.first_rows().tolist()
    assert sum(part.sum() for part in joined) == 30 - count
