from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner

from corpus.commands.cli import app
from corpus.export.export import prepare_export, split_of, write_curated_export
from corpus.export.policy import read_policy
from corpus.ingest.ingest import ingest_files
from corpus.labels.answer import Answer, AnswerKind
from corpus.storage.store import Connection, open_store
from dx7.errors import ExportError
from dx7.formats.files import encode_cartridge
from dx7.shared.export_format import (
    CARD_FILE,
    MANIFEST_FILE,
    SPLITS,
    VOICES_FILE,
    latest_export,
    read_export,
    read_manifest,
)
from dx7.voices.voice import INIT_VOICE, Voice

RULES = replace(  # one folder alone is not enough for a label here
    read_policy("rules"), least_confidence={"person": 0, "propagated": 0, "name_rule": 0.5, "folder_rule": 0.7}
)
MakeBank = Callable[..., bytes]
MakeVoice = Callable[..., Voice]


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory, make_bank: MakeBank) -> Path:
    banks = tmp_path_factory.mktemp("collection") / "banks"
    damaged = bytearray(make_bank(6, names=["BRASS 6"]))
    damaged[6:11] = bytes([110] * 5)
    slightly = bytearray(make_bank(7, names=["BRASS 7"]))
    slightly[6:10] = bytes([127] * 4)
    unprintable = bytearray(make_bank(8, names=["BRASS 8"]))
    unprintable[6], unprintable[6 + 118] = 110, 1
    for name, data in {
        "a.syx": make_bank(1, 2, 3, names=["BRASS 1", "FLUTE", "nothing"]),
        "b.syx": make_bank(1, names=["BRASS 1"]),
        "Strings/c.syx": make_bank(4, names=["odd"]),
        "Strings/d.syx": make_bank(4, 44, names=["odd", "other"]),
        "Strings/e.syx": make_bank(4, 45, names=["odd", "more"]),
        "generated.syx": make_bank(5, names=["BRASS 5"]),
        "generated.json": b'{"generator": "cartwright"}',
        "damaged.syx": bytes(damaged),
        "slightly.syx": bytes(slightly),
        "unprintable.syx": bytes(unprintable),
    }.items():
        (banks / name).parent.mkdir(parents=True, exist_ok=True)
        (banks / name).write_bytes(data)
    return banks


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory, banks: Path) -> Path:
    store = tmp_path_factory.mktemp("prepared") / "store.duckdb"
    ingest_files([banks], store)
    prepare_export(store)
    return store


@pytest.fixture
def filled(prepared: Path, store: Path) -> Path:
    store.parent.mkdir(parents=True)
    shutil.copy(prepared, store)
    return store


def answer(connection: Connection, voice: Voice, labeller: str, kind: str, categories: Sequence[str] = ()) -> None:
    connection.execute(
        "INSERT INTO answers (event, labeller, answered, voice_id, answer, categories)"
        " VALUES ($1 || $2, $1, '2026-01-01', $2, $3, $4)",
        [labeller, voice.voice_id, kind, list(categories)],
    )


def exported(connection: Connection, folder: Path, **options: object) -> dict[str, tuple[tuple[str, ...], float]]:
    write_curated_export(connection, folder, policy=replace(RULES, **options))  # type: ignore[arg-type]
    rows = read_export(folder)
    return {
        name: (keys, round(float(confidence), 2))
        for name, keys, confidence in zip(rows.names, rows.categories, rows.confidence, strict=True)
    }


