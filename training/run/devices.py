"""Data parallelism: a run uses all devices of all its processes, each for a part of every batch.

The program is written for one device. Weights and voices are replicated, a batch is split along its first
axis, and the compiler adds the sums of gradients (https://docs.jax.dev/en/latest/parallel.html, automatic mode).
Random draws do not depend on how a batch is split, so any number of devices gives the same run, except for the order
of float sums.

Several processes, one per host, share a run. Each reads the export; only process 0 reads and writes the run folder, and
sends its content to the others (https://docs.jax.dev/en/latest/multi_process.html).
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, TypeVar

import jax
import numpy as np
from jax.experimental import multihost_utils
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from dx7.errors import CartwrightError, ModelError

Tree = TypeVar("Tree")
Arrays = TypeVar("Arrays", bound=tuple[Any, ...])

_BATCH = "batch"
_MESSAGE_BYTES = 1024  # of a text that a process sends to the others


def join(coordinator: str, *, processes: int, process: int) -> None:
    """Become process number ``process`` of ``processes``; before any other use of JAX.

    ``coordinator`` is ``host:port`` of process 0, which listens there. Raises ``ModelError`` if the others cannot be
    reached.
    """
    # What processes use to talk on CPUs (Gloo) prints to file 1 when it connects; answers of commands go there.
    sys.stdout = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    try:
        jax.distributed.initialize(coordinator, processes, process)
    except (RuntimeError, ValueError) as error:
        raise ModelError(f"process {process} cannot join the run at {coordinator}: {error}") from error


def is_first() -> bool:
    """Whether this is process 0, which writes all files."""
    return jax.process_index() == 0


@cache
def _mesh() -> Mesh:
    return jax.make_mesh((jax.device_count(),), (_BATCH,), axis_types=(AxisType.Auto,))


def _place(*axes: str) -> NamedSharding:
    return NamedSharding(_mesh(), PartitionSpec(*axes))  # type: ignore[no-untyped-call]


def replicated() -> NamedSharding:
    """The sharding of an array that every device holds completely."""
    return _place()


def replicate(tree: Tree) -> Tree:
    """The arrays of process 0 on every device of every process. All processes must call it."""
    if jax.process_count() > 1:
        tree = multihost_utils.broadcast_one_to_all(tree)
    placed: Tree = jax.device_put(tree, replicated())
    return placed


def from_first(kind: Callable[..., Arrays], make: Callable[[], Arrays | None]) -> Arrays | None:
    """Arrays that process 0 makes, on every device of every process; None if it makes none. All processes must call it.

    ``kind`` is the named tuple of the arrays. An error of ``make`` is raised in all processes.
    """
    made = None
    with fail_together():
        if is_first():
            made = make()
    if jax.process_count() > 1:
        shapes = json.loads(_exchange(json.dumps(made and [(array.shape, str(array.dtype)) for array in made]))[0])
        if shapes and not is_first():
            made = kind(*(np.zeros(shape, number) for shape, number in shapes))
    return None if made is None else replicate(made)


def local_copy(tree: Tree) -> Tree:
    """This process's own copy of replicated arrays, for work that it does alone."""
    own: Tree = jax.tree.map(lambda array: array.addressable_data(0), tree)
    return own


def shard_batch(tree: Tree) -> Tree:
    """Inside a compiled call: arrays with one row an example, split over the devices by rows."""
    if jax.device_count() == 1:
        return tree
    parts: Tree = jax.lax.with_sharding_constraint(tree, _place(_BATCH))  # type: ignore[no-untyped-call]
    return parts


def any_process(says: bool) -> bool:
    """Whether ``says`` is true in any process. All must call it."""
    if jax.process_count() == 1:
        return says
    return bool(multihost_utils.process_allgather(np.array(says)).any())


@contextmanager
def fail_together() -> Iterator[None]:
    """A block that fails in all processes if it fails in one, so that none waits for another. All must enter it.

    Raises ``ModelError`` if another process failed.
    """
    if jax.process_count() == 1:
        yield
        return
    failure: CartwrightError | None = None
    try:
        yield
    except CartwrightError as error:
        failure = error
    told = _exchange("" if failure is None else str(failure))
    if failure is not None:
        raise failure
    for process, problem in enumerate(told):
        if problem:
            raise ModelError(f"process {process} failed: {problem}")


def check_same(what: str, fact: str) -> None:
    """Raise ``ModelError`` in every process if one has another value than process 0. All must call it."""
    if jax.process_count() == 1:
        return
    told = _exchange(fact)
    for process, theirs in enumerate(told):
        if theirs != told[0]:
            raise ModelError(
                f"process {process} has the {what} {theirs}, process 0 has {told[0]}; give all processes the same"
            )


def _exchange(text: str) -> list[str]:
    """The texts of all processes, in order, cut at :data:`_MESSAGE_BYTES`."""
    told = np.zeros(_MESSAGE_BYTES, np.uint8)
    written = text.encode()[:_MESSAGE_BYTES]
    told[: len(written)] = np.frombuffer(written, np.uint8)
    return [bytes(theirs).rstrip(b"\0").decode(errors="replace") for theirs in multihost_utils.process_allgather(told)]
