"""MIDI over TCP: plain MIDI bytes in both directions, the protocol of mido's sockets.

It reaches an instrument at another machine: a small computer with the MIDI interface serves the port, and an SSH
tunnel brings it here. There is no encryption and no password, so never open such a port to a network.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from ipaddress import ip_address

from dx7.errors import MidiError

PREFIX = "tcp:"
_BYTES_A_SECOND = 3125  # the rate of a MIDI cable
_PIECE = 64  # bytes
_AHEAD = 192  # bytes; the receive buffer of a DX7 holds 380, and a voice is 163
_CONNECTING = 3.0  # seconds
_SENDING = 5.0


class TcpTransport:
    """One connection. It sends at the rate of a MIDI cable, so that the other end loses no bytes.

    ``ahead`` is how many bytes it may be ahead of that rate. Raises ``OSError`` if the connection fails.
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        ahead: int = _AHEAD,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ahead, self._clock, self._sleep = ahead / _BYTES_A_SECOND, clock, sleep
        self._carried = clock()  # when a MIDI cable would have carried everything sent so far
        self._socket = socket.create_connection((host, port), timeout=_CONNECTING)
        self._socket.settimeout(_SENDING)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, message: bytes) -> None:
        """Send a message, a long one in pieces. Raises ``OSError`` if the other end is gone."""
        for start in range(0, len(message), _PIECE):
            piece = message[start : start + _PIECE]
            self._carried = max(self._carried, self._clock()) + len(piece) / _BYTES_A_SECOND
            early = self._carried - self._clock() - self._ahead
            if early > 0:
                self._sleep(early)
            self._socket.sendall(piece)

    def receive(self) -> bytes:
        """Return the bytes received since the last call, possibly none. Raises ``OSError`` if the other end is gone."""
        received = bytearray()
        self._socket.setblocking(False)
        try:
            while piece := self._socket.recv(4096):
                received += piece
        except BlockingIOError:
            return bytes(received)
        finally:
            self._socket.settimeout(_SENDING)
        if not received:
            raise ConnectionResetError("the other end closed the connection")
        return bytes(received)

    def close(self) -> None:
        """Close the connection."""
        self._socket.close()


def parse_address(name: str) -> tuple[str, int] | None:
    """Return host and port of a name such as ``tcp:127.0.0.1:9000``; None for the name of a MIDI port.

    Raises ``MidiError`` for a malformed address.

    >>> parse_address("tcp:127.0.0.1:9000"), parse_address("UM-ONE")
    (('127.0.0.1', 9000), None)
    """
    if not name.startswith(PREFIX):
        return None
    host, colon, port = name.removeprefix(PREFIX).rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise MidiError(f"{name!r} is not a valid address; write tcp:HOST:PORT, for example tcp:127.0.0.1:9000")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("10.0.0.1"), is_loopback("example.org")
    (True, True, False, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
