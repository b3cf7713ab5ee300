"""The same account three times: everything in cross, everything isolated, as it was described.

Takes a question; gives the three answers with what each means for the client's capital, and the advice. Money
only moves between wallet and pockets: the sum of what is owned is the same in all three.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from margin.charts.modes import modes
from margin.engine.exact import assess
from margin.engine.figures import Level, PoolFigures, known
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.risk import risk_of
from margin.engine.types import WALLET, ZERO, Kind, Mode, Position, total_of
from margin.whatif import digits
from margin.whatif.advice import advise
from margin.whatif.calculator import Answer, in_words, measure, required_of
from margin.whatif.pockets import Allocation, allocations, opened
from margin.whatif.reading import Question
from margin.whatif.shocks import MOST_POSITIONS, course, shocks


@dataclass(frozen=True, slots=True)
class Variant:
    question: Question
    allocations: Sequence[Allocation]


@dataclass(frozen=True, slots=True)
class Capital:
    """`most_lost` is the most that positions can take; `safe` stands behind none of them."""

    most_lost: Fraction
    buffer: Fraction
    safe: Fraction
    tied_up: Fraction
    free_margin: Fraction


@dataclass(frozen=True, slots=True)
class Compared:
    """One of the three with its capital; none where a price is missing."""

    variant: Variant
    answer: Answer
    capital: Capital | None


def compare(question: Question, *, chart: bool = False) -> dict[str, Any]:
    """With `chart` also the figure of what a market-wide move leaves under each mode."""
    found = measure_each(variants(question))
    answers = {name: measured.answer for name, measured in found.items()}
    words = {id(answer): in_words(answer) for answer in answers.values()}
    return {
        **{name: words[id(measured.answer)] | _in_words(measured) for name, measured in found.items()},
        "advice": advise(
            found["as_given"].answer,
            cross=found["cross"].answer,
            isolated=found["isolated"].answer,
        ),
        **({"chart": chart_of(answers)} if chart else {}),
    }


def chart_of(answers: Mapping[str, Answer]) -> dict[str, Any] | None:
    """None where there is nothing to draw, or too much to draw at once."""
    given = answers["as_given"]
    count = len(given.question.account.positions)
    if not 0 < count <= MOST_POSITIONS or any(_is_unsure(one) for one in answers.values()):
        return None
    along = shocks(101 if count <= 10 else 41)
    courses = {name: course(one, along) for name, one in answers.items()}
    return modes([float(s) for s in along], courses)


def _is_unsure(answer: Answer) -> bool:
    return answer.figures.equity is None or answer.figures.level is Level.UNKNOWN


def variants(question: Question) -> dict[str, Variant]:
    return {"cross": in_cross(question), "isolated": in_isolation(question), "as_given": as_given(question)}


def as_given(question: Question) -> Variant:
    return Variant(
        question,
        [
            Allocation(place, question.allocations[place] or ZERO, "told")
            for place, position in enumerate(question.account.positions)
            if position.mode is Mode.ISOLATED
        ],
    )


def in_cross(question: Question) -> Variant:
    """Pockets go back to the wallet."""
    account = question.account
    positions = tuple(replace(position, mode=Mode.CROSS) for position in account.positions)
    holdings = tuple(replace(holding, pocket=WALLET) for holding in account.holdings)
    return Variant(replace(question, account=replace(account, positions=positions, holdings=holdings)), [])


def in_isolation(question: Question) -> Variant:
    """Every position gets a pocket: what was told, else its initial margin and what it has lost so far.

    Pockets that are there stay as they are; the others are paid from the wallet, which keeps what is left.
    """
    account, together = question.account, as_one_pool(question)
    found = allocations(question, together)
    positions = tuple(replace(position, mode=Mode.ISOLATED) for position in account.positions)
    new = {
        positions[one.index].pool: one.amount
        for one in found
        if account.positions[one.index].mode is Mode.CROSS
    }
    holdings = (*account.holdings, *opened(account, together, new))
    return Variant(replace(question, account=replace(account, positions=positions, holdings=holdings)), found)


def as_one_pool(question: Question) -> PoolFigures:
    one = in_cross(question).question
    return assess(one.account, one.market, one.policy).pool(CROSS)


def measure_each(wanted: Mapping[str, Variant]) -> dict[str, Compared]:
    """An account that is described as one of the others would have it is measured once."""
    found: dict[str, Compared] = {}
    for name, variant in wanted.items():
        account = variant.question.account
        same = next((one for one in found.values() if one.variant.question.account == account), None)
        found[name] = replace(same, variant=variant) if same else _measure(variant)
    return found


def _measure(variant: Variant) -> Compared:
    answer = measure(variant.question)
    return Compared(variant, answer, capital(answer) if answer.figures.equity is not None else None)


def capital(answer: Answer) -> Capital:
    held = {position.pool for position in answer.question.account.positions if position.quantity}
    behind = [pool for pool in answer.figures.pools if pool.pool in held]
    idle = [pool for pool in answer.figures.pools if pool.pool not in held]
    return Capital(
        most_lost=total_of(most_lost(answer, pool) for pool in behind),
        buffer=total_of(risk_of(pool).free_margin for pool in behind),
        safe=total_of(max(ZERO, known(pool.equity)) for pool in idle),
        tied_up=total_of(_tied_up(pool) for pool in behind),
        free_margin=known(answer.figures.free_margin),
    )


def _tied_up(pool: PoolFigures) -> Fraction:
    """A pocket is locked whole; of the wallet what the positions require."""
    equity = max(ZERO, known(pool.equity))
    return min(equity, required_of(pool)) if pool.pool == CROSS else equity


def most_lost(answer: Answer, pool: PoolFigures) -> Fraction:
    """Its equity, or less where its positions cannot lose as much: never more than the account has.

    Collateral counts after its haircut, here as in the equity.
    """
    account, worth = answer.parts[pool.pool], max(ZERO, known(pool.equity))
    worst = ZERO
    sizes = {row.ref: known(row.notional) for row in pool.positions}
    by_instrument: dict[str, list[Position]] = {}
    for position in account.positions:
        by_instrument.setdefault(position.instrument.code, []).append(position)
    for positions in by_instrument.values():
        net = total_of(_signed(position, sizes) for position in positions)
        if net and not _has_end(positions[0], net):
            return worth
        worst += abs(net)
    return min(worth, worst)


def _signed(position: Position, sizes: dict[str, Fraction]) -> Fraction:
    return sizes[position.ref] if position.quantity > 0 else -sizes[position.ref]


def _has_end(position: Position, net: Fraction) -> bool:
    """A long falls to zero and no further; a short rises without end. In coin it is the other way round."""
    instrument = position.instrument
    if instrument.kind is Kind.INVERSE:
        return net < 0
    return net > 0 and not instrument.allow_negative


def _in_words(measured: Compared) -> dict[str, Any]:
    found = measured.capital
    return {
        "capital": {
            "most_lost": digits.up(found.most_lost) if found else None,
            "buffer": digits.down(found.buffer) if found else None,
            "safe": digits.down(found.safe) if found else None,
            "tied_up": digits.up(found.tied_up) if found else None,
            "free_margin": digits.down(found.free_margin) if found else None,
        },
        "allocations": [
            {"index": one.index, "amount": digits.down(one.amount), "source": one.source}
            for one in measured.variant.allocations
        ],
    }
