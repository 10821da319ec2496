"""The agreement figures as a panel."""

from __future__ import annotations

from corpus.labels.agreement_statistics import Kappa, Rate
from corpus.review.agreement import Agreement
from labeler.page.wording import title_of
from labeler.widgets.panel import Figure, FigureTable, Panel


def agreement_panel(agreement: Agreement) -> Panel:
    """Self-consistency, agreement of each pair of people, of all, and per category, with intervals."""
    tables = [table for table in (_with_oneself(agreement), _in_pairs(agreement), _by_category(agreement)) if table]
    if not tables:
        return Panel(
            "Nothing to compare yet",
            "Sometimes the deck serves a voice that was answered before and compares the answers.",
        )
    return Panel(
        "How reliable the answers are",
        "From answers that people gave by ear. Answers on the Review page do not count, because it shows the answers of"
        " others. Bars are 95 % intervals.",
        tables=tuple(tables),
    )


def _with_oneself(agreement: Agreement) -> FigureTable | None:
    rows = []
    for own in agreement.consistency:
        rows += [
            _rate(own.labeller, own.same, f"of {own.same.count} asked again"),
            _kappa(f"{own.labeller}, beyond chance", own.kappa, "kappa"),
        ]
    text = "How often a person gives the same answer when a voice comes again unannounced."
    return FigureTable("Same person", text, tuple(rows)) if rows else None


def _in_pairs(agreement: Agreement) -> FigureTable | None:
    rows = [
        _kappa(" and ".join(pair.labellers), pair.kappa, f"on {pair.kappa.observed.count} voices")
        for pair in agreement.pairs
    ]
    alpha = agreement.alpha
    everybody = Figure("everybody (alpha)", alpha.alpha, alpha.low, alpha.high, f"on {alpha.voices} voices")
    text = "Cohen's kappa of each pair of people, Krippendorff's alpha of all: 1 is full agreement, 0 is chance."
    return FigureTable("Between people", text, (*rows, everybody)) if rows else None


def _by_category(agreement: Agreement) -> FigureTable | None:
    rows = [
        Figure(
            title_of(row.outcome),
            row.agreement,
            row.low,
            row.high,
            f"in {row.pairs} pair{'s' if row.pairs > 1 else ''}",
            row.outcome,
        )
        for row in agreement.by_category
    ]
    text = "If one person chooses the category, the probability that another one does too."
    return FigureTable("By category", text, tuple(rows)) if rows else None


def _rate(name: str, rate: Rate, detail: str) -> Figure:
    return Figure(name, rate.rate, rate.low, rate.high, detail)


def _kappa(name: str, kappa: Kappa, detail: str) -> Figure:
    return Figure(name, kappa.kappa, kappa.low, kappa.high, detail)
