"""Commands of ``python -m dx7`` that make sound: render, audition.

They import the engine, scipy and MIDI when they run, so that other commands start quickly.
"""

from __future__ import annotations

import re
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from dx7.commands.console import JsonOption, print_json, print_text, progress
from dx7.errors import FileError
from dx7.formats.selection import read_voice, read_voices, split_slot

if TYPE_CHECKING:
    from dx7.sound.engine import Audio
    from dx7.sound.phrases import Phrase
    from dx7.voices.voice import Voice

FileArgument = Annotated[str, typer.Argument(help="A file, or FILE:SLOT for one voice.")]
SlotOption = Annotated[int | None, typer.Option(help="Only this voice, counted from 1.")]
ChannelOption = Annotated[int, typer.Option(min=1, max=16, help="The DX7's receive channel.")]

_NOT_IN_FILE_NAMES = re.compile(r"[^A-Za-z0-9.+-]+")
_PAUSE = 0.3  # seconds between voices
_MOST_IN_ONE_WAV = 128  # about ten minutes


def register(app: typer.Typer) -> None:
    """Add the commands of this module to an application."""
    app.command("render")(render_command)
    app.command()(audition)


def render_command(
    file: FileArgument,
    out: Annotated[Path, typer.Option(help="A WAV file; for all voices of a file, a folder.")],
    slot: SlotOption = None,
    note: Annotated[int, typer.Option(min=0, max=127, help="MIDI note; 60 is C3.")] = 60,
    velocity: Annotated[int, typer.Option(min=1, max=127, help="Key velocity.")] = 100,
    held: Annotated[float, typer.Option(help="Seconds the key is held.")] = 1.0,
    total: Annotated[float, typer.Option(help="Total seconds.")] = 2.0,
    phrase: Annotated[str | None, typer.Option(help="Play this category's phrase instead of one note.")] = None,
    json: JsonOption = False,
) -> None:
    """Render voices at listening level: one voice to a WAV file, all voices of a file to a folder.

    Example: python -m dx7 render rom1a.syx:11 --out epiano.wav --phrase epiano
    """
    from dx7.sound import engine
    from dx7.sound.phrases import phrase_of, render_phrase
    from dx7.sound.wav import write_wav

    notes = phrase_of(phrase) if phrase else None

    def sound(voice: Voice) -> Audio:
        if notes:
            return engine.to_playback_level(render_phrase(voice, notes))
        audio = engine.render(voice, note=note, velocity=velocity, seconds_held=held, seconds_total=total)
        return engine.to_playback_level(audio)

    voices, is_one = chosen(file, slot)
    if is_one:
        write_wav(out, sound(voices[0][1]))
        print_json([str(out)]) if json else print_text(f"wrote {out}")
        return
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {out}: {error.strerror}; name one voice, or another place") from error
    written = [out / f"{number:03d}-{_NOT_IN_FILE_NAMES.sub('_', voice.name)}.wav" for number, voice in voices]
    with progress() as bar:
        for target, (_, voice) in bar.track(list(zip(written, voices, strict=True)), description="rendering"):
            write_wav(target, sound(voice))
    print_json([str(target) for target in written]) if json else print_text(f"wrote {len(written)} files to {out}")


def audition(
    file: FileArgument,
    slot: SlotOption = None,
    port: Annotated[str | None, typer.Option(help="Play on the DX7 at this MIDI port, not on the engine.")] = None,
    channel: ChannelOption = 1,
    category: Annotated[str | None, typer.Option(help="Play this category's phrase.")] = None,
    out: Annotated[Path | None, typer.Option(help="Write a WAV file instead of playing.")] = None,
) -> None:
    """Play voices one after another on a DX7 or the built-in engine.

    Without an audio player, it writes a WAV file and prints its path.

    Example: python -m dx7 audition rom1a.syx --slot 11 --category epiano
    """
    from dx7.sound.phrases import phrase_of

    voices, _ = chosen(file, slot)
    phrase = phrase_of(category)
    if port and out:
        raise typer.BadParameter("a DX7 cannot be recorded; give --port or --out, not both")
    if port:
        from dx7.hardware.instrument import Instrument
        from dx7.hardware.ports import open_port

        opened = open_port(port)
        try:
            with Instrument(opened, channel=channel) as instrument:
                for number, voice in voices:
                    print_text(f"{number:3d}  {voice.name}")
                    instrument.load(voice)
                    instrument.play(phrase)
        finally:
            opened.close()
        return

    from dx7.sound.player import find_player

    player = find_player()
    if player and not out:
        _play_in_turn(voices, phrase, player)
        return
    target = out or Path(mkdtemp(prefix="cartwright-")) / "audition.wav"
    _write_in_turn(voices, phrase, target)
    print_text(f"wrote {target}" if out else f"no audio player found; listen to {target}")


def _play_in_turn(voices: list[tuple[int, Voice]], phrase: Phrase, player: tuple[str, ...]) -> None:
    from dx7.sound.engine import to_playback_level
    from dx7.sound.phrases import render_phrase
    from dx7.sound.player import play_wav
    from dx7.sound.wav import write_wav

    with TemporaryDirectory(prefix="cartwright-") as folder:
        for number, voice in voices:
            print_text(f"{number:3d}  {voice.name}")
            wav = Path(folder) / "audition.wav"
            write_wav(wav, to_playback_level(render_phrase(voice, phrase)))
            play_wav(wav, player)


def _write_in_turn(voices: list[tuple[int, Voice]], phrase: Phrase, target: Path) -> None:
    from dx7.sound.engine import SAMPLE_RATE, to_playback_level
    from dx7.sound.phrases import render_phrase
    from dx7.sound.wav import write_wav

    if len(voices) > _MOST_IN_ONE_WAV:
        raise FileError(f"{len(voices)} voices are too many for one WAV file; name one, or render them to a folder")
    pause = np.zeros(round(_PAUSE * SAMPLE_RATE), np.float32)
    with progress() as bar:
        sounds = [
            np.concatenate([to_playback_level(render_phrase(voice, phrase)), pause])
            for _, voice in bar.track(voices, description="rendering")
        ]
    write_wav(target, np.concatenate(sounds))


def chosen(text: str, slot: int | None) -> tuple[list[tuple[int, Voice]], bool]:
    """Return the selected voices with their slots, and whether a single voice was selected."""
    path, named_slot = split_slot(text)
    slot = slot if slot is not None else named_slot
    if slot is not None:
        return [(slot, read_voice(path, slot))], True
    return list(enumerate(read_voices(path).voices(), 1)), False
