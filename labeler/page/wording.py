"""How pages write categories, numbers and times."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from dx7.shared.categories import load_categories

_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def category_titles() -> dict[str, str]:
    """The title of every category by its key, in the order of the vocabulary."""
    return {category.key: category.title for category in load_categories()}


def title_of(category: str) -> str:
    """The title of a category; another outcome (broken) or a category that no longer exists is shown by its key."""
    return category_titles().get(category, category.capitalize())


def titles_of(categories: Sequence[str], separator: str = ", ") -> str:
    """The titles of a label, the main category first."""
    return separator.join(title_of(category) for category in categories)


def counted(count: int, noun: str) -> str:
    """A count with its noun.

    >>> counted(1, "voice"), counted(2300, "voice")
    ('1 voice', '2,300 voices')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def format_duration(time: timedelta) -> str:
    """A duration in hours and minutes, at least one minute.

    >>> [format_duration(timedelta(minutes=m)) for m in (0.5, 42, 190)]
    ['1 min', '42 min', '3 h 10 min']
    """
    minutes = max(1, round(time.total_seconds() / 60))
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def time_ago(time: datetime, *, now: datetime | None = None) -> str:
    """How long ago a time was; both are UTC without a time zone.

    >>> time_ago(datetime(2026, 3, 1, 12), now=datetime(2026, 3, 1, 15, 10))
    '3 hours ago'
    """
    seconds = ((now or datetime.now(UTC).replace(tzinfo=None)) - time).total_seconds()
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{counted(int(seconds // size), unit)} ago"
    return "just now"
