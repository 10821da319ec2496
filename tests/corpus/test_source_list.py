from __future__ import annotations

import re
from pathlib import Path

import pytest

from corpus.sources.scrape import scrape_sources
from corpus.sources.source_list import find_source, folder_of, read_source_list
from dx7.errors import ScrapeError


def test_the_shipped_list_names_the_known_collections() -> None:
    known = read_source_list()
    assert {"alltheweb", "factory", "dexed"} <= set(known.sources)
    for source in known.sources.values():
        assert all(any(start.startswith(below) for below in source.below) for start in source.start)
    assert known.generated


def test_an_address_is_a_source_that_stays_in_its_folder() -> None:
    source = find_source(" https://A.org/my banks/list.html#top".replace(" banks", "-banks"), read_source_list())
    assert source.start == ("https://A.org/my-banks/list.html",)
    assert source.below == (folder_of(source.start[0]),) == ("https://A.org/my-banks/",)
    assert re.fullmatch("[a-z0-9-]+", source.name)


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("nobody", "there is no source 'nobody'; give one of alltheweb, factory"),
        ("ftp://a.org/x", "begins with http:// or https://"),
        ("http://", "begins with http:// or https://"),
        ("http://a.org:99999/", "begins with http:// or https://"),
        ("http://[bad/", "begins with http:// or https://"),
        ("http://a.org/\x1b[31m", "begins with http:// or https://"),
        ("http://a.org/a b", "begins with http:// or https://"),
        ("file:///etc/passwd", "begins with http:// or https://"),
    ],
)
def test_what_is_no_source_is_refused_before_anything_is_written(tmp_path: Path, source: str, says: str) -> None:
    with pytest.raises(ScrapeError, match=re.escape(says)):
        scrape_sources([source], out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("[source", "cannot read"),
        ("[source.x]", "start is None; it must be a list of texts"),
        ("[source.x]\nstart = []", "start is missing"),
        ("[source.x]\nstart = ['nowhere']", "'nowhere' cannot be fetched"),
        ("[source.x]\nstart = ['http://a.org']\nbelow = 'http://a.org'", "below is 'http://a.org'; it must be a list"),
        ("[source.x]\nstart = ['http://a.org']\nurl = 'y'", "source x: unknown keys url"),
        ("[source.x]\nstart = ['http://a.org']\ngenerated = 1", "it must be true or false"),
        ("[source.'../x']\nstart = ['http://a.org']", "may only have"),
        ("source = 3", "sources.toml: "),
        ("[generated]\npatterns = ['(']", "sources.toml: "),
    ],
)
def test_a_broken_list_says_what_is_wrong(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "sources.toml").write_text(text)
    with pytest.raises(ScrapeError, match=re.escape(says)):
        read_source_list(tmp_path / "sources.toml")


def test_a_list_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ScrapeError, match="cannot read"):
        read_source_list(tmp_path / "nowhere.toml")
