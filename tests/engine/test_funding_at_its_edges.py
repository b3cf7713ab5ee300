"""Top-ups and withdrawals where a debt, a cap, a tier's floor or a step decides."""

from fractions import Fraction

import pytest

from margin.engine.exact import assess
from margin.engine.funding import top_up, value_counting, withdrawable
from margin.engine.types import Mark, PriceState, exact
from tests.engine.scene import DESK, account, coin, cross, haircuts, instrument, isolated, market

INDEX = instrument("INDEX", (0, "0.6"))
PRICES = market({"INDEX": 100}, {"EUR": 2, "ALT": 1})


def needs(own, asset="USD", price=1, pool="cross", prices=PRICES):
    return top_up(own, assess(own, prices, DESK), DESK, pool=pool, asset=asset, price=exact(price))


def may_leave(own, asset="USD", price=1, pool="cross", prices=PRICES, **more):
    figures = assess(own, prices, DESK)
    return withdrawable(own, figures, DESK, pool=pool, asset=asset, price=exact(price), **more)


def held(*, wallet, **more):
    """Ten of the index: house requirement 600, so the target asks for 1,000."""
    return account([cross(INDEX, 10, 100)], wallet=wallet, **more)


@pytest.mark.parametrize(("wallet", "amount"), [(1_001, 0), (1_000, 0), ("999.991", "0.01"), (0, 1_000)])
def test_what_is_missing_is_rounded_up_to_the_assets_step(wallet, amount):
    assert needs(held(wallet=wallet)) == exact(amount)


def test_a_step_of_its_own_is_the_assets():
    own = held(wallet=990, terms=[coin("EUR", (0, "0.2"), step="2.5")])
    assert needs(own, "EUR", 2) == exact("7.5")


def test_a_pool_that_is_not_there_has_no_top_up_and_nothing_to_withdraw():
    blind = account([cross(INDEX, 1, 100), isolated(instrument("Y"), 1, 1, "y")], wallet=1_000)
    assert needs(blind, pool="isolated:y") is None
    assert may_leave(blind, pool="isolated:y") is None


def owing(amount, rate="0.6", wallet=1_000):
    """A debt of so many EUR at 2, which itself requires a share of its value."""
    terms = coin("EUR", (0, "0.5"), liability_maintenance=rate, liability_initial=rate)
    return held(wallet=wallet, holdings=[("wallet", "EUR", amount)], terms=[terms])


@pytest.mark.parametrize(
    ("debt", "amount"),
    [
        # A debt of 20 is worth -40 and asks for 24: 80 are missing, each dollar paid relieves 2.
        (-20, 20),
        # With more in the wallet half of the debt is enough.
        (-10, 10),
    ],
)
def test_a_debt_is_paid_at_full_value_and_frees_its_requirement(debt, amount):
    assert needs(owing(debt), "EUR", 2) == amount


def test_beyond_the_debt_it_counts_at_its_haircut():
    own = owing(-20, wallet=990)
    assert needs(own, "EUR", 2) == 20 + 10
    paid = held(wallet=990, holdings=[("wallet", "EUR", 10)], terms=list(own.terms.values()))
    assert assess(paid, PRICES, DESK).utilisation == DESK.target


def test_a_house_buffer_is_on_the_debts_requirement_too():
    own = owing(-20, rate="0.3")
    buffered = account(own.positions, wallet=1_250, holdings=[("wallet", "EUR", -20)], buffer="0.25",
                       terms=list(own.terms.values()))  # fmt: skip
    # House 750 + 15; 1,275 wanted of 1,210: 65 at 1 + 0.3 * 1.25 / 0.6 a dollar.
    assert needs(buffered, "EUR", 2) == exact("20.00")


def test_the_base_currencys_debt_requires_nothing_so_frees_nothing():
    own = account([cross(INDEX, 1, 100)], wallet=-50, holdings=[("wallet", "ALT", 130)],
                  terms=[coin("ALT"), coin("USD", liability_maintenance="0.6")])  # fmt: skip
    assert needs(own) == 20


