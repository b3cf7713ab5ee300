"""The gate's verdict is the one that a second opinion gives, also beside orders that rest.

The second opinion fills an order into the described account by hand and asks the oracle for the pools: it
shares nothing with the engine's fills, reservations or questions.
"""

import os
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import pytest
from gmpy2 import mpq as F

from margin.engine.capped import check_together
from margin.engine.limits import Cap
from margin.engine.measures import LimitKind
from margin.engine.orders import Order
from margin.engine.pretrade import check
from margin.engine.types import Mode, exact
from margin.engine.verdict import Control, Decision, Restraints
from tests.engine.oracle import Opinion
from tests.engine.random_accounts import random_account
from tests.engine.reading import read

ORDERS = 10_000 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 1_000
HELD_BACK = ORDERS // 10
CHUNK = 10
LOTS = 12
Described = dict[str, Any]


def scene(seed: int) -> tuple[Described, list[Described], Described, F]:
    """An account, the orders that rest, one that is asked, and a cap on leverage."""
    rnd = Random(seed)
    request = next(made for n in range(100) if (made := random_account(seed * 100 + n))["positions"])
    resting = [an_order(rnd, request) for _ in range(rnd.choice([0, 0, 1, 2, 3]))]
    return request, resting, an_order(rnd, request), F(rnd.choice([2, 10, 1000]))


def an_order(rnd: Random, request: Described) -> Described:
    """Against a cross position, beside it, or in an instrument of which nothing is held in the cross pool."""
    position = rnd.choice(request["positions"])
    index = request["positions"].index(position)
    held = F(position["quantity"])
    size = abs(held) * F(rnd.choice([1, 2, 5, 10, 25]), 10)
    sign = rnd.choice([-1, -1, 1]) * (1 if held > 0 else -1)
    price = None
    if rnd.random() < 0.4:
        price = F(position["mark_price"]) * F(rnd.choice([98, 99, 100, 101, 103]), 100)
        if price <= 0 and not request["instruments"][position["instrument"]].get("allow_negative"):
            price = None
    ref = index if position["mode"] == "cross" else None
    return {"ref": ref, "instrument": position["instrument"], "quantity": sign * size, "price": price}


def worse(opinion: Opinion, order: Described, quantity: F) -> F:
    mark = opinion.marks[order["instrument"]]
    prices = [mark] if order["price"] is None else [mark, order["price"]]
    return max(prices) if quantity > 0 else min(prices)


def against(request: Described, order: Described) -> F:
    if order["ref"] is None:
        return F(0)
    held = F(request["positions"][order["ref"]]["quantity"])
    return abs(held) if held * order["quantity"] < 0 else F(0)


def closing_parts(request: Described, orders: list[Described]) -> list[F]:
    """Who came first closes first; nothing is closed twice."""
    taken: dict[Any, F] = {}
    parts = []
    for order in orders:
        left = max(F(0), against(request, order) - taken.get(order["ref"], F(0)))
        parts.append(min(left, abs(order["quantity"])))
        taken[order["ref"]] = taken.get(order["ref"], F(0)) + parts[-1]
    return parts


def closed(request: Described, order: Described, quantity: F) -> Described:
    """The position smaller by this much, its result in the wallet."""
    if not quantity:
        return request
    opinion, index = Opinion(request), order["ref"]
    position = request["positions"][index]
    sign = 1 if F(position["quantity"]) > 0 else -1
    part = {**position, "quantity": str(sign * quantity)}
    price = {**opinion.marks, order["instrument"]: worse(opinion, order, -sign * quantity)}
    result = opinion.pnl(part, price, opinion.x)
    wallet = {**request["collateral"][0], "amount": str(F(request["collateral"][0]["amount"]) + result)}
    left = {**position, "quantity": str(F(position["quantity"]) - sign * quantity)}
    positions = [left if n == index else one for n, one in enumerate(request["positions"])]
    return {**request, "positions": positions, "collateral": [wallet, *request["collateral"][1:]]}


def opened(request: Described, order: Described, quantity: F, *, leverage: Any = None) -> Described:
    """One more cross position at the worse price."""
    if not quantity:
        return request
    opinion = Opinion(request)
    signed = quantity if order["quantity"] > 0 else -quantity
    position = {
        "instrument": order["instrument"], "mode": "cross", "quantity": str(signed),
        "entry_price": str(worse(opinion, order, signed)),
        "mark_price": str(opinion.marks[order["instrument"]]),
    }  # fmt: skip
    if leverage is not None:
        position["leverage"] = leverage
    return {**request, "positions": [*request["positions"], position]}


