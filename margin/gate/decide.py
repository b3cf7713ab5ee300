"""One order decided: by the engine's own check, on the account as it stands, with everything that rests.

Takes an order as asked and the desk as it stands; gives a decision with its answer, or refusals of what can
not be meant. Reads no clock and no database; reserves nothing: whoever keeps the journal does.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog

from margin.book.facts import Unusable
from margin.engine.pools import CROSS
from margin.engine.pretrade import check
from margin.engine.rational import Fraction
from margin.engine.types import ZERO, Account, Instrument, Mode, PriceState, isolated_pocket
from margin.engine.verdict import Because, Decision, Verdict, Why
from margin.flow.recompute import ENGINE_FAULTS
from margin.gate import words
from margin.gate.asked import Asked, Refusals
from margin.gate.measured import Accounts
from margin.gate.resolved import Meant, mean, plain, refused
from margin.gate.restraints import restraints_of
from margin.gate.standing import Place, Standing
from margin.gate.swift import Passed, Swift

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Decided:
    """The decision on one order. `ref` and `mode` are those it was understood in."""

    asked: Asked
    place: Place
    decision: Decision
    granted: Fraction
    reason: str
    mode: str
    ref: str
    answer: dict[str, Any]


@dataclass(slots=True)
class Decider:
    """Asks the engine, at one instant of one desk."""

    standing: Standing
    accounts: Accounts
    swift: Swift = field(init=False)

    def __post_init__(self) -> None:
        self.swift = Swift(self.standing, self.accounts)

    def decide(
        self, asked: Asked, place: Place, *, now: datetime, age_seconds: float, figures: bool = True
    ) -> Decided | Refusals:
        instrument = self.standing.instrument(place.shard, asked.instrument)
        listing = self.standing.listings.get(asked.instrument)
        if instrument is None or listing is None:
            return self._no(asked, place, Because(Why.UNKNOWN_INSTRUMENT, "", asked.instrument), age_seconds)
        view = self.accounts.view(place)
        if isinstance(view.account, Unusable):
            return self._no(asked, place, Because(Why.UNKNOWN_FIGURE), age_seconds)
        if wrong := refused(asked, listing, instrument, view.account):
            return wrong
        mark = self.standing.market(place).marks.get(listing.code)
        meant = mean(
            asked, default=place.account.mode, account=view.account, instrument=instrument,
            resting=view.resting, mark=mark,
        )  # fmt: skip
        if isinstance(meant, Because):
            return self._no(asked, place, meant, age_seconds)
        if isinstance(meant, list):
            return meant
        return self._checked(asked, place, meant, now=now, age_seconds=age_seconds, figures=figures)

    def _checked(
        self, asked: Asked, place: Place, meant: Meant, *, now: datetime, age_seconds: float, figures: bool
    ) -> Decided:
        market, policy = (
            self.standing.market(place),
            self.standing.rules(place.shard).desk_of(place.account).policy,
        )
        age = self._data_age(place, meant.account, meant.order.instrument, now, age_seconds)
        restraints = restraints_of(
            self.standing, self.accounts, place, meant.order, now=now, age_seconds=age_seconds
        )
        passed = self.swift.passed(place, meant, restraints, now)
        if passed is not None:
            return self._passed(asked, place, meant, passed, age=age, figures=figures)
        try:
            verdict = check(meant.account, meant.order, market, policy, restraints, resting=meant.resting)
        except ENGINE_FAULTS:  # an account that cannot be computed is closed to orders, and no other
            log.exception("order.not_decided", account=place.account.code, order_id=asked.order_id)
            return self._no(asked, place, Because(Why.UNKNOWN_FIGURE), age)
        return self._said(asked, place, meant, verdict, age=age, figures=figures)

    def _passed(
        self, asked: Asked, place: Place, meant: Meant, passed: Passed, *, age: float, figures: bool
    ) -> Decided:
        rules = self.standing.rules(place.shard)
        places, policy = rules.scales[place.account.base], rules.desk_of(place.account).policy
        because, allow = [Because(passed.why)], Decision.ALLOW
        answer = answered(asked, allow, asked.quantity, because, places=places, age_seconds=age)
        if figures:
            answer["before"] = words.whole_figures(*passed.before, passed.scale, policy, places)
            answer["after"] = words.whole_figures(*passed.after, passed.scale, policy, places)
        mode, ref = meant.order.mode.value, meant.order.ref
        return Decided(asked, place, allow, asked.quantity, passed.why.value, mode, ref, answer)

    def _said(
        self, asked: Asked, place: Place, meant: Meant, verdict: Verdict, *, age: float, figures: bool
    ) -> Decided:
        places = self.standing.rules(place.shard).scales[place.account.base]
        mode, ref = meant.order.mode, meant.order.ref
        granted = abs(verdict.quantity)
        answer = answered(asked, verdict.decision, granted, verdict.reasons, places=places, age_seconds=age)
        if figures:
            pool = CROSS if mode is Mode.CROSS else isolated_pocket(ref)
            answer["before"] = words.figures(verdict.before, pool, places)
            answer["after"] = words.figures(verdict.after, pool, places)
        return Decided(
            asked, place, verdict.decision, granted, verdict.reasons[0].why.value, mode.value, ref, answer
        )

    def _no(self, asked: Asked, place: Place, because: Because, age_seconds: float) -> Decided:
        answer = answered(asked, Decision.REJECT, ZERO, [because], places=2, age_seconds=age_seconds)
        mode, ref = asked.mode, asked.ref
        return Decided(asked, place, Decision.REJECT, ZERO, because.why.value, mode, ref, answer)

    def _data_age(
        self, place: Place, account: Account, instrument: Instrument, now: datetime, age_seconds: float
    ) -> float:
        """Of the oldest thing it rests on: the book, or a price of a market that is open."""
        codes = {p.instrument.code for p in account.positions} | {instrument.code}
        ages = [age_seconds]
        for code in codes:
            price = self.standing.pinned.get(code)
            if price is not None and price.time is not None and price.state is not PriceState.CLOSED:
                ages.append((now - price.time).total_seconds())
        return max(ages)


def answered(
    asked: Asked,
    decision: Decision,
    granted: Fraction,
    reasons: Sequence[Because],
    *,
    places: int,
    age_seconds: float,
) -> dict[str, Any]:
    """The answer without figures. `valid_for_ms` is set by whoever reserves."""
    return {
        "order_id": asked.order_id,
        "decision": decision.value,
        "quantity": plain(granted),
        "reasons": [words.reason(one, places) for one in reasons],
        "before": None,
        "after": None,
        "evaluation": uuid4().hex,
        "data_age_ms": max(0, round(age_seconds * 1000)),
        "valid_for_ms": 0,
    }
