"""Scraping from a real server on loopback that does everything a web server can do wrong."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from corpus.incoming.found import FoundFile
from corpus.incoming.sources import walk_sources
from corpus.scraping.manifest import STATE_FOLDER

ROOT = Path(__file__).resolve().parents[2]
Handler = http.server.BaseHTTPRequestHandler


class Site:
    """A web site: pages by path, and a log of what was asked of it."""

    def __init__(self) -> None:
        self.pages: dict[str, Callable[[Handler], None]] = {}
        self.log: list[tuple[str, dict[str, str]]] = []
        self.most_at_once = 0
        self._at_once = 0
        self._lock = threading.Lock()
        site = self

        class Answering(Handler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # noqa: N802
                with site._lock:
                    site.log.append((self.path, {key.lower(): value for key, value in self.headers.items()}))
                    site._at_once += 1
                    site.most_at_once = max(site.most_at_once, site._at_once)
                time.sleep(0.005)  # for another request to come, if the client asks for two things at once
                with site._lock:
                    site._at_once -= 1
                try:
                    site.pages.get(self.path, not_found)(self)
                except (BrokenPipeError, ConnectionResetError):
                    self.close_connection = True

            def log_message(self, format: str, *values: object) -> None:  # noqa: A002
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def asked(self, path: str) -> int:
        return sum(asked == path for asked, _ in self.log)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.log if path != "/robots.txt"]


def answer(handler: Handler, status: int, body: bytes = b"", **headers: str) -> None:
    handler.send_response(status)
    for name, value in {"Content_Length": str(len(body)), **headers}.items():
        if value:
            handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(body)


def not_found(handler: Handler) -> None:
    answer(handler, 404, b"<html><body><a href='/secret/x.syx'>nothing</a></body></html>", Content_Type="text/html")


def page(*links: str, etag: str = "") -> Callable[[Handler], None]:
    body = "<html><body>" + "".join(f'<a href="{link}">x</a>' for link in links) + "</body></html>"
    return file(body.encode(), "text/html", etag)


def file(data: bytes, kind: str = "application/octet-stream", etag: str = "auto") -> Callable[[Handler], None]:
    """A file that can be asked for by condition and by range, as on any good server."""
    tag = f'"{hashlib.md5(data).hexdigest()}"' if etag == "auto" else etag  # noqa: S324

    def send(handler: Handler) -> None:
        if tag and handler.headers.get("If-None-Match") == tag:
            answer(handler, 304, ETag=tag)
            return
        wanted = handler.headers.get("Range", "")
        if wanted and handler.headers.get("If-Range") == tag:
            begin = int(wanted.removeprefix("bytes=").rstrip("-"))
            answer(handler, 206, data[begin:], ETag=tag, Content_Range=f"bytes {begin}-{len(data) - 1}/{len(data)}")
            return
        answer(handler, 200, data, ETag=tag, Content_Type=kind)

    return send


def redirect(location: str) -> Callable[[Handler], None]:
    return lambda handler: answer(handler, 302, Location=location)


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "corpus", "scrape", "--delay", "0", *arguments]


def scrape(out: Path, *arguments: str, code: int = 0) -> tuple[Any, str]:
    done = subprocess.run(
        [*command("--json", "--out", str(out)), *arguments], capture_output=True, text=True, cwd=ROOT, timeout=60
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return (json.loads(done.stdout) if done.stdout else None), done.stderr


def lines(out: Path) -> dict[str, dict[str, Any]]:
    """By path: what the manifest says at last."""
    (manifest,) = out.glob("*/manifest.jsonl")
    read = [json.loads(line) for line in manifest.read_text().splitlines()]
    return {line["url"].split("/", 3)[3]: line for line in read if "url" in line}


def stored(out: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in out.glob("*/*") if path.is_file() and path.name != "manifest.jsonl"
    }


def name_of(data: bytes, suffix: str = ".syx") -> str:
    return hashlib.sha256(data).hexdigest() + suffix


def noise(size: int, seed: int = 0) -> bytes:
    return random.Random(seed).randbytes(size)


@pytest.fixture
def bank(make_bank: Callable[..., bytes]) -> bytes:
    return make_bank(1, 2, 3)


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
        "dx7/loop1": "leads to an address that was asked for already",
        "dx7/short.syx": "it ended after 50 bytes where 4104 were announced",
        "dx7/notes.txt": "neither a page nor a bank nor an archive",
        "dx7/photo": "no bank: image/jpeg",
        "dx7/piece.syx": "the server sends another piece than was asked for",
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


def slow_file(data: bytes, stop_after: int, gate: threading.Event) -> Callable[[Handler], None]:
    """Sends some, then waits: for the gate, or for whoever asked to be gone."""
    whole = file(data)

    def send(handler: Handler) -> None:
        if handler.headers.get("Range") or handler.headers.get("If-None-Match"):
            whole(handler)
            return
        tag = f'"{hashlib.md5(data).hexdigest()}"'  # noqa: S324
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.send_header("ETag", tag)
        handler.end_headers()
        handler.wfile.write(data[:stop_after])
        handler.wfile.flush()
        gate.wait(20)
        handler.wfile.write(data[stop_after:])

    return send


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


def endless(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    for _ in range(10_000):
        handler.wfile.write(bytes(65_536))


def test_sizes_are_measured_and_limited(site: Site, tmp_path: Path, bank: bytes) -> None:
    site.pages |= {
        "/": page("endless.syx", "a.syx", "huge.syx"),
        "/endless.syx": endless,
        "/a.syx": file(bank),
        "/huge.syx": lambda handler: answer(handler, 200, bytes(2_000_000), Content_Length="9999999999"),
    }
    scrape(tmp_path, "--file-megabytes", "1", site.url)
    said = lines(tmp_path)
    assert said["endless.syx"]["reason"] == said["huge.syx"]["reason"] == "larger than 1000000 bytes"
    assert list(stored(tmp_path)) == [name_of(bank)]


def test_the_total_is_limited(site: Site, tmp_path: Path, make_bank: Any) -> None:
    banks = {f"/{number}.syx": make_bank(number) for number in range(10)}
    site.pages |= {"/": page(*banks)} | {path: file(data) for path, data in banks.items()}
    (outcome,), _ = scrape(tmp_path, "--total-megabytes", "0.02", site.url)
    assert 3 <= outcome["files"]["new"] <= 4
    assert len(site.paths) <= 6
    assert list(outcome["refused_by_reason"]) == ["over 20000 bytes were fetched; the rest is left"]


def test_a_slow_server_is_given_up(site: Site, tmp_path: Path, bank: bytes) -> None:
    gate = threading.Event()
    site.pages |= {"/": page("slow.syx", "a.syx"), "/slow.syx": slow_file(bank, 10, gate), "/a.syx": file(bank)}
    scrape(tmp_path, "--timeout", "0.5", site.url)
    gate.set()
    assert lines(tmp_path)["slow.syx"]["reason"] == "it took too long"
    assert lines(tmp_path)["a.syx"]["file"]


def test_a_host_that_cannot_be_reached_is_one_sentence_and_costs_nothing_else(
    site: Site, tmp_path: Path, bank: bytes
) -> None:
    site.pages |= {"/": page("a.syx"), "/a.syx": file(bank)}
    nobody = "http://nobody.invalid/"
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        gone = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        outcomes, error = scrape(tmp_path, gone, nobody, site.url, code=1)
    assert [outcome["files"]["new"] for outcome in outcomes] == [0, 0, 1]
    assert error == (
        f"error: cannot fetch {gone}: the host refuses connections; {nobody}: there is no such host, or no way to ask; "
        "what was fetched is kept; run it again later, or give another address\n"
    )


def endless_robots(handler: Handler) -> None:
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    handler.wfile.write(b"User-agent: *\nDisallow: /private\n")
    for _ in range(2_000):
        handler.wfile.write(b"# " + b"x" * 65_000 + b"\n")


def test_what_is_allowed_where_robots_txt_cannot_be_had(tmp_path: Path, bank: bytes) -> None:
    """RFC 9309: everything where there is none, nothing where the server has a fault; and it is read up to a size."""

    def failing(status: int) -> Callable[[Handler], None]:
        return lambda handler: answer(handler, status, b"User-agent: *\nDisallow: /")

    robots = {"none": failing(404), "secret": failing(403), "fault": failing(500), "endless": endless_robots}
    sites = {name: Site() for name in robots}
    for name, made in sites.items():
        made.pages |= {"/robots.txt": robots[name], "/": page("a.syx", "private.syx"), "/a.syx": file(bank)}
    _, error = scrape(tmp_path, *(made.url for made in sites.values()), code=1)
    for made in sites.values():
        made.server.shutdown()
        made.server.server_close()
    everything = ["/", "/a.syx", "/private.syx"]
    expected = {"none": everything, "secret": everything, "fault": [], "endless": everything[:2]}
    assert {name: made.paths for name, made in sites.items()} == expected
    assert f"cannot fetch {sites['fault'].url}/: forbidden by robots.txt; what was fetched is kept" in error


def test_requests_are_as_polite_as_they_should_be(site: Site, tmp_path: Path, make_bank: Any) -> None:
    banks = {f"/{number}.syx": make_bank(number) for number in range(3)}
    times: list[float] = []

    def timed(send: Callable[[Handler], None]) -> Callable[[Handler], None]:
        def note(handler: Handler) -> None:
            times.append(time.monotonic())
            send(handler)

        return note

    site.pages |= {"/": timed(page(*banks))} | {path: timed(file(data)) for path, data in banks.items()}
    scrape(tmp_path, "--delay", "0.3", site.url)
    # On a busy machine one may arrive late, and then the next one follows sooner; all of them together do not.
    assert len(times) == 4
    assert times[-1] - times[0] > 3 * 0.25
    assert all("Cartwright" in headers["user-agent"] for _, headers in site.log)


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
    assert "another scrape is at work" in error


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
    program = "import sys, corpus.cli; sys.exit('scrapy' in sys.modules or 'twisted' in sys.modules)"
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
