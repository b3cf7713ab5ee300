"""`/handover/` and `/reports/`: what changed, what is open, what the next one must know; a day by itself."""

import csv
import io
from collections import Counter
from datetime import timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from django.template.loader import render_to_string
from django.test import Client

from accounts.ledger import post
from accounts.models import AuditEvent
from accounts.movements import Movement
from accounts.pockets import external_pocket, pocket_for
from margin.book.sums import Sums
from margin.charts.spark import spark
from margin.engine.local_time import local_date
from margin.flow.handover import HANDED_OVER, MOST_CHARACTERS, hand_over
from margin.models import Breach, Restriction
from margin.pages.moved import moved
from margin.pages.reports import uses_of
from riskdesk import clock
from riskdesk.errors import Refusal
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.flow.conftest import _long_leases, empty_shelf, hints, sent  # noqa: F401 - fixtures
from tests.flow.scene import Scene, make_scene
from tests.pages.rooms import EVIL, alert, page
from tests.pages.test_the_room_of_margin_calls import call

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("book")]


def test_a_note_is_left_for_good_and_the_next_one_reads_it(cast: Cast, client: Client) -> None:
    client.force_login(cast.rita)
    assert client.post("/handover/", {"note": f" {EVIL}\nCall ACME. "}).status_code == 302
    found = page(cast.vic, "/handover/")
    assert "Call ACME." in found
    assert "<textarea" not in found, "a viewer leaves no note"
    note = AuditEvent.objects.get(action=HANDED_OVER)
    assert (note.actor, note.desk) == (cast.rita, cast.prime)
    assert "Call ACME." not in page(cast.otto, "/handover/")


@pytest.mark.parametrize(
    ("note", "rule"),
    [("  ", "blank"), ("x" * (MOST_CHARACTERS + 1), "max_length"), ("a\u202eb", "control_character")],
)
def test_a_note_that_says_nothing_or_hides_something_is_refused(cast: Cast, note: str, rule: str) -> None:
    refused = hand_over(desk=cast.prime, person=cast.rita, note=note)
    assert isinstance(refused, Refusal)
    assert refused.rule == rule


def test_who_may_not_acknowledge_leaves_no_note(cast: Cast, client: Client) -> None:
    for person in (cast.vic, cast.ada, cast.otto):
        said = hand_over(desk=cast.prime, person=person, note="Mine")
        assert isinstance(said, Refusal)
    assert not AuditEvent.objects.filter(action=HANDED_OVER).exists()


def test_the_shift_began_with_the_last_note(cast: Cast) -> None:
    with clock.pinned(MONDAY_NOON):
        alert(cast.prime, "Before")
        hand_over(desk=cast.prime, person=cast.rita, note="All quiet")
    with clock.pinned(MONDAY_NOON + timedelta(hours=2)):
        assert "Since 2026-03-02 12:00 UTC" in page(cast.vic, "/handover/")
        assert "Since 2026-03-02 13:00 UTC" in page(cast.vic, "/handover/?since=1h")
    with clock.pinned(MONDAY_NOON + timedelta(days=2)):
        assert "Since 2026-03-04 04:00 UTC" in page(cast.vic, "/handover/"), "a note too old began no shift"


def test_open_and_taken_alerts_stand_apart_with_their_notes(cast: Cast) -> None:
    alert(cast.prime, "Waits")
    alert(
        cast.prime,
        "Hers",
        state="acknowledged",
        acknowledged_by=cast.rita,
        acknowledged_at=MONDAY_NOON,
        note=EVIL,
    )
    alert(cast.retail, "Elsewhere")
    waits, taken = page(cast.vic, "/handover/").partition("In somebody")[::2]
    assert "Waits" in waits
    assert "Hers" in taken
    assert "Elsewhere" not in waits + taken


def test_calls_owed_and_who_is_held_back_are_handed_over(cast: Cast) -> None:
    row = call(cast.prime, "SOON", "issued", paid="200")
    call(cast.prime, "DRAFTED", "draft")
    call(cast.retail, "ELSEWHERE", "issued")
    for at, desk in enumerate((cast.prime, None, cast.retail)):
        said = {"state": "reduce_only", "reason": f"Reason {at} {EVIL}", "imposed_by": cast.rita}
        Restriction.objects.create(scope="desk" if desk else "all", desk=desk, imposed_at=MONDAY_NOON, **said)
    with clock.pinned(MONDAY_NOON + timedelta(minutes=5)):
        found = page(cast.vic, "/handover/")
    owed, held = found.partition("Margin calls owed")[2].split("</section>")[:2]
    assert '<span class="count">1</span><span class="muted hint">and 1 draft</span>' in owed
    assert f'href="/calls/?call={row.pk}"' in owed
    assert "254.17" in owed
    assert "13:00 UTC" in owed
    assert "ELSEWHERE" not in found
    assert '<span class="count">2</span>' in held
    assert ("Reason 0" in held, "Reason 1" in held, "Reason 2" in found) == (True, True, False)


