"""A stressed book in plain figures, for API and export: losses up, equity down, to the currency's scale."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.models import Desk
from margin.engine.cascade import CascadeResult, Closing
from margin.engine.figures import WORST_FIRST
from margin.engine.rational import Fraction
from margin.engine.shown import down, up
from margin.engine.stress import Outcome
from margin.engine.types import total_of
from margin.whatif.stress_book import ShardBook
from margin.whatif.stressed import ClientResult, Stressed

SHARE_PLACES = 6


@dataclass(frozen=True, slots=True)
class Round:
    """One round of the cascade; `moves` are those its closing made, the largest first."""

    number: int
    closings: Sequence[Closing]
    moves: Sequence[tuple[str, Fraction]]

    @property
    def notional(self) -> Fraction:
        return total_of(one.notional for one in self.closings)

    @property
    def shortfall(self) -> Fraction:
        return total_of(one.shortfall for one in self.closings)


def rounds(cascade: CascadeResult) -> Iterator[Round]:
    closings: dict[int, list[Closing]] = defaultdict(list)
    for closing in cascade.closings:
        closings[closing.round].append(closing)
    for number, moved in enumerate(cascade.moves, start=1):
        largest = sorted(moved.items(), key=lambda one: -abs(one[1]))
        yield Round(number, closings[number], largest)


@dataclass(frozen=True, slots=True)
class Money:
    """Amounts as text: what is lost is rounded up, what is owned down."""

    places: int

    def lost(self, amount: Fraction) -> str:
        return f"{up(amount, self.places):f}"

    def loss(self, amount: Fraction | None) -> str | None:
        return None if amount is None else self.lost(amount)

    def equity(self, amount: Fraction | None) -> str | None:
        return None if amount is None else f"{down(amount, self.places):f}"


def in_words(desk: Desk, parts: Sequence[ShardBook], found: Stressed) -> dict[str, Any]:
    money = Money(desk.reporting_currency.scale)
    sides = {"before": found.levels(after=False), "after": found.levels(after=True)}
    return {
        "desk": desk.code,
        "currency": desk.reporting_currency.code,
        "scenario": found.asked.scenario.title,
        "at": min(part.run.at.isoformat() for part in parts if part.run.at),
        "runs": [str(part.run.pk) for part in parts],
        "moves": {code: f"{down(move.share, SHARE_PLACES):f}" for code, move in sorted(found.moves.items())},
        "levels": {
            side: {level.word: counts[level] for level in WORST_FIRST} for side, counts in sides.items()
        },
        "negative": found.negative,
        "house_loss": money.lost(found.result.house_loss),
        "house_loss_isolated": money.lost(found.shortfall(isolated=True)),
        "house_loss_cross": money.lost(found.shortfall(isolated=False)),
        "house_loss_in_one_pool": money.lost(found.all_cross),
        "cascade": _cascade(found.cascade, money),
        "clients": [_client(one, money) for one in found.clients],
        "accounts": [_account(one, money) for client in found.clients for one in client.accounts],
        "left_out": list(found.left_out),
    }


def _cascade(cascade: CascadeResult, money: Money) -> dict[str, Any]:
    return {
        "rounds": [
            {
                "round": one.number,
                "closings": len(one.closings),
                "notional": money.lost(one.notional),
                "shortfall": money.lost(one.shortfall),
            }
            for one in rounds(cascade)
        ],
        "is_quiet": cascade.is_quiet,
        "fund_used": money.lost(cascade.fund_used),
        "house_loss": money.lost(cascade.house_loss),
    }


def _client(one: ClientResult, money: Money) -> dict[str, Any]:
    return {
        "client": one.client,
        "level_before": one.level_before.word,
        "level_after": one.level_after.word,
        "before": money.equity(one.before),
        "after": money.equity(one.after),
        "loss": money.loss(one.loss),
        "shortfall": money.lost(one.shortfall),
    }


def _account(one: Outcome, money: Money) -> dict[str, Any]:
    return {
        "client": one.client,
        "account": one.account,
        "level_before": one.before.level.word,
        "level_after": one.after.level.word,
        "loss": money.loss(one.client_loss),
        "isolated_shortfall": money.lost(one.isolated_shortfall),
        "cross_shortfall": money.lost(one.cross_shortfall),
    }
