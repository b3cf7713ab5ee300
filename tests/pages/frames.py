"""A shard's frame for tests of pages: believable rows without a run."""

from datetime import timedelta
from typing import Any

import pytest

from margin.book import read
from margin.book.frame import ACCOUNT_COLUMNS, POSITION_COLUMNS, Columns, Frame, ShownPrice, columns_of
from riskdesk import clock

LEVELS = ("liquidation", "unknown", "margin_call", "danger", "at_risk", "watch", "normal")


def account(code: str = "ACME-1", **fields: Any) -> dict[str, Any]:
    """One row of the accounts' columns."""
    row: dict[str, Any] = {
        "account": code,
        "name": code,
        "client": code.partition("-")[0],
        "client_name": f"{code.partition('-')[0].title()} Trading",
        "desk": "PRIME",
        "mode": "cross",
        "currency": "USD",
        "equity": "52000.00",
        "initial": "35000.00",
        "maintenance": "27000.00",
        "house_maintenance": "30000.00",
        "utilisation": "0.576923",
        "level": "normal",
        "bounded": False,
        "unknown_because": None,
        "binding_pool": "cross",
        "control": "open",
        "gross": "520000.00",
        "net": "-120000.00",
        "leverage": "10.00",
        "cap": "20",
        "cap_name": "client ACME",
        "cap_use": "0.5",
        "cap_state": "within",
        "distance": "0.1830",
        "distance_down": "-0.1830",
        "distance_up": None,
        "next_level": "watch",
        "next": "0.0212",
        "next_down": "-0.0212",
        "next_up": None,
        "free_margin": "17000.00",
        "positions": 1,
        "price_time": clock.now().isoformat(),
        "price_state": "fresh",
    }
    return row | fields


def position(account: str = "ACME-1", **fields: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "account": account,
        "ref": "BTC-PERP|cross",
        "instrument": "BTC-PERP",
        "mode": "cross",
        "quantity": "-1.5",
        "entry_price": "60000",
        "mark": "58000",
        "notional": "87000.00",
        "unrealised_pnl": "3000.00",
        "maintenance": "870.00",
        "liquidation_price": "71200.5",
        "pool": "cross",
        "pool_level": "normal",
    }
    return row | fields


def frame(
    accounts: list[dict[str, Any]],
    positions: list[dict[str, Any]] | None = None,
    *,
    seq: int = 1,
    desk: str = "PRIME",
) -> Frame:
    """The frame of shard 1 as run `seq` would have written it now."""
    return Frame(
        run=f"00000000-0000-4000-8000-{seq:012d}",
        shard=1,
        seq=seq,
        at=clock.now().isoformat(),
        engine_version="test",
        prices={
            "BTC-PERP": ShownPrice("58000", "fresh", "sim", clock.now().isoformat()),
            "XAU-CFD": ShownPrice("2400", "stale", "sim", (clock.now() - timedelta(seconds=9)).isoformat()),
        },
        desks={desk: sums(accounts)},
        accounts=columns_of(ACCOUNT_COLUMNS, accounts),
        positions=columns_of(POSITION_COLUMNS, positions or []),
    )


def sums(accounts: list[dict[str, Any]]) -> dict[str, Any]:
    def total(name: str) -> str:
        return f"{sum(float(row[name]) for row in accounts if row[name] is not None):.2f}"

    return {
        "currency": "USD",
        "clients": len({row["client"] for row in accounts}),
        "accounts": len(accounts),
        "positions": sum(row["positions"] for row in accounts),
        "unknown": sum(row["level"] == "unknown" for row in accounts),
        "levels": {level: sum(row["level"] == level for row in accounts) for level in LEVELS},
        "oldest_price": None,
        **{
            name: total(name)
            for name in ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")
        },
    }


def rows_made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Fills with the sub-account of every row that is made from now on."""
    made: list[str] = []
    row_at = read.row_at

    def seen(columns: Columns, place: int) -> dict[str, Any]:
        made.append(columns["account"][place])
        return row_at(columns, place)

    monkeypatch.setattr(read, "row_at", seen)
    return made
