"""``Suggestion``: a machine's opinion of a voice. Journals remember which one was on the screen."""

from __future__ import annotations

from dataclasses import dataclass

NAME_RULE = "name_rule"  # the voice's names say so
FOLDER_RULE = "folder_rule"  # the folders it was found in
FAMILY = "family"  # people's answers to voices of its family
NEIGHBOURS = "neighbours"  # people's answers to voices that sound like it
EAR = "ear"  # a model that was fitted to people's answers and to names
ORIGINS = (NAME_RULE, FOLDER_RULE, FAMILY, NEIGHBOURS, EAR)
LIKELY = 0.5  # a suggestion from here on is more likely right than not


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category, how probable it is (0 to 1), and who says so (:data:`ORIGINS`)."""

    category: str
    probability: float
    origin: str
