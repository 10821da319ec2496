"""The check-list that a person confirms before the program sends voices to a DX7, and the file that keeps it.

A Mk I does not report what it refuses, and its memories cannot be requested over MIDI. So a person confirms the receive
channel, SYS INFO AVAIL, MEM PROTECT INTERNAL off, and a backup: its bank was received and saved, or exists elsewhere.
Channel and backup are kept for each port. The instrument loses the other two settings when it is switched off, so the
program asks for them at every start, and when active sensing stops.
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

OWN_BACKUP = "own"  # the person has a backup of their own


@dataclass(frozen=True, slots=True)
class Checklist:
    """``channel`` is 1 to 16, None if not confirmed; ``backup`` a file in ``data/backups``, or :data:`OWN_BACKUP`."""

    channel: int | None = None
    sys_info: bool = False
    unprotected: bool = False
    backup: str = ""

    def __post_init__(self) -> None:
        if self.channel is not None and not 1 <= self.channel <= CHANNELS:
            raise ValueError(f"MIDI channels run from 1 to {CHANNELS}, not {self.channel}")

    @property
    def missing(self) -> tuple[str, ...]:
        """The items still to be confirmed, in words, in the order in which a person does them."""
        steps = {
            "the receive channel": self.channel is not None,
            "SYS INFO AVAIL": self.sys_info,
            "MEM PROTECT INTERNAL off": self.unprotected,
            "a backup of its 32 memories": bool(self.backup),
        }
        return tuple(step for step, done in steps.items() if not done)

    @property
    def is_confirmed(self) -> bool:
        """Whether all items are confirmed, so that voices may be sent."""
        return not self.missing

    def after_power_off(self) -> Self:
        """Return the check-list without the settings that an instrument loses when it is switched off."""
        return replace(self, sys_info=False, unprotected=False)


@dataclass(frozen=True, slots=True)
class Memory:
    """Settings kept between runs: the check-list of each port, the ports last used, and the pacing."""

    ports: Mapping[str, Checklist] = field(default_factory=dict)
    output: str | None = None
    source: str | None = None  # None uses the input that matches the output
    pacing: Pacing = field(default_factory=Pacing)


def read_memory(path: Path) -> Memory:
    """Read the kept settings; defaults if there is no file. Raises ``FileError`` for an unreadable file."""
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        ports = {name: Checklist(row["channel"], backup=row["backup"]) for name, row in facts["ports"].items()}
        return Memory(ports, facts["output"], facts["input"], Pacing(**facts["pacing"]))
    except FileNotFoundError:
        return Memory()
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise FileError(f"{path} cannot be read: {error}; delete it, and confirm the check-list again") from error


def write_memory(path: Path, memory: Memory) -> None:
    """Replace the settings file atomically. Raises ``FileError``."""
    ports = {name: {"channel": row.channel, "backup": row.backup} for name, row in sorted(memory.ports.items())}
    facts = {"ports": ports, "output": memory.output, "input": memory.source, "pacing": asdict(memory.pacing)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(f"cannot make the folder {path.parent}: {error.strerror}") from error
    write_file(path, json.dumps(facts, indent=1, ensure_ascii=False).encode() + b"\n")
