"""Ports that come and go, on a driver of our own."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from dx7.errors import MidiError
from dx7.hardware.link import Link
from dx7.hardware.port_manager import PortManager
from dx7.hardware.ports import Input, Port
from dx7.sound.phrases import make_phrase
from dx7.voices.voice import INIT_VOICE

NO_MIDI = "this machine has no MIDI"


class Device:
    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.closed = False
        self.is_broken = False

    def send(self, message: bytes) -> None:
        if self.is_broken:
            raise OSError("unplugged")
        self.sent.append(message)

    def receive(self) -> bytes:
        return b""

    def close(self) -> None:
        self.closed = True


class FakeDriver:
    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.input_names = list(names)
        self.has_midi = True
        self.is_held = False
        self.looks = 0
        self.devices: list[Device] = []

    def outputs(self) -> list[str]:
        self.looks += 1
        if not self.has_midi:
            raise MidiError(NO_MIDI)
        return list(self.names)

    def inputs(self) -> list[str]:
        return list(self.input_names)

    def open(self, output: str, source: str | None) -> tuple[Port, Input | None]:
        if self.is_held:
            raise MidiError("does another program hold it?")
        device = Device()
        self.devices.append(device)
        return Port(device, output), Input(device, source) if source else None


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def _link(driver: FakeDriver, clock: Callable[[], float], *allowed: str) -> Link:
    link = Link(driver, allowed=allowed, clock=clock)
    link.look()
    return link


def test_a_port_is_opened_with_its_matching_input(clock: Clock) -> None:
    link = _link(FakeDriver("UM-ONE", "Keystation"), clock)
    link.choose("UM-ONE")
    assert link.look()
    assert (link.port and link.port.name, link.input and link.input.name, link.problem) == ("UM-ONE", "UM-ONE", None)
    clock.now = 10
    assert not link.look()


def test_another_input_can_be_named(clock: Clock) -> None:
    link = _link(FakeDriver("UM-ONE", "Keystation"), clock)
    link.choose("UM-ONE", "Keystation")
    link.look()
    assert link.input is not None
    assert link.input.name == "Keystation"


def test_a_port_without_an_input_is_opened_and_the_input_taken_when_it_comes(clock: Clock) -> None:
    driver = FakeDriver("UM-ONE")
    driver.input_names = []
    link = _link(driver, clock)
    link.choose("UM-ONE")
    link.look()
    assert link.port is not None
    assert link.input is None
    driver.input_names = ["UM-ONE"]
    clock.now += 1
    assert link.look()
    assert link.input is not None


def test_a_port_that_is_unplugged_is_closed_and_opened_again_when_it_is_back(clock: Clock) -> None:
    driver = FakeDriver("UM-ONE")
    link = _link(driver, clock)
    link.choose("UM-ONE")
    link.look()
    driver.names.clear()
    clock.now += 1
    assert not link.look()
    assert driver.devices[0].closed
    assert link.problem == "UM-ONE is not there; plug it in, or choose another port"
    driver.names.append("UM-ONE")
    clock.now += 1
    assert link.look()
    assert (len(driver.devices), link.problem) == (2, None)


def test_a_port_that_another_program_holds_is_opened_when_it_lets_go(clock: Clock) -> None:
    driver = FakeDriver("UM-ONE")
    driver.is_held = True
    link = _link(driver, clock)
    link.choose("UM-ONE")
    assert not link.look()
    assert "another program" in str(link.problem)
    driver.is_held = False
    clock.now += 1
    assert link.look()
    assert link.problem is None


def test_a_machine_without_midi_is_a_state_and_seldom_asked(clock: Clock) -> None:
    driver = FakeDriver()
    driver.has_midi = False
    link = _link(driver, clock)
    assert (link.problem, link.outputs) == (NO_MIDI, ())
    for _ in range(40):
        clock.now += 0.25
        link.look()
    assert driver.looks == 3


def test_ports_are_listed_once_a_second_not_more(clock: Clock) -> None:
    driver = FakeDriver("UM-ONE")
    link = _link(driver, clock)
    for _ in range(40):
        clock.now += 0.25
        link.look()
    assert driver.looks == 11


@pytest.mark.parametrize("name", ["tcp:127.0.0.1:9000", "tcp:localhost:9000", "tcp:[::1]:9000", "tcp:10.0.0.5:9000"])
def test_this_machine_and_named_addresses_may_be_opened(clock: Clock, name: str) -> None:
    link = _link(FakeDriver(), clock, "tcp:10.0.0.5:9000")
    link.choose(name)
    assert link.look()


@pytest.mark.parametrize("name", ["tcp:10.0.0.6:9000", "tcp:example.org:22"])
def test_another_machine_that_nobody_named_is_refused(clock: Clock, name: str) -> None:
    driver = FakeDriver()
    with pytest.raises(MidiError, match="name it in CARTWRIGHT_MIDI"):
        _link(driver, clock, "tcp:10.0.0.5:9000").choose(name)
    assert driver.devices == []


@pytest.mark.parametrize("name", ["tcp:", "tcp:9000", "tcp:host:", "tcp:host:x", "tcp:host:0", "tcp:host:65536"])
def test_an_address_that_is_none_is_refused(clock: Clock, name: str) -> None:
    with pytest.raises(MidiError, match="write tcp:HOST:PORT"):
        _link(FakeDriver(), clock).choose(name)


def test_the_manager_takes_a_port_that_fails_in_mid_phrase_back_when_it_works(tmp_path: Path) -> None:
    driver = FakeDriver("UM-ONE")
    manager = PortManager(backups=tmp_path, memory=tmp_path / "memory.json", driver=driver, look_every=0.02)
    assert manager.open("UM-ONE").result(5).done
    manager.confirm(channel=1, sys_info=True, unprotected=True, own_backup=True).result(5)
    driver.devices[-1].is_broken = True
    outcome = manager.play(INIT_VOICE, make_phrase((60,), 0.05)).result(5)
    assert "is it still plugged in" in str(outcome.problem)
    while not manager.state().is_open:
        time.sleep(0.01)
    assert manager.play(INIT_VOICE, make_phrase((60,), 0.05)).result(5).done
    assert len(driver.devices) == 2
    manager.close()
    assert all(device.closed for device in driver.devices)
    assert driver.devices[1].sent[-1] == bytes([0xB0, 123, 0])


def test_without_midi_the_manager_answers_with_a_sentence(tmp_path: Path) -> None:
    driver = FakeDriver()
    driver.has_midi = False
    manager = PortManager(backups=tmp_path, memory=tmp_path / "memory.json", driver=driver)
    for outcome in (manager.play(INIT_VOICE, make_phrase((60,), 0.05)).result(5), manager.panic().result(5)):
        assert outcome.problem == NO_MIDI
    assert manager.state().problem == NO_MIDI
    manager.close()


def test_a_bank_is_kept_from_a_driver_that_loses_long_messages(tmp_path: Path) -> None:
    class Linux(FakeDriver):
        def open(self, output: str, source: str | None) -> tuple[Port, Input | None]:
            self.devices.append(Device())
            return Port(self.devices[-1], output, takes_banks=False), None

    driver = Linux("UM-ONE")
    manager = PortManager(backups=tmp_path, memory=tmp_path / "memory.json", driver=driver)
    manager.open("UM-ONE").result(5)
    manager.confirm(channel=1, sys_info=True, unprotected=True, own_backup=True).result(5)
    words = "overwrite the 32 memories"
    assert "may damage a message" in str(manager.send_bank([INIT_VOICE] * 32, confirmation=words).result(5).problem)
    assert max(map(len, driver.devices[0].sent)) == 3
    assert manager.send_bank([INIT_VOICE] * 32, confirmation=words, trust_driver=True).result(5).done
    assert max(map(len, driver.devices[0].sent)) == 4104
    manager.close()
