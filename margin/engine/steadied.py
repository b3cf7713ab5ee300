"""The shown level: what people see, steadied against flicker.

Takes the level shown before, the pool's newest figures and the market's time; gives the level to show. It
rises at once and falls only after the figure of the level it leaves has been well inside for a while. The
measured level, on which decisions rest, is never delayed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from margin.engine.figures import Level
from margin.engine.rational import Fraction
from margin.engine.risk import Risk, bands
from margin.engine.types import ONE, Policy

INSIDE = Fraction(2, 100)
FOR = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Shown:
    """`inside_since` is when the figure came to lie inside the level it is about to leave."""

    level: Level
    inside_since: datetime | None = None


def steady(
    previous: Shown | None, measured: Level, risk: Risk | None, now: datetime, policy: Policy
) -> Shown:
    """`risk` is None where the pool is unknown; `now` is market time, which rests while a market does."""
    if previous is None or measured >= previous.level or risk is None:
        return Shown(measured)
    if previous.level is not Level.UNKNOWN and not _is_inside(previous.level, risk, policy):
        return Shown(previous.level)
    since = previous.inside_since or now
    if now - since >= FOR or previous.level is Level.UNKNOWN:
        return Shown(measured)
    return Shown(previous.level, since)


def _is_inside(level: Level, risk: Risk, policy: Policy) -> bool:
    """MM_house/E for bands and call, MM/E for liquidation: two points below the line that is left."""
    if risk.maintenance == 0 and risk.equity >= 0:
        return True
    line = dict(bands(policy)).get(level, ONE)
    requirement = risk.maintenance if level is Level.LIQUIDATION else risk.house
    return requirement <= (line - INSIDE) * risk.equity
