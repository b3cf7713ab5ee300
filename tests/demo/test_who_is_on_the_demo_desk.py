"""The demo's people: as many as promised, heavy-tailed, of every mode, and the same for the same seed."""

from collections import Counter
from decimal import Decimal

from margin.demo.crowd import SIZES, population
from margin.demo.plans import ClientPlan, PositionPlan, unit_notional
from margin.engine.correlation import crowds
from margin.engine.exposure import Exposed
from margin.engine.rational import Fraction

SIZE = SIZES["demo"]


def gross(client: ClientPlan) -> Decimal:
    held = [position for account in client.accounts for position in account.positions]
    return sum((abs(p.quantity) * unit_notional(p.instrument) for p in held), Decimal(0))


def test_it_has_the_promised_size_and_no_code_twice() -> None:
    clients = population(SIZE, 7)
    accounts = [account for client in clients for account in client.accounts]
    assert (len(clients), len(accounts)) == (SIZE.clients, SIZE.accounts)
    assert sum(len(account.positions) for account in accounts) == SIZE.positions
    codes = [client.code for client in clients] + [account.code for account in accounts]
    assert max(Counter(codes).values()) == 1


def test_a_seed_makes_the_same_desk_again_and_another_seed_another() -> None:
    assert population(SIZE, 7) == population(SIZE, 7)
    assert population(SIZE, 7) != population(SIZE, 8)


def test_one_client_in_a_hundred_holds_more_than_the_smaller_half() -> None:
    sizes = sorted(map(gross, population(SIZE, 7)), reverse=True)
    assert sizes[0] > sum(sizes[len(sizes) // 2 :])


def test_every_mode_is_there_and_hybrids_hold_both_kinds() -> None:
    accounts = [account for client in population(SIZE, 7) for account in client.accounts]
    assert {account.mode for account in accounts} == {"cross", "isolated", "hybrid"}
    hybrids = [a for a in accounts if a.mode == "hybrid" and len(a.positions) > 1]
    assert all({p.mode for p in account.positions} == {"cross", "isolated"} for account in hybrids)


def test_a_crowd_of_small_clients_is_long_the_same_coin() -> None:
    crowd = [
        account.positions[0]
        for client in population(SIZE, 7)
        for account in client.accounts[:1]
        if client.desk == "RETAIL" and account.positions[0].instrument == "SOL-PERP"
    ]
    assert len(crowd) >= 12
    assert sum(position.quantity > 0 for position in crowd) >= 12


def test_retail_has_a_crowd_on_one_side_of_one_coin() -> None:
    rows = [
        exposed(client, account.code, plan)
        for client in population(SIZE, 7)
        if client.desk == "RETAIL"
        for account in client.accounts
        for plan in account.positions
    ]
    assert [(crowd.underlying, crowd.side) for crowd in crowds(rows)] == [("SOL-PERP", 1)]


def exposed(client: ClientPlan, account: str, plan: PositionPlan) -> Exposed:
    code, net = plan.instrument, Fraction(plan.quantity * unit_notional(plan.instrument))
    return Exposed(client.desk, client.code, account, "", code, code, "", "", {}, abs(net), net)
