from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path

import pytest

from corpus.labels.answer import Answer, AnswerKind
from corpus.labels.journal import append_answers
from corpus.labels.progress import read_progress
from corpus.labels.projection import rebuild_answers
from corpus.labels.voice_card import read_cards
from corpus.storage.store import open_store
from corpus.storage.suggestion import Suggestion
from corpus.suggest.acquisition import FACTORS, MISSING, acquisition_factors, control_places
from corpus.suggest.queue import QueuedVoice, next_voices
from corpus.suggest.queue_candidates import read_candidates
from corpus.suggest.queue_reasons import ReasonFacts
from dx7.shared.categories import category_keys
from dx7.voices.voice import INIT_VOICE, Voice
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices


@pytest.fixture(scope="module")
def big_store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_store(tmp_path_factory.mktemp("queue") / "big.duckdb", varied_voices(4_000))


def ask(store: Path, count: int = 20, *, seed: int = 1, labeller: str = "anna", **more: object) -> list[QueuedVoice]:
    with open_store(store) as connection:
        return next_voices(connection, labeller=labeller, count=count, seed=seed, **more)  # type: ignore[arg-type]


def say(store: Path, kind: str, voices: list[str], *, labeller: str = "anna", category: str = "piano") -> None:
    folder = store.parent / "labels"
    first = len(list(folder.glob("*"))) * 1_000 + len(voices)
    append_answers(
        folder,
        [
            Answer(
                event=f"{first + n:031x}{len(kind):x}",
                labeller=labeller,
                time=datetime.now(UTC),
                voice_id=voice,
                answer=AnswerKind(kind),
                categories=(category,) if kind == "label" else (),
            )
            for n, voice in enumerate(voices)
        ],
    )
    with open_store(store) as connection:
        rebuild_answers(connection, folder)


def test_same_store_and_seed_same_queue(big_store: Path) -> None:
    assert ask(big_store) == ask(big_store)
    assert [q.voice_id for q in ask(big_store, 20)] == [q.voice_id for q in ask(big_store, 30)][:20]
    assert ask(big_store, seed=1) != ask(big_store, seed=2)


def test_nobody_is_asked_twice_and_the_lanes_are_mixed(big_store: Path) -> None:
    queued = ask(big_store, 100)
    assert len({q.voice_id for q in queued}) == 100
    lanes = Counter(q.lane for q in queued)
    assert set(lanes) == {"chosen", "control"}
    assert 3 <= lanes["control"] <= 20
    assert all(q.reason.startswith("asked") for q in queued)


def test_the_control_slice_is_an_even_draw(big_store: Path) -> None:
    drawn = [q for seed in range(20) for q in ask(big_store, 100, seed=seed) if q.lane == "control"]
    sightings = Counter(q.sightings for q in drawn)
    assert 0.07 < len(drawn) / 2_000 < 0.13
    assert len({q.voice_id for q in drawn}) > 0.9 * len(drawn)
    assert min(sightings.values()) > 0.5 * len(drawn) / 5


def test_rare_categories_catch_up(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(200))
    pianos = [q.voice_id for q in ask(store, 200) if q.suggestion and q.suggestion.category == "piano"][:30]
    say(store, "label", pianos)
    suggested = [q for q in ask(store, 200) if q.lane == "chosen" and q.suggestion]
    asked = [q.suggestion.category for q in suggested if q.suggestion]
    assert asked[-1] == "piano"
    assert asked.index("piano") > asked.index("brass")
    brass, piano = (suggested[asked.index(category)].worth for category in ("brass", "piano"))
    assert brass
    assert piano
    assert brass["rare"] == 1.0
    assert piano["rare"] < 0.6
    (reason,) = {q.reason for q in suggested if q.suggestion == suggested[0].suggestion and q.sightings == 1}
    assert reason == "asked because it may add to brass, which has no label"


