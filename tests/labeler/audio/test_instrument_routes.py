"""The instrument over HTTP: what a page may ask, what no other site's page may, and what goes out."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient

from dx7.errors import MidiError
from dx7.formats.messages import encode_bank_message, encode_voice_message
from dx7.hardware.instrument import BANK_CONFIRMATION
from dx7.hardware.port_manager import PortManager
from dx7.sound.phrases import phrase_of
from dx7.voices.voice import INIT_VOICE, Voice
from labeler.audio.audio_request import encode_voice
from labeler.audio.instrument_routes import LONGEST_BODY, instrument_routes
from labeler.audio.midi_ports import named_addresses
from tests.dx7.test_link import FakeDriver
from tests.mk1_process import running_mk1

VOICE = encode_voice(INIT_VOICE)
NAMELESS = INIT_VOICE.replace(name="")
HEADERS = {"X-Cartwright": "1"}
POSTS = (f"play/{VOICE}", f"prepare/{VOICE}", "stop", "panic", "open", "confirm", "pacing", "backup", "bank")
CONFIRMED = {"channel": 1, "sys_info": True, "unprotected": True, "own_backup": True}


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver("UM-ONE", "Keystation")


@pytest.fixture
def manager(driver: FakeDriver, tmp_path: Path) -> Iterator[PortManager]:
    manager = PortManager(backups=tmp_path / "backups", memory=tmp_path / "memory.json", driver=driver)
    yield manager
    manager.close()


@pytest.fixture
def page(manager: PortManager) -> Iterator[TestClient]:
    with TestClient(Starlette(routes=instrument_routes(lambda: manager)), headers=HEADERS) as client:
        yield client


@pytest.fixture
def ready(page: TestClient, driver: FakeDriver) -> TestClient:
    """The port is open, the check-list confirmed, and nothing was sent since."""
    assert page.post("/instrument/open", json={"output": "UM-ONE"}).json()["open"]
    assert page.post("/instrument/confirm", json=CONFIRMED).json()["confirmed"]
    driver.devices[-1].sent.clear()
    return page


def _sent(driver: FakeDriver) -> list[bytes]:
    return [message for device in driver.devices for message in device.sent]


@pytest.mark.parametrize("name", POSTS)
@pytest.mark.parametrize("headers", [{}, {"X-Cartwright": "0"}, {"X-Cartwright": "", "Origin": "http://elsewhere"}])
def test_without_the_header_nothing_happens(
    manager: PortManager, driver: FakeDriver, name: str, headers: dict[str, str]
) -> None:
    client = TestClient(Starlette(routes=instrument_routes(lambda: manager)), headers=headers)
    answer = client.post(f"/instrument/{name}", json={})
    assert (answer.status_code, _sent(driver)) == (403, [])
    assert "X-Cartwright" in answer.json()["problem"]


@pytest.mark.parametrize("name", POSTS)
def test_a_browser_that_asks_for_another_site_is_not_let_in(page: TestClient, name: str) -> None:
    asked = {"Origin": "http://elsewhere", "Access-Control-Request-Headers": "x-cartwright"}
    answer = page.options(f"/instrument/{name}", headers=asked)
    assert answer.status_code == 405
    assert not [header for header in answer.headers if header.startswith("access-control")]
    assert page.get(f"/instrument/{name}").status_code == 405


def test_play_loads_the_voice_and_answers_with_the_first_note(ready: TestClient, driver: FakeDriver) -> None:
    answer = ready.post(f"/instrument/play/{VOICE}?category=clav&octave=1&velocity=1")
    assert (answer.status_code, answer.json()) == (200, {"started": True})
    first = phrase_of("clav").notes[0]
    assert _sent(driver)[:3] == [
        bytes([0xB0, 64, 0]),
        encode_voice_message(NAMELESS),
        bytes([0x90, first.note + 12, 127]),
    ]


def test_one_note_is_played_and_the_voice_not_sent_again(ready: TestClient, driver: FakeDriver) -> None:
    for note in (60, 64):
        assert ready.post(f"/instrument/play/{VOICE}?note={note}&velocity=90&held=0.05").json() == {"started": True}
    assert ready.post("/instrument/stop").json() == {"stopped": True}
    sent = _sent(driver)
    assert sent.count(encode_voice_message(NAMELESS)) == 1
    assert [message[1] for message in sent if message[0] == 0x90] == [60, 64]
    assert [message[2] for message in sent if message[0] == 0x90] == [90, 90]


def test_a_request_that_was_overtaken_on_its_way_does_nothing(ready: TestClient, driver: FakeDriver) -> None:
    assert ready.post(f"/instrument/play/{VOICE}?page=a&turn=8").json() == {"started": True}
    sent = len(_sent(driver))
    for late in (f"play/{VOICE}?page=a&turn=7", f"prepare/{VOICE}?page=a&turn=8", "stop?page=a&turn=7"):
        assert ready.post(f"/instrument/{late}").json()["replaced"]
    assert len(_sent(driver)) == sent
    assert ready.post("/instrument/stop?page=b&turn=1").json() == {"stopped": True}
    assert ready.post("/instrument/stop?page=a&turn=9").json() == {"stopped": True}
    assert ready.post("/instrument/stop?page=a&turn=x").status_code == 400


def test_prepare_loads_and_plays_nothing(ready: TestClient, driver: FakeDriver) -> None:
    assert ready.post(f"/instrument/prepare/{VOICE}").json() == {"loaded": True}
    assert [message[0] for message in _sent(driver)] == [0xB0, 0xF0]


def test_a_newer_request_is_told_of_to_the_older(ready: TestClient) -> None:
    answers: list[Any] = []
    threads = [
        threading.Thread(target=lambda: answers.append(ready.post(f"/instrument/play/{VOICE}").json()))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {"started": True} in answers
    assert all(answer == {"started": True} or answer["replaced"] for answer in answers)


def test_before_the_list_is_confirmed_only_panic_goes_out(page: TestClient, driver: FakeDriver) -> None:
    page.post("/instrument/open", json={"output": "UM-ONE"})
    page.post("/instrument/confirm", json={**CONFIRMED, "own_backup": False})
    answer = page.post(f"/instrument/play/{VOICE}").json()
    assert not answer["started"]
    assert "confirm: a backup of its 32 memories" in answer["problem"]
    assert _sent(driver) == []
    assert page.post("/instrument/panic").json() == {"silent": True}
    assert {message[0] for message in _sent(driver)} == {0x80, 0xB0}
    assert page.post("/instrument/panic?reset=1").json() == {"silent": True}
    assert _sent(driver)[-1] == bytes([0xB0, 127, 0])


def test_the_state_says_what_is_there_and_what_is_missing(page: TestClient, ready: TestClient) -> None:
    state = page.get("/instrument/state").json()["state"]
    assert state["outputs"] == ["UM-ONE", "Keystation"]
    assert (state["output"], state["source"], state["is_open"]) == ("UM-ONE", "UM-ONE", True)
    assert (state["problem"], state["missing"]) == (None, [])
    assert state["checklist"] == {"channel": 1, "sys_info": True, "unprotected": True, "backup": "own"}
    assert state["pacing"] == {"after_voice": 0.1, "after_bank": 0.3}
    answer = page.post("/instrument/confirm", json={"sys_info": False}).json()
    assert answer["state"]["missing"] == ["SYS INFO AVAIL"]
    answer = page.post("/instrument/pacing", json={"after_voice": 0.25}).json()
    assert answer["state"]["pacing"]["after_voice"] == 0.25


def test_a_port_that_is_not_there_is_a_problem_and_no_error(page: TestClient) -> None:
    answer = page.post("/instrument/open", json={"output": "Moon"})
    assert answer.status_code == 200
    assert answer.json()["problem"] == "Moon is not there; plug it in, or choose another port"
    answer = page.post("/instrument/open", json={"output": "tcp:10.0.0.1:22"})
    assert "is another machine" in answer.json()["problem"]
    assert page.post("/instrument/open", json={"output": None}).json()["open"]


@pytest.mark.parametrize(
    ("address", "sentence"),
    [
        ("play/%3Cb%3E", "is not base64url"),
        (f"play/{VOICE[:-4]}", "has 142 parameters, not 145"),
        ("play/" + "_" * 194, "is not written as it should be"),
        ("play/" + "_" * 193 + "w", "it must be 0 to 99"),
        (f"play/{VOICE}?category=kazoo", "no category 'kazoo'"),
        (f"play/{VOICE}?octave=3", "octave is 3; it must be -2 to 2"),
        (f"play/{VOICE}?velocity=-3", "velocity is -3; it must be -2 to 1"),
        (f"play/{VOICE}?note=128", "note is 128; it must be 0 to 127"),
        (f"play/{VOICE}?note=x", "note is 'x'"),
        (f"play/{VOICE}?note=60&velocity=0", "velocity is 0; it must be 1 to 127"),
        (f"play/{VOICE}?note=60&held=nan", "held is 'nan'; it must be seconds"),
        (f"play/{VOICE}?note=60&held=1e9", "held is '1e9'"),
        ("prepare/AAAA", "has 3 parameters, not 145"),
        ("backup?after=soon", "after must be a whole number"),
    ],
)
def test_a_bad_address_is_answered_with_a_sentence(
    ready: TestClient, driver: FakeDriver, address: str, sentence: str
) -> None:
    answer = ready.post(f"/instrument/{address}")
    assert answer.status_code == 400
    assert sentence in answer.json()["problem"]
    assert _sent(driver) == []


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("open", b"{", "is not JSON"),
        ("open", b"\xff", "is not JSON"),
        ("open", b"[" * 60_000, "is not JSON"),
        ("open", b"[]", "must be a JSON object of output, input"),
        ("open", b'{"port": "UM-ONE"}', "must be a JSON object of output, input"),
        ("open", b'{"output": 1}', "output cannot be 1"),
        ("open", b" " * (LONGEST_BODY + 1), f"longer than {LONGEST_BODY}"),
        ("confirm", b'{"channel": 17}', "channels run from 1 to 16, not 17"),
        ("confirm", b'{"channel": true}', "channel cannot be True"),
        ("confirm", b'{"sys_info": 1}', "sys_info cannot be 1"),
        ("pacing", b'{"after_voice": 99}', "a pause is 0 to 5 seconds"),
        ("pacing", b'{"after_voice": NaN}', "a pause is 0 to 5 seconds"),
        ("bank", b"{}", "a bank has 32 voices, not 0"),
        ("bank", b'{"voices": [%s]}' % b",".join([b"1"] * 32), "an object with the texts voice and name"),
    ],
)
def test_a_bad_body_is_answered_with_a_sentence(
    ready: TestClient, driver: FakeDriver, name: str, body: bytes, sentence: str
) -> None:
    answer = ready.post(f"/instrument/{name}", content=body)
    assert answer.status_code == 400
    assert sentence in answer.json()["problem"]
    assert _sent(driver) == []


def _rows(voices: list[Voice]) -> list[dict[str, str]]:
    return [{"voice": encode_voice(voice), "name": voice.name} for voice in voices]


def test_a_bank_goes_out_only_with_the_words(ready: TestClient, driver: FakeDriver) -> None:
    voices = [INIT_VOICE.replace(name=f"BANK {number}", feedback=number % 8) for number in range(32)]
    for confirmation in ("", "yes", BANK_CONFIRMATION.upper()):
        answer = ready.post("/instrument/bank", json={"voices": _rows(voices), "confirmation": confirmation}).json()
        assert BANK_CONFIRMATION in answer["problem"]
    assert _sent(driver) == []
    answer = ready.post("/instrument/bank", json={"voices": _rows(voices), "confirmation": BANK_CONFIRMATION}).json()
    assert answer == {"sent": True}
    assert _sent(driver)[-1] == encode_bank_message(voices)


def test_a_name_that_a_dx7_cannot_show_is_refused(ready: TestClient, driver: FakeDriver) -> None:
    rows = [*_rows([INIT_VOICE] * 31), {"voice": VOICE, "name": "<b>too long</b>"}]
    answer = ready.post("/instrument/bank", json={"voices": rows, "confirmation": BANK_CONFIRMATION})
    assert answer.status_code == 400
    assert "at most 10" in answer.json()["problem"]
    assert _sent(driver) == []


def test_a_backup_that_has_not_come_is_told_soon(ready: TestClient) -> None:
    begin = time.monotonic()
    answer = ready.post("/instrument/backup").json()
    assert (answer["received"], answer["waiting"], answer["arrivals"]) == (False, True, 0)
    assert time.monotonic() - begin < 8


def test_a_backup_is_received_through_the_route(tmp_path: Path, bank_bytes: bytes) -> None:
    manager = PortManager(backups=tmp_path / "backups", memory=tmp_path / "memory.json")
    page = TestClient(Starlette(routes=instrument_routes(lambda: manager)), headers=HEADERS)
    with running_mk1() as dx7:
        dx7.tell(set={"memory": bank_bytes[6:-2].hex()})
        assert page.post("/instrument/open", json={"output": dx7.name}).json()["open"]
        pressed = threading.Timer(0.3, lambda: dx7.tell(dump="bank"))
        pressed.start()
        answer = page.post("/instrument/backup").json()
        pressed.join()
        if answer["received"] is False:  # a slow machine; it is told of what came between two requests
            answer = page.post(f"/instrument/backup?after={answer['arrivals']}").json()
        assert (answer["received"], answer["arrivals"]) == (True, 1)
        assert page.post("/instrument/backup?after=0").json()["received"]
        assert page.post("/instrument/backup?after=1").json()["waiting"]
        name = answer["state"]["checklist"]["backup"]
        assert (tmp_path / "backups" / name).read_bytes() == bank_bytes
        manager.close()


@pytest.fixture
def bank_bytes() -> bytes:
    return encode_bank_message([INIT_VOICE.replace(name=f"OLD {number}") for number in range(32)])


def test_a_manager_that_cannot_be_made_is_a_problem_of_each_request() -> None:
    def none() -> PortManager:
        raise MidiError("CARTWRIGHT_MIDI names 'x'")

    client = TestClient(Starlette(routes=instrument_routes(none)), headers=HEADERS)
    assert client.get("/instrument/state").json() == {"problem": "CARTWRIGHT_MIDI names 'x'"}
    assert client.post("/instrument/panic").json() == {"problem": "CARTWRIGHT_MIDI names 'x'"}


@pytest.mark.parametrize("text", ["UM-ONE", "tcp:10.0.0.5", "tcp:10.0.0.5:9000,x"])
def test_addresses_at_the_start_must_be_addresses(text: str) -> None:
    with pytest.raises(MidiError, match="write tcp:HOST:PORT"):
        named_addresses(text)


def test_nobody_asks_for_a_manager_before_it_is_needed() -> None:
    def never() -> PortManager:
        raise AssertionError("asked for")

    make: Callable[[], PortManager] = never
    assert len(instrument_routes(make)) == len(POSTS) + 1
