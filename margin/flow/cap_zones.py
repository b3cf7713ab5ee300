"""How far along a cap each use of it is, for many at once: its zone, or that float64 cannot tell.

Takes what is used, caps and warnings in columns; gives a zone each, in which it is known what a breach does.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from margin.engine.breach import BreachPolicy
from margin.engine.columns import Floats
from margin.engine.kernels import CLOSE
from margin.engine.measures import MEASURES, LimitKind
from margin.flow.binding_caps import Binding
from margin.flow.client_sums import Rows

INSIDE, ROOM, WARNED, TOP, WARNED_TOP, OVER, UNKNOWN, MISSING, UNSURE = range(9)
"""Well inside; below its warning; warned; above what would cure a breach, warned or not; above the cap; not
known; no cap though one is required; too near a line for float64."""
POLICY = BreachPolicy()


@dataclass(frozen=True, slots=True)
class Uses:
    """One rule asked of many subjects: `zones` and whose client each is.

    `subject` names one and `cap` says what binds it, on request. `accounts` pairs a subject with each row of
    an account that it concerns.
    """

    rule: str
    zones: NDArray[np.uint8]
    cap: Callable[[int], Binding]
    client: Rows
    subject: Callable[[int], str]
    accounts: tuple[Rows, Rows]


@dataclass(frozen=True, slots=True)
class Measured:
    """What is used of what, and by how much prices in doubt may change each.

    `gross` is what the amount was added up from, `scale` what `per` was: as far as float64 can be off.
    """

    amount: Floats
    per: Floats
    gross: Floats
    scale: Floats
    slack: Floats
    per_equity: bool

    def of(self, rows: Rows) -> "Measured":
        """Some of them."""
        amount, per, gross = self.amount[rows], self.per[rows], self.gross[rows]
        return Measured(amount, per, gross, self.scale[rows], self.slack[rows], self.per_equity)


def zones_of(used: Measured, limit: Floats, warn_at: Floats) -> NDArray[np.uint8]:
    """Sure of every digit, and of every price that the guard bands allow."""
    amount, per = used.amount, used.per
    whole = limit * per
    cure, leave = float(POLICY.cured_at), float(POLICY.leave_warning_below)
    found = np.full(len(amount), INSIDE, dtype=np.uint8)
    found[amount >= leave * whole] = ROOM
    found[(amount > cure * whole) & (found == ROOM)] = TOP
    warned = amount >= warn_at * whole
    found[warned] = WARNED
    found[warned & (amount > cure * whole)] = WARNED_TOP
    found[amount > whole] = OVER
    found[per <= 0.0] = OVER
    width = CLOSE * (used.gross + limit * used.scale)
    for share in (1.0, warn_at, cure, leave):
        found[np.abs(share * whole - amount) <= width] = UNSURE
    found[np.abs(per) <= CLOSE * used.scale] = UNSURE
    found[amount == 0.0] = INSIDE
    least = per - used.slack if used.per_equity else per
    calm = (found == INSIDE) & (warn_at * limit * least > amount + used.slack)
    found[(used.slack > 0.0) & ~calm] = UNSURE
    found[np.isnan(amount) | np.isnan(per)] = UNKNOWN
    return found


def measured_by(
    kind: LimitKind, *, gross: Floats, net: Floats, equity: Floats, scale: Floats, slack: Floats
) -> Measured:
    """As `MEASURES` has it of sums."""
    per_equity = MEASURES[kind].per_equity
    one = np.ones(len(gross))
    amount = np.abs(net) if kind is LimitKind.NET else gross
    per, scale = (equity, scale) if per_equity else (one, one)
    return Measured(amount, per, gross, scale, slack, per_equity)
