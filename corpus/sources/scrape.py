"""Scrape public collections of banks politely into folders that ingest reads."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from corpus.sources.fetching import FetchLimits, ScrapeJob, ScrapeResult
from corpus.sources.source_list import SourceList, WebSource, find_source, read_source_list
from dx7.errors import FileError, ScrapeError
from dx7.shared.locations import banks_folder

LIMITS = FetchLimits()


def scrape_sources(
    wanted: Sequence[str],
    *,
    out: Path | None = None,
    limits: FetchLimits = LIMITS,
    known: SourceList | None = None,
    progress: Callable[[int], None] = lambda addresses: None,
) -> list[ScrapeResult]:
    """Fetch sources, each into its own folder in ``out`` (default ``data/banks``); all known ones if none is given.

    A source is a name of ``data/sources.toml`` or an address. Unchanged files are not fetched again, and an interrupted
    scrape is resumed. Can be called once per process. Raises ``ScrapeError`` for an unknown source or one whose folder
    is in use, ``FileError`` if nothing can be written, and ``KeyboardInterrupt`` at Ctrl-C; what was fetched is kept.
    """
    listed = known or read_source_list()
    sources = [find_source(name, listed) for name in dict.fromkeys(wanted)] or list(listed.sources.values())
    from corpus.sources.spider import crawl  # Scrapy takes half a second to import

    with ExitStack() as stack:
        jobs = [_open(stack, source, out or banks_folder(), limits, progress) for source in sources]
        try:
            is_complete = crawl(jobs, limits)
        except OSError as error:
            raise FileError(f"cannot write to {out or banks_folder()}: {error.strerror or error}") from error
        for job in jobs:
            job.is_complete = is_complete
    if not is_complete:
        raise KeyboardInterrupt
    return [job.outcome for job in jobs]


def check_results(outcomes: Sequence[ScrapeResult]) -> None:
    """Raise ``ScrapeError`` if the start address of a source failed."""
    failures = [outcome.failure for outcome in outcomes if outcome.failure]
    if failures:
        kept = "what was fetched is kept" if any(outcome.new + outcome.unchanged for outcome in outcomes) else ""
        advice = "; ".join(filter(None, [kept, "run it again later, or give another address"]))
        raise ScrapeError(f"cannot fetch {'; '.join(failures)}; {advice}")


def _open(
    stack: ExitStack, source: WebSource, out: Path, limits: FetchLimits, progress: Callable[[int], None]
) -> ScrapeJob:
    job = ScrapeJob(source, out / source.name, limits, progress)
    stack.callback(job.close)
    return job
