"""Tokens: none, unknown, of the wrong scope, revoked while the gate runs."""

import asyncio
import threading
import time

import pytest
from asgiref.sync import sync_to_async

from accounts import tokens
from accounts.models import ApiToken, Role, RoleGrant
from margin.gate import callers
from margin.gate.callers import Caller, Callers, Turned
from tests import factories
from tests.gate.harness import Small, running, secret_of

aside = sync_to_async


async def test_only_who_may_check_the_orders_of_a_desk(small: Small) -> None:
    vic = await aside(factories.person)("vic")
    await aside(factories.grant)(vic, small.desk, Role.VIEWER)
    narrow = await aside(secret_of)(small.rita, "positions:PRIME", name="narrow")
    right = await aside(secret_of)(small.rita, "orders:PRIME", name="right")
    viewer = await aside(secret_of)(vic)
    async with running(small) as house:
        for secret, wanted in (
            (viewer, 403),
            (narrow, 403),
            ("rdk_nobody", 401),
            ("x" * 300, 401),
            (right, 200),
        ):
            house.secret = secret
            assert (await house.check("w-1", "1"))[0] == wanted
        house.secret = ""
        assert (await house.send("/api/v1/orders/check/", b"{}", authorization="Basic abc"))[0] == 401


def revoke(small: Small) -> None:
    tokens.revoke(token=ApiToken.objects.get(user=small.rita), by="test")


def take_the_role_away(small: Small) -> None:
    RoleGrant.objects.filter(user=small.rita).update(revision_to=10**9)


@pytest.mark.parametrize(("end", "wanted"), [(revoke, 401), (take_the_role_away, 403)])
async def test_a_right_that_was_taken_away_ends_within_two_seconds(small: Small, end, wanted: int) -> None:
    async with running(small) as house:
        assert (await house.check("t-0", "0.001"))[0] == 200
        await aside(end)(small)
        ended = time.monotonic()
        for number in range(10_000):
            status, _ = await house.check(f"t-{number + 1}", "0.001")
            if status == wanted:
                break
            assert time.monotonic() < ended + 4, "a token lived on"
            await asyncio.sleep(0.02)


async def asked(among: Callers, *headers: str, address: str = "10.0.0.1") -> list[object]:
    said = [await among.who(f"Bearer {secret}", address) for secret in headers]
    return [one.name if isinstance(one, Caller) else one for one in said]


async def test_a_stranger_makes_the_gate_look_up_so_often_and_holds_up_nobody_known(monkeypatch) -> None:
    seconds, looked = 50.0, []

    def find(secret: str) -> Caller:
        looked.append(secret)
        return Caller(frozenset({"PRIME"}) if secret.startswith("good") else None, secret, seconds)

    monkeypatch.setattr(callers, "monotonic_seconds", lambda: seconds)
    door = Callers(find=find, strangers=callers.Buckets(3, 1))
    assert await asked(door, "good") == ["good"]
    assert await asked(door, "a", "a", "a", "b", "c") == [Turned.UNKNOWN] * 4 + [Turned.TOO_OFTEN]
    assert looked == ["good", "a", "b"], "a refused token is remembered"
    assert await asked(door, "good", "a") == ["good", Turned.UNKNOWN], "the known are not held up"
    assert await asked(door, "good-2", address="10.0.0.2") == ["good-2"], "nor who asks from elsewhere"
    seconds += callers.REFUSED_SECONDS
    assert await asked(door, "a", "c") == [Turned.UNKNOWN] * 2
    assert looked == ["good", "a", "b", "good-2", "a", "c"], "after a while it is looked up again"
    await door.close()


async def test_what_is_remembered_of_strangers_and_waits_for_them_is_bounded(monkeypatch) -> None:
    monkeypatch.setattr(callers, "MOST_REFUSED", 5)
    monkeypatch.setattr(callers, "MOST_WAITING", 4)
    hold = threading.Event()

    def find(secret: str) -> Caller:
        hold.wait(60)
        return Caller(None, "", callers.monotonic_seconds())

    door = Callers(find=find)
    waiting = [asyncio.create_task(door.who(f"Bearer {number}", f"10.0.0.{number}")) for number in range(6)]
    await asyncio.sleep(0)
    assert [task.result() for task in waiting if task.done()] == [Turned.TOO_OFTEN] * 2
    hold.set()
    await asyncio.gather(*waiting)
    await asked(door, *"abcdef")
    assert len(door.refused) == 5
    await door.close()
