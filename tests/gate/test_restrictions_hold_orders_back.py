"""A restriction refuses what it must and says who, since when and why; closing passes unless frozen."""

from datetime import timedelta
from typing import Any

import pytest
from asgiref.sync import sync_to_async as aside

from accounts.models import Role
from accounts.models.clients import Status
from margin.book.controls import load_controls
from margin.engine.verdict import Control
from margin.flow.control import Aim, impose, lift
from margin.gate.standing import Standing
from margin.models import ControlChange, GateConfirmation, Restriction
from riskdesk.clock import monotonic_seconds
from tests import factories
from tests.factories import MONDAY_NOON
from tests.gate.harness import House, Small, make_small, running, until

State, Scope = Restriction.State, Restriction.Scope


def aims(small: Small, *, own: bool = True) -> dict[str, Aim]:
    """At each scope: what covers ACME-1 ordering BTC-PERP, or what lies beside it."""
    desk = small.desk if own else factories.desk("RETAIL")
    if not own:
        factories.grant(small.rita, desk, Role.RISK_MANAGER)
    client = small.client if own else factories.client("ZEDD", of=desk)
    account = small.account if own else factories.sub_account("ZEDD-1", of=client)
    instrument = small.btc if own else factories.instrument("ETH-PERP", venue=factories.venue("ELSEWHERE"))
    return {
        Scope.ACCOUNT: Aim(Scope.ACCOUNT, desk, sub_account=account),
        Scope.CLIENT: Aim(Scope.CLIENT, desk, client),
        Scope.INSTRUMENT: Aim(Scope.INSTRUMENT, instrument=instrument),
        Scope.VENUE: Aim(Scope.VENUE, small.desk, venue=instrument.venue),
        Scope.DESK: Aim(Scope.DESK, desk),
        **({Scope.ALL: Aim(Scope.ALL)} if own else {}),
    }


def imposed(small: Small, on: Aim, state: str = State.FROZEN, **more: Any) -> Restriction:
    found = impose(on, state=state, reason="A fat finger", person=small.rita, now=MONDAY_NOON, **more)
    assert isinstance(found, Restriction), found
    return found


def bound(now: Any = MONDAY_NOON) -> str:
    found = load_controls().binding(
        desk="PRIME", client="ACME", account="ACME-1", instrument="BTC-PERP", venue="SIM", now=now
    )
    return "" if found is None else f"{found.control} {found.number}"


@pytest.mark.django_db
def test_each_scope_binds_its_own_and_nobody_else() -> None:
    small = make_small()
    for aim in aims(small, own=False).values():
        imposed(small, aim)
        assert bound() == "", aim
    own = aims(small)
    assert own.keys() == set(Scope)
    for scope, aim in own.items():
        row = imposed(small, aim)
        assert bound() == f"frozen {row.pk}", scope
        Restriction.objects.filter(pk=row.pk).update(lifted_at=MONDAY_NOON)
        assert bound() == "", scope


@pytest.mark.django_db
def test_the_tightest_binds_then_the_oldest_and_none_beyond_its_time() -> None:
    small = make_small()
    later = MONDAY_NOON + timedelta(minutes=1)
    wide = imposed(small, aims(small)[Scope.ALL], State.REDUCE_ONLY)
    imposed(small, aims(small)[Scope.CLIENT], State.REDUCE_ONLY)
    tight = imposed(small, aims(small)[Scope.ACCOUNT], expires_at=later)
    assert bound() == f"frozen {tight.pk}"
    assert bound(later) == f"reduce_only {wide.pk}"
    assert list(ControlChange.objects.values_list("revision", flat=True)) == [3, 2, 1]


async def heard(house: House, revision: int) -> None:
    await until(lambda: house.application.gate.standing.controls.revision == revision)


async def test_a_gate_hears_it_by_itself_names_it_and_says_that_it_has_applied_it(small: Small) -> None:
    await aside(factories.position)(small.account, small.btc, "1", "60000")
    async with running(small) as house:
        row = await aside(imposed)(small, aims(small)[Scope.CLIENT], State.REDUCE_ONLY)
        await heard(house, 1)
        _, answer = await house.check("r-1", "1.5", side="sell")
        assert (answer["decision"], answer["quantity"]) == ("reduce_to", "1")
        assert answer["reasons"] == [
            {
                "code": "reduce_only",
                "limit": f"restriction {row.pk} on client ACME",
                "measured": None,
                "allowed": None,
                "message": "Client ACME may only reduce since 2026-03-02 12:00:00 UTC, by rita: A fat finger",
            }
        ]
        assert await house.allowed("r-2", "1", side="sell") == "allow 1"
        frozen = await aside(imposed)(small, aims(small)[Scope.ACCOUNT])
        await heard(house, 2)
        _, answer = await house.check("r-3", "1", side="sell")
        assert (answer["decision"], answer["reasons"][0]["code"]) == ("reject", "frozen")
        assert answer["reasons"][0]["limit"] == f"restriction {frozen.pk} on account ACME-1"
        told, answer = await house.tell("r-2", "cancelled", MONDAY_NOON)
        assert told == 200, answer
        for own in (row, frozen):
            await aside(lift)(own, person=small.rita, reason="It was looked at", now=MONDAY_NOON)
        await heard(house, 4)
        assert await house.allowed("r-4", "0.1") == "allow 0.1"
    said = await aside(lambda: set(GateConfirmation.objects.values_list("revision", flat=True)))()
    assert {0, 1, 2} <= said  # the last may be on its way when a gate is shut


def test_who_has_not_looked_for_restrictions_is_as_old_as_that() -> None:
    now = monotonic_seconds()
    assert Standing(looked_at=now, heard_at=now - 3).age_seconds >= 3
    assert Standing(looked_at=now - 3, heard_at=now).age_seconds >= 3


@pytest.mark.django_db
def test_a_row_says_the_control_of_its_account() -> None:
    small = make_small()
    row = {"desk": "PRIME", "client": "ACME", "account": "ACME-1"}
    assert load_controls().of_row(row, MONDAY_NOON) is Control.OPEN
    for held in (small.account, small.account.client):
        type(held).objects.filter(pk=held.pk).update(status=Status.SUSPENDED)
        assert load_controls().of_row(row, MONDAY_NOON) is Control.REDUCE_ONLY
        type(held).objects.filter(pk=held.pk).update(status=Status.ACTIVE)
    imposed(small, aims(small)[Scope.DESK])
    assert load_controls().of_row(row, MONDAY_NOON) is Control.FROZEN
