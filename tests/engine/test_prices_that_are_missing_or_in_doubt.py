"""Which prices a pool needs, what is said where one is not there, and how many doubts can be combined."""

from itertools import product

import pytest

from margin.engine.doubt import MOST_RATES, MOST_WHOLE
from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.pools import pools_of
from margin.engine.prices import gather
from margin.engine.terms import PortfolioTerms, Scenario
from margin.engine.types import Kind, Mark, Market, Policy, PriceState, Rate, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, market

X = instrument("X", (0, "0.1"), settlement="EUR")
OIL = instrument("OIL", (0, "0.1"), settlement="EUR", allow_negative=True)
ALT = {"ALT": Rate(exact(1))}
FINE = {"X": Mark(exact(100))}, {"EUR": Rate(exact(1))}


def stale(price, low, high):
    return Mark(exact(price), PriceState.STALE, exact(low), exact(high))


def doubted(value, low, high, state=PriceState.UNCONFIRMED):
    return Rate(exact(value), state, (), exact(low), exact(high))


def needed(marks=None, rates=None, traded=X, settlements=None, **more):
    own = account([cross(traded, 1, 100)], terms=[coin("EUR"), coin("BTC")], **more)
    told = Market("USD", {**FINE[0], **(marks or {})}, {**FINE[1], **(rates or {})}, settlements or {})
    return gather(own, pools_of(own)[0], told)


NO_BAND = "stale price of X without a guard band"


@pytest.mark.parametrize(
    ("more", "missing"),
    [
        ({}, ()),
        ({"marks": {"X": Mark(None)}}, ("no price of X",)),
        ({"marks": {"X": Mark(exact(1), PriceState.MISSING)}}, ("no price of X",)),
        ({"marks": {"X": Mark(exact(0))}}, ("the price of X is not above zero",)),
        ({"marks": {"X": Mark(exact("0.5"))}}, ()),
        ({"marks": {"OIL": Mark(exact(0))}, "traded": OIL}, ()),
        ({"marks": {"OIL": Mark(exact(-5))}, "traded": OIL}, ()),
        ({"rates": {"EUR": Rate(None)}}, ("no rate from EUR to USD",)),
        ({"rates": {"EUR": Rate(exact(1), PriceState.MISSING)}}, ("no rate from EUR to USD",)),
        ({"rates": {"EUR": Rate(exact(0))}}, ("the rate from EUR to USD is not above zero",)),
        ({"rates": {"EUR": Rate(exact("0.5"))}}, ()),
        ({"holdings": [("wallet", "BTC", 1)]}, ("no rate from BTC to USD",)),
        ({"holdings": [("wallet", "BTC", 0)]}, ()),
        (
            {"holdings": [("wallet", "ALT", 1)], "rates": {"ALT": Rate(exact(1))}},
            ("no collateral terms for ALT",),
        ),
        ({"settlements": {"X": Rate(exact(2))}, "rates": {"EUR": Rate(None)}}, ()),
        ({"settlements": {"X": Rate(exact("0.5"))}}, ()),
        ({"settlements": {"X": Rate(exact(0))}}, ("no sure rate from EUR of X to USD",)),
        ({"settlements": {"X": Rate(None)}}, ("no sure rate from EUR of X to USD",)),
        ({"settlements": {"X": doubted(1, 1, 2)}}, ("no sure rate from EUR of X to USD",)),
        ({"marks": {"X": Mark(exact(9), PriceState.STALE)}}, (NO_BAND,)),
        (
            {"marks": {"X": Mark(exact(9), PriceState.STALE, exact(8))}},
            (NO_BAND,),
        ),
        ({"marks": {"X": stale(9, 0, 10)}}, (NO_BAND,)),
        ({"marks": {"X": stale(9, "0.5", 10)}}, ()),
        ({"marks": {"OIL": stale(9, -1, 10)}, "traded": OIL}, ()),
        (
            {"rates": {"EUR": doubted(1, 0, 2)}},
            ("unconfirmed rate from EUR to USD without a guard band",),
        ),
    ],
)
def test_what_is_missing_is_named_and_nothing_else_is(more, missing):
    assert needed(**more).missing == missing


def test_an_inverse_contract_needs_a_price_above_zero_whatever_it_allows():
    turned = instrument("X", kind=Kind.INVERSE.value, settlement="EUR", allow_negative=True)
    assert needed({"X": Mark(exact(-1))}, traded=turned).missing == ("the price of X is not above zero",)
    assert needed({"X": stale(9, -1, 10)}, traded=turned).missing == (
        "stale price of X without a guard band",
    )


