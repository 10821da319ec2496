"""Transfers and politeness, step by step, without a network."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import MagicMock

import pytest
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http import Headers, Request, Response, TextResponse

from corpus.sources import transfers as transfers_module
from corpus.sources.fetching import FetchLimits, ScrapeJob
from corpus.sources.politeness import RobotsTxt, RobotsTxtMiddleware, SourceBoundary
from corpus.sources.source_list import WebSource
from corpus.sources.transfers import Transfer, Transfers, header, whole_body

ROOT = "https://a.org/dx7/"
URL = f"{ROOT}large.zip"
PART = 256 << 10


@pytest.fixture
def job(tmp_path: Path) -> Iterator[ScrapeJob]:
    limits = FetchLimits(file_bytes=1_000_000, total_bytes=3_000_000)
    made = ScrapeJob(WebSource("a", "A", (ROOT,), (ROOT,)), tmp_path / "a", limits)
    yield made
    made.close()


@pytest.fixture
def transfers() -> Transfers:
    return Transfers.from_crawler(MagicMock())


def request_of(job: ScrapeJob | None, url: str = URL, asked: str = URL) -> Request:
    return Request(url, meta={"url": asked, "referrer": ROOT} | ({"job": job} if job else {}))


def begin(transfers: Transfers, request: Request, size: object = 500_000, **headers: str) -> Transfer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    transfers.headers_received(Headers(named), size, request)
    transfer: Transfer = request.meta["transfer"]
    return transfer


def test_a_large_file_is_kept_on_disk_as_it_comes(job: ScrapeJob, transfers: Transfers) -> None:
    request = request_of(job)
    transfer = begin(transfers, request, ETag='"v1"')
    transfers.bytes_received(b"x" * (PART - 1), request)
    assert job.read_part(URL) is None, "a small one is not worth resuming"
    transfers.bytes_received(b"y", request)
    part = job.read_part(URL)
    assert part is not None
    assert part.size == PART
    transfers.bytes_received(b"zz", request)
    assert part.file.read_bytes() == b"x" * (PART - 1) + b"yzz"
    assert (transfer.size, job.outcome.bytes, transfer.announced) == (PART + 2, PART + 2, 500_000)
    assert whole_body(job, Response(URL, body=b"body"), transfer) == b"body"
    assert transfer.part is None


def test_without_a_validator_nothing_is_kept(job: ScrapeJob, transfers: Transfers) -> None:
    request = request_of(job)
    begin(transfers, request, ETag='W/"weak"')
    transfers.bytes_received(b"x" * PART, request)
    assert not job.part_file(URL).exists()
    assert begin(transfers, request, ETag='W/"weak"', Last_Modified="Mon").validator == "Mon"
    assert begin(transfers, request, size=None).announced is None


def test_a_part_is_continued_where_it_ended(job: ScrapeJob, transfers: Transfers) -> None:
    with job.begin_part(URL, '"v1"') as part:
        part.write(b"begun ")
    request = request_of(job)
    transfer = begin(transfers, request, 5, Content_Range="bytes 6-10/11", ETag='"v1"')
    assert (transfer.base, transfer.announced) == (6, 11)
    transfers.bytes_received(b"ended", request)
    assert job.part_file(URL).read_bytes() == b"begun ended"
    assert whole_body(job, Response(URL, body=b"ended"), transfer) == b"begun ended"
    assert whole_body(job, Response(URL, body=b"ended"), None) == b"ended"


@pytest.mark.parametrize("content_range", ["bytes 5-10/11", "bytes 60-70/71", "items 6-10/11"])
def test_another_range_is_refused(job: ScrapeJob, transfers: Transfers, content_range: str) -> None:
    with job.begin_part(URL, '"v1"') as part:
        part.write(b"begun ")
    request = request_of(job)
    with pytest.raises(StopDownload) as stopped:
        begin(transfers, request, Content_Range=content_range)
    assert stopped.value.fail
    assert request.meta["transfer"].why == "the server sends another range than requested"
    assert not job.part_file(URL).exists()


def test_a_new_file_replaces_the_part_of_an_old_one(job: ScrapeJob, transfers: Transfers) -> None:
    job.begin_part(URL, '"v1"').close()
    begin(transfers, request_of(job), ETag='"v2"')
    assert not job.part_file(URL).exists()


@pytest.mark.parametrize("kind", ["image/png", "AUDIO/MPEG", "video/mp4; x", "text/css"])
def test_content_that_is_no_bank_is_stopped(job: ScrapeJob, transfers: Transfers, kind: str) -> None:
    request = request_of(job)
    with pytest.raises(StopDownload):
        begin(transfers, request, Content_Type=kind)
    assert request.meta["transfer"].why == f"no bank: {kind.lower()}"
    begin(transfers, request, Content_Type="audio/midi")


def test_limits_hold_to_the_byte(job: ScrapeJob, transfers: Transfers) -> None:
    request = request_of(job)
    transfer = begin(transfers, request, ETag='"v1"')
    transfers.bytes_received(b"x" * 1_000_000, request)
    assert not transfer.why
    with pytest.raises(StopDownload) as stopped:
        transfers.bytes_received(b"x", request)
    assert stopped.value.fail
    assert transfer.why == "larger than 1000000 bytes"
    assert not job.part_file(URL).exists()
    assert not job.is_full
    job.outcome.bytes = 2_999_999
    transfer = begin(transfers, request)
    transfers.bytes_received(b"x", request)
    with pytest.raises(StopDownload):
        transfers.bytes_received(b"x", request)
    assert job.is_full
    assert transfer.why == job.why_full


def test_a_resumed_file_counts_as_a_whole_against_the_limit(job: ScrapeJob, transfers: Transfers) -> None:
    with job.begin_part(URL, '"v1"') as part:
        part.write(b"x" * 999_999)
    request = request_of(job)
    begin(transfers, request, Content_Range="bytes 999999-1000005/1000006")
    transfers.bytes_received(b"x", request)
    with pytest.raises(StopDownload):
        transfers.bytes_received(b"x", request)


def test_robots_txt_is_cut_off_at_one_megabyte(transfers: Transfers) -> None:
    request = request_of(None)
    begin(transfers, request, Content_Type="image/png")
    transfers.bytes_received(b"x" * (1 << 20), request)
    with pytest.raises(StopDownload) as stopped:
        transfers.bytes_received(b"x", request)
    assert not stopped.value.fail, "what came of it counts"


def test_a_disk_that_refuses_stops_the_transfer(
    job: ScrapeJob, transfers: Transfers, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*values: object) -> None:
        raise OSError(28, "No space left on device")

    request = request_of(job)
    transfer = begin(transfers, request, ETag='"v1"')
    transfers.bytes_received(b"x" * PART, request)
    monkeypatch.setattr(transfers_module, "_keep_part", refuse)
    with pytest.raises(StopDownload):
        transfers.bytes_received(b"x", request)
    assert transfer.why == "it cannot be written: No space left on device"
    assert transfer.part is None
    assert not job.part_file(URL).exists()


def test_an_interrupted_job_stops_and_keeps_its_part(job: ScrapeJob, transfers: Transfers) -> None:
    request = request_of(job)
    transfer = begin(transfers, request, ETag='"v1"')
    job.is_interrupted = True
    with pytest.raises(StopDownload):
        transfers.bytes_received(b"x" * PART, request)
    assert transfer.part is None
    assert job.part_file(URL).stat().st_size == PART


def test_a_redirect_to_a_known_address_is_recorded(job: ScrapeJob, transfers: Transfers) -> None:
    transfers.request_dropped(request_of(None))
    transfers.request_dropped(request_of(job, f"{ROOT}b", f"{ROOT}a"))
    assert job.outcome.refused == {"leads to an address that was requested already": 1}
    assert b'"final_url": "https://a.org/dx7/b"' in job.manifest.path.read_bytes()


@pytest.mark.parametrize(
    ("value", "text"), [("plain", "plain"), ("x" * 500, "x" * 500), ("x" * 501, ""), ("a\x1b[2J", "")]
)
def test_headers_are_short_printable_text(value: str, text: str) -> None:
    assert header(Headers({"ETag": value}), "ETag") == text
    assert header(Headers(), "ETag") == ""


def make_crawler(delay: float = 0.5) -> MagicMock:
    """A crawler with one host that is asked every half second."""
    made = MagicMock()
    made.settings.getfloat = lambda name: delay
    made.slot = SimpleNamespace(delay=delay)
    made.engine.downloader.slots = {"a.org": made.slot}
    return made


def test_requests_outside_the_source_are_ignored(job: ScrapeJob) -> None:
    boundary = SourceBoundary.from_crawler(make_crawler())
    boundary.process_request(request_of(None, "https://b.org/robots.txt"))
    with pytest.raises(IgnoreRequest, match=r"^another host: b.org$"):
        boundary.process_request(request_of(job, "https://b.org/x", "https://b.org/x"))
    with pytest.raises(IgnoreRequest, match=r"^leads to another host: b.org$"):
        boundary.process_request(request_of(job, "https://b.org/x"))
    job.is_full = True
    with pytest.raises(IgnoreRequest, match="bytes were fetched"):
        boundary.process_request(request_of(job))


def test_a_redirected_request_gets_the_headers_of_its_new_address(job: ScrapeJob) -> None:
    with job.begin_part(URL, '"v1"') as part:
        part.write(b"begun")
    request = request_of(job)
    request.meta["transfer"] = Transfer(None)
    for name in ("If-None-Match", "If-Modified-Since", "Range", "If-Range"):
        request.headers[name] = "old"
    boundary = SourceBoundary.from_crawler(make_crawler())
    boundary.process_request(request)
    assert request.headers.to_unicode_dict() == {"Range": "bytes=5-", "If-Range": '"v1"'}
    assert "transfer" not in request.meta
    assert "autothrottle_dont_adjust_delay" not in request.meta, "the host asked for no delay"


@pytest.mark.parametrize(("asked", "given"), [(10, 10.0), (60, 60.0), (61, 60.0), (0.1, 0.5)])
def test_the_delay_of_robots_txt_is_applied_up_to_a_minute(job: ScrapeJob, asked: float, given: float) -> None:
    crawler = make_crawler()
    boundary = SourceBoundary.from_crawler(crawler)
    parser = MagicMock()
    parser.rp.crawl_delay = lambda agent: asked if agent == "Cartwright" else None
    boundary.robots_parsed(parser, request_of(job))
    request = request_of(job)
    boundary.process_request(request)
    assert crawler.slot.delay == given
    assert request.meta["autothrottle_dont_adjust_delay"] is True


@pytest.mark.parametrize(("asked", "configured"), [(None, 0.5), (10, 0.0)])
def test_no_delay_is_applied_without_one_or_if_delays_are_off(
    job: ScrapeJob, asked: float | None, configured: float
) -> None:
    crawler = make_crawler(configured)
    boundary = SourceBoundary.from_crawler(crawler)
    parser = MagicMock()
    parser.rp.crawl_delay = lambda agent: asked
    boundary.robots_parsed(parser, request_of(job))
    boundary.process_request(request_of(job))
    assert crawler.slot.delay == configured


def test_the_download_slot_names_the_host(job: ScrapeJob) -> None:
    crawler = make_crawler()
    crawler.engine.downloader.slots = {"slot": crawler.slot}
    boundary = SourceBoundary.from_crawler(crawler)
    parser = MagicMock()
    parser.rp.crawl_delay = lambda agent: 7
    request = request_of(job)
    request.meta["download_slot"] = "slot"
    boundary.robots_parsed(parser, request)
    boundary.process_request(request_of(job))
    assert crawler.slot.delay == 0.5, "another host"
    boundary.process_request(request)
    assert crawler.slot.delay == 7


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"rules"),
        (404, b""),
        (499, b""),
        (500, b"User-agent: *\nDisallow: /\n"),
        (503, b"User-agent: *\nDisallow: /\n"),
    ],
)
def test_robots_txt_by_status(status: int, body: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[Any] = []

    async def parse(self: object, response: Response, netloc: str, request: Request) -> None:
        parsed.append(response.body)

    monkeypatch.setattr(RobotsTxtMiddleware, "_parse_robots", parse)
    robots = RobotsTxt.__new__(RobotsTxt)
    response = TextResponse("https://a.org/robots.txt", status=status, body=b"rules")
    asyncio.run(robots._parse_robots(response, "a.org", Request(URL)))
    assert parsed == [body]
