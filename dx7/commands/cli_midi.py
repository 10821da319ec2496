"""Commands of ``python -m dx7`` for an instrument: ports, send, panic, backup. They import MIDI when they run."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from dx7.commands.cli_sound import ChannelOption, FileArgument, SlotOption, chosen
from dx7.commands.console import JsonOption, print_json, print_text
from dx7.formats.files import write_file

PortOption = Annotated[str, typer.Option(help="Name of the MIDI port, or a unique part of it, or tcp:HOST:PORT.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module to an application."""
    for command in (ports, send, panic, backup):
        app.command()(command)


def ports(json: JsonOption = False) -> None:
    """List the MIDI outputs and inputs.

    Example: python -m dx7 ports --json
    """
    from dx7.hardware.ports import list_inputs, list_ports

    outputs, inputs = list_ports(), list_inputs()
    if json:
        print_json({"outputs": outputs, "inputs": inputs})
        return
    lines = [f"{kind}  {name}" for kind, names in (("out", outputs), ("in ", inputs)) for name in names]
    print_text("\n".join(lines) if lines else "there is no MIDI port; connect an interface")


def send(
    file: FileArgument,
    port: PortOption,
    slot: SlotOption = None,
    channel: ChannelOption = 1,
) -> None:
    """Load one voice into the edit buffer of a DX7. Its 32 memories do not change.

    The DX7 must be on the same channel, with SYS INFO AVAIL (FUNCTION 8) and MEM PROTECT INTERNAL off.

    Example: python -m dx7 send rom1a.syx:11 --port "USB MIDI"
    """
    from dx7.hardware.instrument import SETUP_HINT, Instrument
    from dx7.hardware.ports import open_port

    voices, _ = chosen(file, slot)
    if len(voices) > 1:
        raise typer.BadParameter(f"{file} holds {len(voices)} voices; name one, FILE:SLOT")
    opened = open_port(port)
    try:
        with Instrument(opened, channel=channel) as instrument:
            instrument.load(voices[0][1])
    finally:
        opened.close()
    print_text(f"sent {voices[0][1].name} to {opened.name}, channel {channel}. If nothing changed: {SETUP_HINT}.")


def panic(
    port: PortOption,
    channel: ChannelOption = 1,
    reset_notes: Annotated[
        bool, typer.Option("--reset-notes", help="Also switch to mono and back to poly, as a last resort.")
    ] = False,
) -> None:
    """End all notes of a DX7.

    Example: python -m dx7 panic --port "USB MIDI"
    """
    from dx7.hardware.instrument import Instrument
    from dx7.hardware.ports import open_port

    opened = open_port(port)
    try:
        Instrument(opened, channel=channel).panic(reset_notes=reset_notes)
    finally:
        opened.close()
    print_text(f"all notes off at {opened.name}, channel {channel}")


def backup(
    port: Annotated[str, typer.Option(help="Name of the MIDI input, or a unique part of it, or tcp:HOST:PORT.")],
    out: Annotated[Path, typer.Option(help="The .syx file to write.")],
    seconds: Annotated[float, typer.Option(min=1, help="How long to wait for it.")] = 120,
    force: Annotated[bool, typer.Option("--force", help="Overwrite an existing file.")] = False,
) -> None:
    """Receive the 32 memories of a DX7 and save them unchanged.

    Start the transfer on the DX7: press FUNCTION, 8, 8, 8, YES, with SYS INFO AVAIL.

    Example: python -m dx7 backup --port "USB MIDI" --out my-dx7.syx
    """
    from dx7.hardware.ports import open_input
    from dx7.hardware.receiving import BANK_STEPS, receive_bank

    if out.exists() and not force:
        raise typer.BadParameter(f"{out} exists already; name another file, or use --force")
    opened = open_input(port)
    try:
        print_text(f"waiting at {opened.name}: press {BANK_STEPS} on the DX7")
        bank = receive_bank(opened, seconds=seconds)
    finally:
        opened.close()
    write_file(out, bank)
    print_text(f"wrote {out}, 32 voices")
