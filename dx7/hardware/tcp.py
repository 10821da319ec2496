"""MIDI over TCP: the plain bytes of a MIDI cable, both ways, as mido's sockets speak it.

For an instrument at another machine: a small computer with the interface there serves the port, and an SSH tunnel
brings it here. Nothing is encrypted and nobody is asked for a password, so never open such a port to a network.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from ipaddress import ip_address

from dx7.errors import MidiError

PREFIX = "tcp:"
_BYTES_A_SECOND = 3125  # what a MIDI cable carries
_PIECE = 64
_AHEAD = 192  # bytes that may be on their way; a DX7's receive buffer holds 380, and a voice is 163
_CONNECTING = 3.0  # seconds
_SENDING = 5.0


class TcpWire:
    """One connection. It never sends faster than a MIDI cable, or what is at the other end would lose bytes.

    ``ahead`` is how many bytes may be sent before the cable could have carried them.
    Raises ``OSError`` if nobody answers.
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
        self._carried = clock()  # when the cable will have carried all that was sent
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
        """What has arrived since the last call, perhaps nothing. Raises ``OSError`` if the other end is gone."""
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
        """End the connection."""
        self._socket.close()


def parse_address(name: str) -> tuple[str, int] | None:
    """Host and port of a name such as ``tcp:127.0.0.1:9000``; None for the name of an ordinary port.

    Raises ``MidiError`` for one that begins so and goes on otherwise.

    >>> parse_address("tcp:127.0.0.1:9000"), parse_address("UM-ONE")
    (('127.0.0.1', 9000), None)
    """
    if not name.startswith(PREFIX):
        return None
    host, colon, port = name.removeprefix(PREFIX).rpartition(":")
    if not (colon and host and port.isascii() and port.isdigit() and 0 < int(port) < 1 << 16):
        raise MidiError(f"{name!r} is no address; write tcp:HOST:PORT, for example tcp:127.0.0.1:9000")
    return host.strip("[]"), int(port)


def is_loopback(host: str) -> bool:
    """Whether a host is this machine itself.

    >>> is_loopback("127.0.0.1"), is_loopback("localhost"), is_loopback("10.0.0.1"), is_loopback("example.org")
    (True, True, False, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