@pytest.mark.parametrize(("cap", "amount"), [(300, 300), (299, None), (1_000, 300)])
def test_a_deposit_counts_up_to_the_accounts_own_cap(cap, amount):
    own = held(wallet=700, terms=[coin("ALT")], recognised_caps={"ALT": exact(cap)})
    assert needs(own, "ALT") == amount


def test_what_earlier_pockets_take_of_a_cap_is_not_there_for_later_ones():
    def ringed(cap):
        return account(
            [isolated(INDEX, 1, 100, "i")],
            holdings=[("wallet", "ALT", 200), ("wallet", "EUR", -5)],
            pockets={"i": 70},
            terms=[coin("ALT", (0, "0.5")), coin("EUR")],
            recognised_caps={"ALT": exact(cap)},
        )

    assert needs(ringed(130), "ALT", pool="isolated:i") == 60
    assert needs(ringed(129), "ALT", pool="isolated:i") is None
    assert needs(ringed(50), "ALT", pool="isolated:i") is None


CUTS = haircuts((0, "0.1"), (100, "0.5"), (200, 1))


@pytest.mark.parametrize(
    ("wanted", "value"), [(-1, 0), (0, 0), (45, 50), (90, 100), (91, 102), (140, 200), ("140.01", None)]
)
def test_the_smallest_value_that_counts_for_a_sum(wanted, value):
    assert value_counting(CUTS, exact(wanted)) == value
    if value is not None and wanted >= 0:
        assert CUTS.recognised(exact(value)) == wanted


def test_a_tier_that_counts_nothing_is_passed_over_where_a_later_one_counts():
    gap = haircuts((0, 0), (100, 1), (200, "0.5"))
    assert value_counting(gap, exact(100)) == 100
    assert value_counting(gap, exact(110)) == 220


@pytest.mark.parametrize(
    ("mark", "wallet", "most"),
    [
        (100, 1_500, 900),
        (110, 1_500, 840),
        (90, 1_500, 860),
        (100, 600, 0),
        (100, "599.99", 0),
        (100, "600.019", "0.01"),
    ],
)
def test_profit_does_not_leave_a_loss_stays_and_it_is_rounded_down(mark, wallet, most):
    assert may_leave(held(wallet=wallet), prices=market({"INDEX": mark})) == exact(most)


def test_nothing_leaves_of_what_is_not_there_or_while_the_level_is_a_call():
    own = held(wallet=2_000, holdings=[("wallet", "EUR", -1)], terms=[coin("EUR")])
    assert may_leave(own, "EUR", 2) == 0
    assert may_leave(own, "ALT") == 0
    called = account([cross(instrument("X", (0, "0.1")), 10, 100)], wallet=110, buffer="0.25")
    assert may_leave(called, prices=market({"X": 100})) == 0


def test_nothing_is_said_of_a_pool_in_doubt():
    doubtful = market({"INDEX": Mark(exact(100), PriceState.STALE, exact(50), exact(150))})
    assert may_leave(held(wallet=800), prices=doubtful) is None


def test_what_a_cap_does_not_count_may_leave_first():
    own = account(
        [cross(INDEX, 1, 100)],
        holdings=[("wallet", "ALT", 500)],
        terms=[coin("ALT", (0, "0.5"))],
        recognised_caps={"ALT": exact(100)},
    )
    assert may_leave(own, "ALT") == 500 - 120
    assert Fraction(120, 2) == assess(own, PRICES, DESK).house_maintenance


def test_less_than_one_is_money_too():
    own = held(wallet=1_000, holdings=[("wallet", "EUR", "0.5"), ("wallet", "ALT", "-0.5")],
               terms=[coin("EUR", (0, 1)), coin("ALT")])  # fmt: skip
    assert may_leave(own, "EUR", 2) == exact("0.5")
    assert needs(own, "ALT") == exact("0.5")
    assert value_counting(haircuts((0, "0.5")), exact("0.5")) == 1
