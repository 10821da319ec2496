"""Policies as files: those that ship, those that people write, and what is said of a broken one."""

from __future__ import annotations

import json
from dataclasses import fields, replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from corpus.analysis.health import UNFIT
from corpus.commands.cli import app
from corpus.export.policy import DEFAULT, EACH, ORIGINS, Policy, list_policies, read_policy
from dx7.errors import PolicyError
from dx7.shared.categories import category_keys
from dx7.shared.locations import POLICIES_FOLDER

LEAST = 'about = "a"\n{}\n[least_confidence]\nperson = 0.5\n'


def test_the_policies_that_ship_can_be_used_and_the_default_one_is_first() -> None:
    policies = list_policies()
    assert policies[0].name == DEFAULT
    assert {policy.name for policy in policies} == {path.stem for path in POLICIES_FOLDER.glob("*.toml")}
    assert len({policy.about for policy in policies}) == len(policies) >= 4
    for policy in policies:
        assert read_policy(policy.name) == policy == read_policy(POLICIES_FOLDER / f"{policy.name}.toml")


def test_the_default_policy_explains_every_field_and_takes_one_voice_of_a_family() -> None:
    text = (POLICIES_FOLDER / f"{DEFAULT}.toml").read_text()
    for field in fields(Policy)[1:]:
        assert f"#   {field.name} " in text or f"#   [{field.name}]" in text
    policy = read_policy(DEFAULT)
    assert (policy.per_family, policy.leave_out, set(policy.least_confidence)) == (1, UNFIT, set(ORIGINS))


def test_what_people_said_alone() -> None:
    assert set(read_policy("people-only").least_confidence) == {"person", "propagated"}


def test_a_policy_of_ones_own_is_named_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(
        LEAST.format('per_family = "all"\nfloor = 0.2') + "[minimum]\neach = 5\nbrass = 9\n[maximum]\nbell = 7\n"
    )
    policy = read_policy(path)
    assert policy == read_policy(str(path))
    assert (policy.name, policy.per_family, policy.leave_out) == ("mine", None, UNFIT)
    assert [policy.minimum_of(key) for key in ("brass", "bell")] == [9, 5]
    assert [policy.maximum_of(key) for key in ("brass", "bell")] == [None, 7]


