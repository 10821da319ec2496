"""The line: the voices served to one person, in order, filled from the store ahead of need."""

from __future__ import annotations

import secrets
from collections import deque
from dataclasses import replace
from pathlib import Path
from typing import Any

from corpus.labelling.answer import IMPORTED, Answer
from corpus.labelling.journal import journal_file, read_journal
from corpus.labelling.labels import rebuild_answers, standing_answers
from corpus.labelling.progress import Progress, read_progress
from corpus.labelling.queue import Queued, next_voices
from corpus.labelling.voicecard import VoiceCard, read_cards
from corpus.storage.store import open_store
from dx7.errors import StoreBusyError
from labeler.deck.serves import Serve

LOOK_AHEAD = 10  # voices ready in the browser: three seconds of the fastest labelling
FETCH = 40  # voices taken from the store at a time
REMEMBERED = 20  # earlier answers that can be taken back after the page was reloaded
_STORE_PATIENCE = 1.0  # seconds to wait for a store that another program holds; the look-ahead bridges it


class Line:
    """The voices served to one person. ``answered`` holds the tokens that have their answer.

    Raises ``StoreError`` if there is no store. One that another program holds is waited for a second; then the line
    goes on with what it has and says so in ``notice``.
    """

    def __init__(self, store: Path, journals: Path, labeller: str, *, seed: int) -> None:
        self.notice: str | None = None
        self.progress = Progress(0, 0, 0, 0, 0, {})
        self.serves: list[Serve] = []
        self.by_token: dict[str, Serve] = {}
        self.answered: set[str] = set()
        self._store, self._journals, self._labeller, self._seed = store, journals, labeller, seed
        self._fetched: deque[tuple[Queued, VoiceCard]] = deque()

    def open_serves(self) -> list[Serve]:
        """The voices that wait for an answer, the one to ask about first at the head."""
        return [serve for serve in self.serves if serve.token not in self.answered]

    def recall(self) -> list[Answer]:
        """Put the person's last answers at the head of the line, and return them with the tokens they have there."""
        path = journal_file(self._journals, self._labeller)
        if not path.exists():
            return []
        standing = [
            answer
            for answer in standing_answers(read_journal(path).answers)
            if answer.labeller == self._labeller and answer.heard != IMPORTED
        ][-REMEMBERED:]
        with open_store(self._store, wait_seconds=_STORE_PATIENCE) as connection:
            cards = read_cards(connection, [answer.voice_id for answer in standing])
        tokens: dict[str, str] = {}
        for answer in standing:
            card = cards.get(answer.voice_id)
            if card and answer.voice_id not in tokens:
                tokens[answer.voice_id] = self._serve(
                    card, answer.suggestion, sightings=0, reason="you have heard it before"
                )
        return [replace(answer, token=tokens[answer.voice_id]) for answer in standing if answer.voice_id in tokens]

    def top_up(self) -> bool:
        """Serve voices until :data:`LOOK_AHEAD` are open. Returns whether the store, and so the progress, was read."""
        was_read = False
        while len(self.open_serves()) < LOOK_AHEAD:
            if not self._fetched:
                was_read = self._fetch() or was_read
                if not self._fetched:
                    break
            queued, card = self._fetched.popleft()
            self._serve(card, queued.suggestion, sightings=queued.sightings, reason=queued.reason)
        return was_read

    def _fetch(self) -> bool:
        exclude = {serve.card.voice_id for serve in self.open_serves()}
        try:
            with open_store(self._store, wait_seconds=_STORE_PATIENCE) as connection:
                rebuilt = rebuild_answers(connection, self._journals)
                queued = next_voices(connection, labeller=self._labeller, count=FETCH, seed=self._seed, exclude=exclude)
                cards = read_cards(connection, [voice.voice_id for voice in queued])
                self.progress = read_progress(connection)
        except StoreBusyError as error:
            self.notice = str(error)
            return False
        self.notice = f"left out of the journals: {rebuilt.unreadable[0]}" if rebuilt.unreadable else None
        self._fetched.extend((voice, cards[voice.voice_id]) for voice in queued)
        return True

    def _serve(self, card: VoiceCard, suggestion: Any, *, sightings: int, reason: str) -> str:
        serve = Serve(secrets.token_hex(6), card, suggestion, sightings, reason)
        self.serves.append(serve)
        self.by_token[serve.token] = serve
        return serve.token
