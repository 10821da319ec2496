"""The Training page: runs with their live curves, sample cartridges by step, and evaluation figures."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import streamlit as st

from dx7.errors import CartwrightError
from dx7.shared.export_format import latest_export, read_manifest
from dx7.shared.locations import DEFAULT_MODEL
from dx7.shared.run_folder import EVALUATION_PAGE, MODEL_FOLDER
from labeler.page.context import Context
from labeler.page.plain_text import as_text
from labeler.page.wording import category_titles, format_duration
from labeler.processes.run_folders import (
    RunState,
    TrainingRun,
    format_figure,
    metric_curves,
    read_evaluation,
    read_metrics,
    read_run,
    read_runs,
    read_samples,
    sample_voices,
)
from labeler.processes.training_process import CONFIGS, new_run_folder, resume_run, start_run, stop_run
from labeler.widgets.charts import curve_chart
from labeler.widgets.voice_grid import Tile, draw_voice_grid

_LOOK_EVERY = 3.0  # seconds; a chunk of steps takes about as long
_FIGURES = (
    *("useful", "all_useful", "heard", "copies", "repeats", "vendi", "precision", "recall", "density", "coverage"),
    *("auc_sound", "auc_parameters", "marginals"),
)


def draw(context: Context) -> None:
    """Draw the page."""
    runs = read_runs(context.data / "runs")
    names = {run.folder.name: run for run in runs}
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    if "training-run" in st.session_state and st.session_state["training-run"] not in names:
        del st.session_state["training-run"]
    chosen = left.selectbox("Run", list(names), key="training-run") if runs else None
    with right:
        _draw_starting(context)
    if chosen is None:
        st.text("No run yet. A run trains on the latest export; the Progress page writes one.")
        _draw_evaluation("The shipped model", DEFAULT_MODEL)
        return
    folder = names[chosen].folder
    _draw_run(folder, context.data / "exports")
    _draw_samples(names[chosen])
    if names[chosen].state is RunState.FINISHED:
        _draw_evaluation("This run's model", folder / MODEL_FOLDER)
    _draw_evaluation("The shipped model", DEFAULT_MODEL)


def _draw_starting(context: Context) -> None:
    config, button = st.columns([3, 2], vertical_alignment="bottom")
    chosen = config.selectbox("Settings", list(CONFIGS), format_func=CONFIGS.__getitem__, key="training-config")
    if button.button("Start a run", shortcut="t", type="primary", width="stretch", key="start-run"):
        try:
            export = latest_export(context.data / "exports")
            read_manifest(export)
            folder = new_run_folder(context.data / "runs", chosen)
            start_run(folder, config=chosen, export=export)
        except CartwrightError as error:
            st.warning(as_text(error))
        else:
            st.session_state.pop("training-run", None)  # so that the newest run is shown
            st.rerun()


def _draw_run(folder: Path, exports: Path) -> None:
    """Draw the changing part of a run, again every few seconds while it is running."""
    state = read_run(folder).state
    every = _LOOK_EVERY if state is RunState.RUNNING else None
    st.fragment(run_every=every)(_draw_state)(folder, exports, state, len(read_samples(folder)))


def _draw_state(folder: Path, exports: Path, state: RunState, samples: int) -> None:
    run = read_run(folder)
    if run.state is not state or len(read_samples(folder)) != samples:
        st.rerun()  # the rest of the page changes too: a new sample cartridge, or the end of the run
    words, button = st.columns([5, 1.2], vertical_alignment="center")
    words.progress(min(1.0, run.step / run.steps) if run.steps else 0.0, as_text(_summary(run)))
    if run.state is RunState.RUNNING:
        if button.button("Stop", shortcut="p", width="stretch", key="stop-run"):
            _try(lambda: stop_run(folder))
    elif run.state is not RunState.FINISHED and button.button(
        "Resume", shortcut="p", width="stretch", key="resume-run"
    ):
        _try(lambda: resume_run(folder, exports=exports))
    if run.problem:
        st.warning(as_text(run.problem))
    charts = metric_curves(read_metrics(folder))
    for column, (title, rows) in zip(st.columns(max(1, len(charts))), charts.items(), strict=False):
        column.altair_chart(curve_chart(title, rows), width="stretch", key=f"curve-{title}")


def _try(act: Any) -> None:
    try:
        act()
    except CartwrightError as error:
        st.warning(as_text(error))
    else:
        st.rerun()


def _summary(run: TrainingRun) -> str:
    facts = [run.state.value]
    facts += [f"step {run.step:,} of {run.steps:,}"] if run.steps else []
    facts += [run.phase or "loading"] if run.phase or run.state is RunState.RUNNING else []
    facts += [f"{run.steps_per_second:.1f} steps per second"] if run.steps_per_second else []
    facts += [f"{format_duration(timedelta(seconds=run.seconds_left))} left"] if run.seconds_left else []
    return " · ".join([*facts, f"export {run.export}"] if run.export else facts)


def _draw_samples(run: TrainingRun) -> None:
    samples = read_samples(run.folder)
    if not samples:
        st.text("The first sample cartridge comes after some hundred steps.")
        return
    steps = list(samples)
    step = steps[-1]
    if len(steps) > 1:
        step = st.select_slider(
            "Training step (the same 32 seeds)", steps, value=steps[-1], key=f"sample-step-{run.folder.name}"
        )
    titles = category_titles()
    tiles = [
        Tile(
            key=f"{slot}",
            voice=voice,
            name=voice.name,
            detail=titles.get(category, category),
            category=category if category in titles else None,
        )
        for slot, (voice, category) in enumerate(sample_voices(samples[step], run.categories), 1)
    ]
    for _ in draw_voice_grid(tiles, key=f"samples-{run.folder.name}", markable=False, columns=8, through=True):
        pass  # this grid has no actions


def _draw_evaluation(title: str, model: Path) -> None:
    rows = read_evaluation(model)
    if not rows:
        st.text(f"{title} is not evaluated yet: python -m training evaluate --model {model.parent}")
        return
    seeds = max(int(row.get("seeds", 1)) for row in rows)
    st.text(f"{title}, compared with unseen human voices and simple baselines")
    if seeds > 1:
        st.caption(
            f"Means over {seeds} seeds, with the lowest and highest in brackets; human voices are measured once."
        )
    known = [name for name in _FIGURES if any(name in row for row in rows)]
    st.dataframe(
        [{"Set": row.get("set"), **{name: format_figure(row, name) for name in known}} for row in rows],
        column_config={name: st.column_config.TextColumn(name.replace("_", " ")) for name in known},
        width="stretch",
        hide_index=True,
    )
    if (model / EVALUATION_PAGE).exists():
        st.text(f"Evaluation page with audio: {model / EVALUATION_PAGE}")
