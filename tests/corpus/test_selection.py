"""Every knob of a policy has a law: what turning it does to the voices that are chosen, and what it must not do."""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from corpus.export.policy import ORIGINS, Policy
from corpus.export.quotas import ExportCandidate, apply_maximum, fill_minimum, limit_families
from corpus.export.selection import ExportSelection, select_voices
from corpus.labels.consensus import PERSON, PROPAGATED, Curated, LeftOut, Unhealthy
from corpus.storage.source_predictions import write_source_predictions
from corpus.storage.store import Connection, open_store
from corpus.suggest.suggestions import combine_suggestions
from dx7.shared.categories import category_keys
from tests.labeler.store_builder import VoiceRow, build_store, varied_voices

ALL = Policy("all", "all that there is", dict.fromkeys(ORIGINS, 0.0), leave_out=(), per_family=None)
COUNT = 24


@pytest.fixture(scope="module")
def ids(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    return [row.voice.voice_id for row in _rows()]


def _rows() -> list[VoiceRow]:
    return [replace(row, category=None) for row in varied_voices(COUNT)]


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_store(tmp_path_factory.mktemp("template") / "store.duckdb", _rows())


@pytest.fixture
def connection(template: Path, tmp_path: Path) -> Iterator[Connection]:
    with open_store(Path(shutil.copy(template, tmp_path / "store.duckdb"))) as opened:
        yield opened


def suggest(connection: Connection, voice_id: str, category: str, probability: float, origin: str = "ear") -> None:
    connection.execute("INSERT INTO suggestions VALUES ($1, $2, $3, $4)", [voice_id, category, probability, origin])


def label(connection: Connection, voice_id: str, *categories: str, who: str = "anna", propagated: bool = False) -> None:
    connection.execute(
        "INSERT INTO answers (event, labeller, answered, voice_id, answer, categories, propagated)"
        " VALUES ($1 || $2, $1, '2026-01-01', $2, $3, $4, $5)",
        [who, voice_id, "label" if categories else "broken", list(categories), propagated],
    )


def put_in_families(connection: Connection, families: dict[str, str]) -> None:
    for voice_id, family_id in families.items():
        connection.execute("INSERT INTO families VALUES ($1, $2, '', '')", [voice_id, family_id])


def choose(connection: Connection, policy: Policy) -> dict[str, Curated]:
    return _chosen(select_voices(connection, category_keys(), policy))


def _chosen(selection: ExportSelection) -> dict[str, Curated]:
    return {selection.voices.voice_ids[row]: curated for row, curated in selection.chosen()}


def verdict_of(selection: ExportSelection, voice_id: str) -> object:
    return selection.decisions[selection.voices.voice_ids.index(voice_id)]


@pytest.mark.parametrize("origin", ORIGINS)
def test_an_origin_counts_only_where_it_is_named_and_from_its_confidence_on(
    connection: Connection, ids: list[str], origin: str
) -> None:
    for voice_id, who in zip(ids, ORIGINS, strict=False):
        if who in (PERSON, PROPAGATED):
            label(connection, voice_id, "brass", "bell", propagated=who == PROPAGATED)
            label(connection, voice_id, "brass", who="ben", propagated=who == PROPAGATED)
            label(connection, voice_id, "bass", who="cleo", propagated=who == PROPAGATED)
        else:
            suggest(connection, voice_id, "brass", 0.625, who)
    least = 2 / 3 if origin in (PERSON, PROPAGATED) else 0.625
    one = replace(ALL, least_confidence={origin: least - 1e-9})
    ((voice_id, curated),) = choose(connection, one).items()
    assert (voice_id, curated.origin, curated.categories[0]) == (ids[ORIGINS.index(origin)], origin, "brass")
    assert curated.people == (2 if origin in (PERSON, PROPAGATED) else 0)
    selection = select_voices(connection, category_keys(), replace(one, least_confidence={origin: least + 0.01}))
    assert not _chosen(selection)
    expected = LeftOut.DISPUTED if origin in (PERSON, PROPAGATED) else LeftOut.NO_CATEGORY
    assert verdict_of(selection, voice_id) is expected
    everyone = choose(connection, ALL)
    assert [everyone[each].origin for each in ids[: len(ORIGINS)]] == list(ORIGINS)


def test_people_go_before_any_suggestion_and_those_in_person_before_all(connection: Connection, ids: list[str]) -> None:
    suggest(connection, ids[0], "bell", 0.99)
    label(connection, ids[0], "bass", propagated=True)
    label(connection, ids[0], "brass", who="ben")
    assert choose(connection, ALL)[ids[0]] == Curated(("brass",), PERSON, 1.0, 1)
    without_person = replace(ALL, least_confidence={PROPAGATED: 0, "ear": 0})
    assert choose(connection, without_person)[ids[0]] == Curated(("bass",), PROPAGATED, 1.0, 1)
    machine = replace(ALL, least_confidence={"ear": 0})
    assert choose(connection, machine)[ids[0]] == Curated(("bell",), "ear", pytest.approx(0.99), 0)


def test_a_doubtful_first_choice_does_not_make_room_for_the_second(connection: Connection, ids: list[str]) -> None:
    suggest(connection, ids[0], "bell", 0.6, "ear")
    suggest(connection, ids[0], "brass", 0.5, "name_rule")
    suggest(connection, ids[0], "tuba", 0.9, "ear")  # nobody's category
    picky = replace(ALL, least_confidence={"ear": 0.7, "name_rule": 0.4})
    assert ids[0] not in choose(connection, picky)
    assert choose(connection, replace(ALL, least_confidence={"ear": 0.6 - 1e-6, "name_rule": 0.4}))[
        ids[0]
    ].categories == ("bell", "brass")


def test_a_source_that_does_not_count_is_not_asked_and_the_others_are_pooled_without_it(
    connection: Connection, ids: list[str]
) -> None:
    keys = category_keys()
    for origin, category, voices in (("name_rule", "bell", ids[:2]), ("ear", "brass", ids[1:3])):
        said = np.zeros((len(voices), len(keys)), np.float32)
        said[:, keys.index(category)] = 0.9
        write_source_predictions(connection, origin, voices, said)
    combine_suggestions(connection)
    names = replace(ALL, least_confidence={"name_rule": 0.5, "folder_rule": 0.5})
    found = choose(connection, names)
    assert {each: (curated.categories, curated.origin) for each, curated in found.items()} == dict.fromkeys(
        ids[:2], (("bell",), "name_rule")
    )
    connection.execute("DELETE FROM opinions WHERE origin = 'ear'")
    combine_suggestions(connection)
    assert choose(connection, names) == found, "as if there were no ear"
    assert choose(connection, replace(ALL, least_confidence={"ear": 0})) == {}


def test_second_categories_are_dropped_and_nothing_else_is(connection: Connection, ids: list[str]) -> None:
    suggest(connection, ids[0], "bell", 0.6)
    suggest(connection, ids[0], "brass", 0.5)
    label(connection, ids[1], "organ", "pad")
    both, main = choose(connection, ALL), choose(connection, replace(ALL, second_categories=False))
    assert [both[each].categories for each in ids[:2]] == [("bell", "brass"), ("organ", "pad")]
    assert main == {key: replace(curated, categories=curated.categories[:1]) for key, curated in both.items()}


@pytest.mark.parametrize(
    ("tag", "category", "stays"),
    [("silent", "brass", False), ("garbage", "drum", False), ("noisy", "brass", False), ("noisy", "drum", True)],
)
def test_health_tags_keep_voices_out_unless_their_category_excuses_them(
    connection: Connection, ids: list[str], tag: str, category: str, stays: bool
) -> None:
    label(connection, ids[0], category)
    connection.execute("INSERT INTO health VALUES ($1, $2), ($3, 'silent')", [ids[0], tag, ids[1]])
    selection = select_voices(connection, category_keys(), replace(ALL, leave_out=("silent", tag)))
    assert (ids[0] in _chosen(selection)) is stays
    assert verdict_of(selection, ids[1]) == Unhealthy("silent")
    assert selection.left_out()[tag] == (not stays) + (tag == "silent")
    assert ids[0] in choose(connection, ALL)


def test_a_family_is_spoken_for_by_the_one_answered_in_person_then_by_the_most_found_then_by_the_surest(
    connection: Connection, ids: list[str]
) -> None:
    by_id = {row.voice.voice_id: row.sightings for row in _rows()}
    rare = [each for each in ids if by_id[each] == 1]
    often = [each for each in ids if by_id[each] == 5]
    family = [rare[0], rare[1], often[0], often[1]]
    put_in_families(connection, dict.fromkeys(family, "f"))
    one = replace(ALL, per_family=1)
    for voice_id, probability in zip(family, (0.99, 0.98, 0.6, 0.7), strict=True):
        suggest(connection, voice_id, "bell", probability)
    selection = select_voices(connection, category_keys(), one)
    assert list(_chosen(selection)) == [often[1]]
    assert selection.left_out()["other_of_family"] == 3
    assert sorted(choose(connection, replace(ALL, per_family=2))) == sorted(often[:2])
    assert sorted(choose(connection, ALL)) == sorted(family)
    label(connection, rare[1], "bass")
    assert choose(connection, one) == {rare[1]: Curated(("bass",), PERSON, 1.0, 1)}
    label(connection, rare[1], who="ben")  # broken: no person speaks for the family any more
    assert list(choose(connection, one)) == [often[1]]


def test_a_voice_without_a_family_is_one_of_its_own(connection: Connection, ids: list[str]) -> None:
    for each in ids[:3]:
        suggest(connection, each, "bell", 0.9)
    assert set(choose(connection, replace(ALL, per_family=1))) == set(ids[:3])


def test_a_minimum_takes_the_best_below_the_least_confidence_and_tells(connection: Connection, ids: list[str]) -> None:
    for number, each in enumerate(ids[:6]):
        suggest(connection, each, "clav", 0.25 + 0.0625 * number)  # exact in binary
    suggest(connection, ids[6], "bell", 0.5)
    put_in_families(connection, {ids[5]: "f", ids[3]: "f"})
    policy = replace(ALL, least_confidence={"ear": 0.5}, per_family=1, floor=0.3125)
    sure = {ids[4], ids[5], ids[6]}
    assert set(choose(connection, policy)) == sure
    selection = select_voices(connection, category_keys(), replace(policy, minimum={"clav": 3}))
    assert set(_chosen(selection)) == sure | {ids[2]}, "the surest, but no second one of a family"
    assert [each.as_dict() for each in selection.relaxed] == [
        {"category": "clav", "wanted": 3, "voices": 3, "taken": 1, "confidence": 0.375}
    ]
    selection = select_voices(connection, category_keys(), replace(policy, minimum={"clav": 9, "bell": 1, "drum": 2}))
    assert set(_chosen(selection)) == sure | {ids[2], ids[1]}, "nothing below the floor"
    assert [each.as_dict() for each in selection.relaxed] == [
        {"category": "clav", "wanted": 9, "voices": 4, "taken": 2, "confidence": 0.3125},
        {"category": "drum", "wanted": 2, "voices": 0, "taken": 0, "confidence": None},
    ]


def test_a_short_minimum_takes_no_unfit_voice(connection: Connection, ids: list[str]) -> None:
    """Fillers, generated, unhealthy, broken and disputed voices stay out however short a category is."""
    filler, generated, silent, broken, disputed, fine, better = ids[:7]
    for each in ids[:7]:
        suggest(connection, each, "clav", 0.4)
    connection.execute("UPDATE suggestions SET probability = 0.45 WHERE voice_id = $1", [better])
    levels = ", ".join(f"op{operator}_output_level = 0" for operator in range(1, 7))
    connection.execute(f"UPDATE voices SET {levels} WHERE voice_id = $1", [filler])  # noqa: S608
    connection.execute(
        "CREATE TEMP TABLE own AS SELECT * REPLACE ('made' AS file_sha) FROM slots WHERE voice_id = $1 LIMIT 1",
        [generated],
    )
    connection.execute("DELETE FROM slots WHERE voice_id = $1", [generated])
    connection.execute("INSERT INTO slots FROM own")
    connection.execute(
        "INSERT INTO files BY NAME SELECT 'made' AS file_sha, 4104 AS size, '' AS format, 32 AS voices,"
        " true AS generated, false AS content_is_whole"
    )
    connection.execute("INSERT INTO health VALUES ($1, 'silent')", [silent])
    label(connection, broken)
    label(connection, disputed, "bass")
    label(connection, disputed, "pad", who="ben")
    label(connection, disputed, "lead", who="cleo")
    policy = replace(
        ALL,
        least_confidence=dict.fromkeys(ORIGINS, 0.5),
        leave_out=("silent",),
        floor=0.0,
        minimum={"clav": 20, "pad": 1, "bass": 1},
    )
    selection = select_voices(connection, category_keys(), policy)
    assert set(_chosen(selection)) == {fine, better}
    assert [verdict_of(selection, each) for each in (filler, generated, silent, broken, disputed)] == [
        LeftOut.FILLER,
        LeftOut.GENERATED,
        Unhealthy("silent"),
        LeftOut.BROKEN,
        LeftOut.DISPUTED,
    ]
    with_generated = select_voices(connection, category_keys(), replace(policy, with_generated=True))
    assert set(_chosen(with_generated)) == {fine, better, generated}


def test_a_maximum_keeps_those_of_people_and_the_surest(connection: Connection, ids: list[str]) -> None:
    for number, each in enumerate(ids[:5]):
        suggest(connection, each, "bell", 0.9 - 0.1 * number)
    suggest(connection, ids[5], "brass", 0.2)
    label(connection, ids[4], "bell")
    selection = select_voices(connection, category_keys(), replace(ALL, maximum={"bell": 2}))
    assert set(_chosen(selection)) == {ids[4], ids[0], ids[5]}
    assert selection.left_out()["over_maximum"] == 3


def test_every_voice_is_exported_or_left_out_for_one_reason(connection: Connection, ids: list[str]) -> None:
    for number, each in enumerate(ids):
        if number % 5:
            suggest(connection, each, category_keys()[number % 3], number / COUNT)
    label(connection, ids[0])
    label(connection, ids[1], "brass")
    put_in_families(connection, {each: str(number // 3) for number, each in enumerate(ids)})
    policy = replace(ALL, least_confidence=dict.fromkeys(ORIGINS, 0.4), per_family=1, maximum={"each": 2})
    selection = select_voices(connection, category_keys(), policy)
    assert len(selection.chosen()) + sum(selection.left_out().values()) == COUNT


candidates = some.lists(
    some.builds(
        ExportCandidate,
        voice_id=some.uuids().map(str),
        family_id=some.sampled_from("abcdef"),
        sightings=some.integers(1, 3),
        curated=some.builds(
            Curated,
            some.sampled_from([("bell",), ("brass",), ("brass", "bell")]),
            some.sampled_from([PERSON, "ear"]),
            some.sampled_from([0.25, 0.5, 0.75]),
        ),
    ),
    max_size=20,
    unique_by=lambda each: each.voice_id,
)


@given(candidates, some.integers(1, 3), some.integers(0, 4), some.randoms(use_true_random=False))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_quotas_hold_whatever_the_order(found: Sequence[ExportCandidate], most: int, number: int, draw: object) -> None:
    shuffled = list(found)
    draw.shuffle(shuffled)  # type: ignore[attr-defined]
    kept = limit_families(found, most)
    assert kept == limit_families(shuffled, most)
    per_family = Counter(each.family_id for each in kept)
    assert per_family == {key: min(count, most) for key, count in Counter(each.family_id for each in found).items()}
    policy = replace(ALL, per_family=most, floor=0.5, minimum={"bell": number}, maximum={"each": number})
    full = apply_maximum(kept, policy)
    assert Counter(each.main for each in full) == {
        key: min(count, number) for key, count in Counter(each.main for each in kept).items() if number
    }
    taken, told = fill_minimum([], shuffled, policy, ("bell", "brass"))
    assert (taken, told) == fill_minimum([], found, policy, ("bell", "brass"))
    assert all(each.main == "bell" and each.curated.confidence >= 0.5 for each in taken)
    assert len(taken) <= number
    assert max(Counter(each.family_id for each in taken).values(), default=0) <= most
    assert [each.voices for each in told] == ([len(taken)] if number else [])


def candidate(voice_id: str, confidence: float, *, family: str = "", sightings: int = 1, main: str = "bell",
              origin: str = "ear") -> ExportCandidate:  # fmt: skip
    return ExportCandidate(voice_id, family or voice_id, sightings, Curated((main,), origin, confidence))


def ids_of(found: Sequence[ExportCandidate]) -> str:
    return "".join(each.voice_id for each in found)


def test_a_family_keeps_who_was_labelled_in_person_then_the_most_found_then_the_surest_then_the_first_id() -> None:
    family = [
        candidate("a", 0.9, family="f", sightings=1),
        candidate("b", 0.1, family="f", sightings=9, origin=PERSON),
        candidate("c", 0.5, family="f", sightings=3),
        candidate("d", 0.6, family="f", sightings=3),
        candidate("e", 0.6, family="f", sightings=3),
    ]
    assert ids_of(limit_families(family, None)) == "bdeca"
    assert [ids_of(limit_families(reversed(family), most)) for most in (1, 2, 3)] == ["b", "bd", "bde"]


def test_a_category_keeps_who_was_labelled_in_person_then_the_surest_then_the_most_found_then_the_first_id() -> None:
    found = [
        candidate("a", 0.5, sightings=9),
        candidate("b", 0.1, origin=PERSON),
        candidate("c", 0.9, sightings=1),
        candidate("d", 0.9, sightings=2),
        candidate("e", 0.9, sightings=2),
        candidate("x", 0.2, main="brass"),
    ]
    policies = [replace(ALL, maximum={"bell": most}) for most in (0, 1, 3, 9)]
    assert [ids_of(apply_maximum(reversed(found), policy)) for policy in policies] == ["x", "bx", "bdex", "bdecax"]


def test_a_minimum_is_filled_exactly_and_counts_what_is_there() -> None:
    chosen = [candidate("a", 0.9, family="f"), candidate("b", 0.9, main="brass")]
    doubtful = [
        candidate("c", 0.49, family="f"),
        candidate("d", 0.48, family="y"),
        candidate("e", 0.47, family="y"),
        candidate("g", 0.46, sightings=2),
        candidate("h", 0.46, sightings=3),
        candidate("i", 0.25),
        candidate("j", 0.2499),
        candidate("k", 0.48, main="brass"),
    ]

    def filled(number: int, per_family: int | None = 1, **more: int) -> tuple[str, list[dict[str, object]]]:
        policy = replace(ALL, per_family=per_family, floor=0.25, minimum={"bell": number, **more})
        taken, relaxed = fill_minimum(chosen, reversed(doubtful), policy, ("bell", "brass", "drum"))
        return ids_of(taken), [each.as_dict() for each in relaxed]

    assert filled(1) == ("", [])
    assert filled(2) == ("d", [{"category": "bell", "wanted": 2, "voices": 2, "taken": 1, "confidence": 0.48}])
    assert filled(4)[0] == "dhg"
    taken, (relaxed,) = filled(9)
    assert taken == "dhgi"
    assert relaxed == {"category": "bell", "wanted": 9, "voices": 5, "taken": 4, "confidence": 0.25}
    assert filled(9, per_family=2)[0] == "cdehgi"
    assert filled(9, per_family=None)[0] == "cdehgi"
    taken, (_, brass) = filled(2, brass=2)
    assert (taken, brass["category"], brass["voices"], brass["taken"]) == ("dk", "brass", 2, 1)
    taken, (nothing,) = fill_minimum([], doubtful, replace(ALL, floor=1.0, minimum={"bell": 1}), ("bell",))
    assert (taken, nothing.confidence, nothing.voices) == ([], None, 0)


def test_the_confidence_of_a_relaxed_minimum_has_four_digits() -> None:
    policy = replace(ALL, floor=0.0, minimum={"bell": 1})
    _, (relaxed,) = fill_minimum([], [candidate("a", 0.123456)], policy, ("bell",))
    assert relaxed.confidence == 0.1235
