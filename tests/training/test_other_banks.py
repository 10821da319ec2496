"""Anybody's banks as sets to measure: what they are called, where they are, and what is said when there are none."""

import pytest

from dx7.errors import CategoryError, FileError, FormatError
from dx7.formats.files import write_cartridge
from dx7.voices.voice import Voice
from training.evaluation.generated_sets import SET_NAMES
from training.evaluation.other_banks import parse_bank_source, read_other_banks

from .conftest import random_voices

KNOWN = ("brass", "bell")


@pytest.fixture
def folder(tmp_path):
    """Three banks, one of them in a folder below, and what is no bank."""
    (tmp_path / "below").mkdir()
    for number, name in enumerate(("a.syx", "b.SYX", "below/c.syx")):
        voices = [Voice.from_array(voice, f"V {number}") for voice in random_voices(32, seed=number)]
        write_cartridge(tmp_path / name, voices)
    (tmp_path / "empty.syx").write_bytes(b"nothing")
    (tmp_path / "notes.txt").write_bytes((tmp_path / "a.syx").read_bytes())
    return tmp_path


def test_a_name_or_a_word_behind_it_says_the_category(tmp_path):
    assert parse_bank_source("mine=a=b.syx", KNOWN)[:2] == ("mine", "")
    assert str(parse_bank_source("mine=a=b.syx", KNOWN).path) == "a=b.syx"
    assert parse_bank_source("mine:bell=a.syx", KNOWN)[:2] == ("mine", "bell")
    assert parse_bank_source("brass=a.syx", KNOWN)[:2] == ("brass", "brass")
    assert parse_bank_source("brass:bell=a.syx", KNOWN)[:2] == ("brass", "bell")


def test_a_folder_is_searched_and_its_banks_stay_apart(folder):
    (found,) = read_other_banks([f"mine={folder}"], KNOWN, voices=1000)
    assert found.parameters.shape == (96, 145)
    assert found.banks.tolist() == [0] * 32 + [1] * 32 + [2] * 32
    assert list(dict.fromkeys(found.names)) == ["V 0", "V 1", "V 2"]
    assert set(found.wanted) == {""}


def test_the_same_name_again_adds_to_its_set(folder):
    told = [f"mine:brass={folder / 'a.syx'}", f"other={folder / 'b.SYX'}", f"mine:bell={folder / 'below'}"]
    mine, other = read_other_banks(told, KNOWN, voices=1000)
    assert (mine.name, other.name) == ("mine", "other")
    assert mine.wanted == ["brass"] * 32 + ["bell"] * 32
    assert (other.parameters == random_voices(32, seed=1)).all()


def test_many_are_stood_for_by_some_whole_banks_always_the_same(folder):
    one, again = (read_other_banks([f"mine={folder}"], KNOWN, voices=50)[0] for _ in range(2))
    assert len(one.parameters) == 64
    assert (one.parameters == again.parameters).all()
    assert [len(set(one.names[first : first + 32])) for first in (0, 32)] == [1, 1]


@pytest.mark.parametrize(
    ("text", "error", "said"),
    [
        ("mine", FileError, "'mine' names no banks; write NAME=PATH"),
        ("=a.syx", FileError, "names no banks"),
        ("mine=", FileError, "names no banks"),
        ("mine:theremin=a.syx", CategoryError, "no category 'theremin' to measure mine by; choose from brass, bell"),
        ("mine:=a.syx", CategoryError, "no category ''"),
        *((f"{name}=a.syx", FileError, "is that of a set which is measured anyway") for name in SET_NAMES[1:3]),
        ("mine={folder}/gone.syx", FileError, "cannot read .*gone.syx: No such file"),
        ("mine={folder}/empty.syx", FormatError, "empty.syx: "),
        ("mine={folder}/hollow", FormatError, r"no \.syx in .*hollow holds a voice"),
    ],
)
def test_what_is_no_bank_is_told_in_a_sentence(folder, text, error, said):
    (folder / "hollow").mkdir()
    with pytest.raises(error, match=said):
        read_other_banks([text.replace("{folder}", str(folder))], KNOWN, voices=1000)
