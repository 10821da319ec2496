"""The DX7 at the player's own computer, in a real browser: what it sends to a stub of Web MIDI."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from dx7.errors import RefusedMessageError
from dx7.formats.messages import checksum, encode_bank_message, encode_voice_message
from dx7.hardware.allowlist import check_message
from dx7.sound.phrases import phrase_of
from dx7.voices.voice import INIT_VOICE
from labeler.audio.audio_request import encode_voice
from tests.labeler.browsing import WEB_MIDI_STUB
from tests.labeler.player_page import CONFIRMED, NAMELESS, URL, serve_player
from tests.mk1 import Mk1

pytestmark = pytest.mark.browser

CABLE = 3125  # bytes a second


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(accept_downloads=True)
    serve_player(context)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext) -> Iterator[Page]:
    """Connected, but nothing chosen and nothing confirmed."""
    context.add_init_script(WEB_MIDI_STUB)
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(URL)
    page.evaluate("midi.unlock()")
    yield page
    assert errors == []


@pytest.fixture
def ready(page: Page) -> Page:
    page.evaluate("lines => { midi.open('UM-ONE'); midi.confirm(lines); }", CONFIRMED)
    assert page.evaluate("midi.problem") is None
    page.wait_for_timeout(300)
    page.evaluate("sent.length = 0")
    return page


def _sent(page: Page) -> list[tuple[float, bytes]]:
    """What the driver would send, in the order of the times it was given."""
    rows = [(row["moment"], bytes(row["bytes"])) for row in page.evaluate("sent")]
    return sorted(rows, key=lambda row: row[0])


def _play(page: Page, **take: Any) -> Any:
    return page.evaluate("take => midi.play(take)", {"voice": encode_voice(INIT_VOICE), **take})


def _on_a_dx7(sent: list[tuple[float, bytes]], dx7: Mk1) -> Mk1:
    """Let a simulated DX7 hear the record as a cable would carry it."""
    free = 0.0
    for moment, message in sent:
        free = max(free, moment / 1000)
        for byte in message:
            free += 1 / CABLE
            dx7.arrive(byte, free)
    dx7.work(free + 10)
    return dx7


def test_the_phrase_is_the_one_of_the_engine_and_the_bytes_are_those_of_python(ready: Page) -> None:
    started = _play(ready, category="clav")
    phrase = phrase_of("clav")
    ready.wait_for_timeout(1000 * phrase.seconds)
    sent = _sent(ready)
    assert ready.evaluate("askedFor") == {"sysex": True}
    assert [message for _, message in sent[:2]] == [bytes([0xB4, 64, 0]), encode_voice_message(NAMELESS, 5)]
    events = [(round(moment / 1000 - started, 6), message) for moment, message in sent[2:]]
    assert events == [
        (pytest.approx(event.seconds, abs=1e-5), bytes([0x94 if event.velocity else 0x84, event.note, event.velocity]))
        for event in phrase.events()
    ]
    assert started - sent[1][0] / 1000 >= 163 / CABLE + 0.1 - 1e-6
    dx7 = _on_a_dx7(sent, Mk1(channel=5))
    assert (dx7.failures, dx7.notes, dx7.overflows) == ([], [], 0)
    assert [(note, velocity) for _, note, velocity in dx7.played] == [(n.note, n.velocity) for n in phrase.notes]


def test_octave_velocity_and_single_notes_reach_python(ready: Page) -> None:
    _play(ready, category="clav", octave=1, velocity=1)
    _play(ready, note=72, velocity=55, held=0.05)
    ready.wait_for_timeout(300)
    ons = [message for _, message in _sent(ready) if message[0] == 0x94]
    assert ons == [bytes([0x94, phrase_of("clav").notes[0].note + 12, 127]), bytes([0x94, 72, 55])]


def test_one_note_does_not_send_the_voice_again_and_a_phrase_does(ready: Page) -> None:
    for take in ({"category": "clav"}, {"note": 60, "held": 0.05}, {"note": 62, "held": 0.05}, {"category": "clav"}):
        _play(ready, **take)
    assert len([message for _, message in _sent(ready) if message[0] == 0xF0]) == 2


def test_keys_of_a_piano_sound_together_until_each_is_let_go(ready: Page) -> None:
    ready.evaluate(
        """async (voice) => {
            const hold = (note) => midi.hold({ voice, note, velocity: 90, held: 8 });
            const let_go = await Promise.all([60, 64, 67].map(hold));
            let_go[0]();
            let_go[2]();
        }""",
        encode_voice(INIT_VOICE),
    )
    dx7 = _on_a_dx7(_sent(ready), Mk1(channel=5))
    assert (len(dx7.loads), [note for _, note, _ in dx7.played], dx7.notes) == (1, [60, 64, 67], [64])
    ready.evaluate("midi.stop()")
    assert _on_a_dx7(_sent(ready), Mk1(channel=5)).notes == []


def test_the_player_of_all_pages_has_every_device_and_says_what_is_wrong(page: Page) -> None:
    assert page.evaluate("Object.keys(player.devices)") == ["engine", "dx7", "web_midi"]
    assert page.evaluate("player.choose('web_midi')") == "choose the MIDI port of your DX7 first"
    page.evaluate("lines => { midi.open('UM-ONE'); midi.confirm(lines); }", CONFIRMED)
    assert page.evaluate("player.choose('web_midi')") is None
    assert page.evaluate("player.ready")
    take = {"voice": encode_voice(INIT_VOICE), "category": "clav", "octave": 0, "velocity": 0}
    page.evaluate("take => player.prefetch([take, { ...take, octave: 1 }])", take)
    assert isinstance(page.evaluate("take => player.play(take)", take), float)
    page.evaluate("player.stop()")
    assert _on_a_dx7(_sent(page), Mk1(channel=5)).notes == []


def test_two_hundred_requests_at_once_play_the_last_without_overflow_or_stuck_notes(ready: Page) -> None:
    voices = [INIT_VOICE.replace(feedback=n % 8, lfo_speed=n // 8, name="") for n in range(200)]
    outcomes = ready.evaluate(
        """async (voices) => {
            const asked = [];
            for (const [n, voice] of voices.entries()) {
                asked.push(midi.play({ voice, note: 20 + (n % 100), velocity: 99, held: 0.3 }));
                await new Promise((go) => setTimeout(go, 5));
            }
            return Promise.all(asked);
        }""",
        [encode_voice(voice) for voice in voices],
    )
    ready.wait_for_timeout(800)
    dx7 = _on_a_dx7(_sent(ready), Mk1(channel=5))
    number = {voice.unpacked.hex(): n for n, voice in enumerate(voices)}
    loaded = [number[load] for load in dx7.loads]
    assert loaded == sorted(set(loaded))
    assert loaded[-1] == 199
    assert [(number[sound], note) for sound, note, _ in dx7.played][-1] == (199, 20 + 99)
    assert all(note == 20 + number[sound] % 100 for sound, note, _ in dx7.played)
    assert outcomes[-1] is not None
    assert len([outcome for outcome in outcomes if outcome is not None]) <= len(dx7.played)
    assert (dx7.failures, dx7.notes, dx7.cut_off, dx7.overflows, dx7.lost_notes) == ([], [], 0, 0, 0)


def test_nothing_but_panic_is_sent_before_the_list_is_confirmed(page: Page) -> None:
    page.evaluate("midi.open('UM-ONE')")
    for missing in CONFIRMED:
        page.evaluate("sessionStorage.clear(); localStorage.clear(); midi.settings = new midi.settings.constructor()")
        lines = {name: value for name, value in CONFIRMED.items() if name != missing}
        page.evaluate("lines => { midi.open('UM-ONE'); midi.confirm(lines); }", lines)
        problem = page.evaluate(
            "take => midi.play(take).catch((error) => error.message)", {"voice": encode_voice(INIT_VOICE)}
        )
        assert "nothing is sent before you confirm" in problem
        page.evaluate("midi.stop()")
    assert _sent(page) == []
    page.evaluate("midi.panic()")
    sent = [message for _, message in _sent(page)]
    assert [message[1] for message in sent if message[0] & 0xF0 == 0x80] == list(range(128))
    assert sent[-1][1:] == bytes([123, 0])


@pytest.mark.parametrize("end", ["stop", "panic"])
def test_no_note_stays_after_a_phrase_was_cut_off(ready: Page, end: str) -> None:
    _play(ready, note=60, held=8)
    ready.wait_for_timeout(30)
    ready.evaluate(f"midi.{end}()")
    ready.wait_for_timeout(300)
    dx7 = _on_a_dx7(_sent(ready), Mk1(channel=5))
    assert (len(dx7.played), dx7.notes, dx7.failures, dx7.overflows) == (1, [], [], 0)


def test_a_note_that_was_handed_ahead_is_ended_after_it_began(ready: Page) -> None:
    ready.evaluate(
        "midi.perform([[0, 60, 100], [0.05, 64, 100]], performance.now(), midi.turn).then(() => midi.stop())"
    )
    dx7 = _on_a_dx7(_sent(ready), Mk1(channel=5))
    assert ([note for _, note, _ in dx7.played], dx7.notes) == ([60, 64], [])


def test_a_phrase_that_was_stopped_plays_no_further_note(ready: Page) -> None:
    _play(ready, category="clav")
    ready.evaluate("midi.stop()")
    ready.wait_for_timeout(1500)
    assert len(_on_a_dx7(_sent(ready), Mk1(channel=5)).played) == 1


def test_news_of_a_port_that_did_not_change_leave_the_phrase_alone(ready: Page) -> None:
    _play(ready, category="clav")
    ready.evaluate("stub.plug('UM-ONE', 'connected'); stub.plug('Keystation', 'disconnected')")
    ready.wait_for_timeout(1000 * phrase_of("clav").seconds)
    assert len(_on_a_dx7(_sent(ready), Mk1(channel=5)).played) == len(phrase_of("clav").notes)


def test_leaving_the_page_ends_its_notes(ready: Page) -> None:
    _play(ready, note=60, held=8)
    ready.evaluate("dispatchEvent(new PageTransitionEvent('pagehide'))")
    assert _on_a_dx7(_sent(ready), Mk1(channel=5)).notes == []


def test_nothing_off_the_list_goes_out_even_if_asked(ready: Page) -> None:
    voice = encode_voice_message(INIT_VOICE)
    asked: list[bytes] = [b"", b"\xfe", b"\xf0\x43\xf7", b"\x90\x3c", b"\x90\x3c\x80", b"\x90\x80\x10", b"\xf8"]
    asked += [bytes([status, number, 1]) for status in range(0x80, 0x100, 3) for number in range(128)]
    asked += [bytes([0xB0, 64, value]) for value in (0, 127)] + [bytes([0xBF, 123, value]) for value in (0, 1)]
    asked += [encode_bank_message([INIT_VOICE] * 32), voice, voice[:-1], voice[1:], voice + b"\xf7", voice[:80]]
    asked += [bytes.fromhex("f04310000001f7"), bytes.fromhex("f043100c0001f7")]
    for place in range(163):
        for value in (0, 1, 50, 127, 128, 255):
            changed = bytearray(voice)
            changed[place] = value
            asked.append(bytes(changed))
            changed[-2] = checksum(changed[6:-2])
            asked.append(bytes(changed))
    went = ready.evaluate(
        """asked => asked.map((bytes) => { try { midi.sender.send(bytes); return true; } catch { return false; } })""",
        [list(message) for message in asked],
    )
    sent = [message for _, message in _sent(ready)]
    assert sent == [message for message, gone in zip(asked, went, strict=True) if gone]
    assert went == [_may_go(message) for message in asked]
    assert {len(message) for message in sent} == {3, 163}


def _may_go(message: bytes) -> bool:
    """What Python's list allows, but of controllers only sustain and all notes off, and no parameter changes."""
    if message[:1] and message[0] & 0xF0 == 0xB0 and message[1] not in (64, 123):
        return False
    if message[:1] == b"\xf0" and len(message) == 7:
        return False
    try:
        check_message(message)
    except RefusedMessageError:
        return False
    return True


