"""Nouns that change keep their earlier states, and the admin says who changed them."""

import pytest
from django.db import ProgrammingError, transaction
from django.test import Client as Browser
from pghistory.models import Context

from accounts.models import Client, Desk, SubAccount
from margin.models import Instrument
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def states(row, column: str) -> list[tuple[str, object]]:
    events = row._meta.model._meta.get_field("events").related_model.objects.filter(pgh_obj_id=row.pk)
    return list(events.order_by("pgh_id").values_list("pgh_label", column))


def test_every_state_is_kept_however_it_was_written(cast: Cast):
    account, instrument = factories.sub_account("ACME-1"), factories.instrument()
    client = account.client
    Client.objects.filter(pk=client.pk).update(name="Acme Ltd")
    Instrument.objects.bulk_update([Instrument(pk=instrument.pk, active=False)], ["active"])
    cast.prime.zone = "UTC"
    cast.prime.save()
    assert states(client, "name") == [("insert", client.name), ("update", "Acme Ltd")]
    assert states(instrument, "active") == [("insert", True), ("update", False)]
    assert states(cast.prime, "zone") == [("insert", "America/New_York"), ("update", "UTC")]


def test_what_was_kept_is_not_changed(cast: Cast):
    events = Desk._meta.get_field("events").related_model.objects.filter(pgh_obj_id=cast.prime.pk)
    for deed in (lambda: events.update(name="x"), lambda: events._raw_delete("default")):
        with pytest.raises(ProgrammingError, match="Cannot update or delete"), transaction.atomic():
            deed()


def test_a_change_in_the_admin_names_who_made_it(cast: Cast):
    account = factories.sub_account("ACME-1")
    browser = Browser()
    browser.force_login(cast.ada)
    page = f"/admin/accounts/subaccount/{account.pk}/change/"
    form = browser.get(page).context["adminform"].form
    words = {name: value for name, value in form.initial.items() if value is not None}
    answer = browser.post(page, words | {"name": "Renamed"})
    assert answer.status_code == 302, answer.content.decode()
    assert SubAccount.objects.get().name == "Renamed"
    told = Context.objects.get().metadata
    assert (told["user"], told["url"]) == (cast.ada.pk, page)
    assert told["request_id"]
