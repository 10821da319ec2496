"""What commands print: whatever a stranger's file is called, the terminal only ever shows it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dx7.commands.console import print_error, print_json, print_table, print_text
from dx7.formats.files import write_cartridge
from dx7.voices.voice import INIT_VOICE

HOSTILE = "a\x1b[31m\x07\r\x9b2J\x7f\u202e\udce9<b>[bold]¥"
SHOWN = r"a\x1b[31m\x07\r\x9b2J\x7f\u202e\udce9<b>[bold]¥"


def test_text_tables_and_errors_show_what_would_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_text(HOSTILE)
    print_table([{"file": HOSTILE}], title="banks")
    print_error(HOSTILE)
    printed = capsys.readouterr()
    assert printed.out.count(SHOWN) == 2
    assert SHOWN in printed.err
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]", printed.out + printed.err)


def test_json_escapes_it_and_gives_it_back(capsys: pytest.CaptureFixture[str]) -> None:
    print_json({"file": HOSTILE})
    printed = capsys.readouterr().out
    assert printed.isprintable() or set(filter(lambda c: not c.isprintable(), printed)) == {"\n"}
    assert json.loads(printed) == {"file": HOSTILE}


@pytest.mark.skipif(sys.platform == "darwin", reason="its file systems refuse names that are not UTF-8")
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_file_name_that_is_no_text_and_a_poor_terminal_are_no_reason_to_fail(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / os.fsdecode(b"caf\xe9\x1b.syx")
    write_cartridge(path, [INIT_VOICE.replace(name="A¥→")] * 32)
    for options in ([], ["--json"]):
        done = subprocess.run(
            [sys.executable, "-m", "dx7", "inspect", str(path), *options],
            capture_output=True,
            check=False,
            env=os.environ | {"PYTHONIOENCODING": encoding},
        )
        assert (done.returncode, done.stderr) == (0, b"")
        assert b"\x1b" not in done.stdout
        text = done.stdout.decode(encoding)
        assert not options or json.loads(text.replace("\\xa5", "¥"))["voices"] == 32


def test_a_reader_who_has_seen_enough_is_no_failure(tmp_path: Path) -> None:
    path = tmp_path / "many.syx"
    path.write_bytes(INIT_VOICE.packed * 4096)
    command = [sys.executable, "-m", "dx7", "inspect", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as done:
        assert done.stdout is not None
        assert done.stderr is not None
        done.stdout.readline()
        done.stdout.close()
        assert (done.wait(timeout=60), done.stderr.read()) == (0, b"")
