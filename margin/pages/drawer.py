"""The drawer under a row: what binds, and the positions. Takes rows of the frame; gives texts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from margin import formats
from margin.engine.types import ISOLATED
from margin.pages.rows import AccountRow, shown


@dataclass(frozen=True, slots=True)
class PositionRow:
    ref: str
    named: str
    instrument: str
    side: str
    quantity: str
    mode: str
    mode_word: str
    pool: str
    pool_level: str
    pool_word: str
    entry_price: str
    mark: str
    notional: str
    pnl: str
    way: str
    """`gain` or `loss`; blank where no figure exists."""
    maintenance: str
    liquidation_price: str
    to_liquidation: str
    hedged: str


@dataclass(frozen=True, slots=True)
class Drawer:
    account: AccountRow
    free_margin: str
    binding_pool: str
    positions: list[PositionRow]


def drawer(row: Mapping[str, Any], positions: Sequence[Mapping[str, Any]]) -> Drawer:
    return Drawer(
        account=shown(row),
        free_margin=formats.money(row["free_margin"]),
        binding_pool=pool_name(row["binding_pool"] or "", positions),
        positions=[position(each) for each in sorted(positions, key=_size, reverse=True)],
    )


def pool_name(pool: str, positions: Sequence[Mapping[str, Any]]) -> str:
    """A pocket of its own goes by what it holds: `isolated:<ref>` tells a person nothing."""
    alone = next((row["instrument"] for row in positions if row["pool"] == pool), "")
    return (
        f"isolated {alone}"
        if alone and pool.startswith(ISOLATED) and alone not in pool
        else formats.named(pool)
    )


def position(row: Mapping[str, Any]) -> PositionRow:
    quantity, pnl = row["quantity"], row["unrealised_pnl"]
    return PositionRow(
        ref=row["ref"],
        named=formats.named(row["ref"]),
        instrument=row["instrument"],
        side="short" if Decimal(quantity) < 0 else "long",
        quantity=formats.money(_plain(quantity)),
        mode=row["mode"],
        mode_word=row["mode"],
        pool=row["pool"],
        pool_level=row["pool_level"] or "unknown",
        pool_word=formats.level(row["pool_level"] or "unknown"),
        entry_price=formats.money(_plain(row["entry_price"])),
        mark=formats.money(_plain(row["mark"])),
        notional=formats.money(row["notional"]),
        pnl=formats.money(pnl),
        way="" if pnl is None else "loss" if Decimal(pnl) < 0 else "gain",
        maintenance=formats.money(row["maintenance"]),
        liquidation_price=liquidation_at(row),
        to_liquidation="" if cures(row) else to_liquidation(row["mark"], row["liquidation_price"]),
        hedged="" if cures(row) else hedged(row),
    )


def cures(row: Mapping[str, Any]) -> bool:
    """The pool is below its line already: the price is where it would be above it again."""
    return row["pool_level"] == "liquidation" and row["liquidation_price"] is not None


def liquidation_at(row: Mapping[str, Any]) -> str:
    price = formats.money(_plain(row["liquidation_price"]))
    return f"cured at {price}" if cures(row) else price


def _plain(text: str | None) -> str | None:
    """Without idle zeros."""
    return None if text is None else formats.plain(text)


def to_liquidation(mark: str | None, price: str | None) -> str:
    """How far its own market may move, of the mark."""
    if mark is None or price is None or not Decimal(mark):
        return ""
    move = (Decimal(price) - Decimal(mark)) / abs(Decimal(mark))
    return formats.signed_percent(move)


def hedged(row: Mapping[str, Any]) -> str:
    """Why a move in its favour ends its pool: what stands against it there loses more by that move."""
    mark, price = row["mark"], row["liquidation_price"]
    if mark is None or price is None or Decimal(price) == Decimal(mark):
        return ""
    rises, is_short = Decimal(price) > Decimal(mark), Decimal(row["quantity"]) < 0
    return "" if rises is is_short else f"hedged: a {'rise' if rises else 'fall'} hurts its pool"


def _size(row: Mapping[str, Any]) -> Decimal:
    return Decimal(row["notional"] or 0)
