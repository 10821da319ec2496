"""Click detection: very short bursts of high harmonics within a note.

The second difference of a sound suppresses its tones and keeps its edges. Its energy is measured in blocks of 1.5 ms,
the interval at which the engine updates levels. A click is a block with more energy than all blocks up to 40 ms before
and after it, except those within 4 ms. This excludes beats, echoes, lasting noise at key up, and the attack.
"""

from __future__ import annotations

import numpy as np

from dx7.sound.engine import Audio
from dx7.voices.layout import Floats

BLOCK = 64  # samples
_NEXT, _REACH = 4, 28  # blocks: nearer ones belong to the click, farther ones are not compared
_FROM = 69  # block: 0.1 s; everything before is attack
_KEY_UP = 13  # blocks, 19 ms: a click in these is caused by key up
_COVERED = 10 ** (-50 / 20)  # of the highest peak: smaller edges are masked
_FAINT = 10 ** (-60 / 20)  # absolute: smaller edges are inaudible


def edge_energies(audio: Audio, held: int) -> Floats:
    """Return the energy of the second difference in each block for :func:`click_levels`: ``float32[blocks]``.

    ``audio`` is one note, held for ``held`` samples and at least 0.1 s longer.
    """
    part = audio[(_FROM - _REACH) * BLOCK : (held // BLOCK + _KEY_UP + _REACH) * BLOCK + 2]
    slope = part[1:] - part[:-1]
    blocks = (slope[1:] - slope[:-1]).reshape(-1, BLOCK)
    energies: Floats = np.vecdot(blocks, blocks)
    return energies


def click_levels(energies: Floats, held: int, peaks: Floats) -> tuple[Floats, Floats]:
    """Return the prominence in dB of the loudest click while the key is held, and at key up; 0 for none.

    ``energies``, ``float32[n, blocks]``, are from :func:`edge_energies`; ``peaks`` are amplitudes, 1.0 full level.
    """
    floors = np.maximum(peaks * _COVERED, _FAINT)
    energy = np.maximum(energies, np.float32(BLOCK) * np.square(floors, dtype=np.float32)[:, None])
    # The running maximum of 25 blocks, in five steps.
    highest = energy
    for step in (1, 2, 4, 8, _REACH - _NEXT - 15):
        highest = np.maximum(highest[:, :-step], highest[:, step:])
    inner = energy[:, _REACH:-_REACH]
    count = inner.shape[1]
    before, after = highest[:, :count], highest[:, _REACH + _NEXT : _REACH + _NEXT + count]
    prominence = inner / np.maximum(before, after)
    key_up = held // BLOCK - _FROM
    parts = prominence[:, :key_up].max(axis=1), prominence[:, key_up:].max(axis=1)
    held_clicks, release_clicks = (10 * np.log10(np.maximum(part, 1)) for part in parts)
    return held_clicks, release_clicks
