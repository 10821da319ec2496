"""The algorithm table against dexed-py's."""

from __future__ import annotations

import dexed
import pytest

from dx7.voices.algorithms import ALGORITHMS


@pytest.mark.parametrize("number", range(1, 33))
def test_an_algorithm_is_wired_like_dexeds(number: int) -> None:
    algorithm = ALGORITHMS[number]
    zero_based = number - 1
    assert [n + 1 for n in sorted(dexed.get_carriers(zero_based))] == list(algorithm.carriers)
    matrix = dexed.get_mod_matrix(zero_based)  # [target][source], feedback left out
    edges = {(s + 1, t + 1) for t in range(6) for s in range(6) if matrix[t][s]}
    assert edges == set(algorithm.edges)
    assert all(set(algorithm.modulators(n)) == {s for s, t in edges if t == n} for n in range(1, 7))
    source, target = dexed.get_feedback_edge(zero_based)
    assert (source + 1, target + 1) == algorithm.feedback


def test_every_operator_is_heard_or_modulates() -> None:
    for algorithm in ALGORITHMS.values():
        for operator in range(1, 7):
            assert (operator in algorithm.carriers) != bool(algorithm.targets(operator))
