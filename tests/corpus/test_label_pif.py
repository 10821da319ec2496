"""Labels from and for KnobKraft Orm: its PIF."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from corpus.labels.journal import read_journals
from corpus.labels.label_files import LabelImport, export_labels, import_labels
from corpus.labels.label_rows import load_knobkraft
from dx7.errors import CategoryError, FormatError
from dx7.formats.files import encode_cartridge
from dx7.formats.messages import encode_voice_message
from dx7.shared.categories import category_keys
from dx7.voices.voice import INIT_VOICE, Voice
from tests.corpus.label_material import csv_file, fill, said, write_journals


@pytest.fixture
def voices(make_voice: Callable[..., Voice]) -> list[Voice]:
    return [make_voice(seed, name) for seed, name in enumerate(["BRASS 1", "E.PIANO", "=1+1", "TWIN", "TWIN"])]


@pytest.fixture
def filled(store: Path, tmp_path: Path, voices: list[Voice]) -> Path:
    return fill(store, tmp_path / "banks", voices)


@pytest.fixture
def journals(tmp_path: Path, voices: list[Voice]) -> Path:
    return write_journals(tmp_path / "labels", voices)


def patch(voice: Voice, **fields: Any) -> dict[str, Any]:
    sysex = base64.b64encode(encode_voice_message(voice)).decode()
    return {"Synth": "Yamaha DX7", "Name": voice.name, "Sysex": sysex} | fields


def pif(*patches: Any, **header: Any) -> bytes:
    top = {"FileFormat": "PatchInterchangeFormat", "Version": 1} | header
    return json.dumps({"Header": top, "Library": patches}).encode()


def import_pif(tmp_path: Path, data: bytes, **options: Any) -> LabelImport:
    return import_labels(csv_file(tmp_path, data, "library.pif"), tmp_path / "labels", **options)


def test_a_library_as_knobkraft_writes_it(tmp_path: Path, filled: Path, voices: list[Voice], make_voice: Any) -> None:
    data = pif(
        patch(voices[0], Favorite=1, Bank=0, Place=4, Categories=["Brass", "Pad"], NonCategories=["Lead"], Comment="!"),
        patch(voices[1], Favorite=None, Categories=["Keys"], SourceInfo={"filesource": True}),
        patch(voices[2], Favorite=0, Categories=["Bells"], Hidden=True),
        patch(make_voice(77), Favorite="1", Categories=["Strings", "My own"]),
        {"Synth": "Roland D-50", "Name": "X", "Sysex": base64.b64encode(b"\xf0A\x10\xf7").decode()},
    )
    imported = import_pif(tmp_path, data, store=filled)
    assert imported.format == "pif"
    assert imported.labellers == {"knobkraft": 5}
    assert imported.problems == ()
    assert imported.strangers == 1
    assert imported.left_out == {
        "category Keys": 1,
        "category My own": 1,
        "not category Lead": 1,
        "comment": 1,
        "hidden": 1,
        "patch for Roland D-50": 1,
    }
    assert said(tmp_path / "labels") == sorted(
        [
            ("knobkraft", voices[0].voice_id, "favourite", ()),
            ("knobkraft", voices[0].voice_id, "label", ("brass", "pad")),
            ("knobkraft", voices[2].voice_id, "label", ("bell",)),
            ("knobkraft", make_voice(77).voice_id, "favourite", ()),
            ("knobkraft", make_voice(77).voice_id, "label", ("strings",)),
        ]
    )


def test_a_person_says_what_a_category_is(tmp_path: Path, voices: list[Voice]) -> None:
    data = pif(patch(voices[0], Categories=["Keys"]), patch(voices[1], Categories=["Bass"]))
    imported = import_pif(tmp_path, data, also={"keys": "epiano", "Bass": "lead"}, labeller="anna")
    assert imported.left_out == {}
    assert [a.categories for a in read_journals(tmp_path / "labels").answers] == [("epiano",), ("lead",)]
    with pytest.raises(CategoryError, match="no category 'kazoo'"):
        import_pif(tmp_path, data, also={"Keys": "kazoo"})


def test_a_favourite_can_be_taken_back(tmp_path: Path, voices: list[Voice]) -> None:
    for favourite, added in ((1, 1), (0, 1), (1, 0), (0, 0)):
        assert import_pif(tmp_path, pif(patch(voices[0], Favorite=favourite))).added == added
    assert said(tmp_path / "labels") == []


@pytest.mark.parametrize(
    ("change", "match"),
    [
        ({"Sysex": None}, "it has no Sysex"),
        ({"Sysex": "???"}, "not base64"),
        ({"Sysex": base64.b64encode(b"hello").decode()}, "no DX7 voice"),
        ({"Sysex": base64.b64encode(bytes(155)).decode()}, "no DX7 voice"),
        ({"Sysex": base64.b64encode(encode_cartridge([INIT_VOICE] * 32)).decode()}, "32 voices, not one"),
        ({"Cartwright": {"voice_id": INIT_VOICE.voice_id, "answers": [7]}}, "is no answer"),
        ({"Cartwright": {"voice_id": INIT_VOICE.voice_id, "answers": [{"answer": "label"}]}}, "names no category"),
    ],
)
def test_a_bad_patch_costs_itself(tmp_path: Path, change: dict[str, Any], match: str) -> None:
    data = pif(patch(INIT_VOICE, **change), 7, patch(INIT_VOICE, Categories=["Brass"]))
    imported = import_pif(tmp_path, data)
    assert [problem.row for problem in imported.problems] == [1, 2]
    assert match in imported.problems[0].message
    assert imported.added == 1


@pytest.mark.parametrize(
    ("data", "match"),
    [
        (b"{", "no JSON, or was cut off"),
        (b"[" * 100_000, "no JSON, or was cut off"),
        (b"{}", "not KnobKraft's"),
        (b'{"Header": []}', "not KnobKraft's"),
        (pif(FileFormat="other"), "not KnobKraft's"),
        (b'{"Header": {"FileFormat": "PatchInterchangeFormat"}, "Library": 7}', "no library"),
        (b'[{"Favorite": ' + b"9" * 9_000 + b"}]", "no JSON, or was cut off"),
    ],
)
def test_what_is_no_pif_is_told(tmp_path: Path, data: bytes, match: str) -> None:
    with pytest.raises(FormatError, match=match):
        import_pif(tmp_path, data)
    assert not (tmp_path / "labels").exists()


def test_odd_types_are_forgiven(tmp_path: Path) -> None:
    data = pif(patch(INIT_VOICE, Favorite="yes", Categories=["Brass", 7, None], NonCategories="x", Bank={}, Place="no"))
    assert import_pif(tmp_path, data).added == 1
    old = json.dumps([patch(INIT_VOICE, Categories=["Organ"], Favorite=True)]).encode()
    assert import_pif(tmp_path, b"\xef\xbb\xbf" + old, labeller="old").added == 2


def test_what_was_edited_elsewhere_is_not_taken_for_ours(tmp_path: Path, voices: list[Voice]) -> None:
    ours = {"voice_id": voices[0].voice_id, "answers": [json.loads(json.dumps({"answer": "broken"}))]}
    import_pif(tmp_path, pif(patch(voices[1], Categories=["Brass"], Cartwright=ours)))
    assert said(tmp_path / "labels") == [("knobkraft", voices[1].voice_id, "label", ("brass",))]


def test_what_is_exported_is_what_knobkraft_takes(
    journals: Path, filled: Path, tmp_path: Path, voices: list[Voice]
) -> None:
    export_labels(journals, tmp_path / "o.pif", store=filled)
    document = json.loads((tmp_path / "o.pif").read_text())
    assert document["Header"] == {"FileFormat": "PatchInterchangeFormat", "Version": 1}
    by_name = {each["Name"]: each for each in document["Library"]}
    first = by_name["BRASS 1"]
    assert (first["Synth"], first["Favorite"], first["Place"]) == ("Yamaha DX7", 1, 0)
    assert first["Categories"] == ["Brass", "Pad"]  # strings is Pad, too
    assert base64.b64decode(first["Sysex"]) == encode_voice_message(voices[0])
    assert base64.b64decode(first["Sysex"])[:6].hex() == "f0430000011b"
    assert first["SourceInfo"] == {"filesource": True, "filename": "mine.syx", "fullpath": "mine.syx", "program": 0}
    assert by_name["E.PIANO"]["Favorite"] is None
    assert str(tmp_path) not in json.dumps(document)


def test_the_table_of_knobkraft_covers_our_categories() -> None:
    table = load_knobkraft()
    assert set(table.theirs) == set(category_keys())
    assert set(table.ours.values()) <= set(category_keys())
    # What we export, KnobKraft brings back as it is, or as what is reported as too little.
    assert all(table.ours.get(theirs, key) in category_keys() for key, theirs in table.theirs.items())
