"""A simulated DX7 Mk I: its rules of MIDI reception, in its own process.

``python -m tests.mk1`` prints two TCP ports of 127.0.0.1: one carries the plain bytes of a MIDI cable both ways, as
mido's sockets do, the other answers a line of JSON with a line of JSON: the state, switches, dumps.

The rules are those of the firmware v1.8 as others have read it: the channel must match; SYS INFO and memory protect
guard single voices and banks; a dump is written while it arrives, and its checksum is tested afterwards; the receive
ring holds 380 bytes, is emptied at the speed of the processor, and not at all while it sets up a new voice; parameter
numbers are not checked. ``failures`` records all messages that a DX7 must never be sent, by a separate list.
"""

from __future__ import annotations

import json
import select
import socket
import sys
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Any

RING = 380
DRAIN = 3400  # bytes per second, slightly faster than a MIDI cable
SETTING_UP = 0.06  # seconds the processor is busy with a new voice
VOICES = 16
CONTROLLERS = {1, 2, 4, 64, 65, 123, 126, 127}


def data_sum(data: bytes) -> int:
    return (128 - sum(data) % 128) % 128


@dataclass
class Mk1:
    channel: int = 1
    sys_info: bool = True
    protected: bool = False
    drain: float = DRAIN
    setting_up: float = SETTING_UP
    display: str = ""
    edit_buffer: bytearray = field(default_factory=lambda: bytearray(155))
    activated: bytes = bytes(155)
    memory: bytearray = field(default_factory=lambda: bytearray(4096))
    notes: list[int] = field(default_factory=list)  # the table of 16
    sustained: bool = False
    failures: list[str] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    played: list[tuple[str, int, int]] = field(default_factory=list)  # notes played: voice, key, velocity
    loads: list[str] = field(default_factory=list)
    overflows: int = 0
    cut_off: int = 0  # keys that were down when a voice arrived
    lost_notes: int = 0
    resets: int = 0
    banks: int = 0
    panics: int = 0
    received: int = 0
    ring: deque[tuple[float, int]] = field(default_factory=deque)
    free_at: float = 0.0  # when the processor takes the next byte
    running: bytearray = field(default_factory=bytearray)  # the message that is arriving
    taking: str = ""  # "voice" or "bank" while its data go into memory

    def arrive(self, byte: int, now: float) -> None:
        """A byte comes down the cable."""
        self.work(now)
        self.received += 1
        if len(self.ring) >= RING:
            self.overflows += 1
            self.display = "MIDI BUFFER FULL"
            self.ring.clear()
            self.running.clear()
            self.notes.clear()
            self.taking = ""
            return
        self.ring.append((now, byte))

    def work(self, now: float) -> None:
        """Let the processor take from the ring what it can by this time."""
        while self.ring:
            arrived, byte = self.ring[0]
            self.free_at = max(self.free_at, arrived) + 1 / self.drain
            if self.free_at > now:
                self.free_at -= 1 / self.drain
                return
            self.ring.popleft()
            self.take(byte)

    def take(self, byte: int) -> None:
        if byte >= 0xF8:
            self.fail(f"realtime message {byte:02X}")
        elif byte == 0xF7:
            self.end_sysex()
        elif byte > 0x7F:
            if self.running[:1] == b"\xf0":
                self.fail("a dump was interrupted by another message")
                self.taking = ""
            self.running = bytearray([byte])
            if byte != 0xF0 and byte & 0xF0 not in (0x80, 0x90, 0xB0):
                self.fail(f"status {byte:02X}")
        elif self.running[:1] == b"\xf0":
            self.running.append(byte)
            self.sysex_byte(byte)
        elif self.running:
            self.running.append(byte)
            if len(self.running) == 3:
                self.channel_message(*self.running)
                del self.running[1:]  # running status
        else:
            self.fail(f"a data byte {byte:02X} out of place")

    def sysex_byte(self, byte: int) -> None:
        place = len(self.running)
        if place == 6:
            self.taking = self.bulk_kind()
        elif place > 6 and self.taking == "voice" and place - 7 < 155:
            self.edit_buffer[place - 7] = byte
        elif place > 6 and self.taking == "bank" and place - 7 < 4096:
            self.memory[place - 7] = byte

    def bulk_kind(self) -> str:
        maker, status, form, high, low = self.running[1:6]
        kind = {(0, 1, 27): "voice", (9, 32, 0): "bank"}.get((form, high, low), "")
        if maker != 0x43 or status > 0x0F or not kind:
            return ""
        if status != self.channel - 1:
            self.refused.append(f"{kind} on channel {status + 1}")
        elif not self.sys_info:
            self.refused.append(f"{kind}: SYS INFO UNAVAIL")
        elif self.protected:
            self.refused.append(f"{kind}: MEMORY PROTECTED")
            self.display = "MEMORY PROTECTED"
        else:
            return kind
        return ""

    def end_sysex(self) -> None:
        message, self.running = bytes(self.running) + b"\xf7", bytearray()
        taking, self.taking = self.taking, ""
        header, data = message[:6], message[6:-2]
        if message[:2] != b"\xf0\x43":
            self.fail("system exclusive of another maker, or its end alone")
        elif message[2] & 0xF0 == 0x10 and len(message) == 7:
            self.parameter_change(*message[3:6])
        elif header[3:] in (b"\x00\x01\x1b", b"\x09\x20\x00") and message[2] < 0x10:
            size = 155 if header[3] == 0 else 4096
            if header[3] == 9:
                self.banks += 1
            if len(data) != size:
                self.fail(f"a dump of {len(data)} bytes")
            elif data_sum(data) != message[-2]:
                self.fail("a dump with a wrong checksum")
                self.display = "CHECK SUM ERROR!"
            elif taking == "voice":
                self.activate()
        else:
            self.fail(f"system exclusive {header.hex(' ')}")

    def activate(self) -> None:
        self.cut_off += len(self.notes)
        self.activated = bytes(self.edit_buffer)
        self.loads.append(self.activated.hex())
        self.display = ""
        self.free_at += self.setting_up

    def parameter_change(self, group: int, number: int, value: int) -> None:
        if not self.sys_info:
            self.refused.append("parameter: SYS INFO UNAVAIL")
        elif group == 8:
            if not 64 <= number <= 77:
                self.fail(f"memory harmed by function {number}")
        elif group * 128 + number > 155:
            self.fail(f"memory harmed by parameter {group * 128 + number}")
        elif group * 128 + number < 155:
            self.edit_buffer[group * 128 + number] = value

    def channel_message(self, status: int, number: int, value: int) -> None:
        kind = status & 0xF0
        if status & 0x0F != self.channel - 1:
            return
        if kind == 0xB0:
            self.control(number, value)
        elif kind == 0x90 and value:
            if len(self.notes) == VOICES:
                self.lost_notes += 1
            else:
                self.notes.append(number)
                self.played.append((self.activated.hex(), number, value))
        elif number in self.notes:
            self.notes.remove(number)

    def control(self, number: int, value: int) -> None:
        if number not in CONTROLLERS:
            self.fail(f"controller {number}")
        if number == 0:
            self.resets += 1
            self.sys_info, self.protected = False, True
        elif number == 64:
            self.sustained = value >= 64
        elif number == 123:  # silences, but the table keeps what is held
            self.panics += 1
        elif number in (126, 127):
            self.notes.clear()

    def fail(self, what: str) -> None:
        self.failures.append(what)

    def state(self) -> dict[str, Any]:
        hidden = {"ring", "running", "taking", "free_at"}
        facts = {name: value for name, value in vars(self).items() if name not in hidden}
        facts["waiting"] = len(self.ring)
        return {name: value.hex() if isinstance(value, bytes | bytearray) else value for name, value in facts.items()}


