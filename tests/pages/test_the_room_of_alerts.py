"""`/alerts/`: filters in the address, newest first, a page at a time; what happened since; whose they are."""

from datetime import timedelta
from pathlib import Path

import pytest

from margin.models import Delivery
from margin.pages import listed
from riskdesk import clock
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages.rooms import EVIL, alert, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("book")]
LATER = MONDAY_NOON + timedelta(minutes=3)


@pytest.fixture
def book(book: Path) -> Path:
    return book


@pytest.fixture
def told(cast: Cast) -> Cast:
    account = factories.sub_account(of=factories.client("ACME", of=cast.prime))
    alert(cast.prime, "Waits", severity="critical", sub_account=account, client=account.client)
    alert(
        cast.prime, "Hers", state="acknowledged", acknowledged_by=cast.rita, acknowledged_at=LATER, note=EVIL
    )
    alert(cast.prime, "Over", state="resolved", resolved_at=LATER, reason="margin_call")
    alert(cast.retail, "Elsewhere")
    return cast


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", {"Waits"}),
        ("?show=taken", {"Hers"}),
        ("?show=mine", {"Hers"}),
        ("?show=all", {"Waits", "Hers", "Over"}),
        ("?show=all&kind=margin_call", {"Over"}),
        ("?show=all&severity=critical", {"Waits"}),
        ("?show=all&account=ACME", {"Waits"}),
        ("?show=all&account=ACME-1&since=2026-03-02", {"Waits"}),
        ("?show=all&since=2026-03-03T00:00:00Z", set()),
        ("?desk=PRIME", {"Waits"}),
    ],
)
def test_the_address_says_which(told: Cast, query: str, shown: set[str]) -> None:
    found = page(told.rita, f"/alerts/{query}")
    assert {title for title in ("Waits", "Hers", "Over", "Elsewhere") if f"<b>{title}</b>" in found} == shown


def test_nonsense_opens_the_nearest_view_and_says_what_was_left_out(told: Cast) -> None:
    found = page(told.rita, "/alerts/?show=yesterday&severity=%00&before=x&since=never")
    assert "<b>Waits</b>" in found
    assert left_out(found) == {"show “yesterday”", "severity", "before “x”", "since “never”"}
    long = "9" * 40
    found = page(told.rita, f"/alerts/?before={long}9&since={long}")
    assert left_out(found) == {f"before “{long}…”", f"since “{long}”"}


@pytest.mark.parametrize(
    "query",
    [
        f"before={'0' * 20}{'9' * 4400}",
        "since=0001-01-01T00:00:00%2B23:59",
        "since=9999-12-31T23:59:59-14:00",
    ],
)
def test_nonsense_of_any_size_is_left_out(told: Cast, query: str) -> None:
    found = page(told.rita, f"/alerts/?{query}")
    assert "<b>Waits</b>" in found
    (said,) = left_out(found)
    assert said.partition(" ")[0] == query.partition("=")[0]


def left_out(found: str) -> set[str]:
    return set(found.partition("left out: ")[2].partition(".</p>")[0].split(", "))


def test_one_alert_has_an_address(told: Cast) -> None:
    number = alert(told.prime, "This one", state="resolved").pk
    assert "<b>This one</b>" in page(told.rita, f"/alerts/?alert={number}")


def test_a_page_ends_where_the_next_begins(told: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listed, "A_PAGE", 2)
    first = page(told.rita, "/alerts/?show=all")
    assert "<b>Over</b>" in first
    assert "<b>Waits</b>" not in first
    older = first.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    second = page(told.rita, f"/alerts/{older}")
    assert "<b>Waits</b>" in second
    assert "<b>Over</b>" not in second
    assert "<b>Hers</b>" not in second, "the last of one page is not the first of the next"
    assert "Newest" in second


def test_what_happened_stands_in_order(told: Cast) -> None:
    hers = alert(told.prime, "Mailed", state="acknowledged", acknowledged_by=told.rita, acknowledged_at=LATER)
    Delivery.objects.create(
        desk=told.prime, alert=hers, kind="alert", recipient="a@desk.example", subject="s", text="t",
        state="sent", sent_at=MONDAY_NOON, created_at=MONDAY_NOON, due_at=MONDAY_NOON,
    )  # fmt: skip
    found = page(told.vic, f"/alerts/?alert={hers.pk}")
    words = ["Raised: breach opened", "Mail sent to 1 person", "Acknowledged by rita"]
    assert [found.index(word) for word in words] == sorted(found.index(word) for word in words)


def test_who_may_not_acknowledge_is_not_asked_to(told: Cast) -> None:
    assert "data-acknowledge" in page(told.rita, "/alerts/")
    for person in (told.vic, told.ada):
        assert "data-acknowledge" not in page(person, "/alerts/")


def test_nothing_to_do_is_said(cast: Cast) -> None:
    with clock.pinned(MONDAY_NOON):
        assert "Nothing waits for a person" in page(cast.rita, "/alerts/")
        assert "No alert fits these filters" in page(cast.rita, "/alerts/?since=1h")
