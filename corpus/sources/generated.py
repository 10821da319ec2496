"""What was made by a model and not by a person: told by a sidecar, or by what a file, folder or source is called."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from corpus.sources.found_file import SIDECAR_SUFFIX, FoundFile, Limits, names_generator, sidecar_names
from corpus.sources.source_list import read_source_list

_HELD_BYTES = 16 << 20  # of cartridges that wait for the sidecar that may stand behind them


def mark_by_sidecar(found: Iterator[FoundFile], limits: Limits) -> Iterator[FoundFile]:
    """The same files, cartridges marked whose sidecar names a generator, wherever in an archive it stands.

    An archive is read once, from the front, so cartridges are held back for a while; sidecars that come earlier are
    remembered.
    """
    sidecars: set[str] = set()
    held: deque[FoundFile] = deque()
    size = 0

    def marked(file: FoundFile) -> FoundFile:
        is_generated = sidecars and any(name in sidecars for name in sidecar_names(file.path))
        return replace(file, generated=True) if is_generated else file

    for file in found:
        if _may_be_sidecar(file, limits) and names_generator(file.data):
            sidecars.add(file.path)
        held.append(file)
        size += len(file.data)
        while size > _HELD_BYTES:
            size -= len(held[0].data)
            yield marked(held.popleft())
    while held:
        yield marked(held.popleft())


def _may_be_sidecar(file: FoundFile, limits: Limits) -> bool:
    return file.path.lower().endswith(SIDECAR_SUFFIX) and len(file.data) <= limits.sidecar_bytes


def mark_by_name(file: FoundFile) -> FoundFile:
    """The file, marked if a name on its way (of the source, a folder, an archive or itself) is that of a generator."""
    if not file.generated and _names_generator(f"{file.source.rpartition('/')[2]}/{file.path}"):
        return replace(file, generated=True)
    return file


def _names_generator(path: str) -> bool:
    path = path.lower()
    return any(pattern.search(path) for pattern in _patterns())


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return read_source_list().generated
