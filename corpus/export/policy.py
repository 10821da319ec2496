"""Export policies from ``data/policies``: which voices are exported, and which sources decide on their categories.

``data/policies/default.toml`` explains every field.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path

from corpus.analysis.health import TAGS, UNFIT
from corpus.labels.consensus import PERSON, PROPAGATED
from corpus.storage.suggestion import ORIGINS as SUGGESTING
from dx7.errors import PolicyError
from dx7.shared.categories import category_keys
from dx7.shared.locations import POLICIES_FOLDER

ORIGINS = (PERSON, PROPAGATED, *SUGGESTING)
DEFAULT = "default"
EACH = "each"  # in minimum and maximum: every category that is not named


@dataclass(frozen=True, slots=True)
class Policy:
    """The rules of an export. Raises ``PolicyError`` for an illegal field.

    ``least_confidence`` has a number from 0 to 1 for each origin that counts; other origins are ignored.
    ``per_family`` is None for whole families. ``minimum`` and ``maximum`` are numbers of voices by main category, with
    the key :data:`EACH` for all categories that are not named. ``floor`` is the least confidence of suggestions that
    are taken to reach a minimum.
    """

    name: str
    about: str
    least_confidence: Mapping[str, float]
    leave_out: tuple[str, ...] = UNFIT
    per_family: int | None = 1
    second_categories: bool = True
    with_generated: bool = False
    floor: float | None = None
    minimum: Mapping[str, int] = field(default_factory=dict)
    maximum: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for problem in _problems(self):
            raise PolicyError(f"the policy {self.name}: {problem}")

    def minimum_of(self, category: str) -> int:
        """The least number of voices of a main category; 0 if there is no minimum."""
        return self.minimum.get(category, self.minimum.get(EACH, 0))

    def maximum_of(self, category: str) -> int | None:
        """The most voices of a main category; None if there is no maximum."""
        return self.maximum.get(category, self.maximum.get(EACH))

    def as_dict(self) -> dict[str, object]:
        """For manifests and ``--json``: every field as in a policy file."""
        per_family = "all" if self.per_family is None else self.per_family
        return asdict(self) | {"leave_out": list(self.leave_out), "per_family": per_family}


def read_policy(wanted: str | Path, folder: Path = POLICIES_FOLDER) -> Policy:
    """A policy by its name or by the path of its file. Raises ``PolicyError`` if it is missing or not valid."""
    path = Path(wanted)
    if path.suffix != ".toml":
        path = folder / f"{wanted}.toml"
        if path.parent != folder or not path.is_file():
            known = ", ".join(_names(folder)) or "none"
            raise PolicyError(
                f"there is no policy {str(wanted)!r}; there are {known}, or name a .toml file of your own"
            )
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise PolicyError(f"cannot read the policy {path}: {error.strerror}") from error
    except ValueError as error:  # bad TOML, or bytes that are no text
        raise PolicyError(f"{path} is not valid TOML: {error}") from error
    try:
        return _policy_of(path.stem, table)
    except PolicyError as error:
        raise PolicyError(f"{error} ({path})") from None


def list_policies(folder: Path = POLICIES_FOLDER) -> list[Policy]:
    """All policies of a folder, the default one first. Raises ``PolicyError`` if one is not valid."""
    return [read_policy(name, folder) for name in sorted(_names(folder), key=lambda name: (name != DEFAULT, name))]


def _names(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.glob("*.toml"))


def _policy_of(name: str, table: dict[str, object]) -> Policy:
    known = [each.name for each in fields(Policy) if each.name != "name"]
    unknown, missing = set(table) - set(known), {"about", "least_confidence"} - set(table)
    if unknown:
        raise PolicyError(f"the policy {name}: there is no field {min(unknown)!r}; there are {', '.join(known)}")
    if missing:
        raise PolicyError(f"the policy {name}: the field {min(missing)!r} is missing")
    values = dict(table)
    if isinstance(values.get("leave_out"), list):
        values["leave_out"] = tuple(values["leave_out"])  # type: ignore[arg-type]
    if values.get("per_family") == "all":
        values["per_family"] = None
    return Policy(name, **values)  # type: ignore[arg-type]


def _problems(policy: Policy) -> list[str]:
    """Messages about the fields of a policy, whose types are not checked yet."""
    found = []
    if not isinstance(policy.about, str) or not policy.about.strip():
        found.append("about must be a sentence on what it is for")
    for title, value in (
        ("second_categories", policy.second_categories),
        ("with_generated", policy.with_generated),
    ):
        if not isinstance(value, bool):
            found.append(f"{title} is {value!r}; it must be true or false")
    if not isinstance(policy.leave_out, tuple) or any(tag not in TAGS for tag in policy.leave_out):
        found.append(f"leave_out is {policy.leave_out!r}; it must list health tags: {', '.join(TAGS)}")
    if policy.per_family is not None and not _is_count(policy.per_family, least=1):
        found.append(f'per_family is {policy.per_family!r}; it must be a number of voices from 1, or "all"')
    found += _confidence_problems(policy) + _number_problems(policy)
    return found


def _confidence_problems(policy: Policy) -> list[str]:
    if not isinstance(policy.least_confidence, Mapping) or not policy.least_confidence:
        return [f"least_confidence must name at least one origin of {', '.join(ORIGINS)}"]
    unknown = [origin for origin in policy.least_confidence if origin not in ORIGINS]
    found = [f"least_confidence: there is no origin {origin!r}; there are {', '.join(ORIGINS)}" for origin in unknown]
    shares = {f"least_confidence of {origin}": value for origin, value in policy.least_confidence.items()}
    if policy.floor is not None:
        shares["floor"] = policy.floor
    return found + [
        f"{title} is {value!r}; it must be a number from 0 to 1"
        for title, value in shares.items()
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1
    ]


def _number_problems(policy: Policy) -> list[str]:
    keys = (*category_keys(), EACH)
    for title, numbers in (("minimum", policy.minimum), ("maximum", policy.maximum)):
        if not isinstance(numbers, Mapping):
            return [f"{title} is {numbers!r}; it must be a table of numbers by category"]
        for key, number in numbers.items():
            if key not in keys:
                return [f"{title}: there is no category {key!r}; there are {', '.join(keys)}"]
            if not _is_count(number, least=0):
                return [f"{title} of {key} is {number!r}; it must be a number of voices"]
    if policy.minimum and policy.floor is None:
        return ["minimum needs a floor: down to which confidence suggestions may be taken to reach it"]
    for key in keys:
        most = policy.maximum_of(key)
        if most is not None and most < policy.minimum_of(key):
            return [f"the minimum of {key} is {policy.minimum_of(key)}, more than its maximum of {most}"]
    return []


def _is_count(value: object, *, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least
