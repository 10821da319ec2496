"""A real server and a real browser, for tests of what a person sees and hears."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, sync_playwright

from corpus.labels.answer import Answer
from corpus.labels.journal import read_journals

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
]
WEB_MIDI_STUB = Path(__file__).with_name("web_midi_stub.js").read_text(encoding="utf-8")
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")


@dataclass
class Server:
    """The labeller as a user starts it."""

    process: subprocess.Popen[bytes]
    port: int
    labels: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def answers(self) -> list[Answer]:
        return list(read_journals(self.labels).answers)


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def start_server(folder: Path, store: Path, port: int | None = None) -> Server:
    """The labeller on a store, as Anna starts it, with ``folder`` for its data."""
    port = port or free_port()
    command = ["-m", "labeler", "--store", str(store), "--labeller", "anna", "--port", str(port)]
    return _start(command, folder, port)


@contextmanager
def serving(folder: Path, store: Path) -> Iterator[Server]:
    """The same, ended at the end."""
    server = start_server(folder, store)
    try:
        yield server
    finally:
        stop(server)


@contextmanager
def serving_page(folder: Path, script: str) -> Iterator[Server]:
    """A Streamlit page of a test's own, with the routes of the labeller beside it."""
    (folder / "page.py").write_text(script)
    (folder / "server.py").write_text(
        "import streamlit as st\nfrom labeler.audio.audio_routes import AUDIO_ROUTES\n"
        "from labeler.page.components import FRONT_ROUTES\n"
        "from pathlib import Path\n"
        "app = st.App(Path(__file__).with_name('page.py'), routes=[*AUDIO_ROUTES, *FRONT_ROUTES])\n"
    )
    port = free_port()
    options = ["--server.address=127.0.0.1", f"--server.port={port}", "--server.headless=true"]
    server = _start(["-m", "streamlit", "run", str(folder / "server.py"), *options], folder, port)
    try:
        yield server
    finally:
        stop(server)


def stop(server: Server) -> None:
    """End a server as Ctrl-C would."""
    server.process.terminate()
    server.process.wait(10)


def _start(command: list[str], folder: Path, port: int) -> Server:
    process = subprocess.Popen(
        [sys.executable, *command],
        env=os.environ | {"CARTWRIGHT_DATA": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    server = Server(process, port, folder / "labels")
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(server.url + "_stcore/health", timeout=1):  # noqa: S310
                return server
        except OSError:
            assert process.poll() is None, "the labeller ended at once"
            time.sleep(0.1)
    raise AssertionError("the labeller did not answer within a minute")


@contextmanager
def launch_browser() -> Iterator[Browser]:
    """Chromium; without one the test is skipped, but not where CI demands it."""
    with sync_playwright() as playwright:
        found = next(filter(None, map(shutil.which, NAMES)), None)
        try:
            browser = playwright.chromium.launch(executable_path=found, args=ARGUMENTS)
        except Error as error:
            if "CI" in os.environ:
                pytest.fail(f"CI must have a Chromium: {error}")
            pytest.skip("no Chromium here; playwright install chromium would get one")
        yield browser
        browser.close()
