"""The serving queue of one person: voices read from the store ahead of need, in the order they are asked about."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from dataclasses import replace
from pathlib import Path

from corpus.analysis.nearest_voices import read_neighbours
from corpus.labels.answer import Answer, HeardOn, Page
from corpus.labels.journal import journal_file, read_journal
from corpus.labels.leases import LeaseBook
from corpus.labels.progress import Progress, read_progress
from corpus.labels.projection import answers_not_undone, rebuild_answers
from corpus.labels.voice_card import read_cards
from corpus.storage.store import WAIT_SECONDS, open_store
from corpus.suggest.queue import next_voices
from dx7.errors import StoreBusyError
from labeler.deck.served_voice import ServedVoice
from labeler.page.settings import serving_shares

LOOK_AHEAD = 20  # voices that the browser holds: six seconds of the fastest labelling, in case the server is slow
FETCH = 40  # voices read from the store at a time
NEIGHBOURS = 4  # to compare a voice with
REMEMBERED = 20  # earlier answers that can be undone after the page was reloaded
_OWN_PAGES = (Page.DECK, Page.UNKNOWN)
_STORE_PATIENCE = 1.0  # seconds to wait for a store that another program holds; the look-ahead bridges it

_lease_books: dict[Path, LeaseBook] = {}
_making_lease_book = threading.Lock()


def lease_book_of(store: Path) -> LeaseBook:
    """The only lease book of this process for a store, so that two people never get the same voice of it."""
    with _making_lease_book:
        return _lease_books.setdefault(store, LeaseBook())


class ServingQueue:
    """The voices served to one person. The session keeps ``answered``, the tokens of voices that have their answer.

    Raises ``StoreError`` if there is no store. If another program holds the store, the queue waits for a second, then
    goes on with the voices it has and says so in ``notice``.
    """

    def __init__(self, store: Path, journals: Path, labeller: str, *, seed: int, leases: LeaseBook) -> None:
        self.notice: str | None = None
        self.progress = Progress(0, 0, 0, 0, 0, {})
        self.served: list[ServedVoice] = []
        self.by_token: dict[str, ServedVoice] = {}
        self.answered: set[str] = set()
        self._store, self._journals, self._labeller, self._seed = store, journals, labeller, seed
        self._fetched: deque[ServedVoice] = deque()
        self._leases = leases

    def open_voices(self) -> list[ServedVoice]:
        """The voices that wait for an answer, the next one first."""
        return [served for served in self.served if served.token not in self.answered]

    def restore_answers(self) -> list[Answer]:
        """Serve the voices of the person's latest answers again, so that they can be undone.

        Returns the answers with their new tokens. Answers of other pages are left out: those pages have their own
        undo, for up to thousands of voices. If another program holds the store, there are none.
        """
        path = journal_file(self._journals, self._labeller)
        if not path.exists():
            return []
        standing = [
            answer
            for answer in answers_not_undone(read_journal(path).answers)
            if answer.labeller == self._labeller and answer.heard != HeardOn.IMPORTED and answer.page in _OWN_PAGES
        ][-REMEMBERED:]
        try:
            with open_store(self._store, wait_seconds=_STORE_PATIENCE) as connection:
                cards = read_cards(connection, [answer.voice_id for answer in standing])
        except StoreBusyError as error:
            self.notice = str(error)
            return []
        tokens: dict[str, str] = {}
        for answer in standing:
            card = cards.get(answer.voice_id)
            if card and answer.voice_id not in tokens:
                served = ServedVoice(secrets.token_hex(6), card, answer.suggestion, 0, "you have heard it before")
                tokens[answer.voice_id] = self._append(served)
        return [replace(answer, token=tokens[answer.voice_id]) for answer in standing if answer.voice_id in tokens]

    def top_up(self) -> bool:
        """Serve voices until :data:`LOOK_AHEAD` are open. Returns whether the store, and so ``progress``, was read."""
        was_read = False
        while len(self.open_voices()) < LOOK_AHEAD:
            if not self._fetched:
                was_read = self._fetch() or was_read
                if not self._fetched:
                    break
            self._append(self._fetched.popleft())
        return was_read

    def release(self, served: ServedVoice) -> None:
        """End the lease of an answered voice: others may be asked about it, if there is reason to."""
        self._leases.give_back(self._labeller, [served.card.voice_id])

    def _fetch(self) -> bool:
        open_voices = self.open_voices()
        exclude = {served.card.voice_id for served in open_voices}
        try:
            with open_store(self._store, wait_seconds=_STORE_PATIENCE if open_voices else WAIT_SECONDS) as connection:
                # Leases before journals: a voice released in between already has its answer in a journal. Nobody
                # takes leases meanwhile, since only one thread of this process has the store open.
                exclude |= self._leases.held_by_others(self._labeller)
                rebuilt = rebuild_answers(connection, self._journals)
                queued = next_voices(
                    connection,
                    labeller=self._labeller,
                    count=FETCH,
                    seed=self._seed,
                    exclude=exclude,
                    shares=serving_shares(),
                )
                leased = self._leases.take(self._labeller, [voice.voice_id for voice in queued])
                queued = [voice for voice in queued if voice.voice_id in leased]
                cards = read_cards(connection, sorted(leased))
                neighbours = read_neighbours(connection, sorted(leased), count=NEIGHBOURS)
                self.progress = read_progress(connection)
        except StoreBusyError as error:
            self.notice = str(error)
            return False
        self.notice = f"left out of the journals: {rebuilt.unreadable[0]}" if rebuilt.unreadable else None
        self._fetched.extend(
            ServedVoice(
                secrets.token_hex(6),
                cards[voice.voice_id],
                voice.suggestion,
                voice.sightings,
                voice.reason,
                voice.lane,
                tuple(neighbours.get(voice.voice_id, ())),
            )
            for voice in queued
        )
        return True

    def _append(self, served: ServedVoice) -> str:
        self.served.append(served)
        self.by_token[served.token] = served
        return served.token
