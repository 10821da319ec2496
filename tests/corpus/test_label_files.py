"""Labels in and out of CSV and PIF: nothing lost, nothing overwritten, nothing twice, hostile files told."""

from __future__ import annotations

import contextlib
import csv
import io
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from corpus.labels import label_csv
from corpus.labels.answer import Answer, AnswerKind, HeardOn, clean_labeller
from corpus.labels.journal import append_answers, read_journals
from corpus.labels.knobkraft import encode_pif, read_pif
from corpus.labels.label_csv import encode_csv, read_csv
from corpus.labels.label_files import export_labels, import_labels
from corpus.labels.label_rows import CategoryNames
from corpus.labels.voice_card import Place, VoiceCard
from corpus.labels.voice_finder import VoiceFinder
from dx7.errors import CartwrightError, FileError, FormatError, JournalError, StoreError
from dx7.shared.categories import category_keys
from dx7.voices.voice import INIT_VOICE, Voice
from tests.corpus.label_material import START, answer, csv_file, facts, fill, said, write_journals


@pytest.fixture
def voices(make_voice: Callable[..., Voice]) -> list[Voice]:
    return [make_voice(seed, name) for seed, name in enumerate(["BRASS 1", "E.PIANO", "=1+1", "TWIN", "TWIN"])]


@pytest.fixture
def filled(store: Path, tmp_path: Path, voices: list[Voice]) -> Path:
    return fill(store, tmp_path / "banks", voices)


@pytest.fixture
def journals(tmp_path: Path, voices: list[Voice]) -> Path:
    return write_journals(tmp_path / "labels", voices)


# ---- round trips ----


@pytest.mark.parametrize("name", ["out.csv", "out.pif", "out.json"])
def test_what_goes_out_comes_back(journals: Path, filled: Path, tmp_path: Path, name: str) -> None:
    exported = export_labels(journals, tmp_path / name, store=filled)
    assert (exported.answers, exported.voices, exported.left_out) == (6, 4, 0)
    for added in (6, 0):
        imported = import_labels(tmp_path / name, tmp_path / "other", store=filled)
        assert (imported.read, imported.added, imported.problems, imported.left_out) == (6, added, (), {})
        assert imported.strangers == 0
    assert facts(tmp_path / "other") == facts(journals)
    # At home there is nothing new in it.
    before = [path.read_bytes() for path in sorted(journals.iterdir())]
    assert import_labels(tmp_path / name, journals, store=filled).added == 0
    assert [path.read_bytes() for path in sorted(journals.iterdir())] == before
    again = tmp_path / f"again{Path(name).suffix}"
    export_labels(tmp_path / "other", again, store=filled)
    assert _but_how_it_was_heard(again.read_bytes()) == _but_how_it_was_heard((tmp_path / name).read_bytes())


def _but_how_it_was_heard(data: bytes) -> Any:
    if data.lstrip().startswith(b"{"):
        document = json.loads(data)
        for patch in document["Library"]:
            for each in patch["Cartwright"]["answers"]:
                for field in ("heard", "token", "dwell_seconds", "suggestion", "vocabulary"):
                    del each[field]
        return document
    rows = csv.DictReader(io.StringIO(data.decode("utf-8-sig")))
    kept = ("voice_id", "name", "file", "slot", "labeller", "answer", "categories", "time", "event")
    return [{column: row[column] for column in kept} for row in rows]


def test_only_one_person_is_exported(journals: Path, filled: Path, tmp_path: Path) -> None:
    assert export_labels(journals, tmp_path / "j.csv", store=filled, labeller="Jürgen").answers == 1
    with pytest.raises(JournalError, match="no answer of nobody"):
        export_labels(journals, tmp_path / "n.csv", store=filled, labeller="nobody")
    assert not (tmp_path / "n.csv").exists()


def test_voices_that_no_store_has(journals: Path, filled: Path, tmp_path: Path) -> None:
    append_answers(journals, [answer(9, "label", "f" * 32, "fx")])
    assert export_labels(journals, tmp_path / "o.pif", store=filled).left_out == 1
    assert export_labels(journals, tmp_path / "o.csv", store=filled).left_out == 0
    assert export_labels(journals, tmp_path / "p.csv", store=tmp_path / "no.duckdb").answers == 7
    assert import_labels(tmp_path / "o.csv", tmp_path / "other", store=filled).strangers == 1
    assert import_labels(tmp_path / "o.csv", tmp_path / "other", store=tmp_path / "no.duckdb").strangers is None
    with pytest.raises(StoreError, match=r"no store at .*export to \.csv"):
        export_labels(journals, tmp_path / "q.pif", store=tmp_path / "no.duckdb")
    with pytest.raises(FileError, match=r"end it in \.csv"):
        export_labels(journals, tmp_path / "q.xls", store=filled)


