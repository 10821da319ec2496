"""``python -m dx7``: inspect, convert, compare, play and send voice files."""

from __future__ import annotations

from dataclasses import asdict
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from dx7.commands import cli_midi, cli_sound
from dx7.commands.console import JsonOption, new_app, print_json, print_table, print_text
from dx7.errors import FormatError
from dx7.formats.bank_file import NOT_IN_ONE_PIECE, BankFile
from dx7.formats.files import encode_cartridge, read_bank, write_file
from dx7.formats.issues import IssueCode
from dx7.formats.messages import encode_voice_message
from dx7.formats.selection import read_voice, read_voices, split_slot
from dx7.voices import reference
from dx7.voices.parameters import NAME_INDEX, PARAMETER_NAMES, VOICES_IN_BANK
from dx7.voices.voice import INIT_VOICE, Voice

app = new_app("Inspect, convert, compare, play and send DX7 voice files.")
cli_sound.register(app)
cli_midi.register(app)

_DAMAGE = (IssueCode.OUT_OF_RANGE, IssueCode.HIGH_BIT, IssueCode.UNUSED_BITS)
_MOST_REJECTED = 10  # shown; damage makes hundreds of them


class Target(StrEnum):
    """The output format of ``convert``."""

    CARTRIDGE = "cartridge"  # 32 voices, 4,104 bytes
    VOICES = "voices"  # one 163-byte message per voice
    PACKED = "packed"  # n x 128 bytes, no header


@app.command()
def inspect(
    file: Annotated[str, typer.Argument(help="A file, or FILE:SLOT for one voice.")],
    slot: Annotated[int | None, typer.Option(help="Only this voice, counted from 1.")] = None,
    json: JsonOption = False,
) -> None:
    """Show the contents of a voice file and any problems in it.

    Example: python -m dx7 inspect rom1a.syx:11
    """
    path, named_slot = split_slot(file)
    slot = slot if slot is not None else named_slot
    if slot is not None:
        voice = read_voice(path, slot)
        found = [issue for issue in read_bank(path).voice_issues() if issue.slot == slot]
        if json:
            print_json(_voice_facts(slot, voice) | {"issues": [issue.as_dict() for issue in found]})
        else:
            print_text("\n".join([voice.describe(), *(f"  {issue.message}" for issue in found)]))
        return
    bank = read_bank(path)
    if json:
        print_json(_bank_facts(bank))
    else:
        _print_bank(bank)
    if bank.rejection:
        raise typer.Exit(1)


@app.command()
def convert(
    file: Annotated[str, typer.Argument(help="A file, or FILE:SLOT for one voice.")],
    out: Annotated[Path, typer.Argument(help="Where to write. Several cartridges become OUT-1, OUT-2, ...")],
    to: Annotated[Target, typer.Option(help="What to write.")] = Target.CARTRIDGE,
    slot: Annotated[int | None, typer.Option(help="Only this voice, counted from 1.")] = None,
    json: JsonOption = False,
) -> None:
    """Convert the voices of any readable file to a format that instruments accept; repair values out of range.

    Free slots of a cartridge are filled with INIT VOICE.

    Example: python -m dx7 convert old-headerless.dx7 mended.syx
    """
    path, named_slot = split_slot(file)
    slot = slot if slot is not None else named_slot
    if not out.name:
        raise typer.BadParameter(f"{out} is not a file name")
    voices = [read_voice(path, slot)] if slot is not None else read_voices(path).voices()
    if to is Target.CARTRIDGE:
        chunks = [voices[first : first + VOICES_IN_BANK] for first in range(0, len(voices), VOICES_IN_BANK)]
        paths = [out] if len(chunks) == 1 else [out.with_stem(f"{out.stem}-{n}") for n in range(1, len(chunks) + 1)]
        for target, chunk in zip(paths, chunks, strict=True):
            write_file(target, encode_cartridge(chunk + [INIT_VOICE] * (VOICES_IN_BANK - len(chunk))))
    else:
        encode = encode_voice_message if to is Target.VOICES else lambda voice: voice.packed
        write_file(out, b"".join(encode(voice) for voice in voices))
        paths = [out]
    if json:
        print_json({"voices": len(voices), "files": [str(path) for path in paths]})
    else:
        print_text(f"wrote {len(voices)} voices to {', '.join(map(str, paths))}")


