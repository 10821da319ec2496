"""What all commands share: how they answer, fail and show progress.

Exit codes: 0 done; 1 a known failure, told in one sentence; 2 wrong usage (Typer's own).
"""

from __future__ import annotations

import io
import json
import os
import re
import signal
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from dx7.errors import CartwrightError

_PIPED_WIDTH = 200  # columns of a table that goes to a file or program, where wrapped cells would only be in the way
# Characters that a terminal obeys instead of showing, and halves of characters that no file can hold: a stranger's file
# name may have them. Line ends and tabs are our own.
_OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def new_app(help_text: str) -> typer.Typer:
    """A Typer application with the house's settings."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def run(app: typer.Typer) -> None:
    """Run an application; a :class:`CartwrightError` becomes one sentence on stderr and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a terminal that has no such letter still gets an answer
            stream.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as it was while modules loaded
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except CartwrightError as error:
        print_error(str(error))
        sys.exit(1)


def visible(text: str) -> str:
    r"""A text that is safe to print: what would steer the terminal is written out.

    >>> print(visible("\x1b[31mred\udce9.syx"))
    \x1b[31mred\udce9.syx
    """
    return _OBEYED.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def print_error(sentence: str) -> None:
    """One sentence on stderr. Text from strangers' files is shown as it is, never as markup."""
    Console(stderr=True, soft_wrap=True).print(Text(visible(f"error: {sentence}"), style="red"))


def print_json(value: object) -> None:
    """A value as indented JSON on stdout."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    _write(_OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n")


def print_text(text: str) -> None:
    """Plain text on stdout, never wrapped or read as markup."""
    _write(visible(text) + "\n")


def print_table(rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """Rows with the same keys as a table on stdout. No rows print nothing."""
    if not rows:
        return
    table = Table(*rows[0], title=Text(title) if title else None, title_justify="left", box=None, pad_edge=False)
    for row in rows:
        table.add_row(*(Text("" if value is None else visible(str(value))) for value in row.values()))
    console = Console()
    if not console.is_terminal:
        console.width = _PIPED_WIDTH
    with console.capture() as printed:
        console.print(table)
    _write(printed.get())


def progress(*, quiet: bool = False) -> Progress:
    """A progress bar on stderr that vanishes when done; nothing at all where stderr is no terminal."""
    console = Console(stderr=True)
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=quiet or not console.is_terminal,
    )


def _write(text: str) -> None:
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except BrokenPipeError:  # whoever reads (head, less) has seen enough, which is no failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
        sys.exit(0)
