"""What a person has to confirm of a DX7 before anything but silence is sent to it, and what of it is remembered.

A mk1 does not tell what it refuses, and cannot be asked for its memories. So a person says which channel it is on,
that SYS INFO is AVAIL and MEM PROTECT INTERNAL off, and its bank is received and saved first, or is safe elsewhere.
Channel and backup are remembered for each port. The other two are lost when the instrument is switched off, and are
asked again at every start of the program, or when the instrument falls silent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

from dx7.errors import FileError
from dx7.formats.files import write_file
from dx7.formats.messages import CHANNELS
from dx7.hardware.instrument import Pacing

OWN_BACKUP = "own"  # "I have a backup": no file of ours


@dataclass(frozen=True, slots=True)
class Checklist:
    """``channel`` is 1 to 16, None until it was said; ``backup`` a file in ``data/backups``, or :data:`OWN_BACKUP`."""

    channel: int | None = None
    sys_info: bool = False
    unprotected: bool = False
    backup: str = ""

    def __post_init__(self) -> None:
        if self.channel is not None and not 1 <= self.channel <= CHANNELS:
            raise ValueError(f"MIDI channels run from 1 to {CHANNELS}, not {self.channel}")

    @property
    def missing(self) -> tuple[str, ...]:
        """What is still to be confirmed, in the order in which one does it, as a person would be told."""
        steps = {
            "the receive channel": self.channel is not None,
            "SYS INFO AVAIL": self.sys_info,
            "MEM PROTECT INTERNAL off": self.unprotected,
            "a backup of its 32 memories": bool(self.backup),
        }
        return tuple(step for step, done in steps.items() if not done)

    @property
    def is_confirmed(self) -> bool:
        """Whether voices may be sent."""
        return not self.missing

    def after_power_off(self) -> Self:
        """What is still true of an instrument that was switched off and on."""
        return replace(self, sys_info=False, unprotected=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """What outlives the program: the check-list of each port, the ports that were open last, and the pacing."""

    ports: Mapping[str, Checklist] = field(default_factory=dict)
    output: str | None = None
    source: str | None = None  # None is the input beside the output
    pacing: Pacing = field(default_factory=Pacing)


def read_memory(path: Path) -> Memory:
    """What was remembered; nothing if there is no file. Raises ``FileError`` for one that cannot be understood."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        ports = {name: Checklist(row["channel"], backup=row["backup"]) for name, row in facts["ports"].items()}
        return Memory(ports, facts["output"], facts["input"], Pacing(**facts["pacing"]))
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{path} cannot be read: {error}; delete it, and confirm the check-list again") from error


def write_memory(path: Path, memory: Memory) -> None:
    """Replace what is remembered, whole or not at all. Raises ``FileError``."""
    ports = {name: {"channel": row.channel, "backup": row.backup} for name, row in sorted(memory.ports.items())}
    facts = {"ports": ports, "output": memory.output, "input": memory.source, "pacing": asdict(memory.pacing)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    write_file(path, json.dumps(facts, indent=1, ensure_ascii=False).encode() + b"\n")
