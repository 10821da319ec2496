"""Which voices of the store are fit for training, what they are, and why the others are left out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from corpus.hearing.fillers import is_filler
from corpus.hearing.health import UNFIT
from corpus.storage.store import Connection
from corpus.storage.voicetable import VoiceTable, read_voice_table

PERSON = "person"
PROPAGATED = "propagated"
LEAST_CONFIDENCE = 0.5  # of a suggestion; below it, the sources would rather not say


class LeftOut(StrEnum):
    """Why a voice of the store is not exported, health tags aside. The first that applies counts."""

    FILLER = "filler"  # INIT VOICE and silence, which fill up banks
    GENERATED = "generated"  # found only in cartridges that a model made
    BROKEN = "broken"  # a person said so
    UNSURE = "unsure"  # people listened and could not tell
    NO_CATEGORY = "no_category"  # nobody has said, and no suggestion is sure enough


@dataclass(frozen=True, slots=True)
class Unhealthy:
    """A voice that is not exported for a health tag (``corpus/hearing/health.py``)."""

    tag: str


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a voice is: categories, the main one first; who says so; how surely, 0 to 1."""

    categories: tuple[str, ...]
    origin: str
    confidence: float


@dataclass(frozen=True, slots=True)
class Selection:
    """The voices of the store in the order of their ids, each with an opinion or the reason it is left out."""

    voices: VoiceTable
    verdicts: tuple[Opinion | LeftOut | Unhealthy, ...]
    leave_out: tuple[str, ...]  # the health tags that were asked to stay behind

    def left_out(self) -> dict[str, int]:
        """How many voices are left out for each reason; every reason is there."""
        reasons = Counter(verdict for verdict in self.verdicts if isinstance(verdict, LeftOut))
        tags = Counter(verdict.tag for verdict in self.verdicts if isinstance(verdict, Unhealthy))
        return {reason.value: reasons[reason] for reason in LeftOut} | {tag: tags[tag] for tag in self.leave_out}


def select_voices(
    connection: Connection,
    category_keys: Sequence[str],
    *,
    least_confidence: float,
    with_generated: bool,
    leave_out: Sequence[str] = UNFIT,
) -> Selection:
    """Judge every voice of the store. Categories that are not among ``category_keys`` do not count.

    ``leave_out`` names the health tags that keep a voice out, whatever anybody says of it.
    """
    voices = read_voice_table(connection)
    unfit = _unfit(connection, voices, with_generated=with_generated, leave_out=leave_out)
    people = people_say(connection, category_keys)
    machines = _machines_say(connection, category_keys, least_confidence)
    verdicts = tuple(
        unfit.get(voice_id) or people.get(voice_id) or machines.get(voice_id) or LeftOut.NO_CATEGORY
        for voice_id in voices.voice_ids
    )
    return Selection(voices, verdicts, tuple(leave_out))


def people_say(connection: Connection, category_keys: Sequence[str]) -> dict[str, Opinion | LeftOut]:
    """What people's standing answers make of each voice that has any besides skips.

    Every labeller has one answer a voice. Answers to other voices that cover this one count where nobody has answered
    this one itself. A voice is broken if at least as many say so as label it. Its categories are those that at least
    half of the labels name, ranked by how many name them and how early.
    """
    answers: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    origins: dict[str, str] = {}
    for voice_id, answer, categories, propagated in connection.execute(
        "SELECT voice_id, answer, categories, propagated FROM answers WHERE answer IN ('label', 'unsure', 'broken')"
        " ORDER BY voice_id, propagated, answered, event"
    ).fetchall():
        known = tuple(key for key in categories if key in category_keys)
        origin = PROPAGATED if propagated else PERSON
        if (answer != "label" or known) and origins.setdefault(voice_id, origin) == origin:
            answers.setdefault(voice_id, []).append((answer, known))
    return {voice_id: _agree(given, origins[voice_id]) for voice_id, given in answers.items()}


def _agree(answers: Sequence[tuple[str, tuple[str, ...]]], origin: str) -> Opinion | LeftOut:
    labels = [categories for answer, categories in answers if answer == "label"]
    broken = sum(answer == "broken" for answer, _ in answers)
    if broken and broken >= len(labels):
        return LeftOut.BROKEN
    if not labels:
        return LeftOut.UNSURE
    named = Counter(key for categories in labels for key in categories)
    earliness = Counter[str]()
    for categories in labels:
        earliness.update({key: len(categories) - place for place, key in enumerate(categories)})
    agreed = sorted(
        (key for key in named if 2 * named[key] >= len(labels)), key=lambda key: (-named[key], -earliness[key], key)
    )
    chosen = agreed or [min(named, key=lambda key: (-named[key], -earliness[key], key))]
    return Opinion(tuple(chosen), origin, named[chosen[0]] / len(answers))


def _machines_say(connection: Connection, category_keys: Sequence[str], least: float) -> dict[str, Opinion | LeftOut]:
    """The sure suggestions of each voice; the origin is that of the surest."""
    rows = connection.execute(
        "SELECT voice_id, category, probability, origin FROM suggestions"
        " WHERE probability >= $1 AND list_contains($2::VARCHAR[], category)"
        " ORDER BY voice_id, probability DESC, category",
        [least, list(category_keys)],
    ).fetchall()
    found: dict[str, list[tuple[str, float, str]]] = {}
    for voice_id, *suggestion in rows:
        found.setdefault(voice_id, []).append(tuple(suggestion))
    return {
        voice_id: Opinion(tuple(category for category, _, _ in given), given[0][2], given[0][1])
        for voice_id, given in found.items()
    }


def _unfit(
    connection: Connection, voices: VoiceTable, *, with_generated: bool, leave_out: Sequence[str]
) -> dict[str, LeftOut | Unhealthy]:
    """Voices that no label could make fit for training."""
    unfit: dict[str, LeftOut | Unhealthy] = {}
    for tag in reversed(leave_out):  # the first that applies counts
        tagged = connection.execute("SELECT DISTINCT voice_id FROM health WHERE tag = $1", [tag]).fetchall()
        unfit |= {voice_id: Unhealthy(tag) for (voice_id,) in tagged}
    if not with_generated:
        generated = connection.execute(_GENERATED).fetchall()
        unfit |= {voice_id: LeftOut.GENERATED for (voice_id,) in generated}
    fillers = is_filler(voices.parameters)
    return unfit | {
        voice_id: LeftOut.FILLER for voice_id, filler in zip(voices.voice_ids, fillers, strict=True) if filler
    }


_GENERATED = "SELECT voice_id FROM slots JOIN files USING (file_sha) GROUP BY voice_id HAVING bool_and(generated)"
