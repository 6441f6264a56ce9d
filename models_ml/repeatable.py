"""The same bytes from the same input: parallel sums are added in an order that does not depend on the machine."""

from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

LARGE = 100_000
"""Rows from which a second thread pays; below, threads mostly wait for each other."""


@contextmanager
def repeatable(rows: int) -> Iterator[int]:
    """Within it, BLAS and OpenMP use one thread, two for LARGE data, on any machine. Yields how many.

    Never more: two partial sums have one order to be added in; with three, the last bits depend on who is first.
    """
    from threadpoolctl import threadpool_limits

    count = threads(rows)
    with threadpool_limits(count):
        yield count


def threads(rows: int) -> int:
    """How many threads work on so many rows."""
    return 2 if rows >= LARGE else 1


def draw(rows: int, size: int, seed: int) -> np.ndarray:
    """Positions of at most `size` of `rows` rows, drawn without replacement, ascending."""
    if size >= rows:
        return np.arange(rows)
    return np.sort(np.random.default_rng(seed).choice(rows, size=size, replace=False))
