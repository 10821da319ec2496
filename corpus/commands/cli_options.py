"""Options that several commands of ``python -m corpus`` take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

StoreOption = Annotated[
    Path | None, typer.Option("--store", help="The store, instead of data/store.duckdb.", show_default=False)
]
LabelsOption = Annotated[
    Path | None,
    typer.Option("--labels", help="The folder of the journals, instead of data/labels.", show_default=False),
]
