"""Laws that every command of every package obeys."""

from __future__ import annotations

import importlib
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

PACKAGES = ("dx7", "corpus", "training")


def _app(package: str) -> Any:
    inside = (Path(__file__).parent.parent / package / "commands" / "cli.py").exists()
    return importlib.import_module(f"{package}.commands.cli" if inside else f"{package}.cli").app


def _walk(commands: Mapping[str, Any], group: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    for name, command in commands.items():
        yield (*group, name), command
        yield from _walk(getattr(command, "commands", {}), (*group, name))


def _commands() -> Iterator[tuple[str, tuple[str, ...], Any]]:
    for package in PACKAGES:
        app = _app(package)
        for words, command in _walk(typer.main.get_command(app).commands):
            yield package, words, command


COMMANDS = list(_commands())


def test_commands_under_a_command_are_walked_too() -> None:
    assert {("labels",), ("labels", "import")} <= {words for package, words, _ in COMMANDS if package == "corpus"}


@pytest.mark.parametrize(("package", "words", "command"), COMMANDS, ids=[f"{p} {' '.join(w)}" for p, w, _ in COMMANDS])
def test_every_command_has_help_with_an_example(package: str, words: tuple[str, ...], command: Any) -> None:
    app = _app(package)
    result = CliRunner().invoke(app, [*words, "--help"])
    assert result.exit_code == 0
    assert f"python -m {package} {' '.join(words)}" in result.output
    assert all(getattr(parameter, "help", None) for parameter in command.params if parameter.name != "help")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_without_a_command_shows_its_commands(package: str) -> None:
    result = CliRunner().invoke(_app(package), [])
    assert all(words[0] in result.output for p, words, _ in COMMANDS if p == package)


@pytest.mark.parametrize("package", PACKAGES)
def test_ctrl_c_while_modules_load_ends_without_a_word(package: str, tmp_path: Path) -> None:
    (tmp_path / "rich.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    # A test run in the background ignores Ctrl-C, and so would what it starts.
    begin = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler)"
    paths = f"import sys; sys.path.insert(0, {str(tmp_path)!r})"
    program = f"{begin}; {paths}; import runpy; runpy.run_module({package!r}, run_name='__main__', alter_sys=True)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")


def test_ctrl_c_is_heard_again_when_a_command_runs() -> None:
    program = (
        "import signal, dx7.commands.console as console; signal.signal(signal.SIGINT, signal.SIG_DFL);"
        "console.run(lambda: print(signal.getsignal(signal.SIGINT) is signal.default_int_handler))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "True\n"
