"""One thing at a time: an app may begin to draw a page anew before it has finished what the last key asked for."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Lockable(Protocol):
    """What has a lock of its own, which the same thread may take again."""

    @property
    def lock(self) -> threading.RLock:
        """The lock."""


Owner = TypeVar("Owner", bound=Lockable)
Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def locked(
    method: Callable[Concatenate[Owner, Parameters], Result],
) -> Callable[Concatenate[Owner, Parameters], Result]:
    """The method, which waits until no other thread is in a method like this of the same object."""

    @wraps(method)
    def waiting(owner: Owner, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        with owner.lock:
            return method(owner, *args, **kwargs)

    return waiting
