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
from margin.engine.types import total_of
from margin.whatif.stress_book import ShardBook
from margin.whatif.stressed import Stressed

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


def in_words(desk: Desk, parts: Sequence[ShardBook], found: Stressed) -> dict[str, Any]:
    places = desk.reporting_currency.scale

    def lost(amount: Fraction) -> str:
        return f"{up(amount, places):f}"

    def equity(amount: Fraction | None) -> str | None:
        return None if amount is None else f"{down(amount, places):f}"

    return {
        "desk": desk.code,
        "currency": desk.reporting_currency.code,
        "scenario": found.asked.scenario.title,
        "at": min(part.run.at.isoformat() for part in parts if part.run.at),
        "runs": [str(part.run.pk) for part in parts],
        "moves": {code: f"{down(move.share, SHARE_PLACES):f}" for code, move in sorted(found.moves.items())},
        "levels": {
            "before": {level.word: found.levels(after=False)[level] for level in WORST_FIRST},
            "after": {level.word: found.levels(after=True)[level] for level in WORST_FIRST},
        },
        "negative": found.negative,
        "house_loss": lost(found.result.house_loss),
        "house_loss_isolated": lost(found.shortfall(isolated=True)),
        "house_loss_cross": lost(found.shortfall(isolated=False)),
        "house_loss_in_one_pool": lost(found.all_cross),
        "cascade": {
            "rounds": [
                {
                    "round": one.number,
                    "closings": len(one.closings),
                    "notional": lost(one.notional),
                    "shortfall": lost(one.shortfall),
                }
                for one in rounds(found.cascade)
            ],
            "is_quiet": found.cascade.is_quiet,
            "fund_used": lost(found.cascade.fund_used),
            "house_loss": lost(found.cascade.house_loss),
        },
        "clients": [
            {
                "client": one.client,
                "level_before": one.level_before.word,
                "level_after": one.level_after.word,
                "before": equity(one.before),
                "after": equity(one.after),
                "loss": None if one.loss is None else lost(one.loss),
                "shortfall": lost(one.shortfall),
            }
            for one in found.clients
        ],
        "accounts": [
            {
                "client": one.client,
                "account": one.account,
                "level_before": one.before.level.word,
                "level_after": one.after.level.word,
                "loss": None if one.client_loss is None else lost(one.client_loss),
                "isolated_shortfall": lost(one.isolated_shortfall),
                "cross_shortfall": lost(one.cross_shortfall),
            }
            for client in found.clients
            for one in client.accounts
        ],
        "left_out": list(found.left_out),
    }