def test_an_import_never_takes_the_place_of_an_answer(tmp_path: Path, voices: list[Voice]) -> None:
    first, second = voices[0].voice_id, voices[1].voice_id
    folder = tmp_path / "labels"
    append_answers(folder, [answer(1, "label", first, "brass")])
    before = (folder / "anna.jsonl").read_bytes()
    text = f"voice_id,category,labeller\n{first},organ,anna\n{second},pad,anna\n{first},fx,ben\n"
    imported = import_labels(csv_file(tmp_path, text), folder)
    assert imported.labellers == {"anna": 2, "ben": 1}
    assert said(folder) == sorted(
        [("anna", first, "label", ("brass",)), ("anna", second, "label", ("pad",)), ("ben", first, "label", ("fx",))]
    )
    assert (folder / "anna.jsonl").read_bytes().startswith(before)
    assert {a.heard for a in read_journals(folder).answers[1:]} == {HeardOn.IMPORTED}


def test_whose_they_are(tmp_path: Path, voices: list[Voice]) -> None:
    text = f"voice_id,category,who\n{voices[0].voice_id},organ,Anna B.\n{voices[1].voice_id},pad,\n"
    assert import_labels(csv_file(tmp_path, text), tmp_path / "a").labellers == {"Anna-B": 1, "friend": 1}
    assert import_labels(csv_file(tmp_path, text), tmp_path / "b", labeller="../me").labellers == {"me": 2}
    assert {path.name for path in (tmp_path / "b").iterdir()} == {"me.jsonl"}


def test_without_times_the_last_row_stands(tmp_path: Path, voices: list[Voice]) -> None:
    voice = voices[0].voice_id
    text = f"voice_id,category\n{voice},organ\n{voice},pad\n"
    for added in (2, 0):
        assert import_labels(csv_file(tmp_path, text), tmp_path / "a").added == added
    assert said(tmp_path / "a") == [("friend", voice, "label", ("pad",))]


# ---- CSV ----


def test_a_csv_names_voices_in_every_way(filled: Path, tmp_path: Path, voices: list[Voice]) -> None:
    ids = [voice.voice_id for voice in voices]
    text = (
        "Voice;Bank;Slot;Name;Raw SHA;Category\n"
        f"{ids[0].upper()};;;;;Brass\n"
        "banks/mine.syx:2;;;;;Electric piano\n"
        ";banks/mine.syx;3;;;Clavinet & harpsichord; Pad\n"
        ";;;BRASS 1;;bells / SFX\n"
    )
    read = read_csv(text.encode(), VoiceFinder(tmp_path, None), CategoryNames())
    assert [problem.message for problem in read.problems] == ["no voice in the store is called 'BRASS 1'"]
    imported = import_labels(csv_file(tmp_path, text), tmp_path / "labels", store=filled)
    assert imported.problems == ()
    events = read_journals(tmp_path / "labels").answers
    assert [(a.voice_id, a.categories) for a in events] == [
        (ids[0], ("brass",)),
        (ids[1], ("epiano",)),
        (ids[2], ("clav",)),
        (ids[0], ("bell", "fx")),
    ]


def test_each_bad_row_costs_itself_and_is_told_with_its_line(filled: Path, tmp_path: Path, voices: list[Voice]) -> None:
    good = voices[0].voice_id
    rows = [
        (f"{good},,brass,,,", None),
        ("nonsense,,brass,,,", "is no voice id"),
        (",TWIN,brass,,,", "2 voices are called 'TWIN'"),
        (",NOBODY,brass,,,", "no voice in the store is called 'NOBODY'"),
        (",,brass,,,", "names no voice"),
        (f"{good},,,,,", "names no category"),
        (f"{good},,kazoo,,,", "names no category"),
        (f"{good},,,maybe,,", "'maybe' is no answer"),
        (f"{good},,,undo,,", "undo cannot be imported"),
        (f"{good},,pad,,yesterday,", "the time 'yesterday' is not like"),
        (f"{good},,pad,,0001-01-01,", "the time is 0001"),
        (f"{good},,pad,,,x", "event 'x' is not 32"),
        (f'{good},"never closed,pad,,,', "quotation mark is never closed"),
        ("", None),
        (",,,,,", None),
        (f"{good},,pad;kazoo,,2026-01-31,", None),
        (f"{good},x", "names no category"),
        (f'{good},"two\nlines",organ,,,', None),
        (f"{good},{'x' * 200_000},fx,,,", "field larger"),
        (f"{good},,,Favourite,,", None),
    ]
    text = "voice_id,name,category,answer,time,event\n" + "\n".join(row for row, _ in rows) + "\n"
    imported = import_labels(csv_file(tmp_path, text), tmp_path / "labels", store=filled)
    lines, line = [], 2
    for row, match in rows:
        if match:
            lines.append((line, match))
        line += 1 + row.count("\n")
    assert [problem.row for problem in imported.problems] == [line for line, _ in lines]
    for problem, (_, match) in zip(imported.problems, lines, strict=True):
        assert match in problem.message
    assert imported.left_out == {"category kazoo": 2}
    assert [a.categories for a in read_journals(tmp_path / "labels").answers] == [("brass",), ("pad",), ("organ",), ()]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_any_dialect_is_read(tmp_path: Path, encoding: str, delimiter: str, end: str) -> None:
    rows = [["VOICE ID", "Category", "Labeler"], ["a" * 32, "organ", "Jürgen"], ["b" * 32, '"pad, brass"', "Jürgen"]]
    text = end.join(delimiter.join(row) for row in rows)
    imported = import_labels(csv_file(tmp_path, text.encode(encoding)), tmp_path / "labels")
    assert imported.problems == ()
    assert said(tmp_path / "labels") == [
        ("Jürgen", "a" * 32, "label", ("organ",)),
        ("Jürgen", "b" * 32, "label", ("pad", "brass")),
    ]


