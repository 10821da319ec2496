"""The classifier tab of the Progress page: its training data, accuracy and calibration."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import streamlit as st

from corpus.storage.store import open_store
from corpus.suggest.classifier_card import answers_since, read_classifier_card
from labeler.page.background import BackgroundJob
from labeler.page.context import Context
from labeler.page.plain_text import as_text
from labeler.page.wording import category_titles
from labeler.processes.commands import train_classifier
from labeler.widgets.charts import reliability_chart

_JOB = "progress-learning"
_LOOK_EVERY = 0.5  # seconds


def draw_learned(context: Context) -> None:
    """Draw the card of the latest classifier, and the button that trains a new one."""
    job: BackgroundJob[None] | None = st.session_state.get(_JOB)
    is_busy = job is not None and not job.is_done
    with open_store(context.store, read_only=True) as connection:
        card = read_classifier_card(connection)
        since = answers_since(connection)
    words, button = st.columns([5, 1.3], vertical_alignment="center")
    words.text(_summary(card, since))
    if button.button("Train now", shortcut="n", type="primary", width="stretch", key="learn", disabled=is_busy):
        st.session_state[_JOB] = job = BackgroundJob(lambda _: train_classifier(context.store, context.journals))
    if job is not None and not job.is_done:
        _watch(job)
    elif job is not None and job.problem:
        st.warning(as_text(job.problem))
    if card is not None:
        _draw_card(card)


@st.fragment(run_every=_LOOK_EVERY)
def _watch(job: BackgroundJob[None]) -> None:
    if job.is_done:
        st.rerun()
    st.text(f"analysing and training, {job.seconds:.0f} s so far; a large collection takes minutes the first time")


def _summary(card: Mapping[str, Any] | None, since: int) -> str:
    if card is None:
        return "No classifier yet: suggestions come from names and folders only. Training analyses every voice."
    people, rules = card["taught_by"]["people"], card["taught_by"]["names and folders"]
    newer = f"{since:,} answers since" if since else "no answer since"
    return f"Trained {card['learned']} UTC on {people:,} voices labelled by people and {rules:,} by name; {newer}."


def _draw_card(card: Mapping[str, Any]) -> None:
    scored = card["by_people"] or card["by_rules"]
    if not scored:
        return
    who = "people" if card["by_people"] else "names"
    figures = {
        f"First suggestion correct, against {who}": _rate(scored["first"]),
        "Among first two": _rate(scored["two"]),
        "Mean over categories": f"{scored['mean_by_category']:.0%}",
        "Calibration error": f"{scored['calibration_error']:.3f}",
    }
    for column, (title, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(title, value)
    titles = category_titles()
    rows = [
        {
            "Category": titles.get(key, key),
            "training voices": card["taught"].get(key, 0),
            "test voices": rate["count"],
            "correct": _rate(rate),
        }
        for key, rate in scored["by_category"].items()
    ]
    table, chart = st.columns([3, 2], gap="large")
    table.dataframe(rows, width="stretch", hide_index=True, height=35 * (len(rows) + 1) + 3)
    chart.altair_chart(reliability_chart(scored["reliability"]), width="stretch")


def _rate(rate: Mapping[str, Any]) -> str:
    if rate["rate"] is None:
        return "-"
    return f"{rate['rate']:.0%} ({rate['low']:.0%} to {rate['high']:.0%})"
