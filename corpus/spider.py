"""The crawl itself, on Scrapy: politely, one connection a host, every byte counted as it comes.

Whoever imports this imports Scrapy, so it is imported late. Twisted's reactor runs once a process: so does a crawl.
"""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest, StopDownload
from scrapy.http import HtmlResponse, Request, Response
from scrapy.linkextractors import LinkExtractor
from twisted.python.failure import Failure

from corpus.fetching import FetchLimits, Job, begun
from corpus.manifest import Fetched

AGENT = "Cartwright/0.1 (collects DX7 banks; obeys robots.txt)"
_ROBOT = "Cartwright"
_ROBOTS_BYTES = 1 << 20
_LONGEST_CRAWL_DELAY = 60.0
_PART_FROM = 256 << 10  # bytes from which on a file is worth going on with
_MOST_LINKS = 20_000
_MARKUP = re.compile(rb"<(!doctype html|html|head|body|title|a\s)", re.IGNORECASE)
_USELESS_TYPES = ("image/", "audio/mpeg", "audio/ogg", "audio/wav", "audio/x-wav", "video/", "font/", "text/css")
_LOGGERS = ("scrapy", "twisted", "protego", "asyncio", "filelock", "py.warnings")


def crawl(jobs: Sequence[Job], limits: FetchLimits) -> bool:
    """Fetch all that the jobs ask for, and say whether it came to its end; Ctrl-C ends it between two bytes.

    Raises what went wrong in this program; what goes wrong on the web is in the manifests.
    """
    process = AsyncCrawlerProcess(_settings(limits, len(jobs)))
    for name in _LOGGERS:  # what matters is in the manifest and in what is raised
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    crawler = process.create_crawler(BankSpider)
    process.crawl(crawler, jobs=jobs)
    previous = signal.signal(signal.SIGINT, lambda number, frame: _interrupt(crawler))
    try:
        process.start(install_signal_handlers=False)
    finally:
        signal.signal(signal.SIGINT, previous)
    spider = crawler.spider
    if not isinstance(spider, BankSpider):
        raise RuntimeError("the crawl did not begin")
    if spider.bugs:
        raise spider.bugs[0]
    return not spider.is_interrupted


def _settings(limits: FetchLimits, hosts: int) -> dict[str, Any]:
    return {
        "USER_AGENT": AGENT,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": _ROBOT,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "CONCURRENT_REQUESTS": hosts,
        "DOWNLOAD_DELAY": limits.delay,
        "RANDOMIZE_DOWNLOAD_DELAY": False,
        "AUTOTHROTTLE_ENABLED": limits.delay > 0,
        "AUTOTHROTTLE_START_DELAY": limits.delay,
        "DOWNLOAD_TIMEOUT": limits.timeout,
        "DOWNLOAD_MAXSIZE": 0,  # what a server announces is not believed; Transfers counts
        "DOWNLOAD_WARNSIZE": 0,
        "DOWNLOAD_VERIFY_CERTIFICATES": True,
        "COMPRESSION_ENABLED": False,
        "DEFAULT_REQUEST_HEADERS": {"Accept": "*/*", "Accept-Encoding": "identity"},
        "COOKIES_ENABLED": False,
        "METAREFRESH_ENABLED": False,
        "REDIRECT_MAX_TIMES": 10,
        "HTTPERROR_ALLOW_ALL": True,
        "SCHEDULER_MEMORY_QUEUE": "scrapy.squeues.FifoMemoryQueue",  # pages are read from top to bottom
        "TELNETCONSOLE_ENABLED": False,
        "LOG_ENABLED": False,
        "LOG_INSTALL_ROOT_HANDLER": False,
        "DOWNLOADER_MIDDLEWARES": {
            "scrapy.downloadermiddlewares.robotstxt.RobotsTxtMiddleware": None,
            Boundary: 50,
            Robots: 100,
        },
        "EXTENSIONS": {Transfers: 0},
    }