def test_an_interface_that_is_unplugged_is_told_and_comes_back_by_itself(ready: Page) -> None:
    _play(ready, note=60, held=8)
    ready.evaluate("stub.plug('UM-ONE', 'disconnected')")
    assert ready.evaluate("midi.problem") == "UM-ONE is not there; plug it in, or choose another port"
    assert ready.evaluate("midi.state.outputs") == ["Keystation"]
    ready.evaluate("sent.length = 0; stub.plug('UM-ONE', 'connected')")
    assert ready.evaluate("midi.ready")
    assert _sent(ready)[-1][1] == bytes([0xB4, 123, 0])
    assert isinstance(_play(ready, note=60, held=0.05), float)


def test_what_was_chosen_is_remembered_and_what_a_dx7_forgets_only_in_this_tab(
    ready: Page, context: BrowserContext
) -> None:
    ready.evaluate("midi.setPacing({ after_voice: 0.3 })")
    ready.reload()
    ready.evaluate("midi.unlock()")
    assert ready.evaluate("midi.problem") is None
    assert ready.evaluate("midi.state.pacing") == {"after_voice": 0.3}
    other = context.new_page()
    other.goto(URL)
    other.evaluate("midi.unlock()")
    assert other.evaluate("[midi.settings.output, midi.settings.checklist.channel]") == ["UM-ONE", 5]
    assert other.evaluate("midi.settings.missing") == ["SYS INFO AVAIL", "MEM PROTECT INTERNAL off"]
    assert _sent(other) == []


