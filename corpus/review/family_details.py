"""One family as it is displayed: its voices, how they differ, their faults, and their annotations."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from corpus.analysis.family_lookup import FamilyMember, family_members
from corpus.analysis.health import UNFIT
from corpus.analysis.search_index import read_search_descriptors
from corpus.analysis.sound_space import differences
from corpus.labels.voice_card import read_cards
from corpus.review.annotations import Annotation, annotations_by_voice, read_annotations_of
from corpus.storage.store import Connection
from dx7.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class FamilyVoice:
    """A voice of a family: names, the most frequent first; occurrences; health tags; annotations.

    ``differs`` is a few words on how it differs from the first voice: in sound if that is known, otherwise the
    parameters. It is empty for the first voice.
    """

    voice_id: str
    voice: Voice
    names: tuple[str, ...]
    sightings: int
    tags: tuple[str, ...]
    audible_differences: int
    differs: str
    said: tuple[Annotation, ...]

    @property
    def is_fit(self) -> bool:
        """Whether an answer to the family should cover it: not if it is silent or garbage."""
        return not set(self.tags) & set(UNFIT)


@dataclass(frozen=True, slots=True)
class FamilyDetails:
    """A family, its most frequent voice first."""

    family_id: str
    voices: tuple[FamilyVoice, ...]


def read_family_details(connection: Connection, family_id: str) -> FamilyDetails:
    """One family by its id or that of one of its voices. Raises ``StoreError`` if there is none."""
    family = family_members(connection, family_id)
    ids = [member.voice_id for member in family.members]
    cards = read_cards(connection, ids)
    said = annotations_by_voice(read_annotations_of(connection, ids))
    tags: dict[str, list[str]] = defaultdict(list)
    for voice_id, tag in connection.execute(
        "SELECT voice_id, tag FROM health SEMI JOIN (SELECT unnest($1::VARCHAR[]) AS voice_id) USING (voice_id)"
        " ORDER BY ALL",
        [ids],
    ).fetchall():
        tags[voice_id].append(tag)
    heard = dict(zip(*read_search_descriptors(connection, ids), strict=True))
    voices = []
    for place, member in enumerate(family.members):
        words: tuple[str, ...] = ()
        if place and ids[0] in heard and member.voice_id in heard:
            words = differences(heard[ids[0]], heard[member.voice_id])
        voices.append(
            FamilyVoice(
                voice_id=member.voice_id,
                voice=cards[member.voice_id].voice,
                names=cards[member.voice_id].names,
                sightings=member.sightings,
                tags=tuple(tags[member.voice_id]),
                audible_differences=member.audible_differences,
                differs=(", ".join(words) or _by_parameters(member)) if place else "",
                said=tuple(said.get(member.voice_id, ())),
            )
        )
    return FamilyDetails(family.family_id, tuple(voices))


def _by_parameters(member: FamilyMember) -> str:
    count = member.audible_differences
    if not count:
        return "nothing one hears"
    if count == 1 and len(member.differences) == 1:
        (only,) = member.differences
        return f"{only.title} {only.before} > {only.after}"
    return f"{count} parameter{'s' if count > 1 else ''} a little apart"
