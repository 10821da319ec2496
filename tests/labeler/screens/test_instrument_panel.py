"""The panel of a DX7 in a real browser: by keys and clicks, from nothing to a note on a DX7 in another process."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from dx7.formats.messages import encode_bank_message
from dx7.hardware.port_manager import PortManager
from dx7.voices.voice import INIT_VOICE
from tests.dx7.test_link import FakeDriver
from tests.labeler.panel_page import panel_server
from tests.mk1_process import running_mk1

pytestmark = pytest.mark.browser

BANK = encode_bank_message([INIT_VOICE.replace(name=f"OLD {n}") for n in range(32)])


class Panel:
    def __init__(self, page: Page) -> None:
        self.page = page

    def at(self, name: str) -> Any:
        return self.page.locator(f"[data-id={name}]")

    def says(self, words: str) -> None:
        expect(self.at("status")).to_contain_text(words)


@pytest.fixture
def driver() -> FakeDriver:
    return FakeDriver("UM-ONE", "<b>Keystation</b>")


@pytest.fixture
def panel(browser: Browser, driver: FakeDriver, tmp_path: Path) -> Iterator[Panel]:
    """On a machine with two interfaces that are no DX7."""
    manager = PortManager(backups=tmp_path / "backups", memory=tmp_path / "m.json", driver=driver, look_every=0.1)
    yield from _panel(browser, manager)


@pytest.fixture
def bare(browser: Browser, tmp_path: Path) -> Iterator[Panel]:
    """On this machine as it is."""
    yield from _panel(browser, PortManager(backups=tmp_path / "backups", memory=tmp_path / "m.json", look_every=0.1))


def _panel(browser: Browser, manager: PortManager) -> Iterator[Panel]:
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    with panel_server(manager) as url:
        page.goto(url)
        yield Panel(page)
        context.close()
    manager.close()
    assert errors == []


def test_from_nothing_to_a_test_note_with_a_backup_from_the_panel(bare: Panel, tmp_path: Path) -> None:
    with running_mk1() as dx7:
        dx7.tell(set={"memory": BANK[6:-2].hex()}, sensing=True)
        expect(bare.at("channel")).to_be_disabled()
        bare.at("address").fill(dx7.name)
        bare.page.keyboard.press("Enter")
        bare.says("Nothing is sent before you confirm: the receive channel")
        bare.at("channel").select_option("1")
        bare.page.keyboard.press("3")
        bare.page.keyboard.press("4")
        bare.says("Nothing is sent before you confirm: a backup of its 32 memories.")
        expect(bare.at("test")).to_be_disabled()
        bare.page.keyboard.press("b")
        expect(bare.at("waiting")).to_contain_text("Press the five buttons now")
        assert dx7.settle()["received"] == 0
        dx7.tell(dump="bank")
        bare.says("Ready: tcp:127.0.0.1")
        expect(bare.at("saved")).to_contain_text("Saved as dx7-")
        (saved,) = (tmp_path / "backups").iterdir()
        assert saved.read_bytes() == BANK
        expect(bare.at("heard")).to_be_visible()
        bare.page.keyboard.press("t")
        expect(bare.at("asked")).to_be_visible()
        dx7.wait(lambda state: [note for _, note, _ in state["played"]] == [60])
        bare.page.keyboard.press("n")
        expect(bare.at("help")).to_contain_text("MEMORY PROTECTED: step 4 again")
        bare.page.keyboard.press("t")
        expect(bare.at("asked")).to_be_visible()
        bare.page.keyboard.press("y")
        expect(bare.at("notice")).to_contain_text("The DX7 is ready")
        panics = dx7.settle()["panics"]
        bare.page.keyboard.press("Escape")
        dx7.wait(lambda state: state["panics"] == panics + 1)
        assert dx7.settle()["notes"] == []
        dx7.tell(sensing=False)
        expect(bare.at("notice")).to_contain_text("fallen silent", timeout=10_000)
        bare.says("Nothing is sent before you confirm: SYS INFO AVAIL, MEM PROTECT INTERNAL off.")


def test_a_machine_without_midi_says_so(panel: Panel, driver: FakeDriver) -> None:
    driver.has_midi = False
    panel.says("This machine has no MIDI.")
    expect(panel.at("panic")).to_be_disabled()


def test_interfaces_come_and_go_while_one_looks(panel: Panel, driver: FakeDriver) -> None:
    panel.at("output").select_option("UM-ONE")
    expect(panel.at("port")).to_have_class("done")
    driver.names.remove("UM-ONE")
    panel.says("UM-ONE is not there; plug it in, or choose another port.")
    driver.names.append("UM-ONE")
    panel.says("Nothing is sent before you confirm")


def test_names_of_ports_are_text(panel: Panel) -> None:
    panel.at("output").select_option("<b>Keystation</b>")
    panel.says("Nothing is sent")
    panel.page.locator("[data-id=own_backup]").check()
    assert panel.page.locator(".instrument b b, .instrument option b").count() == 0


def test_the_pause_and_another_input_are_set(panel: Panel, driver: FakeDriver) -> None:
    panel.at("output").select_option("UM-ONE")
    expect(panel.at("input")).to_have_value("UM-ONE")
    panel.at("input").select_option("<b>Keystation</b>")
    expect(panel.at("port")).to_have_class("done")
    panel.at("after_voice").fill("250")
    panel.page.keyboard.press("Enter")
    panel.page.reload()
    expect(panel.at("after_voice")).to_have_value("250")
    expect(panel.at("input")).to_have_value("<b>Keystation</b>")
    assert [message for device in driver.devices for message in device.sent] == []


def test_this_computers_midi_is_asked_for_by_a_key_and_confirmed_alike(panel: Panel) -> None:
    panel.page.keyboard.press("w")
    panel.says("Connect the MIDI of this computer first.")
    panel.page.keyboard.press("c")
    panel.says("Choose the MIDI port of your DX7 first.")
    expect(panel.at("address")).to_be_hidden()
    panel.at("output").select_option("UM-ONE")
    panel.at("channel").select_option("3")
    for key in "34h":
        panel.page.keyboard.press(key)
    panel.says("Ready: UM-ONE, channel 3")
    panel.page.wait_for_timeout(300)
    panel.page.evaluate("sent.length = 0")
    panel.page.keyboard.press("Escape")
    panel.page.wait_for_function("sent.at(-1)?.bytes.join() === '178,123,0'")
    panel.page.reload()
    expect(panel.page.locator("[data-do=web_midi]")).to_have_attribute("aria-pressed", "true")
    panel.page.keyboard.press("c")
    panel.says("Ready: UM-ONE, channel 3")


def test_a_key_is_not_taken_while_somebody_types(panel: Panel) -> None:
    panel.at("address").click()
    panel.page.keyboard.type("wct")
    expect(panel.page.locator("[data-do=dx7]")).to_have_attribute("aria-pressed", "true")
    expect(panel.at("address")).to_have_value("wct")
