"""A deck without a browser."""

from __future__ import annotations

import json
import secrets
from typing import Any

from labeler.deck.session import LabelSession


class FakeDeck:
    """A browser that labels as told, on a clock of its own, and repeats what is not acknowledged."""

    def __init__(self, session: LabelSession) -> None:
        self.session = session
        self.data = session.deck_data()
        self.line: list[dict[str, Any]] = list(self.data["line"])
        self.here: str | None = self.data["displayed"]
        self.clock = 0.0
        self.sequence = 0
        self.pending: list[dict[str, Any]] = []
        self.done: list[tuple[str, str]] = [(past["event"], past["token"]) for past in self.data["past"]]
        self.note(self.data)

    @property
    def voice(self) -> str:
        """The id of the voice on display."""
        return next(str(voice["voice"]) for voice in self.line if voice["token"] == self.here)

    def note(self, data: dict[str, Any]) -> None:
        assert data["first"] <= len(self.line)
        self.line[data["first"] :] = data["line"]
        self.pending = [event for event in self.pending if event["sequence"] > data["acknowledged"]]
        if self.here is None and (arrived := self._next_open()):
            self._move(arrived)

    def press(self, kind: str, *categories: str, dwell: float = 0.5, undoes: str | None = None) -> None:
        self.sequence += 1
        event = secrets.token_hex(16)
        started, self.clock = self.clock, self.clock + dwell
        following = self._next_open()
        if kind == "undo":
            undoes, following = self.done.pop()
        elif kind == "favourite":
            following = self.here
        elif self.here is not None:
            self.done.append((event, self.here))
        self.pending.append(
            {
                "sequence": self.sequence,
                "event": event,
                "kind": kind,
                "token": self.here,
                "next": following,
                "voice": self.voice if self.here else None,
                "categories": list(categories),
                "undoes": undoes,
                "started": started,
                "pressed": self.clock,
            }
        )
        self.here = following

    def _next_open(self) -> str | None:
        answered = {token for _, token in self.done}
        return next((v["token"] for v in self.line if v["token"] not in answered and v["token"] != self.here), None)

    def _move(self, following: str) -> None:
        """Show a voice that has arrived where nothing was on display."""
        self.sequence += 1
        event = {"sequence": self.sequence, "event": f"{self.sequence:032x}", "kind": "move"}
        self.pending.append(event | {"token": None, "next": following, "pressed": self.clock})
        self.here = following

    def report(self) -> dict[str, Any]:
        return {
            "session": self.session.id,
            "events": list(self.pending),
            "received": len(self.line),
        }

    def send(self) -> dict[str, Any]:
        report = json.loads(json.dumps(self.report()))
        self.session.receive(report)
        data = json.loads(json.dumps(self.session.deck_data(report)))
        self.note(data)
        return data  # type: ignore[no-any-return]
