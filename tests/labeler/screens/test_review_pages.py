"""Families and review in a real browser: a key, its line in the journal, and an undo that takes all of it back."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from corpus.analysis.stored_descriptors import update_descriptors
from corpus.labels.answer import Answer
from corpus.labels.new_answer import LEAST_DWELL
from corpus.labels.projection import current_voice_answers
from corpus.storage.store import open_store
from tests.corpus.answer_material import answer, write_answers
from tests.labeler.browsing import Server, serving
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices

pytestmark = pytest.mark.browser

ROWS = [
    VoiceRow(row.voice.replace(name=f"<i>{n}</i>"), row.sightings, row.category)
    for n, row in enumerate(varied_voices(16))
]
VOICES = [row.voice.voice_id for row in ROWS]
LARGE, SMALL = VOICES[:5], VOICES[5:8]
DISPUTED, BRASS, BELL = VOICES[8:11]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Two families without an answer, and a voice that ben and cleo disagree about."""
    folder = tmp_path_factory.mktemp("review")
    store = build_store(folder / "store.duckdb", ROWS)
    update_descriptors(store, processes=1)
    with open_store(store) as connection:
        for family in (LARGE, SMALL):
            for member in family:
                connection.execute("INSERT INTO families VALUES (?, ?, '', '')", [member, min(family)])
    others = [
        answer("ben", DISPUTED, "brass"),
        answer("ben", BRASS, "brass"),
        answer("cleo", DISPUTED, "bell"),
        answer("cleo", BELL, "bell"),
    ]
    write_answers(store, others)
    with serving(folder, store) as server:
        yield server


@pytest.fixture
def server(running: Server) -> Server:
    """The same for every test: anna, who sits there, has said nothing yet. The journals are the truth."""
    (running.labels / "anna.jsonl").unlink(missing_ok=True)
    return running


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []


def hear(page: Page, voice_id: str | None = None) -> None:
    """Wait until a tile, or just any, has sounded long enough to be answered."""
    page.wait_for_function(
        "([key, seconds]) => { const sounding = window.cartwright?.grid?.sounding;"
        " if (!sounding || (key && sounding.key !== key)) return false;"
        " return performance.now() / 1000 - sounding.started > seconds; }",
        arg=[voice_id, LEAST_DWELL + 0.1],
        timeout=30_000,
    )


def own(server: Server) -> list[Answer]:
    return [one for one in server.answers() if one.labeller == "anna"]


def wait_for_lines(server: Server, count: int) -> None:
    """Wait until anna's journal has so many lines; what a page shows may be of before for a moment."""
    deadline = time.monotonic() + 20
    while len(own(server)) < count and time.monotonic() < deadline:
        time.sleep(0.05)
    assert len(own(server)) == count


def standing(server: Server) -> set[str]:
    """The voices about which anything stands that anna said, in person or by the way."""
    return {one.voice_id for one in current_voice_answers(own(server))}


def test_one_key_answers_a_family_but_for_its_exception_and_undo_takes_all_of_it_back(
    page: Page, server: Server
) -> None:
    page.goto(f"{server.url}families")
    tiles = page.locator(".tile")
    expect(tiles).to_have_count(5, timeout=30_000)
    expect(page.locator(".panel h2")).to_contain_text("1 of 2")
    assert page.locator(".panel h2 i, .tile b i").count() == 0  # names of strangers are text
    first, exception = (tiles.nth(place).get_attribute("data-key") for place in (0, 1))
    hear(page, first)
    page.keyboard.press("ArrowRight")
    hear(page, exception)
    page.keyboard.press("m")
    page.keyboard.press("0")
    expect(tiles).to_have_count(3, timeout=20_000)
    expect(page.locator(".panel-notice")).to_contain_text("brass, for 4 of 5 voices")
    (given,) = own(server)
    assert (given.voice_id, given.categories, given.page, given.heard) == (first, ("brass",), "families", "engine")
    assert set(given.covers) == set(LARGE) - {first, exception}
    assert given.dwell_seconds >= LEAST_DWELL
    hear(page)
    page.keyboard.press("x")
    wait_for_lines(server, 2)
    expect(tiles).to_have_count(5, timeout=20_000)
    expect(page.locator(".panel-head p")).to_contain_text("Of 5 voices 4 have an answer: brass.")
    assert standing(server) == {*LARGE, *SMALL} - {exception}
    page.keyboard.press("u")
    wait_for_lines(server, 3)
    expect(tiles).to_have_count(3, timeout=20_000)
    page.keyboard.press("u")
    wait_for_lines(server, 4)
    expect(tiles).to_have_count(5, timeout=20_000)
    assert standing(server) == set()
    page.keyboard.press("u")
    expect(page.locator(".panel-notice")).to_have_text("nothing to undo", timeout=20_000)
    assert len(own(server)) == 4


