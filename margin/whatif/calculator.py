"""The figures of one described account, as the contract of the calculator words them.

Takes a question; gives plain values, decimals and names: exact figures, rounded once at the edge. Nothing is
stored, and no figure rests on a guess: what cannot be measured is null and says why.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from margin.engine.distance import Distance, Distances, distances
from margin.engine.exact import assess
from margin.engine.figures import AccountFigures, Level, PoolFigures, PositionFigures, known
from margin.engine.funding import top_up, withdrawable
from margin.engine.liquidation import HurtPrices, prices_that_hurt
from margin.engine.pools import CROSS
from margin.engine.profiles import Binding, Tested, binding_test, close_out
from margin.engine.rational import Fraction
from margin.engine.risk import bands, risk_of
from margin.engine.types import ONE, Account, Holding, Position, total_of
from margin.whatif import digits
from margin.whatif.reading import Question


@dataclass(frozen=True, slots=True)
class Answer:
    """A question with everything that was measured."""

    question: Question
    figures: AccountFigures
    hurt: Mapping[str, HurtPrices]
    distances: Distances
    binding: Binding | None
    tested: Tested | None
    parts: Mapping[str, Account]
    """Each pool as an account of its own: pools share nothing, so each answers for itself."""


def measure(question: Question) -> Answer:
    """Every figure there is."""
    account, market, policy = question.account, question.market, question.policy
    figures = assess(account, market, policy)
    measured = figures.equity is not None
    return Answer(
        question,
        figures,
        prices_that_hurt(account, figures, policy),
        distances(account, figures, policy),
        binding_test(account, market, policy, figures, question.profile) if measured else None,
        close_out(account, market, policy, figures, question.profile) if question.profile else None,
        split(account),
    )


def split(account: Account) -> dict[str, Account]:
    """By pool: the account with that pool's positions and balances alone."""
    positions: dict[str, list[Position]] = defaultdict(list)
    holdings: dict[str, list[Holding]] = defaultdict(list)
    for position in account.positions:
        positions[position.pool].append(position)
    for holding in account.holdings:
        holdings[holding.pool].append(holding)
    names = {CROSS, *positions, *holdings}
    return {
        name: replace(account, positions=tuple(positions[name]), holdings=tuple(holdings[name]))
        for name in names
    }


def in_words(answer: Answer) -> dict[str, Any]:
    """As the contract words it."""
    figures = answer.figures
    pools = [pool_row(answer, pool) for pool in sorted(figures.pools, key=_place)]
    rows = sorted(figures.positions, key=lambda row: int(row.ref))
    return {
        "equity": digits.down(figures.equity),
        "gross": digits.up(figures.gross),
        "net": digits.down(figures.net),
        "leverage": digits.up(figures.leverage),
        "level": figures.level.word,
        **doubts(figures),
        "binding_test": answer.binding.name if answer.binding else None,
        "binding_deficit": digits.up(answer.binding.deficit) if answer.binding else None,
        "pools": pools,
        "positions": [position_row(answer, row) for row in rows],
        "distance": _distance(answer.distances.liquidation),
        "next": {"level": _word(answer.distances.next_level), **_distance(answer.distances.next_event)},
        "top_up": _sum([pool["top_up"] for pool in pools]),
        "account_test": account_test(answer.tested),
    }


def _place(pool: PoolFigures) -> int:
    """The cross pool, then isolated ones in the order of their positions."""
    return int(pool.pool.partition(":")[2] or -1)


def _word(level: Level | None) -> str | None:
    return level.word if level is not None else None


def doubts(figures: AccountFigures | PoolFigures) -> dict[str, Any]:
    """Why it is unknown, or that it rests on guard bands; nothing where neither."""
    found: dict[str, Any] = {}
    if figures.unknown_because:
        found["unknown_because"] = "; ".join(figures.unknown_because)
    if figures.bounded:
        found["bounded"] = True
    return found