def _interrupt(crawler: Crawler) -> None:
    """End the crawl; a server that keeps us waiting has a second more. Ctrl-C once more ends it at once."""
    from twisted.internet import reactor

    if not isinstance(crawler.spider, BankSpider) or crawler.spider.is_interrupted:
        raise KeyboardInterrupt
    crawler.spider.is_interrupted = True

    running: Any = reactor

    def stop() -> None:
        crawler.stop()
        running.callLater(1.0, running.stop)

    running.callFromThread(stop)


@dataclass(slots=True)
class Transfer:
    """A response that is on its way. ``base`` is what was there of it before; ``why`` says why it was stopped."""

    announced: int | None
    validator: str = ""
    base: int = 0
    size: int = 0
    why: str = ""
    first: bytearray = field(default_factory=bytearray)
    part: IO[bytes] | None = None

    def close(self) -> None:
        """Let go of the part; it stays on disk."""
        if self.part is not None:
            self.part.close()
            self.part = None


class BankSpider(scrapy.Spider):
    """Asks for addresses and hands over what comes to the :class:`~corpus.fetching.Job` they belong to."""

    name = "banks"

    def __init__(self, jobs: Sequence[Job], **options: Any) -> None:
        super().__init__(**options)
        self.jobs = jobs
        self.is_interrupted = False
        self.bugs: list[BaseException] = []
        self.links = LinkExtractor(
            tags=("a", "area", "frame", "iframe"), attrs=("href", "src"), deny_extensions=(), strip=True
        )

    async def start(self) -> AsyncIterator[Request]:
        """The starting points of every job."""
        for job in self.jobs:
            for request in self.ask(job, job.source.start, ""):
                yield request

    def ask(self, job: Job, urls: Sequence[str], referrer: str) -> Iterator[Request]:
        """Requests for those addresses that are worth it. What an interrupted run has done is not done again."""
        waiting = [(url, referrer) for url in reversed(urls)]
        while waiting:
            url, referrer = waiting.pop()
            if job.is_full or not job.take_address(url):
                continue
            if url in job.done:
                waiting += [(link, url) for link in reversed(job.manifest.last[url].links or ())]
                continue
            meta = {"job": job, "url": url, "referrer": referrer}
            headers = {"Referer": referrer} if referrer else None
            yield Request(url, self.parse, errback=self.fail, meta=meta, headers=headers)

    def parse(self, response: Response, **kwargs: Any) -> Iterator[Request]:
        """Take in a response, and go on to what it links to."""
        request = response.request
        assert request is not None  # noqa: S101  # Scrapy sets it
        job, fetched = _job(request), _answered(request, response)
        transfer: Transfer | None = request.meta.get("transfer")
        if response.status == 304 and fetched.url in job.manifest.last:
            yield from self.ask(job, job.keep_unchanged(fetched), fetched.url)
        elif response.status not in (200, 206):
            if response.status == 416:
                job.drop_part(response.url)
            job.note(fetched, reason=f"the server answers {response.status}")
        elif (encoding := _header(response.headers, "Content-Encoding")) not in ("", "identity"):
            job.note(fetched, reason=f"it comes encoded as {encoding[:40]}, which was not asked for")
        else:
            data = _whole(job, response, transfer)
            job.drop_part(response.url)
            yield from self.take(job, replace(fetched, size=len(data)), data, response)

    def take(self, job: Job, fetched: Fetched, data: bytes, response: Response) -> Iterator[Request]:
        """Keep a file, or follow the links of a page."""
        if not is_page(data):
            job.keep(fetched, data)
        elif len(data) > job.limits.page_bytes:
            job.note(fetched, reason=f"a page of over {job.limits.page_bytes} bytes")
        else:
            page = HtmlResponse(response.url, headers=response.headers, body=data)
            found = dict.fromkeys(link.url.partition("#")[0] for link in self.links.extract_links(page)[:_MOST_LINKS])
            links = tuple(link for link in found if not job.why_outside(link))
            job.note(fetched, links=links)
            yield from self.ask(job, links, fetched.url)

    def fail(self, failure: Failure) -> None:
        """Note why an address gave nothing."""
        request: Request = failure.request  # type: ignore[attr-defined]
        transfer: Transfer | None = request.meta.get("transfer")
        fetched = _asked(request)
        if transfer is not None:
            transfer.close()
            fetched = replace(fetched, size=transfer.base + transfer.size, announced=transfer.announced)
        if self.is_interrupted:
            return  # it is asked for again when the scrape goes on
        _job(request).note(fetched, reason=_why(failure, transfer))


