"""Tokens: none, unknown, of the wrong scope, revoked while the gate runs."""

import asyncio
import time

import pytest
from asgiref.sync import sync_to_async

from accounts import tokens
from accounts.models import ApiToken, Role, RoleGrant
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
