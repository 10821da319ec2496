"""The Progress page: what is had and needed, who worked how fast, how right the suggestions are, and the export."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

import pandas as pd
import streamlit as st

from corpus.exporting.export import Exported, export, prepare
from corpus.exporting.preview import Preview, preview_export
from corpus.labelling.activity import Day, Labeller, labels_per_minute, read_days, read_labellers
from corpus.labelling.journal import read_journals
from corpus.labelling.labels import rebuild_answers
from corpus.labelling.needs import Need, read_needs, time_to_go
from corpus.labelling.targets import MOST, read_targets, write_targets
from corpus.reviewing.accuracy import accuracy_of_suggestions
from corpus.reviewing.figures import Rate
from corpus.storage.store import open_store
from corpus.suggesting.words import origin_word
from dx7.categories import load_categories
from dx7.exchange import CARD_FILE, SPLITS
from labeler.background import Job, Progress
from labeler.charts import days_chart, needs_chart
from labeler.context import Context

_JOB, _PREVIEW = "progress-export", "progress-preview"
_LOOK_EVERY = 0.5  # seconds


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
        _draw_work(labellers, days)
    tabs = st.tabs(["Export", "Targets", "Suggestions, by category"])
    with tabs[0]:
        _draw_export(context)
    with tabs[1]:
        _draw_targets(context, needs)
    with tabs[2]:
        _draw_accuracy(by_category)


def _draw_figures(needs: Sequence[Need], labellers: Sequence[Labeller], accuracy: Rate) -> None:
    pace = labels_per_minute(labellers)
    left = time_to_go(needs, pace)
    wanted = sum(need.target for need in needs)
    figures = {
        "Labelled of wanted": f"{sum(min(need.have, need.target) for need in needs):,} of {wanted:,}",
        "Labels a minute": "-" if pace is None else f"{pace:.1f}",
        "Time to go": "-" if left is None else shown_time(left),
        "Suggestions right": "-" if accuracy.rate is None else f"{accuracy.rate:.0%}",
    }
    for column, (title, value) in zip(st.columns(len(figures)), figures.items(), strict=True):
        column.metric(title, value)
    told = f"{accuracy.count} so far."
    if accuracy.rate is not None:
        told += f" The true share lies between {accuracy.low:.0%} and {accuracy.high:.0%} (95 % interval)."
    st.text(f"Suggestions are judged where voices are drawn at random: {told}")


def _draw_work(labellers: Sequence[Labeller], days: Sequence[Day]) -> None:
    if not labellers:
        st.text("Nobody has labelled anything yet. The Deck is the place to begin.")
        return
    st.altair_chart(days_chart(days), width="stretch")
    st.dataframe(
        [
            {
                "Who": each.name,
                "Labels": each.labels,
                "Broken": each.broken,
                "Unsure": each.unsure,
                "Worked": shown_time(each.worked),
                "A minute": each.per_minute and round(each.per_minute, 1),
                "Last": each.last.strftime("%d %b %H:%M"),
            }
            for each in labellers
        ],
        width="stretch",
        hide_index=True,
    )


def _draw_export(context: Context) -> None:
    job: Job[Exported] | None = st.session_state.get(_JOB)
    buttons = st.columns([1.3, 1.3, 4], vertical_alignment="center")
    is_busy = job is not None and not job.is_done
    if buttons[0].button("Look ahead", shortcut="l", width="stretch", key="look-ahead", disabled=is_busy):
        with open_store(context.store) as connection:
            st.session_state[_PREVIEW] = preview_export(connection)
    if buttons[1].button("Export now", shortcut="x", type="primary", width="stretch", key="export", disabled=is_busy):
        st.session_state[_JOB] = job = Job(lambda tell: _export(context, tell))
        st.session_state.pop(_PREVIEW, None)
    if job is not None and not job.is_done:
        _watch(job)
    elif job is not None and job.problem:
        st.warning(job.problem)
    elif job is not None and job.result:
        _draw_exported(job.result)
    preview: Preview | None = st.session_state.get(_PREVIEW)
    if preview:
        _draw_preview(preview)
    elif job is None:
        buttons[2].text("Look ahead counts what an export would hold; Export now writes it.")


def _export(context: Context, tell: Progress) -> Exported:
    prepare(context.store, progress=tell)
    with open_store(context.store) as connection:
        return export(connection)


@st.fragment(run_every=_LOOK_EVERY)
def _watch(job: Job[Exported]) -> None:
    if job.is_done:
        st.rerun()
    if job.total:
        st.progress(job.done / job.total, f"hearing voices: {job.done:,} of {job.total:,}")
    else:
        st.text(f"exporting, {job.seconds:.0f} s so far")


def _draw_exported(exported: Exported) -> None:
    manifest = exported.manifest
    st.success(f"{manifest['rows']:,} voices in {exported.folder}")
    card, facts = st.columns([3, 2])
    with card.expander("The card", expanded=True):
        st.markdown((exported.folder / CARD_FILE).read_text(encoding="utf-8"))
    with facts.expander("The manifest", expanded=True):
        st.json(manifest, expanded=1)


def _draw_preview(preview: Preview) -> None:
    titles = {category.key: category.title for category in load_categories()}
    counts, others = st.columns([3, 2])
    rows: list[dict[str, object]] = [
        {"Category": titles[key], **row, "all": sum(row.values())} for key, row in preview.counts.items()
    ]
    rows.append({"Category": "All", **_totals(preview.counts), "all": preview.voices - preview.unplaced})
    counts.dataframe(rows, width="stretch", hide_index=True, height=35 * (len(rows) + 1) + 3)
    others.dataframe(
        [{"Who says so": origin_word(origin), "voices": count} for origin, count in preview.origins.items()],
        width="stretch",
        hide_index=True,
    )
    others.dataframe(
        [{"Left out": reason.replace("_", " "), "voices": count} for reason, count in preview.left_out.items()],
        width="stretch",
        hide_index=True,
    )
    if preview.unplaced:
        others.text(f"{preview.unplaced:,} more have no family yet; an export finds it first.")


def _totals(counts: Mapping[str, Mapping[str, int]]) -> dict[str, int]:
    return {split: sum(row[split] for row in counts.values()) for split in SPLITS}


def _draw_targets(context: Context, needs: Sequence[Need]) -> None:
    titles = {category.key: category.title for category in load_categories()}
    st.text("Main categories. Covered are voices that an answer to another of their family stands for.")
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
        st.text("No voice that was drawn at random has been labelled yet.")
        return
    titles = {category.key: category.title for category in load_categories()}
    st.dataframe(
        [
            {
                "Suggested": titles.get(key, key),
                "Right": accuracy.rate,
                "At least": accuracy.low,
                "At most": accuracy.high,
                "Judged": accuracy.count,
            }
            for key, accuracy in by_category.items()
        ],
        column_config={
            "Right": st.column_config.ProgressColumn(format="percent", min_value=0, max_value=1),
            "At least": st.column_config.NumberColumn(format="percent"),
            "At most": st.column_config.NumberColumn(format="percent"),
        },
        width="stretch",
        hide_index=True,
    )


def shown_time(time: timedelta) -> str:
    """A time as people say it.

    >>> [shown_time(timedelta(minutes=m)) for m in (0.5, 42, 190)]
    ['1 min', '42 min', '3 h 10 min']
    """
    minutes = max(1, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"
