"""How much a scrape asks of a server, and takes from one."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.corpus.website import (
    Handler,
    Site,
    answer,
    file,
    lines,
    name_of,
    page,
    scrape,
    slow_file,
    stored,
)


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
        f"error: cannot fetch {gone}: the host refuses connections; "
        f"{nobody}: the host is unknown, or there is no network; "
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
    assert {name: sorted(made.paths) for name, made in sites.items()} == expected
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