class Boundary:
    """Lets no request out of its source, wherever it was redirected; adds what is known of a file to its request."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.delays: dict[str, float] = {}
        crawler.signals.connect(self.robots_parsed, signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Boundary:
        """For Scrapy."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise ``IgnoreRequest`` for a request that leaves the source."""
        if "job" not in request.meta:  # one for robots.txt
            return
        job = _job(request)
        request.meta.pop("transfer", None)
        if job.is_full:
            raise IgnoreRequest(job.why_full)
        if why := job.why_outside(request.url):
            raise IgnoreRequest(f"leads to {why}" if request.url != request.meta["url"] else why)
        for name in ("Range", "If-Range", "If-None-Match", "If-Modified-Since"):
            request.headers.pop(name, None)
        request.headers.update(job.headers_for(request.url, request.meta["url"]))
        self.slow_down(request)

    def robots_parsed(self, robotparser: Any, request: Request) -> None:
        """Heed the delay that robots.txt asks for, up to a minute."""
        delay = robotparser.rp.crawl_delay(_ROBOT)
        if delay and self.crawler.settings.getfloat("DOWNLOAD_DELAY") > 0:
            self.delays[_host(request)] = min(float(delay), _LONGEST_CRAWL_DELAY)

    def slow_down(self, request: Request) -> None:
        """Give the host the delay it asked for."""
        if (delay := self.delays.get(_host(request))) and self.crawler.engine is not None:
            request.meta["autothrottle_dont_adjust_delay"] = True
            if (slot := self.crawler.engine.downloader.slots.get(_host(request))) is not None:
                slot.delay = max(slot.delay, delay)


class Robots(RobotsTxtMiddleware):
    """Scrapy's; where robots.txt cannot be had for a fault of the server, nothing is asked for (RFC 9309, 2.3.1)."""

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            response = response.replace(body=b"User-agent: *\nDisallow: /\n")
        elif response.status != 200:
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)


class Transfers:
    """Counts bytes as they come, stops what is too much, and keeps what came of large files on disk."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        crawler.signals.connect(self.headers_received, signals.headers_received)
        crawler.signals.connect(self.bytes_received, signals.bytes_received)
        crawler.signals.connect(self.request_dropped, signals.request_dropped)
        crawler.signals.connect(self.spider_error, signals.spider_error)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Transfers:
        """For Scrapy."""
        return cls(crawler)

    def headers_received(self, headers: Any, body_length: object, request: Request) -> None:
        """Begin to count; stop what is certainly no bank."""
        announced = body_length if isinstance(body_length, int) else None
        transfer = request.meta["transfer"] = Transfer(announced)
        if "job" not in request.meta:
            return
        kind = headers.get("Content-Type", b"").decode("latin-1").lower()
        if kind.startswith(_USELESS_TYPES):
            transfer.why = f"no bank: {kind[:60]}"
            raise StopDownload(fail=True)
        job, part = _job(request), _job(request).read_part(request.url)
        content_range = headers.get("Content-Range", b"").decode("latin-1")
        if content_range and part is not None:
            if not content_range.startswith(f"bytes {part.size}-"):
                job.drop_part(request.url)
                transfer.why = "the server sent another range than was asked for"
                raise StopDownload(fail=True)
            transfer.base = part.size
            transfer.announced = None if announced is None else part.size + announced
            transfer.part = part.file.open("ab")
        else:
            job.drop_part(request.url)
            transfer.validator = _validator(headers)

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Count, and keep."""
        transfer: Transfer = request.meta["transfer"]
        transfer.size += len(data)
        if "job" not in request.meta:
            if transfer.size > _ROBOTS_BYTES:
                raise StopDownload(fail=False)
            return
        job = _job(request)
        job.outcome.bytes += len(data)
        if job.outcome.bytes > job.limits.total_bytes:
            job.is_full = True
            transfer.why = job.why_full
        elif transfer.base + transfer.size > job.limits.file_bytes:
            transfer.why = f"larger than {job.limits.file_bytes} bytes"
            job.drop_part(request.url)
        else:
            _keep_part(job, request.url, transfer, data)
        if transfer.why or self.crawler.spider is None or self.crawler.spider.is_interrupted:  # type: ignore[attr-defined]
            transfer.close()
            raise StopDownload(fail=True)

    def request_dropped(self, request: Request) -> None:
        """A redirection to what was asked for already: in a circle, or under another address."""
        if "job" in request.meta:
            reason = "leads to an address that was asked for already"
            _job(request).note(replace(_asked(request), final_url=request.url), reason=reason)

    def spider_error(self, failure: Failure) -> None:
        """A fault of this program is not passed over."""
        spider = self.crawler.spider
        if isinstance(spider, BankSpider) and failure.value is not None:
            spider.bugs.append(failure.value)