def test_a_list_that_is_cut_says_so_and_counts_all(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    for place, most in (("handover.MOST_OPEN", 1), ("unfinished.MOST", 1), ("rails.MOST_BROKEN", 1)):
        monkeypatch.setattr(f"margin.pages.{place}", most)
    for name in ("ONE", "TWO", "THREE"):
        alert(cast.prime, name)
        owed = call(cast.prime, name, "issued")
        Breach.objects.create(
            desk=cast.prime, client=owed.client, sub_account=owed.sub_account, rule="margin_level",
            subject=name, state="open", detail={"pool": "isolated:SOL-PERP|isolated|event"},
            reason="over_limit", opened_at=MONDAY_NOON, opened_by=owed.drafted_by, changed_at=MONDAY_NOON,
        )  # fmt: skip
    with clock.pinned(MONDAY_NOON + timedelta(minutes=5)):
        found = page(cast.vic, "/handover/")
    assert found.count('<span class="count">3</span>') == 3
    for said in ("These are the oldest 1 of 3.", "These are the 1 due soonest.", "These are the newest 1."):
        assert said in found
    assert "isolated SOL-PERP (event): open, over limit" in found, "which pool it was"


@pytest.fixture
def scene(transactional_db: None) -> Scene:
    made = make_scene()
    made.step("59000", seconds=0)
    made.step("58000", seconds=3600)
    return made


def test_figures_stand_then_and_now(scene: Scene) -> None:
    with scene.clock():
        found = page(scene.rita, "/handover/?since=1h")
        first, last = found.partition("Equity</th>")[2].split("</td>")[:2]
        assert "9,000" in first
        assert "8,000" in last
        assert "ACME-1" in found.partition("Nearest to trouble")[2]


def test_then_is_the_first_run_that_knew_every_account(transactional_db: None) -> None:
    """The first run of all knew no price yet: to compare with it would say that all there is came since."""
    made = make_scene()
    made.cycle()
    made.step("59000", seconds=5)
    made.step("58000", seconds=3600)
    with made.clock():
        found = page(made.rita, "/handover/?since=6h")
    assert "9,000" in found.partition("Equity</th>")[2].split("</td>")[0]
    assert "Then: the run of 2026-03-02 12:00:05 UTC, the first that knew every account." in found
    assert "had no figure then" not in found


def test_a_day_is_the_desks_own(scene: Scene) -> None:
    """New York: at noon UTC it is seven; the day began at five UTC."""
    with scene.clock():
        found = page(scene.rita, "/reports/daily/PRIME/2026-03-02/")
        assert "2026-03-02 05:00 to 2026-03-02 13:00 UTC, so far" in found
        assert "ACME-1" in found
        assert 'href="/reports/daily/PRIME/2026-03-02/"' in page(scene.rita, "/reports/")
    scene.later(86_400)
    with scene.clock():
        found = page(scene.rita, "/reports/daily/PRIME/2026-03-02/")
        assert "05:00 to 2026-03-03 05:00 UTC." in found, "it has ended"
        assert "8,000" in found
        assert "No figures are kept for this moment" in page(scene.rita, "/reports/daily/PRIME/2026-03-03/")


def test_a_past_day_is_computed_again_as_its_last_run_had_it(scene: Scene, client: Client) -> None:
    scene.step("57000", seconds=86_400)
    client.force_login(scene.rita)
    with scene.clock():
        answer = client.get("/reports/daily/PRIME/2026-03-02/csv/")
    (row,) = csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig")))
    assert (row["account"], row["equity"], row["as_of"][:16]) == ("ACME-1", "8000.00", "2026-03-02T13:00")


@pytest.mark.parametrize(
    "day", ["2026-02-30", "yesterday", "2026-03-03", "9999-12-31", "0000-00-00", "0001-01-01"]
)
def test_a_day_that_is_none_or_not_yet_does_not_exist(cast: Cast, client: Client, day: str) -> None:
    client.force_login(cast.vic)
    with clock.pinned(MONDAY_NOON):
        assert client.get(f"/reports/daily/PRIME/{day}/").status_code == 404


def test_an_alert_that_came_many_times_is_one_line(cast: Cast) -> None:
    account = factories.sub_account(of=factories.client("ACME", of=cast.prime))
    for title in ("First", "Second", "Third"):
        alert(cast.prime, title, sub_account=account)
    with clock.pinned(MONDAY_NOON + timedelta(hours=1)):
        found = page(cast.vic, "/reports/daily/PRIME/2026-03-02/")
    assert "<b>Third</b>" in found
    assert "<b>First</b>" not in found
    assert "3 times, last 12:00" in found
    assert found.count("times are UTC") == 3, "New York is five hours behind"


def test_less_equity_and_more_requirement_are_worse() -> None:
    def sums(equity: int, asked: int) -> Sums:
        figures = dict.fromkeys(("equity", "initial", "maintenance", "gross", "net"), Decimal(equity))
        return Sums(MONDAY_NOON, [], {**figures, "house_maintenance": Decimal(asked)}, None, 1, 0)  # type: ignore[arg-type]

    rows = {row.name: row for row in moved(sums(100, 50), sums(80, 60))}
    assert (rows["Equity"].change, rows["Equity"].worse) == ("−20", True)
    assert (rows["House requirement"].change, rows["House requirement"].worse) == ("+10", True)
    assert (rows["Utilisation"].change, rows["Utilisation"].worse) == ("+25.0 points", True)
    assert rows["Net exposure"].worse is None
    near = {row.name: row for row in moved(sums(10_000, 1_969), sums(10_000, 2_130))}["Utilisation"]
    assert (near.before, near.after, near.change) == ("19.6 %", "21.3 %", "+1.7 points")
    assert {row.worse for row in moved(None, sums(80, 60))} == {None}
    still = {row.name: row for row in moved(sums(10_000, 2_130), sums(10_000, 2_131))}["Utilisation"]
    assert (still.change, still.worse) == ("0.0 points", None), "nobody can see what would be worse"


def test_a_change_is_that_of_the_figures_beside_it_cut_as_on_the_desk_page() -> None:
    names = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")
    first, last = (
        Sums(MONDAY_NOON, [], dict.fromkeys(names, Decimal(figure)), Counter(), 1, 0)
        for figure in ("100.9", "90.1")
    )
    rows = {row.name: (row.before, row.after, row.change) for row in moved(first, last)}
    assert rows["Equity"] == ("100", "90", "−10")
    for name in ("House requirement", "Gross exposure", "Net exposure"):
        assert rows[name] == ("101", "91", "−10"), name


def test_money_from_and_to_the_outside_is_told_by_asset(cast: Cast) -> None:
    account = factories.sub_account(of=factories.client("ACME", of=cast.prime))
    bank, wallet, aside = external_pocket(cast.prime, "bank"), pocket_for(account), pocket_for(account, "x")
    moves = [(bank, wallet, "1500"), (wallet, bank, "30"), (wallet, aside, "700"), (aside, bank, "0.5")]
    with clock.pinned(MONDAY_NOON):
        for number, (giver, taker, amount) in enumerate(moves):
            move = Movement(f"m{number}", giver, taker, factories.asset(), Decimal(amount))
            post(desk=cast.prime, transfers=[move], recorded_by=None, valid_at=MONDAY_NOON)
    with clock.pinned(MONDAY_NOON + timedelta(hours=1)):
        found = page(cast.vic, "/reports/daily/PRIME/2026-03-02/").partition(">Money<")[2]
    cells = [cell.rpartition(">")[2] for cell in found.partition("<tbody>")[2].split("</t")[:4]]
    assert cells == ["USD", "1,500", "30.5", "4"]
    with clock.pinned(MONDAY_NOON + timedelta(days=2)):
        assert "No money has moved." in page(cast.vic, "/handover/"), "nothing since this shift began"


def test_sums_that_left_accounts_out_say_so() -> None:
    shown = render_to_string(
        "reports/moved.html", {"moved": [1], "told": {"first": {"unknown": 3, "accounts": 9}}}
    )
    assert "3 of 9 accounts had no figure then: the sums leave them out." in shown
    assert "no figure" not in render_to_string("reports/moved.html", {"moved": [1], "told": {}})


def test_the_line_of_a_day_begins_and_ends_where_its_table_does() -> None:
    """But with no sum that leaves most accounts out."""
    points = [SimpleNamespace(utilisation=Decimal(use)) for use in ("0.21", "0.20")]
    first, last = (
        SimpleNamespace(utilisation=Decimal(use), accounts=100, unknown=0) for use in ("0.22", "0.19")
    )
    told: Any = SimpleNamespace(first=first, points=points, last=last)
    assert uses_of(told) == [0.22, 0.21, 0.20, 0.19]
    first.unknown, told.last = 90, None
    assert uses_of(told) == [0.21, 0.20]


def test_a_spark_has_a_line_for_every_stretch() -> None:
    assert spark([1.0, 2.0]) == ["0.00,28.00 100.00,2.00"]
    assert spark([1.0, 1.0]) == ["0.00,28.00 100.00,28.00"]
    assert len(spark([1.0, 2.0, None, 2.0, 1.0])) == 2
    assert spark([1.0, None, None]) == []


def test_today_is_not_over_while_its_clock_runs(cast: Cast) -> None:
    today = local_date(clock.now(), cast.prime.zone)
    assert "UTC, so far." in page(cast.vic, f"/reports/daily/PRIME/{today:%Y-%m-%d}/")