def test_a_damaged_memory_asks_everything_again(page: Page) -> None:
    page.evaluate("localStorage.setItem('cartwright.midi', '{'); sessionStorage.setItem('cartwright.midi', '[')")
    page.reload()
    page.evaluate("midi.unlock()")
    assert page.evaluate("midi.problem") == "choose the MIDI port of your DX7 first"


def test_a_backup_is_checked_and_saved_as_it_came(page: Page) -> None:
    bank = encode_bank_message([INIT_VOICE.replace(name=f"OLD {n}") for n in range(32)])
    page.evaluate("midi.open('UM-ONE')")
    for damaged in (bank[:-2] + bytes([bank[-2] ^ 1, 0xF7]), bank[:3000] + b"\xf7"):
        page.evaluate("window.got = midi.receiveBank().catch((error) => error.message); 0")
        page.evaluate("bytes => stub.arrive('UM-ONE', bytes)", list(damaged))
        assert "send it again" in page.evaluate("got")
    assert page.evaluate("midi.settings.checklist.backup") == ""
    page.evaluate("window.got = midi.receiveBank(); stub.arrive('UM-ONE', [0xfe])")
    with page.expect_download() as download:
        page.evaluate("bytes => stub.arrive('UM-ONE', bytes)", list(bank))
    assert Path(download.value.path()).read_bytes() == bank
    assert page.evaluate("midi.settings.checklist.backup") == download.value.suggested_filename
    assert bytes(page.evaluate("got.then((bank) => [...bank])")) == bank


