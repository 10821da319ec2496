"""What makes two files, two raw voices or two voices the same.

- ``file_sha``: SHA-256 of a file's bytes.
- ``raw_sha``: of a voice's bytes as found (128 packed or 155 unpacked), name included. Evidence, kept for ever.
- ``voice_id``: of the 145 repaired parameters. The name is left out: a renamed copy is the same voice.

``raw_sha`` and ``voice_id`` are SHA-256 cut to 32 hexadecimal digits (128 bits): among ten million voices
the chance of one collision is below 10^-24.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256

from dx7.voices.parameters import PARAMETER_COUNT

ID_LENGTH = 32


def file_sha(data: bytes) -> str:
    """64 hexadecimal digits that name a file by its content."""
    return sha256(data).hexdigest()


def raw_sha(raw: bytes) -> str:
    """32 hexadecimal digits that name a voice by its bytes as found."""
    return sha256(raw).hexdigest()[:ID_LENGTH]


def voice_id(unpacked: bytes) -> str:
    """32 hexadecimal digits that name a voice by its 145 repaired parameters.

    ``unpacked`` holds at least the 145 parameters; a name behind them is ignored.
    """
    return sha256(unpacked[:PARAMETER_COUNT]).hexdigest()[:ID_LENGTH]


def voice_ids(unpacked: Iterable[bytes]) -> list[str]:
    """:func:`voice_id` of many voices, in order."""
    return [voice_id(voice) for voice in unpacked]
