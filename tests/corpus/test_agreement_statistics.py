from __future__ import annotations

import random
from itertools import permutations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from corpus.labels.agreement_statistics import agreement_by_category, cohen_kappa, krippendorff_alpha, wilson

CATEGORIES = ("brass", "strings", "pad", "bell")


def noisy_pairs(seed: int, count: int, noise: float) -> list[tuple[str, str]]:
    draw = random.Random(seed)
    truth = [draw.choice(CATEGORIES[: 2 + seed % 3]) for _ in range(count)]
    return [
        tuple(draw.choice(CATEGORIES) if draw.random() < noise else true for _ in range(2))  # type: ignore[misc]
        for true in truth
    ]


@pytest.mark.parametrize("seed", range(12))
def test_kappa_is_what_another_implementation_says(seed: int) -> None:
    pairs = noisy_pairs(seed, 5 + 40 * seed, noise=0.1 * (seed % 8))
    expected = cohen_kappa_score([first for first, _ in pairs], [second for _, second in pairs])
    assert cohen_kappa(pairs).kappa == pytest.approx(expected, abs=1e-4)


def test_kappa_of_a_worked_example() -> None:
    """Two readers of 50 proposals, 20 both for, 15 both against, 5 and 10 apart."""
    pairs = [("yes", "yes")] * 20 + [("yes", "no")] * 5 + [("no", "yes")] * 10 + [("no", "no")] * 15
    kappa = cohen_kappa(pairs)
    assert (kappa.observed.rate, kappa.expected, kappa.kappa) == (0.7, 0.5, 0.4)
    assert kappa.low is not None
    assert kappa.high is not None
    assert kappa.low < 0.4 < kappa.high


def test_kappa_where_there_is_nothing_to_say() -> None:
    assert cohen_kappa([]).kappa is None
    always = cohen_kappa([("brass", "brass")] * 9)
    assert (always.kappa, always.observed.rate) == (None, 1.0)
    never = cohen_kappa([("brass", "bell")] * 9)
    assert (never.kappa, never.observed.rate) == (0.0, 0.0)


def test_few_pairs_in_full_agreement_are_no_certainty() -> None:
    kappa = cohen_kappa([("brass", "brass"), ("bell", "bell"), ("pad", "pad")])
    assert (kappa.kappa, kappa.high) == (1.0, 1.0)
    assert kappa.low is not None
    assert kappa.low < 0.3


def test_the_interval_of_a_rate_holds_the_truth_nineteen_times_in_twenty() -> None:
    draw = np.random.default_rng(3)
    for truth, count in ((0.95, 30), (0.8, 60), (0.5, 15)):
        intervals = [wilson(int(hits), count) for hits in draw.binomial(count, truth, 2_000)]
        held = sum(rate.low <= truth <= rate.high for rate in intervals)  # type: ignore[operator]
        assert held / 2_000 > 0.92


def test_the_interval_of_kappa_holds_the_truth() -> None:
    """Two people who name one of two categories, and each slips in one of ten: kappa is 0.64 then."""
    draw = random.Random(5)

    def said(true: str) -> str:
        return true if draw.random() < 0.9 else "bell" if true == "brass" else "brass"

    held = 0
    for _ in range(400):
        truth = [draw.choice(("brass", "bell")) for _ in range(60)]
        kappa = cohen_kappa([(said(true), said(true)) for true in truth])
        held += kappa.low <= 0.64 <= kappa.high  # type: ignore[operator]
    assert held / 400 > 0.92


def test_a_rate_of_more_than_all_is_refused() -> None:
    with pytest.raises(ValueError, match="7 hits of 5"):
        wilson(7, 5)


def alpha_by_hand(said: dict[str, list[str]]) -> float:
    """From the definition: how often two answers to one voice differ, beside any two answers at all."""
    units = [outcomes for outcomes in said.values() if len(outcomes) > 1]
    pooled = [outcome for unit in units for outcome in unit]
    observed = sum(sum(one != other for one, other in permutations(unit, 2)) / (len(unit) - 1) for unit in units) / len(
        pooled
    )
    expected = sum(one != other for one, other in permutations(pooled, 2)) / (len(pooled) * (len(pooled) - 1))
    return 1 - observed / expected


@pytest.mark.parametrize("seed", range(8))
def test_alpha_is_what_its_definition_says(seed: int) -> None:
    draw = random.Random(seed)
    said = {}
    for voice in range(30 + 5 * seed):
        true = draw.choice(CATEGORIES)
        people = draw.randrange(1, 5)
        said[str(voice)] = [draw.choice(CATEGORIES) if draw.random() < 0.08 * seed else true for _ in range(people)]
    alpha = krippendorff_alpha(said)
    assert alpha.alpha == pytest.approx(alpha_by_hand(said), abs=1e-4)
    assert alpha.voices == sum(len(outcomes) > 1 for outcomes in said.values())
    assert alpha.low is not None
    assert alpha.high is not None
    assert alpha.low <= alpha.alpha <= alpha.high  # type: ignore[operator]
    assert krippendorff_alpha(said) == alpha


def test_alpha_where_nobody_could_disagree() -> None:
    assert krippendorff_alpha({}).alpha is None
    assert krippendorff_alpha({"x": ["brass"]}).alpha is None
    assert krippendorff_alpha({"x": ["brass", "brass"], "y": ["brass", "brass"]}).alpha is None


def test_agreement_by_category_is_how_probably_another_says_the_same() -> None:
    pairs = [("pad", "pad")] * 3 + [("pad", "strings")] * 2 + [("strings", "pad")] + [("bell", "bell")]
    rows = {row.outcome: row for row in agreement_by_category(pairs)}
    assert list(rows) == ["pad", "strings", "bell"]
    said_pad = [first == second for first, second in pairs for side in (first, second) if side == "pad"]
    assert rows["pad"].agreement == pytest.approx(sum(said_pad) / len(said_pad), abs=1e-4)
    assert (rows["strings"].agreement, rows["strings"].both, rows["strings"].pairs) == (0.0, 0, 3)
    assert (rows["bell"].agreement, rows["bell"].high) == (1.0, 1.0)
    assert all(row.low <= row.agreement <= row.high for row in rows.values())
