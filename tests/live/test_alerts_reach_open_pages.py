"""Raised, taken, resolved: each told once to everyone on the desk, and to nobody else."""

from typing import Any

import pytest
from asgiref.sync import sync_to_async
from django.db import transaction

from margin.live import room as room_module
from margin.live.database import in_database
from margin.models import Alert
from margin.notify.hints import send_alerts_changed, send_hints
from riskdesk import clock
from tests.conftest import Cast
from tests.live.desk import Server, account, write_run


def raise_alert(people: Cast, key: str = "k", **fields: Any) -> int:
    defaults = {
        "desk": people.prime,
        "reason": "breach_opened",
        "severity": "critical",
        "title": f"Trouble {key}",
    }
    return Alert.objects.create(key=key, text="Look.", raised_at=clock.now(), **(defaults | fields)).pk


def raise_storm(people: Cast) -> None:
    with transaction.atomic():
        for number in range(60):
            raise_alert(people, f"k{number}")


async def hint(seq: int) -> None:
    run = write_run(seq, [account("ACME-1")])
    await sync_to_async(send_hints, thread_sensitive=False)(["PRIME"], 1, seq, run, alerts=True)


@pytest.fixture(autouse=True)
def _book(data_folder: object) -> None:
    write_run(1, [account("ACME-1")])


async def test_an_alert_appears_with_the_run_that_raised_it(
    server: Server, cookies: dict[str, str], people: Cast
) -> None:
    async with server.page(cookies["vic"]) as page:
        await page.next("beat")
        number = await in_database(raise_alert)(people)
        await hint(2)
        frame = await page.next("alert")
        await page.next("beat")
    assert frame["alert"]["id"] == number
    assert frame["alert"]["state"] == "open"
    assert frame["open_alerts"] == {"critical": 1}
    assert [seen["type"] for seen in page.seen].count("alert") == 1, "told once"


