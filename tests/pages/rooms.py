"""A page of a room as somebody sees it, and rows for its tests."""

from typing import Any

from django.test import Client

from accounts.models import Desk, User
from margin.models import Alert
from tests.factories import MONDAY_NOON

EVIL = "<img src=x onerror='window.xss=1'>"


def page(person: User, path: str) -> str:
    browser = Client()
    browser.force_login(person, "django.contrib.auth.backends.ModelBackend")
    answer = browser.get(path)
    assert answer.status_code == 200, answer.status_code
    found = answer.content.decode()
    assert EVIL not in found, "a name from outside is text"
    return found


def alert(desk: Desk, title: str, **fields: Any) -> Alert:
    given = {"reason": "breach_opened", "severity": "warning", "text": title, "raised_at": MONDAY_NOON}
    return Alert.objects.create(desk=desk, title=title, key=f"{desk}/{title}", **(given | fields))
