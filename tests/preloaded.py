"""Run programs in children of a process that has imported their modules, so that tests do not wait for imports."""

from __future__ import annotations

import atexit
import json
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

_SERVER = """
import importlib, json, os, sys, traceback

for module in sys.argv[1:]:
    importlib.import_module(module)
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        for number, name in ((0, os.devnull), (1, job["out"]), (2, job["err"])):
            os.dup2(os.open(name, os.O_RDWR | os.O_CREAT), number)
        sys.argv = ["-c", *job["arguments"]]
        code = 0
        try:
            exec(compile(job["code"], "<program>", "exec"), {"__name__": "__main__"})
        except SystemExit as end:
            code = end.code or 0
            if not isinstance(code, int):
                print(code, file=sys.stderr)
                code = 1
        except BaseException:
            traceback.print_exc()
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


class Preloaded:
    """A process with some modules imported. Each program runs in a fork of it."""

    def __init__(self, *modules: str) -> None:
        self._server = subprocess.Popen(
            [sys.executable, "-c", _SERVER, *modules],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=Path(__file__).parents[1],
            text=True,
        )
        atexit.register(self._server.communicate)

    def run(self, code: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        """Run a program as ``python -c`` would; a negative return code is the signal that killed it."""
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        with tempfile.TemporaryDirectory() as folder:
            out, err = Path(folder, "out"), Path(folder, "err")
            job = {"code": code, "arguments": [str(each) for each in arguments], "out": str(out), "err": str(err)}
            self._server.stdin.write(json.dumps(job) + "\n")
            self._server.stdin.flush()
            code_text = self._server.stdout.readline()
            return subprocess.CompletedProcess(job["arguments"], int(code_text), out.read_text(), err.read_text())


@cache
def preloaded(*modules: str) -> Preloaded:
    """The process for some modules; one per test session."""
    return Preloaded(*modules)
