"""Builds small accounts and markets for the engine's tests, from numbers as one would write them."""

from collections.abc import Mapping, Sequence
from typing import Any

from margin.engine.tiers import Haircuts, HaircutTier, Schedule, Tier
from margin.engine.types import (
    Account,
    AssetTerms,
    Holding,
    Instrument,
    Kind,
    Mark,
    Market,
    Mode,
    Policy,
    Position,
    Rate,
    exact,
)


def schedule(*tiers: tuple[Any, ...], fee: Any = 0, cap: Any = None) -> Schedule:
    """Tiers as (floor, maintenance) or (floor, initial, maintenance[, amount])."""
    rows = []
    for tier in tiers or ((0, "0.01"),):
        floor, rates = tier[0], tier[1:]
        initial, maintenance = (rates[0], rates[0]) if len(rates) == 1 else rates[:2]
        amount = exact(rates[2]) if len(rates) == 3 else None
        rows.append(Tier(exact(floor), exact(initial), exact(maintenance), amount))
    return Schedule(tuple(rows), fee_rate=exact(fee), cap=None if cap is None else exact(cap))


def instrument(code: str = "BTC-PERP", *tiers: tuple[Any, ...], **more: Any) -> Instrument:
    """One tier of 1 % settled in USD unless said."""
    fee, cap = more.pop("fee", 0), more.pop("cap", None)
    for name in ("contract_size", "reference_price", "buffer", "loading", "fx_loading"):
        if more.get(name) is not None:
            more[name] = exact(more[name])
    if "kind" in more:
        more["kind"] = Kind(more["kind"])
    settlement = more.pop("settlement", "USD")
    return Instrument(code, schedule(*tiers, fee=fee, cap=cap), settlement, **more)


def cross(traded: Instrument, quantity: Any, entry: Any, ref: str = "", **more: Any) -> Position:
    return _position(traded, quantity, entry, ref, Mode.CROSS, more)


def isolated(traded: Instrument, quantity: Any, entry: Any, ref: str = "", **more: Any) -> Position:
    return _position(traded, quantity, entry, ref, Mode.ISOLATED, more)


def _position(
    traded: Instrument, quantity: Any, entry: Any, ref: str, mode: Mode, more: dict[str, Any]
) -> Position:
    leverage = more.get("leverage")
    name = ref or f"{traded.code}|{mode}|{'long' if exact(quantity) > 0 else 'short'}"
    lever = None if leverage is None else exact(leverage)
    return Position(name, traded, mode, exact(quantity), exact(entry), lever)


def account(
    positions: Sequence[Position] = (),
    *,
    wallet: Any = 0,
    pockets: Mapping[str, Any] | None = None,
    holdings: Sequence[tuple[str, str, Any]] = (),
    terms: Sequence[AssetTerms] = (),
    buffer: Any = 0,
    base: str = "USD",
    **more: Any,
) -> Account:
    """`wallet` and `pockets` (by ref) are in the base currency; `holdings` are (pocket, asset, amount)."""
    rows = [Holding("wallet", base, exact(wallet))] if wallet else []
    rows += [Holding(f"isolated:{ref}", base, exact(amount)) for ref, amount in (pockets or {}).items()]
    rows += [Holding(pocket, asset, exact(amount)) for pocket, asset, amount in holdings]
    return Account(
        "ACC",
        base,
        tuple(positions),
        tuple(rows),
        {term.asset: term for term in terms},
        exact(buffer),
        **more,
    )


def haircuts(*tiers: tuple[Any, Any]) -> Haircuts:
    return Haircuts(tuple(HaircutTier(exact(floor), exact(rate)) for floor, rate in tiers))


def coin(asset: str, *tiers: tuple[Any, Any], **more: Any) -> AssetTerms:
    return AssetTerms(asset, haircuts(*(tiers or ((0, 0),))), **{name: exact(v) for name, v in more.items()})


def market(marks: Mapping[str, Any], rates: Mapping[str, Any] | None = None, base: str = "USD") -> Market:
    """Fresh prices, unless a Mark or a Rate is given as such."""
    return Market(
        base,
        {code: price if isinstance(price, Mark) else Mark(exact(price)) for code, price in marks.items()},
        {a: rate if isinstance(rate, Rate) else Rate(exact(rate)) for a, rate in (rates or {}).items()},
    )


DESK = Policy()
