"""``labels agreement`` and ``labels review``: how reliable labels are, and which ones to check again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from corpus.commands.cli_options import LabelsOption, StoreOption
from corpus.labels.journal import read_journals
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import Connection, open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text, progress
from dx7.shared.locations import labels_folder, store_file

if TYPE_CHECKING:
    from corpus.review.agreement import Agreement
    from corpus.review.review_lists import ReviewList

_KINDS = ("disagreement", "suggestion", "label_error", "family", "drift")


def agreement_command(folder: LabelsOption = None, json: JsonOption = False) -> None:
    """Agreement of people with themselves, when asked again, and with each other: rates, kappa, alpha.

    Answers given in review do not count, because the review page shows the labels of others.

    Example: python -m corpus labels agreement --json
    """
    from corpus.review.agreement import measure_agreement

    figures = measure_agreement(read_journals(folder or labels_folder()).answers)
    print_json(figures.as_dict()) if json else _print_agreement(figures)


def review_command(
    kind: Annotated[
        list[str] | None,
        typer.Option("--kind", metavar="KIND", help=f"Only this list; may be repeated: {', '.join(_KINDS)}."),
    ] = None,
    least: Annotated[
        float, typer.Option(min=0, max=1, help="The least probability of a suggestion that contradicts a person.")
    ] = 0.9,
    limit: Annotated[int, typer.Option(min=1, help="Show this many cases of each list; --json has all.")] = 10,
    store: StoreOption = None,
    folder: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """List labels to check again, with reasons; cases decided in review are left out.

    Likely label errors come from a model that is fitted for this list, which takes seconds.

    Example: python -m corpus labels review --kind disagreement --kind family
    """
    from corpus.review.cases import CaseKind
    from corpus.review.review_lists import read_review

    for word in kind or ():
        if word not in _KINDS:
            raise typer.BadParameter(f"{word!r} is not a list; choose from {', '.join(_KINDS)}", param_hint="--kind")
    with progress() as bar, open_store(store or store_file()) as connection:
        bar.add_task("looking", total=None)
        rebuild_answers(connection, folder or labels_folder())
        answers = read_journals(folder or labels_folder()).answers
        lists = read_review(connection, kinds=[CaseKind(word) for word in kind or _KINDS], least=least, answers=answers)
        names = _names(connection, lists)
    if json:
        print_json(
            {one.kind.value: {"problem": one.problem, "cases": [case.as_dict() for case in one.cases]} for one in lists}
        )
        return
    for number, one in enumerate(lists):
        print_text(("\n" if number else "") + f"{one.title.lower()}: {len(one.cases)}")
        if one.problem:
            print_text(one.problem)
        print_table(
            [
                {"voice": case.voices[0][:8], "name": names.get(case.voices[0], ""), "why": case.reason}
                for case in one.cases[:limit]
            ]
        )


def _names(connection: Connection, lists: list[ReviewList]) -> dict[str, str]:
    from corpus.labels.voice_card import read_cards

    cards = read_cards(connection, [case.voices[0] for one in lists for case in one.cases])
    return {voice_id: card.names[0] if card.names else "" for voice_id, card in cards.items()}


def _print_agreement(figures: Agreement) -> None:
    if not (figures.consistency or figures.pairs):
        print_text("nothing to compare yet: no person was asked again, and no two people answered the same voice")
        return
    print_table(
        [
            {
                "labeller": row.labeller,
                "asked again": row.same.count,
                "said the same": _share(row.same.rate, row.same.low, row.same.high),
                "kappa": _share(row.kappa.kappa, row.kappa.low, row.kappa.high),
            }
            for row in figures.consistency
        ],
        "with themselves",
    )
    print_table(
        [
            {
                "labellers": " and ".join(row.labellers),
                "voices": row.kappa.observed.count,
                "of these drawn": row.drawn,
                "said the same": _share(row.kappa.observed.rate, row.kappa.observed.low, row.kappa.observed.high),
                "kappa": _share(row.kappa.kappa, row.kappa.low, row.kappa.high),
            }
            for row in figures.pairs
        ],
        "with each other",
    )
    alpha = figures.alpha
    print_text(f"Krippendorff's alpha of {alpha.voices} voices: {_share(alpha.alpha, alpha.low, alpha.high)}")
    print_table(
        [
            {"category": row.outcome, "pairs": row.pairs, "agreement": _share(row.agreement, row.low, row.high)}
            for row in figures.by_category
        ],
        "by category",
    )


def _share(value: float | None, low: float | None, high: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.2f}" + (f" ({low:.2f} to {high:.2f})" if low is not None and high is not None else "")
