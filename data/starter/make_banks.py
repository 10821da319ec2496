"""Make the starter banks: one bank of 32 voices for each category, from the recipes beside this script.

Run as ``python -m data.starter.make_banks`` from the root of the repository. It writes
``data/starter/banks/<category>.syx``; with ``--check`` it writes nothing and fails if a bank on disk is not what the
recipes make.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Annotated

import typer

from data.starter.sound import Archetype, Dice
from dx7.commands.console import new_app, print_text, run
from dx7.errors import FileError
from dx7.formats.files import encode_cartridge, write_cartridge
from dx7.shared.locations import STARTER_BANKS
from dx7.voices.voice import Voice

# One recipe file each; a category that a user adds has no starter voices.
CATEGORIES = tuple(sorted(path.stem for path in (Path(__file__).parent / "recipes").glob("[a-z]*.py")))

app = new_app("Make the starter banks from their recipes.")


def make_voices(category: str) -> list[Voice]:
    """The 32 voices of a category, in the order of its recipes.

    The dice of a voice are seeded with its archetype and its place there, so that a new archetype, or one more name
    at the end of an old one, leaves all other voices as they are.
    """
    archetypes: tuple[Archetype, ...] = import_module(f"data.starter.recipes.{category}").ARCHETYPES
    return [
        archetype.build(Dice(f"{category} {archetype.build.__name__} {number}")).replace(name=name)
        for archetype in archetypes
        for number, name in enumerate(archetype.names)
    ]


@app.command()
def make(
    out: Annotated[Path, typer.Option(help="The folder to write to.")] = STARTER_BANKS,
    check: Annotated[bool, typer.Option("--check", help="Write nothing; fail if a bank differs.")] = False,
) -> None:
    """Write one bank a category.

    Example: python -m data.starter.make_banks --check
    """
    for category in CATEGORIES:
        path, voices = out / f"{category}.syx", make_voices(category)
        if not check:
            write_cartridge(path, voices)
        elif not path.is_file() or path.read_bytes() != encode_cartridge(voices):
            raise FileError(f"{path} is not what the recipes make; run python -m data.starter.make_banks")
    print_text(f"{len(CATEGORIES)} banks in {out} {'are as the recipes make them' if check else 'written'}")


if __name__ == "__main__":
    run(app)
