"""Whatever breaks inside a gate: it is closed, everything is read anew, and it decides again."""

import asyncio
from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db.models import Sum

from margin.gate.events import Events
from margin.gate.journal import Journal
from margin.gate.service import BREATH, Gate
from margin.gate.standing import Standing
from margin.models import OrderDecision
from tests.factories import MONDAY_NOON
from tests.gate.harness import PATIENCE_SECONDS, Small, an_order, running, until

aside = sync_to_async


class Once:
    """A method that fails the first time it is asked after `armed`, with a fault nobody has named."""

    def __init__(self, real: Any) -> None:
        self.real, self.armed = real, False

    def __get__(self, owner: Any, kind: type) -> Any:
        def asked(*given: Any) -> Any:
            if self.armed:
                self.armed = False
                raise ValueError("nobody has named this fault")
            return self.real(owner, *given)

        return asked


async def test_a_look_at_the_desk_that_fails_is_begun_anew(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = Once(Standing.peek)
    monkeypatch.setattr(Standing, "peek", faulty)
    async with running(small) as house:
        assert await house.allowed("l-1", "8") == "allow 8"
        faulty.armed = True
        gate = house.application.gate
        await until(lambda: not faulty.armed and not gate.ready)
        await until(lambda: gate.ready or house.application.keeping.done())
        assert await house.allowed("l-2", "8") == "reduce_to 0.333"


async def test_nobody_waits_for_ever_on_a_group_that_could_not_be_written(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = Once(Journal._write)
    monkeypatch.setattr(Journal, "_write", faulty)
    async with running(small) as house, asyncio.timeout(PATIENCE_SECONDS):
        faulty.armed = True
        assert (await house.check("w-1", "8"))[0] == 503
        await until(lambda: not house.application.gate.ready)
        await until(lambda: house.application.gate.ready)
        assert await house.allowed("w-1", "8") == "allow 8"


async def test_a_batch_that_a_closing_gate_overtakes_grants_nothing_twice(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its reservations are forgotten while the batch draws breath."""
    asked = 0

    def place_of(self: Gate, account: str, who: Any) -> Any:
        nonlocal asked
        asked += 1
        if asked == BREATH - 1:
            asyncio.get_running_loop().call_soon(self.forget)
        return real(self, account, who)

    real = Gate.place_of
    monkeypatch.setattr(Gate, "place_of", place_of)
    async with running(small) as house:
        status, _ = await house.batch([an_order(f"o-{number}", "1") for number in range(3 * BREATH)])
        assert status == 503
        await until(lambda: not house.application.gate.pending)
    kept = OrderDecision.objects.filter(decision="allow")
    assert (await aside(lambda: kept.aggregate(n=Sum("quantity"))["n"])()) == 8


async def test_an_event_that_a_closing_gate_overtakes_is_told_again(
    small: Small, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Laid on what the gate has just forgotten, the fill would be missing from its memory."""
    times = 0

    async def find(self: Events, order_id: str, who: Any) -> Any:
        nonlocal times
        times += 1
        found = await real(self, order_id, who)
        if times == 1:
            self.gate.forget()
        return found

    real = Events._find
    monkeypatch.setattr(Events, "_find", find)
    async with running(small) as house:
        assert await house.allowed("v-1", "8") == "allow 8"
        assert (await house.tell("v-1", "cancelled", MONDAY_NOON))[0] == 503
