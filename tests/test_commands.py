"""Laws that every command of every package obeys."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

PACKAGES = ("dx7", "corpus", "training")


def _commands() -> Iterator[tuple[str, str, Any]]:
    for package in PACKAGES:
        app = importlib.import_module(f"{package}.cli").app
        for name, command in typer.main.get_command(app).commands.items():
            yield package, name, command


COMMANDS = list(_commands())


@pytest.mark.parametrize(("package", "name", "command"), COMMANDS, ids=[f"{p} {n}" for p, n, _ in COMMANDS])
def test_every_command_has_help_with_an_example(package: str, name: str, command: Any) -> None:
    app = importlib.import_module(f"{package}.cli").app
    result = CliRunner().invoke(app, [name, "--help"])
    assert result.exit_code == 0
    assert f"python -m {package} {name}" in result.output
    assert all(getattr(parameter, "help", None) for parameter in command.params if parameter.name != "help")


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_without_a_command_shows_its_commands(package: str) -> None:
    result = CliRunner().invoke(importlib.import_module(f"{package}.cli").app, [])
    assert all(name in result.output for p, name, _ in COMMANDS if p == package)
