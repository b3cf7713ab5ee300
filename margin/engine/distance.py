"""How far the market may move: the distance to liquidation and to the next worse level.

Takes an account with its figures; gives, down and up, the smallest market-wide shock beyond which some pool
is below its line. All marks move at once by their loadings, collateral by its own, settlement rates only
where a currency factor is named. Looked for from -100 % to +1,000 %; None beyond.
"""

from dataclasses import dataclass

from margin.engine.curves import nearest
from margin.engine.falls import falls
from margin.engine.figures import AccountFigures, Level
from margin.engine.liquidation import measured_pools
from margin.engine.rational import Fraction
from margin.engine.risk import Line, lines
from margin.engine.shocked import MeasuredPool, Movement
from margin.engine.types import ONE, ZERO, Account, Policy

LOWEST = -ONE
HIGHEST = Fraction(10)


@dataclass(frozen=True, slots=True)
class Distance:
    """Signed shocks: `down` is negative or zero, `up` positive or zero."""

    down: Fraction | None = None
    up: Fraction | None = None

    @property
    def nearest(self) -> Fraction | None:
        """The size of the smaller of the two."""
        sizes = [abs(shock) for shock in (self.down, self.up) if shock is not None]
        return min(sizes, default=None)


@dataclass(frozen=True, slots=True)
class Distances:
    """`next_level` is the next worse than the account's own; None where there is none or it is unknown."""

    liquidation: Distance
    next_level: Level | None
    next_event: Distance


def distances(account: Account, figures: AccountFigures, policy: Policy) -> Distances:
    """Of the account over its pools: the first pool to reach the line counts."""
    pools = measured_pools(account, figures, policy)
    if len(pools) < len(figures.pools):
        return Distances(Distance(), None, Distance())
    upcoming = _next_level(figures)
    asked = lines(policy)
    if any(pool.level is Level.LIQUIDATION for pool in figures.pools):
        return Distances(Distance(ZERO, ZERO), None, Distance())
    to_liquidation = _first(pools, asked[Level.LIQUIDATION])
    if upcoming is None or upcoming is Level.LIQUIDATION:
        return Distances(to_liquidation, upcoming, to_liquidation if upcoming else Distance())
    return Distances(to_liquidation, upcoming, _first(pools, asked[upcoming]))


def first_to_fall(account: Account, figures: AccountFigures, policy: Policy) -> tuple[str | None, str | None]:
    """The names of the pools whose liquidation is nearest, down and up; None where none is reached."""
    line = lines(policy)[Level.LIQUIDATION]
    found = {pool.pool.name: _of_pool(pool, line) for pool in measured_pools(account, figures, policy)}
    down = {name: far.down for name, far in found.items() if far.down is not None}
    up = {name: far.up for name, far in found.items() if far.up is not None}
    return max(down, key=down.__getitem__, default=None), min(up, key=up.__getitem__, default=None)


def _next_level(figures: AccountFigures) -> Level | None:
    """Without a house buffer there is no call between danger and liquidation."""
    if figures.level >= Level.LIQUIDATION:
        return None
    following = Level(figures.level + 1)
    if following is Level.MARGIN_CALL and figures.house_maintenance == figures.maintenance:
        return Level.LIQUIDATION
    return following


def _first(pools: list[MeasuredPool], line: Line) -> Distance:
    found = [_of_pool(measured, line) for measured in pools]
    return Distance(nearest((d.down for d in found), -1), nearest((d.up for d in found), 1))


def _of_pool(measured: MeasuredPool, line: Line) -> Distance:
    if line.above(measured.risk) < 0:
        return Distance(ZERO, ZERO)
    movement = market_wide(measured)
    down, up = falls(measured, movement, line, lowest=LOWEST, highest=HIGHEST)
    return Distance(down, up)


def market_wide(measured: MeasuredPool) -> Movement:
    """Marks m + beta*s*|m|; the base currency never moves."""
    instruments = [positions[0].instrument for positions in measured.pool.by_instrument.values()]
    account = measured.account
    return Movement(
        {i.code: i.loading for i in instruments},
        {
            asset: account.terms[asset].loading
            for asset in measured.pool.balances
            if asset != account.base and asset in account.terms
        },
        {i.code: i.fx_loading for i in instruments if i.fx_loading and i.settlement != account.base},
    )
