"""Moving tiles faster than Python answers."""

from __future__ import annotations

import pytest

from corpus.cartridges.cartridge import POSITIONS, Cartridge, FilledSlot
from dx7.errors import CartridgeError
from labeler.cartridge.tiles import cartridge_tiles, positions_of
from tests.labeler.store_builder import varied_voices


def cartridge_of(*positions: int) -> Cartridge:
    rows = varied_voices(len(positions))
    return Cartridge().replace(
        {at: FilledSlot(row.voice, key=f"key{at}") for at, row in zip(positions, rows, strict=True)}
    )


@pytest.mark.parametrize("start", [1, 5])
@pytest.mark.parametrize("moves", [(1, 1), (1, 1, 1), (1, -1), (4, 4), (4, 1, -1)])
def test_quick_moves_past_empty_slots_all_count(start: int, moves: tuple[int, ...]) -> None:
    cartridge = cartridge_of(start, 7, 8)
    shown = [tile.key for tile in cartridge_tiles(cartridge)]  # the browser hears of no order before the last
    for by in moves:
        at = shown.index(f"key{start}")
        shown.insert(at + by, shown.pop(at))
        cartridge = cartridge.arrange(positions_of(cartridge, shown))
    assert {f"key{start}", "key7", "key8"} == {slot.key for slot in cartridge.filled().values()}
    for position, key in zip(POSITIONS, shown, strict=True):
        slot = cartridge[position]
        assert (slot.key == key) if slot else key.startswith("empty-")


def test_an_order_from_before_a_voice_came_is_refused() -> None:
    shown = [tile.key for tile in cartridge_tiles(cartridge_of(1))]
    fuller = cartridge_of(1, 2)
    with pytest.raises(CartridgeError, match="each of its 32 slots once"):
        fuller.arrange(positions_of(fuller, shown))