async def test_a_turn_that_fails_is_done_again_and_still_tells_the_alert(
    server: Server, cookies: dict[str, str], people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures, alerts, wish = room_module.desk_figures, room_module.live_alerts, room_module.Room.wish
    read: list[Any] = []
    faults = [OSError("the frame cannot be read")]

    def noted(desk: str) -> list[Any]:
        found = alerts(desk)
        read.extend(found)
        return found

    def fails_once_after_alerts_were_read(*args: Any) -> Any:
        if read and faults:
            raise faults.pop()
        return figures(*args)

    def for_both(room: room_module.Room, **_: bool) -> None:
        wish(room, figures=True, alerts=True)

    async with server.page(cookies["vic"]) as page:
        await page.next("beat")
        monkeypatch.setattr(room_module.Room, "wish", for_both)
        monkeypatch.setattr(room_module, "live_alerts", noted)
        monkeypatch.setattr(room_module, "desk_figures", fails_once_after_alerts_were_read)
        monkeypatch.setattr(room_module, "RETRY_SECONDS", 0.05)
        number = await in_database(raise_alert)(people)
        await hint(2)
        frame = await page.next("alert")
    assert not faults
    assert frame["alert"]["id"] == number


async def test_a_snapshot_brings_the_live_alerts_newest_first(
    server: Server, cookies: dict[str, str], people: Cast
) -> None:
    await in_database(raise_alert)(people, "old")
    await in_database(raise_alert)(people, "resolved", state="resolved")
    await in_database(raise_alert)(people, "theirs", desk=people.retail)
    await in_database(raise_alert)(people, "new")
    async with server.page(cookies["vic"]) as page:
        first = await page.next("snapshot")
    assert [alert["title"] for alert in first["alerts"]] == ["Trouble new", "Trouble old"]
    assert first["kpi"]["open_alerts"]["critical"] == 2


async def test_a_resolved_alert_is_told_as_resolved(
    server: Server, cookies: dict[str, str], people: Cast
) -> None:
    number = await in_database(raise_alert)(people)
    async with server.page(cookies["vic"]) as page:
        await page.next("beat")
        await in_database(lambda: Alert.objects.update(state="resolved"))()
        await hint(2)
        frame = await page.next("alert")
    assert (frame["alert"]["id"], frame["alert"]["state"]) == (number, "resolved")


async def test_taking_an_alert_is_told_to_everyone_on_the_desk(
    server: Server, cookies: dict[str, str], people: Cast
) -> None:
    number = await in_database(raise_alert)(people)
    async with server.page(cookies["rita"]) as page, server.page(cookies["vic"]) as other:
        await page.next("beat")
        await other.next("beat")
        await page.say(type="ack", alert=number, note="Called them.", ref="mine")
        answer = await page.next("alert", where=lambda frame: frame.get("ref") == "mine")
        told = await other.next("alert")
    for frame in (answer, told):
        assert frame["alert"]["state"] == "acknowledged"
        assert frame["alert"]["acknowledged_by"] == "rita"
        assert frame["alert"]["note"] == "Called them."


async def refused(server: Server, cookie: str, desk: str, number: int) -> int:
    async with server.page(cookie, desk) as page:
        await page.next("snapshot")
        await page.say(type="ack", alert=number, ref="x")
        error = await page.next("error")
        assert error["ref"] == "x"
        status: int = error["status"]
        return status


async def test_what_may_not_be_taken_is_refused_by_name(
    server: Server, cookies: dict[str, str], people: Cast
) -> None:
    number = await in_database(raise_alert)(people)
    assert await refused(server, cookies["otto"], "RETAIL", number) == 404, "another desk's does not exist"
    assert await refused(server, cookies["rita"], "PRIME", number + 1000) == 404
    assert await refused(server, cookies["vic"], "PRIME", number) == 403, "a viewer looks"
    await in_database(lambda: Alert.objects.update(acknowledged_at=clock.now(), acknowledged_by=people.ada))()
    assert await refused(server, cookies["rita"], "PRIME", number) == 409
    assert await in_database(lambda: Alert.objects.get().acknowledged_by_id)() == people.ada.pk


async def test_another_desks_alert_is_never_told(
    server: Server, cookies: dict[str, str], people: Cast
) -> None:
    async with server.page(cookies["vic"]) as page:
        await page.next("beat")
        await in_database(raise_alert)(people, desk=people.retail)
        await sync_to_async(send_alerts_changed, thread_sensitive=False)("PRIME")
        await sync_to_async(send_alerts_changed, thread_sensitive=False)("RETAIL")
        await page.next("beat")
    assert not any(frame["type"] == "alert" for frame in page.seen)


async def test_a_storm_of_alerts_is_told_by_one_snapshot(
    server: Server, cookies: dict[str, str], people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room_module, "MOST_ALERT_FRAMES", 3)
    async with server.page(cookies["vic"]) as page:
        await page.next("beat")
        await in_database(raise_storm)(people)
        await hint(2)
        answer = await page.next("snapshot", where=lambda frame: bool(frame["alerts"]))
    assert len(answer["alerts"]) == 50
    assert answer["alerts"][0]["title"] == "Trouble k59"
    assert answer["kpi"]["open_alerts"]["critical"] == 60
    assert not any(frame["type"] == "alert" for frame in page.seen)


async def test_a_note_is_refused_by_the_rules_of_the_api_and_the_alert_stays_open(
    server: Server, cookies: dict[str, str], people: Cast
) -> None:
    number = await in_database(raise_alert)(people)
    wrong = [
        (number, "paid \u202edias \x1b[31m", "control_character", "note"),
        (number, "x" * 2001, "max_length", "note"),
        (0, "", "whole_number", "alert"),
    ]
    for alert, note, rule, field in wrong:
        async with server.page(cookies["rita"]) as page:
            await page.say(type="ack", alert=alert, note=note, ref="mine")
            refused = await page.next("error")
            said = {name: refused[name] for name in ("status", "rule", "field", "about", "ref")}
            assert said == {"status": 400, "rule": rule, "field": field, "about": "ack", "ref": "mine"}
    assert await in_database(lambda: Alert.objects.get(pk=number).state)() == "open"
