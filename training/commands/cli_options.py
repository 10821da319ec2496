"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[Path | None, typer.Option(help="A model's or a run's folder; the latest if not given.")]
ExportOption = Annotated[Path | None, typer.Option(help="The export's folder; the latest if not given.")]
