"""Scraping from a real server on loopback that does everything a web server can do wrong."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.sources.found_file import FoundFile
from corpus.sources.input_files import walk_sources
from corpus.sources.manifest import STATE_FOLDER
from tests.corpus.website import (
    ROOT,
    Handler,
    Site,
    answer,
    command,
    file,
    lines,
    name_of,
    noise,
    page,
    redirect,
    scrape,
    slow_file,
    stored,
)


@pytest.fixture
def other(make_bank: Callable[..., bytes]) -> bytes:
    return make_bank(4, 5, 6)


def test_everything_a_server_can_do_wrong(site: Site, tmp_path: Path, bank: bytes, other: bytes, make_zip: Any) -> None:
    archive = make_zip({"Brass/one.syx": bank})
    evil = Site()
    evil.pages["/stolen.syx"] = file(bank)
    site.pages |= {
        "/robots.txt": file(b"User-agent: *\nDisallow: /dx7/private/\n", "text/plain"),
        "/dx7/": page(
            "rom1a.syx",
            "same.syx",
            "all.zip",
            "broken.zip",
            "sub/",
            "gone.syx",
            "private/x.syx",
            "moved.syx",
            "away.syx",
            "loop1",
            f"{evil.url}/stolen.syx",
            "/elsewhere/x.syx",
            "short.syx",
            "long.syx",
            "notes.txt",
            "logo.png",
            "hidden",
            "photo",
            "piece.syx",
            "%2e%2e/%2e%2e/etc/passwd",
            "..%5c..%5cup.syx",
            "javascript:alert(1)",
            "mailto:a@b.c",
            "http://[bad",
            "odd%00name.syx",
        ),
        "/dx7/rom1a.syx": file(bank),
        "/dx7/same.syx": file(bank),
        "/dx7/all.zip": file(archive),
        "/dx7/broken.zip": file(archive[:100]),
        "/dx7/sub/": page("Strings/it's%20%3Cb%3E.SYX", "../", "#top", "?C=M;O=D"),
        "/dx7/sub/?C=M;O=D": page("Strings/it's%20%3Cb%3E.SYX"),
        "/dx7/sub/Strings/it's%20%3Cb%3E.SYX": file(other, "text/html"),
        "/dx7/private/x.syx": file(bank),
        "/dx7/moved.syx": redirect("/dx7/new%20place.syx"),
        "/dx7/new%20place.syx": file(other),
        "/dx7/away.syx": redirect(f"{evil.url}/stolen.syx"),
        "/dx7/loop1": redirect("loop2"),
        "/dx7/loop2": redirect("loop1"),
        "/elsewhere/x.syx": file(bank),
        "/dx7/short.syx": cut_off(bank[:50]),
        "/dx7/long.syx": lambda handler: answer(handler, 200, bank + bank, Content_Length="100", Connection="close"),
        "/dx7/notes.txt": file(b"read me", "text/plain"),
        "/dx7/hidden": file(other[6:] + b"", "application/x-unknown"),
        "/dx7/piece.syx": lambda handler: answer(handler, 206, bank[9:], Content_Range="bytes 9-4103/4104"),
        "/dx7/photo": file(noise(3000), "image/jpeg"),
    }
    (outcome,), _ = scrape(tmp_path, f"{site.url}/dx7/")
    evil.server.shutdown()
    evil.server.server_close()

    said = lines(tmp_path)
    files = stored(tmp_path)
    assert site.most_at_once == 1
    assert evil.log == []
    assert files[name_of(bank)] == bank
    assert files[name_of(archive, ".zip")] == archive
    assert {name.rpartition(".")[2] for name in files} <= {"syx", "zip"} | {name for name in files if "." not in name}
    forbidden = ("private", "elsewhere", "logo.png", "passwd", "up.syx", "odd", "stolen")
    assert not [path for path in site.paths if any(word in path for word in forbidden)]

    assert said["dx7/rom1a.syx"] | {"status": 200, "size": 4104, "sha256": name_of(bank, "")} == said["dx7/rom1a.syx"]
    assert said["dx7/rom1a.syx"]["referrer"] == f"{site.url}/dx7/"
    assert said["dx7/same.syx"]["file"] == said["dx7/rom1a.syx"]["file"], "one file, two addresses"
    assert said["dx7/moved.syx"]["final_url"] == f"{site.url}/dx7/new%20place.syx"
    assert said["dx7/sub/Strings/it's%20%3Cb%3E.SYX"]["file"] == name_of(other)
    assert said["dx7/hidden"]["file"], "a bank by its bytes"
    for path, reason in {
        "dx7/gone.syx": "the server answers 404",
        "dx7/private/x.syx": "forbidden by robots.txt",
        "dx7/away.syx": "leads to ",
        "dx7/loop1": "leads to an address that was requested already",
        "dx7/short.syx": "it ended after 50 bytes of 4104 announced",
        "dx7/notes.txt": "neither a page nor a bank nor an archive",
        "dx7/photo": "no bank: image/jpeg",
        "dx7/piece.syx": "the server sends another range than requested",
    }.items():
        assert said[path]["reason"].startswith(reason), path
        assert "file" not in said[path]
    assert said["dx7/long.syx"]["size"] == said["dx7/long.syx"]["announced"] == 100
    assert said["dx7/long.syx"]["reason"] == "neither a page nor a bank nor an archive"
    assert said["dx7/broken.zip"]["file"], "what is wrong with an archive is for ingest to say"
    assert outcome["files"]["refused"] == sum(1 for line in said.values() if line.get("reason") and "file" not in line)
    assert not list(tmp_path.glob("**/*.part"))


def cut_off(data: bytes) -> Callable[[Handler], None]:
    def send(handler: Handler) -> None:
        answer(handler, 200, data, Content_Length="4104")
        handler.close_connection = True

    return send


def test_a_second_run_fetches_nothing_that_is_unchanged(site: Site, tmp_path: Path, bank: bytes, other: bytes) -> None:
    site.pages |= {
        "/": page("a.syx", "b.syx", "c.syx", "moved.syx", etag='"index"'),
        "/a.syx": file(bank),
        "/b.syx": file(other),
        "/c.syx": file(bank, etag=""),  # one that cannot be asked by condition
        "/moved.syx": redirect("/d.syx"),
        "/d.syx": file(other),
    }
    (first,), _ = scrape(tmp_path, site.url)
    assert first["files"] == {"new": 4, "unchanged": 0, "refused": 0}
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*.syx")}
    site.log.clear()
    (second,), _ = scrape(tmp_path, site.url)
    assert second["files"] == {"new": 0, "unchanged": 4, "refused": 0}
    assert second["pages"] == 1
    assert second["bytes"] == len(bank), "only of what cannot be asked by condition"
    assert Counter(site.paths) == Counter(["/", "/a.syx", "/b.syx", "/c.syx", "/moved.syx", "/d.syx"])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/*.syx")} == before

    site.pages["/a.syx"] = file(other)
    next(tmp_path.glob("*/" + name_of(bank))).unlink()
    (third,), _ = scrape(tmp_path, site.url)
    assert third["files"] == {"new": 2, "unchanged": 2, "refused": 0}, "one has changed, one was lost"
    assert lines(tmp_path)["a.syx"]["file"] == name_of(other)


@pytest.mark.parametrize("kill", [signal.SIGKILL, signal.SIGINT])
def test_an_interrupted_run_goes_on_where_it_was(
    site: Site, tmp_path: Path, bank: bytes, make_zip: Any, kill: signal.Signals
) -> None:
    large = make_zip({"large.bin": noise(3_000_000), "bank.syx": bank}, zipfile.ZIP_STORED)
    gate = threading.Event()
    site.pages |= {
        "/": page("a.syx", "large.zip", "z.syx"),
        "/a.syx": file(bank, etag=""),
        "/large.zip": slow_file(large, 2_000_000, gate),
        "/z.syx": file(bank, etag=""),
    }
    with subprocess.Popen(
        command("--out", str(tmp_path), site.url), cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as running:
        deadline = time.monotonic() + 30
        while not (part := next(tmp_path.glob(f"*/{STATE_FOLDER}/*.part"), None)) or part.stat().st_size < 1_000_000:
            assert time.monotonic() < deadline
            assert running.poll() is None
            time.sleep(0.02)
        assert name_of(large, ".zip") not in stored(tmp_path), "what is not whole is not seen"
        os.kill(running.pid, kill)
        assert running.wait(20) != 0
    gate.set()
    had = part.stat().st_size
    site.log.clear()
    (outcome,), _ = scrape(tmp_path, site.url)
    assert stored(tmp_path)[name_of(large, ".zip")] == large
    ((_, headers),) = [entry for entry in site.log if entry[0] == "/large.zip"]
    assert headers["range"] == f"bytes={had}-"
    assert site.asked("/a.syx") == 0, "done before the interruption"
    assert outcome["bytes"] <= len(large) - had + 2 * len(bank) + 500
    assert not list(tmp_path.glob("**/*.part"))
    assert {path for path in lines(tmp_path) if lines(tmp_path)[path].get("file")} == {"a.syx", "large.zip", "z.syx"}
    site.log.clear()
    scrape(tmp_path, site.url)
    assert site.asked("/a.syx") == 1, "a run that was not interrupted asks for everything"


def test_a_torn_manifest_is_gone_on_with(site: Site, tmp_path: Path, bank: bytes) -> None:
    site.pages |= {"/": page("a.syx"), "/a.syx": file(bank)}
    scrape(tmp_path, site.url)
    (manifest,) = tmp_path.glob("*/manifest.jsonl")
    with manifest.open("ab") as out:
        out.write(b"\xff\xfe\x00\n[1]\n" + b"[" * 100_000 + b"\n" + b"{}\n" * 50 + b'{"url": "http://x/torn')
    (outcome,), _ = scrape(tmp_path, site.url)
    assert outcome["files"] == {"new": 0, "unchanged": 1, "refused": 0}
    assert [found.path for found in walk_sources([tmp_path])] == [f"{manifest.parent.name}/a.syx"]


def test_what_was_fetched_is_ingested_under_the_addresses_it_came_from(
    site: Site, tmp_path: Path, bank: bytes, make_zip: Any
) -> None:
    site.pages |= {
        "/dx7/": page("Brass/one%20%3Cb%3E.syx", "Pads/two.syx", "all.zip", "get.php?id=3"),
        "/dx7/Brass/one%20%3Cb%3E.syx": file(bank),
        "/dx7/Pads/two.syx": file(bank),
        "/dx7/all.zip": file(make_zip({"in/x.syx": bank})),
        "/dx7/get.php?id=3": file(bank),
    }
    scrape(tmp_path, f"{site.url}/dx7/")
    (folder,) = tmp_path.iterdir()
    ways = ["dx7/Brass/one <b>.syx", "dx7/Pads/two.syx", "dx7/all.zip!in/x.syx", "dx7/get.php?id=3"]
    assert sorted(found.path for found in walk_sources([folder])) == ways
    assert sorted(found.path for found in walk_sources([tmp_path])) == [f"{folder.name}/{way}" for way in ways]
    assert not any(found.generated or found.rejection for found in walk_sources([tmp_path]))


def test_a_manifest_is_read_with_care(tmp_path: Path, bank: bytes) -> None:
    name = name_of(bank)
    rows: list[object] = [
        {"made_by": "cartwright scrape", "generated": True},
        {"url": "http://x/../../etc/%2e%2e/a%00\x1b.syx", "file": name, "status": "200"},
        {"url": "http://x/../../etc/%2e%2e/b.syx", "file": name},
        {"url": "http://x/" + "long/" * 500, "file": name},
        {"url": "http://x/outside.syx", "file": "../outside.syx"},
        {"url": 7, "file": name},
        {"url": "http://x/folder.syx", "file": "f" * 64},
        None,
    ]
    (tmp_path / "banks").mkdir()
    (tmp_path / "outside.syx").write_bytes(bank)
    (tmp_path / "banks" / ("f" * 64)).mkdir()
    (tmp_path / "banks" / name).write_bytes(bank)
    (tmp_path / "banks" / "by hand.syx").write_bytes(bank)
    (tmp_path / "banks" / STATE_FOLDER).mkdir()
    (tmp_path / "banks" / STATE_FOLDER / "x.part").write_bytes(bank)
    manifest = tmp_path / "banks" / "manifest.jsonl"
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows))

    def walk() -> dict[str, FoundFile]:
        return {found.path: found for found in walk_sources([tmp_path / "banks"])}

    found = walk()
    assert sorted(path[:20] for path in found) == ["by hand.syx", "etc/b.syx", "long/long/long/long/"]
    assert all(len(path) <= 1_000 for path in found)
    assert {path for path, file in found.items() if file.generated} == set(found) - {"by hand.syx"}
    manifest.write_text("".join(json.dumps(row) + "\n" for row in rows[1:]))
    assert set(walk()) >= {name, "manifest.jsonl", f"{STATE_FOLDER}/x.part"}, "somebody else's manifest is a file"


def test_two_scrapes_do_not_share_a_folder(site: Site, tmp_path: Path) -> None:
    gate = threading.Event()
    site.pages["/"] = slow_file(b"<html>" * 10, 6, gate)
    with subprocess.Popen(command("--out", str(tmp_path), site.url), cwd=ROOT, stdout=subprocess.DEVNULL) as running:
        while not site.asked("/"):
            assert running.poll() is None
            time.sleep(0.02)
        _, error = scrape(tmp_path, site.url, code=1)
        gate.set()
    assert "another scrape is running" in error


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    _, error = scrape(tmp_path / "out", "http://127.0.0.1:1/", code=1)
    assert error.startswith("error: cannot write to ")


def test_the_list_of_sources() -> None:
    done = subprocess.run([*command("--list", "--json")], capture_output=True, text=True, cwd=ROOT, check=True)
    rows = json.loads(done.stdout)
    assert {row["name"] for row in rows} >= {"alltheweb", "factory", "dexed"}
    assert "https://bobbyblues.recup.ch/yamaha_dx7/dx7_patches.html" in {row["start"] for row in rows}


def test_other_commands_do_not_wait_for_scrapy() -> None:
    program = "import sys, corpus.commands.cli; sys.exit('scrapy' in sys.modules or 'twisted' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
