"""Why this number, for an account as a whole: what its pools add up to, and what lies ahead of it.

Takes measured figures, distances and prices that hurt; gives lines of working like `explain`. Computes
nothing that decides.
"""

from collections.abc import Iterator, Mapping

from margin.engine.distance import Distance, Distances
from margin.engine.explain import Input, Working
from margin.engine.figures import AccountFigures, Level, PositionFigures, known
from margin.engine.liquidation import HurtPrices
from margin.engine.rational import Fraction
from margin.engine.types import Account, Policy

SUMMED = ("initial", "maintenance", "house_maintenance", "gross", "net")
SHOCKED = "the smallest |s| beyond which some pool is below its line; every mark becomes m + beta*s*|m|"


def sum_line(figures: AccountFigures, figure: str) -> Iterator[Working]:
    """The account's own figure out of those of its pools."""
    parts = tuple(
        Input(pool.pool, value)
        for pool in figures.pools
        if (value := getattr(pool, figure, None)) is not None
    )
    if figure in SUMMED and len(parts) == len(figures.pools):
        yield Working(figure, figures.code, "sum over pools", parts, getattr(figures, figure))
    elif figure == "utilisation":
        note = f"{figures.binding_pool} binds"
        yield Working(figure, figures.code, "that of the pool that binds", parts, figures.utilisation, note)
    elif figure == "free_margin":
        formula = "that of the cross pool, from which new positions are funded"
        yield Working(figure, figures.code, formula, parts[:1], figures.free_margin)


def exposure_lines(figures: AccountFigures, figure: str) -> Iterator[Working]:
    """Gross and net of each pool, position by position."""
    for pool in figures.pools:
        if pool.gross is None:
            continue
        parts = tuple(Input(row.ref, _held(row, figure), row.instrument) for row in pool.positions)
        formula = "sum of N" if figure == "gross" else "sum of S, S = sign(q*m)*N"
        yield Working(figure, pool.pool, formula, parts, getattr(pool, figure))


def _held(row: PositionFigures, figure: str) -> Fraction:
    return known(row.notional if figure == "gross" else row.exposure)


def price_lines(
    account: Account, figures: AccountFigures, hurt: Mapping[str, HurtPrices]
) -> Iterator[Working]:
    """The liquidation price of each position, from where its pool stands now."""
    rows = {row.ref: row for row in figures.positions}
    for position in account.positions:
        row, found = rows[position.ref], hurt.get(position.ref)
        pool = figures.pool(row.pool)
        if pool.equity is None or found is None or row.mark is None:
            because = "; ".join(pool.unknown_because)
            yield Working("liquidation_price", position.ref, "", (), None, because)
            continue
        own = [
            p.quantity for p in account.positions if (p.pool, p.instrument) == (row.pool, position.instrument)
        ]
        inputs = (
            Input("E", pool.equity, row.pool),
            Input("MM", known(pool.maintenance), row.pool),
            Input("Q", sum(own, Fraction(0)), f"{position.instrument.code} in {row.pool}"),
            Input("c", position.instrument.contract_size, f"instrument {position.instrument.code}"),
            Input("m", row.mark, "mark"),
        )
        formula = "the mark m* nearest to m at which E(m*) = MM(m*); other marks stay"
        yield Working(
            "liquidation_price", position.ref, formula, inputs, found.liquidation.price, _note(found)
        )


def _note(found: HurtPrices) -> str:
    if found.liquidation.price is None:
        return "no price of this instrument alone can bring the pool there"
    return "already below: at this price it is cured" if found.liquidation.cures else ""


def distance_lines(
    figures: AccountFigures, policy: Policy, found: Distances, figure: str
) -> Iterator[Working]:
    """How far all markets together may move, down and up."""
    level = Level.LIQUIDATION if figure == "distance" else found.next_level
    moves: Distance = found.liquidation if figure == "distance" else found.next_event
    shares = {Level.WATCH: policy.watch, Level.AT_RISK: policy.at_risk, Level.DANGER: policy.danger}
    if level is None:
        yield Working(figure, figures.code, SHOCKED, (), None, "there is no worse level to reach")
        return
    inputs = []
    for pool in figures.pools:
        if pool.equity is not None:
            need = pool.maintenance if level is Level.LIQUIDATION else pool.house_maintenance
            inputs += [Input("E", pool.equity, pool.pool), Input("requirement", known(need), pool.pool)]
    if level in shares:
        inputs.append(Input("line", shares[level], "desk policy"))
    for side, shock in (("down", moves.down), ("up", moves.up)):
        note = f"to {level.word}" if shock is not None else f"no move {side} leads to {level.word}"
        yield Working(figure, f"{figures.code} {side}", SHOCKED, tuple(inputs), shock, note)
