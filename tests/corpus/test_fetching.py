"""The state of a scrape: what is kept survives a power cut, and what is outside the source is not requested."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from corpus.sources.fetching import FetchLimits, ScrapeJob, new_record
from corpus.sources.source_list import WebSource
from dx7.errors import ScrapeError
from tests.corpus.website import name_of
from tests.lossy_disk import LossyDisk

ROOT = "https://a.org/dx7/"
SOURCE = WebSource("a", "A", (ROOT,), (ROOT, "https://a.org/one.html"))


@pytest.fixture
def job(tmp_path: Path) -> Iterator[ScrapeJob]:
    made = ScrapeJob(SOURCE, tmp_path / "a", FetchLimits(addresses=3))
    yield made
    made.close()


def test_a_file_and_its_line_in_the_manifest_survive_a_power_cut(job: ScrapeJob, bank: bytes) -> None:
    with LossyDisk(job.folder) as disk:
        job.keep(new_record(f"{ROOT}a.syx", ROOT), bank)
        job.note(new_record(f"{ROOT}gone.syx", ROOT), reason="the server answers 404")
    left = disk.survivors()
    assert left[name_of(bank)] == bank
    lines = [json.loads(line) for line in left["manifest.jsonl"].splitlines()]
    assert [line.get("url") for line in lines[1:]] == [f"{ROOT}a.syx", f"{ROOT}gone.syx"]
    assert (job.outcome.new, job.outcome.unchanged) == (1, 0)
    assert job.outcome.refused == {"the server answers 404": 1}
    assert not list(job.state.glob("*.new"))


def test_a_folder_is_locked_until_the_job_is_closed(job: ScrapeJob, tmp_path: Path) -> None:
    with pytest.raises(ScrapeError, match="another scrape is running"):
        ScrapeJob(SOURCE, tmp_path / "a", FetchLimits())
    job.close()
    ScrapeJob(SOURCE, tmp_path / "a", FetchLimits()).close()


@pytest.mark.parametrize(
    ("url", "why"),
    [
        (ROOT, ""),
        (f"{ROOT}sub/b.syx", ""),
        ("https://a.org/one.html", ""),
        ("https://a.org/one.html/x", "a place outside the source"),
        ("https://a.org/dx7", "a place outside the source"),
        ("https://b.org/dx7/", "another host: b.org"),
        ("https://a.org:8080/dx7/x", "a place outside the source"),
        ("ftp://a.org/dx7/x", "an address of another kind"),
        (f"{ROOT}../x", "an address of another kind"),
        (f"{ROOT}%2e%2e/x", "an address of another kind"),
        (f"{ROOT}a%5c..%5cx", "an address of another kind"),
        (f"{ROOT}a%00", "an address of another kind"),
        (ROOT + "a" * (2_000 - len(ROOT)), ""),
        (ROOT + "a" * (2_001 - len(ROOT)), "an address of another kind"),
        ("http://[bad", "an invalid address"),
        ("http://a.org:99999999/", "an invalid address"),
    ],
)
def test_the_bounds_of_a_source(job: ScrapeJob, url: str, why: str) -> None:
    assert job.why_outside(url) == why


def test_an_address_is_taken_once_and_only_so_many_are(job: ScrapeJob) -> None:
    urls = [f"{ROOT}{name}" for name in ("a.syx", "a.syx", "logo.png", "b", "c.zip", "d.syx")]
    assert [job.take_address(url) for url in urls] == [True, False, False, True, True, False]


def test_a_part_is_resumed_only_with_its_validator(job: ScrapeJob) -> None:
    url = f"{ROOT}large.zip"
    assert job.read_part(url) is None
    with job.begin_part(url, '"v1"') as part:
        assert job.read_part(url) is None, "an empty one is not worth a request"
        part.write(b"12345")
    found = job.read_part(url)
    assert found is not None
    assert (found.size, found.validator, found.file.read_bytes()) == (5, '"v1"', b"12345")
    assert job.headers_for(url, url) == {"Range": "bytes=5-", "If-Range": '"v1"'}
    assert job.read_part(f"{ROOT}other.zip") is None
    for facts in ("[]", "{", '{"url": "x", "validator": "y"}', json.dumps({"url": url, "validator": ""})):
        job.part_file(url).with_suffix(".json").write_text(facts)
        assert job.read_part(url) is None
    job.drop_part(url)
    job.drop_part(url)
    assert not job.part_file(url).exists()
    assert not job.part_file(url).with_suffix(".json").exists()


def test_a_condition_is_sent_only_for_what_is_still_there(job: ScrapeJob, bank: bytes) -> None:
    url = f"{ROOT}a.syx"
    assert job.headers_for(url, url) == {}
    record = new_record(url, ROOT)
    object.__setattr__(record, "etag", '"e"')
    object.__setattr__(record, "modified", "Mon")
    job.keep(record, bank)
    assert job.headers_for(url, url) == {"If-None-Match": '"e"', "If-Modified-Since": "Mon"}
    assert job.headers_for(f"{ROOT}elsewhere.syx", url) == {}, "it is redirected elsewhere today"
    (job.folder / name_of(bank)).unlink()
    assert job.headers_for(url, url) == {}
    job.keep(record, bank)
    assert (job.outcome.new, job.outcome.unchanged) == (2, 0)
    job.keep(record, bank)
    assert (job.outcome.new, job.outcome.unchanged) == (2, 1)
