"""The crawl, with Scrapy: one connection per host, every received byte counted.

Import this late, because it imports Scrapy. Twisted's reactor, and so a crawl, runs once per process.
"""

from __future__ import annotations

import logging
import re
import signal
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import replace
from typing import Any

import scrapy
from scrapy import signals
from scrapy.crawler import AsyncCrawlerProcess, Crawler
from scrapy.exceptions import IgnoreRequest
from scrapy.http import HtmlResponse, Request, Response
from scrapy.linkextractors import LinkExtractor
from twisted.python.failure import Failure

from corpus.sources.fetching import FetchLimits, ScrapeJob
from corpus.sources.manifest import FetchRecord
from corpus.sources.politeness import ROBOT, RobotsTxt, SourceBoundary
from corpus.sources.transfers import Transfer, Transfers, header, job_of, record_of, whole_body

AGENT = "Cartwright/0.1 (collects DX7 banks; obeys robots.txt)"
_MOST_LINKS = 20_000
_MARKUP = re.compile(rb"<(!doctype html|html|head|body|title|a\s)", re.IGNORECASE)
_LOGGERS = ("scrapy", "twisted", "protego", "asyncio", "filelock", "py.warnings")


def crawl(jobs: Sequence[ScrapeJob], limits: FetchLimits) -> bool:
    """Fetch everything the jobs request and return whether the crawl is complete; Ctrl-C interrupts it at any byte.

    Raises errors of this program; errors of the web are recorded in the manifests.
    """
    process = AsyncCrawlerProcess(_settings(limits, len(jobs)))
    for name in _LOGGERS:  # the manifest and exceptions say everything
        logging.getLogger(name).addHandler(logging.NullHandler())
        logging.getLogger(name).propagate = False
    crawler = process.create_crawler(BankSpider)
    process.crawl(crawler, jobs=jobs)
    previous = signal.signal(signal.SIGINT, lambda number, frame: _interrupt(crawler, jobs))
    try:
        process.start(install_signal_handlers=False)
    finally:
        signal.signal(signal.SIGINT, previous)
    spider = crawler.spider
    if not isinstance(spider, BankSpider):
        raise RuntimeError("the crawl did not start")
    if spider.bugs:
        raise spider.bugs[0]
    return not any(job.is_interrupted for job in jobs)


def _settings(limits: FetchLimits, hosts: int) -> dict[str, Any]:
    return {
        "USER_AGENT": AGENT,
        "ROBOTSTXT_OBEY": True,
        "ROBOTSTXT_USER_AGENT": ROBOT,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "CONCURRENT_REQUESTS": hosts,
        "DOWNLOAD_DELAY": limits.delay,
        "RANDOMIZE_DOWNLOAD_DELAY": False,
        "AUTOTHROTTLE_ENABLED": limits.delay > 0,
        "AUTOTHROTTLE_START_DELAY": limits.delay,
        "DOWNLOAD_TIMEOUT": limits.timeout,
        "DOWNLOAD_MAXSIZE": 0,  # announced sizes are not trusted; Transfers counts
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
            SourceBoundary: 50,
            RobotsTxt: 100,
        },
        "EXTENSIONS": {Transfers: 0},
    }


def _interrupt(crawler: Crawler, jobs: Sequence[ScrapeJob]) -> None:
    """End the crawl; open transfers have one more second. A second Ctrl-C ends it at once."""
    from twisted.internet import reactor

    if any(job.is_interrupted for job in jobs):
        raise KeyboardInterrupt
    for job in jobs:
        job.is_interrupted = True

    running: Any = reactor

    def stop() -> None:
        crawler.stop()
        running.callLater(1.0, running.stop)

    running.callFromThread(stop)