def passes(request: Described, resting: list[Described], order: Described, quantity: F, cap: F) -> bool:
    *rest, own = closing_parts(request, [*resting, order])
    closing = min(own, quantity)
    if closing and not reduces(request, order, closing):
        return False
    if quantity == closing:
        return True
    after = closed(request, order, closing)
    for one, part in zip(resting, rest, strict=True):
        after = opened(after, one, abs(one["quantity"]) - part)
    beside = None
    if order["ref"] is not None and F(request["positions"][order["ref"]]["quantity"]) * order["quantity"] > 0:
        beside = request["positions"][order["ref"]].get("leverage")
    after = opened(after, order, quantity - closing, leverage=beside)
    opinion = Opinion(after)
    total = gross = F(0)
    for name in opinion.pool_names:
        found = opinion.pool(name)
        needed = (
            max(found["initial"], found["house_maintenance"])
            if name == "cross"
            else found["house_maintenance"]
        )
        if found["equity"] < needed:
            return False
        total += found["equity"] if name == "cross" else max(F(0), found["equity"])
    for position in after["positions"]:
        code = position["instrument"]
        gross += opinion.size(code, F(position["quantity"]), opinion.marks) * opinion.x[code]
    return gross == 0 or (total > 0 and gross <= cap * total)


def reduces(request: Described, order: Described, quantity: F) -> bool:
    """In the cross pool; what closes it altogether always does."""
    then = closed(request, order, quantity)
    if not any(F(p["quantity"]) for p in then["positions"] if p["mode"] == "cross"):
        return True
    before, after = Opinion(request).pool("cross"), Opinion(then).pool("cross")
    (e, mm), (e2, mm2) = ((one["equity"], one["maintenance"]) for one in (before, after))
    return mm2 <= mm and e2 - mm2 >= e - mm and (e <= 0 or e2 * mm >= e * mm2)


def fraction(number: F) -> Fraction:
    return Fraction(int(number.numerator), int(number.denominator))


def decided(
    request: Described, resting: list[Described], asked: Described, cap: F, control: Control = Control.OPEN
) -> tuple[str, F, F]:
    """By the engine: the decision, how much, and the lot it was counted in."""
    account, market, policy = read(request)
    lot = abs(asked["quantity"]) / LOTS
    traded = {p.instrument.code: replace(p.instrument, lot=exact(fraction(lot))) for p in account.positions}

    def order_of(one: Described, name: str) -> Order:
        ref = name if one["ref"] is None else str(one["ref"])
        price = None if one["price"] is None else exact(fraction(one["price"]))
        return Order(ref, traded[one["instrument"]], Mode.CROSS, exact(fraction(one["quantity"])), price)

    limit = [Cap("cap", "client", exact(fraction(cap)))]
    restraints = Restraints(
        control=control,
        caps=lambda seen, side: [check_together(LimitKind.LEVERAGE, "leverage", "client", [seen], limit)],
    )
    rest = [order_of(one, f"new-{number}") for number, one in enumerate(resting)]
    verdict = check(account, order_of(asked, "new"), market, policy, restraints, resting=rest)
    return verdict.decision, abs(F(verdict.quantity.numerator, verdict.quantity.denominator)), lot


@pytest.mark.parametrize("first", range(0, ORDERS, CHUNK))
def test_what_may_be_sent_is_what_the_oracle_says_and_one_lot_more_is_not(first: int) -> None:
    for seed in range(first, first + CHUNK):
        request, resting, order, cap = scene(seed)
        decision, quantity, lot = decided(request, resting, order, cap)
        whole = abs(order["quantity"])
        assert (decision == Decision.ALLOW) == passes(request, resting, order, whole, cap), seed
        if decision != Decision.ALLOW:
            assert (decision == Decision.REDUCE_TO) == (quantity > 0), seed
            assert quantity == 0 or passes(request, resting, order, quantity, cap), seed
            assert not passes(request, resting, order, quantity + lot, cap), seed


def may_close(request: dict, resting: list, order: dict, quantity: F) -> bool:
    *_, closing = closing_parts(request, [*resting, order])
    return quantity <= closing and reduces(request, order, quantity)


@pytest.mark.parametrize("first", range(0, HELD_BACK, CHUNK))
def test_who_may_only_reduce_closes_as_much_as_the_oracle_says_and_the_frozen_nothing(first: int) -> None:
    for seed in range(first, first + CHUNK):
        request, resting, order, cap = scene(seed)
        decision, quantity, lot = decided(request, resting, order, cap, Control.REDUCE_ONLY)
        whole = abs(order["quantity"])
        assert (decision == Decision.ALLOW) == may_close(request, resting, order, whole), seed
        if decision != Decision.ALLOW:
            assert quantity == 0 or may_close(request, resting, order, quantity), seed
            assert not may_close(request, resting, order, quantity + lot), seed
        assert decided(request, resting, order, cap, Control.FROZEN)[:2] == (Decision.REJECT, 0), seed


def test_the_draw_holds_every_kind_of_answer() -> None:
    found = {decided(*scene(seed))[0] for seed in range(40)}
    assert found == set(Decision)
