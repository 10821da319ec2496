"""The line: the voices served to one person, in order, filled from the store ahead of need."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import replace
from pathlib import Path

from corpus.analysis.nearest_voices import read_neighbours
from corpus.labels.answer import IMPORTED, Answer
from corpus.labels.journal import journal_file, read_journal
from corpus.labels.leases import LeaseBook
from corpus.labels.progress import Progress, read_progress
from corpus.labels.standing import rebuild_answers, standing_answers
from corpus.labels.voice_card import read_cards
from corpus.storage.store import WAIT_SECONDS, open_store
from corpus.suggest.queue import next_voices
from dx7.errors import StoreBusyError
from labeler.deck.served_voice import Serve
from labeler.page.settings import serving_shares

LOOK_AHEAD = 20  # voices known in the browser: six seconds of the fastest labelling, should the server be slow
FETCH = 40  # voices taken from the store at a time
NEIGHBOURS = 4  # to compare a voice with
REMEMBERED = 20  # earlier answers that can be taken back after the page was reloaded
_OWN_PAGES = ("deck", "")  # earlier versions did not say
_STORE_PATIENCE = 1.0  # seconds to wait for a store that another program holds; the look-ahead bridges it


class Line:
    """The voices served to one person. ``answered`` holds the tokens that have their answer.

    Raises ``StoreError`` if there is no store. One that another program holds is waited for a second; then the line
    goes on with what it has and says so in ``notice``.
    """

    def __init__(self, store: Path, journals: Path, labeller: str, *, seed: int, leases: LeaseBook) -> None:
        self.notice: str | None = None
        self.progress = Progress(0, 0, 0, 0, 0, {})
        self.serves: list[Serve] = []
        self.by_token: dict[str, Serve] = {}
        self.answered: set[str] = set()
        self._store, self._journals, self._labeller, self._seed = store, journals, labeller, seed
        self._fetched: deque[Serve] = deque()
        self._leases = leases

    def open_serves(self) -> list[Serve]:
        """The voices that wait for an answer, the one to ask about first at the head."""
        return [serve for serve in self.serves if serve.token not in self.answered]

    def recall(self) -> list[Answer]:
        """Put the person's last answers at the head of the line, and return them with the tokens they have there.

        Only what was said here: other pages have an undo of their own, for what may be thousands of voices. Where
        another program holds the store there are none.
        """
        path = journal_file(self._journals, self._labeller)
        if not path.exists():
            return []
        standing = [
            answer
            for answer in standing_answers(read_journal(path).answers)
            if answer.labeller == self._labeller and answer.heard != IMPORTED and answer.page in _OWN_PAGES
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
                serve = Serve(secrets.token_hex(6), card, answer.suggestion, 0, "you have heard it before")
                tokens[answer.voice_id] = self._put(serve)
        return [replace(answer, token=tokens[answer.voice_id]) for answer in standing if answer.voice_id in tokens]

    def top_up(self) -> bool:
        """Serve voices until :data:`LOOK_AHEAD` are open. Returns whether the store, and so the progress, was read."""
        was_read = False
        while len(self.open_serves()) < LOOK_AHEAD:
            if not self._fetched:
                was_read = self._fetch() or was_read
                if not self._fetched:
                    break
            self._put(self._fetched.popleft())
        return was_read

    def settle(self, serve: Serve) -> None:
        """The voice has its answer: others may be asked about it, if there is reason to."""
        self._leases.give_back(self._labeller, [serve.card.voice_id])

    def _fetch(self) -> bool:
        exclude = {serve.card.voice_id for serve in self.open_serves()}
        try:
            patience = _STORE_PATIENCE if self.open_serves() else WAIT_SECONDS
            with open_store(self._store, wait_seconds=patience) as connection:
                # Leases before journals: what is given back meanwhile has its answer there. Nobody leases during it,
                # since only one of this process has the store.
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
            Serve(
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

    def _put(self, serve: Serve) -> str:
        self.serves.append(serve)
        self.by_token[serve.token] = serve
        return serve.token