@app.command("diff")
def diff_command(
    before: Annotated[str, typer.Argument(help="FILE, or FILE:SLOT.")],
    after: Annotated[str, typer.Argument(help="FILE, or FILE:SLOT.")],
    json: JsonOption = False,
) -> None:
    """Show the parameters that differ between two voices, or between all voices of two files.

    Example: python -m dx7 diff rom1a.syx:11 mine.syx:1
    """
    left, right = _selected(before), _selected(after)
    if len(left) != len(right):
        raise FormatError(f"{before} has {len(left)} voices and {after} has {len(right)}; name slots, FILE:SLOT")
    rows = [
        {"slot": slot, "parameter": change.parameter, "before": change.before, "after": change.after}
        for slot, (one, other) in enumerate(zip(left, right, strict=True), 1)
        for change in one.diff(other)
    ]
    if json:
        print_json(rows)
    elif rows:
        print_table(rows)
    else:
        print_text("no difference")


@app.command()
def parameters(
    markdown: Annotated[bool, typer.Option("--markdown", help="Print the reference page.")] = False,
    json: JsonOption = False,
) -> None:
    """List the 145 parameters of a voice.

    Example: python -m dx7 parameters --markdown
    """
    if json:
        print_json(reference.rows())
    elif markdown:
        print_text(reference.markdown().rstrip())
    else:
        columns = ("index", "name", "packed_byte", "bit_offset", "bit_width", "maximum", "kind", "default")
        print_table([{column: row[column] for column in columns} for row in reference.rows()])


def _selected(text: str) -> list[Voice]:
    path, slot = split_slot(text)
    return read_voices(path).voices() if slot is None else [read_voice(path, slot)]


def _voice_facts(slot: int, voice: Voice) -> dict[str, object]:
    values = dict(zip(PARAMETER_NAMES, voice.unpacked[:NAME_INDEX], strict=True))
    return {"slot": slot, "name": voice.name, "voice_id": voice.voice_id, "parameters": values}


def _bank_facts(bank: BankFile) -> dict[str, object]:
    inside = list(bank.voice_issues())
    return {
        "file": bank.name,
        "size": bank.size,
        "file_sha": bank.file_sha,
        "found_as": bank.found_as,
        "voices": bank.voice_count,
        "voices_out_of_range": len({issue.slot for issue in inside if issue.code in _DAMAGE}),
        "rejection": bank.rejection.as_dict() if bank.rejection else None,
        "rejected_voices": [asdict(rejected) for rejected in bank.rejected_voices],
        "supplements": [{"kind": s.kind, "offset": s.offset, "size": len(s.data)} for s in bank.supplements],
        "slots": [
            {"slot": slot, "name": voice.name, "voice_id": voice.voice_id, "algorithm": voice["algorithm"] + 1}
            for slot, voice in enumerate(bank.voices(), 1)
        ],
        "issues": [issue.as_dict() for issue in (*bank.issues, *inside)],
    }


def _print_bank(bank: BankFile) -> None:
    inside: dict[int | None, list[str]] = {}
    for issue in bank.voice_issues():
        inside.setdefault(issue.slot, []).append(issue.message)
    found = f", {bank.found_as}" if bank.found_as else ""
    print_text(
        f"{bank.name}: {bank.voice_count} voices{found}, {bank.size:,} bytes, {len(inside)} voices with oddities"
    )
    print_table(
        [
            {
                "slot": slot,
                "name": voice.name,
                "algorithm": voice["algorithm"] + 1,
                "feedback": voice["feedback"],
                "oddities": _summary(inside.get(slot, [])),
            }
            for slot, voice in enumerate(bank.voices(), 1)
        ]
    )
    for supplement in bank.supplements:
        print_text(f"beside them: {_where(supplement.offset)}: {len(supplement.data)} bytes, {supplement.kind}")
    _print_rejected(bank)
    for issue in bank.issues:
        where = f"offset {issue.offset}: " if issue.offset is not None else ""
        print_text(f"{issue.code}: {where}{issue.message}")


def _print_rejected(bank: BankFile) -> None:
    for rejected in bank.rejected_voices[:_MOST_REJECTED]:
        print_text(f"no voice: {_where(rejected.offset)}: {rejected.size} bytes, {rejected.reason}")
    more = len(bank.rejected_voices) - _MOST_REJECTED
    if more > 0:
        print_text(f"no voice: {more} more places; --json lists them all")


def _where(offset: int) -> str:
    return "not in one piece" if offset == NOT_IN_ONE_PIECE else f"offset {offset}"


def _summary(messages: list[str]) -> str:
    return messages[0] + (f" (and {len(messages) - 1} more)" if len(messages) > 1 else "") if messages else ""
