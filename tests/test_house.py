"""House rules: files stay small, commands start fast, a name means one thing, documents name what exists.

``lint-imports`` checks the layers.
"""

from __future__ import annotations

import ast
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("dx7", "corpus", "labeler", "training")
HEAVY = {
    "cleanlab",
    "jax",
    "flax",
    "optax",
    "streamlit",
    "dexed",
    "mido",
    "rtmidi",
    "sklearn",
    "scipy",
    "pandas",
    "altair",
}
# What every command pays for when it starts.
LIGHT = ("dx7", "dx7.commands.cli", "dx7.shared.export_format", "corpus.commands.cli", "training.commands.cli")
MODULES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
class TestEveryModule:
    def test_stays_small(self, path: Path) -> None:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400

    def test_is_not_called_utils(self, path: Path) -> None:
        assert "util" not in path.stem
        assert len(path.relative_to(ROOT).parts) <= 3

    def test_opens_with_what_it_is_for(self, path: Path) -> None:
        if path.read_text(encoding="utf-8").strip():
            assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_a_public_name_means_one_thing() -> None:
    """No two modules define a class or function of one name. Commands and pages are named for what the user types."""
    defined: dict[str, list[str]] = {}
    for path in MODULES:
        if path.parent.name in ("commands", "screens") or path.name == "app.py":
            continue
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
                defined.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: paths for name, paths in defined.items() if len(paths) > 1} == {}


def _top_level_imports(path: Path) -> Iterator[str]:
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module


def _loads(module: str, seen: set[str]) -> set[str]:
    """Heavy libraries that importing ``module`` loads, through our own modules too."""
    path = ROOT / (module.replace(".", "/") + ".py")
    if not path.exists():
        path = ROOT / module.replace(".", "/") / "__init__.py"
    if module in seen or not path.exists():
        return set()
    seen.add(module)
    names = list(_top_level_imports(path))
    heavy = {name.split(".")[0] for name in names} & HEAVY
    for name in names:
        if name.split(".")[0] in PACKAGES:
            heavy |= _loads(name, seen)
    # "from dx7 import describe" imports a module too
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.ImportFrom) and node.module in PACKAGES:
            for alias in node.names:
                heavy |= _loads(f"{node.module}.{alias.name}", seen)
    return heavy


@pytest.mark.parametrize("module", LIGHT)
def test_commands_start_light(module: str) -> None:
    assert _loads(module, set()) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_exported_names_are_sorted_and_exist(package: str) -> None:
    module = importlib.import_module(package)
    names = getattr(module, "__all__", [])
    assert sorted(names, key=lambda name: (not name.isupper(), name)) == names
    assert all(hasattr(module, name) for name in names)


DOCUMENTS = (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "training" / "README.md")
# A path in a document, in backticks or as the target of a link.
_PATH = re.compile(r"`((?:dx7|corpus|labeler|training|tests|data|docs)/[\w./-]*)`|\]\(([\w./-]+)\)")


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_documents_name_files_that_exist(document: Path) -> None:
    ignored = {"data/banks/", "data/labels/", "data/exports", "data/runs"}  # of the user
    for in_backticks, link in _PATH.findall(document.read_text(encoding="utf-8")):
        name = in_backticks or link
        exists = (document.parent / name).exists() or (ROOT / name).exists()
        assert exists or in_backticks in ignored, f"{document.name} names {name}"


def test_the_architecture_is_short_and_its_glossary_too() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
    glossary = text.split("## Glossary")[1].split("\n## ")[0]
    rows = [row for row in glossary.splitlines() if row.startswith("|")][2:]
    assert len(text.splitlines()) <= 150
    assert 0 < 2 * len(rows) <= 40
