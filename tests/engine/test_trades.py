"""What a fill makes of an account: entries, realised profit, pockets, costs."""

from fractions import Fraction

import pytest

from margin.engine.trades import Fill, cost_of, entry_with_profit, filled, position_called
from margin.engine.types import Mode, exact
from tests.engine.scene import account, cross, instrument, isolated

X = instrument("X", contract_size=2)
COIN = instrument("COIN", kind="inverse", settlement="USD", contract_size=100)


def fill(quantity, price, *, traded=X, mode=Mode.CROSS, rate=1, **more):
    more = {name: exact(value) for name, value in more.items()}
    return Fill("p", traded, mode, exact(quantity), exact(price), exact(rate), **more)


def cash(account, pocket="wallet"):
    return sum(h.amount for h in account.holdings if (h.pocket, h.asset) == (pocket, "USD"))


@pytest.mark.parametrize(
    ("held", "traded", "quantity", "entry", "realised"),
    [
        (0, 3, 3, 110, 0),
        (0, -3, -3, 110, 0),
        (2, 3, 5, 106, 0),
        (-2, -3, -5, 106, 0),
        (3, -1, 2, 100, 20),
        (-3, 1, -2, 100, -20),
        (3, -3, None, None, 60),
        (3, -5, -2, 110, 60),
        (-3, 5, 2, 110, -60),
        ("0.5", "-0.25", "0.25", 100, 5),
        ("0.5", "0.5", 1, 105, 0),
        (3, 0, 3, 100, 0),
    ],
)
def test_a_fill_at_110_on_what_was_entered_at_100(held, traded, quantity, entry, realised):
    """Adding gives the mean entry, closing realises q*c*(m - e), the part beyond zero opens anew."""
    own = account([cross(X, held, 100, "p")] if held else [], wallet=1_000)
    after = filled(own, fill(traded, 110))
    position = position_called(after, "p")
    assert cash(after) == 1_000 + realised
    assert (position and position.quantity, position and position.entry_price) == (
        quantity and exact(quantity),
        entry,
    )


def test_other_positions_stay_as_they_are():
    own = account([cross(X, 1, 100, "a"), cross(X, 3, 100, "p"), cross(X, 2, 100, "b")], wallet=1)
    after = filled(own, fill(-1, 110))
    assert [(p.ref, p.quantity) for p in after.positions] == [("a", 1), ("p", 2), ("b", 2)]
    assert [p.ref for p in filled(own, fill(-3, 110)).positions] == ["a", "b"]


def test_adding_to_an_inverse_contract_gives_the_harmonic_mean_and_keeps_the_profit():
    own = account([cross(COIN, 10, 50, "p")], wallet=1)
    position = position_called(filled(own, fill(30, 40, traded=COIN)), "p")
    assert position.entry_price == 1 / ((Fraction(10, 50) + Fraction(30, 40)) / 40)


@pytest.mark.parametrize(
    ("traded", "profit", "entry"), [(X, 20, 90), (X, -20, 110), (COIN, -1, Fraction(100, 1))]
)
def test_the_entry_that_has_a_given_profit_at_a_price(traded, profit, entry):
    """Linear m - u/c; inverse 1/(u/c + 1/m): -1/100 + 1/50 = 1/100."""
    mark = 100 if traded is X else 50
    assert entry_with_profit(traded, exact(mark), exact(profit)) == entry


def test_profit_is_realised_at_the_rate_and_the_cost_paid_from_the_same_pocket():
    own = account([cross(X, 3, 100, "p")], wallet=1_000)
    assert cash(filled(own, fill(-3, 110, rate="0.5", cost=7))) == 1_000 + 30 - 7


def test_an_isolated_fill_is_funded_from_the_wallet_and_pays_from_its_own_pocket():
    after = filled(account(wallet=1_000), fill(3, 110, mode=Mode.ISOLATED, isolated_margin=200, cost=7))
    assert (cash(after), cash(after, "isolated:p")) == (800, 193)
    assert position_called(after, "p").pool == "isolated:p"


def test_what_is_left_in_a_closed_pocket_returns_whole_and_a_shortfall_stays():
    own = account(
        [isolated(X, 3, 100, "p")], wallet=10, pockets={"p": 50}, holdings=[("isolated:p", "EUR", 4)]
    )
    closed = filled(own, fill(-3, 110, mode=Mode.ISOLATED))
    assert (cash(closed), cash(closed, "isolated:p")) == (120, 0)
    assert {h.pocket for h in closed.holdings} == {"wallet"}
    reduced = filled(own, fill(-1, 110, mode=Mode.ISOLATED))
    assert (cash(reduced), cash(reduced, "isolated:p")) == (10, 70)
    short = filled(own, fill(-3, 90, mode=Mode.ISOLATED))
    assert (cash(short), cash(short, "isolated:p")) == (10, -10)
    even = filled(own, fill(-3, exact(100) - Fraction(25, 3), mode=Mode.ISOLATED))
    assert {h.pocket for h in even.holdings} == {"wallet"}


@pytest.mark.parametrize(("traded", "cost"), [(X, "0.66"), (COIN, "0.02")])
def test_a_cost_is_a_share_of_the_notional_in_base(traded, cost):
    """3 * 2 * 110 * 0.001; 3 * 100 / 15 * 0.001."""
    price = 110 if traded is X else 15
    assert cost_of(traded, exact(-3), exact(price), exact(1), exact("0.001")) == exact(cost)
    assert cost_of(traded, exact(3), exact(price), exact(2), exact("0.001")) == 2 * exact(cost)
