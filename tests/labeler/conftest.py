"""Small stores made on the spot, so that no test needs a bank."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.labeler.browsing import launch_browser
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices


@pytest.fixture(autouse=True)
def main_stays() -> Iterator[None]:
    """A page under test takes the place of ``__main__``, and processes that a later test spawns would run it."""
    main = sys.modules["__main__"]
    yield
    sys.modules["__main__"] = main


@pytest.fixture
def labels_folder(tmp_path: Path) -> Path:
    return tmp_path / "labels"


@pytest.fixture
def make_store(tmp_path: Path) -> Callable[[Sequence[VoiceRow]], Path]:
    def make(rows: Sequence[VoiceRow]) -> Path:
        return build_store(tmp_path / "store.duckdb", rows)

    return make


@pytest.fixture
def small_store(make_store: Callable[[Sequence[VoiceRow]], Path]) -> Path:
    """Sixty voices that sound, a third of them with a suggestion."""
    return make_store(varied_voices(60))


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; every test opens pages of its own."""
    with launch_browser() as browser:
        yield browser
