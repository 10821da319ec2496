"""Altair charts in the colours of the theme and of the categories. Altair has no types to check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

from corpus.labels.activity import Day
from corpus.labels.targets import Need
from corpus.suggest.learning_curves import CurvePoint
from dx7.shared.categories import load_categories

_TEXT = 14  # pixels
# For lines and people: distinct on light and dark themes and for people with red-green colour blindness.
_COLOURS = ["#2f9e8f", "#d9923b", "#7c8fd6", "#c2607f", "#8a9a3c", "#6fb1d1"]


def _axis(**more: Any) -> Any:
    return alt.Axis(**_words("label", "title"), labelLimit=200, labelFlush=False, labelBound=False, **more)


def _legend(**more: Any) -> Any:
    return alt.Legend(**_words("label"), **more)


def _words(*parts: str) -> dict[str, Any]:
    """The size and colour of text: Vega cannot read the CSS variables of the page."""
    kind = st.context.theme.type or "dark"
    ink = st.get_option(f"theme.{kind}.textColor") or st.get_option("theme.textColor") or "gray"
    return {f"{part}FontSize": _TEXT for part in parts} | {f"{part}Color": ink for part in parts}


def needs_chart(needs: Sequence[Need]) -> Any:
    """Labelled voices and targets: one bar per category in its colour, with a tick at its target."""
    categories = {category.key: category for category in load_categories()}
    known = [need for need in needs if need.category in categories]
    rows = pd.DataFrame(
        [
            {
                "category": categories[need.category].title,
                "have": need.have,
                "target": need.target,
                "need": need.need,
                "waiting": need.waiting,
                "share": min(1.0, need.have / need.target) if need.target else 1.0,
            }
            for need in known
        ]
    )
    titles = [categories[need.category].title for need in known]
    colours = [categories[need.category].colour for need in known]
    base = alt.Chart(rows, height=alt.Step(19)).encode(
        y=alt.Y(
            "category:N",
            sort=titles,
            title=None,
            axis=_axis(ticks=False, labelOverlap=False),
        ),
        tooltip=["category", "have", "target", "need", "waiting"],
    )
    bars = base.mark_bar(height=12, cornerRadius=2).encode(
        x=alt.X("have:Q", title="labelled voices", axis=_axis(tickMinStep=1)),
        color=alt.Color("category:N", scale=alt.Scale(domain=titles, range=colours), legend=None),
    )
    ticks = base.mark_tick(thickness=2, height=16, color="gray").encode(x="target:Q")
    return alt.layer(bars, ticks)


def days_chart(days: Sequence[Day]) -> Any:
    """Answers per day, stacked by labeller."""
    rows = pd.DataFrame(
        [
            {"day": f"{day.day:%d %b}", "date": day.day.isoformat(), "who": day.labeller, "answers": day.answers}
            for day in days
        ]
    )
    return (
        alt.Chart(rows, height=230)
        .mark_bar(cornerRadius=2)
        .encode(
            x=alt.X(
                "day:O",
                title=None,
                sort=list(dict.fromkeys(rows["day"])) if days else None,
                axis=_axis(labelAngle=0, labelOverlap=True, ticks=False),
            ),
            y=alt.Y("answers:Q", title="answers", axis=_axis(tickMinStep=1)),
            color=alt.Color(
                "who:N",
                title=None,
                scale=alt.Scale(range=_COLOURS),
                legend=_legend(orient="top", symbolType="square"),
            ),
            tooltip=["day", "who", "answers"],
        )
    )


def curve_chart(title: str, rows: Sequence[Mapping[str, Any]]) -> Any:
    """Metrics over training steps, one line per name."""
    names = list(dict.fromkeys(row["name"] for row in rows))
    values = [row["value"] for row in rows]
    return (
        alt.Chart(
            pd.DataFrame(rows), height=235, title=alt.TitleParams(title, fontSize=_TEXT, anchor="start", offset=4)
        )
        .mark_line(strokeWidth=2.5, point=len(rows) < 3 * len(names))
        .encode(
            x=alt.X("step:Q", title=None, axis=_axis(tickCount=5, grid=False)),
            y=alt.Y("value:Q", title=None, scale=_scale(values), axis=_axis(tickCount=5)),
            color=alt.Color(
                "name:N",
                sort=names,
                title=None,
                scale=alt.Scale(domain=names, range=_COLOURS[: len(names)]),
                legend=_legend(orient="bottom", columns=2, offset=0, padding=0, symbolType="stroke"),
            ),
            tooltip=["name", "step", alt.Tooltip("value:Q", format=".3f")],
        )
    )


def learning_chart(curves: Mapping[str, Sequence[CurvePoint]]) -> Any:
    """Accuracy by the number of answers: one line per curve, with its standard error as a band."""
    rows = pd.DataFrame(
        [
            {
                "curve": name,
                "answers": point.answers,
                "accuracy": point.accuracy,
                "low": point.accuracy - point.spread,
                "high": point.accuracy + point.spread,
            }
            for name, points in curves.items()
            for point in points
        ]
    )
    base = alt.Chart(rows, height=260).encode(
        x=alt.X("answers:Q", title="answers", scale=alt.Scale(type="log", nice=False), axis=_axis(tickCount=6)),
        color=alt.Color(
            "curve:N",
            sort=list(curves),
            title=None,
            scale=alt.Scale(domain=list(curves), range=_COLOURS[: len(curves)]),
            legend=_legend(orient="top", symbolType="stroke"),
        ),
        tooltip=["curve", "answers", alt.Tooltip("accuracy:Q", format=".1%")],
    )
    y = alt.Y("accuracy:Q", title="first suggestion correct", scale=alt.Scale(zero=False), axis=_axis(format="%"))
    band = base.mark_area(opacity=0.15).encode(y=alt.Y("low:Q", title="first suggestion correct"), y2="high:Q")
    return alt.layer(band, base.mark_line(strokeWidth=2.5, point=True).encode(y=y))


def _scale(values: Sequence[float]) -> alt.Scale:
    """Logarithmic if the values span a factor above 4, so that the end of a curve is not flat; shares keep 0 to 1."""
    low, high = min(values), max(values)
    if low >= 0 and high <= 1 and high > 4 * low:
        return alt.Scale(domain=[0, 1])
    return alt.Scale(type="log", nice=False) if low > 0 and high > 4 * low else alt.Scale(zero=False)


def reliability_chart(bins: Sequence[Mapping[str, float]]) -> Any:
    """A reliability diagram: the share of true statements by predicted probability; the diagonal is perfect."""
    rows = pd.DataFrame(bins)
    axis = {"axis": _axis(format=".0%"), "scale": alt.Scale(domain=[0, 1])}
    exact = alt.Chart(pd.DataFrame({"said": [0, 1], "true": [0, 1]})).mark_line(strokeWidth=1, color="gray")
    points = alt.Chart(rows, height=260).mark_line(point=alt.OverlayMarkDef(size=70), color=_COLOURS[0])
    place = {
        "x": alt.X("said:Q", title="predicted probability", **axis),
        "y": alt.Y("true:Q", title="share that is true", **axis),
    }
    return exact.encode(**place) + points.encode(
        **place, tooltip=[alt.Tooltip("statements:Q", format=","), alt.Tooltip("said:Q"), alt.Tooltip("true:Q")]
    )
