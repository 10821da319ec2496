from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import Any

import pytest

from dx7.voices.algorithms import ALGORITHMS
from dx7.voices.voice import INIT_VOICE
from labeler.deck.diagram import diagram


@pytest.mark.parametrize("number", ALGORITHMS)
def test_every_algorithm_can_be_drawn(number: int) -> None:
    drawing: Mapping[str, Any] = diagram(INIT_VOICE.replace(algorithm=number - 1))
    boxes = {box["operator"]: box for box in drawing["boxes"]}
    assert drawing["number"] == number
    assert set(boxes) == {1, 2, 3, 4, 5, 6}
    places = [(box["column"], box["row"]) for box in boxes.values()]
    assert len(set(places)) == 6
    for row in range(4):  # boxes of one row do not overlap
        columns = sorted(column for column, box_row in places if box_row == row)
        assert all(right - left >= 1 for left, right in pairwise(columns))
    for box in boxes.values():
        assert box["carrier"] == (box["row"] == 0) == (box["operator"] in ALGORITHMS[number].carriers)
        assert box["silent"] == (box["operator"] != 1)  # INIT VOICE sounds with operator 1 alone
    for modulator, target in drawing["edges"]:
        assert boxes[modulator]["row"] > boxes[target]["row"]
