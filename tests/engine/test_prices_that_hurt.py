"""Liquidation and bankruptcy prices where several things move together, or nothing does."""

from dataclasses import replace
from fractions import Fraction

import pytest

from margin.engine.exact import assess
from margin.engine.liquidation import prices_that_hurt
from margin.engine.types import Offsets, Policy, exact
from tests.engine.printed import liquidation, prices_of
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

PERP = instrument("PERP", underlying="BTC")
FUTURE = instrument("FUTURE", underlying="BTC")
OTHER = instrument("OTHER")


def test_contracts_on_one_underlying_move_in_proportion_and_others_stay():
    own = account(
        [cross(PERP, 2, 100, "p"), cross(FUTURE, -1, 200, "f"), cross(OTHER, 5, 10, "o")], wallet=50
    )
    hurt = prices_of(own, market({"PERP": 100, "FUTURE": 200, "OTHER": 10}))
    assert hurt["p"].liquidation.price == exact(
        "1237.5"
    )  # hedged in full: only the requirement of 4 (1 + s) grows
    lean = replace(own, positions=(*own.positions[1:], cross(PERP, 3, 100, "p")))
    shock = (exact("0.5") + 5 - 50) / (100 - 5)  # E = 50 + 100 s, MM = 0.5 + 5 (1 + s)
    hurt = prices_of(lean, market({"PERP": 100, "FUTURE": 200, "OTHER": 10}))
    assert hurt["p"].liquidation.price == 100 * (1 + shock)
    assert hurt["f"].liquidation.price == 200 * (1 + shock)
    assert hurt["o"].liquidation.price == 10 + (exact("5") - 50 + exact("0.5")) / exact("4.95")


def test_of_two_contracts_on_one_underlying_only_the_one_that_may_be_negative_has_a_price_below_zero():
    may = instrument("MAY", (0, "0.1"), underlying="OIL", allow_negative=True)
    never = instrument("NEVER", (0, "0.1"), underlying="OIL")
    own = account([cross(may, 10, 5, "m"), cross(never, 1, 5, "n")], wallet=60)
    hurt = prices_of(own, market({"MAY": 5, "NEVER": 5}))
    assert hurt["m"].liquidation.price < 0
    assert hurt["n"].liquidation.price is None
    turned = account([cross(never, 1, 5, "n"), cross(may, 10, 5, "m")], wallet=60)
    assert prices_of(turned, market({"MAY": 5, "NEVER": 5})) == hurt


def test_an_accounts_own_cap_leaves_a_later_pocket_only_what_the_wallet_did_not_take():
    own = account(
        [isolated(PERP, 10, 100, "p")],
        holdings=[("wallet", "BTC", 1), ("isolated:p", "BTC", 2)],
        terms=[coin("BTC")],
        recognised_caps={"BTC": exact(150)},
    )
    prices = market({"PERP": 100}, {"BTC": 100})
    assert [pool.collateral for pool in assess(own, prices, DESK).pools] == [100, 50]
    price = liquidation(own, prices)
    there = assess(own, market({"PERP": price}, {"BTC": price}), DESK).pool("isolated:p")
    assert there.equity == there.maintenance
    # 150 - 100 s' of room while the wallet takes 100 (1 + s): E = 50 - 100 s + 1,000 s.
    assert price == 100 * (1 + (exact(10) - 50) / (900 - 10))


@pytest.mark.parametrize(("wallet", "cures"), [(100, False), (5, True), (-20, True)])
def test_below_the_line_the_price_is_where_it_is_cured(wallet, cures):
    hurt = prices_of(account([cross(OTHER, 10, 100)], wallet=wallet), market({"OTHER": 100}))
    (found,) = hurt.values()
    assert found.liquidation.cures is cures
    assert found.liquidation.price == (1_000 - exact(wallet)) / exact("9.9")
    assert found.bankruptcy.price == 100 - exact(wallet) / 10
    assert found.bankruptcy.cures is (wallet < 0)


def test_exactly_on_the_line_it_is_the_mark_and_nothing_to_cure():
    (found,) = prices_of(account([cross(OTHER, 10, 100)], wallet=10), market({"OTHER": 100})).values()
    assert (found.liquidation.price, found.liquidation.cures) == (100, False)


def test_of_two_equally_near_prices_the_lower_is_given():
    """Long 10 and short 10 from the mark: equity stays, the requirement of 20 |m| never does."""
    own = account([cross(OTHER, 10, 100, "l"), cross(OTHER, -10, 100, "s")], wallet=30)
    hurt = prices_of(own, market({"OTHER": 100}))
    assert hurt["l"] == hurt["s"]
    assert hurt["l"].liquidation.price == 150
    both = instrument("BOTH", (0, "0.1"), allow_negative=True)
    at_zero = account([cross(both, 10, 0, "l"), cross(both, -10, 0, "s")], wallet=30)
    assert liquidation(at_zero, market({"BOTH": 0})) == -15


