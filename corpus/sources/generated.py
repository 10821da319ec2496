"""Mark files made by a model, by a sidecar or by the name of a file, folder or source."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from corpus.sources.found_file import SIDECAR_SUFFIX, FoundFile, Limits, names_generator, sidecar_names
from corpus.sources.source_list import read_source_list

_HELD_BYTES = 16 << 20  # of files held back until a later sidecar may be found


def mark_by_sidecar(found: Iterator[FoundFile], limits: Limits) -> Iterator[FoundFile]:
    """The same files; cartridges are marked if their sidecar names a generator.

    An archive is read once, from the front. So cartridges are held back for a while in case their sidecar follows, and
    earlier sidecars are remembered.
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
    """The file, marked if its name, or that of its source, folder or archive, is one that generators use."""
    path = f"{file.source.rpartition('/')[2]}/{file.path}".lower()
    if not file.generated and any(pattern.search(path) for pattern in _patterns()):
        return replace(file, generated=True)
    return file


@cache
def _patterns() -> tuple[re.Pattern[str], ...]:
    return read_source_list().generated
