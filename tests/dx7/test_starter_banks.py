from __future__ import annotations

import re
from pathlib import Path
from statistics import median

import numpy as np
import pytest

from data.starter.make_banks import CATEGORIES, make, make_voices
from data.starter.sound import Dice, bloom, held, operator, patch, scoop, struck
from dx7.analysis.descriptors import extract_descriptors
from dx7.analysis.faults import find_faults, is_useful
from dx7.errors import FileError, VoiceError
from dx7.formats.files import encode_cartridge, read_bank, write_cartridge
from dx7.shared.categories import category_keys, get_category
from dx7.shared.locations import STARTER_BANKS
from dx7.sound.engine import loudness, render
from dx7.voices.parameters import PARAMETER_COUNT, VOICES_IN_BANK
from dx7.voices.voice import INIT_VOICE


@pytest.mark.parametrize("category", CATEGORIES)
def test_the_bank_on_disk_is_what_the_recipes_make(category: str) -> None:
    assert (STARTER_BANKS / f"{category}.syx").read_bytes() == encode_cartridge(make_voices(category))


def test_every_bank_belongs_to_a_category() -> None:
    assert {path.stem for path in STARTER_BANKS.glob("*.syx")} == set(CATEGORIES)
    assert set(CATEGORIES) <= set(category_keys())


@pytest.mark.parametrize("category", CATEGORIES)
def test_a_bank_reads_back_as_32_voices_without_an_issue(category: str) -> None:
    bank = read_bank(STARTER_BANKS / f"{category}.syx")
    voices = bank.voices()
    assert len(voices) == VOICES_IN_BANK
    assert not bank.issues
    assert not list(bank.voice_issues())
    names = [voice.name for voice in voices]
    assert len(set(names)) == VOICES_IN_BANK
    assert all(re.fullmatch(r"[ -~]{3,10}", name) for name in names)


def test_no_two_starter_voices_are_one_family() -> None:
    voices = [voice for category in CATEGORIES for voice in make_voices(category)]
    assert len({voice.voice_id for voice in voices}) == len(CATEGORIES) * VOICES_IN_BANK
    parameters = np.array([voice.array[:PARAMETER_COUNT] for voice in voices])
    differing = (parameters[:, None] != parameters[None]).sum(axis=2)
    np.fill_diagonal(differing, PARAMETER_COUNT)
    assert differing.min() > 8


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_voice_is_heard_at_its_notes_and_about_as_loud_as_its_bank(category: str) -> None:
    row = get_category(category)
    levels = {}
    for voice in make_voices(category):
        sounds = [render(voice, note=note, seconds_held=row.note_seconds, seconds_total=1.8) for note in row.notes]
        assert min(np.abs(sound).max() for sound in sounds) > 0.01, voice.name
        levels[voice.name] = loudness(sounds[1])
    middle = median(levels.values())
    assert not {name: round(level - middle, 1) for name, level in levels.items() if abs(level - middle) > 6.0}


@pytest.mark.parametrize("category", CATEGORIES)
def test_every_voice_is_useful_in_its_category(category: str) -> None:
    # Among the faults that make a voice useless is "drone": it must stop after the key is let go.
    heard = {voice.name: extract_descriptors(voice.array) for voice in make_voices(category)}
    assert not {name: find_faults(sound, category) for name, sound in heard.items() if not is_useful(sound, category)}


def test_dice_are_the_same_everywhere() -> None:
    dice = Dice("test")
    assert [dice.between(0, 99) for _ in range(6)] == [65, 73, 25, 75, 18, 4]
    assert {Dice(str(seed)).between(3, 5) for seed in range(100)} == {3, 4, 5}
    assert {Dice(str(seed)).pick("a", "b") for seed in range(100)} == {"a", "b"}


@pytest.mark.parametrize(
    ("ratio", "coarse", "fine"), [(0.5, 0, 0), (0.71, 0, 42), (1.0, 1, 0), (1.41, 1, 41), (3.5, 3, 17), (31.0, 31, 0)]
)
def test_ratios_are_set_by_coarse_and_fine(ratio: float, coarse: int, fine: int) -> None:
    values = operator(99, struck(50, 50, 50, 50), ratio=ratio)
    assert (values["frequency_mode"], values["frequency_coarse"], values["frequency_fine"]) == (0, coarse, fine)


@pytest.mark.parametrize(("hertz", "coarse", "fine"), [(1.0, 0, 0), (10.0, 1, 0), (38.9, 1, 59), (4270.0, 3, 63)])
def test_fixed_frequencies_are_decades_and_hundredths(hertz: float, coarse: int, fine: int) -> None:
    values = operator(99, held(99, 99, 99, 99), hertz=hertz)
    assert (values["frequency_mode"], values["frequency_coarse"], values["frequency_fine"]) == (1, coarse, fine)


def test_level_scaling_has_the_sign_of_its_depths() -> None:
    values = operator(99, bloom(99, 50, 50, 99, 50), scaling=(60, 4, -20))
    assert (values["break_point"], values["left_depth"], values["right_depth"]) == (39, 4, 20)
    assert (values["left_curve"], values["right_curve"]) == (3, 0)


def test_a_patch_numbers_algorithm_and_operators_as_on_the_panel() -> None:
    voice = patch(5, operator(90, held(99, 99, 99, 99)), None, transpose=-12, slide=scoop(40, 50))
    assert (voice["algorithm"], voice["op1_output_level"], voice["op2_output_level"]) == (4, 90, 0)
    assert (voice["transpose"], voice["pitch_eg_level_4"], voice["pitch_eg_level_1"]) == (12, 40, 50)


def test_a_patch_out_of_range_is_refused() -> None:
    with pytest.raises(VoiceError, match="op1_output_level is 100"):
        patch(1, operator(100, held(99, 99, 99, 99)))


def test_check_finds_a_changed_bank_and_leaves_it(tmp_path: Path) -> None:
    make(tmp_path)
    make(tmp_path, check=True)
    bank = tmp_path / "brass.syx"
    write_cartridge(bank, [*make_voices("brass")[:-1], INIT_VOICE])
    changed = bank.read_bytes()
    with pytest.raises(FileError, match=r"brass\.syx is not what the recipes make"):
        make(tmp_path, check=True)
    assert bank.read_bytes() == changed
