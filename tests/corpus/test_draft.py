"""A draft on disk: what was done comes back, and can be taken back, whenever the program ended."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from corpus.cartridges.cartridge import Cartridge, FilledSlot, GenerationInfo, RatingOutcome, SlotRating
from corpus.cartridges.draft import EMPTY_CARTRIDGE, CartridgeDraft, read_draft, save_change, save_undo
from corpus.cartridges.generation_request import GenerationRequest
from corpus.cartridges.ratings import REQUESTED, hit_rates, rate_slot
from corpus.labels.answer import Answer, AnswerKind, Page
from corpus.labels.new_answer import undo_of
from dx7.errors import CartridgeError, JournalError
from tests.corpus.test_cartridge import slots, voice

NOW = datetime(2026, 5, 1, tzinfo=UTC)
BRASS = GenerationRequest.of({"brass": 1})


def test_every_change_comes_back_and_can_be_taken_back(tmp_path: Path) -> None:
    draft, seen = read_draft(tmp_path, "anna"), []
    changes = [
        ("fill", lambda c: c.add(slots(32))),
        ("move", lambda c: c.move(3, 30)),
        ("rename", lambda c: c.rename(1, "NEW")),
        ("title", lambda c: c.called("LIVE")),
        (
            "wish",
            lambda c: c.replace(
                {4: FilledSlot(voice(200), "brass", "the model", (), BRASS, generation=GenerationInfo(fit=0.75))}
            ),
        ),
        ("keep", lambda c: c.rate({4: SlotRating(RatingOutcome.KEPT, "e" * 32)})),
        ("clear", lambda c: EMPTY_CARTRIDGE),
    ]
    for what, change in changes:
        seen.append(draft.cartridge)
        draft = save_change(tmp_path, "anna", draft, what, change(draft.cartridge))
        assert read_draft(tmp_path, "anna") == draft
    assert [change.what for change in draft.changes] == [what for what, _ in changes]
    assert save_change(tmp_path, "anna", draft, "nothing", draft.cartridge) is draft
    for before in reversed(seen):
        draft = save_undo(tmp_path, "anna", draft)
        assert draft.cartridge == before
        assert read_draft(tmp_path, "anna") == draft
    with pytest.raises(CartridgeError, match="nothing to undo"):
        save_undo(tmp_path, "anna", draft)
    assert read_draft(tmp_path, "ben") == CartridgeDraft()


def test_a_line_from_before_models_told_of_voices_is_read(tmp_path: Path) -> None:
    draft = save_change(
        tmp_path, "anna", CartridgeDraft(), "ask", EMPTY_CARTRIDGE.add([FilledSlot(voice(1), request=BRASS)])
    )
    path = tmp_path / "anna.jsonl"
    fields = json.loads(path.read_text())
    del fields["slots"]["1"]["told"]
    for newer in ("ends", "temperature"):
        del fields["slots"]["1"]["wish"][newer]
    path.write_text(json.dumps(fields) + "\n")
    assert read_draft(tmp_path, "anna").cartridge == draft.cartridge


def test_a_line_that_was_cut_short_costs_that_change_alone(tmp_path: Path) -> None:
    draft = save_change(tmp_path, "anna", CartridgeDraft(), "fill", EMPTY_CARTRIDGE.add(slots(2)))
    path = tmp_path / "anna.jsonl"
    with path.open("ab") as file:
        file.write(b'{"change":"move","slots":{"1":{"key"')
    found = read_draft(tmp_path, "anna")
    assert (found.cartridge, found.unreadable) == (draft.cartridge, 1)
    after = save_change(tmp_path, "anna", found, "rename", found.cartridge.rename(1, "ON"))
    assert read_draft(tmp_path, "anna").cartridge == after.cartridge


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"change":"x","slots":{"1e999":null}}',
        b'{"change":"x","slots":{"1":{"voice":"","verdict":null,"wish":{"mix":{"brass":1e999}}}}}',
        b'{"change":"x","slots":[1]}',
        b'{"change":"x","slots":{"1":{"key":"k","source":"","category":null,"verdict":null,"wish":null,"voice":[1]}}}',
        b"7",
    ],
)
def test_a_hostile_line_costs_that_line_alone(tmp_path: Path, line: bytes) -> None:
    draft = save_change(tmp_path, "anna", CartridgeDraft(), "fill", EMPTY_CARTRIDGE.add(slots(2)))
    with (tmp_path / "anna.jsonl").open("ab") as file:
        file.write(line + b"\n")
    found = read_draft(tmp_path, "anna")
    assert (found.cartridge, found.unreadable) == (draft.cartridge, 1)


_MAKE = """
import sys
from pathlib import Path
from corpus.cartridges.draft import save_change, read_draft
from tests.corpus.test_cartridge import slots
folder = Path(sys.argv[1])
draft = read_draft(folder, "anna")
draft = save_change(folder, "anna", draft, "fill", draft.cartridge.add(slots(32)))
for number in range(10_000):
    draft = save_change(folder, "anna", draft, "rename", draft.cartridge.rename(1, f"N{number}"))
    print(number, flush=True)
