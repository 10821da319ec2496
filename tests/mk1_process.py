"""Starting the DX7 of ``tests/mk1.py`` beside a test, and asking it. A byte it should never be sent fails the test."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


class Mk1Process:
    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout is not None
        self.process = process
        self.midi_port, control_port = json.loads(process.stdout.readline())
        self._talk = socket.create_connection(("127.0.0.1", control_port), timeout=20)
        self._answers = self._talk.makefile("r")

    @property
    def name(self) -> str:
        """The name under which Cartwright opens it."""
        return f"tcp:127.0.0.1:{self.midi_port}"

    def close(self) -> None:
        self._answers.close()
        self._talk.close()
        self.process.kill()

    def tell(self, **order: Any) -> dict[str, Any]:
        self._talk.sendall(json.dumps(order).encode() + b"\n")
        answer: dict[str, Any] = json.loads(self._answers.readline())
        return answer

    def state(self) -> dict[str, Any]:
        return self.tell()

    def wait(self, is_so: Callable[[dict[str, Any]], bool], seconds: float = 20) -> dict[str, Any]:
        end = time.monotonic() + seconds
        while not is_so(state := self.state()):
            assert time.monotonic() < end, f"it never came to that: {state}"
            time.sleep(0.02)
        return state

    def settle(self) -> dict[str, Any]:
        """The state when everything on its way has arrived and was dealt with."""
        before = -1
        while (state := self.state())["received"] != before or state["waiting"]:
            before = state["received"]
            time.sleep(0.1)
        return state


@contextmanager
def running_mk1() -> Iterator[Mk1Process]:
    """A DX7 to be sent to. Leaving the block fails if it was ever sent what it should not be."""
    command = [sys.executable, "-m", "tests.mk1"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        dx7 = Mk1Process(process)
        try:
            yield dx7
            failures = dx7.settle()["failures"]
        finally:
            dx7.close()
    assert failures == [], f"the DX7 was sent what it should never get: {failures}"
