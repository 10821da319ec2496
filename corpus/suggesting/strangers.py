"""Suggestions for the voices of a bank, which need not be in the store."""

from __future__ import annotations

from collections import Counter, defaultdict
from dataclasses import dataclass

from corpus.hearing.fillers import is_filler
from corpus.storage.store import Connection
from corpus.suggesting.suggestion import FOLDER_RULE, Suggestion
from corpus.suggesting.votes import ranked, suggest_by_names
from dx7.bankfile import BankFile
from dx7.parameters import PARAMETER_COUNT


@dataclass(frozen=True, slots=True)
class SlotSuggestions:
    """What is suggested for one slot of a bank, the most probable first."""

    slot: int
    name: str
    suggestions: list[Suggestion]


def suggest_for_bank(connection: Connection, bank: BankFile) -> list[SlotSuggestions]:
    """Suggestions for every slot of a bank, which need not be in the store.

    The slot's own name votes beside all names the store knows the voice by; folders vote if the store has the voice.
    Fillers get none.
    """
    voices = bank.voices()
    fillers = is_filler(bank.decoded.unpacked[:, :PARAMETER_COUNT])
    ids = sorted({voice.voice_id for voice in voices})
    names: dict[str, Counter[str]] = defaultdict(Counter)
    for voice_id, name, seen in connection.execute(
        "SELECT voice_id, name, sightings FROM names WHERE list_contains($1::VARCHAR[], voice_id)", [ids]
    ).fetchall():
        names[voice_id][name] = seen
    by_folder: dict[str, list[Suggestion]] = defaultdict(list)
    for voice_id, category, probability in connection.execute(
        "SELECT voice_id, category, probability FROM opinions"
        " WHERE origin = $1 AND list_contains($2::VARCHAR[], voice_id) ORDER BY ALL",
        [FOLDER_RULE, ids],
    ).fetchall():
        by_folder[voice_id].append(Suggestion(category, probability, FOLDER_RULE))
    return [
        SlotSuggestions(
            slot,
            voice.name,
            []
            if filler
            else ranked([*suggest_by_names(names[voice.voice_id] + Counter([voice.name])), *by_folder[voice.voice_id]]),
        )
        for slot, (voice, filler) in enumerate(zip(voices, fillers, strict=True), 1)
    ]
