"""Headroom is granted once, however many ask for it and however they ask."""

import asyncio
import json
from decimal import Decimal

from asgiref.sync import sync_to_async
from django.db.models import Sum

from margin.gate.asked import how_many, read_order
from margin.models import OrderDecision, Reservation
from tests.gate.harness import Small, an_order, running

aside = sync_to_async


async def granted() -> Decimal:
    return await aside(
        lambda: OrderDecision.objects.filter(decision="allow").aggregate(n=Sum("quantity"))["n"]
    )()


async def test_sixty_four_who_ask_at_once_never_get_headroom_twice(small: Small) -> None:
    """8.333 BTC for 64 times 0.5, each asked three times under one name."""
    async with running(small) as house:
        names = [f"m-{number % 64}" for number in range(192)]
        answers = await asyncio.gather(*(house.check(name, "0.5") for name in names))
        first = {name: answer for name, (_, answer) in zip(names, answers, strict=True)}
        assert all(first[name] == answer for name, (_, answer) in zip(names, answers, strict=True))
        decisions = [answer["decision"] for answer in first.values()]
        assert (decisions.count("allow"), len(decisions)) == (16, 64)
        assert house.application.gate.journal.commits < 64
    assert await granted() == Decimal(8)
    assert await aside(Reservation.objects.count)() == 16


async def test_a_batch_is_decided_in_its_order_each_for_itself(small: Small) -> None:
    orders = [an_order(f"b-{number}", "1") for number in range(10)]
    orders += [
        an_order("b-0", "1"),
        an_order("b-0", "2"),
        an_order("b-x", "0.0001"),
        an_order("b-y", "1", account="NONE"),
    ]
    async with running(small) as house:
        status, answer = await house.batch(orders)
        told = [(one["decision"], one["quantity"]) for one in answer["results"]]
        assert status == 200
        assert told[:10] == [("allow", "1")] * 8 + [("reduce_to", "0.333")] * 2
        assert [one[0] for one in told[10:]] == ["allow", "reject", "reject", "reject"]
        codes = [one["reasons"][0]["code"] for one in answer["results"][11:]]
        assert codes == ["order_id_used", "lot", "unknown_account"]
        again, bare = (
            await house.batch(orders[:10]),
            await house.batch([an_order("b-z", "0.1")], figures=False),
        )
        assert again[1]["results"] == answer["results"][:10]
        assert bare[1]["results"][0]["before"] is None
    assert await granted() == Decimal("8.1")


def test_a_name_written_with_escapes_counts_and_repeats_as_any_other() -> None:
    escaped = (
        json.dumps({"orders": [an_order("c-1", "1")] * 3}).replace("order_id", "order\\u005fid").encode()
    )
    assert how_many(escaped) >= 3
    told = read_order(json.dumps(an_order("c-1", "1"))[:-1].encode() + b', "quantit\\u0079": "5"}')
    assert isinstance(told, list)
    assert [one.rule for one in told] == ["duplicate_key"]


async def test_a_batch_with_one_crooked_order_or_too_many_decides_nothing(small: Small) -> None:
    async with running(small) as house:
        status, answer = await house.batch([an_order("c-1", "1"), an_order("c-2", "x")])
        assert (status, answer["errors"][0]["field"]) == (400, "orders[1].quantity")
        status, answer = await house.batch([an_order("c-3", "1")] * 100_001)
        assert (status, answer["status"]) == (413, 413)
        assert (await house.batch([]))[1] == {"results": []}
    assert await aside(OrderDecision.objects.count)() == 0
