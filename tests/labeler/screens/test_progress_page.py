"""The Progress and Training pages as Streamlit's own test runner draws them: what is shown, and what a button does."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from corpus.ingest.ingest import ingest_files
from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers
from corpus.labels.targets import read_targets, write_targets
from corpus.storage.store import open_store
from corpus.storage.suggestion import Suggestion
from corpus.suggest.learning_curves import CurvePoint, write_curves
from corpus.suggest.simulation import ORDERS
from dx7.formats.files import write_cartridge
from dx7.formats.selection import read_voices
from dx7.shared.export_format import latest_export, read_manifest
from dx7.shared.locations import STARTER_BANKS
from dx7.shared.run_folder import CONFIG_FILE, LOG_FILE, METRICS_FILE, hold_run
from labeler.page.plain_text import as_text


def _draw_progress() -> None:
    from labeler.page.context import context_of
    from labeler.screens import progress

    progress.draw(context_of("anna"))


def _draw_training() -> None:
    from labeler.page.context import context_of
    from labeler.screens import training

    training.draw(context_of("anna"))


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CARTWRIGHT_DATA", str(tmp_path))
    ingest_files([STARTER_BANKS / "brass.syx", STARTER_BANKS / "bell.syx"], tmp_path / "store.duckdb")
    return tmp_path


def answer(data: Path, count: int) -> None:
    with open_store(data / "store.duckdb") as connection:
        voices = connection.execute("SELECT voice_id FROM voices ORDER BY 1").fetchall()[:count]
    append_answers(
        data / "labels",
        [
            Answer(
                event=f"{number + 1:032x}",
                labeller="anna",
                time=datetime(2026, 5, 1, 12, tzinfo=UTC) + timedelta(seconds=3 * number),
                voice_id=voice_id,
                answer=AnswerKind.LABEL,
                categories=("brass",),
                suggestion=Suggestion("brass" if number % 4 else "bell", 0.9, "name_rule"),
                lane="control",
            )
            for number, (voice_id,) in enumerate(voices)
        ],
    )


def run(draw: object) -> AppTest:
    page = AppTest.from_function(draw, default_timeout=120).run()  # type: ignore[arg-type]
    assert not page.exception
    return page


def figures(page: AppTest) -> dict[str, str]:
    return {metric.label: metric.value for metric in page.metric}


def test_progress_before_anybody_has_labelled(data: Path) -> None:
    page = run(_draw_progress)
    assert figures(page) == {
        "Labelled of target": "0 of 1,600",
        "Labels per minute": "-",
        "Time left": "-",
        "Suggestions correct": "-",
    }
    assert any("No labels yet" in text.value for text in page.text)


def test_progress_counts_what_the_journals_say(data: Path) -> None:
    write_targets(data, {**dict.fromkeys(read_targets(data), 0), "brass": 50})
    answer(data, 20)
    page = run(_draw_progress)
    assert figures(page) == {
        "Labelled of target": "20 of 50",
        "Labels per minute": "21.1",
        "Time left": "1 min",
        "Suggestions correct": "75%",
    }
    assert any("20 so far. The true share lies between 53% and 89%" in text.value for text in page.text)


def test_the_export_is_looked_at_and_written_from_the_page(data: Path) -> None:
    answer(data, 20)
    page = run(_draw_progress)
    page.button(key="look-ahead").click().run()
    assert not page.exception
    shown = {table.value.columns[1]: table.value for table in page.dataframe if "all" in table.value}
    assert set(shown) == {"train", "person"}
    assert all(table.iloc[-1]["Category"] == "All" for table in shown.values())
    assert shown["person"].iloc[-1]["person"] == 20
    page.selectbox(key="policy").select("people-only").run()
    assert not [table for table in page.dataframe if "all" in table.value], "that was the other policy's"
    assert any("Labels of people only" in text.value for text in page.text)
    page.button(key="export").click().run()
    deadline = time.monotonic() + 60  # the export is another thread's work, and a page is drawn as often as one likes
    while not page.success and time.monotonic() < deadline:
        time.sleep(0.5)  # as the page itself; it opens the store, and the export waits for that
        page.run()
    assert page.success, [warning.value for warning in page.warning]
    manifest = read_manifest(latest_export(data / "exports"))
    assert f"{manifest['rows']:,} voices in " in page.success[0].value
    assert manifest["rows_by_origin"] == {"person": 20}
    assert manifest["facts"]["control"]["answered"] == 20
    assert any("# Curated Yamaha DX7 voices" in markdown.value for markdown in page.markdown)
    assert json.loads(page.json[0].value)["content_hash"] == manifest["content_hash"]


def make_run(data: Path, name: str) -> Path:
    folder = data / "runs" / name
    (folder / "samples").mkdir(parents=True)
    config = {"config": {}, "steps": 80, "export_hash": "ab" * 32}
    (folder / CONFIG_FILE).write_text(json.dumps(config))
    line = {"step": 40, "phase": "likelihood", "loss/codes": 30.0, "loss/values": 200.0, "steps_per_second": 2.0}
    (folder / METRICS_FILE).write_text(json.dumps(line) + "\n")
    for step in (20, 40):
        write_cartridge(folder / "samples" / f"step-{step:06}.syx", read_voices(STARTER_BANKS / "bell.syx").voices())
    return folder


def test_the_page_says_whether_more_answers_help_and_shows_what_was_simulated(data: Path) -> None:
    answer(data, 20)
    page = run(_draw_progress)
    said = [text.value for text in page.text]
    assert any(text.startswith("20 answers are too few") for text in said)
    assert any("python -m corpus simulate" in text for text in said)
    charts = len(page.get("vega_lite_chart"))
    with open_store(data / "store.duckdb") as connection:
        write_curves(
            connection, {order: [CurvePoint(25, 0.3, 0.2, 0.01), CurvePoint(50, 0.4, 0.3, 0.01)] for order in ORDERS}
        )
    page = run(_draw_progress)
    assert len(page.get("vega_lite_chart")) == charts + 1
    assert any(text.value.startswith("Simulated: answers") for text in page.text)


def test_training_without_a_run_says_how_to_begin_and_what_is_missing(data: Path) -> None:
    page = run(_draw_training)
    assert any("No run yet" in text.value for text in page.text)
    page.button(key="start-run").click().run()
    assert "there is no export in" in page.warning[0].value
    assert not (data / "runs").exists()


MEASURED = {"set": "raw", "seeds": 3, "useful": 0.91, "lowest": {"useful": 0.9}, "highest": {"useful": 0.92}}


def test_training_shows_a_run_and_what_became_of_it(data: Path) -> None:
    folder = make_run(data, "tiny-1")
    with hold_run(folder):
        page = run(_draw_training)
        assert page.button(key="stop-run").label == "Stop"
        assert "running · step 40 of 80 · likelihood" in page.get("progress")[0].proto.text
    (folder / LOG_FILE).write_text("error: loss/codes is not finite at step 41\n")
    page = run(_draw_training)
    assert page.warning[0].value == as_text("loss/codes is not finite at step 41")
    page.button(key="resume-run").click().run()
    assert "the export abababababab is no longer in" in page.warning[-1].value or any(
        "the export abababababab is no longer in" in warning.value for warning in page.warning
    )
    assert page.select_slider[0].value == 40
    (folder / "model").mkdir()
    (folder / "model" / CONFIG_FILE).write_text("{}")
    (folder / "model" / "evaluation.json").write_text(
        json.dumps({"sets": [{"set": "humans", "useful": 0.953}, MEASURED]})
    )
    page = run(_draw_training)
    assert "finished" in page.get("progress")[0].proto.text
    assert page.dataframe[0].value["useful"].tolist() == ["0.953", "0.910 (0.900 to 0.920)"]
    assert any("Means over 3 seeds" in caption.value for caption in page.caption)
