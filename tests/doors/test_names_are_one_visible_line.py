"""What people name reads as it is stored: the admin's pages and files refuse what cannot be seen."""

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client as Browser
from django.urls import reverse

from accounts.models import Client, User
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
HIDDEN = ["a\r\nb", "a\x07b", "a\u202eb", "a\u2066b", "a\u200bb", "a\u200fb", "a\u3164b", "a\U000e0041b"]
INLINE = {"sub_accounts-TOTAL_FORMS": "0", "sub_accounts-INITIAL_FORMS": "0"}


def test_a_page_refuses_hidden_characters_beside_the_name(cast: Cast, client: Browser) -> None:
    acme = factories.client("ACME", of=cast.prime)
    client.force_login(cast.ada)
    page_of_it = reverse("admin:accounts_client_change", args=[acme.pk])
    for name in HIDDEN:
        page = client.post(page_of_it, {"name": name, "status": "active", **INLINE})
        assert page.context["errors"][0][0].startswith("A name is one line"), repr(name)
    assert Client.objects.get().name == acme.name


def test_a_file_refuses_hidden_characters_in_a_name(cast: Cast, client: Browser) -> None:
    client.force_login(cast.ada)
    text = "code,name,desk,regulatory_class,status,shard\nNEW,a\u202eb,PRIME,retail_eu,active,1\n"
    file = SimpleUploadedFile("rows.csv", text.encode())
    page = client.post("/admin/accounts/client/import/", {"import_file": file, "format": "0"})
    assert "A name is one line" in page.content.decode()
    assert not Client.objects.exists()


@pytest.mark.parametrize("field", ["username", "first_name", "last_name"])
def test_a_person_is_named_by_what_can_be_seen(db: None, field: str) -> None:
    person = User(username="ann", password="x", first_name="Ann", last_name="Lee")
    person.clean_fields()
    setattr(person, field, "ann\u3164")
    with pytest.raises(ValidationError) as refused:
        person.clean_fields()
    assert list(refused.value.message_dict) == [field]
