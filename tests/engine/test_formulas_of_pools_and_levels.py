"""Formulas of collateral, buffers, pools and levels worked by hand: what goes in, what comes out."""

from fractions import Fraction

import pytest

from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.types import AtThreshold, Policy, effective_buffer, exact
from tests.engine.scene import DESK, account, coin, cross, haircuts, instrument, isolated, market


@pytest.mark.parametrize(
    ("value", "counts"),
    [
        ("0.5", "0.45"),
        (0, 0),
        (50, 45),
        (100, 90),
        (101, "90.8"),
        (300, 250),
        (301, 250),
        (1_000, 250),
        (-50, -50),
    ],
)
def test_haircuts_are_marginal_and_a_debt_is_uncut(value, counts):
    """10 % up to 100, 20 % up to 300, nothing beyond."""
    cuts = haircuts((0, "0.1"), (100, "0.2"), (300, 1))
    assert cuts.recognised(exact(value)) == exact(counts)
    own = account(
        holdings=[("wallet", "COIN", value)], terms=[coin("COIN", (0, "0.1"), (100, "0.2"), (300, 1))]
    )
    assert assess(own, market({}, {"COIN": 1}), DESK).equity == exact(counts)


def test_a_liability_requires_its_own_rates_and_the_base_currency_none():
    loan = coin("COIN", liability_initial="0.2", liability_maintenance="0.1")
    own = account(wallet=500, holdings=[("wallet", "COIN", -3)], terms=[loan], buffer="0.5")
    figures = assess(own, market({}, {"COIN": 100}), DESK)
    assert (figures.equity, figures.initial, figures.maintenance, figures.house_maintenance) == (
        200,
        60,
        30,
        45,
    )
    short = account(holdings=[("wallet", "USD", -3)], terms=[coin("USD", liability_maintenance="0.1")])
    assert assess(short, market({}), DESK).maintenance == 0


def test_balances_of_one_asset_in_one_pocket_are_netted_before_they_are_cut():
    own = account(
        holdings=[("wallet", "COIN", 3), ("wallet", "COIN", -2), ("wallet", "ALT", 1)],
        terms=[coin("COIN", (0, "0.5")), coin("ALT", (0, "0.1"))],
    )
    assert assess(own, market({}, {"COIN": 100, "ALT": 10}), DESK).equity == 59


def test_the_cap_on_an_asset_is_the_accounts_over_all_its_pockets():
    own = account(
        holdings=[("wallet", "COIN", 2), ("isolated:x", "COIN", 3), ("wallet", "ALT", 1)],
        terms=[coin("COIN", (0, "0.1")), coin("ALT")],
        recognised_caps={"COIN": exact(200)},
    )
    figures = assess(own, market({}, {"COIN": 100, "ALT": 1}), DESK)
    assert [pool.equity for pool in figures.pools] == [181, 20]


@pytest.mark.parametrize(
    ("scopes", "found"),
    [
        ({}, (0, "")),
        ({"desk": "0.1"}, ("0.1", "desk")),
        ({"desk": "0.1", "client_class": "0.2"}, ("0.2", "client_class")),
        ({"desk": "0.1", "client_class": "0.2", "client": "0.3"}, ("0.3", "client")),
        ({"client": "0.3", "sub_account": 0}, (0, "sub_account")),
    ],
)
def test_the_most_specific_buffer_counts_and_zero_is_a_value(scopes, found):
    buffer, source = effective_buffer(**{name: exact(value) for name, value in scopes.items()})
    assert (buffer, source) == (exact(found[0]), found[1])


def test_the_house_requirement_adds_the_instruments_own_buffer_on_top():
    plain, wild = instrument("A", (0, "0.1")), instrument("B", (0, "0.1"), buffer="0.5")
    own = account([cross(plain, 1, 100), cross(wild, 1, 100)], wallet=1_000, buffer="0.25")
    assert assess(own, market({"A": 100, "B": 100}), DESK).house_maintenance == 10 * exact(
        "1.25"
    ) + 10 * exact("1.75")


@pytest.mark.parametrize(
    ("positions", "wallet", "utilisation", "leverage"),
    [
        (1, 40, Fraction(1, 4), Fraction(5, 2)),
        (1, "0.5", 20, 200),
        (1, 0, None, None),
        (1, -1, None, None),
        (0, 0, 0, 0),
        (0, -1, None, 0),
    ],
)
def test_utilisation_and_leverage_exist_only_on_equity(positions, wallet, utilisation, leverage):
    held = [cross(instrument("X", (0, "0.1")), 1, 100)] * positions
    figures = assess(account(held, wallet=wallet), market({"X": 100}), DESK)
    assert (figures.utilisation, figures.leverage) == (utilisation, leverage)


@pytest.mark.parametrize(
    ("share", "level", "not_strictly"),
    [
        ("0.599", Level.NORMAL, Level.NORMAL),
        ("0.6", Level.WATCH, Level.WATCH),
        ("0.699", Level.WATCH, Level.WATCH),
        ("0.7", Level.AT_RISK, Level.AT_RISK),
        ("0.8", Level.DANGER, Level.DANGER),
        ("1", Level.DANGER, Level.MARGIN_CALL),
        ("1.001", Level.MARGIN_CALL, Level.MARGIN_CALL),
        ("1.25", Level.MARGIN_CALL, Level.LIQUIDATION),
        ("1.251", Level.LIQUIDATION, Level.LIQUIDATION),
    ],
)
def test_the_level_follows_from_the_house_requirement_over_equity(share, level, not_strictly):
    """A buffer of 25 % on a maintenance of 1,000."""
    own = account([cross(instrument("X", (0, "0.1")), 100, 100)], wallet=1_250 / exact(share), buffer="0.25")
    prices = market({"X": 100})
    assert assess(own, prices, DESK).level is level
    assert assess(own, prices, Policy(at_threshold=AtThreshold.LE)).level is not_strictly


@pytest.mark.parametrize(
    ("wallet", "buffer", "free"), [(100, 0, 40), (60, 0, 0), (59, 0, 0), (100, 2, 10), (-5, 0, 0)]
)
def test_free_margin_is_what_is_above_the_larger_of_initial_and_house(wallet, buffer, free):
    """Initial 60, maintenance 30."""
    own = account([cross(instrument("X", (0, "0.6", "0.3")), 1, 100)], wallet=wallet, buffer=buffer)
    assert assess(own, market({"X": 100}), DESK).free_margin == free


def test_total_equity_counts_an_isolated_pool_only_down_to_zero_and_leverage_is_over_it():
    traded = instrument("X", (0, "0.01"))
    own = account(
        [isolated(traded, 1, 100, "a"), isolated(traded, 1, 300, "b")], wallet=50, pockets={"a": 25, "b": 50}
    )
    figures = assess(own, market({"X": 100}), DESK)
    assert [pool.equity for pool in figures.pools] == [50, 25, -150]
    assert (figures.equity, figures.gross, figures.leverage) == (75, 200, Fraction(200, 75))
    assert (figures.pool("isolated:a").leverage, figures.pool("isolated:b").shortfall) == (4, 150)
