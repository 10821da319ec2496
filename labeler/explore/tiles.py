"""Tiles of voices found: name, categories, sound or difference, health tags."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from corpus.analysis.facets import NOT_ANALYSED, SCALES, SILENT
from corpus.analysis.search import Hit
from corpus.analysis.similar import SimilarVoice
from corpus.storage.suggestion import Suggestion
from corpus.suggest.source_names import describe_predictions
from dx7.voices.voice import Voice
from labeler.widgets.voice_grid import Tile

_FAR = 3.0  # the sound distance at which the gauge is empty: clearly another sound


def result_tiles(
    found: Sequence[Hit | SimilarVoice], voices: Mapping[str, Voice], opinions: Mapping[str, Sequence[Suggestion]]
) -> list[Tile]:
    """Tiles of search hits and similar voices, in the order given; those without a voice are left out.

    ``opinions`` are the suggestions of each source, for the tooltip of a voice without a label.
    """
    tiles = []
    for each in found:
        hit = each.hit if isinstance(each, SimilarVoice) else each
        if hit.voice_id in voices:
            tiles.append(
                _tile(
                    hit,
                    each if isinstance(each, SimilarVoice) else None,
                    voices[hit.voice_id],
                    opinions.get(hit.voice_id, ()),
                )
            )
    return tiles


def _tile(hit: Hit, similar: SimilarVoice | None, voice: Voice, opinions: Sequence[Suggestion]) -> Tile:
    categories = hit.labels or tuple(f"{category}?" for category in hit.suggestions)
    facts = [", ".join(categories[:2]) or "no category"]
    facts.append((", ".join(similar.differences) or "sounds the same") if similar else _sound(hit))
    return Tile(
        key=hit.voice_id,
        voice=voice,
        name=hit.names[0],
        detail=" · ".join(facts),
        badges=(
            *hit.health,
            *(["filler"] if hit.filler else []),
            *(["favourite"] if hit.favourite else []),
            *([f"family of {hit.family_size}"] if hit.family_size > 1 else []),
            f"{hit.sightings:,}×",
        ),
        category=next(iter(hit.labels or hit.suggestions), None),
        gauge=max(0.0, 1 - similar.distance / _FAR) if similar else None,
        hint="" if hit.labels else describe_predictions(opinions),
    )


def _sound(hit: Hit) -> str:
    if not hit.heard:
        return NOT_ANALYSED
    if hit.brightness is None or hit.attack is None:
        return SILENT
    return f"{SCALES['brightness'].word(hit.brightness)}, {SCALES['attack'].word(hit.attack)} attack"