@pytest.mark.parametrize(
    "data", [b"", b"\x00" * 99, b"voice_id\n" + b"a" * 32, b"category\nbrass", b"," * 50_000, b'"']
)
def test_what_is_no_csv_of_labels_is_told(tmp_path: Path, data: bytes) -> None:
    with pytest.raises(FormatError, match=r"cannot read labels from .*friend.csv: its first line names no columns"):
        import_labels(csv_file(tmp_path, data), tmp_path / "labels")
    assert not (tmp_path / "labels").exists()


def test_a_file_with_no_good_row_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match=r"nothing in .* could be read; row 2: 'x' is no voice id"):
        import_labels(csv_file(tmp_path, "voice_id,category\nx,brass\n"), tmp_path / "labels")
    with pytest.raises(FileError, match="there is no file"):
        import_labels(tmp_path / "none.csv", tmp_path / "labels")
    assert not (tmp_path / "labels").exists()


def test_no_cell_is_obeyed_by_a_spreadsheet(journals: Path, filled: Path, tmp_path: Path) -> None:
    export_labels(journals, tmp_path / "o.csv", store=filled)
    cells = [cell for row in csv.reader((tmp_path / "o.csv").read_text("utf-8-sig").splitlines()) for cell in row]
    assert "'=1+1" in cells
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]


@given(st.text(max_size=8), st.sampled_from(["", "=", "'=", "''+", "-", "@", "'", "\t"]))
def test_the_guard_is_undone(text: str, start: str) -> None:
    cell = start + text
    guarded = label_csv._guarded(cell)
    assert isinstance(guarded, str)
    assert label_csv._unguarded(guarded) == cell
    assert guarded[:1] not in ("=", "+", "-", "@", "\t", "\r")


kinds = st.sampled_from([kind for kind in AnswerKind if kind not in (AnswerKind.UNDO, AnswerKind.UNFAVOURITE)])


@st.composite
def given_answers(draw: st.DrawFn) -> Answer:
    kind = draw(kinds)
    chosen = draw(st.lists(st.sampled_from(category_keys()), min_size=1, max_size=4, unique=True))
    return Answer(
        event=f"{draw(st.integers(0, 2**128 - 1)):032x}",
        labeller=clean_labeller(draw(st.text(max_size=20))),
        time=draw(st.datetimes(datetime(3, 1, 1), datetime(9997, 1, 1), timezones=st.just(UTC))),
        voice_id=INIT_VOICE.voice_id,
        answer=kind,
        categories=tuple(chosen) if kind == "label" else (),
        quality=draw(st.integers(1, 5)) if kind == "quality" else None,
    )


@given(st.lists(given_answers(), min_size=1, max_size=6), st.text(max_size=10))
def test_every_answer_survives_both_formats(answers: list[Answer], name: str) -> None:
    card = VoiceCard(INIT_VOICE.voice_id, INIT_VOICE, (name,) if name else (), (Place("/s", f"{name}/b.syx", 7),))
    cards = {INIT_VOICE.voice_id: card}
    for data, read in (
        (encode_csv(answers, cards), lambda d: read_csv(d, VoiceFinder(Path(), None), CategoryNames())),
        (encode_pif(answers, cards), lambda d: read_pif(d, CategoryNames())),
    ):
        back = read(data)
        assert back.problems == []
        assert [(r.event, r.labeller, r.time, r.voice_id, r.answer, r.categories, r.quality) for r in back.rows] == [
            (a.event, a.labeller, a.time, a.voice_id, a.answer, a.categories, a.quality) for a in answers
        ]


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_told(data: bytes) -> None:
    for text in (
        data,
        b"voice_id,category\n" + data,
        b'{"Header":{"FileFormat":"PatchInterchangeFormat"},"Library":[' + data,
    ):
        for read in (
            lambda d: read_csv(d, VoiceFinder(Path("/nonexistent"), None), CategoryNames()),
            lambda d: read_pif(d, CategoryNames()),
        ):
            with contextlib.suppress(CartwrightError):
                assert len(read(text).rows) <= 400


def test_an_answer_of_another_time_zone_keeps_its_moment(tmp_path: Path, voices: list[Voice]) -> None:
    text = f"voice_id,category,time\n{voices[0].voice_id},pad,2026-01-31T12:00:00+02:00\n"
    import_labels(csv_file(tmp_path, text), tmp_path / "labels")
    (given_answer,) = read_journals(tmp_path / "labels").answers
    assert given_answer.time == datetime(2026, 1, 31, 10, tzinfo=UTC)
    assert replace(given_answer, time=START).heard == HeardOn.IMPORTED
