"""A verdict in the words of the contract: figures as decimals, and a sentence for every reason.

Takes a verdict; gives plain values for JSON. Rounded once, here: requirements up, equity down, and never
across the line that decided. Decides nothing.
"""

from collections.abc import Callable, Mapping
from typing import Any

from margin.engine import shown
from margin.engine.figures import AccountFigures
from margin.engine.integers import PoolSums, S
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.risk import Risk, risk_of
from margin.engine.types import Policy
from margin.engine.verdict import Because, Why

PLACES = 8
AMOUNTS = frozenset({Why.NEWLY_SHORT, Why.STILL_SHORT, Why.OTHER_POOL_SHORT})
"""Reasons that set equity against a requirement, in the account's currency."""

SENTENCES: Mapping[Why, Callable[[Because, str, str], str]] = {
    Why.REDUCES_RISK: lambda b, m, a: "It reduces what is held.",
    Why.COVERED: lambda b, m, a: "Every pool it touches keeps its margin, and no cap is broken.",
    Why.FROZEN: lambda b, m, a: b.said or "The account is frozen.",
    Why.REDUCE_ONLY: lambda b, m, a: b.said or "The account may only reduce what it holds.",
    Why.NEWLY_SHORT: lambda b, m, a: f"The {b.pool} pool would hold {m} and must hold {a}.",
    Why.STILL_SHORT: lambda b, m, a: (
        f"The {b.pool} pool is short already: it would hold {m} and must hold {a}."
    ),
    Why.OTHER_POOL_SHORT: lambda b, m, a: f"The {b.pool} pool is short: it holds {m} and must hold {a}.",
    Why.ADDS_RISK: lambda b, m, a: (
        f"At its price the closing would leave the {b.pool} pool worse than it stands."
    ),
    Why.OVER_CAP: lambda b, m, a: f"{m} would be used of the {a} that {b.limit} allows.",
    Why.NO_CAP: lambda b, m, a: "No cap says how far this client may go, so nothing new is allowed.",
    Why.POSITION_LIMIT: lambda b, m, a: f"The position would be {m} and may be {a}: {b.limit}.",
    Why.ACCOUNT_TEST: lambda b, m, a: "A test over the whole account would not be met.",
    Why.UNKNOWN_FIGURE: lambda b, m, a: "A figure it rests on is unknown: an input is missing or in doubt.",
    Why.PRICE_IN_DOUBT: lambda b, m, a: (
        f"A price in the {b.pool} pool is in doubt, so nothing new is allowed."
    ),
    Why.OPPOSED: lambda b, m, a: "An accepted order on the other side of this isolated position still rests.",
    Why.NO_PRICE: lambda b, m, a: "The instrument has no price, or its currency no rate.",
    Why.UNKNOWN_ACCOUNT: lambda b, m, a: "There is no such account here, or not for you.",
    Why.UNKNOWN_INSTRUMENT: lambda b, m, a: "There is no such instrument, or its terms cannot be used.",
    Why.AMBIGUOUS_POSITION: lambda b, m, a: "Several isolated positions could be meant: name one by its ref.",
    Why.INACTIVE: lambda b, m, a: "The instrument is not traded any more: only closing is allowed.",
    Why.MARKET_CLOSED: lambda b, m, a: "The market is closed: only closing is allowed.",
    Why.PRICE_BAND: lambda b, m, a: f"The price lies {m} of the mark away; at most {a} is allowed.",
    Why.STALE_DATA: lambda b, m, a: f"The gate's data are {m} s old; beyond {a} s only closing is allowed.",
}


def reason(because: Because, places: int) -> dict[str, str | None]:
    """One reason. `limit` names what it rests on: a cap, or the pool that would be short."""
    measured, allowed = _pair(because, places)
    return {
        "code": because.why.value,
        "limit": because.limit or because.pool or None,
        "measured": measured,
        "allowed": allowed,
        "message": SENTENCES[because.why](because, measured or "an unbounded amount", allowed or "nothing"),
    }


def _pair(because: Because, places: int) -> tuple[str | None, str | None]:
    """What was measured and what is allowed, apart as they were decided."""
    measured, allowed = because.measured, because.allowed
    if because.why in AMOUNTS and measured is not None and allowed is not None:
        risk = shown.risk(Risk(measured, allowed), places)
        return f"{risk.equity:f}", f"{risk.initial:f}"
    return _text(measured, shown.up), _text(allowed, shown.down)


def _text(number: Fraction | None, rounded: Callable[[Fraction, int], Any]) -> str | None:
    if number is None:
        return None
    text = f"{rounded(number, PLACES):f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def figures(found: AccountFigures, pool: str, places: int) -> dict[str, Any] | None:
    """Of the pool an order acts upon, else of the cross pool; nothing where there is no figure."""
    by_name = {one.pool: one for one in found.pools}
    one = by_name.get(pool) or by_name[CROSS]
    if one.equity is None:
        return None
    risk = shown.risk(risk_of(one), places)
    return {
        "pool": one.pool,
        "level": one.level.word,
        "equity": f"{risk.equity:f}",
        "initial": f"{risk.initial:f}",
        "maintenance": f"{risk.maintenance:f}",
        "house_maintenance": f"{risk.house:f}",
        "free_margin": f"{shown.down(one.free_margin or Fraction(0), places):f}",
    }


def whole_figures(name: str, pool: PoolSums, scale: int, policy: Policy, places: int) -> dict[str, Any]:
    """The same of a pool in whole numbers."""
    unit, exact = 10**places, (pool.equity * S, pool.initial * S, pool.maintenance * S, pool.house)
    level = Risk(*(Fraction(one) for one in exact)).level(policy)
    equity = exact[0] * unit // (scale * S)
    needs = [equity if need == exact[0] else -(-need * unit // (scale * S)) for need in exact[1:]]
    if _sides(equity, *needs) != _sides(*exact):
        risk = shown.risk(Risk(*(Fraction(one, scale * S) for one in exact)), places)
        texts = [f"{one:f}" for one in (risk.equity, risk.initial, risk.maintenance, risk.house)]
    else:
        texts = [_decimal(one, places) for one in (equity, *needs)]
    free = max(0, exact[0] - max(exact[1], exact[3]))
    return {
        "pool": name,
        "level": level.word,
        **dict(zip(("equity", "initial", "maintenance", "house_maintenance"), texts, strict=True)),
        "free_margin": _decimal(free * unit // (scale * S), places),
    }


def _sides(equity: int, initial: int, maintenance: int, house: int) -> tuple[bool, ...]:
    """The relations that decided, as `shown` keeps them."""
    pairs = ((equity, initial), (equity, maintenance), (equity, house), (house, maintenance))
    return tuple(side for one, two in pairs for side in (one > two, one < two))


def _decimal(units: int, places: int) -> str:
    if not places:
        return str(units)
    digits = str(abs(units)).rjust(places + 1, "0")
    return f"{'-' if units < 0 else ''}{digits[:-places]}.{digits[-places:]}"
