"""Orders decided in whole numbers get the answer the exact check gives: decision, reasons, figures."""

from collections import Counter
from random import Random
from typing import Any

import pytest

from margin.engine.rational import Fraction
from margin.gate.asked import Asked
from margin.gate.decide import Decider
from margin.gate.measured import Accounts
from margin.gate.reservations import Held, Reservations
from margin.gate.standing import Standing
from margin.gate.swift import Swift
from riskdesk import clock
from riskdesk.clock import pinned
from tests import factories
from tests.factories import MONDAY_NOON

TIERS = (("0", "0.02", "0.01"), ("100000", "0.05", "0.03"), ("400000", "0.1", "0.06"))
PRICES = {"AAA-1": "100", "BBB-1": "60000.5", "CCC-1": "1.2345", "DDD-1": "0.07"}
ORDERS = 400


def make_desk(rnd: Random) -> None:
    """Twelve accounts of five clients in two currencies, with anything a plain account may hold."""
    desk, euro = factories.desk(), factories.asset("EUR")
    coin = factories.asset("COIN", kind="coin")
    factories.haircut(
        coin, (("0", "0.1"), ("5000", "0.3")), liability_initial_rate="0.1", liability_maintenance_rate="0.05"
    )
    factories.haircut(euro, (("0", "0.02"),))
    factories.haircut(factories.asset("USD"))
    instruments = {}
    for code, price in PRICES.items():
        settled = "EUR" if code.startswith("C") else "USD"
        instruments[code] = factories.instrument(
            code, settlement=settled, tiers=TIERS, tick="0.0001", lot="0.001"
        )
        factories.quote(instruments[code], price)
    for pair, (base, price) in {"EUR-USD": (euro, "1.0837"), "COIN-USD": (coin, "250.5")}.items():
        edge = factories.instrument(pair)
        factories.quote(edge, price)
        base.rates_as_base.create(quote=factories.asset("USD"), instrument=edge)
    factories.limit(desk, "12")
    factories.limit(desk, "5", scope="instrument", instrument=instruments["BBB-1"])
    factories.buffer(desk, "0.15")
    for number in range(5):
        client = factories.client(f"C{number}", of=desk)
        if number == 1:
            factories.limit(desk, "3", scope="client", client=client)
        for place in range(rnd.choice([1, 2, 4])):
            fill(
                rnd,
                factories.sub_account(
                    f"C{number}-{place}", of=client, base=rnd.choice(["USD", "USD", "EUR"])
                ),
                instruments,
            )


def fill(rnd: Random, account: Any, instruments: dict[str, Any]) -> None:
    factories.balance(
        account, str(rnd.choice([2_000, 50_000, 200_000, 900_000])), of=account.base_currency.code
    )
    if rnd.random() < 0.4:
        factories.balance(account, rnd.choice(["3", "40", "-2"]), of="COIN")
    for code, instrument in instruments.items():
        mode = rnd.choice(["cross", "cross", "isolated", ""])
        if mode:
            price = Fraction(PRICES[code])
            quantity = f"{float(rnd.choice([-1, 1]) * rnd.uniform(50, 30_000) / price):.3f}"
            entry = f"{float(price) * rnd.uniform(0.97, 1.03):.4f}"
            factories.position(account, instrument, quantity, entry, mode=mode)
            if mode == "isolated":
                factories.balance(
                    account,
                    str(rnd.choice([100, 3_000, 20_000])),
                    key=f"isolated:{code}|isolated",
                    of=account.base_currency.code,
                )


def an_order(rnd: Random, standing: Standing, number: int) -> Asked:
    code = rnd.choice(list(PRICES))
    account = rnd.choice(sorted(standing.places))
    side = rnd.choice(["buy", "sell"])
    price = Fraction(PRICES[code])
    worth = rnd.choice([20, 500, 5_000, 60_000])
    quantity = max(Fraction(1, 1000), Fraction(int(worth / price * 1000), 1000))
    asked_price = rnd.choice([None, None, price * Fraction(99, 100), price * Fraction(101, 100)])
    asked_price = None if asked_price is None else Fraction(int(asked_price * 10_000), 10_000)
    mode, margin = rnd.choice([("", 0), ("cross", 0), ("isolated", 0), ("isolated", 100)])
    return Asked(
        f"o-{number}",
        account,
        code,
        side,
        1 if side == "buy" else -1,
        quantity,
        asked_price,
        mode,
        Fraction(margin),
        "",
    )


@pytest.mark.django_db(transaction=True)
def test_both_ways_give_the_same_answer_beside_whatever_rests() -> None:
    rnd = Random(11)
    with pinned(MONDAY_NOON):
        make_desk(rnd)
        standing, reservations = Standing(), Reservations()
        standing.take_prices(standing.move([1], [], clock.now()))
        accounts = Accounts(standing, reservations)
        swift, exact = Decider(standing, accounts), Decider(standing, accounts)
        quick = Quick(swift.swift)
        swift.swift, exact.swift = quick, Never(standing, accounts)
        said: Counter[str] = Counter()
        for number in range(ORDERS):
            asked = an_order(rnd, standing, number)
            place = standing.places[asked.account]
            both = [one.decide(asked, place, now=clock.now(), age_seconds=0.0) for one in (swift, exact)]
            for one in both:
                if not isinstance(one, list):
                    one.answer.pop("evaluation")
            assert both[0] == both[1], (number, asked)
            found = both[0]
            said["refused" if isinstance(found, list) else found.reason] += 1
            if not isinstance(found, list) and found.decision == "allow":
                reservations.add(held(found, number))
            if number % 3 == 0 and reservations.by_key:
                reservations.drop(rnd.choice(list(reservations.by_key.values())))
    assert quick.found > ORDERS / 5, said
    assert len(said) > 5, said


def held(found: Any, number: int) -> Held:
    asked = found.asked
    return Held(
        key=(found.place.desk_id, asked.order_id),
        account_id=found.place.account.id,
        instrument=asked.instrument,
        mode=found.mode,
        ref=found.ref,
        quantity=asked.sign * asked.quantity,
        price=asked.price,
        isolated_margin=asked.isolated_margin,
        expires_at=MONDAY_NOON,
        decision_id=number + 1,
    )


class Never(Swift):
    def passed(self, *_: Any) -> None:
        return None


class Quick:
    """Counts how many orders went the swift way."""

    def __init__(self, swift: Swift) -> None:
        self.swift, self.found = swift, 0

    def passed(self, *asked: Any) -> Any:
        passed = self.swift.passed(*asked)
        self.found += passed is not None
        return passed
