"""The commands ``export`` and ``policies``: curated voices as a folder for training."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from corpus.commands.cli_options import LabelsOption, StoreOption, journals_of, progress_bar
from corpus.labels.journal import read_journals
from corpus.labels.projection import rebuild_answers
from corpus.storage.store import open_store
from dx7.commands.console import JsonOption, print_json, print_table, print_text
from dx7.shared.locations import store_file


def export_command(
    out: Annotated[
        Path | None,
        typer.Option(help="The folder to write, instead of a new one in data/exports.", show_default=False),
    ] = None,
    policy: Annotated[
        str,
        typer.Option(metavar="NAME", help="The policy that chooses voices: a name, or a .toml file of your own."),
    ] = "default",
    store: StoreOption = None,
    with_generated: Annotated[
        bool, typer.Option("--with-generated", help="Include voices made by a model, even if the policy does not.")
    ] = False,
    leave_out: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TAG",
            help="Leave out voices with this health tag, instead of the policy's tags; may be repeated.",
            show_default=False,
        ),
    ] = None,
    labels: LabelsOption = None,
    json: JsonOption = False,
) -> None:
    """Write the voices that a policy chooses: Parquet, manifest, a card, and the fitted classifier if there is one.

    People's answers take precedence over suggestions. New voices are analysed first, and the journals of --labels are
    read; with --store and without --labels, the answers in that store are used, and the policy is not evaluated. A
    family (one sound with a few parameters changed) is never in two splits. The same store and journals give the same
    bytes.

    Example: python -m corpus export --policy strict --out curated
    """
    from corpus.export.export import prepare_export
    from corpus.export.export import write_curated_export as write_out
    from corpus.export.policy import read_policy

    chosen = read_policy(policy)
    if leave_out:
        chosen = replace(chosen, leave_out=tuple(dict.fromkeys(leave_out)))
    chosen = replace(chosen, with_generated=chosen.with_generated or with_generated)
    where = store or store_file()
    with progress_bar("voices analysed") as report:
        prepare_export(where, progress=report)
    journals = journals_of(store, labels)
    with open_store(where, read_only=journals is None) as connection:
        if journals:
            rebuild_answers(connection, journals)
        answers = read_journals(journals).answers if journals else ()
        exported = write_out(connection, out, policy=chosen, answers=answers)
    if json:
        print_json({"folder": str(exported.folder)} | exported.manifest)
    else:
        print_text(f"{exported.manifest['rows']} voices exported to {exported.folder}")


def policies_command(json: JsonOption = False) -> None:
    """List the export policies with a sentence about each; --json gives all fields.

    A policy is a file in data/policies; the default one explains every field. Copy it to make one of your own.

    Example: python -m corpus policies
    """
    from corpus.export.policy import list_policies

    found = list_policies()
    if json:
        print_json([policy.as_dict() for policy in found])
    else:
        print_table([{"policy": policy.name, "what an export holds": policy.about} for policy in found])
