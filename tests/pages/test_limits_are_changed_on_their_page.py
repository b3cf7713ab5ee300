"""The page of limits: what is used, who may propose, what two people at once are told, and the way back."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.contrib.admin import site
from django.http import HttpResponse
from django.test import Client

from accounts.models import Client as AccountClient
from accounts.models import HouseBuffer, Proposal
from margin.admin.proposals import ProposalPage
from margin.book.frame import write_frame
from margin.flow.change import approve, propose
from margin.models import Breach, Limit, Run
from margin.pages.limit_words import state_of
from margin.whatif import limits_in_force
from tests import factories
from tests.conftest import Cast
from tests.pages.frames import account, frame, position

pytestmark = pytest.mark.django_db
FORM = {"kind_of_limit": "leverage", "scope": "desk", "value": "8", "reason": "calm", "deed": "propose"}


@pytest.fixture
def desk(cast: Cast, book: Path, client: Client) -> Client:
    limits_in_force._kept.clear()
    factories.client("ACME", of=cast.prime)
    factories.client("ABROAD", of=cast.retail)
    rows = [account("ACME-1", gross="90000", net="-20000", equity="10000")]
    write_frame(frame(rows, [position("ACME-1", quantity="2", mark="100", notional="200.00")]))
    client.force_login(cast.ada)
    return client


def put_in_force(cast: Cast, **change: Any) -> Limit:
    said = {"desk": "PRIME", "kind": "leverage", "scope": "desk", **change}
    made = propose(
        kind="limit", change=said, desk=cast.prime, reason="set", person=cast.ada, now=factories.MONDAY_NOON
    )
    assert isinstance(made, Proposal), made
    approve(proposal=made, person=cast.eve, now=factories.MONDAY_NOON)
    return Limit.objects.get(proposal=made)


def text(answer: HttpResponse) -> str:
    return answer.content.decode()


def test_the_limit_used_most_comes_first_with_who_uses_it(cast: Cast, desk: Client) -> None:
    put_in_force(cast, value="10")
    put_in_force(cast, kind="gross", value="1000000")
    put_in_force(cast, kind="net", scope="client", client="ACME", value="20000.5")
    table = text(desk.get("/limits/")).partition('id="table"')[2]
    shares = [table.index(share) for share in ("99.9 %", "90.0 %", "9.0 %")]
    assert shares == sorted(shares)
    assert "ada, approved by eve" in table


def test_of_many_that_wait_the_newest_are_listed_and_all_are_counted(
    cast: Cast, desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("margin.pages.limits.MOST_WAITING", 2)
    Proposal.objects.bulk_create(
        Proposal(
            kind="limit",
            desk=cast.prime,
            subject=f"limit: Number {number}.",
            change={"value": "8"},
            reason="calm",
            proposed_by=cast.ada,
            proposed_at=factories.MONDAY_NOON,
        )
        for number in range(5)
    )
    page = text(desk.get("/limits/"))
    assert [number for number in range(5) if f"Number {number}." in page] == [3, 4]
    assert "3 older, listed as these are decided" in page
    assert '<span class="levelled">5</span>' in page


@pytest.mark.parametrize(
    ("over", "near", "broken", "word"),
    [
        (1, 2, 1, "Broken"),
        (1, 0, 0, "Broken"),
        (0, 1, 1, "Not cured yet"),
        (0, 1, 0, "Near"),
        (0, 0, 0, "Kept"),
    ],
)
def test_a_limit_is_counted_once_and_a_breach_within_it_is_named(
    over: int, near: int, broken: int, word: str
):
    limit = Limit(kind="gross", valid_at=factories.MONDAY_NOON)
    row = limits_in_force.InForce(limit, 99.9, 0.999, "ACME", "client", 3, near, over, broken)
    assert state_of(row, factories.MONDAY_NOON)[1] == word
    assert state_of(row, factories.MONDAY_NOON - timedelta(seconds=1))[1] == "Begins later"


def test_who_stands_at_a_limit_is_near_it_and_who_is_above_it_is_counted_there_alone(
    cast: Cast, desk: Client
) -> None:
    """ACME's leverage is 9; a limit warns from four fifths of it."""
    for value, near, over in (("9", 1, 0), ("8.9", 0, 1), ("11.2", 1, 0), ("11.3", 0, 0)):
        put_in_force(cast, value=value)
        (row,) = limits_in_force.limits_in_force(cast.prime, factories.MONDAY_NOON)
        assert (row.near, row.over) == (near, over), value


