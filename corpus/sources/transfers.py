"""What is on its way from the web: counted as it comes, stopped when it is too much, kept on disk when it is large."""

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
_PART_FROM = 256 << 10  # bytes from which on a file is worth going on with
_USELESS_TYPES = ("image/", "audio/mpeg", "audio/ogg", "audio/wav", "audio/x-wav", "video/", "font/", "text/css")


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


class Transfers:
    """Counts bytes as they come, stops what is too much, and keeps what came of large files on disk."""

    def __init__(self, crawler: Crawler) -> None:
        crawler.signals.connect(self.headers_received, signals.headers_received)
        crawler.signals.connect(self.bytes_received, signals.bytes_received)
        crawler.signals.connect(self.request_dropped, signals.request_dropped)

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
        if content_range := header(headers, "Content-Range"):
            _go_on(request, transfer, content_range)
        else:
            job_of(request).drop_part(request.url)
            transfer.validator = _validator(headers)

    def bytes_received(self, data: bytes, request: Request) -> None:
        """Count, and keep."""
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
        """A redirection to what was asked for already: in a circle, or under another address."""
        if "job" in request.meta:
            reason = "leads to an address that was asked for already"
            job_of(request).note(replace(record_of(request), final_url=request.url), reason=reason)


def _go_on(request: Request, transfer: Transfer, content_range: str) -> None:
    """Append to the part that is there; raise ``StopDownload`` if what comes is not what follows it."""
    job = job_of(request)
    part = job.read_part(request.url)
    if part is None or not content_range.startswith(f"bytes {part.size}-"):
        job.drop_part(request.url)
        transfer.why = "the server sends another piece than was asked for"
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
    """The bytes of a response, and before them those that were there."""
    if transfer is None:
        return response.body
    transfer.close()
    if not transfer.base:
        return response.body
    return job.part_file(response.url).read_bytes()[: transfer.base] + response.body


def job_of(request: Request) -> ScrapeJob:
    """The job that a request is of."""
    job: ScrapeJob = request.meta["job"]
    return job


def record_of(request: Request) -> FetchRecord:
    """The beginning of the line that a request will have in the manifest."""
    return new_record(request.meta["url"], request.meta["referrer"])


def header(headers: Any, name: str) -> str:
    """A header as text; none that is endless or would steer a terminal."""
    text = (headers.get(name) or b"").decode("latin-1")
    return text if len(text) <= 500 and text.isprintable() else ""


def _validator(headers: Any) -> str:
    """What names this version of a file for good; a weak ETag does not."""
    etag = header(headers, "ETag")
    return etag if etag and not etag.startswith("W/") else header(headers, "Last-Modified")
