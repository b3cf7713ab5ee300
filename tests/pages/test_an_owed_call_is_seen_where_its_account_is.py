"""The pages of an account and of its client say what is owed by when, in their live part too."""

from datetime import timedelta
from typing import Any

import pytest

from margin.flow.call_deeds import issue
from margin.models import MarginCall
from margin.pages.owed import owed_by
from riskdesk.clock import pinned
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.flow.conftest import _long_leases, empty_shelf, hints, sent  # noqa: F401 - fixtures
from tests.flow.scene import make_scene
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
        assert ">13:00 UTC</time>" in found, path
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
        late = 'data-level="liquidation"><span><b>Margin call, overdue:</b>' in found
        assert (late, "/calls/?call=" in found) == (shown, shown), path
        assert (">Mar 2 13:00 UTC</time>" in found) is shown, "of another day, so that is said"


def test_all_of_a_client_is_one_question(cast: Cast, django_assert_num_queries: Any) -> None:
    first = call(cast.prime, "SOON", "issued")
    second = factories.sub_account("SOON-2", of=first.client)
    MarginCall.objects.filter(pk=call(cast.prime, "LATE", "overdue").pk).update(
        client=first.client, sub_account=second, due_at=MONDAY_NOON
    )
    with django_assert_num_queries(1):
        found = owed_by(first.client.calls.all())
    assert [one.account for one in found] == ["SOON-2", "SOON-1"]


def test_what_is_paid_in_full_is_not_owed_as_nothing(cast: Cast) -> None:
    call(cast.prime, "SOON", "issued", paid="454.17")
    for path in (*PLACES, "/calls/"):
        found = page(cast.rita, path)
        assert "paid in full" in found, path
        assert '<span class="num">0</span> USD' not in found, path
        assert "owed by <time" not in found, path


def test_beside_what_was_asked_and_paid_stands_what_would_be_needed_now(transactional_db: None) -> None:
    """454.17 were asked for at 50,600; at 50,900 there is more equity than the house asks, yet no target."""
    scene = make_scene(cap="1000")
    factories.buffer(scene.desk, "0.25")
    scene.step("50600")
    (row,) = MarginCall.objects.all()
    issue(row, scene.rita, note="", now=scene.now)
    scene.step("50900")
    with scene.clock():
        for path in ("/accounts/ACME-1/now/", "/clients/ACME/now/", "/calls/"):
            found = page(scene.rita, path)
            assert "454.17" in found, path
            assert "needs 160.42 now to be at its target" in found, path
    scene.step("58000")
    with scene.clock():
        assert "met by market" in page(scene.rita, f"/calls/?call={row.pk}")
        assert "needs" not in page(scene.rita, "/calls/?show=all").partition("Next in line")[0]