@pytest.mark.parametrize("policy", list_policies(), ids=lambda policy: policy.name)
def test_a_manifest_has_all_that_a_policy_says(policy: Policy) -> None:
    facts = policy.as_dict()
    assert list(facts) == [field.name for field in fields(Policy)]
    assert facts["per_family"] == (policy.per_family or "all")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("about = ", "not valid TOML"),
        (b"\xff\xfe", "not valid TOML"),
        ('about = "a"', "'least_confidence' is missing"),
        ("[least_confidence]\nperson = 1", "'about' is missing"),
        ('about = " "\n[least_confidence]\nperson = 1', "about must be a sentence"),
        ('about = "a"\nleast_confidence = 0.5', "must name at least one origin"),
        ('about = "a"\n[least_confidence]', "must name at least one origin"),
        ('about = "a"\n[least_confidence]\nrumour = 1', "no origin 'rumour'; there are person"),
        ('about = "a"\n[least_confidence]\nperson = 1.01', "least_confidence of person is 1.01"),
        ('about = "a"\n[least_confidence]\near = "high"', "least_confidence of ear is 'high'"),
        ('about = "a"\n[least_confidence]\near = true', "least_confidence of ear is True"),
        (LEAST.format("per_familly = 1"), "no field 'per_familly'; there are about"),
        (LEAST.format("name = 'x'"), "no field 'name'"),
        (LEAST.format("per_family = 0"), "per_family is 0"),
        (LEAST.format("per_family = 1.5"), "per_family is 1.5"),
        (LEAST.format("per_family = 'two'"), "per_family is 'two'"),
        (LEAST.format("leave_out = ['ugly']"), "must list health tags: garbage"),
        (LEAST.format("leave_out = 'silent'"), "must list health tags"),
        (LEAST.format("second_categories = 1"), "second_categories is 1; it must be true or false"),
        (LEAST.format("with_generated = 'no'"), "with_generated is 'no'"),
        (LEAST.format("floor = -0.1"), "floor is -0.1"),
        (LEAST.format("minimum = 3"), "minimum is 3; it must be a table"),
        (LEAST.format("") + "[minimum]\neach = 3", "minimum needs a floor"),
        (LEAST.format("floor = 0.1") + "[minimum]\ntuba = 3", "no category 'tuba'"),
        (LEAST.format("") + "[maximum]\nbrass = -1", "maximum of brass is -1"),
        (LEAST.format("floor = 0.1") + "[minimum]\nbrass = 3\n[maximum]\neach = 2", "minimum of brass is 3, more than"),
    ],
)
def test_a_broken_policy_is_one_sentence_that_names_the_file(tmp_path: Path, text: str | bytes, problem: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(PolicyError) as raised:
        read_policy(path)
    assert problem in str(raised.value)
    assert str(path) in str(raised.value)


@pytest.mark.parametrize("name", ["no such", "../policies/default", "", "default/"])
def test_a_name_that_is_no_policy_lists_those_there_are(name: str) -> None:
    with pytest.raises(PolicyError, match="there are default, everything, people-only"):
        read_policy(name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match="cannot read the policy"):
        read_policy(tmp_path / "gone.toml")


def test_what_a_command_changes_is_checked_too() -> None:
    with pytest.raises(PolicyError, match="health tags"):
        replace(read_policy(DEFAULT), leave_out=("ugly",))


def test_the_command_lists_them() -> None:
    listed = CliRunner().invoke(app, ["policies"]).output
    assert all(policy.name in listed for policy in list_policies())
    facts = json.loads(CliRunner().invoke(app, ["policies", "--json"]).stdout)
    assert facts == [json.loads(json.dumps(policy.as_dict())) for policy in list_policies()]


def test_each_is_no_category() -> None:
    assert EACH not in category_keys()


def test_a_policy_that_only_names_origins_exports_one_fit_voice_of_each_family_with_all_its_categories() -> None:
    policy = Policy("bare", "people only", {"person": 0.5})
    assert (policy.leave_out, policy.per_family) == (("silent", "garbage"), 1)
    assert (policy.second_categories, policy.with_generated, policy.floor) == (True, False, None)
    assert (policy.minimum_of("brass"), policy.maximum_of("brass")) == (0, None)


@pytest.mark.parametrize("share", [0, 1, 0.0, 1.0])
def test_shares_from_0_to_1_are_legal(share: float) -> None:
    policy = Policy("bounds", "all or nothing", {"person": share, "ear": share}, floor=share, minimum={"bell": 0})
    assert (policy.least_confidence["ear"], policy.floor) == (share, share)


@pytest.mark.parametrize("share", [-0.01, 1.01, True, None, "1"])
def test_other_shares_are_not(share: object) -> None:
    with pytest.raises(PolicyError, match="from 0 to 1"):
        Policy("bounds", "about", {"ear": share})  # type: ignore[dict-item]


@pytest.mark.parametrize(("least", "most", "legal"), [(1, 2, True), (2, 2, True), (2, 1, False), (0, 0, True)])
def test_a_maximum_is_at_least_the_minimum(least: int, most: int, legal: bool) -> None:
    for minimum, maximum in (({"bell": least}, {"bell": most}), ({EACH: least}, {"bell": most}),
                             ({"bell": least}, {EACH: most})):  # fmt: skip
        if legal:
            policy = Policy("p", "about", {"ear": 0}, floor=0, minimum=minimum, maximum=maximum)
            assert (policy.minimum_of("bell"), policy.maximum_of("bell")) == (least, most)
        else:
            with pytest.raises(PolicyError, match="more than its maximum of 1"):
                Policy("p", "about", {"ear": 0}, floor=0, minimum=minimum, maximum=maximum)
