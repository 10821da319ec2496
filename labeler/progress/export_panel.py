"""The export tab of the Progress page: choose a policy, preview it, export."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from corpus.export.export import ExportResult, prepare_export, write_curated_export
from corpus.export.policy import Policy, list_policies
from corpus.export.preview import ExportPreview, preview_export
from corpus.labels.journal import read_journals
from corpus.storage.store import open_store
from dx7.shared.export_format import CARD_FILE
from labeler.page.background import BackgroundJob, ReportProgress
from labeler.page.context import Context
from labeler.page.plain_text import as_text
from labeler.page.wording import category_titles

_JOB, _PREVIEW = "progress-export", "progress-preview"
_LOOK_EVERY = 0.5  # seconds


def draw_export(context: Context) -> None:
    """Draw the choice of a policy, its preview, and the export."""
    job: BackgroundJob[ExportResult] | None = st.session_state.get(_JOB)
    is_busy = job is not None and not job.is_done
    columns = st.columns([2, 1.3, 1.3, 4], vertical_alignment="bottom")
    policy: Policy = columns[0].selectbox(
        "Policy", list_policies(), format_func=lambda each: each.name, key="policy", disabled=is_busy
    )
    if columns[1].button("Preview", shortcut="l", width="stretch", key="look-ahead", disabled=is_busy):
        with open_store(context.store) as connection:
            st.session_state[_PREVIEW] = preview_export(connection, policy)
    if columns[2].button("Export now", shortcut="x", type="primary", width="stretch", key="export", disabled=is_busy):
        st.session_state[_JOB] = job = BackgroundJob(lambda report: _export(context, policy, report))
        st.session_state.pop(_PREVIEW, None)
    columns[3].text(policy.about)
    if job is not None and not job.is_done:
        _watch(job)
    elif job is not None and job.problem:
        st.warning(as_text(job.problem))
    elif job is not None and job.result:
        _draw_exported(job.result)
    preview: ExportPreview | None = st.session_state.get(_PREVIEW)
    if preview and preview.policy == policy:
        _draw_preview(preview)
    elif job is None:
        st.text("Preview counts the voices of an export without writing it.")


def _export(context: Context, policy: Policy, report: ReportProgress) -> ExportResult:
    prepare_export(context.store, progress=report)
    with open_store(context.store) as connection:
        return write_curated_export(connection, policy=policy, answers=read_journals(context.journals).answers)


@st.fragment(run_every=_LOOK_EVERY)
def _watch(job: BackgroundJob[ExportResult]) -> None:
    if job.is_done:
        st.rerun()
    if job.total:
        st.progress(job.done / job.total, f"analysing voices: {job.done:,} of {job.total:,}")
    else:
        st.text(f"exporting, {job.seconds:.0f} s so far")


def _draw_exported(exported: ExportResult) -> None:
    manifest = exported.manifest
    st.success(f"{manifest['rows']:,} voices in {exported.folder}")
    card, facts = st.columns([3, 2])
    with card.expander("The card", expanded=True):
        st.markdown((exported.folder / CARD_FILE).read_text(encoding="utf-8"))
    with facts.expander("The manifest", expanded=True):
        st.json(manifest, expanded=1)


def _draw_preview(preview: ExportPreview) -> None:
    counts, others = st.columns([3, 2])
    with counts:
        _draw_by_category(preview.counts)
        st.text("The same voices by the origin of their label:")
        _draw_by_category(preview.origins)
    others.dataframe(
        [{"Left out": reason.replace("_", " "), "voices": count} for reason, count in preview.left_out.items()],
        width="stretch",
        hide_index=True,
    )
    if preview.relaxed:
        others.text("Too few confident voices for the target; these less confident ones are added:")
        others.dataframe(
            [each.as_dict() for each in preview.relaxed],
            width="stretch",
            hide_index=True,
        )
    if preview.unplaced:
        others.text(f"{preview.unplaced:,} more have no family yet; the export finds it first.")


def _draw_by_category(counts: Mapping[str, Mapping[str, int]]) -> None:
    titles = category_titles()
    shown = [(titles[key], row) for key, row in counts.items()]
    columns = list(shown[0][1])
    shown.append(("All", {name: sum(row[name] for _, row in shown) for name in columns}))
    rows: list[dict[str, object]] = [
        {"Category": title, **{name.replace("_", " "): row[name] for name in columns}, "all": sum(row.values())}
        for title, row in shown
    ]
    st.dataframe(rows, width="stretch", hide_index=True, height=35 * (len(rows) + 1) + 3)