def test_what_nobody_has_an_opinion_of_comes_before_what_is_known(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(80))
    chosen = [q for q in ask(store, 80) if q.lane == "chosen" and q.sightings == 3]
    unknown = [q.suggestion is None for q in chosen]
    assert unknown == sorted(unknown, reverse=True)
    assert chosen[0].worth
    assert chosen[0].worth["uncertain"] == 1.0
    assert "no suggestion yet" in chosen[0].reason


def test_the_most_found_come_first(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(100, categories=()))
    found = [q for q in ask(store, 50) if q.lane == "chosen"][:5]
    assert {q.sightings for q in found} == {5}
    assert found[0].reason == "asked because it was found in 5 places"


def test_an_answer_counts_for_the_family(tmp_path: Path) -> None:
    rows = varied_voices(40)
    store = build_store(tmp_path / "store.duckdb", rows)
    ids = sorted(row.voice.voice_id for row in rows)
    with open_store(store) as connection:
        families = [(voice_id, ids[number - number % 4], "", "") for number, voice_id in enumerate(ids)]
        connection.executemany("INSERT INTO families VALUES (?, ?, ?, ?)", families)
    family_of = {voice_id: family_id for voice_id, family_id, _, _ in families}
    first = ask(store, 40)
    assert len(first) == len({family_of[q.voice_id] for q in first}) == 10
    say(store, "label", [first[0].voice_id])
    say(store, "skip", [first[1].voice_id])
    left = ask(store, 40)
    assert family_of[first[0].voice_id] not in {family_of[q.voice_id] for q in left}
    assert len(left) == 9
    assert (left[-1].voice_id, left[-1].lane) == (first[1].voice_id, "skipped")
    assert len(ask(store, 40, exclude=[ids[0], ids[5]])) == 7
    assert any("family of 4" in q.reason for q in first)


def test_what_was_answered_is_not_asked_again(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(12))
    everything = [q.voice_id for q in ask(store, 100)]
    assert len(everything) == 12
    labelled, broken, unsure, skipped, favourite = everything[:5]
    say(store, "label", [labelled])
    say(store, "broken", [broken], labeller="ben")
    say(store, "unsure", [unsure])
    say(store, "skip", [skipped], labeller="cleo")
    left = [q.voice_id for q in ask(store, 100)]
    assert set(left) == set(everything) - {labelled, broken, unsure}
    assert favourite in left
    assert unsure in {q.voice_id for q in ask(store, 100, labeller="ben")}


def test_skipped_voices_come_last_and_say_so(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(12))
    skipped = [q.voice_id for q in ask(store, 3)]
    say(store, "skip", skipped)
    queued = ask(store, 100)
    assert {q.voice_id for q in queued[-3:]} == set(skipped)
    assert {q.reason for q in queued[-3:]} == {"asked again because you skipped it"}
    assert not set(skipped) & {q.voice_id for q in ask(store, 9)}


def test_fillers_are_never_asked(tmp_path: Path) -> None:
    mute = INIT_VOICE.replace(op1_output_level=0, algorithm=5)
    zeros = Voice(bytes(155))
    renamed = INIT_VOICE.replace(algorithm=9, name="STRINGS")
    rows = [VoiceRow(voice, sightings=9) for voice in (INIT_VOICE, mute, zeros, renamed)]
    store = build_store(tmp_path / "store.duckdb", [*rows, *varied_voices(3, start=5)])
    assert len(ask(store, 100)) == 3


@pytest.mark.parametrize("tag", ["silent", "garbage"])
def test_what_is_no_voice_is_never_asked_and_other_tags_do_not_matter(tmp_path: Path, tag: str) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(4))
    first, second = [q.voice_id for q in ask(store, 2)]
    with open_store(store) as connection:
        connection.execute("INSERT INTO health VALUES (?, ?), (?, 'drone'), (?, 'slow')", [first, tag, first, second])
    assert {q.voice_id for q in ask(store, 100)} == {row.voice.voice_id for row in varied_voices(4)} - {first}