def test_rules_speak_where_no_person_has(filled: Path, connection: Connection, tmp_path: Path) -> None:
    rows = exported(connection, tmp_path / "e")
    assert {name: keys for name, (keys, _) in rows.items()} == {
        "BRASS 1": ("brass",),
        "FLUTE": ("wind",),
        "odd": ("strings",),
        "BRASS 7": ("brass",),
    }
    facts = json.loads((tmp_path / "e" / MANIFEST_FILE).read_text())["facts"]
    assert facts["left_out"] == {
        "filler": 1,
        "generated": 1,
        "broken": 0,
        "unsure": 0,
        "disputed": 0,
        "no_category": 3,
        "other_of_family": 0,
        "over_maximum": 0,
        "silent": 0,
        "garbage": 2,
    }
    assert facts["voices_in_store"] == len(rows) + sum(facts["left_out"].values())
    origins = pq.read_table(tmp_path / "e" / VOICES_FILE)
    assert dict(zip(origins["name"].to_pylist(), origins["origin"].to_pylist(), strict=True))["odd"] == "folder_rule"
    assert dict(zip(origins["name"].to_pylist(), origins["sightings"].to_pylist(), strict=True))["odd"] == 3


def test_people_overrule_rules(filled: Path, connection: Connection, tmp_path: Path, make_voice: MakeVoice) -> None:
    answer(connection, make_voice(1), "anna", "label", ["bass", "lead"])
    answer(connection, make_voice(2), "anna", "broken")
    answer(connection, make_voice(3), "anna", "label", ["no_longer_a_category", "bell"])
    answer(connection, make_voice(4), "anna", "unsure")
    answer(connection, make_voice(44), "anna", "skip")
    answer(connection, make_voice(45), "anna", "favourite")
    rows = exported(connection, tmp_path / "e")
    assert rows.pop("BRASS 7")[0] == ("brass",)
    assert rows == {"BRASS 1": (("bass", "lead"), 1.0), "nothing": (("bell",), 1.0)}


@pytest.mark.parametrize(
    ("answers", "result"),
    [
        ([["bass"], ["bass", "lead"], ["lead", "bass"]], (("bass", "lead"), 1.0)),
        ([["bass"], ["lead"]], (("bass", "lead"), 0.5)),
        ([["bass"], ["lead"], ["pad"]], (("bass",), 0.33)),
        ([["bass"], ["bass"], None], (("bass",), 0.67)),
        ([["bass"], None], None),
        ([None], None),
    ],
)
def test_people_who_disagree(
    filled: Path,
    connection: Connection,
    tmp_path: Path,
    make_voice: MakeVoice,
    answers: list[list[str] | None],
    result: tuple[tuple[str, ...], float] | None,
) -> None:
    for number, categories in enumerate(answers):
        answer(connection, make_voice(1), f"person {number}", "label" if categories else "broken", categories or ())
    assert exported(connection, tmp_path / "e").get("BRASS 1") == result


def test_thresholds_and_generated_voices(filled: Path, connection: Connection, tmp_path: Path) -> None:
    assert set(exported(connection, tmp_path / "sure", least_confidence={"name_rule": 0.8})) == {"BRASS 1"}
    assert "BRASS 5" in exported(connection, tmp_path / "all", with_generated=True)


def test_the_same_store_gives_the_same_bytes(filled: Path, tmp_path: Path) -> None:
    for name in ("one", "two"):
        with open_store(filled, read_only=True) as connection:
            write_curated_export(connection, tmp_path / name, policy=RULES)
    for file in (VOICES_FILE, MANIFEST_FILE, CARD_FILE):
        assert (tmp_path / "one" / file).read_bytes() == (tmp_path / "two" / file).read_bytes()


