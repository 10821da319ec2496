"""``python -m labeler``: start the labeller. Without a store it first makes one from the starter banks."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from corpus.labels.answer import clean_labeller
from corpus.labels.rechecks import INTER_SHARE
from dx7.commands.console import new_app, print_text, run
from dx7.shared.locations import STARTER_BANKS, labels_folder
from labeler.page.settings import (
    ADDRESS_VARIABLE,
    AGREEMENT_VARIABLE,
    LABELLER_VARIABLE,
    STORE_VARIABLE,
    default_labeller,
    store_path,
)

app = new_app("Listen to voices in the browser and label them.")


@app.command(epilog="Example: python -m labeler --store data/store.duckdb --labeller anna")
def label(
    store: Annotated[Path | None, typer.Option(help="The store to label from.", show_default=False)] = None,
    labeller: Annotated[
        str | None, typer.Option(help="The name under which answers are saved.", show_default=False)
    ] = None,
    port: Annotated[int, typer.Option(min=1, max=65535, help="The port of the page.")] = 8501,
    agreement: Annotated[
        float,
        typer.Option(min=0, max=0.5, help="The share of voices that a second person labels too, to measure agreement."),
    ] = INTER_SHARE,
    address: Annotated[
        str, typer.Option(help="The address to listen on; with 127.0.0.1 only this machine sees the page.")
    ] = "127.0.0.1",
) -> None:
    """Start the labeller; Ctrl-C ends it."""
    store = (store or store_path()).resolve()
    if not store.exists():
        _make_starter_store(store)
    environment = os.environ | {
        STORE_VARIABLE: str(store),
        LABELLER_VARIABLE: clean_labeller(labeller) if labeller else default_labeller(),
        AGREEMENT_VARIABLE: str(agreement),
        ADDRESS_VARIABLE: address,
    }
    print_text(f"the labeller is at http://{address}:{port}")
    # The server replaces this process, so that Ctrl-C and kill reach it and no process is left behind.
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, *_streamlit(address, port)], environment)  # noqa: S606


def _streamlit(address: str, port: int) -> list[str]:
    options = {
        "server.address": address,
        "server.port": str(port),
        "server.headless": "true",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": "false",
        "browser.serverAddress": address,
        "logger.level": "warning",
    }
    page = Path(__file__).with_name("server.py")
    return ["-m", "streamlit", "run", str(page), *(f"--{name}={value}" for name, value in options.items())]


def _make_starter_store(store: Path) -> None:
    """A store of the starter banks, analysed and with families, so that every page has something to show."""
    from corpus.analysis.families import update_families
    from corpus.analysis.health import refresh_health
    from corpus.ingest.ingest import ingest_files
    from corpus.labels.projection import rebuild_answers
    from corpus.storage.store import open_store

    print_text(f"making {store} from the starter banks")
    ingest_files([STARTER_BANKS], store)
    update_families(store)
    with open_store(store) as connection:
        refresh_health(connection)
        rebuild_answers(connection, labels_folder())


if __name__ == "__main__":
    run(app)
