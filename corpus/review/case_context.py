"""What is displayed while a case is decided: the voices in question, and a labelled neighbour for each choice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from corpus.labels.voice_card import read_cards
from corpus.review.annotations import Annotation, annotations_by_voice, majority_category
from corpus.review.blind_comparison import BlindPair, blind_pair, nearest_labelled
from corpus.review.cases import Case, CaseKind
from corpus.storage.store import Connection
from dx7.voices.voice import Voice

MOST_IN_QUESTION = 60  # voices of one case on the context; nearly every family has fewer
_MOST_CHOICES = 3


@dataclass(frozen=True, slots=True)
class CaseVoice:
    """A voice on display: ``in_question``, or a neighbour labelled ``category`` to compare with."""

    voice_id: str
    voice: Voice
    name: str
    category: str | None
    said: tuple[Annotation, ...]
    in_question: bool


@dataclass(frozen=True, slots=True)
class CaseContext:
    """A case with its voices, and the pair for a blind comparison if there is one."""

    case: Case
    voices: tuple[CaseVoice, ...]
    blind: BlindPair | None

    def said_of(self) -> dict[str, tuple[Annotation, ...]]:
        """The annotations of each voice on display."""
        return {one.voice_id: one.said for one in self.voices}


def read_case_context(
    connection: Connection, case: Case, opinions: Sequence[Annotation], family_of: Mapping[str, str], *, seed: str
) -> CaseContext:
    """The context of a case. ``seed`` determines which of the blind pair is A."""
    neighbours: dict[str, str] = {}
    if case.kind is not CaseKind.FAMILY:
        for category in case.choices[:_MOST_CHOICES]:
            found = nearest_labelled(connection, case.voices[0], category, opinions, family_of)
            if found and found not in case.voices:
                neighbours[found] = category
    said_of = annotations_by_voice(opinions)
    asked = _in_question(case, said_of)
    cards = read_cards(connection, [*asked, *neighbours])
    voices = [
        CaseVoice(
            voice_id=voice_id,
            voice=cards[voice_id].voice,
            name=cards[voice_id].names[0] if cards[voice_id].names else cards[voice_id].voice.name,
            category=neighbours.get(voice_id) or majority_category(said_of.get(voice_id, ())),
            said=tuple(said_of.get(voice_id, ())),
            in_question=voice_id in asked,
        )
        for voice_id in (*asked, *neighbours)
        if voice_id in cards
    ]
    return CaseContext(case, tuple(voices), _pair(case, voices, neighbours, seed))


def _in_question(case: Case, said_of: Mapping[str, Sequence[Annotation]]) -> list[str]:
    """Up to :data:`MOST_IN_QUESTION` voices of a case, in its order; of too many, some of every label."""
    mains = [majority_category(said_of.get(voice_id, ())) for voice_id in case.voices]
    turns = [mains[:place].count(main) for place, main in enumerate(mains)]
    chosen = sorted(range(len(mains)), key=lambda place: (turns[place], place))[:MOST_IN_QUESTION]
    return [case.voices[place] for place in sorted(chosen)]


def _pair(case: Case, voices: Sequence[CaseVoice], neighbours: Mapping[str, str], seed: str) -> BlindPair | None:
    if case.kind is CaseKind.FAMILY:
        asked = voices[0] if voices else None
        other = next((one for one in voices if asked and one.category != asked.category), None)
        return blind_pair(asked.voice_id, other.voice_id, case.choices[0], seed=seed) if asked and other else None
    wanted = [case.suggested] if case.suggested else list(case.choices)
    for voice_id, category in sorted(neighbours.items(), key=lambda item: case.choices.index(item[1])):
        if category in wanted:
            return blind_pair(case.voices[0], voice_id, category, seed=seed)
    return None
