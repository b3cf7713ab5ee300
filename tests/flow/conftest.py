"""A desk in a database of its own, a clock that stands still, and messages that are kept instead of sent."""

from collections.abc import Iterator
from typing import Any

import pytest

from accounts.models import Desk, SubAccount
from margin.flow import shelf
from riskdesk.clock import pinned
from tests import factories
from tests.factories import MONDAY_NOON


@pytest.fixture(autouse=True)
def _long_leases(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lease lapses when a test says so, not when the machine does much else."""
    monkeypatch.setattr("margin.flow.lease.LEASE_SECONDS", 600.0)


@pytest.fixture
def noon() -> Iterator[None]:
    with pinned(MONDAY_NOON):
        yield


@pytest.fixture(autouse=True)
def sent(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, str]]:
    """Asked-for cycles, as (shard, trigger)."""
    kept: list[tuple[int, str]] = []
    monkeypatch.setattr(
        "margin.flow.wanted.send_recompute", lambda shard, trigger, mark: kept.append((shard, trigger))
    )
    return kept


@pytest.fixture(autouse=True)
def hints(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Hints to browsers, instead of a channel layer."""
    kept: list[dict[str, Any]] = []

    def keep(desks: list[str], shard: int, seq: int, run: str, *, alerts: bool) -> None:
        kept.append({"desks": desks, "shard": shard, "seq": seq, "run": run, "alerts": alerts})

    monkeypatch.setattr("margin.flow.deliver.send_hints", keep)
    monkeypatch.setattr("margin.flow.cycle.send_recompute", lambda shard, trigger, mark: None)
    return kept


@pytest.fixture(autouse=True)
def empty_shelf() -> Iterator[None]:
    """No book outlives its database."""
    yield
    shelf.forget(1)
    shelf.forget(2)


@pytest.fixture
def account(prime: Desk) -> SubAccount:
    """ACME-1 with 20,000 USD, and prices for what it may hold."""
    btc, eth = factories.instrument("BTC-PERP"), factories.instrument("ETH-PERP")
    factories.quote(btc, "60000")
    factories.quote(eth, "3000")
    account = factories.sub_account("ACME-1")
    factories.balance(account, "20000")
    return account
