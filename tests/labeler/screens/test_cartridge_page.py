"""The Cartridge page in a real browser: filled, moved, renamed, judged, and read back from its file."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

from corpus.analysis.families import update_families
from corpus.ingest.ingest import ingest_files
from corpus.labels.answer import AnswerKind
from corpus.labels.projection import current_answers
from dx7.formats.files import read_bank_bytes
from dx7.hardware.instrument import BANK_CONFIRMATION
from dx7.shared.locations import STARTER_BANKS
from tests.labeler.browsing import Server, serving

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("cartridge")
    ingest_files([STARTER_BANKS / "brass.syx", STARTER_BANKS / "organ.syx"], folder / "store.duckdb")
    update_families(folder / "store.duckdb")
    with serving(folder, folder / "store.duckdb") as server:
        yield server


@pytest.fixture
def page(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(f"{server.url}cartridge")
    page.locator(".tile").nth(31).wait_for(timeout=60_000)
    yield page
    page.close()
    assert errors == []


def names(page: Page) -> list[str]:
    return [name for name in page.locator(".tile b").all_inner_texts() if name != "-"]


def press(page: Page, key: str) -> None:
    """A key of the rack, and wait until the server has done what it asks for."""
    page.keyboard.press(key)
    page.wait_for_function("window.cartwright.grid.pending.length === 0", timeout=60_000)


def wait_for_name(page: Page, slot: int, name: str) -> None:
    """Until the rack shows what the server has made of a slot."""
    page.wait_for_function(
        "([slot, name]) => window.cartwright.grid.tiles[slot - 1].name === name", arg=[slot, name], timeout=60_000
    )


def hear(page: Page, key: str) -> None:
    page.keyboard.press(key)
    page.wait_for_function("window.cartwright.grid.sounding !== null", timeout=60_000)
    page.wait_for_timeout(500)


def fill(page: Page) -> None:
    page.get_by_role("tab", name="Fill from the collection").click()
    page.locator(".st-key-fill button").wait_for(timeout=60_000)
    page.wait_for_timeout(500)  # a key that is pressed before Streamlit has bound it is nobody's
    page.keyboard.press("f")
    page.locator(".tile:not(.empty)").nth(31).wait_for(timeout=60_000)


def test_filled_moved_renamed_and_read_back_from_the_file(page: Page) -> None:
    fill(page)
    before = names(page)
    assert len(set(before)) == 32
    press(page, "Shift+ArrowRight")
    wait_for_name(page, 1, before[1])
    assert names(page)[:3] == [before[1], before[0], before[2]]
    page.keyboard.press("F2")
    page.keyboard.type("Mein Häuschen")
    page.keyboard.press("Enter")
    wait_for_name(page, 2, "Mein Hausc")
    page.get_by_role("tab", name="File and DX7").click()
    with page.expect_download() as download:
        page.locator("button", has_text=".syx").first.click()
    data = Path(download.value.path()).read_bytes()
    bank = read_bank_bytes(data, "cartridge.syx")
    assert download.value.suggested_filename == "CARTRIDGE.syx"
    assert len(data) == 4104
    assert not bank.issues
    assert [voice.name for voice in bank.voices()] == names(page)
    for key in ("u", "u", "u"):
        press(page, key)
    page.locator(".tile.empty").nth(31).wait_for(timeout=60_000)
    assert names(page) == []


def test_the_model_is_asked_judged_and_its_duds_replaced(page: Page, server: Server) -> None:
    page.get_by_role("tab", name="Generate", exact=True).click()
    page.get_by_label("Categories; several make a mix").fill("Organ")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Generate 32").click()
    page.locator(".tile small", has_text="new").nth(31).wait_for(timeout=120_000)
    made = names(page)
    page.locator(".tile").first.click()
    hear(page, "Space")
    press(page, "Enter")
    hear(page, "ArrowRight")
    press(page, "x")
    hear(page, "ArrowRight")
    press(page, "0")
    page.locator(".tile small", has_text="≠ other").wait_for(timeout=60_000)
    kept, rejected, other = current_answers(server.answers())
    assert (kept.answer, kept.categories, kept.page, kept.heard) == (
        AnswerKind.LABEL,
        ("organ",),
        "cartridge",
        "engine",
    )
    assert kept.dwell_seconds >= 0.4
    assert rejected.answer is AnswerKind.BROKEN
    assert other.categories == ("brass",)
    press(page, "d")
    page.wait_for_function("dud => window.cartwright.grid.tiles[1].name !== dud", arg=made[1], timeout=120_000)
    assert [*names(page)[:1], *names(page)[2:]] == [made[0], *made[2:]]
    page.get_by_role("tab", name="Hit rate").click()
    page.locator("canvas").first.wait_for(timeout=60_000)


def test_a_verdict_needs_an_ear_and_problems_are_told(page: Page, server: Server) -> None:
    press(page, "z")
    page.locator(".tile.empty").nth(31).wait_for(timeout=60_000)
    before = len(server.answers())
    press(page, "Enter")
    page.get_by_text("there is no voice in that slot").wait_for(timeout=60_000)
    fill(page)
    press(page, "Enter")
    page.get_by_text("only generated voices are kept or rejected").wait_for(timeout=60_000)
    assert len(server.answers()) == before


def test_the_dx7_gets_the_bank_only_for_the_exact_words(page: Page) -> None:
    asked: list[dict[str, object]] = []

    def answer(route: Route) -> None:
        assert route.request.headers["x-cartwright"] == "1"
        asked.append(json.loads(route.request.post_data or "{}"))
        is_trusted = asked[-1]["trust_driver"]
        route.fulfill(
            json={"sent": True} if is_trusted else {"sent": False, "problem": "the driver of X may damage a bank"}
        )

    page.get_by_role("tab", name="File and DX7").click()
    field = page.get_by_label("The words that confirm it")
    send = page.get_by_role("button", name="Send to the DX7")
    for words in ("", "overwrite", BANK_CONFIRMATION.upper(), f"{BANK_CONFIRMATION}!"):
        field.fill(words)
        field.press("Enter")
        assert send.is_disabled()
    field.fill(BANK_CONFIRMATION)
    send.click()  # the real route: there is no instrument here
    page.locator(".sendbank output", has_text=re.compile("MIDI|port")).wait_for(timeout=60_000)
    page.route("**/instrument/bank", answer)
    field.fill(BANK_CONFIRMATION)
    send.click()
    page.get_by_text("the driver of X may damage a bank").wait_for()
    page.get_by_label("I trust this driver").check()
    field.fill(BANK_CONFIRMATION)
    send.click()
    page.get_by_text("Sent. The 32 memories").wait_for()
    assert [body["trust_driver"] for body in asked] == [False, True]
    assert asked[0]["confirmation"] == BANK_CONFIRMATION
    assert len(asked[0]["voices"]) == 32  # type: ignore[arg-type]
    assert send.is_disabled()


def test_listening_to_all_goes_from_voice_to_voice_until_it_is_stopped(page: Page) -> None:
    page.keyboard.press("Home")
    page.wait_for_timeout(200)
    page.evaluate("window.cartwright.gridPlays = []")
    page.keyboard.press("l")
    page.wait_for_function("new Set(window.cartwright.gridPlays.map((play) => play.key)).size >= 2", timeout=60_000)
    page.keyboard.press("l")
    count = page.evaluate("window.cartwright.gridPlays.length")
    page.wait_for_timeout(4_500)
    assert page.evaluate("window.cartwright.gridPlays.length") == count
