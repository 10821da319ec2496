"""Clicks: bursts of overtones that are over at once, where a note should go on quietly.

The second difference of a sound leaves little of its tones and much of its edges. Its level is taken over blocks of
1.5 ms, as long as the engine takes from one level to the next. A click is a block that stands out from all that is
heard up to 40 ms before and after it, but for the 4 ms next to it. So a beat, an echo or the noise of a key that goes
up and rings on is none, and neither is the attack.
"""

from __future__ import annotations

from math import log10

import numpy as np

from dx7.engine import Audio

BLOCK = 64  # samples
_NEXT, _REACH = 4, 28  # blocks: what is so near belongs to the click, what is so far tells nothing of it
_FROM = 69  # block: 0.1 s, before which everything is attack
_KEY_UP = 13  # blocks, 19 ms: where a click comes from letting the key go
_COVERED = 10 ** (-50 / 20)  # of the highest peak: an edge below goes unheard
_FAINT = 10 ** (-60 / 20)  # and so does one below this


def click_levels(audio: Audio, held: int, peak: float) -> tuple[float, float]:
    """How far, in dB, the loudest click stands out while the key is held, and when it goes up; 0 where there is none.

    ``audio`` is one note, 1.0 being full level, let go after ``held`` samples and at least 0.1 s longer.
    ``peak`` is its largest amplitude.
    """
    key_up = held // BLOCK
    first, last = _FROM - _REACH, key_up + _KEY_UP + _REACH
    part = audio[first * BLOCK : last * BLOCK + 2]
    slope = part[1:] - part[:-1]
    blocks = (slope[1:] - slope[:-1]).reshape(-1, BLOCK)
    floor = max(peak * _COVERED, _FAINT)
    energy = np.maximum(np.vecdot(blocks, blocks), np.float32(BLOCK * floor**2))
    # The highest of every 25 blocks in a row, in five steps instead of 25.
    highest = energy
    for step in (1, 2, 4, 8, _REACH - _NEXT - 15):
        highest = np.maximum(highest[:-step], highest[step:])
    inner = energy[_REACH:-_REACH]
    before, after = highest[: len(inner)], highest[_REACH + _NEXT : _REACH + _NEXT + len(inner)]
    standing_out = inner / np.maximum(before, after)
    parts = standing_out[: key_up - _FROM], standing_out[key_up - _FROM :]
    held_click, release_click = (10 * log10(max(float(part.max()), 1.0)) for part in parts)
    return held_click, release_click
