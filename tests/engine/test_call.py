"""The life of a margin call: every step with its named reason, at its line and one unit beside it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from margin.engine.call import (
    Because,
    Call,
    CallPolicy,
    Deed,
    Kind,
    Missing,
    Need,
    Standing,
    Step,
    decide,
    need,
    to_target,
)
from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.rational import Fraction
from margin.engine.tiers import Haircuts, HaircutTier, Schedule, Tier
from margin.engine.types import (
    Account,
    AssetTerms,
    Holding,
    Instrument,
    Mark,
    Market,
    Mode,
    Policy,
    Position,
)

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
TERMS = CallPolicy(minimum=Fraction(10))
LADDER = Schedule((Tier(Fraction(0), Fraction(2, 100), Fraction(1, 100)),))
BTC = Instrument("BTC-PERP", LADDER, "USD")


def lacking(amount: object, level: Level = Level.MARGIN_CALL, kind: Kind = Kind.INTRADAY) -> Need:
    short = Missing("cross", level, Fraction(600), Fraction(632), Fraction(amount))
    return Need((short,), at_target=False, recovered=False, kind=kind)


CLOSING = lacking(500, Level.LIQUIDATION)
HURRY = lacking("500.01", kind=Kind.URGENT)
STANDING = (Deed.NOTHING, Because.STANDS, 500)
WELL = Need()
BETWEEN = Need(at_target=False, recovered=True)
JUST_ABOVE = Need(at_target=False, recovered=False)
UNKNOWN = Need(unknown=True, at_target=False, recovered=False)
DRAFT = Call(Standing.DRAFT, Fraction(500), Fraction(0), NOON)
ISSUED = Call(Standing.ISSUED, Fraction(500), Fraction(0), NOON, NOON + 60 * MINUTE)
PAID_HALF, PAID = replace(ISSUED, paid=Fraction(250)), replace(ISSUED, paid=Fraction(500))
LATE, PRESSED = replace(ISSUED, standing=Standing.OVERDUE), replace(ISSUED, kind=Kind.URGENT)
SMALL = replace(ISSUED, amount=Fraction(60))

STEPS = {
    "nothing lacks": (None, WELL, 0, Deed.NOTHING, Because.NOT_CALLED, 0),
    "something lacks": (None, lacking(500), 0, Deed.DRAFT, Because.SHORT_OF_HOUSE, 500),
    "exactly the minimum": (None, lacking(10), 0, Deed.DRAFT, Because.SHORT_OF_HOUSE, 10),
    "a hair below the minimum": (None, lacking("9.99"), 0, Deed.NOTHING, Because.BELOW_MINIMUM, 0),
    "what is to be closed down": (None, CLOSING, 0, Deed.NOTHING, Because.NOT_CALLED, 0),
    "nothing is known": (None, UNKNOWN, 0, Deed.NOTHING, Because.UNKNOWN_FIGURE, 0),
    "a draft stands": (DRAFT, lacking(500), 0, Deed.NOTHING, Because.STANDS, 500),
    "a draft for another amount": (DRAFT, lacking(499), 1, Deed.AMEND, Because.ANOTHER_AMOUNT, 499),
    "a draft just before its time": (DRAFT, lacking(500), 4.99, Deed.NOTHING, Because.STANDS, 500),
    "a draft in its time": (DRAFT, lacking(510), 5, Deed.ISSUE, Because.WAITED_LONG_ENOUGH, 510),
    "a draft nobody can measure": (DRAFT, UNKNOWN, 9, Deed.NOTHING, Because.UNKNOWN_FIGURE, 500),
    "a draft of who is just above": (DRAFT, JUST_ABOVE, 9, Deed.NOTHING, Because.STANDS, 500),
    "a draft of who recovered": (DRAFT, BETWEEN, 0, Deed.CANCEL, Because.RECOVERED_BEFORE_ISSUE, 500),
    "a draft of who is well": (DRAFT, WELL, 0, Deed.CANCEL, Because.RECOVERED_BEFORE_ISSUE, 500),
    "owed and unpaid": (ISSUED, lacking(500), 9, Deed.NOTHING, Because.STANDS, 500),
    "more by a tenth": (ISSUED, lacking(550), 9, Deed.RAISE, Because.MORE_IS_MISSING, 550),
    "a hair less than a tenth": (ISSUED, lacking("549.99"), 9, Deed.NOTHING, Because.STANDS, 500),
    "more by the minimum": (SMALL, lacking(70), 9, Deed.RAISE, Because.MORE_IS_MISSING, 70),
    "a hair less than the minimum": (SMALL, lacking("69.99"), 9, Deed.NOTHING, Because.STANDS, 60),
    "urgent now": (ISSUED, HURRY, 9, Deed.RAISE, Because.MORE_IS_MISSING, "500.01"),
    "urgent before": (PRESSED, HURRY, 9, Deed.NOTHING, Because.STANDS, 500),
    "no longer urgent": (PRESSED, lacking("549.99"), 9, Deed.NOTHING, Because.STANDS, 500),
    "urgent now, no more missing": (ISSUED, replace(HURRY, pools=lacking(500).pools), 9, *STANDING),
    "half paid, as much missing": (PAID_HALF, lacking(250), 9, Deed.NOTHING, Because.STANDS, 500),
    "half paid, more missing": (PAID_HALF, lacking(300), 9, Deed.RAISE, Because.MORE_IS_MISSING, 550),
    "paid and well": (PAID, BETWEEN, 9, Deed.MEET, Because.PAID, 500),
    "paid yet short again": (PAID, lacking(40), 9, Deed.RAISE, Because.MORE_IS_MISSING, 540),
    "paid, and short of next to nothing": (PAID, lacking("9.99"), 9, Deed.MEET, Because.PAID, 500),
    "paid, but who knows": (PAID, UNKNOWN, 9, Deed.NOTHING, Because.UNKNOWN_FIGURE, 500),
    "unpaid and between": (ISSUED, BETWEEN, 9, Deed.NOTHING, Because.STANDS, 500),
    "unpaid and back at target": (ISSUED, WELL, 9, Deed.MEET, Because.BACK_AT_TARGET, 500),
    "a moment before it is due": (ISSUED, lacking(500), 59.99, Deed.NOTHING, Because.STANDS, 500),
    "when it is due": (ISSUED, lacking(500), 60, Deed.FALL_DUE, Because.PAST_DUE, 500),
    "due, whatever is known": (ISSUED, UNKNOWN, 60, Deed.FALL_DUE, Because.PAST_DUE, 500),
    "overdue already": (LATE, lacking(500), 99, Deed.NOTHING, Because.STANDS, 500),
    "overdue and then paid": (replace(LATE, paid=Fraction(500)), WELL, 99, Deed.MEET, Because.PAID, 500),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_call_takes_the_step_that_its_state_asks_for(name: str):
    call, lacks, minutes, deed, because, amount = STEPS[name]
    assert decide(call, lacks, NOON + minutes * MINUTE, TERMS) == Step(deed, because, Fraction(amount))


def account(cash: str, *, buffer: str = "0.25", quantity: str = "1") -> Account:
    position = Position("btc", BTC, Mode.CROSS, Fraction(quantity), Fraction(60000))
    return Account(
        "ACME-1", "USD", (position,), (Holding("cross", "USD", Fraction(cash)),), buffer=Fraction(buffer)
    )


def needed(who: Account, mark: str = "60000") -> Need:
    market, policy = Market("USD", {"BTC-PERP": Mark(Fraction(mark))}), Policy()
    return need(who, assess(who, market, policy), policy, TERMS)


def test_what_lacks_is_the_top_up_to_the_target_rounded_up():
    """MM 600, house 750, E 740: 1,250 - 740 to stand at 60 %."""
    assert needed(account("740")).amount == 510
    assert needed(account("740.001")).amount == Fraction(510)  # 509.999 up to the cent


def test_equity_equal_to_the_requirement_lacks_nothing():
    assert not needed(account("750")).called
    assert needed(account("749.99")).called


@pytest.mark.parametrize(("cash", "kind"), [("637.50", Kind.INTRADAY), ("637.49", Kind.URGENT)])
def test_a_call_is_urgent_where_less_than_a_quarter_of_the_house_margin_is_left(cash: str, kind: Kind):
    assert needed(account(cash)).kind is kind


def test_an_urgent_call_leaves_less_time():
    assert (TERMS.time_for(Kind.INTRADAY), TERMS.time_for(Kind.URGENT)) == (60 * MINUTE, 15 * MINUTE)


def test_below_maintenance_the_cross_pool_still_owes_but_nothing_new_is_drafted():
    lacks = needed(account("599.99"))
    assert lacks.called
    assert not lacks.may_be_drafted


def test_an_isolated_pool_in_liquidation_owes_nothing():
    own = account("5000")
    isolated = replace(own.positions[0], mode=Mode.ISOLATED)
    alone = replace(own, positions=(isolated,), holdings=(Holding("isolated:btc", "USD", Fraction(500)),))
    assert needed(alone) == Need(at_target=False, recovered=False)


def test_one_unknown_pool_makes_the_need_unknown():
    """A dark pocket beside a wallet that is well."""
    alone = Position("eth", replace(BTC, code="ETH-PERP"), Mode.ISOLATED, Fraction(1), Fraction(3000))
    own = account("7400")
    who = replace(
        own,
        positions=(*own.positions, alone),
        holdings=(*own.holdings, Holding("isolated:eth", "USD", Fraction(500))),
    )
    assert needed(who) == UNKNOWN


@pytest.mark.parametrize(("cash", "recovered"), [("765.30", False), ("765.31", True)])
def test_recovered_means_that_two_points_are_left_to_the_requirement(cash: str, recovered: bool):
    """House 750: 750 / 0.98 is 765.306."""
    assert needed(account(cash)).recovered is recovered


def test_without_a_minimum_any_amount_is_worth_a_draft():
    assert decide(None, lacking("0.01"), NOON, CallPolicy()).deed is Deed.DRAFT


@pytest.mark.parametrize(
    ("last_cut", "amount"),
    # house 750 / 60 % - 740, with every further dollar counted by nine tenths, or not at all
    [("0.1", "566.67"), ("1", "510")],
)
def test_where_no_deposit_attains_the_target_the_gap_itself_is_asked_for(last_cut: str, amount: str):
    cuts = Haircuts((HaircutTier(Fraction(0), Fraction(0)), HaircutTier(Fraction(740), Fraction(last_cut))))
    who = replace(account("740"), terms={"USD": AssetTerms("USD", haircuts=cuts)})
    assert needed(who).amount == Fraction(amount)


@pytest.mark.parametrize(("cash", "lacks"), [("740", 510), ("800", 450), ("1250", 0)])
def test_what_would_be_needed_now_leads_to_the_target_called_or_not(cash: str, lacks: int):
    who, market = account(cash), Market("USD", {"BTC-PERP": Mark(Fraction(60000))})
    assert to_target(who, assess(who, market, Policy()), Policy()) == lacks


def test_of_an_unknown_pool_nothing_is_said_to_be_needed():
    who = account("740")
    assert to_target(who, assess(who, Market("USD", {}), Policy()), Policy()) is None


@given(
    cash=st.decimals(601, 749, places=2).map(Fraction),
    moves=st.lists(st.decimals(0, 400, places=2).map(Fraction), max_size=6),
)
def test_paying_what_is_outstanding_always_ends_a_call(cash: Fraction, moves: list[Fraction]):
    """However it is paid, the sum of what was called brings the pool to its target and the call is met."""
    lacks = needed(account(str(cash)))
    call = Call(Standing.ISSUED, lacks.amount, Fraction(0), NOON, NOON + MINUTE)
    for move in moves:
        part = min(move, call.outstanding)
        call = replace(call, paid=call.paid + part)
        now = needed(account(str(cash + call.paid)))
        assert decide(call, now, NOON, TERMS).deed in (Deed.NOTHING, Deed.MEET)
    call = replace(call, paid=call.amount)
    assert decide(call, needed(account(str(cash + call.paid))), NOON, TERMS).deed is Deed.MEET


@given(
    cash=st.decimals(601, 749, places=2).map(Fraction),
    marks=st.lists(st.integers(59_300, 60_140), min_size=1, max_size=4),
    least=st.sampled_from((0, 10, 1000)),
)
def test_paying_ends_a_call_however_the_price_went_and_steps_stay_few(
    cash: Fraction, marks: list[int], least: int
):
    """Raised or not on the way, what is then outstanding pays it off: at most one raise stands between."""
    terms, lacks = CallPolicy(minimum=Fraction(least)), needed(account(str(cash)))
    call = Call(Standing.ISSUED, lacks.amount, Fraction(0), NOON, NOON + MINUTE, lacks.kind)
    for mark in marks:
        call = told(call, needed(account(str(cash)), str(mark)), terms)
    for _ in range(2):
        call = replace(call, paid=call.amount)
        now = needed(account(str(cash + call.paid)), str(marks[-1]))
        if decide(call, now, NOON, terms).deed is Deed.MEET:
            return
        call = told(call, now, terms)
    pytest.fail("paid twice in full and not met")


def told(call: Call, lacks: Need, terms: CallPolicy) -> Call:
    """Each raise is by its least step, or the first one that is urgent."""
    step = decide(call, lacks, NOON, terms)
    if step.deed is not Deed.RAISE:
        return call
    more = step.amount - call.amount
    assert more >= max(terms.minimum, call.outstanding / 10) or (call.kind, lacks.kind) == tuple(Kind)
    return replace(call, amount=step.amount, kind=lacks.kind)
