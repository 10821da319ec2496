"""The Progress page: labels against targets, pace, accuracy of suggestions, the export and the classifier."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from corpus.labels.accuracy import accuracy_of_suggestions
from corpus.labels.activity import Day, Labeller, labels_per_minute, read_days, read_labellers
from corpus.labels.agreement_statistics import Rate
from corpus.labels.journal import read_journals
from corpus.labels.projection import rebuild_answers
from corpus.labels.targets import MOST, Need, read_needs, read_targets, time_to_go, write_targets
from corpus.storage.store import open_store
from labeler.page.context import Context
from labeler.page.wording import category_titles, format_duration
from labeler.progress.export_panel import draw_export
from labeler.progress.learning_panel import draw_learned
from labeler.progress.returns_panel import draw_returns
from labeler.widgets.charts import days_chart, needs_chart


def draw(context: Context) -> None:
    """Draw the page."""
    targets = read_targets(context.data)
    with open_store(context.store) as connection:
        rebuild_answers(connection, context.journals)
        needs = read_needs(connection, targets)
        labellers = read_labellers(connection)
        days = read_days(connection)
    overall, by_category = accuracy_of_suggestions(read_journals(context.journals).answers)
    _draw_figures(needs, labellers, overall)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.altair_chart(needs_chart(needs), width="stretch")
    with right:
        _draw_labellers(labellers, days)
    tabs = st.tabs(["Export", "Classifier", "Do more answers help?", "Targets", "Suggestions by category"])
    with tabs[0]:
        draw_export(context)
    with tabs[1]:
        draw_learned(context)
    with tabs[2]:
        draw_returns(context)
    with tabs[3]:
        _draw_targets(context, needs)
    with tabs[4]:
        _draw_accuracy(by_category)


def _draw_figures(needs: Sequence[Need], labellers: Sequence[Labeller], accuracy: Rate) -> None:
    pace = labels_per_minute(labellers)
    left = time_to_go(needs, pace)
    wanted = sum(need.target for need in needs)
    figures = {
        "Labelled of target": f"{sum(min(need.have, need.target) for need in needs):,} of {wanted:,}",
        "Labels per minute": "-" if pace is None else f"{pace:.1f}",
        "Time left": "-" if left is None else format_duration(left),
        "Suggestions correct": "-" if accuracy.rate is None else f"{accuracy.rate:.0%}",
    }
    for column, (title, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(title, value)
    sample = f"{accuracy.count} so far."
    if accuracy.rate is not None:
        sample += f" The true share lies between {accuracy.low:.0%} and {accuracy.high:.0%} (95 % interval)."
    st.text(f"The accuracy of suggestions is measured on voices drawn at random: {sample}")


def _draw_labellers(labellers: Sequence[Labeller], days: Sequence[Day]) -> None:
    if not labellers:
        st.text("No labels yet. Start on the Deck page.")
        return
    st.altair_chart(days_chart(days), width="stretch")
    st.dataframe(
        [
            {
                "Who": each.name,
                "Labels": each.labels,
                "Broken": each.broken,
                "Unsure": each.unsure,
                "Worked": format_duration(each.worked),
                "Per minute": each.per_minute and round(each.per_minute, 1),
                "Last": each.last.strftime("%d %b %H:%M"),
            }
            for each in labellers
        ],
        width="stretch",
        hide_index=True,
    )


def _draw_targets(context: Context, needs: Sequence[Need]) -> None:
    titles = category_titles()
    st.text("Main categories. A covered voice shares the answer of another voice of its family.")
    table = pd.DataFrame(
        [
            {
                "Category": titles[need.category],
                "Have": need.have,
                "Target": need.target,
                "Need": need.need,
                "Covered": need.covered,
                "Suggested, unlabelled": need.waiting,
            }
            for need in needs
        ],
        index=[need.category for need in needs],
    )
    edited = st.data_editor(
        table,
        column_config={"Target": st.column_config.NumberColumn(min_value=0, max_value=MOST, step=1, required=True)},
        disabled=[name for name in table.columns if name != "Target"],
        hide_index=True,
        width="stretch",
        height=35 * (len(table) + 1) + 3,
        key="targets",
    )
    chosen = {str(key): int(target) for key, target in edited["Target"].items()}
    if chosen != {need.category: need.target for need in needs}:
        write_targets(context.data, chosen)
        st.rerun()


def _draw_accuracy(by_category: Mapping[str, Rate]) -> None:
    if not by_category:
        st.text("No voice drawn at random has been labelled yet.")
        return
    titles = category_titles()
    st.dataframe(
        [
            {
                "Suggested": titles.get(key, key),
                "Correct": accuracy.rate,
                "At least": accuracy.low,
                "At most": accuracy.high,
                "Voices": accuracy.count,
            }
            for key, accuracy in by_category.items()
        ],
        column_config={
            "Correct": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "At least": st.column_config.NumberColumn(format="percent"),
            "At most": st.column_config.NumberColumn(format="percent"),
        },
        width="stretch",
        hide_index=True,
    )
