from __future__ import annotations

import json
import random
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from dx7.errors import ExportError
from dx7.shared.export_format import SCHEMA, FittedEar, latest_export, read_export, read_manifest, write_export
from dx7.voices.parameters import PARAMETER_NAMES
from dx7.voices.voice import Voice

KEYS = ("piano", "brass")


def table(voices: list[Voice]) -> pa.Table:
    columns: dict[str, list[object]] = {
        "voice_id": [voice.voice_id for voice in voices],
        "family_id": [voice.voice_id for voice in voices],
        "name": [voice.name for voice in voices],
        "split": ["train" if n % 5 else "test" for n in range(len(voices))],
        "categories": [["brass", "piano"] if n % 2 else ["piano"] for n in range(len(voices))],
        "origin": ["person"] * len(voices),
        "confidence": [1.0] * len(voices),
        "people": [n % 3 for n in range(len(voices))],
        "opinions": [
            [{"origin": "ear", "category": key, "probability": 0.75} for key in KEYS[: n % 3]]
            for n in range(len(voices))
        ],
        "sightings": list(range(len(voices))),
    }
    columns |= {name: [voice[name] for voice in voices] for name in PARAMETER_NAMES}
    return pa.table(columns, schema=SCHEMA)


def test_what_is_written_is_read(tmp_path: Path, bank_voices: list[Voice]) -> None:
    content_hash = write_export(tmp_path, table(bank_voices), KEYS, card="card", facts={"threshold": 0.5})
    export = read_export(tmp_path)
    by_id = {voice.voice_id: voice for voice in bank_voices}
    assert list(export.voice_ids) == sorted(by_id)
    assert [bytes(row) for row in export.parameters] == [by_id[key].parameters for key in export.voice_ids]
    assert export.content_hash == content_hash
    assert export.category_keys == KEYS
    matrix = export.category_matrix()
    assert matrix.sum() == sum(map(len, export.categories))
    assert matrix[:, 0].all()
    assert json.loads((tmp_path / "manifest.json").read_text())["facts"] == {"threshold": 0.5}


def test_the_order_of_rows_does_not_matter(tmp_path: Path, bank_voices: list[Voice]) -> None:
    rows = table(bank_voices)
    shuffled = rows.take(random.Random(0).sample(range(rows.num_rows), rows.num_rows))
    for folder, voices in (("a", rows), ("b", shuffled)):
        write_export(tmp_path / folder, voices, KEYS, card="card")
    for name in ("voices.parquet", "manifest.json", "README.md"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()


def test_nothing_to_export_writes_nothing(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="nothing to export"):
        write_export(tmp_path / "out", SCHEMA.empty_table(), KEYS, card="")
    assert not (tmp_path / "out").exists()


def test_an_export_that_was_changed_is_refused(tmp_path: Path, bank_voices: list[Voice]) -> None:
    write_export(tmp_path, table(bank_voices), KEYS, card="")
    voices = pq.read_table(tmp_path / "voices.parquet").slice(1)
    pq.write_table(voices, tmp_path / "voices.parquet")
    with pytest.raises(ExportError, match="not what the manifest describes"):
        read_export(tmp_path)


def test_the_ear_travels_along_and_counts_as_content(tmp_path: Path, bank_voices: list[Voice]) -> None:
    voices = table(bank_voices)
    hashes = [
        write_export(tmp_path, voices, KEYS, card="", ear=ear)
        for ear in (FittedEar(b"one", {"answers": 7}), FittedEar(b"two", {}), None, FittedEar(b"one", {"answers": 7}))
    ]
    assert len(set(hashes)) == 3
    assert hashes[0] == hashes[3]
    ear_file = read_export(tmp_path).ear_file
    assert ear_file is not None
    assert ear_file.read_bytes() == b"one"
    assert read_manifest(tmp_path)["ear"] == {"sha256": sha256(b"one").hexdigest(), "card": {"answers": 7}}
    ear_file.write_bytes(b"changed")
    with pytest.raises(ExportError, match=r"ear.safetensors .* is not what the manifest describes"):
        read_export(tmp_path)
    ear_file.unlink()
    with pytest.raises(ExportError, match=r"cannot read .*ear.safetensors"):
        read_export(tmp_path)
    write_export(tmp_path, voices, KEYS, card="")
    assert read_export(tmp_path).ear_file is None


def test_what_an_earlier_version_wrote_is_told_and_how_to_mend_it(tmp_path: Path, bank_voices: list[Voice]) -> None:
    write_export(tmp_path, table(bank_voices), KEYS, card="")
    manifest = tmp_path / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 1}))
    with pytest.raises(ExportError, match="has export version 1, this Cartwright reads version 2; run make export"):
        read_export(tmp_path)


def test_an_illegal_voice_is_refused(tmp_path: Path, bank_voices: list[Voice]) -> None:
    rows = table(bank_voices)
    column = rows.schema.get_field_index("algorithm")
    bad = rows.set_column(column, SCHEMA.field("algorithm"), pa.array([32] * rows.num_rows, pa.uint8()))
    write_export(tmp_path, bad, KEYS, card="")
    with pytest.raises(ExportError, match="algorithm is above 31"):
        read_export(tmp_path)


@pytest.mark.parametrize("damage", ["missing", "no json", "other version", "no parquet"])
def test_damaged_exports_are_one_sentence(tmp_path: Path, bank_voices: list[Voice], damage: str) -> None:
    write_export(tmp_path, table(bank_voices), KEYS, card="")
    manifest = tmp_path / "manifest.json"
    if damage == "missing":
        manifest.unlink()
    elif damage == "no json":
        manifest.write_text("{")
    elif damage == "other version":
        manifest.write_text(json.dumps(json.loads(manifest.read_text()) | {"version": 99}))
    else:
        (tmp_path / "voices.parquet").write_bytes(b"PAR1")
    with pytest.raises(ExportError, match=r"export|cannot read"):
        read_export(tmp_path)


def test_the_latest_export_is_found(tmp_path: Path, bank_voices: list[Voice]) -> None:
    with pytest.raises(ExportError, match="make export"):
        latest_export(tmp_path)
    write_export(tmp_path / "one", table(bank_voices), KEYS, card="")
    assert latest_export(tmp_path) == tmp_path / "one"


def test_parameters_are_uint8_rows(tmp_path: Path, bank_voices: list[Voice]) -> None:
    write_export(tmp_path, table(bank_voices), KEYS, card="")
    assert read_export(tmp_path).parameters.dtype == np.uint8
    assert read_export(tmp_path).parameters.shape == (32, 145)
