"""The figures of agreement as a panel."""

from __future__ import annotations

from corpus.labels.agreement_statistics import Kappa, Rate
from corpus.review.agreement import Agreement
from labeler.page.wording import title_of
from labeler.widgets.panel import Figure, FigureTable, Panel


def agreement_panel(agreement: Agreement) -> Panel:
    """Self-consistency, agreement of every two people, of all, and of each category, each with its interval."""
    tables = [table for table in (_with_oneself(agreement), _in_pairs(agreement), _by_category(agreement)) if table]
    if not tables:
        return Panel(
            "Nothing to compare yet",
            "Now and then the deck serves a voice again, or one that somebody else has answered. These are compared.",
        )
    return Panel(
        "How far the answers can be trusted",
        "From answers given by ear and in person; in review one sees what others said, so those do not count. Bars are"
        " 95 % intervals.",
        tables=tuple(tables),
    )


def _with_oneself(agreement: Agreement) -> FigureTable | None:
    rows = []
    for own in agreement.consistency:
        rows += [
            _rate(own.labeller, own.same, f"of {own.same.count} asked again"),
            _kappa(f"{own.labeller}, beyond chance", own.kappa, "kappa"),
        ]
    text = "How often a person says the same of a voice that comes again, unannounced."
    return FigureTable("With oneself", text, tuple(rows)) if rows else None


def _in_pairs(agreement: Agreement) -> FigureTable | None:
    rows = [
        _kappa(" and ".join(pair.labellers), pair.kappa, f"on {pair.kappa.observed.count} voices")
        for pair in agreement.pairs
    ]
    alpha = agreement.alpha
    everybody = Figure("everybody (alpha)", alpha.alpha, alpha.low, alpha.high, f"on {alpha.voices} voices")
    text = "Cohen's kappa of every two people, Krippendorff's alpha of all: 1 is full agreement, 0 no more than chance."
    return FigureTable("With each other", text, (*rows, everybody)) if rows else None


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
    text = "Where one person says it, how probably another does."
    return FigureTable("By category", text, tuple(rows)) if rows else None


def _rate(name: str, rate: Rate, detail: str) -> Figure:
    return Figure(name, rate.rate, rate.low, rate.high, detail)


def _kappa(name: str, kappa: Kappa, detail: str) -> Figure:
    return Figure(name, kappa.kappa, kappa.low, kappa.high, detail)
