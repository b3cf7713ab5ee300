"""The page of a client: sub-accounts and sums, every cap with the binding one, nothing of other desks."""

from pathlib import Path

import pytest
from django.test import Client

from tests import factories
from tests.flow.conftest import empty_shelf, hints, sent  # noqa: F401 - fixtures
from tests.flow.scene import Scene, make_scene
from tests.pages.seen import does_not_exist_on_another_desk, seen_by

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def scene(book: Path) -> Scene:
    made = make_scene(cash="10000")
    second = factories.sub_account("ACME-2", of=made.client)
    factories.balance(second, "5000")
    factories.limit(made.desk, "8", scope="client", client=made.client)
    factories.limit(made.desk, "3", scope="sub_account", sub_account=made.account)
    made.step("57000")
    return made


def page(client: Client, scene: Scene, path: str = "/clients/ACME/") -> str:
    return seen_by(scene.rita, client, path)


def test_it_sums_its_sub_accounts_and_leads_to_each(client: Client, scene: Scene) -> None:
    text = page(client, scene)
    assert "12,000.00" in text, "7,000 and 5,000"
    assert "/accounts/ACME-1/" in text
    assert "/accounts/ACME-2/" in text


def test_the_binding_cap_stands_first(client: Client, scene: Scene) -> None:
    caps = page(client, scene).partition('id="caps"')[2]
    names = ["sub-account ACME-1", "client ACME", "desk PRIME"]
    assert sorted(names, key=caps.index) == names, "8.15 of 3, then 4.75 of 8 and of 10"
    assert caps.index("binds") < caps.index("client ACME")
    assert "Broken" in caps


def test_what_is_measured_keeps_its_places_and_what_is_set_is_short(client: Client, scene: Scene) -> None:
    scene.step("60000")
    caps = page(client, scene).partition('id="caps"')[2]
    assert ">6.00×<" in caps
    assert ">3×<" in caps


def test_the_tile_of_leverage_says_what_kind_of_cap_binds(client: Client, scene: Scene) -> None:
    factories.limit(scene.desk, "5700", kind="gross", scope="client", client=scene.client)
    scene.step("57000")
    tiles = page(client, scene).partition('id="caps"')[0]
    assert "binds: gross exposure, <b>1,000.0 %</b> used" in tiles


def test_rules_that_are_not_kept_are_named_in_words(client: Client, scene: Scene) -> None:
    text = page(client, scene)
    assert "Sub-account leverage cap" in text
    assert "over limit" in text


def test_a_client_without_a_cap_or_a_run_says_so(client: Client, book: Path) -> None:
    bare = make_scene(cap=None)
    assert "No run has been committed yet" in page(client, bare)
    bare.step("57000")
    assert "none means none allowed" in page(client, bare)


def test_a_client_of_another_desk_does_not_exist(client: Client, scene: Scene) -> None:
    assert does_not_exist_on_another_desk(client, "/clients/ACME/", "/clients/ACME/now/")
