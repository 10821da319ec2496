"""A web site on loopback that does as it is told, and the scraper as a user starts it."""

from __future__ import annotations

import hashlib
import http.server
import json
import random
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.preloaded import preloaded

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


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "corpus", "scrape", "--delay", "0", *arguments]


def scrape(out: Path, *arguments: str, code: int = 0) -> tuple[Any, str]:
    server = preloaded("corpus.commands.cli", "corpus.commands.cli_scrape", "corpus.sources.spider")
    program = "import runpy; runpy.run_module('corpus', run_name='__main__', alter_sys=True)"
    done = server.run(program, *command("--json", "--out", str(out), *arguments)[3:])
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
