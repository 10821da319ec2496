"""Generated collections: banks, archives, folders. Nothing here comes from anybody's disk."""

from __future__ import annotations

import io
import random
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from corpus.storage.store import Connection, open_store
from dx7.formats.files import encode_cartridge
from dx7.voices.voice import INIT_VOICE, Voice
from tests.corpus.website import Site

MakeVoice = Callable[..., Voice]
MakeBank = Callable[..., bytes]
MakeZip = Callable[..., bytes]


def made_voice(seed: int, name: str | None = None) -> Voice:
    """A voice that is heard, different for every seed."""
    draw = random.Random(seed)
    return INIT_VOICE.replace(
        algorithm=draw.randrange(32),
        feedback=draw.randrange(8),
        op1_frequency_coarse=draw.randrange(32),
        op2_output_level=1 + draw.randrange(99),
        op2_frequency_fine=draw.randrange(100),
        lfo_speed=draw.randrange(100),
        name=f"VOICE {seed}"[:10] if name is None else name,
    )


def made_bank(*seeds: int, names: Sequence[str] = (), filler: str = "INIT VOICE") -> bytes:
    """4,104 bytes: a voice for every seed (and name), the rest INIT VOICE by any name."""
    voices = [made_voice(seed, *names[i : i + 1]) for i, seed in enumerate(seeds)]
    return encode_cartridge([*voices, *[INIT_VOICE.replace(name=filler)] * (32 - len(voices))])


def made_zip(members: Mapping[str, bytes] | Sequence[tuple[str, bytes]], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in members.items() if isinstance(members, Mapping) else members:
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return out.getvalue()


def write(folder: Path, files: dict[str, bytes]) -> Path:
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    return folder


@pytest.fixture(scope="session")
def make_voice() -> MakeVoice:
    return made_voice


@pytest.fixture(scope="session")
def make_bank() -> MakeBank:
    return made_bank


@pytest.fixture(scope="session")
def make_zip() -> MakeZip:
    return made_zip


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Where a store may be made."""
    return tmp_path / "made" / "store.duckdb"


@pytest.fixture
def connection(store: Path) -> Iterator[Connection]:
    """An empty store, open."""
    with open_store(store, create=True) as opened:
        yield opened


@pytest.fixture
def site() -> Iterator[Site]:
    """A site of the web, for as long as a test takes."""
    made = Site()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def bank() -> bytes:
    """What a site may have."""
    return made_bank(1, 2, 3)
