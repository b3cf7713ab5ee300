"""What is not said of an account, an asset or an instrument is the rulebook's default, and never a guess."""

import pytest

from margin.engine.rational import Fraction
from margin.engine.tiers import Haircuts, Schedule, Tier
from margin.engine.types import (
    Account,
    AssetTerms,
    AtThreshold,
    Holding,
    Instrument,
    Kind,
    Market,
    Mode,
    Offsets,
    Policy,
    Position,
    Prices,
    PriceState,
    Rate,
    effective_buffer,
    exact,
    house_factor,
    total_of,
)

PLAIN = Instrument("X", Schedule((Tier(Fraction(0), Fraction(1, 10), Fraction(1, 20)),)), "EUR")


def test_an_instrument_is_linear_one_unit_large_and_moves_with_the_market():
    assert (PLAIN.kind, PLAIN.contract_size, PLAIN.loading, PLAIN.lot) == (Kind.LINEAR, 1, 1, 0)
    assert (PLAIN.buffer, PLAIN.reference_price, PLAIN.fx_loading) == (0, 0, None)
    assert (PLAIN.allow_negative, PLAIN.underlying, PLAIN.asset) == (False, "", "X")


def test_an_asset_counts_in_full_owing_it_requires_nothing_and_it_moves_in_hundredths():
    terms = AssetTerms("COIN")
    assert (terms.liability_initial, terms.liability_maintenance, terms.loading) == (0, 0, 1)
    assert terms.step == Fraction(1, 100)
    assert Haircuts().recognised(Fraction(10**9)) == 10**9


def test_an_account_has_no_buffer_and_a_policy_the_rulebooks_figures():
    assert Account("A", "USD").buffer == 0
    policy = Policy()
    assert [policy.watch, policy.at_risk, policy.danger, policy.target] == [
        exact(share) for share in ("0.6", "0.7", "0.8", "0.6")
    ]
    assert (policy.at_threshold, policy.offsets) == (AtThreshold.LT, Offsets.NONE)


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, (0, "")),
        ({"desk": "0.1"}, ("0.1", "desk")),
        ({"desk": "0.1", "client_class": "0.2"}, ("0.2", "client_class")),
        ({"desk": "0.1", "client": "0"}, (0, "client")),  # zero is said, blank is not
        ({"client": "0.3", "sub_account": "0.05"}, ("0.05", "sub_account")),
    ],
)
def test_the_most_specific_buffer_holds(given, found):
    value, source = effective_buffer(**{name: exact(buffer) for name, buffer in given.items()})
    assert (value, source) == (exact(found[0]), found[1])


@pytest.mark.parametrize(
    ("buffer", "own", "factor"), [(0, 0, 1), ("0.25", 0, "1.25"), ("0.25", "0.1", "1.35")]
)
def test_buffers_add(buffer, own, factor):
    assert house_factor(exact(buffer), exact(own)) == exact(factor)
    assert house_factor(exact("0.25")) == exact("1.25")


def test_a_rate_told_for_the_instrument_goes_before_that_of_its_currency():
    def market(base="USD", **more):
        return Market(base, {}, **more)

    euro, own = {"EUR": Rate(Fraction(2))}, {"X": Rate(Fraction(3))}
    assert market("EUR").rate_of(PLAIN) == 1
    assert market(rates=euro).rate_of(PLAIN) == 2
    assert market(rates=euro, settlements=own).rate_of(PLAIN) == 3
    assert market("EUR", settlements=own).rate_of(PLAIN) == 3
    assert market().rate_of(PLAIN) is None
    assert market(rates={"EUR": Rate(None)}).rate_of(PLAIN) is None
    assert Prices({}, {"EUR": Fraction(2)}, {}).rate_of(PLAIN) == 2
    assert Prices({}, {"EUR": Fraction(2)}, {}, {"X": Fraction(3)}).rate_of(PLAIN) == 3


def test_only_a_linear_contract_that_may_may_cost_nothing_or_less():
    below = Instrument("X", PLAIN.schedule, "USD", allow_negative=True)
    inverse = Instrument("X", PLAIN.schedule, "USD", Kind.INVERSE, allow_negative=True)
    assert [below.may_cost(exact(price)) for price in (1, "0.1", 0, -1)] == [True, True, True, True]
    assert [inverse.may_cost(exact(price)) for price in (1, "0.1", 0, -1)] == [True, True, False, False]
    assert [PLAIN.may_cost(exact(price)) for price in (1, "0.1", 0, -1)] == [True, True, False, False]
    assert (below.may_be_negative, inverse.may_be_negative, PLAIN.may_be_negative) == (True, False, False)


def test_only_what_is_stale_or_unconfirmed_is_in_doubt():
    assert {state for state in PriceState if state.in_doubt} == {PriceState.STALE, PriceState.UNCONFIRMED}


def test_an_isolated_position_shares_its_pool_with_its_pocket_and_a_cross_one_with_the_wallet():
    for mode, pocket, pool in ((Mode.CROSS, "wallet", "cross"), (Mode.ISOLATED, "isolated:p", "isolated:p")):
        assert Position("p", PLAIN, mode, Fraction(1), Fraction(1)).pool == pool
        assert Holding(pocket, "USD", Fraction(1)).pool == pool


def test_a_sum_of_nothing_is_nothing():
    assert total_of([]) == 0
    assert total_of(iter([Fraction(1), Fraction(2), Fraction(-5)])) == -2


def test_a_float_is_no_exact_number():
    with pytest.raises(TypeError, match="is a float"):
        exact(0.1)  # type: ignore[arg-type]
