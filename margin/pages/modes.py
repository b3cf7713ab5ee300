"""One account in other modes: a column a mode, a row a figure. Takes a revisited account; gives texts."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from margin import formats
from margin.engine.distance import first_to_fall
from margin.engine.figures import Level, known
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.engine.types import Mode, total_of
from margin.whatif.compare import Compared
from margin.whatif.flips import modes_of
from margin.whatif.revisit import Revisited

NAMES = {"cross": "All cross", "isolated": "All isolated", "as_given": "As it is", "tried": "As tried"}
MOST_POSITIONS = 60


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    word: str
    level: str
    level_word: str
    cells: dict[str, str]


def modes_table(seen: Revisited, flipped: Sequence[str]) -> dict[str, Any]:
    positions = seen.account.positions
    if not positions:
        return {"none": "There are no positions, so every mode is the same."}
    if len(positions) > MOST_POSITIONS:
        return {"none": f"More than {MOST_POSITIONS} positions: too many to compare while you wait."}
    refs = {position.ref for position in positions} & set(flipped)
    found = modes_of(seen, refs)
    return {
        "columns": [_column(name, one, seen.places) for name, one in found.by_name.items()],
        "currency": seen.account.base,
        "switches": [
            {
                "ref": position.ref,
                "name": position.instrument.code,
                "side": "long" if position.quantity > 0 else "short",
                "isolated": (position.mode is Mode.ISOLATED) != (position.ref in refs),
                "flipped": position.ref in refs,
            }
            for position in positions
        ],
        "figures": {"modes": found.chart} if found.chart else {},
        "run": seen.run,
    }


def _column(name: str, one: Compared, places: int) -> Column:
    figures, capital, far = one.answer.figures, one.capital, one.answer.distances.liquidation
    first_down, first_up = _first(one)
    pools = [pool for pool in figures.pools if pool.positions or pool.equity]
    lost = sum(1 for pool in pools if pool.level.word == "liquidation")
    wallet = figures.pools[0].equity
    pockets = None if figures.equity is None else total_of(known(pool.equity) for pool in figures.pools[1:])
    cells = {
        "equity": _money(figures.equity, places, up_=False),
        "requirement": _money(figures.house_maintenance, places, up_=True),
        "utilisation": formats.percent(
            None if figures.utilisation is None else f"{up(figures.utilisation, 6):f}"
        ),
        "down": _shock(far.down),
        "up": _shock(far.up),
        "first_down": first_down,
        "first_up": first_up,
        "wallet": _money(wallet, places, up_=False),
        "pockets": _money(pockets, places, up_=False),
        "most_lost": _money(capital.most_lost if capital else None, places, up_=True),
        "safe": _money(capital.safe if capital else None, places, up_=False),
        "free": _money(capital.free_margin if capital else None, places, up_=False),
        "pools": f"{lost} of {len(pools)}",
    }
    if figures.level is Level.UNKNOWN:
        cells = dict.fromkeys(cells, formats.NONE) | {"first_down": "", "first_up": ""}
    return Column(name, NAMES[name], figures.level.word, formats.LEVELS[figures.level.word], cells)


def _first(one: Compared) -> tuple[str, str]:
    """Which pool falls first, down and up, as people call it; nothing where none does."""
    question = one.answer.question
    instruments = {position.pool: position.instrument.code for position in question.account.positions}
    names = {**{pool: f"isolated {code}" for pool, code in instruments.items()}, CROSS: "the wallet"}
    down, up = first_to_fall(question.account, one.answer.figures, question.policy)
    return names.get(down or "", ""), names.get(up or "", "")


def _money(amount: Fraction | None, places: int, *, up_: bool) -> str:
    if amount is None:
        return formats.NONE
    return formats.money(f"{(up if up_ else down)(amount, places):f}")


def _shock(shock: Fraction | None) -> str:
    return "none" if shock is None else formats.percent(f"{down(shock, 6):f}", 2)
