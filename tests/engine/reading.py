"""Reads a described account, in the shape of the calculator's contract, into the engine's nouns."""

from typing import Any

from margin.engine.tiers import Haircuts, HaircutTier, Schedule, Tier
from margin.engine.types import (
    Account,
    AssetTerms,
    AtThreshold,
    Holding,
    Instrument,
    Kind,
    Mark,
    Market,
    Mode,
    Offsets,
    Policy,
    Position,
    Rate,
    exact,
)

ONE_PER_CENT = [{"floor": "0", "initial_rate": "0.01", "maintenance_rate": "0.01"}]


def read(request: dict[str, Any]) -> tuple[Account, Market, Policy]:
    base = request["base_currency"]
    instruments = {code: _instrument(code, row) for code, row in request["instruments"].items()}
    positions, pockets = [], []
    for index, row in enumerate(request["positions"]):
        lever = row.get("leverage")
        positions.append(
            Position(
                str(index),
                instruments[row["instrument"]],
                Mode(row["mode"]),
                exact(row["quantity"]),
                exact(row["entry_price"]),
                None if lever is None else exact(lever),
            )
        )
        if row["mode"] == "isolated":
            pockets.append(Holding(f"isolated:{index}", base, exact(row["isolated_margin"])))
    wallet = [Holding("wallet", row["asset"], exact(row["amount"])) for row in request["collateral"]]
    account = Account(
        "CALC",
        base,
        tuple(positions),
        (*wallet, *pockets),
        {row["asset"]: _terms(row) for row in request["collateral"]},
        exact(request.get("buffer", "0")),
    )
    return account, _market(request, base), _policy(request)


def _instrument(code: str, row: dict[str, Any]) -> Instrument:
    tiers = tuple(
        Tier(
            exact(tier["floor"]),
            exact(tier["initial_rate"]),
            exact(tier["maintenance_rate"]),
            exact(tier["maintenance_amount"]) if "maintenance_amount" in tier else None,
        )
        for tier in row.get("tiers", ONE_PER_CENT)
    )
    return Instrument(
        code,
        Schedule(tiers, exact(row.get("fee_rate", "0"))),
        f"settlement of {code}",
        Kind(row.get("kind", "linear")),
        exact(row.get("contract_size", "1")),
        row.get("underlying", ""),
        row.get("allow_negative", False),
        exact(row.get("reference_price", "0")),
        exact(row.get("buffer", "0")),
        exact(row.get("loading", "1")),
        exact(row["fx_loading"]) if "fx_loading" in row else None,
    )


def _terms(row: dict[str, Any]) -> AssetTerms:
    tiers = row.get("haircut_tiers") or [{"floor": "0", "rate": row.get("haircut", "0")}]
    cuts = Haircuts(tuple(HaircutTier(exact(tier["floor"]), exact(tier["rate"])) for tier in tiers))
    rate = exact(row.get("liability_rate", "0"))
    return AssetTerms(row["asset"], cuts, rate, rate, loading=exact(row.get("loading", "1")))


def _market(request: dict[str, Any], base: str) -> Market:
    marks = {row["instrument"]: Mark(exact(row["mark_price"])) for row in request["positions"]}
    rates = {row["asset"]: Rate(exact(row["price"])) for row in request["collateral"] if "price" in row}
    told = {
        code: Rate(exact(row.get("settlement_rate", "1"))) for code, row in request["instruments"].items()
    }
    return Market(base, marks, rates, told)


def _policy(request: dict[str, Any]) -> Policy:
    return Policy(
        target=exact(request.get("target", "0.60")),
        at_threshold=AtThreshold(request.get("at_threshold", "lt")),
        offsets=Offsets(request.get("offsets", "none")),
    )
