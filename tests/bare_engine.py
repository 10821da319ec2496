"""The baseline for descriptor extraction in ``make bench``: the engine alone, with the fewest imports."""

from __future__ import annotations

from dx7.sound.engine import SAMPLE_RATE
from dx7.voices.layout import Bytes

# Note, velocity, seconds held, total seconds: for every voice, for one that may drone, for a very soft one.
HEARD_NOTES = (
    ((60, 100, 1.0, 2.05), (36, 100, 0.6, 0.6), (84, 100, 0.6, 0.6), (60, 127, 0.25, 0.25)),
    ((60, 100, 1.0, 11.05),),
    ((36, 127, 4.0, 4.0), (60, 127, 4.0, 4.0), (84, 127, 4.0, 4.0)),
)


def render_bare(voices: Bytes) -> list[None]:
    """Render the notes that descriptors need. Two bytes of the name select the additional ones."""
    from dexed._dexed import DexedSynth

    synth = DexedSynth(SAMPLE_RATE, 0)
    for voice in voices:
        synth.load_sysex(voice.tobytes() + b"\x3f")
        for wanted, renders in zip((1, *voice[145:147]), HEARD_NOTES, strict=True):
            for render in renders if wanted else ():
                synth.render(*render)
    return [None] * len(voices)
