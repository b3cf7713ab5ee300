"""Who opens a socket and who is put out again: sign-in, desk, origin, and every way of losing them."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from websockets.exceptions import InvalidStatus

from accounts.models import RoleGrant, User
from accounts.sessions import tell_sockets
from margin.live import hub as hub_module
from margin.live.database import in_database
from margin.live.origin import is_own
from tests.conftest import Cast
from tests.live.desk import Page, Server, account, write_run

Change = Callable[[Cast], None]


def _log_out(people: Cast) -> None:
    Session.objects.all().delete()


def _new_password(people: Cast) -> None:
    people.vic.set_password("another long password")
    people.vic.save()


def _switch_off(people: Cast) -> None:
    User.objects.filter(pk=people.vic.pk).update(is_active=False)


def _take_role(people: Cast) -> None:
    grant = RoleGrant.objects.get(user=people.vic)
    grant.revision_to = grant.revision_from + 1
    grant.save()


LOSSES = {
    "logout": (_log_out, 4401),
    "password": (_new_password, 4401),
    "off": (_switch_off, 4401),
    "role": (_take_role, 4403),
}


STRANGERS = [
    (None, "PRIME", 4401),
    ("forged", "PRIME", 4401),
    ("otto", "PRIME", 4403),
    ("nobody", "PRIME", 4403),
    ("vic", "RETAIL", 4403),
    ("vic", "NO-SUCH-DESK", 4403),
    ("vic", "%00", 4403),
    ("vic", "x" * 300, 4403),
]


async def test_a_stranger_is_let_in_and_put_out_without_data(server: Server, cookies: dict[str, str]) -> None:
    write_run(1, [account("ACME-1")])
    for who, desk, code in STRANGERS:
        cookie = "forged-by-hand" if who == "forged" else cookies.get(who or "")
        async with server.page(cookie, desk) as page:
            assert await page.closed() == code, (who, desk)
        assert page.seen == []


async def test_a_page_of_another_site_is_refused_before_it_opens(
    server: Server, cookies: dict[str, str]
) -> None:
    near = f"https://127.0.0.1:{server.port}"
    for origin in (None, "null", "http://evil.example", "http://127.0.0.1", "http://127.0.0.1:1", near):
        with pytest.raises(InvalidStatus) as refused:
            async with server.page(cookies["vic"], origin=origin):
                pass
        assert refused.value.response.status_code == 403, origin


@pytest.mark.parametrize(
    ("origin", "host", "own"),
    [
        ("http://desk.example:8000", "desk.example:8000", True),
        ("http://desk.example", "desk.example", True),
        ("http://DESK.example", "desk.example", True),
        ("http://evil.example", "evil.example", False),
        ("http://evil.example", "desk.example", False),
        ("http://desk.example:1", "desk.example:8000", False),
        ("https://desk.example", "desk.example", False),
        ("null", "desk.example", False),
        ("", "desk.example", False),
        ("http://", "", False),
        ("https://proxied.example", "desk.example", True),
    ],
)
def test_own_pages_are_told_from_others(origin: str, host: str, own: bool, settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["desk.example"]
    settings.CSRF_TRUSTED_ORIGINS = ["https://proxied.example"]
    assert is_own(origin=origin, host=host) is own


@pytest.mark.parametrize("way", LOSSES)
async def test_whoever_loses_access_is_put_out_at_once(
    way: str, server: Server, cookies: dict[str, str], people: Cast
) -> None:
    lose, code = LOSSES[way]
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page, server.page(cookies["rita"]) as other:
        await page.next("snapshot")
        await other.next("snapshot")
        await settled(other)
        await in_database(lose)(people)
        await in_database(tell_sockets)(people.vic.pk)
        assert await page.closed() == code
        if way != "logout":
            await other.say(type="ping", ref="still here")
            await other.next("pong")


async def settled(page: Page) -> None:
    """A beat has come: the process listens to the layer."""
    await page.next("beat")


async def test_without_a_word_from_the_layer_the_next_look_puts_them_out(
    server: Server, cookies: dict[str, str], people: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(1, [account("ACME-1")])
    monkeypatch.setattr(hub_module, "LOOK_AGAIN_SECONDS", 0.2)
    async with server.page(cookies["vic"]) as page:
        await page.next("snapshot")
        await in_database(_take_role)(people)
        assert await page.closed() == 4403


async def test_one_person_may_not_open_sockets_without_end(
    server: Server, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_run(1, [account("ACME-1")])
    monkeypatch.setattr(hub_module, "MOST_SOCKETS_EACH", 1)
    async with server.page(cookies["vic"]) as first:
        await first.next("snapshot")
        async with server.page(cookies["vic"]) as second:
            assert await second.closed() == 4429
        async with server.page(cookies["rita"]) as other:
            await other.next("snapshot")


async def test_after_eight_hours_a_page_is_asked_to_come_again(
    server: Server, cookies: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from margin.live import consumers

    monkeypatch.setattr(consumers, "LIFETIME_SECONDS", 0.3)
    write_run(1, [account("ACME-1")])
    async with server.page(cookies["vic"]) as page:
        assert await page.closed() == 4001
