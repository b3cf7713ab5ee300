"""The edge for a whole book: figures as whole units of their last decimal, rounded once.

Takes floats and what each was added up from; gives integers. A figure within the noise of float64 of a whole
unit is that unit: exact arithmetic would have met it. NaN becomes `NONE`.
"""

import numpy as np
from numpy.typing import NDArray

from margin.engine.columns import Floats, Ints
from margin.engine.compiled import kernel, span

NOISE = 2e-14
"""Of the scale: fifty roundings of its last bit."""
MOST_NOISE = 0.25
MOST_UNITS = 9e18
NONE = np.iinfo(np.int64).min
UP, DOWN = True, False


def units_of(figures: Floats, scale: Floats, places: Ints, *, up: bool) -> NDArray[np.int64]:
    """Requirements up, equity down. What is too large for its decimals is `NONE`, and shown another way."""
    found = np.empty(len(figures), dtype=np.int64)
    _units(figures, scale, 10.0 ** places.astype(np.float64), up, found)
    return found


@kernel(parallel=True)
def _units(figures: Floats, scale: Floats, factors: Floats, up: bool, found: Ints) -> None:
    for k in span(len(figures)):
        units = figures[k] * factors[k]
        if not abs(units) < MOST_UNITS:
            found[k] = NONE
            continue
        whole = np.rint(units)
        noise = min(MOST_NOISE, NOISE * scale[k] * factors[k])
        if abs(units - whole) > noise:
            whole = np.ceil(units) if up else np.floor(units)
        found[k] = np.int64(whole)


def shocks_of(shocks: Floats, places: int) -> NDArray[np.int64]:
    """Towards zero: shown a little too near, never too far."""
    ones = np.ones(len(shocks))
    decimals = np.full(len(shocks), places)
    near, far = units_of(shocks, ones, decimals, up=False), units_of(shocks, ones, decimals, up=True)
    return np.where(shocks < 0, far, near)
