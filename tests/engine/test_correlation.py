"""Correlation, direction, bets, wrong-way collateral and crowds."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from margin.engine.correlation import (
    average_pairwise,
    correlation_of,
    crowds,
    direction_score,
    ewma_covariance,
    log_returns,
    number_of_bets,
    wrong_way_share,
)
from margin.engine.exposure import Exposed
from margin.engine.types import exact


def test_two_prices_in_step_correlate_fully_and_in_opposition_fully_against():
    prices = np.array(
        [[100.0, 10.0, 100.0], [110.0, 11.0, 100 / 1.1], [99.0, 9.9, 100 / 0.99], [105.0, 10.5, 100 / 1.05]]
    )
    found = correlation_of(ewma_covariance(log_returns(prices), half_life_rows=10))
    assert found[0, 1] == pytest.approx(1)
    assert found[0, 2] == pytest.approx(-1)


def test_the_newest_return_weighs_twice_that_of_a_half_life_ago():
    returns = np.array([[1.0], [0.0], [0.0]])
    old = ewma_covariance(returns, half_life_rows=2)[0, 0]
    new = ewma_covariance(returns[::-1], half_life_rows=2)[0, 0]
    assert new == pytest.approx(2 * old)


def test_a_price_that_never_moves_correlates_with_nothing():
    found = correlation_of(np.array([[1.0, 0.0], [0.0, 0.0]]))
    assert found.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_average_pairwise_leaves_the_diagonal_out():
    assert average_pairwise(np.array([[1, 0.2, 0.4], [0.2, 1, 0.6], [0.4, 0.6, 1]])) == pytest.approx(0.4)
    assert average_pairwise(np.eye(1)) is None


def test_one_bet_is_one_and_independent_equal_bets_count_each():
    same = np.ones((3, 3))
    assert number_of_bets(np.ones(3), same) == pytest.approx(1)
    assert number_of_bets(np.ones(3), np.diag([1.0, 1.1, 0.9])) == pytest.approx(3, rel=0.02)
    assert number_of_bets(np.zeros(3), same) is None


def test_a_hedged_book_has_no_direction_and_a_one_way_book_has_all():
    one = exact(1)
    assert direction_score([(one, exact(100), exact(100)), (one, exact(-100), exact(100))]) == 0
    assert direction_score([(one, exact(100), exact(100)), (exact("0.5"), exact(40), exact(40))]) == 1
    assert direction_score([(exact(-1), exact(100), exact(100)), (one, exact(-100), exact(100))]) == 1
    assert direction_score([]) is None


def test_collateral_in_the_coin_that_is_long_is_all_wrong_way():
    values = {"BTC": exact(100), "USD": exact(100)}
    assert wrong_way_share(values, {"BTC": exact(500)}, {}) == Fraction(1, 2)
    assert wrong_way_share(values, {"BTC": exact(-500)}, {}) == 0
    assert wrong_way_share(values, {"ETH": exact(500)}, {("ETH", "BTC"): exact("0.8")}) == Fraction(2, 5)
    assert wrong_way_share({}, {"BTC": exact(1)}, {}) is None


def row(client, net):
    net = exact(net)
    return Exposed("D", client, client, "r", "BTC-PERP", "BTC", "", "", gross=abs(net), net=net)


def test_many_small_clients_on_one_side_are_a_crowd():
    (crowd,) = crowds([row(f"C{k}", 10) for k in range(12)] + [row("S", -10)])
    assert (crowd.side, crowd.clients, crowd.exposure) == (1, 12, 120)
    assert crowd.one_sidedness == Fraction(120, 130)


def test_one_big_client_is_not_a_crowd():
    assert crowds([row(f"C{k}", 10) for k in range(12)] + [row("BIG", 100)]) == []


def test_a_balanced_market_is_not_a_crowd():
    assert crowds([row(f"L{k}", 10) for k in range(12)] + [row(f"S{k}", -9) for k in range(12)]) == []


def test_returns_are_logarithmic_and_the_covariance_weighs_them_by_age():
    returns = log_returns(np.array([[1.0, 2.0], [np.e, 2.0], [np.e**3, 4.0]]))
    assert returns == pytest.approx(np.array([[1.0, 0.0], [2.0, np.log(2)]]))
    found = ewma_covariance(returns, half_life_rows=1)
    assert found[0, 0] == pytest.approx((0.5 * 1 + 1 * 4) / 1.5)
    assert found[0, 1] == pytest.approx(2 * np.log(2) / 1.5)


def test_correlations_stay_within_one_whatever_rounding_does():
    found = correlation_of(np.array([[1.0, 4.2], [4.2, 4.0]]))
    assert found.tolist() == [[1.0, 1.0], [1.0, 1.0]]
    assert correlation_of(np.array([[4.0, -1.0], [-1.0, 1.0]]))[0, 1] == pytest.approx(-0.5)


def test_of_two_the_average_is_the_one_pair():
    assert average_pairwise(np.array([[1.0, -0.3], [-0.3, 1.0]])) == pytest.approx(-0.3)


def test_a_book_in_one_of_several_directions_is_one_bet_and_an_uneven_one_between():
    assert number_of_bets(np.array([5.0, 0.0]), np.diag([1.0, 4.0])) == pytest.approx(1)
    parts = np.array([0.8, 0.2])
    assert number_of_bets(np.array([2.0, 1.0]), np.eye(2)) == pytest.approx(
        np.exp(-(parts * np.log(parts)).sum())
    )
    assert number_of_bets(np.array([1.0, 1.0]), np.array([[1.0, 0.0], [0.0, -1.0]])) == pytest.approx(1)


def test_the_score_weighs_by_beta():
    half = [(exact(2), exact(100), exact(100)), (exact(1), exact(-100), exact(100))]
    assert direction_score(half) == Fraction(100, 300)


def test_wrong_way_counts_only_what_is_owned_and_falls_with_the_book():
    pairs = {("BTC", "ETH"): exact("0.5")}
    values = {"BTC": exact(60), "USD": exact(40), "EUR": exact(-50)}
    assert wrong_way_share(values, {"ETH": exact(100)}, pairs) == Fraction(30, 100)
    assert wrong_way_share(values, {"ETH": exact(100), "BTC": exact(100)}, pairs) == Fraction(45, 100)
    assert wrong_way_share(values, {"ETH": exact(-100), "BTC": exact(50)}, pairs) == 0
    assert wrong_way_share(values, {}, pairs) == 0
    assert wrong_way_share({"EUR": exact(-1)}, {"BTC": exact(1)}, pairs) is None


def small(count, net, name="C"):
    return [row(f"{name}{k}", net) for k in range(count)]


@pytest.mark.parametrize(
    ("rows", "is_crowd"),
    [
        (small(10, 10), True),
        (small(9, 10), False),
        ([*small(9, 10), row("FLAT", 5), row("FLAT", -5)], False),  # who is flat is on no side
        (small(10, -10), True),
        (small(10, "0.1"), True),
        (small(14, 10) + small(6, -10, "S"), True),
        (small(14, 10) + small(1, -61, "S"), False),
        (small(12, 10) + small(1, 30, "BIG"), True),
        (small(12, 10) + small(1, 31, "BIG"), False),
        (small(5, 10) + small(5, 10), False),
    ],
)
def test_a_crowd_is_ten_clients_none_above_a_fifth_and_seven_tenths_on_one_side(rows, is_crowd):
    assert bool(crowds(rows)) is is_crowd


def test_crowds_are_told_largest_first_with_their_side():
    other = [replace(one, underlying="ETH") for one in small(10, -20)]
    found = crowds([*small(10, 10), *other, replace(row("X", 1), net=None)])
    assert [(c.underlying, c.side, c.exposure, c.largest_share) for c in found] == [
        ("ETH", -1, 200, Fraction(1, 10)),
        ("BTC", 1, 100, Fraction(1, 10)),
    ]
