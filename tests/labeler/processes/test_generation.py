"""The model asked in a process: what it is told, what comes back, and what is said when nothing does."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from corpus.cartridges.cartridge import GenerationInfo
from corpus.cartridges.generation_request import GenerationRequest
from corpus.storage.store import open_store
from corpus.suggest.queue import next_voices
from dx7.errors import StoreBusyError
from dx7.formats.files import read_bank
from dx7.formats.selection import read_voice
from dx7.shared.locations import STARTER_BANKS
from labeler.processes.generated_batch import sample_arguments
from labeler.processes.generation import GenerationProcess, GenerationState

BRASS = GenerationRequest.of({"brass": 1})
# What the model would do, in no time: brass voices that no starter bank holds.
STUB = """
import json, sys
from pathlib import Path
from dx7.formats.files import read_bank, write_cartridge
from dx7.shared.locations import STARTER_BANKS
words = sys.argv[1:]
out, seed = Path(words[words.index("--out") + 1]), int(words[words.index("--seed") + 1])
by_seed = {"lfo_speed": seed % 100, "pitch_eg_rate_1": seed // 100 % 100, "pitch_eg_rate_2": seed // 10_000 % 100}
voices = [voice.replace(lfo_delay=slot, **by_seed) for slot, voice in
          enumerate(read_bank(STARTER_BANKS / "brass.syx").voices())]
walk = "--walk" in words
for option, slot in (("--walk", 0), ("--to", 31)) if walk else ():
    voices[slot] = read_bank(Path(words[words.index(option) + 1].removesuffix(":1"))).voices()[0]
write_cartridge(out, voices)
slots = [{"slot": n, "faults": ["shrill"] * (n == 2), "fit": None if walk else n / 32, "differs_at_least": 8 + n,
          "share_of_the_way": (n - 1) / 31 if walk else None} for n in range(1, 33)]
facts = {"generator": "cartwright", "model_hash": "beef", "seed": seed, "slots": slots, "drawn": 40,
         "left_out": {"drone": 3, "less likely": 5, "copy of a training voice": 0}}
out.with_suffix(".json").write_text(json.dumps(facts))
print(json.dumps(facts))
"""


def stub(code: str = STUB) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def ask(folder: Path, *requests: GenerationRequest, **more: object) -> GenerationProcess:
    asking = GenerationProcess(requests or [BRASS], folder=folder / "made", store=folder / "store.duckdb", **more)  # type: ignore[arg-type]
    asking.wait(60)
    return asking


def test_new_voices_come_back_as_slots_and_go_into_the_store_as_generated(tmp_path: Path) -> None:
    asking = ask(tmp_path, BRASS, GenerationRequest(like=read_voice(STARTER_BANKS / "bell.syx", 1)), command=stub())
    assert (asking.state, asking.problem, asking.stored) == (GenerationState.DONE, "", True)
    brass, varied = asking.slots
    assert len(brass) == len(varied) == 32
    assert {slot.category for slot in brass} == {"brass"}
    assert {slot.category for slot in varied} == {None}
    assert (brass[0].faults, brass[1].faults) == ((), ("shrill",))
    assert brass[0].source.startswith("the model beef, seed ")
    assert brass[0].request == BRASS
    assert brass[0].generation == GenerationInfo(fit=1 / 32, differs=9)
    assert [(batch.drawn, batch.left_out["drone"]) for batch in asking.batches] == [(40, 3), (40, 3)]
    files = sorted((tmp_path / "made").glob("*.syx"))
    assert [path.stem.partition("-")[0] for path in files] == ["brass", "variations"]
    assert read_bank(files[0]).voices() == [slot.voice for slot in brass]
    with open_store(tmp_path / "store.duckdb") as connection:
        assert connection.execute("SELECT bool_and(generated), count(*) FROM files").fetchall() == [(True, 2)]
        assert next_voices(connection, labeller="anna", count=5, seed=1) == []  # nobody is asked about them


def test_a_failure_is_the_commands_own_sentence(tmp_path: Path) -> None:
    words = "the model knows no category 'theremin'; choose from brass, bell"
    failing = stub(f"import sys; sys.stderr.write('loading\\nerror: ' + {words!r} + '\\n'); sys.exit(1)")
    asking = ask(tmp_path, command=failing)
    assert (asking.state, asking.problem, asking.slots) == (GenerationState.FAILED, words, ())
    assert "ended without an error message" in ask(tmp_path, command=stub("import os; os.abort()")).problem
    assert "wrote no cartridge" in ask(tmp_path, command=stub("pass")).problem
    assert "cannot be started: No such file" in ask(tmp_path, command=("/no/such/python",)).problem
    assert not (tmp_path / "store.duckdb").exists()


def test_it_is_cancelled_at_once_and_does_not_wait_for_ever(tmp_path: Path) -> None:
    slow = stub("import time; time.sleep(60)")
    asking = GenerationProcess([BRASS, BRASS], folder=tmp_path, store=tmp_path / "store.duckdb", command=slow)
    time.sleep(0.3)
    began = time.monotonic()
    asking.cancel()
    asking.wait(10)
    assert time.monotonic() - began < 5
    assert (asking.state, asking.problem) == (GenerationState.CANCELLED, "")
    late = ask(tmp_path, command=slow, patience=0.3)
    assert (late.state, "did not finish within 0.3 seconds" in late.problem) == (GenerationState.FAILED, True)


def test_voices_that_cannot_be_stored_are_there_all_the_same(tmp_path: Path) -> None:
    def busy(paths: object, store: Path) -> None:
        raise StoreBusyError("another program holds the store")

    asking = ask(tmp_path, command=stub(), ingest_files=busy)
    assert (asking.state, asking.stored, len(asking.slots[0])) == (GenerationState.DONE, False, 32)
    assert asking.problem == "the new voices are not in the store: another program holds the store"


def test_a_wish_becomes_the_words_of_the_command(tmp_path: Path) -> None:
    favourite = read_voice(STARTER_BANKS / "brass.syx", 4)
    request = GenerationRequest.of({"pad": 1, "brass": 3}, like=favourite, amount=0.55, locked=("algorithm", "detune"))
    words = sample_arguments(request, 7, tmp_path / "x.syx", tmp_path)
    options = dict(zip(words[2::2], words[3::2], strict=False))
    assert options["--category"] == "brass:3,pad:1"
    assert (options["--amount"], options["--seed"], options["--lock"]) == ("0.55", "7", "algorithm")
    assert {words[n + 1] for n, word in enumerate(words) if word == "--unlock"} == {"pitch_eg", "fixed_mode"}
    path, _, slot = options["--like"].rpartition(":")
    assert read_voice(Path(path), int(slot)) == favourite
    assert sample_arguments(GenerationRequest(), 7, tmp_path / "x.syx", tmp_path) == [
        *("sample", "--json", "--seed", "7", "--out", str(tmp_path / "x.syx"))
    ]


def test_a_walk_and_a_temperature_become_words_and_its_ends_files_of_their_own(tmp_path: Path) -> None:
    first = read_voice(STARTER_BANKS / "brass.syx", 4)
    ends = (first, read_voice(STARTER_BANKS / "bell.syx", 2).replace(name=first.name))
    words = sample_arguments(GenerationRequest(ends=ends, temperature=1.35), 7, tmp_path / "x.syx", tmp_path)
    options = dict(zip(words[2::2], words[3::2], strict=True))
    assert options["--temperature"] == "1.35"
    assert "--amount" not in words
    paths = [options[option].rpartition(":")[0] for option in ("--walk", "--to")]
    assert [read_voice(Path(path), 1) for path in paths] == list(ends)


def test_the_same_seed_is_told_each_time(tmp_path: Path) -> None:
    one, other = (ask(tmp_path, command=stub(), seed=77).slots[0] for _ in range(2))
    assert [slot.voice for slot in one] == [slot.voice for slot in other]
    assert one[0].source == "the model beef, seed 77"


def test_an_answer_that_tells_nothing_of_its_voices_is_refused(tmp_path: Path) -> None:
    asking = ask(tmp_path, command=stub(STUB.replace('"fit"', '"fitting"')))
    assert asking.problem == "the model's output cannot be read ('fit'); try again"


@pytest.mark.parametrize("amount", [0.3])
def test_the_shipped_model_answers(tmp_path: Path, amount: float) -> None:
    """The real command with the model that ships: slow, and the only test that it understands what it is told."""
    favourite = read_voice(STARTER_BANKS / "brass.syx", 4)
    asking = ask(
        tmp_path, GenerationRequest.of({"brass": 1}, like=favourite, amount=amount, locked=("algorithm", "lfo"))
    )
    assert (asking.state, asking.problem, asking.stored) == (GenerationState.DONE, "", True)
    assert {slot.voice["algorithm"] for slot in asking.slots[0]} == {favourite["algorithm"]}
