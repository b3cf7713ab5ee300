"""The one place that speaks to the compiler.

Gives a typed decorator for kernels: compiled once, cached on disk, without the interpreter's lock. Kernels
are called from one thread; the threading layer is chosen to survive a fork.
"""

import os
from collections.abc import Callable
from typing import ParamSpec, TypeVar

os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")

import numba

P = ParamSpec("P")
R = TypeVar("R")

span = numba.prange


def kernel(*, parallel: bool = False, fast: bool = False) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """`fast` lets sums be reordered: for estimates (scenarios) only, never where a level is decided."""

    def compiled(function: Callable[P, R]) -> Callable[P, R]:
        made: Callable[P, R] = numba.njit(
            cache=True, nogil=True, parallel=parallel, fastmath=fast, error_model="numpy", boundscheck=False
        )(function)
        return made

    return compiled


def threads() -> int:
    return int(numba.get_num_threads())


def use_threads(count: int) -> None:
    numba.set_num_threads(max(1, min(count, int(os.environ.get("NUMBA_NUM_THREADS") or os.cpu_count() or 1))))