def test_what_only_a_model_made_is_never_asked(tmp_path: Path) -> None:
    rows = varied_voices(5)  # the first stands in one bank, the last in all five
    store = build_store(tmp_path / "store.duckdb", rows)
    with open_store(store) as connection:
        connection.execute(
            "INSERT INTO files SELECT file_sha, 0, '', 5, NULL, NULL, path = 'bank0.syx', NULL, false FROM file_paths"
        )
    assert {q.voice_id for q in ask(store, 100)} == {row.voice.voice_id for row in rows[1:]}


def test_served_voices_can_be_left_out(big_store: Path) -> None:
    served = {q.voice_id for q in ask(big_store, 30)}
    assert not served & {q.voice_id for q in ask(big_store, 30, exclude=served)}


@pytest.mark.parametrize("count", [0, -1])
def test_none_asked_for_none_given(big_store: Path, count: int) -> None:
    assert ask(big_store, count) == []


def test_an_empty_store_has_nothing_to_ask(tmp_path: Path) -> None:
    assert ask(build_store(tmp_path / "store.duckdb", [])) == []


def test_cards_say_where_a_voice_comes_from(tmp_path: Path) -> None:
    rows = varied_voices(5)
    store = build_store(tmp_path / "store.duckdb", rows)
    wanted = rows[4].voice
    with open_store(store) as connection:
        connection.execute("INSERT INTO opinions VALUES ($1, 'bell', 0.25, 'ear')", [wanted.voice_id])
        cards = read_cards(connection, [wanted.voice_id, "f" * 32])
    assert list(cards) == [wanted.voice_id]
    card = cards[wanted.voice_id]
    assert card.voice == wanted
    assert card.names == (wanted.name,)
    assert [(each.category, each.origin) for each in card.opinions] == [("piano", "name_rule"), ("bell", "ear")]
    assert [(p.source, p.path, p.slot) for p in card.places] == [
        ("banks", "bank0.syx", 5),
        ("banks", "bank1.syx", 5),
        ("banks", "bank2.syx", 5),
    ]


def test_progress_counts_voices_not_answers(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(12))
    voices = [q.voice_id for q in ask(store, 12)]
    say(store, "label", voices[:3])
    say(store, "label", voices[2:4], labeller="ben", category="bell")
    say(store, "broken", voices[5:6])
    with open_store(store) as connection:
        progress = read_progress(connection)
    assert (progress.voices, progress.labelled, progress.broken, progress.answered) == (12, 4, 1, 5)
    assert progress.by_category == {"bell": 2, "piano": 3}


def test_control_places_are_drawn_from_the_seed_and_the_number_of_answers(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(60))
    assert [q.lane == "control" for q in ask(store, 50, seed=3)] == control_places("3 0", 50)
    say(store, "label", [ask(store, 1)[0].voice_id])
    assert [q.lane == "control" for q in ask(store, 50, seed=3)] == control_places("3 1", 50)


def test_a_control_voice_is_the_next_of_the_random_order_and_says_only_that(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(60))
    queued = ask(store, 60, seed=3)
    order = sorted(
        (q.voice_id for q in queued),
        key=lambda voice_id: md5(f"{voice_id}3".encode(), usedforsecurity=False).hexdigest(),
    )
    for place, q in enumerate(queued):
        if q.lane == "control":
            before = {earlier.voice_id for earlier in queued[:place]}
            assert q.voice_id == next(voice_id for voice_id in order if voice_id not in before)
            assert q.reason == "asked because it was drawn at random, to estimate accuracy without bias"


def test_the_score_is_the_product_of_the_factors_of_the_candidates(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(40))
    say(store, "label", [ask(store, 1)[0].voice_id])
    queued = {q.voice_id: q for q in ask(store, 40)}
    with open_store(store) as connection:
        candidates = read_candidates(connection, labeller="anna", seed=1, exclude=())
    factors = acquisition_factors(candidates.arrays, candidates.answered)
    assert len(candidates.arrays) == len(queued) == 39
    for row in range(39):
        worth = queued[candidates.voice(row).voice_id].worth
        assert worth is not None
        assert list(worth) == ["uncertain", "representative", "rare", "large", "worth"]
        assert worth["worth"] == pytest.approx(float(factors.score[row]), abs=1e-4)
        for name in FACTORS:
            assert worth[name] == pytest.approx(float(getattr(factors, name)[row]), abs=1e-4)
            assert worth[name] == round(worth[name], 4)


