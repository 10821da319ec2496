"""``Suggestion``: a category predicted for a voice. Journals record which one was on the screen."""

from __future__ import annotations

from dataclasses import dataclass

NAME_RULE = "name_rule"  # from the names of the voice
FOLDER_RULE = "folder_rule"  # from the folders it was found in
FAMILY = "family"  # from answers to voices of its family
NEIGHBOURS = "neighbours"  # from answers to voices that sound like it
EAR = "ear"  # from the classifier fitted to answers and names
ORIGINS = (NAME_RULE, FOLDER_RULE, FAMILY, NEIGHBOURS, EAR)
LIKELY = 0.5  # from this probability on, a suggestion counts as likely


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A category, its probability (0 to 1) and its source (one of :data:`ORIGINS`)."""

    category: str
    probability: float
    origin: str
