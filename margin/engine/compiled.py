"""The one place that speaks to the compiler.

Gives a typed decorator for kernels: compiled once, cached on disk, without the interpreter's lock; and the
few steps that only the processor's own words express well. Kernels are called from one thread; the
threading layer is chosen to survive a fork.
"""

import os
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

os.environ.setdefault("NUMBA_THREADING_LAYER", "workqueue")

import numba
import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")
Reached = Callable[[NDArray[np.float64], Any, Any, Any, float], Any]

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
    most: int = numba.config.NUMBA_NUM_THREADS  # type: ignore[attr-defined]  # set while it is imported
    numba.set_num_threads(max(1, min(count, most)))


def _reached(width: int) -> Reached:
    """(table, base, row, column, size): a bit for each of `width` floors from there that `size` reaches.

    All floors in one comparison: a search would be a guess the processor often loses.
    """

    @intrinsic
    def reached(context: Any, table: Any, base: Any, row: Any, column: Any, size: Any) -> Any:  # noqa: PLR0917
        return types.uint64(table, types.uint64, types.uint64, types.uint64, types.float64), _compare

    def _compare(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        table, base, row, column, size = given
        array = context.make_array(signature.args[0])(context, builder, table)
        rows, columns = (builder.extract_value(array.shape, n) for n in (1, 2))
        at = builder.add(builder.mul(builder.add(builder.mul(base, rows), row), columns), column)
        lanes = ir.VectorType(ir.DoubleType(), width)
        first = builder.bitcast(builder.gep(array.data, [at]), lanes.as_pointer())
        undefined, zeros = ir.Constant(lanes, ir.Undefined), ir.VectorType(ir.IntType(32), width)
        one = builder.insert_element(undefined, size, ir.Constant(ir.IntType(32), 0))
        every = builder.shuffle_vector(one, undefined, ir.Constant(zeros, [0] * width))
        found = builder.fcmp_ordered(">=", every, builder.load(first, align=8))
        return builder.zext(builder.bitcast(found, ir.IntType(width)), ir.IntType(64))

    made: Any = reached
    return made  # type: ignore[no-any-return]  # the compiler types what it makes, not the decorator


reached_of_eight = _reached(8)
reached_of_four = _reached(4)


@intrinsic
def _fetch(context: Any, column: Any, at: Any) -> Any:
    def ask(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, given[0])
        byte, number = ir.IntType(8).as_pointer(), ir.IntType(32)
        word = ir.FunctionType(ir.VoidType(), [byte, number, number, number])
        found = builder.module.globals.get("llvm.prefetch.p0")
        found = found or ir.Function(builder.module, word, "llvm.prefetch.p0")
        place = builder.bitcast(builder.gep(array.data, [given[1]]), byte)
        builder.call(found, [place, *(ir.Constant(number, n) for n in (0, 3, 1))])
        return context.get_dummy_value()

    return types.void(column, types.uint64), ask


fetch: Any = _fetch
"""(column, row): asks memory for that row, whose value will be read soon, without waiting for it."""


@intrinsic
def _ones(context: Any, bits: Any) -> Any:
    return types.uint64(types.uint64), lambda _, builder, __, given: builder.ctpop(given[0])


ones: Any = _ones
"""How many bits are set."""
