"""Portfolio margin: one book over all asset classes, and concentration on top."""

from dataclasses import replace
from fractions import Fraction

import pytest

from margin.engine.distance import distances
from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.liquidation import prices_that_hurt
from margin.engine.portfolio import gain
from margin.engine.terms import AddOn, PortfolioTerms, Scenario, ShareTiers, TwoLargest
from margin.engine.types import Kind, Mark, Policy, PriceState, exact
from tests.engine.scene import account, coin, cross, instrument, isolated, market


def responds(code, **loadings):
    return instrument(code, (0, "0.05"), loadings={name: exact(value) for name, value in loadings.items()})


PERP, FUT = responds("BTC-PERP", btc=1), responds("BTC-FUT", btc=1)
EUR, INDEX, BOND = responds("EURUSD", eur=1), responds("INDEX", index=1), responds("BOND", rates="-0.06")


def scenario(name, btc, eur, index, rates):
    per_cent = {"btc": btc, "eur": eur, "index": index}
    return Scenario(name, {k: Fraction(v, 100) for k, v in per_cent.items()} | {"rates": exact(rates)})


TERMS = PortfolioTerms(
    (
        scenario("sell-off", -20, -2, -8, 1),
        scenario("rally", 20, 2, 6, -1),
        scenario("crypto alone", -20, -2, 6, 1),
    ),
    minimum=exact("0.005"),
)
PRIME = Policy(portfolio=TERMS)
PRICES = market({"BTC-PERP": 60_000, "BTC-FUT": 58_000, "EURUSD": 1, "INDEX": 100, "BOND": 100})


def prime_book(wallet=200_000):
    return account(
        [
            cross(PERP, 10, 60_000),
            cross(FUT, -10, 58_000),
            cross(EUR, 1_000_000, 1),
            cross(INDEX, -3_000, 100),
            cross(BOND, 5_000, 100),
        ],
        wallet=wallet,
    )


def test_one_book_over_crypto_currencies_index_and_bonds():
    pool = assess(prime_book(), PRICES, PRIME).pool("cross")
    assert (pool.maintenance, pool.initial) == (72_000, 79_200)
    assert pool.split.worst_scenario == "crypto alone"
    assert (pool.split.base, pool.split.volatility) == (14_900, 57_100)
    assert pool.split.offset == 304_000 - 72_000


@pytest.mark.parametrize(
    ("name", "gains"), [("sell-off", -30_000), ("rally", 36_000), ("crypto alone", -72_000)]
)
def test_each_scenario_revalues_the_whole_book(name, gains):
    own = prime_book()
    pool = assess(own, PRICES, PRIME).pool("cross")
    (asked,) = (scenario for scenario in TERMS.scenarios if scenario.name == name)
    assert gain([(position,) for position in own.positions], {}, pool.prices, TERMS, asked) == gains


def test_the_positions_share_the_whole_requirement():
    pool = assess(prime_book(), PRICES, PRIME).pool("cross")
    assert sum(row.maintenance for row in pool.positions) == 72_000
    assert sum(row.initial for row in pool.positions) == 79_200


def test_the_buffer_is_on_the_whole_requirement():
    own = replace(prime_book(), buffer=exact("0.25"))
    assert assess(own, PRICES, PRIME).house_maintenance == 90_000


def test_a_flat_book_still_needs_the_minimum():
    calm = replace(TERMS, scenarios=())
    assert assess(prime_book(), PRICES, Policy(portfolio=calm)).maintenance == 14_900


def test_isolated_positions_keep_their_schedule():
    own = account([isolated(EUR, 1_000, 1, "e")], pockets={"e": 100})
    assert assess(own, PRICES, PRIME).pool("isolated:e").maintenance == 50


