"""The panels of the Cartridge page in Streamlit's test runner: requests, and the figures that the model gives."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from corpus.cartridges.cartridge import Cartridge, FilledSlot, GenerationInfo
from corpus.cartridges.editor import CartridgeEditor
from corpus.cartridges.generation_request import GenerationRequest
from dx7.errors import CartridgeError
from dx7.formats.files import read_bank
from dx7.shared.locations import STARTER_BANKS
from labeler.cartridge.generation_jobs import Destination, GenerationJobs
from labeler.cartridge.job_kinds import SamplingSettings, variations_job, walk_ends, walk_job
from labeler.cartridge.results_panel import rejection_counts, result_rows
from labeler.cartridge.tiles import cartridge_tiles
from labeler.processes.generated_batch import GeneratedBatch
from labeler.processes.generation import GenerationProcess
from labeler.widgets.voice_grid import GridEvent
from tests.labeler.processes.test_generation import stub

BELLS = read_bank(STARTER_BANKS / "bell.syx").voices()


def _draw() -> None:
    from labeler.page.context import context_of
    from labeler.screens import cartridge

    cartridge.draw(context_of("anna"))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CartridgeEditor:
    """A desk with three bells, and a model that answers at once."""
    monkeypatch.setenv("CARTWRIGHT_DATA", str(tmp_path))
    monkeypatch.setattr(
        "labeler.cartridge.generation_jobs.GenerationProcess", partial(GenerationProcess, command=stub())
    )
    desk = CartridgeEditor(tmp_path / "cartridges", tmp_path / "labels", "anna")
    desk.add("fill", [FilledSlot(voice, "bell") for voice in BELLS[:3]])
    return desk


def open_page() -> AppTest:
    page = AppTest.from_function(_draw, default_timeout=60).run()
    assert not page.exception
    return page


def choose(page: AppTest, make: str) -> AppTest:
    page.segmented_control(key="ask-kind").set_value(make).run()
    assert not page.exception
    return page


def ask(page: AppTest) -> GenerationRequest:
    """Press the button, wait for the model, and give what it was asked for as the slots have it."""
    page.button(key="ask").click().run()
    assert not page.exception
    asking = _asking(page)
    asking.wait(60)
    page.run()
    assert not page.exception
    return asking.requests[0]


def _asking(page: AppTest) -> GenerationProcess:
    jobs: GenerationJobs = page.session_state["cartridge-jobs-anna"]
    running = jobs._running
    assert running is not None, jobs.problem
    return running[0]


def test_a_walk_between_two_voices_of_the_rack(desk: CartridgeEditor) -> None:
    page = choose(open_page(), "Walk")
    assert [page.selectbox(key=key).value for key in ("ask-from", "ask-to")] == [
        desk.cartridge.filled()[position].key for position in (1, 3)
    ]
    page.selectbox(key="ask-from").select_index(1).run()
    request = ask(page)
    first, *between, last = desk.cartridge.slots
    assert (request.ends, request.categories) == ((BELLS[1], BELLS[2]), ("bell",))
    assert first is not None
    assert last is not None
    assert (first.voice, last.voice) == (BELLS[1], BELLS[2])
    assert first.request is last.request is None  # the ends are as they were, and no model made them
    assert all(slot and slot.request == request and slot.category == "bell" for slot in between)
    assert [round(31 * (slot.generation.share or 0)) for slot in between if slot] == list(range(1, 31))
    assert desk.undo().startswith("A walk from ")
    assert len(desk.cartridge) == 3


def test_two_different_voices_make_a_walk_and_one_does_not(desk: CartridgeEditor) -> None:
    desk.change("remove", desk.cartridge.remove([2, 3]))
    page = choose(open_page(), "Walk")
    page.button(key="ask").click().run()
    assert any("are the same voice" in text.value for text in page.text)
    desk.change("clear", desk.cartridge.remove([1]))
    page.run()
    assert page.button(key="ask").disabled


def test_variations_go_by_amount_locks_and_temperature(desk: CartridgeEditor) -> None:
    page = choose(open_page(), "Variations")
    page.select_slider(key="ask-amount").set_value(1.0)
    page.pills(key="ask-locks").set_value(["algorithm"])
    page.slider(key="ask-temperature").set_value(1.3)
    page.number_input(key="ask-seed").set_value(99).run()
    request = ask(page)
    assert (request.like, request.amount, request.locked, request.temperature) == (BELLS[0], 1.0, ("algorithm",), 1.3)
    assert desk.cartridge.filled()[4].source == "the model beef, seed 99"
    choose(page, "Category or mix")
    assert (page.session_state["ask-amount"], page.session_state["ask-locks"]) == (1.0, ["algorithm"])
    choose(page, "Variations")
    assert page.select_slider(key="ask-amount").value == 1.0


def test_keys_of_the_rack_ask_by_what_the_panel_was_set_to(
    desk: CartridgeEditor, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[GridEvent] = []
    monkeypatch.setattr(
        "labeler.screens.cartridge.draw_voice_grid", lambda *_, **named: iter([events.pop()] if events else [])
    )
    one, two, three = (slot.key for slot in desk.cartridge.filled().values())
    page = choose(open_page(), "Variations")
    page.select_slider(key="ask-amount").set_value(0.1)
    page.pills(key="ask-locks").set_value(["levels"])
    page.slider(key="ask-temperature").set_value(0.5).run()
    choose(page, "Walk")  # what V goes by is hidden now
    events.append(GridEvent("vary", two))
    page.run()
    vary = _asking(page)
    assert [(wish.like, wish.amount, wish.locked, wish.temperature) for wish in vary.requests] == [
        (BELLS[1], 0.1, ("levels",), 0.5)
    ]
    vary.wait(60)
    page.run()
    events.append(GridEvent("walk", one, marked=(three,)))
    page.run()
    walk = _asking(page)
    assert [(wish.ends, wish.temperature) for wish in walk.requests] == [((BELLS[2], BELLS[0]), 0.5)]
    walk.wait(60)
    page.run()
    assert not page.exception
    first, last = desk.cartridge[1], desk.cartridge[32]
    assert (first and first.key, last and last.key) == (three, one)


def test_a_mix_by_weight_and_what_was_thrown_away(desk: CartridgeEditor) -> None:
    page = open_page()
    page.multiselect(key="ask-categories").set_value(["brass", "pad"]).run()
    page.slider(key="ask-weight-pad").set_value(0.25)
    page.slider(key="ask-temperature").set_value(0.6).run()
    request = ask(page)
    assert (request.mix, request.temperature) == ((("brass", 0.5), ("pad", 0.25)), 0.6)
    slots, rest = page.dataframe
    assert len(slots.value) == 29
    assert slots.value["Fits"].tolist() == [round(n / 32, 2) for n in range(1, 30)]
    assert slots.value["Faults"].tolist()[:3] == ["", "shrill", ""]
    assert "Of the way" not in slots.value
    assert dict(zip(rest.value["Why"], rest.value["Voices"], strict=True)) == {"less likely": 5, "drone": 3}
    assert any(text.value.startswith("40 voices sampled, 32 kept") for text in page.text)


def test_an_empty_rack_has_nothing_to_vary(desk: CartridgeEditor) -> None:
    desk.change("clear", Cartridge())
    page = choose(open_page(), "Variations")
    assert page.button(key="ask").disabled
    assert not choose(page, "Category or mix").button(key="ask").disabled


# ---- below the page ----


def slots(count: int, **more: Any) -> list[FilledSlot]:
    return [FilledSlot(voice, "bell", **more) for voice in BELLS[:count]]


def test_the_ends_of_a_walk_are_two_marks_or_a_mark_and_the_cursor() -> None:
    cartridge = Cartridge().add(slots(3))
    one, two, three = (slot.key for slot in cartridge.filled().values())
    for marked, at, ends in (((one, three), two, (one, three)), ((three,), one, (three, one))):
        assert tuple(slot.key for slot in walk_ends(cartridge, marked, at)) == ends
    nowhere: list[tuple[list[str], str]] = [([], one), ([one], one), ([one, two, three], one), ([one], "empty-7")]
    for marks, cursor in [*nowhere, ([one, "gone"], two)]:
        with pytest.raises(CartridgeError, match="a walk has two ends"):
            walk_ends(cartridge, marks, cursor)


def test_a_walk_is_of_a_category_if_both_ends_are() -> None:
    first, second, third = slots(3)
    third = FilledSlot(third.voice, "organ")
    assert walk_job(first, second, SamplingSettings()).request.mix == (("bell", 1.0),)
    assert walk_job(first, third, SamplingSettings()).request.mix == ()
    assert walk_job(first, second, SamplingSettings(temperature=0.5)).request.temperature == 0.5


def test_a_full_cartridge_is_not_varied_into_free_slots() -> None:
    cartridge = Cartridge().add(slots(32))
    with pytest.raises(CartridgeError, match="the cartridge is full"):
        variations_job(cartridge, slots(1)[0], SamplingSettings(), into=Destination.FREE)
    assert variations_job(cartridge, slots(1)[0], SamplingSettings(), into=Destination.ALL).first is not None


def test_what_was_told_is_shown_on_tiles_and_in_rows() -> None:
    request = GenerationRequest.of({"bell": 1})
    made = [
        FilledSlot(BELLS[0], "bell"),
        FilledSlot(BELLS[1], "bell", request=request, generation=GenerationInfo(fit=0.9, differs=14, share=0.25)),
    ]
    cartridge = Cartridge().add(made)
    human, new = cartridge_tiles(cartridge)[:2]
    assert (human.gauge, human.hint) == (None, "")
    assert new.gauge == 0.9
    assert "25%" in new.detail
    assert "14 parameters" in new.hint
    (row,) = result_rows(cartridge, {"bell": "Bells"})
    assert row == {"Slot": 2, "Name": BELLS[1].name, "Category": "Bells", "Fits": 0.9, "Of the way": 0.25, "New by": 14}
    assert result_rows(Cartridge(), {}) == []
    batches = [GeneratedBatch((), 4, {"drone": 1, "shrill": 0}), GeneratedBatch((), 4, {"drone": 1, "off_pitch": 3})]
    assert list(rejection_counts(batches).items()) == [("off pitch", 3), ("drone", 2)]
