"""Where the levels begin is the desk's policy: bars and charts draw their marks there."""

from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client

from margin.models import DeskPolicy
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def shown(client: Client) -> tuple[str, list[float]]:
    page = client.get("/").content.decode()
    figure = client.get("/desk/PRIME/history/").json()
    return page, [shape["y0"] for shape in figure["layout"]["shapes"]]


def test_without_a_policy_they_are_those_of_the_rulebook(client: Client, cast: Cast, book: Path) -> None:
    client.force_login(cast.rita)
    page, bands = shown(client)
    assert bands == [0.6, 0.7, 0.8, 1.0]
    assert "--at-watch:0.5000;--at-at-risk:0.5833;--at-danger:0.6667" in page


def test_they_follow_the_policy_in_force(client: Client, cast: Cast, book: Path) -> None:
    levels = {"watch": Decimal("0.3"), "at_risk": Decimal("0.48"), "danger": Decimal("0.9")}
    DeskPolicy.objects.create(desk=cast.prime, **levels, **factories.version())
    client.force_login(cast.rita)
    page, bands = shown(client)
    assert bands == [0.3, 0.48, 0.9, 1.0]
    assert "--at-watch:0.2500;--at-at-risk:0.4000;--at-danger:0.7500" in page


def test_an_accounts_own_chart_follows_it_too(client: Client, cast: Cast, book: Path) -> None:
    factories.sub_account("ACME-1", of=factories.client("ACME", of=cast.prime))
    DeskPolicy.objects.create(desk=cast.prime, watch=Decimal("0.3"), **factories.version())
    client.force_login(cast.rita)
    figure = client.get("/accounts/ACME-1/history/").json()
    assert [shape["y0"] for shape in figure["layout"]["shapes"]] == [0.3]