def test_a_spot_is_a_position_without_haircut_or_collateral_with_one_never_both():
    own = account([cross(PERP, -1, 60_000)], holdings=[("wallet", "BTC", 1)], terms=[coin("BTC", (0, "0.1"))])
    prices = market({"BTC-PERP": 60_000}, {"BTC": 60_000})
    as_collateral = assess(own, prices, PRIME).pool("cross")
    assert (as_collateral.equity, as_collateral.maintenance) == (54_000, 12_000)
    spots = replace(TERMS, spots=frozenset({"BTC"}), asset_loadings={"BTC": {"btc": exact(1)}})
    as_position = assess(own, prices, Policy(portfolio=spots)).pool("cross")
    assert (as_position.equity, as_position.maintenance) == (60_000, 600)
    assert as_position.split.worst == 0


def test_add_ons_come_on_top_and_are_shown_apart():
    terms = replace(
        TERMS,
        concentration=AddOn(exact(500_000), exact("0.1")),
        liquidity={"INDEX": AddOn(exact(100_000), exact("0.02"))},
    )
    split = assess(prime_book(), PRICES, Policy(portfolio=terms)).pool("cross").split
    assert split.concentration == (100_000 + 80_000 + 500_000) * exact("0.1")
    assert split.liquidity == 4_000
    assert split.maintenance == 72_000 + split.concentration + 4_000


def test_its_liquidation_price_and_distance_are_found_by_search():
    own = prime_book(wallet=100_000)
    figures = assess(own, PRICES, PRIME)
    price = prices_that_hurt(own, figures, PRIME)["EURUSD|cross|long"].liquidation.price
    at = assess(own, replace(PRICES, marks={**PRICES.marks, "EURUSD": Mark(price)}), PRIME).pool("cross")
    assert abs(at.equity - at.maintenance) < Fraction(1, 10**6)
    found = distances(own, figures, PRIME)
    assert found.liquidation.down is not None
    assert found.next_level is Level.DANGER


def test_a_stale_price_in_such_a_book_is_taken_at_both_ends_too():
    stale = Mark(exact(1), PriceState.STALE, exact("0.97"), exact("1.01"))
    prices = replace(PRICES, marks={**PRICES.marks, "EURUSD": stale})
    assert assess(prime_book(2_000_000), prices, PRIME).bounded
    assert assess(prime_book(100_000), prices, PRIME).level is Level.UNKNOWN


def test_two_largest_and_rest_is_a_floor_under_the_requirement():
    policy = Policy(concentration=TwoLargest())
    own = account(
        [cross(PERP, 10, 60_000), cross(INDEX, -3_000, 100), cross(BOND, 1_000, 100)], wallet=600_000
    )
    figures = assess(own, PRICES, policy)
    assert figures.initial == Fraction(60, 100) * 900_000 + Fraction(10, 100) * 100_000 - 100_000
    assert figures.maintenance == figures.initial / 2
    small = account([cross(INDEX, -300, 100)], wallet=600_000)
    assert assess(small, PRICES, policy).maintenance == 1_500


@pytest.mark.parametrize(
    ("bond", "rate"), [(1_000, "0.5"), (2_999, "0.5"), (4_000, "0.4"), (9_000, "0.35"), (9_001, "0.05")]
)
def test_share_tiers_raise_an_underlyings_rates_at_its_cliffs(bond, rate):
    own = account([cross(INDEX, 3_000, 100), cross(BOND, bond, 100)], wallet=600_000)
    rows = assess(own, PRICES, Policy(concentration=ShareTiers())).positions
    index = next(row for row in rows if row.instrument == "INDEX")
    assert index.maintenance == 300_000 * exact(rate)


def test_an_inverse_contract_must_keep_a_price_in_every_scenario():
    coin_margined = replace(PERP, kind=Kind.INVERSE, loadings={"btc": exact(6)})
    figures = assess(account([cross(coin_margined, 1, 100)], wallet=1), PRICES, PRIME)
    assert "scenario sell-off takes BTC-PERP to zero" in figures.unknown_because