def test_the_order_of_ingest_does_not_show_in_the_export(filled: Path, banks: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.duckdb"
    for file in sorted(banks.rglob("*"), reverse=True):
        if file.suffix == ".syx" and file.parent.name == "banks":
            ingest_files([file], other)
    ingest_files([banks / "Strings"], other)
    prepare_export(other)
    folders = []
    for number, store in enumerate((filled, other)):
        with open_store(store) as connection:
            connection.execute("DELETE FROM suggestions WHERE origin = 'folder_rule'")
            folders.append(write_curated_export(connection, tmp_path / str(number), policy=RULES).folder)
    one, two = (read_export(folder) for folder in folders)
    assert one.voice_ids == two.voice_ids
    assert one.names == two.names
    assert (one.confidence == two.confidence).all()


def test_an_export_without_a_folder_is_named_by_its_content(
    filled: Path, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTWRIGHT_DATA", str(tmp_path / "data"))
    first = write_curated_export(connection, policy=RULES)
    assert first.folder.parent == tmp_path / "data" / "exports"
    assert str(first.manifest["content_hash"]).startswith(first.folder.name)
    assert latest_export(tmp_path / "data" / "exports") == first.folder
    assert write_curated_export(connection, policy=RULES).folder == first.folder
    assert [path.name for path in first.folder.parent.iterdir()] == [first.folder.name], "nothing else is left there"


def test_a_store_without_categories_exports_nothing(
    connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CARTWRIGHT_DATA", str(tmp_path / "data"))
    with pytest.raises(ExportError, match="nothing to export"):
        write_curated_export(connection, policy=RULES)
    with pytest.raises(ExportError, match="nothing to export"):
        write_curated_export(connection, tmp_path / "e", policy=RULES)
    assert not (tmp_path / "e").exists()
    assert not (tmp_path / "data").exists()


def test_what_cannot_be_exported_leaves_an_earlier_export_alone(
    filled: Path, connection: Connection, tmp_path: Path
) -> None:
    write_curated_export(connection, tmp_path / "e", policy=RULES)
    before = {path.name: path.read_bytes() for path in (tmp_path / "e").iterdir()}
    with pytest.raises(ExportError, match="the policy people-only selects no voice"):
        write_curated_export(connection, tmp_path / "e", policy=read_policy("people-only"))
    assert {path.name: path.read_bytes() for path in (tmp_path / "e").iterdir()} == before


def test_an_export_that_fails_halfway_has_no_manifest_of_the_last_one(
    filled: Path, connection: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A manifest next to voices that it does not describe would pass for a complete export."""
    folder = tmp_path / "e"
    write_curated_export(connection, folder, policy=RULES)
    read_manifest(folder)

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    for module, name in ((pq, "write_table"), (Path, "write_text")):
        with monkeypatch.context() as patch:
            patch.setattr(module, name, fail)
            with pytest.raises(ExportError, match="No space left"):
                write_curated_export(connection, folder, policy=replace(RULES, per_family=None))
        assert not (folder / MANIFEST_FILE).exists()
        with pytest.raises(ExportError, match="not an export"):
            read_manifest(folder)
        write_curated_export(connection, folder, policy=RULES)


def test_the_command_follows_a_policy_of_ones_own(filled: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.toml"
    mine.write_text('about = "Names alone."\n[least_confidence]\nname_rule = 0.5\n')
    words = ["export", "--policy", str(mine), "--store", str(filled), "--out", str(tmp_path / "e"), "--json"]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 0, done.output
    manifest = json.loads(done.stdout)
    assert (manifest["rows_by_origin"], manifest["facts"]["policy"]["name"]) == ({"name_rule": 3}, "mine")
    assert manifest["facts"]["control"]["answered"] == 0
    more = CliRunner().invoke(app, [*words, "--with-generated", "--leave-out", "silent"])
    changed = json.loads(more.stdout)["facts"]
    assert (changed["policy"]["with_generated"], changed["policy"]["leave_out"]) == (True, ["silent"])
    assert changed["left_out"]["generated"] == 0


def test_a_family_is_never_in_two_splits(store: Path, tmp_path: Path, make_voice: MakeVoice) -> None:
    """Twenty brass sounds, each saved twice more with what nobody hears: the settings of a silent operator."""
    sounds = [make_voice(seed, f"BRASS {seed}") for seed in range(20)]
    copies = [sound.replace(op6_detune=n, op6_frequency_fine=n) for sound in sounds for n in (1, 2, 3)]
    for first in (0, 30):
        chunk = copies[first : first + 30]
        (tmp_path / f"{first}.syx").write_bytes(encode_cartridge([*chunk, *[INIT_VOICE] * (32 - len(chunk))]))
        ingest_files([tmp_path / f"{first}.syx"], store)
    with open_store(store) as connection, pytest.raises(ExportError, match="without a family"):
        write_curated_export(connection, tmp_path / "e", policy=RULES)
    prepare_export(store)
    with open_store(store, read_only=True) as reopened:
        facts = write_curated_export(reopened, tmp_path / "e", policy=RULES).manifest["facts"]
    rows = read_export(tmp_path / "e")
    assert len(rows.voice_ids) == 60
    splits: dict[str, set[str]] = {}
    for family, split in zip(rows.family_ids, rows.splits, strict=True):
        splits.setdefault(family, set()).add(str(split))
    assert all(len(each) == 1 for each in splits.values())
    assert len(splits) == len({sound.voice_id for sound in sounds}) == facts["families"]  # type: ignore[index]
    assert all(split_of(family) in splits[family] for family in splits)


def test_what_is_silent_is_left_out_unless_asked_for(store: Path, tmp_path: Path, make_voice: MakeVoice) -> None:
    silent = make_voice(2, "BRASS 2").replace(op1_output_level=0)  # the only carrier of algorithm 17
    silent = silent.replace(algorithm=16)
    (tmp_path / "a.syx").write_bytes(encode_cartridge([make_voice(1, "BRASS 1"), silent, *[INIT_VOICE] * 30]))
    ingest_files([tmp_path / "a.syx"], store)
    prepare_export(store)
    with open_store(store) as reopened:
        assert set(exported(reopened, tmp_path / "e")) == {"BRASS 1"}
        facts = json.loads((tmp_path / "e" / MANIFEST_FILE).read_text())["facts"]
        assert facts["policy"]["leave_out"] == ["silent", "garbage"]
        assert facts["left_out"]["silent"] == 1
        assert set(exported(reopened, tmp_path / "all", leave_out=())) == {"BRASS 1", "BRASS 2"}
        reopened.execute("INSERT INTO health SELECT voice_id, 'drone' FROM voices WHERE name = 'BRASS 1'")
        with pytest.raises(ExportError, match="nothing to export"):
            write_curated_export(reopened, tmp_path / "none", policy=replace(RULES, leave_out=("silent", "drone")))


def test_a_folder_that_holds_something_else_is_left_alone(filled: Path, connection: Connection, tmp_path: Path) -> None:
    folder = tmp_path / "my project"
    folder.mkdir()
    (folder / CARD_FILE).write_text("mine")
    with pytest.raises(ExportError, match="holds something else"):
        write_curated_export(connection, folder, policy=RULES)
    assert [(path.name, path.read_text()) for path in folder.iterdir()] == [(CARD_FILE, "mine")]


def test_the_card_tells_every_count(filled: Path, connection: Connection, tmp_path: Path) -> None:
    write_curated_export(connection, tmp_path / "e", policy=RULES)
    card = (tmp_path / "e" / CARD_FILE).read_text()
    for words in ("4 voices of 11", "| strings |", "folder_rule", "| garbage |", "without a licence"):
        assert words in card


def test_each_voice_has_what_every_source_says_and_how_many_people(
    filled: Path, connection: Connection, tmp_path: Path, make_voice: MakeVoice
) -> None:
    for labeller in ("anna", "ben"):
        answer(connection, make_voice(1), labeller, "label", ["brass"])
    connection.execute("DELETE FROM opinions WHERE voice_id = $1", [make_voice(1).voice_id])
    for source, category, probability in (
        ("name_rule", "brass", 0.75),
        ("ear", "lead", 0.25),
        ("ear", "brass", 0.5),
        ("ear", "no_longer_a_category", 1),
    ):
        connection.execute(
            "INSERT INTO opinions VALUES ($1, $2, $3, $4)", [make_voice(1).voice_id, category, probability, source]
        )
    write_curated_export(connection, tmp_path / "e", policy=RULES)
    rows = {row["name"]: row for row in pq.read_table(tmp_path / "e" / VOICES_FILE).to_pylist()}
    assert rows["BRASS 1"]["opinions"] == [
        {"origin": "ear", "category": "brass", "probability": 0.5},
        {"origin": "ear", "category": "lead", "probability": 0.25},
        {"origin": "name_rule", "category": "brass", "probability": 0.75},
    ]
    assert [rows[name]["people"] for name in ("BRASS 1", "FLUTE")] == [2, 0]
    assert [one["origin"] for one in rows["odd"]["opinions"]] == ["folder_rule"]
    written = b"".join(path.read_bytes() for path in (tmp_path / "e").iterdir())
    assert b"anna" not in written
    read_export(tmp_path / "e")


def test_the_fitted_ear_travels_along(filled: Path, connection: Connection, tmp_path: Path) -> None:
    connection.execute("INSERT INTO lessons VALUES ('2026-01-01', '{\"answers\": 7}', '{}', 'weights'::BLOB)")
    write_curated_export(connection, tmp_path / "e", policy=RULES)
    ear_file = read_export(tmp_path / "e").ear_file
    assert ear_file is not None
    assert ear_file.read_bytes() == b"weights"
    assert json.loads((tmp_path / "e" / MANIFEST_FILE).read_text())["ear"]["card"] == {"answers": 7}


def test_the_card_says_how_often_it_is_right_or_that_nobody_knows(
    filled: Path, connection: Connection, tmp_path: Path, make_voice: MakeVoice
) -> None:
    write_curated_export(connection, tmp_path / "e", policy=RULES)
    assert "Not measured: no control answers" in (tmp_path / "e" / CARD_FILE).read_text()
    control = [
        Answer(
            event=f"{seed:032x}",
            labeller="anna",
            time=datetime(2026, 1, 1, tzinfo=UTC),
            voice_id=make_voice(seed).voice_id,
            answer=AnswerKind.LABEL,
            categories=("brass",),
            lane="control",
        )
        for seed in (1, 2, 3, 7)
    ]
    write_curated_export(connection, tmp_path / "e", policy=RULES, answers=control)
    card = (tmp_path / "e" / CARD_FILE).read_text()
    assert "4 labels were given to voices drawn at random" in card
    for line in (
        "| brass | 2 | 100% (34% to 100%) |",
        "| wind | 1 | 0% (0% to 79%) |",
        "| strings | 0 | not measured |",
    ):
        assert line in card
    facts = json.loads((tmp_path / "e" / MANIFEST_FILE).read_text())["facts"]
    assert (facts["control"]["answered"], facts["control"]["overall"]["hits"]) == (4, 2)


def test_what_was_relaxed_is_told_on_the_card_and_in_the_manifest(
    filled: Path, connection: Connection, tmp_path: Path
) -> None:
    policy = replace(RULES, least_confidence={"name_rule": 0.8}, floor=0.7, minimum={"wind": 2})
    rows = exported(connection, tmp_path / "e", least_confidence={"name_rule": 0.8}, floor=0.7, minimum={"wind": 2})
    assert rows["FLUTE"][0] == ("wind",)
    facts = json.loads((tmp_path / "e" / MANIFEST_FILE).read_text())["facts"]
    (told,) = facts["relaxed"]
    confidence = told.pop("confidence")
    assert told == {"category": "wind", "wanted": 2, "voices": 1, "taken": 1}
    assert confidence == pytest.approx(rows["FLUTE"][1], abs=0.005)
    assert facts["policy"] == json.loads(json.dumps(policy.as_dict()))
    assert f"| wind | 2 | 1 | 1 | {confidence:.2f} |" in (tmp_path / "e" / CARD_FILE).read_text()


def test_splits_are_drawn_in_their_proportions() -> None:
    drawn = [split_of(str(number)) for number in range(20_000)]
    shares = [drawn.count(split) / len(drawn) for split in SPLITS]
    assert shares == pytest.approx([0.8, 0.1, 0.1], abs=0.01)