def test_a_family_that_was_not_heard_is_not_answered(page: Page, server: Server) -> None:
    page.goto(f"{server.url}families")
    hear(page)
    page.keyboard.press("n")
    expect(page.locator(".tile")).to_have_count(3, timeout=20_000)
    page.evaluate(
        "window.cartwright.player.stop(), window.cartwright.grid.endSounding(), window.cartwright.grid.heard = {}"
    )
    page.keyboard.press("0")
    expect(page.locator(".panel-notice")).to_contain_text("hear", timeout=20_000)
    assert own(server) == []


def test_a_disagreement_is_decided_by_a_key_and_undo_opens_it_again(page: Page, server: Server) -> None:
    page.goto(f"{server.url}review")
    title = page.locator(".panel h2")
    expect(title).to_contain_text("ben says brass, cleo says bell.", timeout=30_000)
    expect(page.locator("[data-tab=disagreement]")).to_contain_text("1")
    hear(page, DISPUTED)
    assert [tile.get_attribute("data-key") for tile in page.locator(".tile").all()] == [DISPUTED, BRASS, BELL]
    page.keyboard.press("o")
    expect(title).to_have_text("No open cases in this list", timeout=20_000)
    (given,) = own(server)
    assert (given.voice_id, given.categories, given.page, given.covers) == (DISPUTED, ("brass", "bell"), "review", ())
    page.keyboard.press("u")
    wait_for_lines(server, 2)
    expect(title).to_contain_text("ben says brass, cleo says bell.", timeout=20_000)
    assert standing(server) == set()


def test_a_against_b_needs_both_to_be_heard_and_shows_no_name(page: Page, server: Server) -> None:
    page.goto(f"{server.url}review")
    hear(page, DISPUTED)
    page.keyboard.press("c")
    expect(page.locator(".tile b")).to_have_text(["A", "B"], timeout=20_000)
    expect(page.locator(".panel h2")).to_contain_text("Which of the two is Brass?")
    assert page.locator(".tile.marked, .tile .badges i, .panel-chips span").count() == 0
    tiles = [str(page.locator(".tile").nth(place).get_attribute("data-key")) for place in (0, 1)]
    first, second = (tile.removeprefix("blind-") for tile in tiles)
    assert {first, second} == {DISPUTED, BRASS}
    hear(page, tiles[0])
    page.keyboard.press("a")
    expect(page.locator(".panel-notice")).to_contain_text("hear the voice first", timeout=20_000)
    page.keyboard.press("ArrowRight")
    hear(page, tiles[1])
    page.keyboard.press("a" if first == BRASS else "b")
    expect(page.locator(".panel-notice")).to_contain_text("A was <i>", timeout=20_000)
    assert {one.voice_id: one.categories for one in own(server)} == {BRASS: ("brass",), DISPUTED: ("bell",)}
    page.keyboard.press("u")
    wait_for_lines(server, 4)
    expect(page.locator(".tile b")).to_have_text(["A", "B"], timeout=20_000)
    assert standing(server) == set()


def test_lists_open_by_key_and_by_click(page: Page, server: Server) -> None:
    page.goto(f"{server.url}review")
    hear(page, DISPUTED)
    page.keyboard.press("l")
    chosen = page.locator("[role=tab][aria-selected=true]")
    expect(chosen).to_contain_text("Against a sure suggestion", timeout=20_000)
    page.keyboard.press("l")
    expect(page.locator(".panel-head p")).to_contain_text("Too few labels", timeout=30_000)
    page.locator("[data-tab=agreement]").click()
    expect(page.locator(".panel-table h3")).to_have_text(["Between people", "By category"], timeout=20_000)
    expect(page.locator(".panel-figure b").first).to_have_text("ben and cleo")
    page.keyboard.press("l")
    expect(chosen).to_contain_text("People disagree", timeout=20_000)
