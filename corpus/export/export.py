"""Export: the curated voices of a store as a folder for training. The same store gives the same bytes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

import pyarrow as pa

from corpus.analysis.families import is_up_to_date, update_families
from corpus.analysis.health import refresh_health
from corpus.export.control_lane import measure_control
from corpus.export.dataset_card import write_card
from corpus.export.policy import Policy
from corpus.export.selection import ExportSelection, select_voices
from corpus.labels.answer import Answer
from corpus.storage.store import Connection, open_store
from dx7.errors import ExportError
from dx7.shared.categories import category_keys
from dx7.shared.export_format import HASH_DIGITS, SCHEMA, SPLITS, FittedEar, read_manifest, write_export
from dx7.shared.locations import exports_folder
from dx7.voices.parameters import PARAMETER_NAMES

SPLIT_PERCENT = {"train": 80, "validation": 10, "test": 10}


@dataclass(frozen=True, slots=True)
class ExportResult:
    """The folder of an export and its manifest."""

    folder: Path
    manifest: dict[str, object]


def prepare_export(store: Path, *, progress: Callable[[int, int], None] = lambda done, total: None) -> None:
    """Measure, tag and group the voices of a store as an export needs it.

    ``progress`` is called with the number of measured voices and their total. Raises what ``update_families`` raises.
    """
    update_families(store, progress=progress)
    with open_store(store) as connection:
        refresh_health(connection)


def write_curated_export(
    connection: Connection, folder: Path | None = None, *, policy: Policy, answers: Iterable[Answer] = ()
) -> ExportResult:
    """Write the voices that a policy selects, and the category classifier if one was fitted.

    ``answers`` are the lines of all journals; the policy is measured on the control labels among them. The labels of
    the export come from the store. Without ``folder`` the export goes into the folder of exports, under a name made of
    its content hash, so that the same store gives the same folder. Call :func:`prepare_export` first.

    Raises ``ExportError`` if no voice is selected, if voices have no family, or if the folder cannot be written.
    """
    if len(connection.table("voices")) and not is_up_to_date(connection):
        raise ExportError("the store has voices without a family; run python -m corpus families first")
    keys = category_keys()
    selection = select_voices(connection, keys, policy)
    if not selection.chosen():
        raise ExportError(
            f"nothing to export: the policy {policy.name} selects no voice; label some, run python -m corpus learn, or"
            " choose another policy"
        )
    voices = _rows(connection, selection, keys)
    facts: dict[str, object] = {
        "policy": policy.as_dict(),
        "voices_in_store": len(selection.decisions),
        "left_out": selection.left_out(),
        "relaxed": [relaxed.as_dict() for relaxed in selection.relaxed],
        "control": measure_control(connection, keys, policy, answers).as_dict(),
        "families": len(set(voices["family_id"].to_pylist())),
        "split_percent": SPLIT_PERCENT,
        "split_by": "family_id",
    }
    card = write_card(voices, facts)
    folder = _write(folder, voices, keys, card, facts, _fitted_ear(connection))
    return ExportResult(folder, read_manifest(folder))


def split_of(family_id: str) -> str:
    """The split of a family. It depends on the id alone, so it is the same in every export of every store.

    >>> [split_of(family_id) for family_id in ("a", "b", "m")]
    ['train', 'validation', 'test']
    """
    draw = int.from_bytes(sha256(f"split {family_id}".encode()).digest()[:8]) % 100
    for split in SPLITS:
        if draw < SPLIT_PERCENT[split]:
            return split
        draw -= SPLIT_PERCENT[split]
    raise AssertionError("the percentages of the splits do not add up to 100")


def _rows(connection: Connection, selection: ExportSelection, keys: tuple[str, ...]) -> pa.Table:
    predictions = dict(connection.execute(_SOURCE_PREDICTIONS, [list(keys)]).fetchall())
    table = selection.voices
    rows = [row for row, _ in selection.chosen()]
    chosen = [curated for _, curated in selection.chosen()]
    ids = [table.voice_ids[row] for row in rows]
    family_ids = [selection.family_ids[row] for row in rows]
    parameters = table.parameters[rows].T.copy()
    columns = {
        "voice_id": ids,
        "family_id": family_ids,
        "name": [table.names[row] for row in rows],
        "split": [split_of(family_id) for family_id in family_ids],
        "categories": [list(curated.categories) for curated in chosen],
        "origin": [curated.origin for curated in chosen],
        "confidence": [curated.confidence for curated in chosen],
        "people": [curated.people for curated in chosen],
        "opinions": [predictions.get(voice_id, []) for voice_id in ids],
        "sightings": table.occurrences[rows],
        **{name: parameters[index] for index, name in enumerate(PARAMETER_NAMES)},
    }
    return pa.table({field.name: pa.array(columns[field.name], field.type) for field in SCHEMA}, SCHEMA)


def _fitted_ear(connection: Connection) -> FittedEar | None:
    lessons = connection.execute("SELECT ear, card FROM lessons ORDER BY learned DESC LIMIT 1").fetchall()
    return FittedEar(bytes(lessons[0][0]), json.loads(lessons[0][1])) if lessons else None


def _write(
    folder: Path | None,
    voices: pa.Table,
    keys: tuple[str, ...],
    card: str,
    facts: dict[str, object],
    ear: FittedEar | None,
) -> Path:
    if folder is not None:
        write_export(folder, voices, keys, card=card, facts=facts, ear=ear)
        return folder
    exports = exports_folder()
    try:
        exports.mkdir(parents=True, exist_ok=True)
        staging = Path(mkdtemp(prefix=".writing-", dir=exports))
    except OSError as error:
        raise ExportError(f"cannot write exports to {exports}: {error.strerror}") from error
    try:
        content_hash = write_export(staging, voices, keys, card=card, facts=facts, ear=ear)
        folder = exports / content_hash[:HASH_DIGITS]
        if folder.exists():  # the same voices were exported before; the facts about them may have changed
            write_export(folder, voices, keys, card=card, facts=facts, ear=ear)
        else:
            staging.chmod(0o755)
            staging.rename(folder)
    except OSError as error:
        raise ExportError(f"cannot write the export to {exports}: {error.strerror}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return folder


# What each source predicts for each voice on its own, by origin, the most probable category first.
_SOURCE_PREDICTIONS = """
SELECT voice_id, list({'origin': origin, 'category': category, 'probability': probability}
    ORDER BY origin, probability DESC, category)
FROM opinions WHERE list_contains($1::VARCHAR[], category) GROUP BY voice_id
"""
