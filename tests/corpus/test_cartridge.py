"""A cartridge in the making: whatever is done to it, it can be written, and read back as it is."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from corpus.cartridges.cartridge import POSITIONS, Cartridge, FilledSlot, GenerationInfo
from corpus.cartridges.generation_request import GenerationRequest, read_generation_request
from corpus.cartridges.naming import legal_name, unique_name
from corpus.cartridges.writing import cartridge_bytes, cartridge_sidecar
from corpus.sources.found_file import names_generator
from dx7.errors import CartridgeError, CategoryError, VoiceError
from dx7.formats.files import read_bank_bytes
from dx7.voices.voice import INIT_VOICE, Voice


def voice(number: int, name: str = "TONE") -> Voice:
    return INIT_VOICE.replace(op2_output_level=1 + number % 99, op1_eg_rate_1=number // 99, name=name)


def slots(count: int, start: int = 0, name: str = "TONE") -> list[FilledSlot]:
    return [FilledSlot(voice(number, name)) for number in range(start, start + count)]


def names(cartridge: Cartridge) -> list[str]:
    return [slot.voice.name if slot else "" for slot in cartridge.slots]


def test_names_become_legal_and_unique_when_voices_come_in() -> None:
    cartridge = Cartridge().add(
        [FilledSlot(voice(n, name)) for n, name in enumerate(["PAD", "pad", "A\\B", "A¥B", ""])]
    )
    assert names(cartridge)[:5] == ["PAD", "pad 2", "A¥B", "A¥B 2", "VOICE"]
    assert names(cartridge.rename(1, "Flügelhorn & friends"))[0] == "Flugelhorn"
    assert names(cartridge.rename(2, "pad 2"))[1] == "pad 2"  # its own name is not in its way
    assert names(cartridge.rename(5, "PAD"))[4] == "PAD 2 2" or names(cartridge.rename(5, "PAD"))[4] == "PAD 3"


def test_voices_go_into_the_free_slots_from_the_cursor_on() -> None:
    cartridge = Cartridge().add(slots(3), position=31)
    assert list(cartridge.filled()) == [1, 31, 32]
    with pytest.raises(CartridgeError, match="has that voice already"):
        cartridge.add(slots(1))
    full = cartridge.add(slots(60))
    assert len(full) == 32
    with pytest.raises(CartridgeError, match="is full; remove"):
        full.add(slots(1, start=200))


def test_moving_swapping_removing_replacing() -> None:
    cartridge = Cartridge().add([FilledSlot(voice(n, f"V{n}")) for n in range(4)])
    assert names(cartridge.move(1, 3))[:4] == ["V1", "V2", "V0", "V3"]
    assert names(cartridge.move(4, 1))[:4] == ["V3", "V0", "V1", "V2"]
    assert names(cartridge.swap(1, 32))[0] == ""
    assert names(cartridge.swap(1, 32))[31] == "V0"
    assert names(cartridge.remove([2, 3]))[:4] == ["V0", "", "", "V3"]
    changed = cartridge.replace({2: FilledSlot(voice(50, "V3")), 4: FilledSlot(voice(51, "V0"))})
    assert names(changed)[:4] == ["V0", "V3", "V2", "V0 2"]
    with pytest.raises(CartridgeError, match="already"):
        cartridge.replace({2: FilledSlot(voice(0))})
    with pytest.raises(CartridgeError, match="slot 9 is empty"):
        cartridge.rename(9, "X")
    with pytest.raises(CartridgeError, match="no slot 33"):
        cartridge.move(33, 1)
    with pytest.raises(CartridgeError, match="each of its 32 slots once"):
        cartridge.arrange([1] * 32)


def test_no_cartridge_can_hold_two_of_a_name_or_of_a_key() -> None:
    one = FilledSlot(voice(1, "ONE"))
    for other in (
        FilledSlot(voice(2, "one")),
        replace(one, voice=voice(2, "TWO")),
        FilledSlot(voice(3, "X" * 3 + " Y").replace(name=" X")),
    ):
        with pytest.raises(CartridgeError):
            Cartridge((one, other, *[None] * 30))


POSITION = st.sampled_from(POSITIONS)
TEXT = st.text(max_size=14)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(0, 400), TEXT, POSITION),
        st.tuples(st.just("replace"), st.integers(0, 400), TEXT, POSITION),
        st.tuples(st.just("remove"), POSITION),
        st.tuples(st.just("move"), POSITION, POSITION),
        st.tuples(st.just("swap"), POSITION, POSITION),
        st.tuples(st.just("rename"), POSITION, TEXT),
        st.tuples(st.just("arrange"), st.permutations(POSITIONS)),
    ),
    max_size=25,
)


def take(cartridge: Cartridge, step: tuple) -> Cartridge:
    match step:
        case "add", number, text, at:
            return cartridge.add([FilledSlot(voice(number, legal_name(text)))], position=at)
        case "replace", number, text, at:
            return cartridge.replace({at: FilledSlot(voice(number, legal_name(text)))})
        case "remove", at:
            return cartridge.remove([at])
        case name, *arguments:
            return getattr(cartridge, name)(*arguments)
    raise AssertionError(step)


@settings(max_examples=60, deadline=None)
@given(STEPS)
def test_whatever_is_done_it_reads_back_as_32_legal_voices_of_32_names(steps: list[tuple]) -> None:
    cartridge = Cartridge()
    for step in steps:
        try:
            cartridge = take(cartridge, step)
        except CartridgeError:
            continue
    data = cartridge_bytes(cartridge)
    bank = read_bank_bytes(data, "made.syx")
    assert len(data) == 4104
    assert not bank.issues
    assert not list(bank.voice_issues())
    voices = bank.voices()
    assert len({v.name.casefold() for v in voices}) == 32
    assert [v for v, slot in zip(voices, cartridge.slots, strict=True) if slot] == [
        slot.voice for slot in cartridge.slots if slot
    ]


@given(st.text(max_size=30), st.lists(st.text(max_size=12), max_size=20))
def test_a_unique_name_is_legal_whatever_was_typed(text: str, taken: list[str]) -> None:
    name = unique_name(text, taken)
    assert name == legal_name(name)
    assert INIT_VOICE.replace(name=name).name == name
    assert name.casefold() not in {other.casefold() for other in taken}


def test_the_sidecar_names_a_generator_only_where_a_model_made_a_voice() -> None:
    by_hand = Cartridge().add(slots(3)).called("My Brass / 1")
    assert read_bank_bytes(cartridge_bytes(by_hand), "made").voices() == by_hand.voices()
    sidecar = cartridge_sidecar(by_hand)
    assert [slot["empty"] for slot in json.loads(sidecar)["slots"]] == [False] * 3 + [True] * 29
    assert not names_generator(sidecar)
    made = by_hand.add([FilledSlot(voice(70), request=GenerationRequest.of({"brass": 1}))])
    assert names_generator(cartridge_sidecar(made))
    step = by_hand.add(
        [
            FilledSlot(
                voice(70),
                request=GenerationRequest.of({"brass": 1}),
                generation=GenerationInfo(fit=0.5, differs=12, share=0.25),
            )
        ]
    )
    about = json.loads(cartridge_sidecar(step))["slots"][3]
    assert (about["fit"], about["differs_at_least"], about["share_of_the_way"]) == (0.5, 12, 0.25)


def test_a_wish_is_checked_and_comes_back_from_its_facts() -> None:
    request = GenerationRequest.of(
        {"strings": 0.3, "brass": 0.7, "pad": 0}, like=voice(3), amount=0.5, locked=("algorithm",)
    )
    assert request.categories == ("brass", "strings")
    assert request.share == pytest.approx(0.7)
    assert read_generation_request(json.loads(json.dumps(request.facts()))) == request
    walk = GenerationRequest(ends=(voice(3), voice(4)), temperature=0.8)
    assert read_generation_request(json.loads(json.dumps(walk.facts()))) == walk
    older = {key: fact for key, fact in request.facts().items() if key not in ("ends", "temperature")}
    assert read_generation_request(older) == request
    assert GenerationRequest().category_text == ""
    with pytest.raises(CategoryError, match="weight of brass is -1"):
        GenerationRequest.of({"brass": -1})
    with pytest.raises(VoiceError, match="amount is 0"):
        GenerationRequest(amount=0)
    with pytest.raises(VoiceError, match="no parameter group"):
        GenerationRequest(locked=("reverb",))
    with pytest.raises(VoiceError, match=r"temperature is 2\.5; it must be 0\.3 to 2"):
        GenerationRequest(temperature=2.5)
    with pytest.raises(VoiceError, match="are the same voice"):
        GenerationRequest(ends=(voice(3), voice(3, "OTHERWISE")))
    with pytest.raises(VoiceError, match="cannot have a reference voice"):
        GenerationRequest(ends=(voice(3), voice(4)), like=voice(5))
