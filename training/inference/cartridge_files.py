"""A cartridge on disk: the ``.syx`` that an instrument accepts, and beside it where every slot comes from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from dx7.formats.files import encode_cartridge, write_file
from dx7.voices.identity import file_sha
from training.inference.finished_model import Model
from training.inference.sampling import SampledCartridge

SIDECAR_VERSION = 1


def write_cartridge(path: Path, cartridge: SampledCartridge, facts: dict[str, object]) -> Path:
    """Write 32 voices and their sidecar, and return the sidecar's path. ``facts`` are those of :func:`facts_of`.

    Raises ``FileError`` if a file cannot be written.
    """
    data = encode_cartridge([slot.voice for slot in cartridge.slots])
    sidecar = path.with_suffix(".json")
    write_file(path, data)
    write_file(sidecar, (json.dumps(facts | {"file_sha": file_sha(data)}, indent=2) + "\n").encode())
    return sidecar


def facts_of(
    cartridge: SampledCartridge,
    model: Model,
    *,
    mix: dict[str, float],
    seed: int,
    like: str | None = None,
    amount: float = 0.0,
    locked: Sequence[str] = (),
    walked: tuple[str, str] | None = None,
    temperature: float = 1.0,
    raw: bool = False,
) -> dict[str, object]:
    """What the sidecar says. The same model, wish and seed give the same facts.

    ``like`` and ``walked`` name the favourite, or the two ends of a walk, as ``bank.syx:3``.
    """
    return {
        "version": SIDECAR_VERSION,
        "generator": "cartwright",
        "generated": True,
        "model_hash": model.model_hash,
        "export_hash": model.export_hash,
        "step": model.step,
        "seed": seed,
        "categories": mix,
        "like": {"voice": like, "amount": amount, "locked": list(locked)} if like else None,
        "walk": {"from": walked[0], "to": walked[1]} if walked else None,
        "temperature": temperature,
        "raw": raw,
        "drawn": cartridge.drawn,
        "left_out": cartridge.left_out,
        "slots": [
            {
                "slot": number,
                "name": slot.voice.name,
                "voice_id": slot.voice.voice_id,
                "nearest_training_voice": slot.nearest,
                "differs_at_least": slot.distance,
                "faults": list(slot.faults),
                "fit": slot.fit,
                "share_of_the_way": slot.share,
            }
            for number, slot in enumerate(cartridge.slots, 1)
        ],
    }
