"""A voice served to a person, and the JSON by which the deck shows it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from corpus.analysis.nearest_voices import Neighbour
from corpus.labels.voice_card import VoiceCard
from corpus.storage.suggestion import Suggestion
from corpus.suggest.source_names import describe_predictions, source_suggests
from dx7.shared.categories import category_keys
from labeler.audio.audio_request import encode_voice
from labeler.deck.diagram import diagram


@dataclass(frozen=True, slots=True)
class ServedVoice:
    """A voice under a token. ``reason`` says why it is asked about; ``lane`` is the journal's word for that."""

    token: str
    card: VoiceCard
    suggestion: Suggestion | None
    sightings: int
    reason: str
    lane: str = ""
    neighbours: tuple[Neighbour, ...] = ()

    @property
    def name(self) -> str:
        """The most frequent name of the voice; empty if it has none."""
        return self.card.names[0] if self.card.names else ""

    @property
    def phrase_category(self) -> str | None:
        """The category whose phrase the voice plays; None if none, or one that no longer exists, is suggested."""
        known = self.suggestion is not None and self.suggestion.category in category_keys()
        return self.suggestion.category if self.suggestion and known else None

    def as_json(self) -> dict[str, Any]:
        """What the deck shows."""
        return {
            "token": self.token,
            "voice": self.card.voice_id,
            "sound": encode_voice(self.card.voice),
            "phrase": self.phrase_category,
            "name": self.name,
            "aliases": list(self.card.names[1:]),
            "places": [f"{place.path} · slot {place.slot}" for place in self.card.places],
            "sightings": self.sightings,
            "reason": self.reason,
            "suggestion": self._shown_suggestion(),
            "algorithm": diagram(self.card.voice),
            "description": self.card.voice.describe(),
            "health": [tag.replace("_", " ") for tag in self.card.health],
            "family": self.card.family_size,
            "neighbours": [_neighbour(each) for each in self.neighbours],
        }

    def _shown_suggestion(self) -> dict[str, Any] | None:
        """The suggestion of all sources, the source with the largest weight, and the suggestion of each source."""
        if self.suggestion is None:
            return None
        return {
            "category": self.suggestion.category,
            "probability": self.suggestion.probability,
            "origin": f"{source_suggests(self.suggestion.origin)} it",
            "opinions": describe_predictions(self.card.opinions),
        }


def _neighbour(neighbour: Neighbour) -> dict[str, Any]:
    return {
        "name": neighbour.name,
        "sound": encode_voice(neighbour.voice),
        "category": neighbour.category,
        "labelled": neighbour.is_labelled,
        "distance": round(neighbour.distance, 1),
    }
