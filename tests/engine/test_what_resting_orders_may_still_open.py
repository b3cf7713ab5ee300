"""What resting orders may still open, position by position: side, ref, price and cost."""

import pytest

from margin.engine.orders import Order, Side, fill_of, held_against, reserved
from margin.engine.rational import Fraction
from margin.engine.types import ONE, Mode
from tests.engine.scene import account, cross, instrument, isolated, market

BTC = instrument("BTC-PERP")
EURO = instrument("BTC-EUR", settlement="EUR")
MARKET = market({"BTC-PERP": 60_000, "BTC-EUR": 50_000}, {"EUR": 2})
UNPRICED = market({}, {})


def order(quantity: object, **more: object) -> Order:
    return Order(
        **{"ref": "new", "instrument": BTC, "mode": Mode.CROSS, "quantity": Fraction(quantity)} | more
    )


def opened(held: list[object], resting: list[Order], side: Side = Side.ALL) -> dict[str, Fraction]:
    who = account(held, wallet=100_000)
    after = reserved(who, resting, MARKET, side)
    before = {one.ref: one.quantity for one in who.positions}
    return {one.ref: one.quantity for one in after.positions if before.get(one.ref) != one.quantity}


@pytest.mark.parametrize(
    ("side", "up", "down"), [(Side.ALL, True, True), (Side.LONG, True, False), (Side.SHORT, False, True)]
)
def test_a_side_takes_orders_of_its_own_direction(side: Side, up: bool, down: bool):
    assert (side.takes(Fraction(1)), side.takes(Fraction(-1))) == (up, down)
    both = [order(1, ref="a"), order(-2, ref="b")]
    wanted = {**({"a#0": 1} if up else {}), **({"b#1": -2} if down else {})}
    assert opened([], both, side) == wanted


def test_what_only_closes_opens_nothing():
    held = [cross(BTC, 3, 60_000, ref="held")]
    assert opened(held, [order(-3, ref="held")]) == {}
    assert opened(held, [order(-2, ref="held"), order(-2, ref="held")]) == {"held#1": -1}


def test_a_cross_order_stands_beside_what_is_held_and_an_isolated_one_in_its_pocket():
    """Unless the pocket is taken: what an isolated order opens beyond what it closes stands apart."""
    assert opened([cross(BTC, 3, 60_000, ref="held")], [order(1, ref="held")]) == {"held#0": 1}
    alone = {"mode": Mode.ISOLATED, "ref": "pocket"}
    assert opened([], [order(2, **alone)]) == {"pocket": 2}
    assert opened([isolated(BTC, 3, 60_000, ref="pocket")], [order(2, **alone)]) == {"pocket": 5}
    assert opened([isolated(BTC, 1, 60_000, ref="pocket")], [order(-3, **alone)]) == {"pocket#0": -2}


def test_an_isolated_order_brings_the_margin_of_the_part_that_opens_and_none_of_itself():
    who = account([isolated(BTC, 1, 60_000, ref="pocket")], wallet=100_000)
    alone = {"mode": Mode.ISOLATED, "ref": "pocket"}
    for margin, moved in (({"isolated_margin": Fraction(900)}, 600), ({}, 0)):
        after = reserved(who, [order(-3, **alone, **margin)], MARKET)
        pocket = sum(one.amount for one in after.holdings if one.pool == "isolated:pocket#0")
        assert pocket == moved


@pytest.mark.parametrize(
    ("quantity", "price", "paid"),
    [
        (1, None, 60_000),
        (1, "61000", 61_000),
        (1, "59000", 60_000),
        (-1, "59000", 59_000),
        (-1, "61000", 60_000),
    ],
)
def test_an_order_fills_at_the_worse_of_its_price_and_the_mark(quantity: int, price: str | None, paid: int):
    asked = order(quantity, price=None if price is None else Fraction(price))
    assert fill_of(asked, "new", Fraction(quantity), MARKET).price == paid


def test_a_fill_costs_its_share_in_base_currency():
    asked = order(2, instrument=EURO, cost_share=Fraction(1, 1000))
    fill = fill_of(asked, "new", Fraction(2), MARKET)
    assert (fill.rate, fill.cost) == (2, 200)


def test_without_price_and_rate_a_fill_counts_one_for_one_and_no_figure_rests_on_it():
    fill = fill_of(order(2, instrument=EURO), "new", Fraction(2), UNPRICED)
    assert (fill.price, fill.rate) == (ONE, ONE)


def test_only_the_other_side_is_held_against_an_order():
    who = account([cross(BTC, 3, 60_000, ref="held")], wallet=100_000)
    assert held_against(who, order(-5, ref="held")) == 3
    assert held_against(who, order(5, ref="held")) == held_against(who, order(-5)) == 0
