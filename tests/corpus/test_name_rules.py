from __future__ import annotations

import re

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.suggest.name_rules import (
    ATTRIBUTE_WEIGHT,
    Rules,
    folder_rules,
    match_path,
    may_match,
    name_rules,
    plain_name,
    plain_names,
    without_lookaround,
)
from dx7.shared.categories import category_keys

# The names people gave their voices, and the category each is of; "" where the name says nothing.
NAMES = """
PIANO 1: piano       | AC PIANO: piano      | GRAND PNO: piano      | STEINWAY: piano      | HONKYTONK: piano
E.PIANO 1: epiano    | E. PIANO 2: epiano   | EPIANO: epiano        | ELEC PNO: epiano     | EL.PIANO: epiano
FM RHODES: epiano    | WURLITZER: epiano    | DYNORHODES: epiano    | ELECTR.PNO: epiano   | RHODES: epiano
E.ORGAN 1: organ     | PIPE ORGN: organ     | HAMMOND B3: organ     | B3: organ            | PIPES   1: organ
60-S ORG: organ      | ACCORDION: organ     | CALIOPE: organ        | KORG: -              | ORGANIC: -
CLAV: clav           | CLAVINET: clav       | HARPSICH 1: clav      | HARPSI: clav         | CEMBALO: clav
TUB BELLS: bell      | CELESTE: bell        | MUSIC BOX: bell       | GLOCKENSPL: bell     | CHIMES: bell
WIND CHIME: bell     | BELLOWS: -           | GONG: bell            | GLASSHARP: bell      | CARILLON: bell
MARIMBA: mallet      | VIBES: mallet        | VIBE 1: mallet        | XYLOPHONE: mallet    | KALIMBA: mallet
STEEL DRUM: mallet   | STEELDRUMS: mallet   | LOG DRUM: mallet      | VIBRATO: -           | VIBRAPHONE: mallet
GUITAR 1: guitar     | JAZZ GUIT: guitar    | AC.GTR: guitar        | HARP: guitar         | BANJO: guitar
KOTO: guitar         | 12 STRING: guitar    | 12STRG: guitar        | SITAR: guitar        | <PLUK>: guitar
LUTE: guitar         | NYLON PICK: guitar   | MANDOLIN: guitar      | DBL.HARP: guitar     | ZITHER: guitar
BASS 1: bass         | FRETLESS: bass       | SLAP BASS: bass       | SynBass: bass        | FUNK BS: bass
BRASS BASS: bass     | MOOG BASS: bass      | SUPERBASS: bass       | PIANO BASS: bass     | UPRIGHT BS: bass
STRINGS: strings     | VIOLIN: strings      | CELLO: strings        | STRGS LOW: strings   | ANLG STRNG: strings
ORCHESTRA: strings   | ENSEMBLE: strings    | PIZZICATO: strings    | AGITATO: strings     | VIOLNSOLO: strings
BRASS 1: brass       | SYNBRASS: brass      | TRUMPET A: brass      | FR HORN: brass       | FRENCH HRN: brass
FLUEGEL: brass       | TROMBONE: brass      | TUBA: brass           | HORN SEC.: brass     | SYN BRS 1: brass
FLUTE 1: wind        | BASSOON: wind        | BASS CLAR: wind       | OBOE: wind           | SAXOPHONE: wind
ENGL HORN: wind      | PANFLUTE: wind       | WHISTLES: wind        | HARMONICA: wind      | WIND ENS: wind
RECORDER: wind       | BAGPIPE: wind        | PAN PIPES: wind       | SAX BC: wind         | FLUTE: wind
CHOIR: voice         | MALE CHOIR: voice    | HMN VOICE: voice      | SYN.VOX: voice       | SINGER: voice
VOICE 12: -          | INIT VOICE: -        | VOICES: voice         | M.CHORUS: voice      | FEMALE VC: voice
SYN LEAD: lead       | SYN-LEAD 2: lead     | MINIMOOG: lead        | LEADSYN: lead        | SAW LEAD: lead
STRPDX: -            | SYNTH PAD: pad       | STR.PAD: pad          | WARM PAD: pad        | PAD 1: pad
DRUM: drum           | BASS DRUM: drum      | B.DRM-SNAR: drum      | COW BELL: drum       | COWBELL: drum
TIMPANI: drum        | TOM TOMS: drum       | CLAVES: drum          | WOOD BLOCK: drum     | SNARE 2: drum
HAND CLAP: drum      | CONGAS: drum         | HI-HAT: drum          | TAIKO: drum          | CASTANETS: drum
TRAIN: fx            | TAKE OFF: fx         | LASER GUN: fx         | HELICOPTER: fx       | BIRDS: fx
SND EFX: fx          | THUNDER: fx          | CAR HORN: fx          | TELEPHONE: fx        | WASP STING: fx
PATCH 1: -           | BC 1: -              | PROPHET: -            | JUMP: -              | TRIANGLES: -
SUNSET: -            | : -                  | ----------: -         | 0123456789: -        | SPLIT 1: -
"""
CASES = [
    tuple(part.strip() for part in cell.rsplit(":", 1))
    for line in NAMES.strip().splitlines()
    for cell in line.split("|")
]


