"""Politeness: which requests a crawl may make and how often, by source bounds and robots.txt."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.downloadermiddlewares.robotstxt import RobotsTxtMiddleware
from scrapy.exceptions import IgnoreRequest
from scrapy.http import Request, Response

from corpus.sources.transfers import job_of

ROBOT = "Cartwright"
_LONGEST_CRAWL_DELAY = 60.0


class SourceBoundary:
    """Stops requests that leave their source, redirects included, and adds conditions and ranges to the others."""

    def __init__(self, crawler: Crawler) -> None:
        self.crawler = crawler
        self.delays: dict[str, float] = {}
        crawler.signals.connect(self.robots_parsed, signals.robots_parsed)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> SourceBoundary:
        """Called by Scrapy."""
        return cls(crawler)

    def process_request(self, request: Request) -> None:
        """Raise ``IgnoreRequest`` for a request that leaves the source."""
        if "job" not in request.meta:  # a request for robots.txt
            return
        job = job_of(request)
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
        """Note the crawl delay of robots.txt, at most a minute."""
        delay = robotparser.rp.crawl_delay(ROBOT)
        if delay and self.crawler.settings.getfloat("DOWNLOAD_DELAY") > 0:
            self.delays[_host(request)] = min(float(delay), _LONGEST_CRAWL_DELAY)

    def slow_down(self, request: Request) -> None:
        """Apply the crawl delay of the host."""
        if (delay := self.delays.get(_host(request))) and self.crawler.engine is not None:
            request.meta["autothrottle_dont_adjust_delay"] = True
            if (slot := self.crawler.engine.downloader.slots.get(_host(request))) is not None:
                slot.delay = max(slot.delay, delay)


class RobotsTxt(RobotsTxtMiddleware):
    """As in Scrapy, but a server error for robots.txt forbids everything (RFC 9309, 2.3.1)."""

    async def _parse_robots(self, response: Response, netloc: str, request: Request) -> None:
        if response.status >= 500:
            response = response.replace(body=b"User-agent: *\nDisallow: /\n")
        elif response.status != 200:
            response = response.replace(body=b"")
        await super()._parse_robots(response, netloc, request)


def _host(request: Request) -> str:
    return str(request.meta.get("download_slot") or urlsplit(request.url).hostname)
