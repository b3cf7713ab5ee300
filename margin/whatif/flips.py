"""The modes of an account that exists: all cross, all isolated, as it is, and with some positions flipped.

Takes a revisited account and the refs to flip; gives measured answers by name. Nothing is moved: a pocket
that would be closed returns to the wallet, one that would be opened is paid from it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

from margin.engine.rational import Fraction
from margin.engine.types import WALLET, ZERO, Account, Mode, isolated_pocket, total_of
from margin.whatif.compare import (
    Compared,
    as_given,
    as_one_pool,
    chart_of,
    in_isolation,
    measure_each,
    variants,
)
from margin.whatif.pockets import opened
from margin.whatif.reading import Question
from margin.whatif.revisit import Revisited


@dataclass(frozen=True, slots=True)
class Modes:
    """`tried` only where something was flipped; `chart` only where it can be drawn."""

    by_name: Mapping[str, Compared]
    chart: dict[str, Any] | None


def modes_of(seen: Revisited, flipped: Collection[str] = ()) -> Modes:
    given = question_of(seen)
    wanted = variants(given)
    if flipped:
        wanted["tried"] = as_given(_flip(given, seen, flipped))
    found = measure_each(wanted)
    chart = chart_of({name: one.answer for name, one in found.items() if name != "tried"})
    return Modes(found, chart)


def question_of(seen: Revisited) -> Question:
    """Positions by their place, as the calculator names them; every pocket goes along under its new name."""
    account, names = seen.account, {}
    for place, position in enumerate(account.positions):
        names[isolated_pocket(position.ref)] = isolated_pocket(str(place))
    loose = sorted({held.pocket for held in account.holdings} - {WALLET, *names})
    places = enumerate(loose, start=len(account.positions))
    names |= {pocket: isolated_pocket(str(place)) for place, pocket in places}
    positions = tuple(replace(position, ref=str(place)) for place, position in enumerate(account.positions))
    holdings = tuple(replace(held, pocket=names.get(held.pocket, held.pocket)) for held in account.holdings)
    named = replace(account, positions=positions, holdings=holdings)
    told = [
        _worth(seen, named, place) if position.mode is Mode.ISOLATED else None
        for place, position in enumerate(positions)
    ]
    return Question(named, seen.market, seen.policy, None, told)


def _worth(seen: Revisited, account: Account, place: int) -> Fraction:
    """A pocket in the base currency; what has no price counts as nothing, and the answer says unknown."""
    rates = seen.market.rates
    held = [one for one in account.holdings if one.pocket == isolated_pocket(str(place))]
    return total_of(
        one.amount * (Fraction(1) if one.asset == account.base else _rate(rates, one.asset)) for one in held
    )


def _rate(rates: Mapping[str, Any], asset: str) -> Fraction:
    return rates[asset].value if asset in rates and rates[asset].value is not None else ZERO


def _flip(given: Question, seen: Revisited, flipped: Collection[str]) -> Question:
    """Each flipped position takes what it would have if all were isolated, or gives its pocket back."""
    account, wanted = given.account, {a.index: a.amount for a in in_isolation(given).allocations}
    positions, holdings, new = list(account.positions), list(account.holdings), {}
    for place, (position, real) in enumerate(zip(account.positions, seen.account.positions, strict=True)):
        if real.ref not in flipped:
            continue
        pocket = isolated_pocket(str(place))
        if position.mode is Mode.ISOLATED:
            positions[place] = replace(position, mode=Mode.CROSS)
            holdings = [replace(h, pocket=WALLET) if h.pocket == pocket else h for h in holdings]
        else:
            positions[place] = replace(position, mode=Mode.ISOLATED)
            new[pocket] = wanted[place]
    holdings += opened(account, as_one_pool(given), new)
    changed = replace(account, positions=tuple(positions), holdings=tuple(holdings))
    told = [None if p.mode is Mode.CROSS else ZERO for p in positions]
    return replace(given, account=changed, allocations=told)
