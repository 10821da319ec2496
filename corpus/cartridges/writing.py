"""A finished cartridge: the 4,104 bytes that an instrument takes, and the sidecar that says where they come from."""

from __future__ import annotations

import json
import re
from typing import Any

from corpus.cartridges.cartridge import POSITIONS, Cartridge
from corpus.sources.found_file import GENERATOR
from dx7.formats.files import encode_cartridge
from dx7.voices.identity import file_sha

SIDECAR_VERSION = 1


def cartridge_bytes(cartridge: Cartridge) -> bytes:
    """The ``.syx`` of a cartridge: 4,104 bytes; empty slots are INIT VOICE."""
    return encode_cartridge(cartridge.voices())


def cartridge_sidecar(cartridge: Cartridge) -> bytes:
    """The JSON beside it. It names a generator if a model made one of the voices: ingest then marks the file."""
    slots: list[dict[str, Any]] = []
    for position, slot, voice in zip(POSITIONS, cartridge.slots, cartridge.voices(), strict=True):
        about: dict[str, Any] = {
            "slot": position,
            "name": voice.name,
            "voice_id": voice.voice_id,
            "empty": slot is None,
        }
        if slot:
            about |= {"category": slot.category, "source": slot.source, "generated": slot.wish is not None}
        if slot and slot.wish:
            about |= {"categories": dict(slot.wish.mix), "verdict": slot.verdict and slot.verdict.found.value}
            about |= {"fit": slot.told.fit, "differs_at_least": slot.told.differs, "share_of_the_way": slot.told.share}
        slots.append(about)
    is_generated = any(slot["generated"] for slot in slots if not slot["empty"])
    facts: dict[str, Any] = {"version": SIDECAR_VERSION, "title": cartridge.title, "built_by_hand": True}
    facts |= {"generator": GENERATOR} if is_generated else {}
    facts |= {"generated": is_generated, "file_sha": file_sha(cartridge_bytes(cartridge)), "slots": slots}
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()


def file_stem(title: str) -> str:
    """What the files of a cartridge are called.

    >>> file_stem(" My Brass / 2"), file_stem("??")
    ('My-Brass-2', 'cartridge')
    """
    return re.sub(r"[^\w.-]+", "-", title, flags=re.ASCII).strip("-._")[:40] or "cartridge"