OF_A_POOL = (
    "equity",
    "initial",
    "maintenance",
    "house_maintenance",
    "utilisation",
    "free_margin",
    "shortfall",
    "withdrawable",
    "top_up",
)
"""What is told of a pool; absent together while one of its figures is unknown."""


def pool_row(answer: Answer, pool: PoolFigures) -> dict[str, Any]:
    found: dict[str, Any] = {"pool": pool.pool, "level": pool.level.word, **doubts(pool)}
    if pool.equity is None:
        return found | dict.fromkeys((*OF_A_POOL, "by_asset"))
    told = digits.risk(risk_of(pool))
    lines = [ONE, *(share for _, share in bands(answer.question.policy))]
    assets = by_asset(answer, pool)
    own = assets[answer.question.account.base]
    return found | {
        "equity": told.equity,
        "initial": told.initial,
        "maintenance": told.maintenance,
        "house_maintenance": told.house,
        "utilisation": digits.share(pool.utilisation, lines),
        "free_margin": digits.down(pool.free_margin),
        "shortfall": digits.up(pool.shortfall),
        "withdrawable": own["withdrawable"],
        "top_up": own["top_up"],
        "by_asset": assets,
    }


def by_asset(answer: Answer, pool: PoolFigures) -> dict[str, dict[str, Any]]:
    """What may leave and what must come, in each asset that was named; the base currency always."""
    question = answer.question
    account = answer.parts[pool.pool]
    alone = replace(answer.figures, pools=tuple(_with_cross(pool)))
    rates = question.market.rates
    named = [account.base, *(asset for asset in question.account.terms if asset != account.base)]
    found = {}
    for asset in named if pool.pool == CROSS else named[:1]:
        price = ONE if asset == account.base else rates[asset].value
        if price is None:
            continue
        leaves = withdrawable(account, alone, question.policy, pool=pool.pool, asset=asset, price=price)
        comes = top_up(account, alone, question.policy, pool=pool.pool, asset=asset, price=price)
        found[asset] = {"withdrawable": digits.down(leaves), "top_up": digits.up(comes)}
    return found


def _with_cross(pool: PoolFigures) -> Sequence[PoolFigures]:
    """The cross pool always exists, also where an isolated one is looked at alone."""
    return [pool] if pool.pool == CROSS else [PoolFigures(CROSS, Level.NORMAL), pool]


def position_row(answer: Answer, row: PositionFigures) -> dict[str, Any]:
    hurt = answer.hurt.get(row.ref)
    found: dict[str, Any] = {
        "index": int(row.ref),
        "instrument": row.instrument,
        "pool": row.pool,
        "mark_price": digits.down(row.mark),
        "notional": digits.up(row.notional),
        "unrealised_pnl": digits.down(row.unrealised_pnl),
        "initial": digits.up(row.initial),
        "maintenance": digits.up(row.maintenance),
        "liquidation_price": None,
        "bankruptcy_price": None,
    }
    if hurt is not None and row.mark is not None:
        found["liquidation_price"] = digits.price(hurt.liquidation.price, row.mark)
        found["bankruptcy_price"] = digits.price(hurt.bankruptcy.price, row.mark)
        found["liquidation_cures"] = hurt.liquidation.cures
    return found


def _distance(found: Distance) -> dict[str, Any]:
    return {"down": digits.towards_zero(found.down), "up": digits.towards_zero(found.up)}


def _sum(amounts: Sequence[Any]) -> Any:
    """Of all pools, in the base currency; none where one of them has none."""
    if any(amount is None for amount in amounts):
        return None
    return digits.up(total_of(Fraction(amount) for amount in amounts))


def account_test(tested: Tested | None) -> dict[str, Any] | None:
    if tested is None:
        return None
    return {
        "name": tested.name,
        "measured": digits.down(tested.measured),
        "required": digits.up(tested.required),
        "met": tested.is_met,
    }


def required_of(pool: PoolFigures) -> Fraction:
    """What new risk must leave covered."""
    return max(known(pool.initial), known(pool.house_maintenance))
