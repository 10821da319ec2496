"""A cartridge on disk: a ``.syx`` for the instrument, and a JSON sidecar that documents every slot."""

from __future__ import annotations

import json
from pathlib import Path

from dx7.formats.files import encode_cartridge, write_file
from dx7.voices.identity import file_sha
from training.inference.finished_model import Model
from training.inference.requests import SampleRequest
from training.inference.selection import SampledCartridge

SIDECAR_VERSION = 1


def write_with_sidecar(path: Path, cartridge: SampledCartridge, facts: dict[str, object]) -> Path:
    """Write 32 voices and their sidecar, and return the sidecar's path. ``facts`` are those of :func:`sidecar_facts`.

    Raises ``FileError`` if a file cannot be written.
    """
    data = encode_cartridge([slot.voice for slot in cartridge.slots])
    sidecar = path.with_suffix(".json")
    write_file(path, data)
    write_file(sidecar, (json.dumps(facts | {"file_sha": file_sha(data)}, indent=2) + "\n").encode())
    return sidecar


def sidecar_facts(cartridge: SampledCartridge, model: Model, request: SampleRequest) -> dict[str, object]:
    """What the sidecar says. The same model and request give the same facts."""
    like = {"voice": request.like_name, "amount": request.amount, "locked": list(request.locked)}
    return {
        "version": SIDECAR_VERSION,
        "generator": "cartwright",
        "generated": True,
        "model_hash": model.model_hash,
        "export_hash": model.export_hash,
        "step": model.step,
        "seed": request.seed,
        "categories": request.mix,
        "like": like if request.like else None,
        "walk": dict(zip(("from", "to"), request.end_names, strict=True)) if request.ends else None,
        "temperature": request.temperature,
        "raw": request.raw,
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
