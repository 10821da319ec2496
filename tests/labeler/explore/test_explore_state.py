"""The Explore page without its page: what is looked at, for whom an answer is, what the map is sent."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import numpy as np
import pytest

from corpus.analysis.sound_map import update_map
from corpus.labels.answer import AnswerKind, HeardOn
from corpus.labels.journal import read_journals
from corpus.storage.store import open_store
from dx7.errors import StoreError
from labeler.explore.explore_state import ExploreState, ResultSource
from labeler.explore.map_points import MapPointsCache, encode_found
from labeler.explore.tiles import result_tiles
from labeler.page.context import Context
from labeler.widgets.voice_grid import GridEvent
from tests.corpus.test_map import make_store
from tests.labeler.store_builder import varied_voices

IDS = [row.voice.voice_id for row in varied_voices(60)]


@pytest.fixture
def context(tmp_path: Path) -> Context:
    store = make_store(tmp_path / "store.duckdb", 60)
    return Context(store=store, journals=tmp_path / "labels", data=tmp_path, labeller="anna")


@pytest.fixture
def desk(context: Context) -> ExploreState:
    return ExploreState(context)


def journal(context: Context) -> list[bytes]:
    path = context.journals / "anna.jsonl"
    return path.read_bytes().splitlines() if path.exists() else []


def pad(at: str, *marked: str, heard: float = 0.0) -> GridEvent:
    return GridEvent("label", at, marked=marked, categories=("brass",), heard={at: heard}, way="engine")


def test_a_search_is_narrowed_and_shown(desk: ExploreState) -> None:
    everything = desk.read()
    assert (everything.total, len(everything.found), everything.matching) == (60, 48, None)
    desk.find({"text": "tone 1", "chosen": {"category": ["piano"]}})
    shown = desk.read()
    assert shown.total == len(shown.found)
    assert shown.matching == {hit.voice_id for hit in shown.found}  # type: ignore[union-attr]
    tiles = result_tiles(shown.found, shown.voices, shown.opinions)
    assert [tile.key for tile in tiles] == [hit.voice_id for hit in shown.found]  # type: ignore[union-attr]
    assert {tile.category for tile in tiles} == {"piano"}
    assert all(tile.detail.startswith("piano?") for tile in tiles)
    assert {tile.hint for tile in tiles} == {"names piano 0.80"}
    desk.find("nonsense")
    assert desk.text == "tone 1"


def test_what_sounds_alike_is_shown_nearest_first(desk: ExploreState) -> None:
    desk.show_like(IDS[0])
    shown = desk.read()
    assert shown.heading == "Nearest by sound to TONE 0"
    gauges = [tile.gauge for tile in result_tiles(shown.found, shown.voices, shown.opinions)]
    assert gauges == sorted(gauges, key=lambda gauge: -(gauge or 0))
    desk.back()
    assert desk.shows is ResultSource.FOUND


def test_a_voice_that_was_heard_is_answered_at_once(desk: ExploreState, context: Context) -> None:
    desk.propose(AnswerKind.LABEL, pad(IDS[3], heard=1.25))
    (answer,) = read_journals(context.journals).answers
    assert (answer.voice_id, answer.covers, answer.heard, answer.page) == (IDS[3], (), "engine", "explore")
    assert answer.dwell_seconds == 1.25
    assert desk.proposal is None
    assert desk.notice == "Brass: 1 voice."


def test_a_voice_that_was_not_heard_is_only_proposed(desk: ExploreState, context: Context) -> None:
    desk.propose(AnswerKind.LABEL, pad(IDS[3], heard=0.1))
    assert journal(context) == []
    assert desk.proposal is not None
    assert desk.proposal.words() == "Brass: 1 voice."
    desk.confirm(pad(IDS[3], heard=0.1))
    (answer,) = read_journals(context.journals).answers
    assert answer.heard == HeardOn.NOT_HEARD


def test_a_selection_is_answered_in_one_line_after_its_count_was_shown(desk: ExploreState, context: Context) -> None:
    desk.propose(AnswerKind.LABEL, pad(IDS[0], heard=2.0))
    desk.select(IDS[:20])
    desk.propose(AnswerKind.LABEL, pad(IDS[1], heard=2.0))
    assert len(journal(context)) == 1
    assert desk.proposal is not None
    assert desk.proposal.words() == "Brass: 19 voices. 1 you have answered already keep their answer."
    desk.confirm(pad(IDS[1]))
    answer = read_journals(context.journals).answers[-1]
    assert len(journal(context)) == 2
    assert (answer.voice_id, answer.heard, len(answer.covers)) == (IDS[1], "engine", 18)
    assert answer.dwell_seconds == 2.0
    with open_store(context.store, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchall() == [(20,)]
    desk.undo()
    assert desk.notice == "Undone: Brass: 19 voices."
    desk.undo()
    with open_store(context.store, read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM answers").fetchall() == [(0,)]
    desk.undo()
    assert desk.notice == "Nothing to undo."


def test_marks_come_before_the_selection(desk: ExploreState, context: Context) -> None:
    desk.select(IDS[:20])
    desk.propose(AnswerKind.BROKEN, pad(IDS[1], IDS[5], IDS[6]))
    desk.confirm(pad(IDS[1], IDS[5], IDS[6]))
    (answer,) = read_journals(context.journals).answers
    assert (answer.answer, answer.voice_id, answer.covers) == (AnswerKind.BROKEN, IDS[5], (IDS[6],))
    assert answer.categories == ()


def test_other_voices_than_those_proposed_are_proposed_anew(desk: ExploreState, context: Context) -> None:
    desk.propose(AnswerKind.LABEL, pad(IDS[1], IDS[5], IDS[6]))
    desk.confirm(pad(IDS[1], IDS[5], IDS[6], IDS[7]))
    assert journal(context) == []
    assert desk.proposal is not None
    assert desk.proposal.targets == (IDS[5], IDS[6], IDS[7])
    assert desk.proposal.categories == ("brass",)
    assert "Other voices" in desk.notice
    desk.back()
    assert desk.proposal is None
    desk.confirm(pad(IDS[1], IDS[5]))
    assert journal(context) == []


def test_everything_found_can_be_selected(desk: ExploreState, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.find({"text": "", "chosen": {"category": ["brass"]}})
    desk.select_all()
    assert desk.shows is ResultSource.SELECTED
    assert len(desk.selection) == 15
    desk.back()
    monkeypatch.setattr("labeler.explore.explore_state.MOST_VOICES", 14)
    desk.select_all()
    assert desk.shows is ResultSource.FOUND
    assert "More than 14 voices" in desk.notice


def test_a_busy_store_costs_no_answer(desk: ExploreState, context: Context, monkeypatch: pytest.MonkeyPatch) -> None:
    from dx7.errors import StoreBusyError

    def busy(*_: object, **__: object) -> None:
        raise StoreBusyError("another program holds it")

    monkeypatch.setattr("labeler.explore.explore_state.open_store", busy)
    desk.propose(AnswerKind.LABEL, pad(IDS[3], heard=1.0))
    assert len(journal(context)) == 1
    assert "in the journal" in desk.notice


def decode(payload: bytes) -> dict[str, object]:
    """What front/map_points.js reads."""
    length = int.from_bytes(payload[:4], "little")
    header = json.loads(payload[4 : 4 + length])
    at, count = 4 + -(-length // 4) * 4, header["count"]
    columns = {}
    for name, kind, size in (("x", "<f4", 4), ("y", "<f4", 4), ("hertz", "<f4", 4), ("family", "<u4", 4)):
        columns[name] = np.frombuffer(payload, kind, count, at)
        at += size * count
    for name in ("category", "labelled"):
        columns[name] = np.frombuffer(payload, np.uint8, count, at)
        at += count
    ids = payload[at : at + 16 * count].hex()
    names = payload[at + 16 * count :].decode().split("\n")
    return {"header": header, "ids": [ids[n : n + 32] for n in range(0, len(ids), 32)], "names": names} | columns


def test_the_map_gets_numbers_and_gives_back_numbers(context: Context) -> None:
    keeper = MapPointsCache()
    assert keeper.latest(context.store).voice_ids == ()
    update_map(context.store)
    sent = keeper.latest(context.store)
    assert keeper.latest(context.store) is sent, "nothing has changed, so nothing is read"
    read = decode(sent.payload)
    assert read["header"] == {"mark": sent.mark, "count": 60}
    assert read["ids"] == list(sent.voice_ids) == sorted(IDS)
    assert len(read["names"]) == 60  # type: ignore[arg-type]
    rows = base64.b64encode(np.array([3, 59, 4_000_000], "<u4").tobytes()).decode()
    chosen = keeper.selected(context.store, {"mark": sent.mark, "indices": rows})
    assert chosen == [sent.voice_ids[3], sent.voice_ids[59]]
    for nonsense in (None, [], {"mark": sent.mark, "indices": "%%"}, {"mark": sent.mark, "indices": "AAA="}):
        assert keeper.selected(context.store, nonsense) == []
    with pytest.raises(StoreError, match="the map has changed"):
        keeper.selected(context.store, {"mark": "other", "indices": rows})


def test_a_label_changes_the_address_but_not_the_list_of_voices(context: Context, desk: ExploreState) -> None:
    update_map(context.store)
    keeper = MapPointsCache()
    before = keeper.latest(context.store)
    desk.propose(AnswerKind.LABEL, pad(IDS[3], heard=1.0))
    after = keeper.latest(context.store)
    assert after.address != before.address
    assert after.mark == before.mark
    assert decode(after.payload)["labelled"].sum() == 1  # type: ignore[attr-defined]


def test_what_was_found_is_bits() -> None:
    ids = tuple(f"{number}" for number in range(11))
    assert base64.b64decode(encode_found(ids, frozenset({"0", "9"}))) == bytes([1, 2])
