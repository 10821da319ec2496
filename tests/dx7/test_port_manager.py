"""The port manager as the app uses it, against a DX7 in another process: what arrives there, and what never does."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dx7.formats.messages import encode_bank_message
from dx7.hardware.instrument import BANK_CONFIRMATION, Instrument, Pacing
from dx7.hardware.port_manager import PortManager
from dx7.hardware.ports import Port
from dx7.hardware.request_queue import Outcome
from dx7.hardware.tcp import TcpTransport
from dx7.sound.phrases import make_phrase, phrase_of
from dx7.voices.voice import INIT_VOICE, Voice
from tests.mk1_process import Mk1Process, running_mk1

SHORT = make_phrase((60, 64), 0.05)
LONG = make_phrase((60,), 30.0)


@pytest.fixture
def dx7() -> Iterator[Mk1Process]:
    with running_mk1() as process:
        yield process


@pytest.fixture
def make_manager(tmp_path: Path) -> Iterator[Callable[..., PortManager]]:
    made: list[PortManager] = []

    def make(**options: object) -> PortManager:
        folders = {"backups": tmp_path / "backups", "memory": tmp_path / "instruments.json"}
        made.append(PortManager(**folders, look_every=0.05, **options))  # type: ignore[arg-type]
        return made[-1]

    yield make
    for manager in made:
        manager.close()


@pytest.fixture
def manager(dx7: Mk1Process, make_manager: Callable[..., PortManager]) -> PortManager:
    """Open and confirmed, so that voices may be sent."""
    manager = make_manager()
    assert manager.open(dx7.name).result(5).done
    assert _confirm(manager).done
    return manager


def _confirm(manager: PortManager) -> Outcome:
    return manager.confirm(channel=1, sys_info=True, unprotected=True, own_backup=True).result(5)


def _until(is_so: Callable[[], bool], seconds: float = 10) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "it never came to that"
        time.sleep(0.01)


def test_a_voice_arrives_byte_for_byte_and_its_phrase_sounds(
    manager: PortManager, dx7: Mk1Process, bank_voices: list[Voice]
) -> None:
    voice = bank_voices[0]
    assert manager.play(voice, phrase_of("clav")).result(5).done
    assert manager.state().playing == voice.voice_id
    state = dx7.wait(lambda state: len(state["played"]) == len(phrase_of("clav").notes))
    assert state["loads"] == [voice.unpacked.hex()]
    assert state["edit_buffer"] == state["activated"] == voice.unpacked.hex()
    expected = [(note.note, note.velocity) for note in phrase_of("clav").fitted(voice).notes]
    assert [(note, velocity) for _, note, velocity in state["played"]] == expected
    _until(lambda: manager.state().playing is None)
    assert (dx7.settle()["notes"], manager.state().sounding) == ([], ())


def test_a_phrase_answers_with_its_first_note_not_with_its_end(manager: PortManager, dx7: Mk1Process) -> None:
    begin = time.monotonic()
    assert manager.play(INIT_VOICE, LONG).result(5).done
    assert time.monotonic() - begin < 5
    assert dx7.wait(lambda state: state["notes"])["notes"] == [60]
    assert manager.state().sounding == (60,)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"channel": 1, "sys_info": True, "unprotected": True},
        {"channel": 1, "sys_info": True, "own_backup": True},
        {"channel": 1, "unprotected": True, "own_backup": True},
        {"sys_info": True, "unprotected": True, "own_backup": True},
    ],
)
def test_nothing_but_panic_is_sent_before_the_list_is_confirmed(
    said: dict[str, object], dx7: Mk1Process, make_manager: Callable[..., PortManager], bank_voices: list[Voice]
) -> None:
    manager = make_manager()
    manager.open(dx7.name).result(5)
    manager.confirm(**said).result(5)  # type: ignore[arg-type]
    for ask in (
        lambda: manager.play(INIT_VOICE, SHORT),
        lambda: manager.prepare(INIT_VOICE),
        lambda: manager.send_bank(bank_voices, confirmation=BANK_CONFIRMATION, trust_driver=True),
    ):
        outcome = ask().result(5)
        assert not outcome.done
        assert "nothing is sent before you confirm" in str(outcome.problem)
    assert dx7.settle()["received"] == 0
    assert manager.panic().result(5).done
    assert dx7.settle()["received"] == 3 * (1 + 128 + 1)


def test_a_protected_dx7_says_nothing_so_the_check_list_has_to(manager: PortManager, dx7: Mk1Process) -> None:
    dx7.tell(set={"protected": True})
    assert manager.play(INIT_VOICE, SHORT).result(5).done
    state = dx7.settle()
    assert (state["refused"], state["loads"], state["display"]) == (["voice: MEMORY PROTECTED"], [], "MEMORY PROTECTED")
    manager.confirm(unprotected=False).result(5)
    assert "MEM PROTECT INTERNAL off" in str(manager.play(INIT_VOICE, SHORT).result(5).problem)


def test_two_hundred_requests_at_once_play_the_last_and_never_a_stale_voice(
    manager: PortManager, dx7: Mk1Process
) -> None:
    voices = [INIT_VOICE.replace(feedback=n % 8, lfo_speed=n // 8, name=f"VOICE {n}") for n in range(200)]
    futures = []
    for number, voice in enumerate(voices):
        futures.append(manager.play(voice, make_phrase((20 + number % 100,), 0.3)))
        time.sleep(0.004)
    outcomes = [future.result(10) for future in futures]
    assert outcomes[-1].done
    assert all(outcome.done or outcome.replaced for outcome in outcomes)
    _until(lambda: manager.state().playing is None)
    state = dx7.settle()
    by_bytes = {voice.unpacked.hex(): number for number, voice in enumerate(voices)}
    loaded = [by_bytes[load] for load in state["loads"]]
    assert loaded == sorted(set(loaded))
    assert loaded[-1] == 199
    assert len(loaded) < 60
    played = [(by_bytes[sound], note) for sound, note, _ in state["played"]]
    assert [number for number, outcome in enumerate(outcomes) if outcome.done] == [number for number, _ in played]
    assert all(note == 20 + number % 100 for number, note in played)
    assert (state["notes"], state["cut_off"], state["lost_notes"], state["overflows"]) == ([], 0, 0, 0)


def test_requests_from_many_threads_all_get_an_answer(manager: PortManager, dx7: Mk1Process) -> None:
    outcomes: list[Outcome] = []

    def hammer(number: int) -> None:
        for turn in range(10):
            outcomes.append(manager.play(INIT_VOICE.replace(lfo_speed=number * 10 + turn), SHORT).result(10))

    threads = [threading.Thread(target=hammer, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(outcomes) == 50
    assert all(outcome.done or outcome.replaced for outcome in outcomes)
    manager.stop().result(5)
    state = dx7.settle()
    assert (state["notes"], state["overflows"], state["cut_off"]) == ([], 0, 0)


@pytest.mark.parametrize("end", ["panic", "stop", "close", "open"])
def test_no_note_is_stuck_after_a_phrase_was_cut_off(manager: PortManager, dx7: Mk1Process, end: str) -> None:
    assert manager.play(INIT_VOICE, LONG).result(5).done
    assert dx7.wait(lambda state: state["notes"])["notes"] == [60]
    begin = time.monotonic()
    if end == "close":
        manager.close()
        assert not manager.play(INIT_VOICE, SHORT).result(5).done
    elif end == "open":
        manager.open(None).result(5)
    else:
        assert getattr(manager, end)().result(5).done
    dx7.wait(lambda state: not state["notes"])
    assert time.monotonic() - begin < 5
    assert manager.state().sounding == ()


def test_panic_forgets_what_waits(manager: PortManager, dx7: Mk1Process) -> None:
    manager.play(INIT_VOICE, LONG).result(5)
    waiting = manager.play(INIT_VOICE.replace(feedback=3), SHORT)
    manager.panic().result(5)
    assert waiting.result(5).replaced or waiting.result(5).done
    time.sleep(0.3)
    assert dx7.settle()["notes"] == []


KILLED = """
import sys, time
from pathlib import Path
from dx7.hardware.port_manager import PortManager
from dx7.sound.phrases import make_phrase
from dx7.voices.voice import INIT_VOICE
folder, port = Path(sys.argv[1]), sys.argv[2]
manager = PortManager(backups=folder, memory=folder / "instruments.json")
manager.open(port).result(5)
manager.confirm(channel=1, sys_info=True, unprotected=True, own_backup=True).result(5)
print(manager.play(INIT_VOICE, make_phrase((60, 64), 30.0)).result(5).done, flush=True)
time.sleep(60)
"""


def test_notes_of_a_killed_program_end_when_the_next_may_send(
    dx7: Mk1Process, make_manager: Callable[..., PortManager], tmp_path: Path
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, str(tmp_path), dx7.name], stdout=subprocess.PIPE, text=True
    ) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "True\n"
        assert dx7.wait(lambda state: state["notes"])["notes"] == [60]
        killed.send_signal(signal.SIGKILL)
    assert dx7.settle()["notes"] == [60]
    manager = make_manager()
    _until(lambda: manager.state().is_open)
    assert manager.state().checklist.missing == ("SYS INFO AVAIL", "MEM PROTECT INTERNAL off")
    manager.confirm(sys_info=True, unprotected=True).result(5)
    dx7.wait(lambda state: not state["notes"])


ENDED = KILLED.replace("time.sleep(60)", "import atexit; atexit.register(manager.close)")


def test_a_program_that_ends_leaves_silence(dx7: Mk1Process, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", ENDED, str(tmp_path), dx7.name], check=True, timeout=60, capture_output=True)
    state = dx7.settle()
    assert len(state["played"]) == 1
    assert state["notes"] == []


def test_our_pacing_never_overflows_the_receive_buffer(manager: PortManager, dx7: Mk1Process) -> None:
    for number in range(12):
        assert manager.prepare(INIT_VOICE.replace(lfo_speed=number)).result(5).done
    manager.panic(reset_notes=True).result(5)
    state = dx7.settle()
    assert (len(state["loads"]), state["overflows"]) == (12, 0)


@pytest.mark.parametrize(("pacing", "ahead"), [(Pacing(0, 0), 192), (Pacing(0, 0), 1 << 20)])
def test_without_pauses_it_overflows_so_that_the_test_before_can_fail(
    dx7: Mk1Process, pacing: Pacing, ahead: int
) -> None:
    transport = TcpTransport("127.0.0.1", dx7.midi_port, ahead=ahead)
    sleeps = {} if ahead == 192 else {"sleep": lambda seconds: None}
    instrument = Instrument(Port(transport, dx7.name), pacing=pacing, **sleeps)  # type: ignore[arg-type]
    for number in range(25):
        instrument.load(INIT_VOICE.replace(lfo_speed=number))
    transport.close()
    state = dx7.settle()
    assert state["overflows"] > 0
    assert len(state["loads"]) < 25
    dx7.tell(set={"failures": []})  # what is left of messages after an overflow is no fault of the list


def test_a_backup_comes_from_the_panel_and_is_saved_as_it_came(
    dx7: Mk1Process, make_manager: Callable[..., PortManager], bank_voices: list[Voice], tmp_path: Path
) -> None:
    bank = encode_bank_message(bank_voices)
    dx7.tell(set={"memory": bank[6:-2].hex()}, sensing=True)
    manager = make_manager()
    manager.open(dx7.name).result(5)
    arrived = manager.await_bank()
    dx7.tell(dump="bank")
    assert arrived.result(5).done
    (saved,) = (tmp_path / "backups").iterdir()
    assert saved.read_bytes() == bank
    assert manager.state().checklist.backup == saved.name
    # And back again: the round trip ends where it began.
    assert manager.confirm(channel=1, sys_info=True, unprotected=True).result(5).done
    dx7.tell(set={"memory": bytes(4096).hex()})
    untrusted = manager.send_bank(bank_voices, confirmation=BANK_CONFIRMATION).result(10)
    assert "say that you trust the driver" in str(untrusted.problem)  # nobody knows what drives a port over TCP
    assert manager.send_bank(bank_voices, confirmation=BANK_CONFIRMATION, trust_driver=True).result(10).done
    state = dx7.settle()
    assert (state["memory"], state["overflows"], state["banks"]) == (bank[6:-2].hex(), 0, 1)


def test_a_damaged_backup_is_refused_and_told(
    dx7: Mk1Process, make_manager: Callable[..., PortManager], bank_voices: list[Voice], tmp_path: Path
) -> None:
    bank = encode_bank_message(bank_voices)
    manager = make_manager()
    manager.open(dx7.name).result(5)
    arrived = manager.await_bank()
    dx7.tell(say=(bank[:-2] + bytes([bank[-2] ^ 1, 0xF7])).hex())
    assert "wrong checksum; send it again" in str(arrived.result(5).problem)
    assert not (tmp_path / "backups").exists()
    assert manager.state().checklist.backup == ""


@pytest.mark.parametrize("confirmation", ["", "yes", BANK_CONFIRMATION.title()])
def test_a_bank_needs_the_exact_words(
    manager: PortManager, dx7: Mk1Process, bank_voices: list[Voice], confirmation: str
) -> None:
    outcome = manager.send_bank(bank_voices, confirmation=confirmation).result(5)
    assert BANK_CONFIRMATION in str(outcome.problem)
    assert dx7.settle()["banks"] == 0


def test_a_voice_chosen_on_the_panel_is_noticed(manager: PortManager, dx7: Mk1Process) -> None:
    manager.prepare(INIT_VOICE).result(5)
    assert manager.state().loaded == INIT_VOICE.voice_id
    dx7.tell(dump="voice")  # our own comes back
    time.sleep(0.3)
    assert manager.state().loaded == INIT_VOICE.voice_id
    dx7.tell(set={"edit_buffer": [1] * 155}, dump="voice")
    _until(lambda: manager.state().loaded is None)


def test_a_prepared_voice_is_not_sent_twice_but_a_replay_sends_it_again(manager: PortManager, dx7: Mk1Process) -> None:
    manager.prepare(INIT_VOICE).result(5)
    manager.play(INIT_VOICE, SHORT).result(5)
    assert len(dx7.settle()["loads"]) == 1
    manager.play(INIT_VOICE, SHORT).result(5)
    assert len(dx7.settle()["loads"]) == 2
    manager.play(INIT_VOICE, SHORT, reload=False).result(5)
    assert len(dx7.settle()["loads"]) == 2


def test_a_dx7_that_falls_silent_was_switched_off_and_must_be_set_again(manager: PortManager, dx7: Mk1Process) -> None:
    dx7.tell(sensing=True)
    _until(lambda: manager.state().is_heard is True)
    assert manager.play(INIT_VOICE, SHORT).result(5).done
    dx7.tell(sensing=False)
    _until(lambda: manager.state().is_heard is False)
    state = manager.state()
    assert state.checklist.missing == ("SYS INFO AVAIL", "MEM PROTECT INTERNAL off")
    assert "fallen silent" in str(state.notice)
    assert not manager.play(INIT_VOICE, SHORT).result(5).done


def test_a_box_that_goes_away_is_told_and_comes_back_by_itself(manager: PortManager, dx7: Mk1Process) -> None:
    dx7.tell(unplug=True)
    _until(lambda: manager.state().is_open and dx7.state()["panics"] == 2)
    assert manager.play(INIT_VOICE, SHORT).result(5).done
    assert dx7.settle()["loads"] == [INIT_VOICE.unpacked.hex()]


def test_channel_and_pacing_are_remembered_sys_info_and_protect_are_not(
    manager: PortManager, dx7: Mk1Process, make_manager: Callable[..., PortManager], tmp_path: Path
) -> None:
    manager.confirm(channel=5).result(5)
    manager.set_pacing(Pacing(0.2, 0.5)).result(5)
    manager.close()
    facts = json.loads((tmp_path / "instruments.json").read_text())
    assert facts["ports"] == {dx7.name: {"channel": 5, "backup": "own"}}
    again = make_manager()
    _until(lambda: again.state().is_open)
    state = again.state()
    assert (state.output, state.checklist.channel, state.pacing) == (dx7.name, 5, Pacing(0.2, 0.5))
    assert state.checklist.missing == ("SYS INFO AVAIL", "MEM PROTECT INTERNAL off")


def test_another_channel_is_spoken_to_when_it_is_confirmed(manager: PortManager, dx7: Mk1Process) -> None:
    dx7.tell(set={"channel": 7})
    manager.play(INIT_VOICE, SHORT).result(5)
    assert dx7.settle()["refused"] == ["voice on channel 1"]
    manager.confirm(channel=7).result(5)
    manager.play(INIT_VOICE, SHORT).result(5)
    assert dx7.settle()["loads"] == [INIT_VOICE.unpacked.hex()]


def test_a_channel_that_is_none_is_refused_at_once(manager: PortManager) -> None:
    with pytest.raises(ValueError, match="1 to 16, not 17"):
        manager.confirm(channel=17)
