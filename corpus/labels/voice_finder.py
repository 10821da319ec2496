"""Finds a voice by id, by the hash of its bytes, by file and slot, or by a unique name."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import cached_property
from pathlib import Path

from corpus.storage.store import open_store
from dx7.errors import FormatError
from dx7.formats.files import read_bank
from dx7.formats.selection import split_slot
from dx7.voices.identity import ID_LENGTH, voice_ids

_HEX_ID = re.compile(rf"[0-9a-f]{{{ID_LENGTH}}}")


class VoiceFinder:
    """Finds the voices of the rows of one file. Each method raises ``FormatError`` or ``FileError`` if it finds none.

    Files are relative to ``folder``. Without a ``store`` only ids and files can be resolved; it is opened for each
    query.
    """

    def __init__(self, folder: Path, store: Path | None) -> None:
        self._folder, self._store = folder, store
        self._banks: dict[str, list[str]] = {}

    def by_id(self, text: str) -> str:
        """The id itself, checked; it need not be in the store."""
        voice_id = text.strip().lower()
        if not _HEX_ID.fullmatch(voice_id):
            raise FormatError(f"{text!r} is no voice id; one has {ID_LENGTH} hexadecimal digits")
        return voice_id

    def by_raw_sha(self, text: str) -> str:
        """The voice whose bytes, as found in a file, have this SHA."""
        found = self._voice_of_raw.get(self.by_id(text))
        if found is None:
            raise FormatError(f"no voice in the store has bytes of the SHA {text!r}")
        return found

    def by_place(self, file: str, slot: str = "") -> str:
        """The voice in a slot (1..) of a file; ``bank.syx:3`` names both."""
        path, number = split_slot(file) if not slot.strip() else (Path(file), None)
        if number is None:
            if not slot.strip().isdecimal():
                raise FormatError(f"{file!r} comes without a slot; write it as {path.name}:3, or into a column slot")
            number = int(slot)
        name = str(path)
        if name not in self._banks:
            bank = read_bank(self._folder / path)
            self._banks[name] = voice_ids(row.tobytes() for row in bank.decoded.unpacked)
        voices = self._banks[name]
        if not 1 <= number <= len(voices):
            raise FormatError(f"{name!r} has no voice in slot {number}; it has {len(voices)}")
        return voices[number - 1]

    def by_name(self, name: str) -> str:
        """The only voice of the store that ever had this name."""
        found = self._voices_of_name.get(name.strip(), set())
        if not found:
            raise FormatError(f"no voice in the store is called {name!r}")
        if len(found) > 1:
            raise FormatError(f"{len(found)} voices are called {name!r}; name the voice by its id, or by file and slot")
        return next(iter(found))

    @cached_property
    def _voice_of_raw(self) -> dict[str, str]:
        return dict(self._ask("SELECT raw_sha, voice_id FROM raw_voices"))

    @cached_property
    def _voices_of_name(self) -> dict[str, set[str]]:
        voices: dict[str, set[str]] = defaultdict(set)
        for name, voice_id in self._ask("SELECT DISTINCT trim(name), voice_id FROM slots"):
            voices[name].add(voice_id)
        return voices

    def _ask(self, query: str) -> list[tuple[str, str]]:
        if self._store is None:
            return []
        with open_store(self._store, read_only=True) as connection:
            return [(what, voice_id) for what, voice_id in connection.execute(query).fetchall()]