def test_what_is_in_doubt_is_named_with_its_ends_and_what_rests_is_closed():
    found = needed({"X": stale(9, 8, 10)}, {"EUR": doubted(1, "0.5", 2)})
    assert found.doubts == ("stale price of X", "unconfirmed rate from EUR to USD")
    assert (found.doubtful_marks, found.doubtful_rates) == ({"X": (8, 10)}, {"EUR": (exact("0.5"), 2)})
    resting = needed({"X": Mark(exact(9), PriceState.CLOSED)})
    assert (resting.closed, resting.doubts, resting.missing) == (("X",), (), ())
    assert found.closed == ()


def test_the_base_currency_is_worth_one_and_an_empty_balance_needs_no_rate():
    prices = needed(holdings=[("wallet", "BTC", 0)], wallet=1).prices
    assert prices.rates == {"EUR": 1, "USD": 1, "BTC": 1}
    assert needed(settlements={"X": Rate(exact(3))}).prices.settlements == {"X": 3}


def test_a_market_of_another_currency_is_refused():
    own = account([])
    with pytest.raises(ValueError, match="the market is in EUR"):
        gather(own, pools_of(own)[0], market({}, base="EUR"))


def rated(count, wallet):
    names = [f"R{k}" for k in range(count)]
    own = account(
        [cross(instrument("Y", (0, "0.1")), 10, 100)],
        wallet=wallet,
        holdings=[("wallet", name, 1) for name in names],
        terms=[coin(name) for name in names],
    )
    return assess(own, market({"Y": 100}, {name: doubted(1, "0.5", 2) for name in names}), DESK)


def test_six_rates_in_doubt_are_combined_and_a_seventh_is_too_many():
    assert MOST_RATES == 6
    assert rated(6, 1_000).bounded
    found = rated(7, 1_000).pool("cross")
    assert (found.level, found.bounds) == (Level.UNKNOWN, None)
    assert found.unknown_because[0] == "too many prices in doubt"
    assert len(found.unknown_because) == 8
    assert found.equity is not None


def test_eight_doubts_are_combined_where_the_whole_pool_counts():
    assert MOST_WHOLE == 8
    whole = Policy(portfolio=PortfolioTerms((Scenario("s", {}),), exact("0.01")))

    def found(count):
        codes = [f"X{k}" for k in range(count)]
        own = account([cross(instrument(code), 1, 100) for code in codes], wallet=5_000)
        return assess(own, market({code: stale(100, 99, 101) for code in codes}), whole)

    assert found(8).bounded
    assert found(9).pool("cross").unknown_because[0] == "too many prices in doubt"


LEGS = [("A", 10, 90, 110), ("B", -6, 95, 120), ("C", 3, 50, 105)]


@pytest.mark.parametrize("wallet", range(100, 700, 25))
@pytest.mark.parametrize("buffer", [0, "0.25"])
def test_the_levels_of_a_pool_in_doubt_are_those_of_all_combinations_of_ends(wallet, buffer):
    """Three marks and a rate in doubt: sixteen corners, each measured by itself."""
    own = account(
        [cross(instrument(code, (0, "0.1")), size, 100) for code, size, _, _ in LEGS],
        wallet=wallet,
        holdings=[("wallet", "EUR", 50)],
        terms=[coin("EUR")],
        buffer=buffer,
    )
    rate = doubted(1, "0.5", "1.5")
    found = assess(own, market({c: stale(100, low, high) for c, _, low, high in LEGS}, {"EUR": rate}), DESK)
    seen = []
    for *ends, worth in product(*((low, high) for _, _, low, high in LEGS), ("0.5", "1.5")):
        marks = dict(zip("ABC", ends, strict=True))
        seen.append(assess(own, market(marks, {"EUR": worth}), DESK).pool("cross"))
    levels = [pool.level for pool in seen]
    pool = found.pool("cross")
    assert pool.bounds == (min(levels), max(levels))
    assert pool.bounded is (min(levels) is max(levels))
    if not pool.bounded:
        worst = [corner for corner in seen if corner.level is max(levels)]
        assert pool.equity - pool.house_maintenance == min(c.equity - c.house_maintenance for c in worst)


def test_any_number_of_marks_in_doubt_is_bounded_where_a_pool_is_the_sum_of_its_instruments():
    codes = [f"X{k}" for k in range(MOST_WHOLE + 4)]
    own = account([cross(instrument(code), 1, 100) for code in codes], wallet=5_000)
    assert assess(own, market({code: stale(100, 99, 101) for code in codes}), DESK).bounded