def test_candidates_carry_what_the_store_knows(tmp_path: Path) -> None:
    rows = varied_voices(8)
    store = build_store(tmp_path / "store.duckdb", rows)
    ids = [row.voice.voice_id for row in rows]
    say(store, "label", [ids[6]], category="brass")
    with open_store(store) as connection:
        connection.execute(
            "INSERT INTO suggestions VALUES ($1, 'organ', 0.3, 'ear'), ($2, 'organ', 0.05, 'ear')", ids[:2]
        )
        connection.execute("INSERT INTO suggestions VALUES ($1, 'piano', 0.4, 'ear')", [ids[0]])
        candidates = read_candidates(connection, labeller="anna", seed=1, exclude=[ids[7]])
    row_of = {candidates.voice(row).voice_id: row for row in range(len(candidates.arrays))}
    assert set(row_of) == set(ids[:6])
    piano, brass, unknown = (row_of[ids[n]] for n in (0, 1, 3))
    keys = category_keys()
    assert candidates.arrays.margin[[piano, brass, unknown]] == pytest.approx([0.5, 0.75, 0.0])
    assert candidates.arrays.category[[piano, brass]].tolist() == [keys.index("piano"), keys.index("brass")]
    assert candidates.arrays.category[unknown] == MISSING
    assert candidates.arrays.cluster.tolist() == [MISSING] * 6
    assert candidates.arrays.off_centre.tolist() == [1.0] * 6
    assert candidates.answered.labels[keys.index("brass")] == candidates.answered.labels.sum() == 1
    assert candidates.known(piano) == ReasonFacts(["piano", "organ"], 0, 0, False, 1, 1)
    assert candidates.known(brass) == ReasonFacts(["brass"], 1, 0, False, 1, 2)
    assert candidates.known(unknown) == ReasonFacts([], 0, 0, False, 1, 4)
    assert candidates.voice(piano).suggestion == Suggestion("piano", 0.8, "name_rule")
    assert candidates.voice(unknown).suggestion is None
    assert (candidates.voice(unknown).sightings, list(candidates.skipped)) == (4, [])


def test_clusters_count_unanswered_voices_and_answered_families(tmp_path: Path) -> None:
    rows = varied_voices(6)
    store = build_store(tmp_path / "store.duckdb", rows)
    ids = [row.voice.voice_id for row in rows]
    say(store, "label", [ids[0]])
    with open_store(store) as connection:
        read_candidates(connection, labeller="anna", seed=1, exclude=())
        connection.execute("DELETE FROM crowds")
        for voice_id, cluster in zip(ids, (2, 2, 2, 0, 0, 1), strict=True):
            connection.execute("INSERT INTO crowds VALUES ($1, $2, 0.5)", [voice_id, cluster])
        candidates = read_candidates(connection, labeller="anna", seed=1, exclude=())
    facts = {candidates.voice(row).voice_id: candidates.known(row) for row in range(5)}
    assert [(facts[ids[n]].alike, facts[ids[n]].answered) for n in (1, 3, 5)] == [(2, True), (2, False), (1, False)]
    assert candidates.answered.by_cluster.tolist() == [0, 0, 1]
    assert candidates.arrays.off_centre.tolist() == [0.5] * 5


def test_a_queued_voice_as_json_facts(tmp_path: Path) -> None:
    store = build_store(tmp_path / "store.duckdb", varied_voices(4))
    say(store, "skip", [ask(store, 1)[0].voice_id])
    *_, last = ask(store, 9)
    facts = last.as_dict()
    assert list(facts) == ["voice_id", "lane", "sightings", "suggestion", "reason", "worth"]
    assert (facts["lane"], facts["reason"], facts["worth"]) == ("skipped", "asked again because you skipped it", None)
