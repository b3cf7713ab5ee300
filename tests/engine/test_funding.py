"""Top-ups and withdrawals: the smallest that helps, the most that may leave."""

from fractions import Fraction

import pytest

from margin.engine.exact import assess
from margin.engine.funding import top_up, withdrawable
from margin.engine.types import exact
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

INDEX = instrument("INDEX", (0, "0.6"))


def tiered_coin_account(**more):
    """2 BTC at 50,000 with haircuts 10 % and 20 % from 60,000 count 86,000; 5,000 are owed."""
    return account(
        [cross(INDEX, 1_000, 100)],
        holdings=[("wallet", "BTC", 2), ("wallet", "USD", -5_000)],
        terms=[
            coin("BTC", (0, "0.1"), (60_000, "0.2"), step="0.001"),
            coin("ALT", (0, "0.05"), step="0.01"),
        ],
        **more,
    )


PRICES = market({"INDEX": 100}, {"BTC": 50_000, "ALT": 1})


def test_tiered_haircuts_count_marginally_and_a_debt_is_never_cut():
    figures = assess(tiered_coin_account(), PRICES, DESK)
    assert figures.equity == 81_000
    assert figures.house_maintenance == 60_000
    assert figures.utilisation == Fraction(60, 81)


@pytest.mark.parametrize(
    ("asset", "price", "amount"),
    [("USD", 1, 19_000), ("BTC", 50_000, Fraction("0.475")), ("ALT", 1, 20_000)],
    ids=["debt currency at full value", "coin at its marginal haircut", "coin cut 5 %"],
)
def test_the_top_up_to_the_target(asset, price, amount):
    own = tiered_coin_account()
    figures = assess(own, PRICES, DESK)
    assert top_up(own, figures, DESK, pool="cross", asset=asset, price=exact(price)) == amount


def test_after_the_top_up_the_level_is_watch_because_sixty_per_cent_is():
    own = tiered_coin_account()
    more = account(
        own.positions,
        holdings=[("wallet", "BTC", "2.475"), ("wallet", "USD", -5_000)],
        terms=list(own.terms.values()),
    )
    assert assess(more, PRICES, DESK).level.word == "watch"


def test_an_asset_that_does_not_count_can_not_cure():
    own = account([cross(INDEX, 10, 100)], wallet=700, terms=[coin("JUNK", (0, 1))])
    figures = assess(own, PRICES, DESK)
    assert top_up(own, figures, DESK, pool="cross", asset="JUNK", price=exact(1)) is None


def test_a_cap_on_what_is_recognised_can_make_the_target_unattainable():
    own = account(
        [cross(INDEX, 10, 100)], wallet=700, terms=[coin("ALT", (0, 0))], recognised_caps={"ALT": exact(299)}
    )
    figures = assess(own, PRICES, DESK)
    assert top_up(own, figures, DESK, pool="cross", asset="ALT", price=exact(1)) is None


def test_paying_a_debt_also_frees_what_owing_it_requires():
    own = account(
        [cross(INDEX, 10, 100)],
        wallet=1_100,
        holdings=[("wallet", "EUR", -100)],
        terms=[coin("EUR", (0, "0.5"), liability_maintenance="0.6", liability_initial="0.6")],
    )
    prices = market({"INDEX": 100}, {"EUR": 1})
    figures = assess(own, prices, DESK)
    amount = top_up(own, figures, DESK, pool="cross", asset="EUR", price=exact(1))
    paid = account(
        own.positions,
        wallet=1_100,
        holdings=[("wallet", "EUR", -100 + amount)],
        terms=list(own.terms.values()),
    )
    after = assess(paid, prices, DESK)
    assert after.house_maintenance / DESK.target == after.equity
    assert amount == 50


def test_what_may_leave_keeps_the_initial_requirement_without_counting_profit():
    long = instrument("A", (0, "0.1", "0.05"))
    own = account([cross(long, 10, 100)], wallet=500)
    figures = assess(own, market({"A": 110}), DESK)
    assert figures.free_margin == 600 - 110
    assert withdrawable(own, figures, DESK, pool="cross", asset="USD", price=exact(1)) == 500 - 110


def test_nothing_may_leave_while_a_call_is_open():
    own = account([], wallet=500)
    figures = assess(own, market({}), DESK)
    assert withdrawable(own, figures, DESK, pool="cross", asset="USD", price=exact(1), call_is_open=True) == 0
    assert withdrawable(own, figures, DESK, pool="cross", asset="USD", price=exact(1)) == 500


def test_moving_margin_out_of_a_pocket_obeys_the_same_rule():
    long = instrument("A", (0, "0.1", "0.05"))
    own = account([isolated(long, 10, 100, "a")], pockets={"a": 150})
    figures = assess(own, market({"A": 98}), DESK)
    assert withdrawable(own, figures, DESK, pool="isolated:a", asset="USD", price=exact(1)) == 150 - 20 - 98


def test_coin_withdrawn_is_worth_its_haircut_value_only():
    own = tiered_coin_account()
    rich = account(
        own.positions, wallet=70_000, holdings=[("wallet", "BTC", 2)], terms=list(own.terms.values())
    )
    figures = assess(rich, PRICES, DESK)
    spare = figures.equity - 60_000
    assert spare == 96_000
    assert withdrawable(rich, figures, DESK, pool="cross", asset="BTC", price=exact(50_000)) == 2
    poor = account(own.positions, wallet=0, holdings=[("wallet", "BTC", 2)], terms=list(own.terms.values()))
    figures = assess(poor, PRICES, DESK)
    left = withdrawable(poor, figures, DESK, pool="cross", asset="BTC", price=exact(50_000))
    assert left == Fraction("0.65")
