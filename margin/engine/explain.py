"""Why this number: the working of a figure, line by line.

Takes an account, its market and the figures already measured; gives lines of formula, this account's inputs
with where they come from, and the result. Explains what was computed and computes nothing that decides.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from margin.engine.figures import AccountFigures, LegFigures, PoolFigures, PositionFigures, known
from margin.engine.pools import Pool, collateral_risk, pools_of, terms_of
from margin.engine.rational import Fraction
from margin.engine.types import ONE, Account, Instrument, Kind, Market, Policy, Position, Rate, house_factor


@dataclass(frozen=True, slots=True)
class Input:
    """One number that went in; `source` names the price, the version or the account it was taken from."""

    name: str
    value: Fraction
    source: str = ""


@dataclass(frozen=True, slots=True)
class Working:
    """One line: what it is, of what, how, with what, and what came out (None: it does not exist)."""

    figure: str
    of: str
    formula: str
    inputs: tuple[Input, ...]
    result: Fraction | None
    note: str = ""


NEEDS = {
    "equity": {"collateral", "unrealised_pnl", "equity"},
    "unrealised_pnl": {"unrealised_pnl"},
    "notional": {"notional"},
    "maintenance": {"notional", "maintenance"},
    "initial": {"notional", "maintenance", "initial"},
    "house_maintenance": {"notional", "maintenance", "house_maintenance"},
    "utilisation": {
        "collateral",
        "unrealised_pnl",
        "equity",
        "maintenance",
        "house_maintenance",
        "utilisation",
    },
    "level": {"equity", "maintenance", "house_maintenance", "utilisation", "level"},
    "free_margin": {"equity", "initial", "house_maintenance", "free_margin"},
    "leverage": {"notional", "equity", "leverage"},
}


def explain(
    account: Account, market: Market, policy: Policy, figures: AccountFigures, figure: str
) -> list[Working]:
    """The lines of one figure, pool by pool; an unknown pool has one line that says why."""
    wanted = NEEDS[figure]
    lines = []
    for pool, found in zip(pools_of(account), figures.pools, strict=True):
        if found.equity is None:
            lines.append(Working(figure, pool.name, "", (), None, "; ".join(found.unknown_because)))
            continue
        lines += [line for line in _pool_lines(account, market, policy, pool, found) if line.figure in wanted]
    if figure in ("equity", "leverage") and figures.equity is not None:
        lines += _account_lines(figures, figure)
    return lines


def _pool_lines(
    account: Account, market: Market, policy: Policy, pool: Pool, found: PoolFigures
) -> Iterator[Working]:
    yield from _collateral_lines(account, market, pool, found)
    positions = {position.ref: position for position in account.positions}
    for row in found.positions:
        yield from _position_lines(positions[row.ref], row, market, found)
    for leg in found.legs:
        instrument = next(iter(pool.by_instrument[leg.instrument])).instrument
        yield from _leg_lines(leg, positions[_first_ref(found, leg)], instrument.buffer, account, found)
    yield from _sum_lines(found, policy)


def _first_ref(found: PoolFigures, leg: LegFigures) -> str:
    return next(row.ref for row in found.positions if row.instrument == leg.instrument)


def _collateral_lines(account: Account, market: Market, pool: Pool, found: PoolFigures) -> Iterator[Working]:
    """V = b*p and what of it is recognised."""
    prices = found.prices
    for asset, amount in pool.balances.items():
        rate = prices.rates[asset] if prices else ONE
        quote = market.rates.get(asset)
        path = " > ".join(quote.path) if quote else "base currency"
        terms = terms_of(account, asset)
        yield Working(
            "collateral",
            f"{pool.name} {asset}",
            "V = b*p; recognised V - H(V), a debt uncut",
            (Input("b", amount, "ledger"), Input("p", rate, path), Input("V", amount * rate)),
            collateral_risk(account, asset, amount, rate).equity,
            f"haircuts {terms.haircuts.version}".strip(),
        )


def _position_lines(
    position: Position, row: PositionFigures, market: Market, found: PoolFigures
) -> Iterator[Working]:
    instrument, inverse = position.instrument, position.instrument.kind is Kind.INVERSE
    rate = found.prices.rate_of(instrument) if found.prices else ONE
    quote, mark = _quote(market, instrument), market.marks[instrument.code]
    path = " > ".join(quote.path) if quote else "base currency"
    inputs = (
        Input("q", position.quantity, f"position {position.ref}"),
        Input("c", instrument.contract_size, f"instrument {instrument.code}"),
        Input("m", known(row.mark), mark.source or row.price_state.value),
        Input("x", rate, path),
    )
    formula = "N = |q|*c/m*x" if inverse else "N = |q|*c*|m|*x"
    yield Working("notional", row.ref, formula, inputs, row.notional)
    entry = Input("e", position.entry_price, f"position {position.ref}")
    formula = "U = q*c*(1/e - 1/m)*x" if inverse else "U = q*c*(m - e)*x"
    yield Working("unrealised_pnl", row.ref, formula, (*inputs, entry), row.unrealised_pnl)


def _quote(market: Market, instrument: Instrument) -> Rate | None:
    return market.settlements.get(instrument.code, market.rates.get(instrument.settlement))


def _leg_lines(
    leg: LegFigures, position: Position, own_buffer: Fraction, account: Account, found: PoolFigures
) -> Iterator[Working]:
    schedule = position.instrument.schedule
    tier = schedule.tiers[leg.tier]
    side = "long" if leg.side > 0 else "short"
    of, source = f"{found.pool} {leg.instrument} {side}", f"schedule {schedule.version}".strip()
    rate = found.prices.rate_of(position.instrument) if found.prices else ONE
    inputs = (
        Input("n", leg.size, "sum of the leg, settlement currency"),
        Input("mmr", tier.maintenance_rate, f"{source} tier {leg.tier + 1}"),
        Input("d", schedule.deductions[leg.tier], f"{source} tier {leg.tier + 1}"),
        Input("fee", schedule.fee_rate, source),
        Input("x", rate),
    )
    note = "" if leg.charged_maintenance == leg.maintenance else "paid for by the other leg of the hedge"
    yield Working("maintenance", of, "max(0, n*mmr - d + n*fee)*x", inputs, leg.charged_maintenance, note)
    yield Working(
        "initial",
        of,
        "max(mm, sum of n_p*max(imr, 1/leverage_p))*x",
        (inputs[0], Input("imr", tier.initial_rate, f"{source} tier {leg.tier + 1}")),
        leg.charged_initial,
    )
    yield Working(
        "house_maintenance",
        of,
        "MM*(1 + b + b_p)",
        (
            Input("MM", leg.charged_maintenance),
            Input("b", account.buffer, account.buffer_source),
            Input("b_p", own_buffer, f"instrument {leg.instrument}"),
        ),
        leg.charged_maintenance * house_factor(account.buffer, own_buffer),
    )


def _sum_lines(found: PoolFigures, policy: Policy) -> Iterator[Working]:
    equity, house = Input("E", known(found.equity)), Input("MM_house", known(found.house_maintenance))
    yield Working(
        "equity",
        found.pool,
        "E = sum of recognised collateral + sum of U",
        (Input("collateral", known(found.collateral)), Input("U", known(found.unrealised_pnl))),
        found.equity,
    )
    for figure in ("maintenance", "initial", "house_maintenance"):
        yield Working(figure, found.pool, "sum over legs and debts", (), getattr(found, figure))
    yield Working("utilisation", found.pool, "MM_house/E", (house, equity), found.utilisation)
    yield Working(
        "level",
        found.pool,
        "liquidation E < MM; call E < MM_house; bands of MM_house/E",
        (
            equity,
            Input("MM", known(found.maintenance)),
            house,
            Input("watch", policy.watch, "desk policy"),
            Input("at risk", policy.at_risk, "desk policy"),
            Input("danger", policy.danger, "desk policy"),
        ),
        found.utilisation,
        found.level.word,
    )
    initial = Input("IM", known(found.initial))
    yield Working(
        "free_margin",
        found.pool,
        "max(0, E - max(IM, MM_house))",
        (equity, initial, house),
        found.free_margin,
    )
    gross = Input("N", known(found.gross))
    yield Working("leverage", found.pool, "sum of N/E", (gross, equity), found.leverage)


def _account_lines(figures: AccountFigures, figure: str) -> Iterator[Working]:
    parts = tuple(Input(pool.pool, known(pool.equity)) for pool in figures.pools)
    if figure == "equity":
        yield Working(
            "equity", figures.code, "E_total = E_cross + sum of max(0, E_isolated)", parts, figures.equity
        )
        return
    inputs = (Input("N", known(figures.gross)), Input("E_total", known(figures.equity)))
    yield Working("leverage", figures.code, "sum of N/E_total", inputs, figures.leverage)