def test_a_limit_that_is_in_no_frame_is_counted_by_what_stands_of_it(cast: Cast, desk: Client) -> None:
    """Asked of pools: who is warned is near, who broke it is over, and nobody is both."""
    factories.instrument("BTC-PERP")
    limit = put_in_force(cast, scope="instrument", instrument="BTC-PERP", value="10")
    run = Run.objects.create(shard_id=1, started_at=factories.MONDAY_NOON, engine_version="test")
    for measured, state in ((9, "warning"), (11, "open"), (12, "acknowledged"), (99, "cured")):
        Breach.objects.create(
            desk=cast.prime, client=AccountClient.objects.get(code="ACME"), limit=limit, state=state,
            rule="instrument_leverage", subject=f"account:{state}/cross", measured=measured, opened_by=run,
            opened_at=factories.MONDAY_NOON, changed_at=factories.MONDAY_NOON,
        )  # fmt: skip
    (row,) = limits_in_force.limits_in_force(cast.prime, factories.MONDAY_NOON)
    assert (row.measured, row.who, row.near, row.over, row.broken) == (12, "acknowledged", 1, 2, 2)


def test_only_who_may_propose_finds_the_way_to_propose(cast: Cast, desk: Client) -> None:
    put_in_force(cast, value="10")
    assert "/limits/propose/" in text(desk.get("/limits/"))
    desk.force_login(cast.vic)
    assert "/limits/propose/" not in text(desk.get("/limits/"))


def test_a_proposal_of_the_form_is_the_flows(cast: Cast, desk: Client) -> None:
    answer = desk.post("/limits/propose/?kind=limit", {**FORM, "value": "1,000.50", "kind_of_limit": "gross"})
    assert answer.status_code == 303
    made = Proposal.objects.get()
    assert (made.change["value"], made.change["warn"], made.proposed_by) == ("1000.5", None, cast.ada)
    desk.post(
        "/limits/propose/?kind=buffer",
        {"scope": "client", "client": "ACME", "buffer": "12.5 %", "reason": "x"},
    )
    assert Proposal.objects.first().change == {"desk": "PRIME", "client": "ACME", "buffer": "0.125"}


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"value": "ten"}, "This is no value the desk knows"),
        ({"value": "-1"}, "is violated"),
        ({"reason": " "}, "the second person reads it"),
        ({"scope": "client", "client": "NOBODY"}, "This is no client the desk knows"),
        ({"scope": "client", "client": "ABROAD", "deed": "try"}, "This is no client the desk knows"),
        ({"scope": "everywhere"}, "not a valid choice"),
        ({"valid_to": "2020-13-01T00:00"}, "This is no valid to the desk knows"),
    ],
    ids=str,
)
def test_what_is_wrong_is_said_in_the_form(desk: Client, sent: dict[str, str], said: str) -> None:
    answer = desk.post("/limits/propose/?kind=limit", {**FORM, **sent})
    assert answer.status_code == 400
    assert said in text(answer)
    assert not Proposal.objects.exists()


def test_of_two_who_change_the_same_the_later_is_shown_the_difference(cast: Cast, desk: Client) -> None:
    seen = put_in_force(cast, value="10")
    put_in_force(cast, value="12")
    answer = desk.post("/limits/propose/?kind=limit", {**FORM, "made_from": str(seen.pk), "fixed": "1"})
    assert answer.status_code == 409
    assert "<del>12×</del>" in text(answer)
    assert "<ins>8×</ins>" in text(answer)
    assert Proposal.objects.filter(state="proposed").count() == 0


