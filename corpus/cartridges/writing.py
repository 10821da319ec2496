"""The files of a finished cartridge: 4,104 bytes of SysEx, and a JSON sidecar that says where the voices come from."""

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
    """The ``.syx`` file of a cartridge: 4,104 bytes. Empty slots are INIT VOICE."""
    return encode_cartridge(cartridge.voices())


def cartridge_sidecar(cartridge: Cartridge) -> bytes:
    """The JSON sidecar. It names a generator if a model made any voice, so that ingest marks the file as generated."""
    slots: list[dict[str, Any]] = []
    for position, slot, voice in zip(POSITIONS, cartridge.slots, cartridge.voices(), strict=True):
        about: dict[str, Any] = {
            "slot": position,
            "name": voice.name,
            "voice_id": voice.voice_id,
            "empty": slot is None,
        }
        if slot:
            about |= {"category": slot.category, "source": slot.source, "generated": slot.request is not None}
        if slot and slot.request:
            about |= {"categories": dict(slot.request.mix), "verdict": slot.rating and slot.rating.found.value}
            about |= {
                "fit": slot.generation.fit,
                "differs_at_least": slot.generation.differs,
                "share_of_the_way": slot.generation.share,
            }
        slots.append(about)
    is_generated = any(slot["generated"] for slot in slots if not slot["empty"])
    facts: dict[str, Any] = {"version": SIDECAR_VERSION, "title": cartridge.title, "built_by_hand": True}
    facts |= {"generator": GENERATOR} if is_generated else {}
    facts |= {"generated": is_generated, "file_sha": file_sha(cartridge_bytes(cartridge)), "slots": slots}
    return (json.dumps(facts, indent=2, ensure_ascii=False) + "\n").encode()


def file_stem(title: str) -> str:
    """The file name of a cartridge without its ending.

    >>> file_stem(" My Brass / 2"), file_stem("??")
    ('My-Brass-2', 'cartridge')
    """
    return re.sub(r"[^\w.-]+", "-", title, flags=re.ASCII).strip("-._")[:40] or "cartridge"
