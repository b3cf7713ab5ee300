"""The pools of one account as cards, and the ways back to the target, as texts of a revisited account."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from margin import formats
from margin.engine.figures import Level, PoolFigures
from margin.engine.pools import CROSS
from margin.engine.shown import down, up
from margin.engine.types import ISOLATED
from margin.pages.rows import FULL_SCALE, bar_share
from margin.whatif import why
from margin.whatif.remedies import Remedy
from margin.whatif.revisit import Revisited


@dataclass(frozen=True, slots=True)
class PoolCard:
    pool: str
    name: str
    walled: bool
    level: str
    word: str
    why: str
    equity: str
    requirement: str
    utilisation: str
    use: str
    free_margin: str
    holds: int


def pool_names(seen: Revisited) -> dict[str, str]:
    """A pocket is called after its instrument, unless two would have one name."""
    by_ref = {position.ref: position.instrument.code for position in seen.account.positions}
    refs = {pool.pool: pool.pool.removeprefix(ISOLATED) for pool in seen.figures.pools}
    named = {pool: by_ref.get(ref, ref) for pool, ref in refs.items()}
    often = {name for name in named.values() if list(named.values()).count(name) > 1}
    return {pool: formats.named(pool) if name in often else name for pool, name in named.items()} | {
        CROSS: "Cross"
    }


def pool_card(seen: Revisited, pool: PoolFigures, name: str) -> PoolCard:
    """Requirements up, equity down, as the run rounds them; none of a pool whose level is unknown."""
    places, firm = seen.places, pool.level is not Level.UNKNOWN
    equity = f"{down(pool.equity, places):f}" if firm and pool.equity is not None else None
    need = f"{up(pool.house_maintenance, places):f}" if firm and pool.house_maintenance is not None else None
    free = f"{down(pool.free_margin, places):f}" if firm and pool.free_margin is not None else None
    use = f"{up(pool.utilisation, 6):f}" if firm and pool.utilisation is not None else None
    return PoolCard(
        pool=pool.pool,
        name=name,
        walled=pool.pool.startswith(ISOLATED),
        level=pool.level.word,
        word=formats.LEVELS[pool.level.word],
        why="; ".join(pool.unknown_because),
        equity=formats.money(equity),
        requirement=formats.money(need),
        utilisation=formats.percent(use),
        use=bar_share(use, scale=FULL_SCALE, absent="1" if pool.level.word == "liquidation" else "0"),
        free_margin=formats.money(free),
        holds=len(pool.positions),
    )


def remedy_row(seen: Revisited, remedy: Remedy, name: str) -> dict[str, Any]:
    deposits = [
        (each.asset, None if each.amount is None else formats.money(why.digits(each.amount)))
        for each in remedy.deposits
    ]
    names = {position.ref: position.instrument.code for position in seen.account.positions}
    steps = [
        (
            names[cut.ref],
            "buy" if cut.quantity > 0 else "sell",
            formats.money(f"{abs(Decimal(why.digits(cut.quantity) or 0)):f}"),
        )
        for step in (remedy.plan.steps if remedy.plan else ())
        for cut in step.cuts
    ]
    attained = remedy.plan is not None and remedy.plan.attained
    return {"pool": name, "deposits": deposits, "steps": steps, "attained": attained}
