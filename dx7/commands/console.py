"""Shared by all commands: output, errors and progress bars.

Exit codes: 0 success; 1 a known failure, reported in one sentence; 2 wrong usage (from Typer).
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

_PIPED_WIDTH = 200  # width of a table in a file or pipe, so that cells are not wrapped
# Control characters that a terminal would execute, and lone surrogates that cannot be encoded: names of foreign files
# may contain them. Line ends and tabs are allowed.
_UNSAFE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")]


def new_app(help_text: str) -> typer.Typer:
    """Create a Typer application with the common settings."""
    return typer.Typer(
        help=help_text,
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )


def run(app: typer.Typer) -> None:
    """Run an application. A :class:`CartwrightError` prints one sentence on stderr and exits with code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # for terminals that cannot encode a character
            stream.reconfigure(errors="backslashreplace")
    if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # __main__ sets it while modules load
        signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        app()
    except CartwrightError as error:
        print_error(str(error))
        sys.exit(1)


def visible(text: str) -> str:
    r"""Return the text with control characters escaped, safe to print on a terminal.

    >>> print(visible("\x1b[31mred\udce9.syx"))
    \x1b[31mred\udce9.syx
    """
    return _UNSAFE.sub(lambda found: found.group().encode("unicode_escape").decode(), text)


def print_error(sentence: str) -> None:
    """Print one sentence on stderr, without interpreting markup in it."""
    Console(stderr=True, soft_wrap=True).print(Text(visible(f"error: {sentence}"), style="red"))


def print_json(value: object) -> None:
    """Print a value as indented JSON on stdout."""
    text = json.dumps(value, indent=2, ensure_ascii=False)
    _write(_UNSAFE.sub(lambda found: f"\\u{ord(found.group()):04x}", text) + "\n")


def print_text(text: str) -> None:
    """Print plain text on stdout, without wrapping or markup."""
    _write(visible(text) + "\n")


def print_table(rows: Sequence[Mapping[str, Any]], title: str = "") -> None:
    """Print rows with equal keys as a table on stdout; nothing if there are no rows."""
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
    """Return a progress bar on stderr that disappears when done; it shows nothing if stderr is not a terminal."""
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
    except BrokenPipeError:  # the reader (head, less) has closed the pipe, which is not an error
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes it at exit
        sys.exit(0)
