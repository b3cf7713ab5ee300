"""The sign-in page, the launcher and the demo's rows speak of the same people."""

import pytest

from accounts.models import Role
from riskdesk.demo_people import NAMES, PASSWORD, PEOPLE
from riskdesk.stack.console import Console
from riskdesk.stack.desk import _say_ready


@pytest.mark.django_db
def test_the_sign_in_page_offers_each_of_them(client):
    page = client.get("/accounts/login/").content.decode()
    assert [name for name in NAMES if f'data-sign-in="{name}" data-password="{PASSWORD}"' in page] == [*NAMES]
    assert "Prime and Retail" in page


def test_the_launcher_names_each_of_them(capfd):
    console = Console()
    _say_ready(console, "http://127.0.0.1:1/", demo=True)
    console.drain()
    said = capfd.readouterr().out
    assert [word for word in (*NAMES, PASSWORD) if word not in said] == []


def test_their_roles_exist():
    assert {role for person in PEOPLE for _, role in person.grants} <= set(Role.values)
