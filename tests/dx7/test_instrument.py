"""The instrument against a recorder: what goes out, in which order, when, and what never does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from dx7.errors import MidiError, RefusedMessageError, VoiceError
from dx7.formats.messages import encode_bank_message, encode_voice_message
from dx7.hardware.allowlist import check_message
from dx7.hardware.instrument import BANK_CONFIRMATION, Instrument, Pacing
from dx7.hardware.ports import Port
from dx7.sound.phrases import make_phrase
from dx7.voices.voice import INIT_VOICE, Voice

PHRASE = make_phrase((60, 64, 67), 0.5)
WIRE_SECONDS = 163 * 10 / 31_250


@dataclass
class World:
    """A clock that only sleeping moves, and a wire that writes down what it carries, and when."""

    now: float = 100.0
    sent: list[tuple[float, bytes]] = field(default_factory=list)
    fails: Callable[[bytes], bool] = lambda message: False
    closed: bool = False

    def clock(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.now += seconds

    def send(self, message: bytes) -> None:
        if self.fails(message):
            raise OSError("unplugged")
        self.sent.append((self.now, message))

    def close(self) -> None:
        self.closed = True

    @property
    def messages(self) -> list[bytes]:
        return [message for _, message in self.sent]

    def notes_left_on(self) -> set[int]:
        left: set[int] = set()
        for message in self.messages:
            if message[0] & 0xF0 == 0x90:
                left.add(message[1])
            elif message[0] & 0xF0 == 0x80:
                left.discard(message[1])
        return left


@pytest.fixture
def world() -> World:
    return World()


def _instrument(world: World, **options: object) -> Instrument:
    port = Port(world, "recorder", takes_banks=bool(options.pop("takes_banks", True)))
    return Instrument(port, clock=world.clock, sleep=world.sleep, **options)  # type: ignore[arg-type]


def test_a_voice_goes_out_after_the_notes_and_then_there_is_a_pause(world: World) -> None:
    instrument = _instrument(world, channel=3)
    instrument.note_on(60, 100)
    instrument.note_on(64, 90)
    instrument.load(INIT_VOICE)
    assert world.messages == [
        bytes([0x92, 60, 100]),
        bytes([0x92, 64, 90]),
        bytes([0xB2, 64, 0]),
        bytes([0x82, 60, 0]),
        bytes([0x82, 64, 0]),
        encode_voice_message(INIT_VOICE, 3),
    ]
    assert world.now == pytest.approx(100 + WIRE_SECONDS + 0.1)
    assert instrument.sounding == ()


def test_pacing_can_be_set(world: World) -> None:
    _instrument(world, pacing=Pacing(after_voice=2.0)).load(INIT_VOICE)
    assert world.now == pytest.approx(100 + WIRE_SECONDS + 2.0)


def test_a_phrase_is_played_in_time_and_its_tail_waited_for(world: World) -> None:
    _instrument(world).play(PHRASE)
    played = [(round(when - 100, 6), message) for when, message in world.sent]
    assert played == [
        (0.0, bytes([0x90, 60, 100])),
        (0.5, bytes([0x80, 60, 0])),
        (0.6, bytes([0x90, 64, 100])),
        (1.1, bytes([0x80, 64, 0])),
        (1.2, bytes([0x90, 67, 120])),
        (1.7, bytes([0x80, 67, 0])),
    ]
    assert world.now == pytest.approx(100 + PHRASE.seconds)


def test_notes_are_fitted_to_the_transpose_of_the_loaded_voice(world: World) -> None:
    instrument = _instrument(world)
    instrument.load(INIT_VOICE.replace(transpose=0))
    world.sent.clear()
    instrument.play(make_phrase((10, 60), 0.1))
    assert [message[1] for message in world.messages if message[0] == 0x90] == [34, 60]


def test_panic_follows_the_order_that_works(world: World) -> None:
    instrument = _instrument(world)
    instrument.note_on(99, 100)
    world.sent.clear()
    instrument.panic(reset_notes=True)
    assert world.messages == [
        bytes([0xB0, 64, 0]),
        bytes([0x80, 99, 0]),
        *(bytes([0x80, note, 0]) for note in range(128)),
        bytes([0xB0, 123, 0]),
        bytes([0xB0, 126, 1]),
        bytes([0xB0, 127, 0]),
    ]


def test_panic_never_outruns_the_cable(world: World) -> None:
    _instrument(world).panic()
    assert world.messages[-1] == bytes([0xB0, 123, 0])
    assert world.now - 100 >= 128 * 3 * 10 / 31_250


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_leaving_the_block_ends_every_note_whatever_happened(world: World, error: type[BaseException]) -> None:
    def trouble() -> None:
        with _instrument(world) as instrument:
            instrument.note_on(60, 100)
            raise error

    with pytest.raises(error):
        trouble()
    assert world.notes_left_on() == set()
    assert world.messages[-1] == bytes([0xB0, 123, 0])


def test_leaving_the_block_in_peace_ends_every_note_too(world: World) -> None:
    with _instrument(world) as instrument:
        instrument.note_on(60, 100)
    assert world.notes_left_on() == set()


def test_an_interrupted_phrase_ends_its_notes(world: World) -> None:
    naps = 0

    def interrupted(seconds: float) -> None:
        nonlocal naps
        naps += 1
        if naps == 3:
            raise KeyboardInterrupt
        world.sleep(seconds)

    instrument = Instrument(Port(world, "recorder"), clock=world.clock, sleep=interrupted)
    with pytest.raises(KeyboardInterrupt):
        instrument.play(PHRASE)
    assert world.notes_left_on() == set()
    assert instrument.sounding == ()


def test_a_note_whose_sending_failed_is_still_ended_later(world: World) -> None:
    instrument = _instrument(world)
    world.fails = lambda message: message[0] == 0x90
    with pytest.raises(MidiError, match="recorder failed: unplugged; is it still plugged in"):
        instrument.note_on(60, 100)
    world.fails = lambda message: False
    instrument.panic()
    assert bytes([0x80, 60, 0]) in world.messages


def test_a_failing_panic_does_not_hide_what_happened_before(world: World) -> None:
    def trouble() -> None:
        with _instrument(world):
            world.fails = lambda message: True
            raise RuntimeError("the first trouble")

    with pytest.raises(RuntimeError, match="the first trouble") as caught:
        trouble()
    assert "could not be stopped" in caught.value.__notes__[0]


def test_a_failing_panic_alone_is_told(world: World) -> None:
    with pytest.raises(MidiError, match="unplugged"), _instrument(world):
        world.fails = lambda message: True


@pytest.mark.parametrize("confirmation", ["", "yes", "overwrite", BANK_CONFIRMATION.upper()])
def test_a_bank_needs_the_exact_words(world: World, confirmation: str, bank_voices: list[Voice]) -> None:
    with pytest.raises(RefusedMessageError, match=BANK_CONFIRMATION):
        _instrument(world).send_bank(bank_voices, confirmation=confirmation, trust_driver=True)
    assert world.sent == []


def test_a_confirmed_bank_goes_out_once_after_the_notes(world: World, bank_voices: list[Voice]) -> None:
    instrument = _instrument(world, channel=2)
    instrument.note_on(60, 100)
    instrument.send_bank(bank_voices, confirmation=BANK_CONFIRMATION)
    assert world.messages[-2:] == [bytes([0x81, 60, 0]), encode_bank_message(bank_voices, 2)]
    assert world.now - 100 >= 1.31 + 0.3


def test_a_driver_that_damages_long_messages_gets_no_bank_unless_trusted(
    world: World, bank_voices: list[Voice]
) -> None:
    instrument = _instrument(world, takes_banks=False)
    with pytest.raises(RefusedMessageError, match="may damage a message as long as a bank"):
        instrument.send_bank(bank_voices, confirmation=BANK_CONFIRMATION)
    assert world.sent == []
    instrument.send_bank(bank_voices, confirmation=BANK_CONFIRMATION, trust_driver=True)
    assert world.messages[-1] == encode_bank_message(bank_voices)


def test_a_bank_of_31_sends_nothing(world: World, bank_voices: list[Voice]) -> None:
    with pytest.raises(VoiceError, match="32 voices, not 31"):
        _instrument(world).send_bank(bank_voices[:31], confirmation=BANK_CONFIRMATION)
    assert world.sent == []


def test_nothing_off_the_list_ever_goes_out(world: World, bank_voices: list[Voice]) -> None:
    with _instrument(world, channel=16) as instrument:
        for voice in bank_voices:
            instrument.load(voice)
            instrument.play(PHRASE)
        instrument.panic(reset_notes=True)
    assert len(world.messages) > 32 * 7
    for message in world.messages:
        check_message(message)


@pytest.mark.parametrize("message", [b"", b"\xb0\x00\x00", b"\xfe", b"\xf0\x43\x10\x08\x08\x7f\xf7"])
def test_the_port_itself_refuses_and_carries_nothing(world: World, message: bytes) -> None:
    with pytest.raises(RefusedMessageError):
        Port(world, "recorder").send(message)
    assert world.sent == []


def test_closing_lets_the_device_go(world: World) -> None:
    Port(world, "recorder").close()
    assert world.closed
