"""The check of a store: silent about a sound one, and each kind of damage found."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.commands.cli import app
from corpus.ingest.ingest import ingest_files
from corpus.storage.check import _QUERIES, check_store
from corpus.storage.store import open_store
from dx7.errors import StoreError


@pytest.fixture(scope="module")
def sound(
    tmp_path_factory: pytest.TempPathFactory, make_bank: Callable[..., bytes], make_zip: Callable[..., bytes]
) -> Path:
    tmp_path = tmp_path_factory.mktemp("sound")
    store = tmp_path / "store.duckdb"
    members = {"one.syx": make_bank(1, 2, 3), "copy.syx": make_bank(1, 2, 3), "no.txt": b"no bank"}
    (tmp_path / "banks.zip").write_bytes(make_zip(members))
    (tmp_path / "two.syx").write_bytes(b"junk" + make_bank(3, 4) + make_bank(5))
    ingest_files([tmp_path / "banks.zip", tmp_path / "two.syx"], store)
    with open_store(store) as connection:
        connection.execute("INSERT INTO health SELECT voice_id, 'silent' FROM voices")
        connection.execute("INSERT INTO hearings SELECT voice_id, 'engine', 1, [] FROM voices")
        connection.execute("INSERT INTO families SELECT voice_id, voice_id, '', '' FROM voices")
        connection.execute("INSERT INTO relatives SELECT min(voice_id), max(voice_id), 1, 0 FROM voices")
        connection.execute(
            "INSERT INTO answers (event, labeller, answered, voice_id, answer, categories)"
            " VALUES ('e', 'anna', now()::TIMESTAMP, 'elsewhere', 'skip', [])"
        )
    return store


@pytest.fixture
def filled(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path))


def run(*arguments: str | Path) -> tuple[int, str, object]:
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    return result.exit_code, result.stdout, result.exception


@pytest.mark.parametrize("every_file", [False, True])
def test_a_sound_store_has_no_findings(filled: Path, every_file: bool) -> None:
    told: list[tuple[int, int]] = []
    with open_store(filled, read_only=True) as connection:
        progress = lambda done, of: told.append((done, of))  # noqa: E731
        checked = check_store(connection, every_file=every_file, progress=progress)
    assert checked.findings == ()
    assert (checked.files, checked.slots, checked.voices, checked.rebuilt) == (3, 96, 6, 2)
    assert told == [(2, 2)]


DAMAGES = [
    ("INSERT INTO files SELECT * FROM files LIMIT 1", "duplicate files"),
    ("INSERT INTO slots SELECT * FROM slots LIMIT 1", "duplicate slots"),
    ("INSERT INTO raw_voices SELECT * FROM raw_voices LIMIT 1", "duplicate raw_voices"),
    ("INSERT INTO voices SELECT * FROM voices LIMIT 1", "duplicate voices"),
    ("DELETE FROM slots WHERE slot = 5", "files with missing or misnumbered slots"),
    ("UPDATE slots SET slot = slot + 1", "files with missing or misnumbered slots"),
    ("UPDATE files SET rejection = 'empty' WHERE voices > 0", "rejected files with voices"),
    ("DELETE FROM files WHERE voices > 40", "slots of missing files"),
    ("DELETE FROM raw_voices", "slots of missing raw_voices"),
    ("DELETE FROM voices", "slots of missing voices"),
    ("UPDATE slots SET voice_id = (SELECT max(voice_id) FROM voices)", "slots whose voice is not that of their bytes"),
    ("DELETE FROM voices", "raw_voices of missing voices"),
    ("DELETE FROM slots", "raw_voices in no slot"),
    ("DELETE FROM slots", "voices in no slot"),
    ("UPDATE raw_voices SET raw = '\\x00'::BLOB", "raw_voices whose bytes do not match their SHA"),
    ("UPDATE file_paths SET file_sha = 'x'", "file_paths of missing files"),
    ("DELETE FROM file_paths", "files without a path"),
    ("INSERT INTO file_issues VALUES ('x', 'junk', '', 0, 0)", "file_issues of missing files"),
    ("INSERT INTO file_warnings VALUES ('x', 'junk', 1)", "file_warnings of missing files"),
    ("INSERT INTO supplements VALUES ('x', 'acd', 0, '')", "supplements of missing files"),
    ("INSERT INTO rejected_voices VALUES ('x', 0, 128, 'why')", "rejected_voices of missing files"),
    ("INSERT INTO voice_repairs VALUES ('x', 'algorithm', 9)", "voice_repairs of missing raw_voices"),
    ("INSERT INTO opinions VALUES ('x', 'brass', 1, 'ear')", "opinions of missing voices"),
    ("INSERT INTO opinions SELECT voice_id, 'brass', 1, 'ear' FROM voices, range(2)", "duplicate opinions"),
    ("INSERT INTO suggestions VALUES ('x', 'brass', 1, 'name_rule')", "suggestions of missing voices"),
    ("INSERT INTO hearings VALUES ('x', 'engine', 1, [])", "hearings of missing voices"),
    ("INSERT INTO sound_map VALUES ('x', 0, 0, false)", "sound_map of missing voices"),
    ("INSERT INTO sound_map SELECT v.voice_id, 0, 0, false FROM voices v, range(2)", "duplicate sound_map"),
    ("INSERT INTO health VALUES ('x', 'silent')", "health of missing voices"),
    ("INSERT INTO health SELECT * FROM health", "duplicate health"),
    ("UPDATE relatives SET voice_id = 'x'", "relatives of missing voices"),
    ("UPDATE relatives SET relative_id = 'x'", "relatives of missing voices"),
    ("UPDATE relatives SET relative_id = voice_id, voice_id = relative_id", "relatives in the wrong order"),
    ("INSERT INTO families VALUES ('x', 'x', '', '')", "families of missing voices"),
    ("INSERT INTO families SELECT * FROM families", "duplicate families"),
    ("UPDATE voices SET algorithm = 31 - algorithm", "voices whose parameters do not match their id"),
    ("UPDATE files SET content = ''", "files that cannot be rebuilt"),
    ("UPDATE slots SET byte_offset = byte_offset + 1", "files that cannot be rebuilt"),
]


@pytest.mark.parametrize(("damage", "what"), DAMAGES, ids=[what for _, what in DAMAGES])
def test_each_damage_is_found(filled: Path, damage: str, what: str) -> None:
    with open_store(filled) as connection:
        connection.execute(damage)
        found = [
            finding for finding in check_store(connection, every_file=True).findings if finding.what.startswith(what)
        ]
    assert len(found) == 1
    assert found[0].count > 0
    assert found[0].example
    assert "python -m corpus" in found[0].remedy


def test_every_query_has_a_damage() -> None:
    told = [what for _, what in DAMAGES]
    assert [what for what, _, _ in _QUERIES if not any(what.startswith(each) for each in told)] == []


def test_the_command(filled: Path) -> None:
    code, out, _ = run("check", "--store", filled)
    assert code == 0
    assert re.search("3 files, 96 slots, 6 voices checked, 2 files rebuilt\nthe store is sound", out)
    with open_store(filled) as connection:
        connection.execute("INSERT INTO health VALUES ('x', 'silent')")
    code, out, error = run("check", "--all", "--store", filled, "--json")
    assert code == 1
    assert isinstance(error, StoreError)
    assert json.loads(out)["findings"] == [
        {
            "what": "health of missing voices",
            "count": 1,
            "example": "x",
            "remedy": "run python -m corpus health",
        }
    ]
