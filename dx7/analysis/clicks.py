"""Clicks: bursts of overtones that are over at once, where a note should go on quietly.

The second difference of a sound leaves little of its tones and much of its edges. Its level is taken over blocks of
1.5 ms, as long as the engine takes from one level to the next. A click is a block that stands out from all that is
heard up to 40 ms before and after it, but for the 4 ms next to it. So a beat, an echo or the noise of a key that goes
up and rings on is none, and neither is the attack.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dx7.sound.engine import Audio

Floats = NDArray[np.float32]

BLOCK = 64  # samples
_NEXT, _REACH = 4, 28  # blocks: what is so near belongs to the click, what is so far tells nothing of it
_FROM = 69  # block: 0.1 s, before which everything is attack
_KEY_UP = 13  # blocks, 19 ms: where a click comes from letting the key go
_COVERED = 10 ** (-50 / 20)  # of the highest peak: an edge below goes unheard
_FAINT = 10 ** (-60 / 20)  # and so does one below this


def edge_energies(audio: Audio, held: int) -> Floats:
    """The energy of the edges in every block that :func:`click_levels` looks at: ``float32[blocks]``.

    ``audio`` is one note, let go after ``held`` samples and at least 0.1 s longer.
    """
    part = audio[(_FROM - _REACH) * BLOCK : (held // BLOCK + _KEY_UP + _REACH) * BLOCK + 2]
    slope = part[1:] - part[:-1]
    blocks = (slope[1:] - slope[:-1]).reshape(-1, BLOCK)
    energies: Floats = np.vecdot(blocks, blocks)
    return energies


def click_levels(energies: Floats, held: int, peaks: Floats) -> tuple[Floats, Floats]:
    """How far, in dB, the loudest click stands out while the key is held, and when it goes up; 0 where there is none.

    Of each sound, 1.0 being full level: its :func:`edge_energies`, ``float32[n, blocks]``, and its largest amplitude.
    """
    floors = np.maximum(peaks * _COVERED, _FAINT)
    energy = np.maximum(energies, np.float32(BLOCK) * np.square(floors, dtype=np.float32)[:, None])
    # The highest of every 25 blocks in a row, in five steps instead of 25.
    highest = energy
    for step in (1, 2, 4, 8, _REACH - _NEXT - 15):
        highest = np.maximum(highest[:, :-step], highest[:, step:])
    inner = energy[:, _REACH:-_REACH]
    count = inner.shape[1]
    before, after = highest[:, :count], highest[:, _REACH + _NEXT : _REACH + _NEXT + count]
    standing_out = inner / np.maximum(before, after)
    key_up = held // BLOCK - _FROM
    parts = standing_out[:, :key_up].max(axis=1), standing_out[:, key_up:].max(axis=1)
    held_clicks, release_clicks = (10 * np.log10(np.maximum(part, 1)) for part in parts)
    return held_clicks, release_clicks