def _keep_part(job: Job, url: str, transfer: Transfer, data: bytes) -> None:
    if transfer.part is not None:
        transfer.part.write(data)
        transfer.part.flush()
    elif transfer.validator:
        transfer.first += data
        if len(transfer.first) >= _PART_FROM:
            transfer.part = job.begin_part(url, transfer.validator)
            transfer.part.write(transfer.first)
            transfer.part.flush()
            transfer.first.clear()


def _whole(job: Job, response: Response, transfer: Transfer | None) -> bytes:
    """The bytes of a response, and before them those that were there."""
    if transfer is None:
        return response.body
    transfer.close()
    if not transfer.base:
        return response.body
    return job.part_file(response.url).read_bytes()[: transfer.base] + response.body


def is_page(data: bytes) -> bool:
    """Whether bytes are a page with links, whatever the server calls them."""
    return b"\0" not in data[:1024] and _MARKUP.search(data[:8192]) is not None


def _job(request: Request) -> Job:
    job: Job = request.meta["job"]
    return job


def _host(request: Request) -> str:
    return str(request.meta.get("download_slot") or scrapy.utils.httpobj.urlparse_cached(request).hostname)


def _asked(request: Request) -> Fetched:
    return begun(request.meta["url"], request.meta["referrer"])


def _answered(request: Request, response: Response) -> Fetched:
    transfer: Transfer | None = request.meta.get("transfer")
    return replace(
        _asked(request),
        final_url=response.url if response.url != request.meta["url"] else "",
        status=response.status,
        announced=transfer.announced if transfer is not None else None,
        etag=_header(response.headers, "ETag"),
        modified=_header(response.headers, "Last-Modified"),
    )


def _header(headers: Any, name: str) -> str:
    text = (headers.get(name) or b"").decode("latin-1")
    return text if len(text) <= 500 and text.isprintable() else ""


def _validator(headers: Any) -> str:
    """What names this version of a file for good; a weak ETag does not."""
    etag = _header(headers, "ETag")
    return etag if etag and not etag.startswith("W/") else _header(headers, "Last-Modified")


def _why(failure: Failure, transfer: Transfer | None) -> str:
    """Why an address gave nothing, in a few words."""
    error = failure.value
    if transfer is not None and transfer.why:
        return transfer.why
    kind = type(error).__name__
    if kind == "DownloadTimeoutError":
        return "it took too long"
    if kind in ("CannotResolveHostError", "DNSLookupError"):
        return "there is no such host, or no way to ask"
    if kind in ("DownloadConnectionRefusedError", "ConnectionRefusedError"):
        return "the host refuses connections"
    if kind == "ResponseDataLossError" and transfer is not None:
        got, announced = transfer.base + transfer.size, transfer.announced
        return f"it ended after {got} bytes" + ("" if announced is None else f" where {announced} were announced")
    if isinstance(error, IgnoreRequest):
        return str(error)[:1].lower() + str(error)[1:] or "refused"
    return f"{kind}: {error}"[:300]
