"""The pages of an account and of its client say what is owed by when, in their live part too."""

from datetime import timedelta
from typing import Any

import pytest

from margin.models import MarginCall
from margin.pages.owed import owed_by
from riskdesk.clock import pinned
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages.rooms import page
from tests.pages.test_the_room_of_margin_calls import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("book")]
PLACES = ("/accounts/SOON-1/now/", "/clients/SOON/now/")


def test_what_is_owed_by_when_leads_to_its_call(cast: Cast) -> None:
    row = call(cast.prime, "SOON", "issued", paid="200")
    call(cast.prime, "OTHER", "issued", paid="300")
    for path in (*PLACES, "/accounts/SOON-1/", "/clients/SOON/"):
        with pinned(MONDAY_NOON):
            found = page(cast.rita, path)
        assert "254.17" in found, path
        assert "13:00 UTC</time>" in found, path
        assert f'href="/calls/?call={row.pk}"' in found, path
        assert "154.17" not in found, path
        assert "overdue" not in found, path


@pytest.mark.parametrize(
    ("state", "shown"), [("overdue", True), ("draft", False), ("met", False), ("cancelled", False)]
)
def test_only_what_is_owed_is_shown_and_in_red_once_it_is_late(cast: Cast, state: str, shown: bool) -> None:
    call(cast.prime, "SOON", state)
    for path in PLACES:
        with pinned(MONDAY_NOON + timedelta(days=1)):
            found = page(cast.rita, path)
        late = 'data-level="liquidation"><b>Margin call, overdue:</b>' in found
        assert (late, "/calls/?call=" in found) == (shown, shown), path


def test_all_of_a_client_is_one_question(cast: Cast, django_assert_num_queries: Any) -> None:
    first = call(cast.prime, "SOON", "issued")
    second = factories.sub_account("SOON-2", of=first.client)
    MarginCall.objects.filter(pk=call(cast.prime, "LATE", "overdue").pk).update(
        client=first.client, sub_account=second, due_at=MONDAY_NOON
    )
    with django_assert_num_queries(1):
        found = owed_by(first.client.calls.all())
    assert [one.account for one in found] == ["SOON-2", "SOON-1"]
