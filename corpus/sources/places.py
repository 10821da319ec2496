"""Where a file is, whatever was named to get at it.

A folder, a folder in it and an archive in that can each be named to ingest; the file at the end of the way is one
file on disk, and counts once.
"""

from __future__ import annotations

from pathlib import Path


class Locator:
    """Locations of files by what was named (``source``) and the way from there (``path``)."""

    def __init__(self) -> None:
        self._is_folder: dict[str, bool] = {}

    def location(self, source: str, path: str) -> str:
        """The absolute location: ``/a/b/x.syx``, or ``/a/all.zip!b/x.syx`` inside an archive."""
        is_folder = self._is_folder.get(source)
        if is_folder is None:
            is_folder = self._is_folder[source] = Path(source).is_dir()
        if is_folder:
            return source + path if source.endswith("/") else f"{source}/{path}"
        return source if path == source.rpartition("/")[2] else f"{source}!{path}"
