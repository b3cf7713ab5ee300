"""What changed a figure between two runs: the bridge, in parts that sum exactly.

Takes one account revisited at two runs and a figure's name; gives start, end and every part by its cause.
"""

from collections.abc import Mapping
from dataclasses import replace
from operator import attrgetter

from margin.engine.bridge import Bridge, Figure, State, bridge
from margin.engine.types import Market, Position
from margin.whatif.revisit import Revisited

NAMES = (
    "equity",
    "initial",
    "maintenance",
    "house_maintenance",
    "utilisation",
    "free_margin",
    "gross",
    "net",
    "leverage",
)
FIGURES: Mapping[str, Figure] = {name: attrgetter(name) for name in NAMES}


def between(before: Revisited, after: Revisited, figure: str) -> Bridge | None:
    """None where the figure is unknown at either end or on the way."""
    return bridge(_needed(before.state, after.state), _needed(after.state, before.state), FIGURES[figure])


def _needed(state: State, other: State) -> State:
    """Only prices that either state rests on: each price that differs is one more question to the engine."""
    positions: tuple[Position, ...] = (*state.account.positions, *other.account.positions)
    codes = {position.instrument.code for position in positions}
    assets = {position.instrument.settlement for position in positions}
    assets |= {holding.asset for holding in (*state.account.holdings, *other.account.holdings)}
    market = state.market
    trimmed = Market(
        market.base,
        {code: mark for code, mark in market.marks.items() if code in codes},
        {asset: rate for asset, rate in market.rates.items() if asset in assets},
        market.settlements,
    )
    return replace(state, market=trimmed)
