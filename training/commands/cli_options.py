"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

ModelOption = Annotated[Path | None, typer.Option(help="Folder of a model or a run; the latest if not given.")]
ExportOption = Annotated[Path | None, typer.Option(help="Folder of the export; the latest if not given.")]