"""


def test_kill_9_loses_no_change(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", _MAKE, str(tmp_path)], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = -1
        while shown < 20:
            shown = int(process.stdout.readline())
        os.kill(process.pid, signal.SIGKILL)
        shown = max([shown, *(int(line) for line in process.stdout.read().split())])
    draft = read_draft(tmp_path, "anna")
    first = draft.cartridge[1]
    assert first is not None
    assert int(first.voice.name[1:]) >= shown
    assert len(draft.changes) >= shown + 2


def judged(slot: FilledSlot, categories: tuple[str, ...] | None, seconds: float = 1.0) -> tuple[Answer, SlotRating]:
    return rate_slot(slot, categories, labeller="anna", time=NOW, heard="dx7", seconds=seconds)


def test_a_verdict_is_a_label_and_only_of_what_was_heard() -> None:
    slot = FilledSlot(voice(1, "NEW"), None, "the model", (), GenerationRequest.of({"strings": 1, "brass": 2}))
    answer, rating = judged(slot, ())
    assert (answer.answer, answer.categories) == (AnswerKind.LABEL, ("brass", "strings"))
    assert (answer.heard, answer.page, answer.dwell_seconds) == ("dx7", Page.CARTRIDGE, 1.0)
    assert answer.suggestion is not None
    assert (answer.suggestion.category, answer.suggestion.origin) == ("brass", REQUESTED)
    assert rating == SlotRating(RatingOutcome.KEPT, answer.event)
    assert judged(slot, ("pad",))[1].found is RatingOutcome.OTHER
    dud, rating = judged(slot, None)
    assert (dud.answer, dud.categories, rating.found) == (AnswerKind.BROKEN, (), RatingOutcome.REJECTED)
    with pytest.raises(CartridgeError, match="listen to NEW before"):
        judged(slot, (), seconds=0.1)
    with pytest.raises(CartridgeError, match="was not generated"):
        judged(FilledSlot(voice(1)), ())
    with pytest.raises(CartridgeError, match="without a category"):
        judged(FilledSlot(voice(1), None, "the model", (), GenerationRequest(like=voice(2))), ())
    assert judged(FilledSlot(voice(1), "bell", "the model", (), GenerationRequest(like=voice(2))), ())[
        0
    ].categories == ("bell",)
    with pytest.raises(JournalError, match="theremin"):
        judged(slot, ("theremin",))


def test_the_model_hits_as_often_as_people_keep_what_they_asked_for() -> None:
    asked = [FilledSlot(voice(n), request=BRASS) for n in range(5)] + [
        FilledSlot(voice(n), request=GenerationRequest.of({"organ": 1})) for n in (7, 8)
    ]
    found = [(), (), (), ("pad",), None, (), None]
    answers = [judged(slot, categories)[0] for slot, categories in zip(asked, found, strict=True)]
    brass, organ = hit_rates(answers)
    assert (brass.category, brass.heard, brass.kept, brass.other, brass.rejected) == ("brass", 5, 3, 1, 1)
    assert (organ.category, organ.rate) == ("organ", 0.5)
    undone = [undo_of(answers[-1], time=NOW)]
    assert hit_rates([*answers, *undone])[1].heard == 1
    assert hit_rates([]) == []


def test_an_undo_takes_the_verdicts_of_that_change_back_and_no_others(tmp_path: Path) -> None:
    made = Cartridge().add([FilledSlot(voice(n), request=BRASS) for n in range(3)])
    draft = CartridgeDraft().change("ask", made)
    draft = draft.change("keep", made.rate({1: SlotRating(RatingOutcome.KEPT, "a" * 32)}))
    draft = draft.change("reject", draft.cartridge.rate({2: SlotRating(RatingOutcome.REJECTED, "b" * 32)}))
    assert draft.undone_events == ("b" * 32,)
    draft = draft.change("replace", draft.cartridge.replace({2: FilledSlot(voice(9), request=BRASS)}))
    assert draft.undone_events == ()
    assert draft.undo().undone_events == ("b" * 32,)
    assert draft.undo().undo().undone_events == ("a" * 32,)
