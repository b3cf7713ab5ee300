"""What was shown is not always what is found when it is confirmed: then nothing is taken, and it is said."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import OperationalError
from django.db.models import F
from django.test import Client as Browser
from psycopg.errors import LockNotAvailable

from accounts.models import Client, Role, RoleGrant
from margin.admin import resources
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
FILE = b"""code,name,desk,regulatory_class,status,shard
HERE,Here,PRIME,professional,active,1
THERE,There,RETAIL,professional,active,1
"""


@pytest.fixture
def ada_in(cast: Cast, client: Browser) -> Browser:
    factories.grant(cast.ada, cast.retail, Role.LIMITS_ADMIN)
    factories.shard()
    client.force_login(cast.ada)
    return client


def shown(browser: Browser) -> dict[str, Any]:
    sent = SimpleUploadedFile("c.csv", FILE)
    page = browser.post("/admin/accounts/client/import/", {"import_file": sent, "format": "0"})
    initial: dict[str, Any] = page.context["confirm_form"].initial
    return initial


def confirmed(browser: Browser, confirm: dict[str, Any]) -> str:
    return browser.post("/admin/accounts/client/process_import/", confirm, follow=True).content.decode()


def test_a_file_that_holds_still_is_taken_and_said(ada_in: Browser) -> None:
    assert "Import finished: 2 new" in confirmed(ada_in, shown(ada_in))
    assert Client.objects.count() == 2


def test_a_role_that_ended_after_the_difference_was_shown_lets_nothing_in(
    cast: Cast, ada_in: Browser
) -> None:
    confirm = shown(ada_in)
    RoleGrant.objects.filter(user=cast.ada, desk=cast.retail).update(revision_to=F("revision_from") + 1)
    page = confirmed(ada_in, confirm)
    assert "Nothing was imported" in page
    assert "Import finished" not in page
    assert not Client.objects.exists(), "half of a file is worse than none"


def test_who_confirms_while_another_file_is_taken_is_told_at_once(
    ada_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    confirm = shown(ada_in)
    rows: list[Any] = []

    def held() -> None:
        raise OperationalError from LockNotAvailable()

    def read(_: Any, row: Any, *__: Any, **___: Any) -> Any:
        rows.append(row)
        raise AssertionError

    monkeypatch.setattr(resources, "hold_house_revision", held)
    monkeypatch.setattr(resources.ReferenceResource, "import_row", read)
    assert "Nothing was imported" in confirmed(ada_in, confirm)
    assert rows == [], "each would wait again for whoever holds the lock"