def test_from_a_mark_of_zero_a_price_that_may_be_negative_is_still_found():
    oil = instrument("OIL", (0, "0.1"), underlying="OIL", allow_negative=True)
    assert liquidation(account([cross(oil, 10, 0)], wallet=22), market({"OIL": 0})) == -2


def test_below_zero_a_contract_moves_with_its_underlying_by_its_own_size():
    oil, fuel = (
        instrument(code, (0, "0.1"), underlying="OIL", allow_negative=True) for code in ("OIL", "FUEL")
    )
    own = account([cross(oil, 10, -2, "o"), cross(fuel, 10, 4, "f")], wallet=30)
    hurt = prices_of(own, market({"OIL": -2, "FUEL": 4}))
    price = hurt["f"].liquidation.price
    moved = assess(own, market({"OIL": -2 * price / 4, "FUEL": price}), DESK)
    assert moved.equity == moved.maintenance
    assert hurt["o"].liquidation.price == -2 * price / 4


def test_a_coin_base_is_worth_one_whatever_the_coin_does():
    """Base BTC: collateral in BTC and the rate of the inverse contract stay, only 1/m moves."""
    inverse = instrument("INV", kind="inverse", settlement="BTC", underlying="BTC")
    own = account([cross(inverse, 10_000, 50_000)], wallet="0.05", base="BTC")
    assert liquidation(own, market({"INV": 50_000}, base="BTC")) == 40_400


@pytest.mark.parametrize("offsets", list(Offsets))
def test_the_closed_form_of_the_rulebook_gives_the_price_of_a_hedge(offsets):
    """m* = (R - K - (d_i + d_j) x) / (c x (Q - a r_i - s r_j)) with the larger leg alone under *hedge*."""
    policy = Policy(offsets=offsets)
    traded = instrument("X", (0, "0.01"), (1_000, "0.03"), fee="0.001", contract_size=2, settlement="EUR")
    own = account(
        [cross(traded, 10, 100, "l"), cross(traded, -4, 110, "s"), cross(OTHER, 1, 50, "o")],
        wallet=400,
        terms=[coin("EUR")],
    )
    rate, mark = exact("1.1"), exact(100)
    prices = market({"X": 100, "OTHER": 50}, {"EUR": rate})
    figures = assess(own, prices, policy)
    price = prices_that_hurt(own, figures, policy)["l"].liquidation.price
    c, q, a, s = 2, 6, 10, 4
    k = figures.equity - q * c * rate * mark
    tiers = {True: (exact("0.031"), exact(20)), False: (exact("0.011"), exact(0))}
    (ra, da), (rs, ds) = (tiers[size * c * price >= 1_000] for size in (a, s))
    if offsets is Offsets.HEDGE:
        s = ds = 0
    others = exact("0.5")
    wanted = (others - k - (da + ds) * rate) / (c * rate * (q - a * ra - s * rs))
    assert price == wanted
    assert Fraction(0) < price < 100


def test_of_two_marks_of_zero_on_one_underlying_each_moves_alone():
    one, two = (
        instrument(code, (0, "0.1"), underlying="OIL", allow_negative=True) for code in ("ONE", "TWO")
    )
    own = account([cross(one, 10, 0, "a"), cross(two, 20, 0, "b")], wallet=22)
    hurt = prices_of(own, market({"ONE": 0, "TWO": 0}))
    assert (hurt["a"].liquidation.price, hurt["b"].liquidation.price) == (-2, -1)


def test_from_a_mark_of_zero_nothing_else_on_the_underlying_moves_in_proportion():
    one, two = (
        instrument(code, (0, "0.1"), underlying="OIL", allow_negative=True) for code in ("ONE", "TWO")
    )
    own = account([cross(one, 10, 0, "a"), cross(two, 5, 10, "b")], wallet=27)
    assert prices_of(own, market({"ONE": 0, "TWO": 10}))["a"].liquidation.price == -2


def test_a_coin_worth_less_than_one_moves_its_collateral_too():
    cheap = instrument("DOGE-PERP", underlying="DOGE")
    own = account([cross(cheap, 100, "0.5")], holdings=[("wallet", "DOGE", 20)], terms=[coin("DOGE")])
    price = liquidation(own, market({"DOGE-PERP": "0.5"}, {"DOGE": "0.5"}))
    assert price == 50 / (120 - Fraction(1))


def test_of_two_prices_the_nearer_one_is_given_also_where_it_is_the_higher():
    """Below, a net long of a half loses; above, the steeper tier of both legs asks for more than it gains."""
    steep = instrument("X", (0, "0.01"), (1_000, "0.1"))
    own = account([cross(steep, 10, 100, "l"), cross(steep, exact("-9.5"), 100, "s")], wallet=30)
    price = liquidation(own, market({"X": 100}))
    assert price > 105
    there = assess(own, market({"X": price}), DESK)
    assert there.equity == there.maintenance
    lower = 100 - (30 - exact("19.5")) / (exact("0.5") - exact("0.195"))
    below = assess(own, market({"X": lower}), DESK)
    assert below.equity == below.maintenance
