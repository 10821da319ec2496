"""Leases: who has been served which voice and not answered yet, so that nobody else is asked about it meanwhile.

They live in the memory of the one process that serves, since they are worth nothing once it has ended. A holder is a
person, whatever number of pages are open: who loads the page anew gets the same voices. A lease that is not answered
runs out; with the holder's next sign of life all of theirs begin anew.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable

LEASE_SECONDS = 900.0  # without a sign of life: somebody went home


class LeaseBook:
    """Leases of voices; safe to use from any thread. ``clock`` tells seconds, and only ever goes on."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._holders: dict[str, str] = {}  # voice -> who has it
        self._seen: dict[str, float] = {}  # holder -> last sign of life

    def take(self, holder: str, voice_ids: Iterable[str]) -> set[str]:
        """Lease those of the voices that nobody else holds, and return them."""
        with self._lock:
            self._renew(holder)
            free = {voice for voice in voice_ids if self._holders.get(voice, holder) == holder}
            self._holders |= dict.fromkeys(free, holder)
            return free

    def held_by_others(self, holder: str) -> set[str]:
        """The voices that somebody else holds."""
        with self._lock:
            self._renew(holder)
            return {voice for voice, other in self._holders.items() if other != holder}

    def give_back(self, holder: str, voice_ids: Collection[str]) -> None:
        """End leases: the voices have been answered, or will not be asked."""
        with self._lock:
            self._renew(holder)
            for voice in voice_ids:
                if self._holders.get(voice) == holder:
                    del self._holders[voice]

    def _renew(self, holder: str) -> None:
        now = self._clock()
        self._seen[holder] = now
        gone = {other for other, seen in self._seen.items() if now - seen > LEASE_SECONDS}
        if gone:
            self._holders = {voice: other for voice, other in self._holders.items() if other not in gone}
            self._seen = {other: seen for other, seen in self._seen.items() if other not in gone}
