"""What tests do with a deck in a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from playwright.sync_api import Page

from corpus.labels.new_answer import LEAST_DWELL
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices


def make_store(folder: Path, voices: int = 400) -> Path:
    """A store where every name is markup."""
    rows = [
        VoiceRow(row.voice.replace(name=f"<i>{n}</i>"), row.sightings, row.category)
        for n, row in enumerate(varied_voices(voices))
    ]
    return build_store(folder / "store.duckdb", rows)


def open_deck(page: Page, url: str) -> None:
    """Go there, and wait until the first voice has been heard and the next ones are ready."""
    page.goto(url)
    page.wait_for_function("window.cartwright?.plays?.length > 0", timeout=30_000)
    settle(page)
    listen(page)


def state(page: Page, expression: str) -> Any:
    """What JavaScript says of the deck."""
    return page.evaluate(
        f"(() => {{ const {{ deck, player, plays, latencies }} = window.cartwright; return {expression}; }})()"
    )


def heard(page: Page) -> str:
    """The id of the voice on display."""
    return str(state(page, "deck.voice(deck.here).voice"))


def listen(page: Page, seconds: float = LEAST_DWELL + 0.05) -> None:
    """Wait until the voice on display has sounded this long."""
    page.wait_for_function(
        "s => { const { deck } = window.cartwright;"
        " return deck.playback.started !== null && performance.now() / 1000 - deck.playback.started >= s; }",
        arg=seconds,
    )


def settle(page: Page) -> None:
    """Wait until Python has acknowledged everything and the next sounds have been fetched."""
    page.wait_for_function(
        "() => { const { deck, player } = window.cartwright; return deck.events.pending.length === 0"
        " && player.fetching === 0 && player.expected.every((take) => player.engine.has(take)); }",
        timeout=20_000,
    )
