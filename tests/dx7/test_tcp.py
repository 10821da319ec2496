"""MIDI over TCP: never faster than a cable, and honest about the other end."""

from __future__ import annotations

import socket
import time

import pytest

from dx7.errors import MidiError
from dx7.hardware.ports import open_both, open_input, open_port
from dx7.hardware.tcp import TcpTransport


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def test_a_voice_goes_at_once_and_a_bank_at_the_speed_of_a_cable() -> None:
    clock = Clock()
    with socket.create_server(("127.0.0.1", 0)) as server:
        transport = TcpTransport(*server.getsockname(), clock=clock, sleep=clock.sleep)
        transport.send(bytes(163))
        assert clock.now == 0
        clock.now = 1
        transport.send(bytes(4104))
        assert clock.now - 1 == pytest.approx((4104 - 192) / 3125)
        other, _ = server.accept()
        with other:
            received = 0
            while received < 163 + 4104:
                received += len(other.recv(1 << 16))
        transport.close()


def test_what_arrives_is_given_and_the_end_is_told() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        name = f"tcp:127.0.0.1:{server.getsockname()[1]}"
        port, source = open_both(name, "ignored")
        other, _ = server.accept()
        assert source is not None
        assert source.receive() == b""
        other.sendall(bytes(range(200)))
        received = b""
        while len(received) < 200:
            received += source.receive()
        assert received == bytes(range(200))
        other.close()
        time.sleep(0.2)
        with pytest.raises(MidiError, match="is it still plugged in"):
            source.receive()
        port.close()


@pytest.mark.parametrize("opening", [open_port, open_input])
def test_where_nobody_listens_that_is_said(opening: object) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        free = server.getsockname()[1]
    with pytest.raises(MidiError, match=f"nothing answers at tcp:127.0.0.1:{free}"):
        opening(f"tcp:127.0.0.1:{free}")  # type: ignore[operator]
