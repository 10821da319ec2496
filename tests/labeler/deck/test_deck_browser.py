"""The deck in a real browser, against a real server: what is heard, what a key does, what reaches the journal."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from corpus.labels.new_answer import LEAST_DWELL
from corpus.labels.projection import current_answers
from labeler.audio.audio_request import decode_voice
from tests.labeler.browsing import Server, free_port, serving, start_server, stop
from tests.labeler.deck_actions import heard, listen, make_store, open_deck, settle, state

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("browser")
    with serving(folder, make_store(folder)) as server:
        yield server


@pytest.fixture
def deck(browser: Browser, server: Server) -> Iterator[Page]:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    open_deck(page, server.url)
    yield page
    page.close()
    assert errors == []


def test_the_first_voice_sounds_by_itself(deck: Page) -> None:
    assert state(deck, "player.engine.context.state") == "running"
    first = state(deck, "plays[0]")
    assert first["voice"] == heard(deck)
    samples = state(deck, "player.engine.playing ? Math.max(...player.engine.playing.buffer.getChannelData(0)) : 1")
    assert samples > 0.1


def test_names_are_text_never_markup(deck: Page) -> None:
    name = deck.locator(".deck h1")
    assert name.inner_text().startswith("<i>")
    assert deck.locator(".deck h1 i").count() == 0
    assert deck.locator(".deck pre i").count() == 0


def test_a_key_labels_the_voice_that_is_heard_and_undo_takes_it_back(deck: Page, server: Server) -> None:
    before = len(server.answers())
    voice = heard(deck)
    deck.keyboard.press("0")
    assert heard(deck) != voice
    settle(deck)
    (answer,) = server.answers()[before:]
    assert (answer.voice_id, answer.categories, answer.labeller) == (voice, ("brass",), "anna")
    assert answer.dwell_seconds >= LEAST_DWELL
    deck.keyboard.press("u")
    assert heard(deck) == voice
    settle(deck)
    assert voice not in {a.voice_id for a in current_answers(server.answers())}
    assert deck.locator(".flash").inner_text().startswith("Undone: <i>")


def test_several_answers_can_be_taken_back_even_after_a_reload(deck: Page, server: Server) -> None:
    voices = []
    for key in ("1", "x", "d"):
        listen(deck)
        voices.append(heard(deck))
        deck.keyboard.press(key)
    settle(deck)
    open_deck(deck, server.url)
    for voice in reversed(voices):
        deck.keyboard.press("Backspace")
        assert heard(deck) == voice
    settle(deck)
    assert not set(voices) & {a.voice_id for a in current_answers(server.answers())}


def test_a_second_category_a_suggestion_and_a_favourite(deck: Page, server: Server) -> None:
    before = len(server.answers())
    deck.keyboard.press("Shift+Digit9")
    deck.keyboard.press("t")
    settle(deck)
    listen(deck)
    while state(deck, "deck.voice(deck.here).suggestion") is None:
        deck.keyboard.press("s")
        settle(deck)
        listen(deck)
    suggested = state(deck, "deck.voice(deck.here).suggestion.category")
    deck.keyboard.press("f")
    deck.keyboard.press("Enter")
    settle(deck)
    answers = [a for a in server.answers()[before:] if a.answer.value != "skip"]
    assert [(a.answer.value, a.categories) for a in answers] == [
        ("label", ("pad", "strings")),
        ("favourite", ()),
        ("label", (suggested,)),
    ]
    assert answers[1].voice_id == answers[2].voice_id
    assert answers[2].suggestion is not None


def test_back_forward_octaves_and_velocity_sound_but_record_nothing(deck: Page, server: Server) -> None:
    deck.keyboard.press("s")
    settle(deck)
    before = len(server.answers())
    here = heard(deck)
    deck.keyboard.press("ArrowLeft")
    assert heard(deck) != here
    deck.keyboard.press("ArrowRight")
    assert heard(deck) == here
    for key, register in (("ArrowUp", (1, 0)), ("ArrowDown", (0, 0)), (",", (0, -1)), (".", (0, 0)), (" ", (0, 0))):
        count = state(deck, "plays.length")
        deck.keyboard.press(key)
        deck.wait_for_function("n => window.cartwright.plays.length > n", arg=count)
        assert tuple(state(deck, "[plays.at(-1).octave, plays.at(-1).velocity]")) == register
    settle(deck)
    assert len(server.answers()) == before


def test_quality_is_an_answer_that_stays_and_can_be_taken_back(deck: Page, server: Server) -> None:
    before = len(server.answers())
    voice = heard(deck)
    for key in ("k", "m", "u"):
        deck.keyboard.press(key)
    assert heard(deck) == voice
    assert deck.locator(".quality button.lit").count() == 3
    settle(deck)
    answers = server.answers()[before:]
    assert [(a.answer.value, a.quality, a.voice_id) for a in answers] == [
        ("quality", 3, voice),
        ("quality", 5, voice),
        ("undo", None, voice),
    ]
    assert [(a.heard, a.page) for a in answers] == [("engine", "deck")] * 3


def test_other_notes_operators_and_the_piano_sound_but_record_nothing(deck: Page, server: Server) -> None:
    before = len(server.answers())
    deck.keyboard.press("n")
    deck.wait_for_function("() => window.cartwright.deck.view.at.register.innerText === 'note C3'")
    deck.keyboard.press("o")
    deck.keyboard.press("1")  # the second key of a chord labels nothing
    assert deck.locator(".envelopes button.off").count() == 1
    plain, muted = state(deck, "[deck.voice(deck.here).sound, deck.playback.soundText()]")
    assert decode_voice(muted) == decode_voice(plain).replace(op1_output_level=0)
    deck.keyboard.press("p")
    for key, note in (("s", 62), ("g", 67)):
        deck.keyboard.down(key)
        deck.locator(f".piano [data-note='{note}'].down").wait_for()
        deck.keyboard.up(key)
        deck.locator(f".piano [data-note='{note}'].down").wait_for(state="detached")
    deck.keyboard.press("Escape")
    assert state(deck, "deck.keys.piano") is None
    deck.wait_for_function("() => window.cartwright.player.engine.playing?.buffer.duration > 0")
    settle(deck)
    assert len(server.answers()) == before


@pytest.mark.parametrize("auto_repeat", [True, False])
def test_a_held_key_labels_the_heard_voice_alone(deck: Page, server: Server, auto_repeat: bool) -> None:
    before = len(server.answers())
    voice = heard(deck)
    key = {"key": "1", "code": "Digit1", "text": "1", "windowsVirtualKeyCode": 49}
    devtools = deck.context.new_cdp_session(deck)
    for number in range(50):
        devtools.send("Input.dispatchKeyEvent", {"type": "keyDown", "autoRepeat": auto_repeat and number > 0, **key})
        deck.wait_for_timeout(30)
    devtools.send("Input.dispatchKeyEvent", {"type": "keyUp", **key})
    settle(deck)
    assert [a.voice_id for a in server.answers()[before:]] == [voice]


def test_a_hammered_key_never_labels_a_voice_unheard(deck: Page, server: Server) -> None:
    before = len(server.answers())
    begin = time.monotonic()
    for _ in range(40):
        deck.keyboard.press("2")
        deck.wait_for_timeout(20)
    seconds = time.monotonic() - begin
    settle(deck)
    answers = server.answers()[before:]
    assert 1 <= len(answers) <= seconds / LEAST_DWELL + 1
    assert all(a.dwell_seconds >= LEAST_DWELL - 0.01 for a in answers)
    assert len({a.voice_id for a in answers}) == len(answers)


BACK = "window.cartwright.deck.root.isConnected && window.cartwright.plays.length > 0"


def go(page: Page, letter: str, path: str) -> None:
    page.locator(".shell").wait_for()  # a component shows once it listens to keys
    page.keyboard.press("g")
    page.keyboard.press(letter)
    page.wait_for_url(f"**/{path}")


def test_leaving_the_deck_and_coming_back_forgets_nothing(deck: Page, server: Server) -> None:
    before = len(server.answers())
    voices = []
    for key in ("1", "2", "x"):
        listen(deck)
        voices.append(heard(deck))
        deck.keyboard.press(key)
    settle(deck)
    deck.evaluate("window.cartwright.deck.events.send = () => {}")  # the connection is gone just now
    listen(deck)
    voices.append(heard(deck))
    deck.keyboard.press("3")
    go(deck, "b", "banks")
    deck.wait_for_function("!window.cartwright.deck.root.isConnected")
    go(deck, "d", "")
    deck.wait_for_function(
        "window.cartwright.deck.root.isConnected && window.cartwright.plays.length > 0", timeout=20_000
    )
    settle(deck)
    assert [a.voice_id for a in server.answers()[before:]] == voices
    assert heard(deck) not in voices
    for voice in reversed(voices):
        deck.keyboard.press("u")
        assert heard(deck) == voice
    settle(deck)
    assert not set(voices) & {a.voice_id for a in current_answers(server.answers())}


def test_a_labeller_stays_the_same_from_page_to_page(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    open_deck(page, f"{server.url}?who=dora")
    go(page, "p", "progress")
    page.get_by_text("Labelled of target").wait_for()
    go(page, "d", "")
    page.wait_for_function(
        "window.cartwright.deck.root.isConnected && window.cartwright.plays.length > 0", timeout=20_000
    )
    listen(page)
    page.keyboard.press("1")
    settle(page)
    page.keyboard.press("g")
    page.keyboard.press("n")
    page.get_by_label("Your name, as the journal records it").fill("Emil")
    page.keyboard.press("Enter")
    page.locator(".deck [data-id=who]", has_text="Emil").wait_for()
    go(page, "p", "progress")
    page.get_by_text("Labelled of target").wait_for()
    page.locator(".shell [data-id=who-name]", has_text="Emil").wait_for()
    page.reload()
    page.locator(".shell [data-id=who-name]", has_text="Emil").wait_for()
    page.close()
    assert {a.labeller for a in server.answers()} >= {"dora"}
    assert "Emil" not in {a.labeller for a in server.answers()}


def test_typing_a_name_labels_nothing(deck: Page, server: Server) -> None:
    before = len(server.answers())
    here = heard(deck)
    deck.keyboard.press("g")
    deck.keyboard.press("n")
    field = deck.get_by_label("Your name, as the journal records it")
    field.press_sequentially("xs1")
    assert heard(deck) == here
    assert len(server.answers()) == before


# Headless browsers let every page sound, and Playwright's own calls count as touches. Others are quiet until a key.
QUIET_UNTIL_TOUCHED = """
let touched = false;
window.addEventListener("keydown", () => (touched = true), true);
window.AudioContext = class extends AudioContext {
  constructor(options) { super(options); this.suspend(); }
  resume() { return touched ? super.resume() : new Promise(() => {}); }
};
"""


def test_the_first_key_only_unlocks_the_sound(browser: Browser, server: Server) -> None:
    page = browser.new_page()
    page.add_init_script(QUIET_UNTIL_TOUCHED)
    before = len(server.answers())
    page.goto(server.url)
    page.get_by_text("Press any key to start").wait_for()
    page.wait_for_function("window.cartwright?.deck?.here != null")
    assert state(page, "plays.length") == 0
    page.keyboard.press("1")
    page.wait_for_function("window.cartwright.plays.length === 1")
    page.get_by_text("Press any key to start").wait_for(state="hidden")
    settle(page)
    assert len(server.answers()) == before
    page.close()


# A key between the report that the new session was made with, and the line of that session.
ANSWER_AT_THE_LAST_MOMENT = """() => {
  const { deck } = window.cartwright;
  const update = deck.update;
  deck.update = (data, send) => {
    if (data.session && data.session !== deck.events.session && !window.answered) {
      window.answered = deck.voice(deck.here).voice;
      deck.answer("label", ["bass"]);
    }
    update.call(deck, data, send);
  };
}"""


def test_kill_9_of_the_server_loses_no_answer(browser: Browser, tmp_path: Path) -> None:
    store, port = make_store(tmp_path), free_port()
    server = start_server(tmp_path, store, port)
    page = browser.new_page()
    open_deck(page, server.url)
    given = []

    def label(times: int) -> None:
        for _ in range(times):
            given.append(heard(page))
            page.keyboard.press("5")
            listen(page)

    label(6)
    page.wait_for_function(
        "() => { const { deck } = window.cartwright; return deck.events.sequence - deck.events.pending.length >= 3; }",
        timeout=20_000,
    )
    acknowledged = state(page, "deck.events.sequence - deck.events.pending.length")
    server.process.send_signal(signal.SIGKILL)
    server.process.wait(10)
    written = [a.voice_id for a in server.answers()]
    assert len(written) >= acknowledged >= 3
    assert written == given[: len(written)]
    # The look-ahead carries on without a server; the next one on the same port gets the answers, each once.
    label(4)
    session = state(page, "deck.events.session")
    page.evaluate(ANSWER_AT_THE_LAST_MOMENT)
    server = start_server(tmp_path, store, port)
    page.wait_for_function("old => window.cartwright.deck.events.session !== old", arg=session, timeout=60_000)
    given.append(page.evaluate("window.answered"))
    settle(page)
    assert [a.voice_id for a in server.answers()] == given
    listen(page)
    label(1)
    settle(page)
    assert [a.voice_id for a in server.answers()] == given
    assert len(set(given)) == 12
    page.close()
    stop(server)
