"""The MIDI port manager of this process, made at its first use and closed when the server ends."""

from __future__ import annotations

import asyncio
import atexit
import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dx7.errors import MidiError
from dx7.hardware.port_manager import PortManager
from dx7.hardware.tcp import parse_address
from dx7.shared.locations import backups_folder, instruments_file

ADDRESSES_VARIABLE = "CARTWRIGHT_MIDI"

_making = threading.Lock()
_made: list[PortManager] = []


def port_manager() -> PortManager:
    """The manager that all pages and routes share. Raises ``MidiError`` if ``CARTWRIGHT_MIDI`` is not valid."""
    with _making:
        if not _made:
            addresses = named_addresses(os.environ.get(ADDRESSES_VARIABLE, ""))
            manager = PortManager(backups=backups_folder(), memory=instruments_file(), allowed=addresses)
            _made.append(manager)
            atexit.register(close_ports)
        return _made[0]


def close_ports() -> None:
    """Close the manager, which ends every note. Does nothing if there is none."""
    with _making:
        while _made:
            _made.pop().close()


@asynccontextmanager
async def silence_at_the_end(_: object) -> AsyncIterator[None]:
    """The lifespan of the server: ends with :func:`close_ports`, also after a signal, when ``atexit`` does not run."""
    try:
        yield
    finally:
        await asyncio.to_thread(close_ports)


def named_addresses(text: str) -> tuple[str, ...]:
    """The addresses of a comma-separated list. Raises ``MidiError`` for one that is not valid.

    >>> named_addresses("tcp:10.0.0.5:9000, tcp:127.0.0.1:9001")
    ('tcp:10.0.0.5:9000', 'tcp:127.0.0.1:9001')
    """
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    for name in names:
        if parse_address(name) is None:
            raise MidiError(f"{ADDRESSES_VARIABLE} names {name!r}, which is not an address; write tcp:HOST:PORT")
    return names
