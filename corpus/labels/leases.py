"""Leases: which voices are being served to whom, so that two people are not asked about the same voice at once.

They exist only in the memory of the process that serves. A holder is a person, whatever number of pages is open;
reloading a page gets the same voices again. Any call of the holder renews all their leases; without one they expire.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable

LEASE_SECONDS = 900.0  # without a call of the holder


class LeaseBook:
    """Leases of voices; safe to use from any thread. ``clock`` returns monotonic seconds."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock = threading.Lock()
        self._clock = clock
        self._holders: dict[str, str] = {}  # voice -> holder
        self._seen: dict[str, float] = {}  # holder -> time of the last call

    def take(self, holder: str, voice_ids: Iterable[str]) -> set[str]:
        """Lease the voices that others do not hold, and return them."""
        with self._lock:
            self._renew(holder)
            free = {voice for voice in voice_ids if self._holders.get(voice, holder) == holder}
            self._holders |= dict.fromkeys(free, holder)
            return free

    def held_by_others(self, holder: str) -> set[str]:
        """The voices that other people hold."""
        with self._lock:
            self._renew(holder)
            return {voice for voice, other in self._holders.items() if other != holder}

    def give_back(self, holder: str, voice_ids: Collection[str]) -> None:
        """End leases: the voices have been answered, or will not be asked about."""
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
