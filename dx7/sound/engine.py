"""The sounding engine: renders of a voice by dexed-py, the engine of the Dexed plugin.

A render is deterministic: the same 145 parameters, note, velocity, durations and :data:`ENGINE_VERSION` give the
same samples bit for bit, in any process on one machine, so results may be cached under these.

dexed-py keeps its frequency and envelope tables per process for one sample rate, and refuses concurrent renders
at two. So there is one, :data:`SAMPLE_RATE`, and no way to ask for another. Renders overlap little in threads; bulk
work goes to processes (``dx7/sound/bulk.py``).
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
LONGEST_RENDER = 60.0  # seconds; a bound on memory, far above the needs of an audition

# One operator at full level peaks at 1.0 in dexed-py and six at 6.0; three quarters of all real voices pass 1.0.
# The Dexed plugin scales the same integers by an eighth of that, and so do we: the loudest possible note is 1.4.
_PLUGIN_LEVEL = np.float32(1 / 8)

PLAYBACK_LOUDNESS = -16.0  # LUFS of the loudest 0.4 s
PLAYBACK_PEAK = 0.89  # -1 dB, so that a player that resamples does not clip either
MOST_GAIN = 24.0  # dB
_RUMBLE = 20.0  # Hz; direct current and sub-bass are common even in factory brass
# The two filters of BS.1770, (numerator, denominator), its analogue prototypes brought to 44.1 kHz.
_K_WEIGHTING = (
    ((1.5308412300503478, -2.6509799951547297, 1.169079079921587), (1.0, -1.6636551132560204, 0.7125954280732254)),
    ((1.0, -2.0, 1.0), (1.0, -1.989169673629796, 0.9891990357870393)),
)

_MAXIMUM = MAXIMUM[:NAME_INDEX]
_ALL_OPERATORS_ON = b"\x3f"  # byte 155, which dexed-py asks for and ignores
_threads = threading.local()
_making = threading.Lock()


def render(
    voice: Voice, *, note: int = 60, velocity: int = 100, seconds_held: float = 1.0, seconds_total: float = 2.0
) -> Audio:
    """One note of a voice: ``float32[samples]`` at :data:`SAMPLE_RATE`, at the plugin's level.

    ``note`` is a MIDI note (60 is C3 on the panel), ``velocity`` 1 to 127; 100 is where velocity sensitivity changes
    nothing. The key is let go after ``seconds_held``. The loudest voices pass 1.0 with a single hard note: play
    :func:`to_playback_level` of it, not the render itself.

    Raises ``EngineError`` for a note, velocity or duration out of range.
    """
    audio = _render_full(voice.unpacked, note, velocity, seconds_held, seconds_total)
    audio *= _PLUGIN_LEVEL
    return audio


def render_operators(
    voice: Voice, *, note: int = 60, velocity: int = 100, seconds_held: float = 1.0, seconds_total: float = 2.0
) -> Audio:
    """What :func:`render` is mixed from, ``float32[7, samples]``: operators 1 to 6, each at most 1.0, then all."""
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
    """:func:`render` of ``uint8[155]`` or ``uint8[145]``, for bulk work that makes no ``Voice``.

    Raises ``ValueError`` for another shape or a value out of range, which the engine would read past its tables with.
    """
    audio = _render_full(_checked(unpacked), note, velocity, seconds_held, seconds_total)
    audio *= _PLUGIN_LEVEL
    return audio


def player_of(unpacked: Bytes) -> Callable[[int, int, float, float], Audio]:
    """What renders notes of one voice, ``(note, velocity, seconds_held, seconds_total)``, for measuring.

    Here one operator at full level peaks at 1.0, as dexed-py has it; otherwise it is as :func:`render_array`.
    """
    return partial(_render_full, _checked(unpacked))


def to_playback_level(audio: Audio, *, as_loud_as: Audio | None = None) -> Audio:
    """The sound at a level that is safe and even to listen to: ``float32[samples]``, same length.

    Direct current and rumble below 20 Hz are taken out, the loudest 0.4 s are brought to :data:`PLAYBACK_LOUDNESS`,
    and no sample passes :data:`PLAYBACK_PEAK`. Never amplified by more than :data:`MOST_GAIN`, so what is as good as
    silent stays so. With ``as_loud_as``, the gain is that which this other sound would get: so notes of one voice keep
    their loudness to each other. Raises ``EngineError`` if a sound is not finite.
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
    """Loudness of the loudest 0.4 s in dB, weighted as the ear hears (ITU-R BS.1770: LUFS of one channel).

    Silence gives -200. A sound shorter than 0.4 s counts as if silence followed.
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
    """This thread's synthesizer. Loading and rendering are two calls, so threads must not share one."""
    if not hasattr(_threads, "synth"):
        with _making:  # the first one makes the tables of the process
            _threads.synth = _synth_class()(SAMPLE_RATE, 0)
    return _threads.synth


def _synth_class() -> Any:
    """The bare synthesizer, which takes bytes as they are; ``dexed.Patch`` would take them apart first.

    Where JAX is installed, dexed-py imports it to register a class that nothing here uses: a second, and a trap for
    threads that meet JAX half imported. So it is not found meanwhile.
    """
    hides_jax = "jax" not in sys.modules
    if hides_jax:
        sys.modules["jax"] = None  # type: ignore[assignment]  # what makes an import fail
    try:
        from dexed._dexed import DexedSynth
    finally:
        if hides_jax:
            del sys.modules["jax"]
    return DexedSynth
