"""``python -m tests.fuzz --inputs 1000000 --seed 0``: test the reader on damaged files.

Every example of every format is cut, spliced, repeated, flipped, its lengths are lied about, and beginnings of other
formats are glued on. Whatever comes out is read, decoded and asked for its issues. Input ``n`` of seed ``s`` is always
the same: ``python -m tests.fuzz --seed s --only n`` reads just that one.
"""

from __future__ import annotations

import itertools
import os
import random
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from dx7.commands.console import JsonOption, new_app, print_json, print_text, progress, run
from dx7.formats.bank_file import BankFile
from dx7.formats.containers import CONTAINERS
from dx7.formats.files import read_bank_bytes
from dx7.voices.layout import MAXIMUM
from tests.dx7.container_shapes import ALL_SHAPES, macbinary
from tests.dx7.file_shapes import midi_file

CHUNK = 500  # inputs a task
LARGEST_COMMON = 20_000  # bytes of a shape; larger ones are taken once in a while
MOST_ISSUES_ASKED = 60  # of one input in three
SECONDS, SECONDS_A_BYTE = 0.5, 2e-5  # of processor time that reading may take; ten times what it does

_SMALL = [shape.data for shape in ALL_SHAPES if len(shape.data) <= LARGEST_COMMON]
_LARGE = [shape.data for shape in ALL_SHAPES if LARGEST_COMMON < len(shape.data) < 1 << 20]
_MARKS = [mark for container in CONTAINERS for _, mark in container.marks]
_BEGINNINGS = [
    b"\xf0\x43\x00\x09\x20\x00",
    b"\xf0\x43\x00\x00\x01\x1b",
    b"\xf0\x43\x00\x00\x20\x00",
    b"\x43\x00\x09\x20\x00",
    b"\xf0\x81\x22",
    b"\xf0\x12\x00\x00\x00\x00\x00",
    b"\xf0\x43\x00\x7e\x00\x00LM  GMRE",
    b"\xf7",
    b"MThd\x00\x00\x00\x06\x00\x00\x00\x01\x00\x60MTrk\x7f\xff\xff\xff\x00\xf0",
    b"<patchData>",
    b"<key>DX7Multi</key><data>",
    b"\x00\x00\x08DX7Voice",
    b"TNEL" + bytes(17) + b"\x0aABCDEFGHIJ\x03\x81\x19",
    b"\x60\x00\x01\x02NAMEDX7\x00",
    b"\x80\x00\x00\x00",
    b"PK\x03\x04",
    b"\x00\x20",
    *_MARKS,
]


def _place(rng: random.Random, data: bytes) -> int:
    """Mostly anywhere, sometimes near an edge, where headers and ends are."""
    if rng.random() < 0.3:
        return min(len(data), rng.randrange(12)) if rng.random() < 0.5 else max(0, len(data) - rng.randrange(12))
    return rng.randint(0, len(data))


def _span(rng: random.Random, data: bytes) -> slice:
    first = _place(rng, data)
    return slice(first, first + rng.choice((1, 2, 7, 64, 128, 155, rng.randint(1, 4200))))


def _flip(rng: random.Random, data: bytes) -> bytes:
    flipped = bytearray(data)
    for _ in range(rng.choice((1, 1, 4, 40, 400))):
        if flipped:
            flipped[rng.randrange(len(flipped))] ^= 1 << rng.randrange(8)
    return bytes(flipped)


def _set_bit_7(rng: random.Random, data: bytes) -> bytes:
    noisy = bytearray(data)
    for at in range(rng.randrange(60), len(data), rng.choice((1, 3, 50, 700))):
        noisy[at] |= 0x80
    return bytes(noisy)


def _overwrite(rng: random.Random, data: bytes) -> bytes:
    span = _span(rng, data)
    size = len(data[span])
    return (
        data[: span.start] + rng.choice((rng.randbytes(size), bytes([rng.randrange(256)]) * size)) + data[span.stop :]
    )


def _repeat(rng: random.Random, data: bytes) -> bytes:
    span = _span(rng, data)
    return data[: span.start] + data[span] * rng.choice((2, 3, 10, 60)) + data[span.stop :]


def _splice(rng: random.Random, data: bytes) -> bytes:
    other = rng.choice(_SMALL)
    at = _place(rng, other)
    return data[: _place(rng, data)] + other[at : at + rng.randint(1, 5000)] + data[_place(rng, data) :]


