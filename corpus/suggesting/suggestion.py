"""``Suggestion``: a machine's opinion of a voice. Rules make them, journals remember which one was on the screen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category, how probable it is (0 to 1), and who says so (``name_rule``, ``folder_rule``)."""

    category: str
    probability: float
    origin: str