class Box:
    """The process: sockets around one DX7. One cable at a time; a new one takes its place."""

    def __init__(self) -> None:
        self.dx7 = Mk1()
        self.midi, self.control = _listen(), _listen()
        self.cable: socket.socket | None = None
        self.talks: list[socket.socket] = []
        self.sensing = False
        self.next_sense = 0.0
        self.last_look = time.monotonic()

    def serve(self) -> None:
        sys.stdout.write(json.dumps([self.midi.getsockname()[1], self.control.getsockname()[1]]) + "\n")
        sys.stdout.flush()
        while True:
            every = [self.midi, self.control, *self.talks, *([self.cable] if self.cable else [])]
            ready = select.select(every, [], [], 0.002)[0]
            if self.midi in ready:
                if self.cable:
                    self.cable.close()
                self.cable = self.midi.accept()[0]
                continue
            if self.cable in ready:
                self.hear()
            self.last_look = time.monotonic()
            self.dx7.work(self.last_look)
            if self.sensing and self.last_look >= self.next_sense:
                self.next_sense = self.last_look + 0.08
                self.say(b"\xfe")
            if self.control in ready:
                self.talks.append(self.control.accept()[0])
            for talk in [each for each in self.talks if each in ready]:
                self.answer(talk)

    def hear(self) -> None:
        assert self.cable is not None
        try:
            data = self.cable.recv(1 << 16)
        except OSError:
            data = b""
        if not data:
            self.cable.close()
            self.cable = None
            return
        # Where this process was kept from looking, the bytes came while it was away, not all at once.
        now = time.monotonic()
        away = now - self.last_look
        for number, byte in enumerate(data, 1):
            self.dx7.arrive(byte, self.last_look + away * number / len(data))

    def say(self, data: bytes) -> None:
        if self.cable:
            try:
                self.cable.sendall(data)
            except OSError:
                self.cable.close()
                self.cable = None

    def answer(self, talk: socket.socket) -> None:
        line = talk.makefile("r").readline()
        if not line:
            talk.close()
            self.talks.remove(talk)
            return
        order = json.loads(line)
        for name, value in order.get("set", {}).items():
            setattr(self.dx7, name, bytearray.fromhex(value) if name == "memory" else value)
        if "sensing" in order:
            self.sensing = order["sensing"]
        if "say" in order:
            self.say(bytes.fromhex(order["say"]))
        if order.get("dump") == "bank":  # FUNCTION, 8, 8, 8, YES; always on channel 1
            self.say(b"\xf0\x43\x00\x09\x20\x00" + bytes(self.dx7.memory) + bytes([data_sum(self.dx7.memory), 0xF7]))
        if order.get("dump") == "voice":
            voice = bytes(self.dx7.edit_buffer)
            self.say(b"\xf0\x43\x00\x00\x01\x1b" + voice + bytes([data_sum(voice), 0xF7]))
        if order.get("unplug") and self.cable:
            self.cable.close()
            self.cable = None
        talk.sendall(json.dumps(self.dx7.state()).encode() + b"\n")


def _listen() -> socket.socket:
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(True)
    return server


if __name__ == "__main__":
    Box().serve()
