from __future__ import annotations

from pathlib import Path

import pytest

from dx7.errors import CategoryError
from dx7.shared.categories import category_keys, get_category, load_categories
from dx7.shared.locations import CATEGORIES_FILE

ROW = """
[[category]]
key = "brass"
title = "Brass"
colour = "#bc6c25"
shortcut = "0"
guidance = "Trumpets."
notes = [48, 55]
note_seconds = 0.7
name_rules = ['brass']
folder_rules = []
"""


def test_the_shipped_categories_are_the_sixteen_of_the_design() -> None:
    expected = "piano epiano organ clav bell mallet guitar bass strings brass wind voice lead pad drum fx"
    assert category_keys() == tuple(expected.split())
    assert all(category.guidance and category.name_rules for category in load_categories())
    deck_keys = set("sdxfu")  # skip, unsure, broken, favourite, undo
    assert not deck_keys & {category.shortcut for category in load_categories()}


@pytest.mark.parametrize(
    ("change", "match"),
    [
        (("key =", "kee ="), "field key is missing"),
        (('"brass"', '"Brass!"'), "lower-case letters"),
        (("[48, 55]", "[48, 155]"), "MIDI notes from 0 to 127"),
        (("[48, 55]", "[]"), "MIDI notes from 0 to 127"),
        (("'brass'", "'br(ass'"), "not a regular expression"),
        (("0.7", '"long"'), "could not convert"),
        (("[[category]]", "[[categories]]"), "no .*category.* row"),
        (("title =", "title"), "not valid TOML"),
    ],
)
def test_a_broken_file_says_what_is_wrong(tmp_path: Path, change: tuple[str, str], match: str) -> None:
    path = tmp_path / "categories.toml"
    path.write_text(ROW.replace(*change, 1))
    with pytest.raises(CategoryError, match=match):
        load_categories(path)


def test_keys_are_unique(tmp_path: Path) -> None:
    path = tmp_path / "categories.toml"
    path.write_text(ROW + ROW)
    with pytest.raises(CategoryError, match="key brass is used twice"):
        load_categories(path)


def test_an_unknown_category_lists_the_known_ones() -> None:
    with pytest.raises(CategoryError, match="no category 'brasss'; choose one of piano, epiano"):
        get_category("brasss")
    assert get_category("brass").title == "Brass"
    assert CATEGORIES_FILE.exists()