def test_a_backup_that_does_not_come_is_told(page: Page) -> None:
    page.evaluate("midi.open('UM-ONE')")
    message = page.evaluate("midi.receiveBank(0.05).catch((error) => error.message)")
    assert message == "no bank arrived in 0.05 seconds; press the buttons again"


def test_a_dx7_that_falls_silent_must_be_set_again(ready: Page) -> None:
    ready.evaluate("stub.arrive('UM-ONE', [0xfe])")
    assert ready.evaluate("midi.state.is_heard") is True
    ready.wait_for_function("!midi.ready", timeout=8000)
    assert ready.evaluate("midi.settings.missing") == ["SYS INFO AVAIL", "MEM PROTECT INTERNAL off"]
    assert "fallen silent" in ready.evaluate("midi.notice")


def test_a_voice_that_the_server_does_not_give_is_told(ready: Page, context: BrowserContext) -> None:
    context.route(URL + "take/**", lambda route: route.fulfill(status=400, body="no such voice"))
    message = ready.evaluate("midi.play({ voice: 'x' }).catch((error) => error.message)")
    assert message == "no such voice"
    assert _sent(ready) == []


def test_a_browser_that_says_no_or_has_no_midi_is_told(context: BrowserContext) -> None:
    context.add_init_script(WEB_MIDI_STUB + "window.refuseMidi = true;")
    page = context.new_page()
    page.goto(URL)
    page.evaluate("midi.unlock()")
    assert "does not let this page use MIDI (Permission denied)" in page.evaluate("midi.problem")
    page.evaluate("navigator.requestMIDIAccess = undefined; midi.unlock()")
    assert page.evaluate("midi.problem") == "this browser has no MIDI; Chrome, Edge and Firefox have"


def test_a_page_without_https_is_told(browser: Browser) -> None:
    context = browser.new_context()
    serve_player(context)
    page = context.new_page()
    page.goto("http://cartwright.test/")
    page.evaluate("midi.unlock()")
    assert page.evaluate("midi.problem") == "MIDI in the browser needs https, or this page on localhost"
    context.close()