@pytest.mark.parametrize(("name", "category"), CASES)
def test_a_name_speaks_of_its_category(name: str, category: str) -> None:
    matches = name_rules().match(name)
    assert (matches[0].category if matches else "-") == category


def test_every_category_is_tried_above() -> None:
    assert {category for _, category in CASES} == {*category_keys(), "-"}


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("E.PIANO", "piano"),
        ("BASSOON", "bass"),
        ("STEEL DRUM", "drum"),
        ("COW BELL", "bell"),
        ("12 STRING", "strings"),
        ("BAGPIPE", "organ"),
        ("SAXOPHONE", "fx"),
        ("BASS DRUM", "bass"),
        ("WIND CHIME", "fx"),
        ("CLAVES", "clav"),
        ("FLUTE", "guitar"),
    ],
)
def test_a_longer_match_leaves_nothing_to_a_shorter(name: str, others: str) -> None:
    assert others not in [match.category for match in name_rules().match(name)]


def test_the_last_word_is_the_thing_itself() -> None:
    matches = name_rules().match("STRING PAD")
    assert [(match.category, match.weight) for match in matches] == [("pad", 1.0), ("strings", ATTRIBUTE_WEIGHT)]


@pytest.mark.parametrize(
    ("path", "category"),
    [
        ("Set 4 Instruments/Harpsichord/harpsi_1.syx", "clav"),
        ("!Instruments/Plucked/Bass/Bass1/BASS007.SYX", "bass"),
        ("Instruments/Electric Piano/PIANO_E3.SYX", "epiano"),
        ("Percussion/Percussion Tuned/perc12.syx", "mallet"),
        ("drums n perc/x.syx", "drum"),
        ("banks.zip!Choir/01.syx", "voice"),
        ("Jeff Saxe/01.syx", "-"),
        ("Set 28 Single Voice/VOICES01.SYX", "-"),
        ("Brass/Various/01.syx", "brass"),
        ("Misc A-C/Unsorted/bank.syx", "-"),
    ],
)
def test_the_deepest_folder_that_says_something_counts(path: str, category: str) -> None:
    matches = match_path(folder_rules(), path)
    assert (matches[0].category if matches else "-") == category


@given(st.text(max_size=12))
def test_any_text_can_be_judged(text: str) -> None:
    plain = plain_name(text)
    assert plain_name(plain) == plain
    assert plain.isascii()
    categories = [match.category for match in name_rules().match(text)]
    assert len(set(categories)) == len(categories)


@given(st.sampled_from([name for name, _ in CASES]))
def test_case_does_not_count(name: str) -> None:
    assert name_rules().match(name.upper()) == name_rules().match(name.lower())


def test_rules_with_capitals_match_as_well() -> None:
    rules = Rules({"bass": [r"\BDRONE\b"], "none": []})
    assert [match.category for match in rules.match("MyDrone") + rules.match("xdrone")] == ["bass"]


NAMES_OF_ALL_SORTS = st.one_of(
    st.sampled_from([name for name, _ in CASES]),
    st.text(alphabet=st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=10),
    st.text(max_size=12),
)


@given(st.lists(NAMES_OF_ALL_SORTS, max_size=20))
@settings(max_examples=30, deadline=None)  # every example compiles all rules for the pre-filter
def test_many_names_are_matched_together_as_they_are_one_by_one(names: list[str]) -> None:
    for rules in (name_rules(), folder_rules()):
        assert rules.match_all(names) == [rules.match(name) for name in names]


@pytest.mark.parametrize("rule", [r"(b)a\1", r"(?>ba)b", r"ba\Z", r"(?<=\(x)b(?!(?:y|\)))", r"bx{,3}a", r"[])b]a"])
def test_rules_that_only_python_understands_are_matched_as_well(rule: str) -> None:
    rules = Rules({"bass": [rule]})
    names = ["bab", "ba", "(xb", "(xby", "bxxa", "]a", "b)", "", "none"]
    found = rules.match_all(names)
    assert found == [rules.match(name) for name in names]
    assert any(found)


FRAGMENTS = st.sampled_from(
    ["a", "b.", r"\b", "[ab]", "[^]a]", "(?:a|b)", "(?!b)", "(?<=a)", "(?=(a|b))", "a?", "^", "$"]
)


@given(st.lists(FRAGMENTS, min_size=1, max_size=6), st.lists(st.text("ab ]", max_size=6), max_size=8))
def test_the_prefilter_lets_everything_through_that_matches(fragments: list[str], texts: list[str]) -> None:
    rule = "".join(fragments)
    passed = set(may_match(pa.array(texts, pa.string()), [rule]).tolist())
    assert {place for place, text in enumerate(texts) if re.search(rule, text)} <= passed


def test_a_lookaround_that_is_not_closed_is_left_to_python() -> None:
    with pytest.raises(ValueError, match="unclosed"):
        without_lookaround("a(?!b")
    assert may_match(pa.array(["a", "b"]), ["a(?!b"]).tolist() == [0, 1]


@given(st.lists(st.text(max_size=8), max_size=8))
def test_names_are_brought_into_form_together_as_they_are_alone(names: list[str]) -> None:
    assert plain_names(names) == [plain_name(name) for name in names]
