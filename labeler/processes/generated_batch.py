"""The arguments of ``training sample``, and the batch of voices read from its output."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from corpus.cartridges.cartridge import FilledSlot, GenerationInfo
from corpus.cartridges.generation_request import GenerationRequest
from corpus.cartridges.writing import file_stem
from dx7.errors import ModelError
from dx7.formats.files import read_bank, write_file
from dx7.formats.messages import encode_voice_message
from dx7.shared.generation_limits import USUAL_TEMPERATURE
from dx7.voices.voice import Voice


@dataclass(frozen=True, slots=True)
class GeneratedBatch:
    """32 voices of one request, how many were drawn for it, and how many of those were rejected, by reason."""

    slots: tuple[FilledSlot, ...]
    drawn: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)


def sample_arguments(request: GenerationRequest, seed: int, out: Path, scratch: Path) -> list[str]:
    """The arguments of ``python -m training``. Reference voices and walk ends are written to ``scratch``."""
    arguments = ["sample", "--json", "--seed", str(seed), "--out", str(out)]
    if request.mix:
        arguments += ["--category", request.category_text]
    if request.like:
        arguments += ["--like", _write_voice(request.like, scratch), "--amount", f"{request.amount:g}"]
        arguments += [word for key in request.to_lock for word in ("--lock", key)]
        arguments += [word for key in request.to_unlock for word in ("--unlock", key)]
    if request.ends:
        first, last = (
            _write_voice(end, scratch, f"{side}-") for side, end in zip(("from", "to"), request.ends, strict=True)
        )
        arguments += ["--walk", first, "--to", last]
    if request.temperature != USUAL_TEMPERATURE:
        arguments += ["--temperature", f"{request.temperature:g}"]
    return arguments


def read_generated_batch(path: Path, request: GenerationRequest, output: str) -> GeneratedBatch:
    """The batch of a generated cartridge; ``output`` is the JSON that the command printed.

    Raises ``ModelError`` if the file or the output cannot be read.
    """
    bank = read_bank(path)
    if bank.rejection:
        raise ModelError(f"the model wrote no cartridge: {bank.rejection.message}")
    main = request.categories[0] if request.mix else None
    try:
        facts = json.loads(output)
        source = f"the model {facts['model_hash']}, seed {facts['seed']}"
        slots = tuple(
            FilledSlot(
                voice, main, source, tuple(map(str, about["faults"])), request, generation=_generation_info(about)
            )
            for voice, about in zip(bank.voices(), facts["slots"], strict=True)
        )
        left_out = {str(reason): int(count) for reason, count in facts["left_out"].items()}
        return GeneratedBatch(slots, int(facts["drawn"]), left_out)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"the model's output cannot be read ({error}); try again") from error


def _write_voice(voice: Voice, folder: Path, beginning: str = "") -> str:
    """Write a voice to a file and return its name for the command. ``beginning`` keeps voices of one name apart."""
    path = folder / f"{beginning}{file_stem(voice.name)}.syx"
    write_file(path, encode_voice_message(voice))
    return f"{path}:1"


def _generation_info(about: Mapping[str, Any]) -> GenerationInfo:
    return GenerationInfo(fit=about["fit"], differs=about["differs_at_least"], share=about["share_of_the_way"])
