"""The export: the one file contract between ``corpus``, which writes it, and ``training``, which reads it.

An export is a folder: ``voices.parquet``, ``manifest.json``, ``README.md`` (the dataset card, for people) and, once
something was learned, ``ear.safetensors``: the category ear that ``corpus`` fitted, for ``training`` to hear with.

``voices.parquet`` has one row a voice, sorted by ``voice_id``:

- ``voice_id``, ``family_id``, ``name``, ``split`` (train, validation or test);
- ``categories``: list of keys, the main one first; never empty;
- where they come from: ``origin`` (``person``, ``propagated``, or the source that suggests it the loudest),
  ``confidence``, 0 to 1, ``people``, how many said so, and ``opinions``, what each source of suggestions said of the
  voice by itself: a list of ``origin``, ``category``, ``probability``;
- ``sightings``: in how many slots of all ingested files the voice was found;
- the 145 parameters as ``uint8`` columns, named and ordered as in ``dx7/voices/parameters.py``.

The manifest names the categories in order, counts the rows, holds the card of the ear, and the hash of the content:
of the rows, the categories and the ear. The same rows give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from dx7.errors import ExportError
from dx7.voices.parameters import PARAMETER_NAMES, PARAMETERS

EXPORT_VERSION = 2
VOICES_FILE = "voices.parquet"
MANIFEST_FILE = "manifest.json"
CARD_FILE = "README.md"
EAR_FILE = "ear.safetensors"
HASH_DIGITS = 12  # of the content, in the name of an export's folder and where one is told
SPLITS = ("train", "validation", "test")

OPINIONS = pa.list_(pa.struct({"origin": pa.string(), "category": pa.string(), "probability": pa.float32()}))
SCHEMA = pa.schema(
    [
        pa.field("voice_id", pa.string(), nullable=False),
        pa.field("family_id", pa.string(), nullable=False),
        pa.field("name", pa.string(), nullable=False),
        pa.field("split", pa.string(), nullable=False),
        pa.field("categories", pa.list_(pa.string()), nullable=False),
        pa.field("origin", pa.string(), nullable=False),
        pa.field("confidence", pa.float32(), nullable=False),
        pa.field("people", pa.int32(), nullable=False),
        pa.field("opinions", OPINIONS, nullable=False),
        pa.field("sightings", pa.int32(), nullable=False),
        *(pa.field(name, pa.uint8(), nullable=False) for name in PARAMETER_NAMES),
    ]
)


@dataclass(frozen=True, slots=True)
class FittedEar:
    """A category ear on its way into an export: its weights (``dx7/analysis/classifier.py``), and its card."""

    weights: bytes
    card: dict[str, object]


@dataclass(frozen=True)
class Export:
    """An export in memory; all arrays have one row a voice."""

    voice_ids: tuple[str, ...]
    family_ids: tuple[str, ...]
    names: tuple[str, ...]
    splits: NDArray[np.str_]
    categories: tuple[tuple[str, ...], ...]
    confidence: NDArray[np.float32]
    parameters: NDArray[np.uint8]  # [n, 145], every value in range
    category_keys: tuple[str, ...]  # the vocabulary, in order
    content_hash: str
    ear_file: Path | None  # of the category ear, if one was fitted

    def category_matrix(self) -> NDArray[np.float32]:
        """Multi-hot ``float32[n, categories]`` in the order of ``category_keys``."""
        column = {key: index for index, key in enumerate(self.category_keys)}
        matrix = np.zeros((len(self.voice_ids), len(column)), dtype=np.float32)
        for row, keys in enumerate(self.categories):
            matrix[row, [column[key] for key in keys]] = 1
        return matrix


def write_export(
    folder: Path,
    voices: pa.Table,
    category_keys: Sequence[str],
    *,
    card: str,
    facts: dict[str, object] | None = None,
    ear: FittedEar | None = None,
) -> str:
    """Write an export and return its content hash. ``voices`` must have :data:`SCHEMA`; rows are sorted here.

    ``facts`` go into the manifest under ``facts``; neither they nor the card of the ear may depend on time or place.
    Raises ``ExportError`` if there is nothing to write or the folder cannot be written.
    """
    if voices.num_rows == 0:
        raise ExportError("nothing to export: no voice has a category yet; label some, or let the rules suggest")
    voices = voices.select(SCHEMA.names).cast(SCHEMA).sort_by("voice_id")
    ear_hash = sha256(ear.weights).hexdigest() if ear else ""
    content_hash = _content_hash(voices, category_keys, ear_hash)
    manifest = {
        "version": EXPORT_VERSION,
        "content_hash": content_hash,
        "rows": voices.num_rows,
        "rows_by_split": _counts(voices["split"].to_pylist()),
        "rows_by_main_category": _counts([keys[0] for keys in voices["categories"].to_pylist()]),
        "rows_by_origin": _counts(voices["origin"].to_pylist()),
        "category_keys": list(category_keys),
        "ear": {"sha256": ear_hash, "card": ear.card} if ear else None,
        "facts": facts or {},
    }
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if any(folder.iterdir()) and not (folder / VOICES_FILE).exists():  # its README.md would be written over
            raise ExportError(f"{folder} holds something else; name an empty or a new folder")
        # The manifest comes last: a folder without one is no export.
        (folder / MANIFEST_FILE).unlink(missing_ok=True)
        pq.write_table(voices, folder / VOICES_FILE, compression="zstd")
        (folder / CARD_FILE).write_text(card, encoding="utf-8")
        (folder / EAR_FILE).unlink(missing_ok=True)  # of what was exported here before
        if ear:
            (folder / EAR_FILE).write_bytes(ear.weights)
        (folder / MANIFEST_FILE).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise ExportError(f"cannot write the export to {folder}: {error.strerror}") from error
    return content_hash


def read_manifest(folder: Path) -> dict[str, object]:
    """The manifest of an export. Raises ``ExportError`` if there is none or it is of another version."""
    try:
        manifest = json.loads((folder / MANIFEST_FILE).read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise ExportError(f"{folder} is not an export (no readable {MANIFEST_FILE}); run make export") from error
    if manifest.get("version") != EXPORT_VERSION:
        raise ExportError(
            f"{folder} has export version {manifest.get('version')}, this Cartwright reads version {EXPORT_VERSION};"
            " run make export to write it anew"
        )
    return dict(manifest)


def read_export(folder: Path) -> Export:
    """Read and check an export. Raises ``ExportError`` if it is missing, damaged or holds an illegal voice."""
    manifest = read_manifest(folder)
    try:
        voices = pq.read_table(folder / VOICES_FILE)
    except (OSError, pa.ArrowInvalid) as error:
        raise ExportError(f"cannot read {folder / VOICES_FILE}: {error}") from error
    if voices.schema.names != SCHEMA.names:
        raise ExportError(f"{folder / VOICES_FILE} has other columns than this version of Cartwright; export again")
    voices = voices.cast(SCHEMA)
    keys = tuple(str(key) for key in manifest["category_keys"])  # type: ignore[attr-defined]
    ear_file = folder / EAR_FILE if manifest.get("ear") else None
    if _content_hash(voices, keys, _hash_of_file(ear_file)) != manifest["content_hash"]:
        files = VOICES_FILE if ear_file is None else f"{VOICES_FILE} or {EAR_FILE}"
        raise ExportError(f"{files} in {folder} is not what the manifest describes; export again")
    parameters = np.stack([voices[name].to_numpy() for name in PARAMETER_NAMES], axis=1)
    for row in PARAMETERS:
        if (parameters[:, row.index] > row.maximum).any():
            raise ExportError(f"{folder / VOICES_FILE}: {row.name} is above {row.maximum}; export again")
    return Export(
        voice_ids=tuple(voices["voice_id"].to_pylist()),
        family_ids=tuple(voices["family_id"].to_pylist()),
        names=tuple(voices["name"].to_pylist()),
        splits=np.array(voices["split"].to_pylist()),
        categories=tuple(map(tuple, voices["categories"].to_pylist())),
        confidence=voices["confidence"].to_numpy(),
        parameters=parameters,
        category_keys=keys,
        content_hash=str(manifest["content_hash"]),
        ear_file=ear_file,
    )


def latest_export(exports: Path) -> Path:
    """The export written last in a folder of exports. Raises ``ExportError`` if there is none."""
    found = list(exports.glob(f"*/{MANIFEST_FILE}"))
    if not found:
        raise ExportError(f"there is no export in {exports}; run make export")
    return max(found, key=lambda manifest: manifest.stat().st_mtime).parent


def _content_hash(voices: pa.Table, category_keys: Sequence[str], ear_hash: str) -> str:
    """SHA-256 of the rows as Arrow IPC, which unlike Parquet does not depend on the writer's version."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, SCHEMA) as stream:
        stream.write_table(voices.combine_chunks())
    return sha256(json.dumps([*category_keys, ear_hash]).encode() + bytes(sink.getvalue())).hexdigest()


def _hash_of_file(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        return sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ExportError(f"cannot read {path}: {error.strerror}; export again") from error


def _counts(values: list[str]) -> dict[str, int]:
    return {value: values.count(value) for value in sorted(set(values))}
