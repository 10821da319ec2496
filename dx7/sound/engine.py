"""The sound engine: renders voices with dexed-py, the engine of the Dexed plugin.

A render is deterministic: the same 145 parameters, note, velocity, durations and :data:`ENGINE_VERSION` give the
same samples bit for bit, in any process on one machine, so results may be cached by these.

dexed-py keeps frequency and envelope tables for one sample rate per process, so the only one is :data:`SAMPLE_RATE`.
Renders hardly run in parallel in threads; bulk work uses processes (``dx7/sound/bulk.py``).
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dx7.errors import EngineError
from dx7.voices.layout import MAXIMUM, Bytes
from dx7.voices.parameters import NAME_INDEX, UNPACKED_SIZE
from dx7.voices.voice import Voice

Audio = NDArray[np.float32]

SAMPLE_RATE = 44_100  # Hz
ENGINE_VERSION = f"dexed-py {version('dexed-py')}"
LONGEST_RENDER = 60.0  # seconds; it bounds memory

# In dexed-py one operator at full level peaks at 1.0, six at 6.0, and three quarters of real voices exceed 1.0.
# The Dexed plugin scales by an eighth of that, and so do we: the loudest possible note peaks at 1.4.
_PLUGIN_LEVEL = np.float32(1 / 8)

PLAYBACK_LOUDNESS = -16.0  # LUFS of the loudest 0.4 s
PLAYBACK_PEAK = 0.89  # -1 dB, so that a player that resamples does not clip
MOST_GAIN = 24.0  # dB
_RUMBLE = 20.0  # Hz; DC and sub-bass are common even in factory brass
# The two filters of BS.1770 as (numerator, denominator), for 44.1 kHz.
_K_WEIGHTING = (
    ((1.5308412300503478, -2.6509799951547297, 1.169079079921587), (1.0, -1.6636551132560204, 0.7125954280732254)),
    ((1.0, -2.0, 1.0), (1.0, -1.989169673629796, 0.9891990357870393)),
)

_MAXIMUM = MAXIMUM[:NAME_INDEX]
_ALL_OPERATORS_ON = b"\x3f"  # byte 155, which dexed-py requires and ignores
_threads = threading.local()
_making = threading.Lock()


def render(
    voice: Voice, *, note: int = 60, velocity: int = 100, seconds_held: float = 1.0, seconds_total: float = 2.0
) -> Audio:
    """Render one note: ``float32[samples]`` at :data:`SAMPLE_RATE`, at the plugin's level.

    ``note`` is a MIDI note (60 is C3 on the panel), ``velocity`` 1 to 127; at 100, velocity sensitivity changes
    nothing. The key is released after ``seconds_held``. The loudest voices exceed 1.0, so apply
    :func:`to_playback_level` before playing.

    Raises ``EngineError`` for a note, velocity or duration out of range.
    """
    audio = _render_full(voice.unpacked, note, velocity, seconds_held, seconds_total)
    audio *= _PLUGIN_LEVEL
    return audio


def render_operators(
    voice: Voice, *, note: int = 60, velocity: int = 100, seconds_held: float = 1.0, seconds_total: float = 2.0
) -> Audio:
    """Render operators 1 to 6 separately, each at most 1.0, and their mix: ``float32[7, samples]``."""
    _check_note(note, velocity, seconds_held, seconds_total)
    synth = _loaded(voice.unpacked)
    audio: Audio = synth.render_all_ops(note, velocity, seconds_held, seconds_total)
    return audio


def render_array(
    unpacked: Bytes,
    *,
    note: int = 60,
    velocity: int = 100,
    seconds_held: float = 1.0,
    seconds_total: float = 2.0,
) -> Audio:
    """Like :func:`render` for ``uint8[155]`` or ``uint8[145]``, without a ``Voice``.

    Raises ``ValueError`` for another shape or a value out of range: the engine would read beyond its tables.
    """
    audio = _render_full(_checked(unpacked), note, velocity, seconds_held, seconds_total)
    audio *= _PLUGIN_LEVEL
    return audio


def player_of(unpacked: Bytes) -> Callable[[int, int, float, float], Audio]:
    """Return a function ``(note, velocity, seconds_held, seconds_total)`` that renders notes of one voice.

    One operator at full level peaks at 1.0, the level of dexed-py; otherwise it is like :func:`render_array`.
    """
    return partial(_render_full, _checked(unpacked))


def to_playback_level(audio: Audio, *, as_loud_as: Audio | None = None) -> Audio:
    """Return the sound at a safe, even level for listening: ``float32[samples]``, same length.

    It removes frequencies below 20 Hz, brings the loudest 0.4 s to :data:`PLAYBACK_LOUDNESS`, limits the peak to
    :data:`PLAYBACK_PEAK`, and amplifies by at most :data:`MOST_GAIN`, so that near-silence stays quiet. ``as_loud_as``
    is another sound whose gain to use, so that notes of one voice keep their relative loudness. Raises ``EngineError``
    if a sound is not finite.
    """
    clean = _without_rumble(audio)
    if len(clean) == 0:
        return clean
    measured = clean if as_loud_as is None else _without_rumble(as_loud_as)
    gain = 10 ** (min(PLAYBACK_LOUDNESS - loudness(measured), MOST_GAIN) / 20)
    peak = float(np.abs(clean).max()) * gain
    scaled: Audio = (clean * (gain * min(1.0, PLAYBACK_PEAK / peak) if peak else gain)).astype(np.float32)
    return scaled


def loudness(audio: NDArray[Any]) -> float:
    """Return the K-weighted loudness of the loudest 0.4 s (ITU-R BS.1770: LUFS of one channel).

    Silence gives -200. A sound shorter than 0.4 s is padded with silence.
    """
    from scipy.signal import lfilter

    weighted = audio
    for numerator, denominator in _K_WEIGHTING:
        weighted = lfilter(numerator, denominator, weighted)
    window = round(0.4 * SAMPLE_RATE)
    energy = np.concatenate([[0.0], np.cumsum(np.square(weighted, dtype=np.float64))])
    ends = np.minimum(np.arange(0, len(energy), window // 16) + window, len(energy) - 1)
    loudest = (energy[ends] - energy[: len(energy) : window // 16]).max() / window
    return float(10 * np.log10(max(loudest, 1e-20))) - 0.691


def _without_rumble(audio: Audio) -> Audio:
    if not np.isfinite(audio).all():
        raise EngineError("the sound has samples that are not numbers; render it again")
    if len(audio) == 0:
        return audio.astype(np.float32)
    from scipy.signal import butter, sosfilt

    clean: Audio = sosfilt(butter(2, _RUMBLE, "highpass", fs=SAMPLE_RATE, output="sos"), audio)
    return clean


def _checked(unpacked: Bytes) -> bytes:
    if unpacked.dtype != np.uint8 or unpacked.shape not in ((UNPACKED_SIZE,), (NAME_INDEX,)):
        raise ValueError(f"expected uint8[{UNPACKED_SIZE}], got {unpacked.dtype}{list(unpacked.shape)}")
    if (unpacked[:NAME_INDEX] > _MAXIMUM).any():
        raise ValueError("cannot render values out of range; call repair() first")
    return unpacked.tobytes().ljust(UNPACKED_SIZE)


def _render_full(unpacked: bytes, note: int, velocity: int, seconds_held: float, seconds_total: float) -> Audio:
    _check_note(note, velocity, seconds_held, seconds_total)
    audio: Audio = _loaded(unpacked).render(note, velocity, seconds_held, seconds_total)
    return audio


def _check_note(note: int, velocity: int, seconds_held: float, seconds_total: float) -> None:
    if not 0 <= note <= 127:
        raise EngineError(f"note is {note}; MIDI notes run from 0 to 127")
    if not 1 <= velocity <= 127:
        raise EngineError(f"velocity is {velocity}; it must be 1 to 127")
    if not 0 < seconds_total <= LONGEST_RENDER:
        raise EngineError(f"a render of {seconds_total} s was asked for; it must last above 0, to {LONGEST_RENDER:g} s")
    if not 0 < seconds_held <= seconds_total:
        raise EngineError(
            f"the key is held for {seconds_held} s of {seconds_total} s; it must be above 0, to all of it"
        )


def _loaded(unpacked: bytes) -> Any:
    synth = _synth()
    synth.load_sysex(unpacked + _ALL_OPERATORS_ON)
    return synth


def _synth() -> Any:
    """Return the synthesizer of this thread. Loading and rendering are two calls, so threads must not share one."""
    if not hasattr(_threads, "synth"):
        with _making:  # the first one builds the tables of the process
            _threads.synth = _synth_class()(SAMPLE_RATE, 0)
    return _threads.synth


def _synth_class() -> Any:
    """Return the low-level synthesizer, which takes bytes unchanged; ``dexed.Patch`` would parse them first.

    If JAX is installed, dexed-py imports it to register a class that nothing here uses. That takes a second, and other
    threads may find JAX half imported. So JAX is hidden during the import.
    """
    hides_jax = "jax" not in sys.modules
    if hides_jax:
        sys.modules["jax"] = None  # type: ignore[assignment]  # makes the import fail
    try:
        from dexed._dexed import DexedSynth
    finally:
        if hides_jax:
            del sys.modules["jax"]
    return DexedSynth
