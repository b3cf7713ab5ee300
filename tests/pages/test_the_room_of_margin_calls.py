"""`/calls/`: what is owed by its time, drafts and what is over; who may do what; whose they are."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from accounts.models import Desk
from margin.book.frame import write_frame
from margin.flow import call_deeds as deeds
from margin.models import CallExtension, MarginCall, Run
from margin.pages import listed
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages import frames
from tests.pages.rooms import EVIL, page

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("book")]
BASIS = {
    "pools": [
        {
            "pool": "cross",
            "level": "margin_call",
            "equity": "600",
            "house_maintenance": "632.5",
            "missing": "454.17",
        }
    ]
}


def call(desk: Desk, code: str, state: str, **fields: Any) -> MarginCall:
    client = factories.client(code, of=desk, name=f"{code} {EVIL}"[:60])
    run, _ = Run.objects.get_or_create(
        shard_id=1, defaults={"started_at": MONDAY_NOON, "trigger": "test", "engine_version": "test"}
    )
    times = {} if state == "draft" else {"issued_at": MONDAY_NOON, "due_at": MONDAY_NOON + timedelta(hours=1)}
    over = {"closed_at": MONDAY_NOON} if state in ("met", "cancelled") else {}
    return MarginCall.objects.create(
        desk=desk, client=client, sub_account=factories.sub_account(f"{code}-1", of=client), kind="intraday",
        state=state, amount="454.17", basis=BASIS, drafted_by=run, drafted_at=MONDAY_NOON,
        **(times | over | fields),
    )  # fmt: skip


@pytest.fixture
def called(cast: Cast, book: Path) -> Cast:
    later = MONDAY_NOON + timedelta(hours=2)
    call(cast.prime, "LATE", "issued", due_at=later)
    call(cast.prime, "SOON", "issued", paid="200")
    call(cast.prime, "DRAFTED", "draft")
    call(cast.prime, "DONE", "met", cure="deposit", paid="454.17")
    call(cast.retail, "ELSEWHERE", "issued")
    return cast


def codes(found: str) -> list[str]:
    return [part.partition("<")[0] for part in found.split('<span class="code">')[1:]]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["SOON-1", "LATE-1"]),
        ("?show=drafts", ["DRAFTED-1"]),
        ("?show=over", ["DONE-1"]),
        ("?show=all", ["DONE-1", "DRAFTED-1", "SOON-1", "LATE-1"]),
        ("?show=all&account=SOON", ["SOON-1"]),
        ("?show=nonsense", ["SOON-1", "LATE-1"]),
    ],
)
def test_the_address_says_which_and_what_is_owed_stands_by_its_time(
    called: Cast, query: str, shown: list[str]
) -> None:
    assert codes(page(called.rita, f"/calls/{query}")) == shown


@pytest.mark.parametrize("show", ["owed", "all"])
def test_every_call_stands_on_one_page(cast: Cast, monkeypatch: pytest.MonkeyPatch, show: str) -> None:
    """Some are due in the order of their numbers, some against it, some at one time."""
    monkeypatch.setattr(listed, "A_PAGE", 2)
    for number, minutes in enumerate((1, 2, 3, 3, 3, 2, 1)):
        due = MONDAY_NOON + timedelta(minutes=minutes, microseconds=7)
        call(cast.prime, f"C{number}", "issued", due_at=due)
    seen, link = [], f"?show={show}"
    while link and len(seen) < 20:
        found = page(cast.rita, f"/calls/{link}")
        seen += codes(found)
        link = older(found)
    newest = [f"C{number}-1" for number in (6, 5, 4, 3, 2, 1, 0)]
    due = [f"C{number}-1" for number in (6, 0, 5, 1, 4, 3, 2)]
    assert seen == {"owed": due, "all": newest}[show]


def older(found: str) -> str:
    before, more, _ = found.partition('rel="next"')
    return before.rpartition('href="')[2].partition('"')[0].replace("&amp;", "&") if more else ""


def test_a_row_says_what_is_left_what_it_rests_on_and_what_happened(called: Cast) -> None:
    row = MarginCall.objects.get(client__code="SOON")
    deeds.confirm(row, called.rita, note=EVIL, now=MONDAY_NOON)
    found = page(called.rita, f"/calls/?call={row.pk}")
    assert '<span class="num">254.17</span>' in found
    assert "200 of 454.17 came in" in found
    assert "The client confirmed it by rita" in found
    assert f"{MONDAY_NOON:%H:%M:%S} UTC</time>" in found
    assert "632.5" in found


def test_deeds_are_offered_to_who_may_do_them(called: Cast) -> None:
    row = MarginCall.objects.get(client__code="SOON")
    CallExtension.objects.create(
        call=row,
        due_at=MONDAY_NOON + timedelta(hours=3),
        reason=EVIL,
        asked_by=called.rita,
        asked_at=MONDAY_NOON,
    )
    asks, decides = 'value="deliver"', 'value="give-extension"'
    seen = {name: page(getattr(called, name), "/calls/?account=SOON") for name in ("rita", "vic", "ada")}
    assert {name: (asks in found, decides in found) for name, found in seen.items()} == {
        "rita": (True, False), "vic": (False, False), "ada": (False, True),
    }  # fmt: skip


def test_who_is_in_danger_is_next_in_line_until_a_call_stands(called: Cast) -> None:
    rows = [
        frames.account("NEAR-1", desk="PRIME", level="danger", utilisation="0.91"),
        frames.account("NEARER-1", desk="PRIME", level="danger", utilisation="0.93"),
        frames.account("WELL-1", desk="PRIME", level="normal", utilisation="0.1"),
        frames.account("SOON-1", desk="PRIME", level="margin_call", utilisation="1.1"),
        frames.account("DRAFTED-1", desk="PRIME", level="margin_call", utilisation="1.1"),
    ]
    write_frame(frames.frame(rows, []))
    upcoming = page(called.rita, "/calls/").partition("Next in line")[2]
    assert upcoming.index("NEARER-1") < upcoming.index("NEAR-1")
    for code in ("WELL-1", "SOON-1", "DRAFTED-1"):
        assert code not in upcoming


def test_what_is_to_be_closed_down_or_unknown_stands_before_who_is_in_danger(called: Cast) -> None:
    found = [
        ("NEAR-1", "danger", "0.99"),
        ("SHORT-1", "margin_call", "1.1"),
        ("DARK-1", "unknown", None),
        ("BELOW-1", "liquidation", "1.3"),
        ("DEBT-1", "liquidation", None),
    ]
    rows = [frames.account(code, desk="PRIME", level=level, utilisation=use) for code, level, use in found]
    write_frame(frames.frame(rows, []))
    upcoming = page(called.rita, "/calls/").partition("Next in line")[2]
    order = ["DEBT-1", "BELOW-1", "DARK-1", "SHORT-1", "NEAR-1"]
    assert sorted(order, key=upcoming.index) == order
    assert upcoming.count("to be closed down, no call") == 2
    assert upcoming.count("figures unknown") == 1
    assert "Nobody is in danger" not in upcoming


def test_no_row_is_made_of_who_is_not_next(called: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [frames.account(f"N{k}-1", level="danger", utilisation=f"0.9{k}") for k in range(9)]
    well = [frames.account(f"WELL{k}-1") for k in range(9)]
    write_frame(frames.frame([*well, *found, frames.account("SOON-1", level="margin_call")]))
    made = frames.rows_made(monkeypatch)
    assert "N8-1" in page(called.rita, "/calls/").partition("Next in line")[2]
    assert made == [f"N{k}-1" for k in (8, 7, 6, 5, 4, 3, 2, 1)]