def test_an_approval_after_another_change_is_told_what_moved(cast: Cast, desk: Client) -> None:
    put_in_force(cast, value="10")
    desk.post("/limits/propose/?kind=limit", FORM)
    waiting = Proposal.objects.get(state="proposed")
    put_in_force(cast, value="12")
    desk.force_login(cast.eve)
    answer = desk.post(f"/limits/changes/{waiting.pk}/approve/")
    assert answer.status_code == 409
    assert "Another change came into force since" in text(answer)
    assert "<ins>12×</ins>" in text(answer)
    assert Limit.objects.get(revision_to=None).value == 12


def test_the_warning_that_moves_along_is_among_what_changes(cast: Cast, desk: Client) -> None:
    put_in_force(cast, kind="gross", value="6825000")
    change = {"desk": "PRIME", "kind": "gross", "scope": "desk", "value": "6000000"}
    made = propose(
        kind="limit", change=change, desk=cast.prime, reason="x", person=cast.ada, now=factories.MONDAY_NOON
    )
    assert isinstance(made, Proposal), made
    page = text(desk.get(f"/limits/changes/{made.pk}/"))
    moved = page.partition('id="changes-title"')[2].partition("What stays as it is")[0]
    for was, comes in (("6,825,000 USD", "6,000,000 USD"), ("5,460,000 USD", "4,800,000 USD")):
        assert f"<del>{was}</del></td><td><ins>{comes}</ins>" in moved


def test_a_reason_too_long_is_refused_and_not_cut(cast: Cast, desk: Client) -> None:
    answer = desk.post("/limits/propose/?kind=limit", {**FORM, "reason": "x" * 2001})
    assert (answer.status_code, Proposal.objects.count()) == (400, 0)
    assert "At most 2000 characters." in text(answer)


def test_a_rejection_says_why(cast: Cast, desk: Client) -> None:
    desk.post("/limits/propose/?kind=limit", FORM)
    waiting = Proposal.objects.get()
    desk.force_login(cast.eve)
    for note in ("", "x" * 2001):
        assert desk.post(f"/limits/changes/{waiting.pk}/reject/", {"note": note}).status_code == 400
    assert desk.post(f"/limits/changes/{waiting.pk}/reject/", {"note": "Too low"}).status_code == 303
    assert "Too low" in text(desk.get(f"/limits/changes/{waiting.pk}/"))


def test_its_author_can_only_take_it_back(cast: Cast, desk: Client) -> None:
    desk.post("/limits/propose/?kind=limit", FORM)
    waiting = Proposal.objects.get()
    assert desk.post(f"/limits/changes/{waiting.pk}/approve/").status_code == 400
    assert desk.post(f"/limits/changes/{waiting.pk}/withdraw/").status_code == 303


def test_undo_is_a_new_proposal_of_the_values_before(cast: Cast, desk: Client) -> None:
    put_in_force(cast, value="10", warn="7")
    change = put_in_force(cast, value="12").proposal
    assert change is not None
    form = text(desk.get(f"/limits/propose/?kind=limit&undo={change.pk}"))
    assert 'name="value" inputmode="decimal" required value="10"' in form
    assert f"Undo of change {change.pk}" in form


def test_the_history_shows_each_version_with_its_people_and_reason(cast: Cast, desk: Client) -> None:
    put_in_force(cast, value="10")
    limit = put_in_force(cast, value="12")
    page = text(desk.get(f"/limits/{limit.pk}/"))
    assert page.index("<ins>12×</ins>") < page.index("<ins>10×</ins>")
    assert "Propose these values again" in page
    buffer = HouseBuffer.objects.create(desk=cast.prime, buffer="0.1", **factories.version())
    assert "10 %" in text(desk.get(f"/limits/buffers/{buffer.pk}/"))


def test_the_list_of_the_administration_says_what_changes_and_in_what(cast: Cast, desk: Client) -> None:
    for value in ("10", "12"):
        put_in_force(cast, value=value)
    put_in_force(cast, kind="gross", value="1000000")
    put_in_force(cast, kind="one_asset", value="0.4")
    listed = ProposalPage(Proposal, site)
    assert [listed.moves(one) for one in Proposal.objects.order_by("pk")] == [
        "value — → 10×",
        "value 10× → 12×",
        "value — → 1,000,000 USD",
        "value — → 40.00 %",
    ]
