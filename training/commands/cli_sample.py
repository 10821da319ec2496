"""The command ``sample``: write a new cartridge."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dx7.commands.console import JsonOption, print_json, print_table, print_text
from dx7.shared.generation_limits import BOLDEST, PLAINEST, USUAL_TEMPERATURE
from dx7.voices.parameter_groups import GROUP_KEYS, USUALLY_LOCKED, locks
from dx7.voices.parameters import VOICES_IN_BANK
from training.commands.cli_options import ModelOption

if TYPE_CHECKING:
    from training.inference.selection import SampledCartridge

_GROUPS = ", ".join(GROUP_KEYS)


def register(app: typer.Typer) -> None:
    """Add the command to an application."""
    app.command()(sample)


def sample(
    category: Annotated[str, typer.Option(help="brass, brass+strings or brass:0.7,strings:0.3; empty for any.")] = "",
    count: Annotated[int, typer.Option(min=VOICES_IN_BANK, max=VOICES_IN_BANK, help="Voices in a cartridge.")] = 32,
    seed: Annotated[int, typer.Option(min=0, help="The same seed and model give the same bytes.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(
            help="File of the cartridge, with the sidecar next to it; the request gives the name if not set.",
            show_default=False,
        ),
    ] = None,
    model: ModelOption = None,
    like: Annotated[str | None, typer.Option(help="FILE:SLOT of a favourite to vary.")] = None,
    amount: Annotated[
        str, typer.Option(help="Distance from it: touch (0.1), variation (0.3), cousin (1), or a number up to 1.")
    ] = "variation",
    lock: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP", help=f"Parameter group that keeps the favourite's values: {_GROUPS}."),
    ] = None,
    unlock: Annotated[
        list[str] | None,
        typer.Option(metavar="GROUP", help=f"Parameter group that may vary: {', '.join(USUALLY_LOCKED)}."),
    ] = None,
    walk: Annotated[str | None, typer.Option(help="FILE:SLOT of a voice to walk from, in 32 even steps.")] = None,
    to: Annotated[str | None, typer.Option(help="FILE:SLOT of the voice to walk to.")] = None,
    temperature: Annotated[
        float,
        typer.Option(min=PLAINEST, max=BOLDEST, help="1 is usual; below 1 more typical voices, above 1 bolder ones."),
    ] = USUAL_TEMPERATURE,
    raw: Annotated[
        bool, typer.Option("--raw", help="Keep every voice as the model draws it, without analysis or selection.")
    ] = False,
    json: JsonOption = False,
) -> None:
    """Write a cartridge of 32 new voices: of one category, of a mix, around a favourite, or between two voices.

    Example: python -m training sample --category brass --seed 1 --out brass.syx

    Example: python -m training sample --like brass.syx:3 --amount 0.5 --lock algorithm --unlock detune

    Example: python -m training sample --walk brass.syx:3 --to bells.syx:7
    """
    from training.inference.cartridge_files import sidecar_facts, write_with_sidecar
    from training.inference.finished_model import find_model, read_model
    from training.inference.requests import (
        SampleRequest,
        default_file,
        name_of,
        parse_amount,
        parse_mix,
        read_favourite,
    )
    from training.inference.sampling import sample as sample_voices
    from training.inference.sampling import sample_raw
    from training.inference.walk import walk as walk_between

    mix = parse_mix(category)
    out = out or default_file(mix, varied=like is not None, walked=walk is not None)
    try:
        distance = parse_amount(amount)
    except ValueError as error:
        raise typer.BadParameter(str(error), param_hint="--amount") from None
    if bool(walk) != bool(to) or (walk and like):
        raise typer.BadParameter("a walk has two ends, --walk FILE:SLOT and --to FILE:SLOT, and no favourite (--like)")
    if raw and (walk or like):
        raise typer.BadParameter("--raw works with a category or a mix, not with --like or --walk")
    locked = locks(lock=lock or (), unlock=unlock or ())
    if not like and (lock or unlock):
        raise typer.BadParameter("--lock and --unlock need a favourite; set --like FILE:SLOT")
    request = SampleRequest(
        mix=mix,
        count=count,
        seed=seed,
        temperature=temperature,
        like=read_favourite(like) if like else None,
        like_name=name_of(like) if like else "",
        amount=distance,
        locked=tuple(locked),
        ends=(read_favourite(walk), read_favourite(to)) if walk and to else None,
        end_names=(name_of(walk), name_of(to)) if walk and to else ("", ""),
        raw=raw,
    )
    found = read_model(find_model(model))
    draw = sample_raw if raw else walk_between if request.ends else sample_voices
    cartridge = draw(found, request)
    facts = sidecar_facts(cartridge, found, request)
    sidecar = write_with_sidecar(out, cartridge, facts)
    if json:
        print_json(facts)
    else:
        _print_cartridge(cartridge)
        left_out = ", ".join(f"{count} {reason}" for reason, count in cartridge.left_out.items())
        print_text(f"{out} and {sidecar}: {count} of {cartridge.drawn} drawn voices; left out: {left_out or 'none'}")


def _print_cartridge(cartridge: SampledCartridge) -> None:
    print_table(
        [
            {
                "slot": number,
                "name": slot.voice.name,
                "algorithm": slot.voice["algorithm"] + 1,
                "differs at least": slot.distance,
                "faults": ", ".join(slot.faults),
            }
            for number, slot in enumerate(cartridge.slots, 1)
        ]
    )