class BankSpider(scrapy.Spider):
    """Requests addresses and hands each response to its :class:`~corpus.sources.fetching.ScrapeJob`."""

    name = "banks"

    def __init__(self, jobs: Sequence[ScrapeJob], **options: Any) -> None:
        super().__init__(**options)
        self.jobs = jobs
        self.bugs: list[BaseException] = []
        self.links = LinkExtractor(
            tags=("a", "area", "frame", "iframe"), attrs=("href", "src"), deny_extensions=(), strip=True
        )

    @classmethod
    def from_crawler(cls, crawler: Crawler, *values: Any, **options: Any) -> BankSpider:
        """Called by Scrapy."""
        spider: BankSpider = super().from_crawler(crawler, *values, **options)
        crawler.signals.connect(spider.note_bug, signals.spider_error)
        return spider

    def note_bug(self, failure: Failure) -> None:
        """Keep an error of this program, to be raised at the end."""
        if failure.value is not None:
            self.bugs.append(failure.value)

    async def start(self) -> AsyncIterator[Request]:
        """The starting points of every job."""
        for job in self.jobs:
            for request in self.ask(job, job.source.start, ""):
                yield request

    def ask(self, job: ScrapeJob, urls: Sequence[str], referrer: str) -> Iterator[Request]:
        """Requests for the addresses that may hold banks. What an interrupted run has done is not repeated."""
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
        """Handle a response and request the links in it."""
        request = response.request
        assert request is not None  # noqa: S101  # Scrapy sets it
        job, fetched = job_of(request), _answered(request, response)
        transfer: Transfer | None = request.meta.get("transfer")
        if response.status == 304 and fetched.url in job.manifest.last:
            yield from self.ask(job, job.keep_unchanged(fetched), fetched.url)
        elif response.status not in (200, 206):
            if response.status == 416:
                job.drop_part(response.url)
            job.note(fetched, reason=f"the server answers {response.status}")
        elif (encoding := header(response.headers, "Content-Encoding")) not in ("", "identity"):
            job.note(fetched, reason=f"it is encoded as {encoding[:40]}, which was not requested")
        else:
            data = whole_body(job, response, transfer)
            job.drop_part(response.url)
            yield from self.take(job, replace(fetched, size=len(data)), data, response)

    def take(self, job: ScrapeJob, fetched: FetchRecord, data: bytes, response: Response) -> Iterator[Request]:
        """Store a file, or follow the links of a page."""
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
        """Record why an address failed."""
        request: Request = failure.request  # type: ignore[attr-defined]
        transfer: Transfer | None = request.meta.get("transfer")
        fetched = record_of(request)
        if transfer is not None:
            transfer.close()
            fetched = replace(fetched, size=transfer.base + transfer.size, announced=transfer.announced)
        if job_of(request).is_interrupted:
            return  # it is requested again when the scrape resumes
        job_of(request).note(fetched, reason=_why(failure, transfer))


def is_page(data: bytes) -> bool:
    """Whether bytes are an HTML page, whatever content type the server gives."""
    return b"\0" not in data[:1024] and _MARKUP.search(data[:8192]) is not None


def _answered(request: Request, response: Response) -> FetchRecord:
    transfer: Transfer | None = request.meta.get("transfer")
    return replace(
        record_of(request),
        final_url=response.url if response.url != request.meta["url"] else "",
        status=response.status,
        announced=transfer.announced if transfer is not None else None,
        etag=header(response.headers, "ETag"),
        modified=header(response.headers, "Last-Modified"),
    )


def _why(failure: Failure, transfer: Transfer | None) -> str:
    """Why an address failed, in a few words."""
    error = failure.value
    if transfer is not None and transfer.why:
        return transfer.why
    kind = type(error).__name__
    if kind == "DownloadTimeoutError":
        return "it took too long"
    if kind in ("CannotResolveHostError", "DNSLookupError"):
        return "the host is unknown, or there is no network"
    if kind in ("DownloadConnectionRefusedError", "ConnectionRefusedError"):
        return "the host refuses connections"
    if kind == "ResponseDataLossError" and transfer is not None:
        got, announced = transfer.base + transfer.size, transfer.announced
        return f"it ended after {got} bytes" + ("" if announced is None else f" of {announced} announced")
    if isinstance(error, IgnoreRequest):
        return str(error)[:1].lower() + str(error)[1:] or "refused"
    return f"{kind}: {error}"[:300]