def _glue(rng: random.Random, data: bytes) -> bytes:
    at = rng.choice((0, 0, _place(rng, data)))
    return data[:at] + rng.choice(_BEGINNINGS) * rng.choice((1, 1, 1, 2, 200)) + data[at:]


def _lie(rng: random.Random, data: bytes) -> bytes:
    """A number of four, two or one bytes that promises anything."""
    at, size = _place(rng, data), rng.choice((1, 2, 4))
    number = rng.choice((0, 1, 0x7F, 0xFF, 0x7FFF, 0xFFFF, 0xFFFFFFFF, len(data), rng.randrange(1 << 32)))
    return data[:at] + (number % (1 << 8 * size)).to_bytes(size, rng.choice(("big", "little"))) + data[at + size :]


def _fit(rng: random.Random, data: bytes) -> bytes:
    """Give the data the size, and perhaps the marks, of a random container."""
    container = rng.choice(CONTAINERS)
    size = container.size if container.size and container.size < LARGEST_COMMON else rng.choice((4096, 4104, 4232))
    fitted = bytearray((data * (size // max(1, len(data)) + 1))[:size] if data else bytes(size))
    for offset, mark in container.marks if rng.random() < 0.7 else ():
        fitted[offset : offset + len(mark)] = mark
    return bytes(fitted)


MUTATIONS: tuple[Callable[[random.Random, bytes], bytes], ...] = (
    _flip,
    _overwrite,
    _repeat,
    _splice,
    _glue,
    _lie,
    _fit,
    lambda rng, data: data[: _place(rng, data)],
    lambda rng, data: data[_place(rng, data) :],
    lambda rng, data: data[: (span := _span(rng, data)).start] + data[span.stop :],
    lambda rng, data: data[: (at := _place(rng, data))] + rng.randbytes(rng.randint(1, 300)) + data[at:],
    _set_bit_7,
    lambda rng, data: midi_file(b"\x00\xf0" + bytes([0x80 | len(data) >> 7 & 0x7F, len(data) & 0x7F]) + data),
    lambda rng, data: macbinary(data),
    lambda rng, data: data.hex().encode(),
)


def make_input(seed: int, number: int) -> bytes:
    """Input ``number`` of a seed: the same bytes every time."""
    rng = random.Random(f"{seed} {number}")
    data = rng.choice(_LARGE) if rng.random() < 0.002 else rng.choice(_SMALL)
    if rng.random() < 0.6:  # most of what can go wrong does so within a few voices, and is read ten times as fast
        data = data[: rng.randint(100, 1_500)]
    for _ in range(rng.choice((0, 1, 1, 2, 2, 3, 4, 6))):
        data = rng.choice(MUTATIONS)(rng, data)[: 1 << 20]
    return data


def check(data: bytes) -> BankFile:
    """Read bytes and check what must hold whatever they are. Raises ``AssertionError``, or whatever the reader does."""
    bank = read_bank_bytes(data, "fuzzed")
    raw, offsets = bank.raw_voices(), bank.offsets()
    assert bank.voice_count == len(raw) == len(offsets) == len(bank.decoded.unpacked)
    assert (bank.rejection is None) == (bank.voice_count > 0)
    assert (bank.decoded.unpacked <= MAXIMUM).all(), "an illegal voice"
    assert sum(map(len, raw)) <= 2 * len(data), "more voices than bytes"  # 118 bytes and a short name make 128
    end = 0
    for offset, voice in sorted(zip(offsets, raw, strict=True)):
        if offset >= 0:
            assert data[offset : offset + len(voice)] == voice, f"voice not at {offset}"
            assert offset >= end, f"voices overlap at {offset}"
            end = offset + len(voice)
    for rejected in bank.rejected_voices:
        assert rejected.reason
        assert rejected.offset < 0 or rejected.offset + rejected.size <= len(data), "rejected where nothing is"
    for supplement in bank.supplements:
        if supplement.offset >= 0:
            assert data[supplement.offset : supplement.offset + len(supplement.data)] == supplement.data
    asked = MOST_ISSUES_ASKED if len(data) % 3 == 0 else 0  # making them takes longer than reading
    for issue in itertools.islice(bank.voice_issues(), asked):
        assert issue.slot is not None
        assert 1 <= issue.slot <= bank.voice_count
    return bank


@dataclass
class Report:
    """Counts and failures of a run."""

    inputs: int = 0
    bytes: int = 0
    voices: int = 0
    read: int = 0
    longest: tuple[float, int] = (0.0, -1)  # (seconds, input)
    failures: list[str] = field(default_factory=list)
    found_as: Counter[str] = field(default_factory=Counter)

    def add(self, other: Report) -> None:
        """Add the counts of another run."""
        self.inputs += other.inputs
        self.bytes += other.bytes
        self.voices += other.voices
        self.read += other.read
        self.longest = max(self.longest, other.longest)
        self.failures += other.failures
        self.found_as += other.found_as


def fuzz_some(seed: int, numbers: range) -> Report:
    """Read some inputs of a seed; report failures and go on."""
    report = Report(inputs=len(numbers))
    for number in numbers:
        data = make_input(seed, number)
        started = time.perf_counter()
        try:
            bank = check(data)
            seconds = time.perf_counter() - started
            if seconds > SECONDS + SECONDS_A_BYTE * len(data):  # the machine may have been busy with something else
                seconds = _processor_seconds(data)
                assert seconds <= SECONDS + SECONDS_A_BYTE * len(data), f"{seconds:.2f} s for {len(data)} bytes"
        except Exception as error:
            report.failures.append(f"--seed {seed} --only {number}: {type(error).__name__}: {error}")
            continue
        report.bytes += len(data)
        report.voices += bank.voice_count
        report.read += bank.voice_count > 0
        report.longest = max(report.longest, (seconds, number))
        report.found_as.update({block.found_as for block in bank.blocks})
    return report


def _processor_seconds(data: bytes) -> float:
    started = time.process_time()
    check(data)
    return time.process_time() - started


def fuzz(seed: int, inputs: int, processes: int, told: Callable[[Report], None] = lambda report: None) -> Report:
    """Read ``inputs`` inputs of a seed over some processes. Calls ``told`` after each chunk."""
    total = Report()
    chunks = (range(first, min(first + CHUNK, inputs)) for first in range(0, inputs, CHUNK))
    with ProcessPoolExecutor(processes) as pool:
        for piece in _in_flight(pool, seed, chunks, 4 * processes):
            total.add(piece)
            told(total)
    return total


def _in_flight(pool: ProcessPoolExecutor, seed: int, chunks: Iterator[range], most: int) -> Iterator[Report]:
    running: set[Future[Report]] = {pool.submit(fuzz_some, seed, chunk) for chunk in itertools.islice(chunks, most)}
    while running:
        done, running = wait(running, return_when=FIRST_COMPLETED)
        running |= {pool.submit(fuzz_some, seed, chunk) for chunk in itertools.islice(chunks, len(done))}
        for future in done:
            yield future.result()


app = new_app("Read a great many damaged files.")


@app.command()
def main(
    inputs: Annotated[int, typer.Option(help="How many.")] = 10_000,
    seed: Annotated[int, typer.Option(help="Which.")] = 0,
    processes: Annotated[int, typer.Option(help="0: one a core.")] = 0,
    only: Annotated[int | None, typer.Option(help="Just this input; what is wrong with it is raised.")] = None,
    save: Annotated[Path | None, typer.Option(help="With --only: write the input to a file.")] = None,
    json: JsonOption = False,
) -> None:
    """Read damaged files and report what broke.

    Example: python -m tests.fuzz --inputs 1000000 --seed 0
    """
    if only is not None:
        data = make_input(seed, only)
        if save:
            save.write_bytes(data)
        bank = check(data)
        print_text(f"{len(data)} bytes, {bank.voice_count} voices, {bank.found_as or bank.issues[-1]}")
        return
    started = time.monotonic()
    with progress() as bar:
        task = bar.add_task("reading", total=inputs)
        report = fuzz(
            seed, inputs, processes or os.cpu_count() or 1, lambda so_far: bar.update(task, completed=so_far.inputs)
        )
    seconds = time.monotonic() - started
    facts = {
        "inputs": report.inputs,
        "megabytes": round(report.bytes / 1e6, 1),
        "with_voices": report.read,
        "voices": report.voices,
        "seconds": round(seconds, 1),
        "longest": {"seconds": round(report.longest[0], 3), "input": report.longest[1]},
        "formats": len(report.found_as),
        "failures": report.failures,
    }
    if json:
        print_json(facts)
    else:
        print_text("\n".join(f"{name}: {value}" for name, value in facts.items() if name != "failures"))
        print_text(f"failures: {len(report.failures)}")
        for failure in report.failures:
            print_text(failure)
    if report.failures:
        raise typer.Exit(1)


if __name__ == "__main__":
    run(app)
