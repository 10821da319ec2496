"""Transfers from the web: counted, stopped when too large, and kept on disk if large."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import IO, Any

from scrapy import signals
from scrapy.crawler import Crawler
from scrapy.exceptions import StopDownload
from scrapy.http import Request, Response

from corpus.sources.fetching import ScrapeJob, new_record
from corpus.sources.manifest import FetchRecord

_ROBOTS_BYTES = 1 << 20
_PART_FROM = 256 << 10  # bytes; smaller files are not resumed
_USELESS_TYPES = ("image/", "audio/mpeg", "audio/ogg", "audio/wav", "audio/x-wav", "video/", "font/", "text/css")


@dataclass(slots=True)
class Transfer:
    """A response being received. ``base`` is the size of the partial file it continues; ``why`` is set if stopped."""

    announced: int | None
    validator: str = ""
    base: int = 0
    size: int = 0
    why: str = ""
    first: bytearray = field(default_factory=bytearray)
    part: IO[bytes] | None = None

    def close(self) -> None:
        """Close the partial file; it stays on disk."""
        if self.part is not None:
            self.part.close()
            self.part = None


class Transfers:
    """Counts received bytes, stops transfers that are too large, and keeps partial files of large ones."""

    def __init__(self, crawler: Crawler) -> None:
        crawler.signals.connect(self.headers_received, signals.headers_received)
        crawler.signals.connect(self.bytes_received, signals.bytes_received)
        crawler.signals.connect(self.request_dropped, signals.request_dropped)

    @classmethod
    def from_crawler(cls, crawler: Crawler) -> Transfers:
        """Called by Scrapy."""
        return cls(crawler)

    def headers_received(self, headers: Any, body_length: object, request: Request) -> None:
        """Start counting; stop content types that are no bank."""
        announced = body_length if isinstance(body_length, int) else None
        transfer = request.meta["transfer"] = Transfer(announced)
        if "job" not in request.meta:
            return
        kind = headers.get("Content-Type", b"").decode("latin-1").lower()
        if kind.startswith(_USELESS_TYPES):
            transfer.why = f"no bank: {kind[:60]}"
            raise StopDownload(fail=True)
        if content_range := header(headers, "Content-Range"):
            _resume(request, transfer, content_range)
        else:
            job_of(request).drop_part(request.url)
            transfer.validator = _validator(headers)

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Count the bytes and keep them in the partial file."""
        transfer: Transfer = request.meta["transfer"]
        transfer.size += len(data)
        if "job" not in request.meta:
            if transfer.size > _ROBOTS_BYTES:
                raise StopDownload(fail=False)
            return
        job = job_of(request)
        job.outcome.bytes += len(data)
        if job.outcome.bytes > job.limits.total_bytes:
            job.is_full = True
            transfer.why = job.why_full
        elif transfer.base + transfer.size > job.limits.file_bytes:
            transfer.why = f"larger than {job.limits.file_bytes} bytes"
            job.drop_part(request.url)
        else:
            try:
                _keep_part(job, request.url, transfer, data)
            except OSError as error:
                job.drop_part(request.url)
                transfer.why = f"it cannot be written: {error.strerror}"
        if transfer.why or job.is_interrupted:
            transfer.close()
            raise StopDownload(fail=True)

    def request_dropped(self, request: Request) -> None:
        """Record a redirect to an address that was requested already."""
        if "job" in request.meta:
            reason = "leads to an address that was requested already"
            job_of(request).note(replace(record_of(request), final_url=request.url), reason=reason)


def _resume(request: Request, transfer: Transfer, content_range: str) -> None:
    """Append to the partial file. Raises ``StopDownload`` if the response does not continue it."""
    job = job_of(request)
    part = job.read_part(request.url)
    if part is None or not content_range.startswith(f"bytes {part.size}-"):
        job.drop_part(request.url)
        transfer.why = "the server sends another range than requested"
        raise StopDownload(fail=True)
    transfer.base = part.size
    transfer.announced = None if transfer.announced is None else part.size + transfer.announced
    transfer.part = part.file.open("ab")


def _keep_part(job: ScrapeJob, url: str, transfer: Transfer, data: bytes) -> None:
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


def whole_body(job: ScrapeJob, response: Response, transfer: Transfer | None) -> bytes:
    """The bytes of the partial file, if any, and of the response that continues it."""
    if transfer is None:
        return response.body
    transfer.close()
    if not transfer.base:
        return response.body
    return job.part_file(response.url).read_bytes()[: transfer.base] + response.body


def job_of(request: Request) -> ScrapeJob:
    """The job of a request."""
    job: ScrapeJob = request.meta["job"]
    return job


def record_of(request: Request) -> FetchRecord:
    """A new record for the address of a request."""
    return new_record(request.meta["url"], request.meta["referrer"])


def header(headers: Any, name: str) -> str:
    """A header as text; empty if it is longer than 500 characters or not printable."""
    text = (headers.get(name) or b"").decode("latin-1")
    return text if len(text) <= 500 and text.isprintable() else ""


def _validator(headers: Any) -> str:
    """A header that identifies this version of a file; a weak ETag does not."""
    etag = header(headers, "ETag")
    return etag if etag and not etag.startswith("W/") else header(headers, "Last-Modified")
