"""Which mode suits a book, and why.

Takes the account measured as given, all in cross and all isolated; gives a mode, its reasons in words with
their figures, warnings, and a mode for each position. Advises; decides nothing.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from margin import formats
from margin.engine.correlation import direction_score
from margin.engine.figures import Level, PositionFigures, known
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.engine.types import ZERO, Mode, Position, total_of
from margin.whatif import digits
from margin.whatif.calculator import Answer

HEDGED_BELOW = Fraction(35, 100)
DIRECTIONAL_FROM = Fraction(80, 100)
HIGH_LEVERAGE = Fraction(10)


@dataclass(frozen=True, slots=True)
class Reason:
    code: str
    message: str

    def in_words(self) -> dict[str, str]:
        return {"code": self.code, "message": self.message}


@dataclass(frozen=True, slots=True)
class Bet:
    """All positions on one asset: how one-sided they are (1 is one bet, 0 hedged)."""

    asset: str
    score: Fraction
    gross: Fraction

    @property
    def hedged(self) -> bool:
        return self.score <= HEDGED_BELOW


def advise(given: Answer, *, cross: Answer, isolated: Answer) -> dict[str, Any]:
    rows = {row.ref: row for row in given.figures.positions}
    held = [position for position in given.question.account.positions if position.quantity]
    if given.figures.equity is None or cross.figures.equity is None:
        return _told("unknown", None, [Reason("unknown_figures", "Without its figures no mode is advised.")])
    if not held:
        return _told("any", None, [Reason("no_positions", "There is no position: both modes are the same.")])
    score = direction_score(_exposures(held, rows))
    bets = _bets(held, rows)
    mode = _mode(score, bets)
    return _told(
        mode,
        score,
        [*_reasons(mode, score, bets), *_figures(mode, cross, isolated)],
        list(_warnings(given, score, held)),
        [_own_mode(position, mode, bets) for position in held],
    )


def _told(
    mode: str,
    score: Fraction | None,
    reasons: list[Reason],
    warnings: list[Reason] | None = None,
    positions: list[dict[str, Any]] | None = None,
) -> dict[str, Any]:
    return {
        "mode": mode,
        "direction_score": digits.up(score),
        "reasons": [reason.in_words() for reason in reasons],
        "warnings": [warning.in_words() for warning in warnings or []],
        "positions": positions or [],
    }


def _exposures(
    held: list[Position], rows: dict[str, PositionFigures]
) -> Iterator[tuple[Fraction, Fraction, Fraction]]:
    for position in held:
        row = rows[position.ref]
        yield position.instrument.loading, known(row.exposure), known(row.notional)


def _bets(held: list[Position], rows: dict[str, PositionFigures]) -> dict[str, Bet]:
    by_asset: dict[str, list[PositionFigures]] = {}
    for position in held:
        by_asset.setdefault(position.instrument.asset, []).append(rows[position.ref])
    found = {}
    for asset, own in by_asset.items():
        gross = total_of(known(row.notional) for row in own)
        net = abs(total_of(known(row.exposure) for row in own))
        found[asset] = Bet(asset, net / gross if gross else ZERO, gross)
    return found


def _mode(score: Fraction | None, bets: dict[str, Bet]) -> str:
    """Hedged as a whole: cross. All one bet: isolated. Some of each: a hedged core, the rest apart."""
    if score is None or score <= HEDGED_BELOW:
        return "cross"
    if any(bet.hedged for bet in bets.values()):
        return "hybrid"
    return "isolated"


def _own_mode(position: Position, mode: str, bets: dict[str, Bet]) -> dict[str, Any]:
    hedged = bets[position.instrument.asset].hedged
    own = mode if mode != "hybrid" else ("cross" if hedged else "isolated")
    code = "hedged" if own == "cross" else "directional"
    return {"index": int(position.ref), "mode": own, "code": code}


def _reasons(mode: str, score: Fraction | None, bets: dict[str, Bet]) -> Iterator[Reason]:
    net = _percent(score or ZERO)
    if mode == "cross":
        says = (
            f"Of every 100 held, {net} remain after longs and shorts are netted: in cross the gains of one "
        )
        yield Reason("hedged", says + "leg carry the losses of the other; apart, each could be closed alone.")
    elif mode == "hybrid":
        core = ", ".join(sorted(bet.asset for bet in bets.values() if bet.hedged))
        rest = ", ".join(sorted(bet.asset for bet in bets.values() if not bet.hedged))
        yield Reason("hedged", f"The legs of {core} hedge one another: keep them together in cross.")
        yield Reason("directional", f"Bets in one direction on {rest}: isolated, each risks its own pocket.")
    elif score is not None and score >= DIRECTIONAL_FROM:
        says = f"{net} of every 100 held point the same way: positions share their losses, not their gains."
        yield Reason("directional", f"{says} Isolated, a bet that fails takes its own pocket and no more.")
    else:
        says = f"{net} of every 100 held are a bet on one direction: speculation is cheaper to be wrong with"
        yield Reason("speculative", f"{says} when each position risks a pocket of its own.")


def _figures(mode: str, cross: Answer, isolated: Answer) -> Iterator[Reason]:
    """What the choice costs and saves, in figures."""
    near, far = _nearest(isolated), _nearest(cross)
    if mode == "cross" and near is not None and (far is None or near < far):
        there = f"{_move(far)} %" if far is not None else "none that is possible"
        says = f"The first pool falls after a move of {_move(near)} % if isolated, in cross after {there}."
        yield Reason("nearer_liquidation", says)
    if mode == "isolated" and isolated.figures.pools[0].equity is not None:
        safe = max(ZERO, isolated.figures.pools[0].equity)
        if safe:
            base = isolated.question.account.base
            yield Reason("caps_the_loss", f"{_amount(down, safe)} {base} stay in the wallet, out of reach.")
    if any(pool.level >= Level.MARGIN_CALL for pool in isolated.figures.pools) and not any(
        pool.level >= Level.MARGIN_CALL for pool in cross.figures.pools
    ):
        says = "The wallet is too small to give every position a pocket of its own: some would be called."
        yield Reason("needs_more_capital", says)


def _warnings(given: Answer, score: Fraction | None, held: list[Position]) -> Iterator[Reason]:
    pool = given.figures.pools[0]
    in_cross = [position for position in held if position.mode is Mode.CROSS]
    one_bet = score is not None and score >= DIRECTIONAL_FROM
    if in_cross and one_bet and (pool.leverage is None or pool.leverage >= HIGH_LEVERAGE):
        much = "without any equity" if pool.leverage is None else f"{up(pool.leverage, 1):f} times its equity"
        near = _nearest(given)
        when = f" A move of {_move(near)} % is enough." if near is not None else ""
        says = f"One bet in one direction, {much}, in cross: when it fails the whole wallet goes.{when}"
        yield Reason("high_leverage_one_bet_in_cross", says)
    for found in given.figures.pools:
        if found.pool != CROSS and found.shortfall:
            own = found.positions[0].instrument if found.positions else found.pool
            lost = _amount(up, found.shortfall)
            says = f"Isolated {own} has lost more than its pocket: the house bears {lost}."
            yield Reason("shortfall", says)
    if given.tested is not None and given.tested.is_met is False:
        yield Reason("close_out", f"{given.tested.name}: the account is to be closed out by this test.")


def _nearest(answer: Answer) -> Fraction | None:
    return answer.distances.liquidation.nearest


def _amount(to: Callable[[Fraction, int], Decimal], number: Fraction) -> str:
    """Cents of a large sum, the parts of a coin of a small one."""
    if number >= 1_000:
        return f"{to(number, 2):,f}"
    return formats.plain(f"{to(number, 4 if number >= 1 else 8):f}")


def _percent(share: Fraction) -> str:
    return f"{up(share * 100, 1).normalize():f}"


def _move(nearest: Fraction) -> str:
    """As the table beside it says it: cut, so that nothing looks further away than it is."""
    return f"{down(nearest * 100, 2):f}"
