"""Restrictions: one person imposes, one lifts what is narrow, two what is wide; every change is kept."""

from datetime import timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.models import AuditEvent, Proposal, SubAccount
from margin.book.controls import controls_at, load_controls
from margin.book.frame import row_at
from margin.flow.change import approve
from margin.flow.confirmed import last_drill, living_gates, watch_confirmations
from margin.flow.control import Aim, drill, impose, lift
from margin.flow.imposed import with_control
from margin.models import Alert, ControlChange, GateConfirmation, Restriction
from riskdesk.locks import GATE
from tests import factories
from tests.conftest import Cast
from tests.factories import MONDAY_NOON
from tests.pages import frames

pytestmark = pytest.mark.django_db
State, Scope = Restriction.State, Restriction.Scope
LATER = MONDAY_NOON + timedelta(minutes=1)


@pytest.fixture
def account(cast: Cast) -> SubAccount:
    return factories.sub_account("ACME-1", of=factories.client("ACME", of=cast.prime))


def imposed(cast: Cast, aim: Aim, state: str = State.FROZEN) -> Restriction:
    found = impose(aim, state=state, reason="A fat finger", person=cast.rita, now=MONDAY_NOON)
    assert isinstance(found, Restriction), found
    return found


def test_one_person_imposes_and_lifts_what_is_narrow_with_a_reason(cast: Cast, account: SubAccount) -> None:
    row = imposed(cast, Aim(Scope.CLIENT, cast.prime, account.client))
    for reason, rule in (("", "required"), ("x" * 501, "max_length"), ("\u202e", "control_character")):
        found: Any = lift(row, person=cast.rita, reason=reason, now=LATER)
        assert [one.rule for one in found] == [rule]
    assert lift(row, person=cast.rita, reason="Called them", now=LATER) == row
    again: Any = lift(row, person=cast.rita, reason="Called them", now=LATER)
    assert again[0].rule == "lifted_already"
    deeds = AuditEvent.objects.filter(subject=f"restriction:{row.pk}").order_by("pk")
    assert [(one.action, one.actor_name, one.reason) for one in deeds] == [
        ("control.impose", "rita", "A fat finger"),
        ("control.lift", "rita", "Called them"),
    ]
    changes = ControlChange.objects.order_by("revision").values_list("revision", "deed", "restriction")
    assert list(changes) == [(1, "impose", row.pk), (2, "lift", row.pk)]
    key = {"desk": "PRIME", "client": "ACME", "account": "ACME-1", "now": LATER}
    assert load_controls().binding(**key) is None
    assert controls_at(MONDAY_NOON).binding(**key) is not None


def test_what_is_wide_is_lifted_by_two_and_holds_until_then(cast: Cast) -> None:
    for aim in (Aim(Scope.DESK, cast.prime), Aim(Scope.ALL)):
        row = imposed(cast, aim)
        proposal = lift(row, person=cast.rita, reason="It is over", now=LATER)
        assert isinstance(proposal, Proposal), proposal
        twice: Any = lift(row, person=cast.rita, reason="It is over", now=LATER)
        assert twice[0].rule == "one_waits"
        own: Any = approve(proposal=proposal, person=cast.rita, now=LATER)
        assert own[0].rule == "second_person"
        assert load_controls().by_key
        assert isinstance(approve(proposal=proposal, person=cast.ada, now=LATER), Proposal)
        assert not load_controls().by_key
        row.refresh_from_db()
        assert (row.lifted_by, row.lift_reason, row.proposal) == (cast.ada, "It is over", proposal)
        again: Any = lift(row, person=cast.rita, reason="Once more", now=LATER)
        assert again[0].rule == "lifted_already"


@pytest.mark.django_db(transaction=True)
def test_of_many_who_lift_what_is_wide_at_once_one_makes_the_proposal(cast: Cast) -> None:
    row, together, found = imposed(cast, Aim(Scope.ALL)), Barrier(6), []

    def ask() -> None:
        try:
            together.wait(timeout=90)
            found.append(lift(row, person=cast.rita, reason="It is over", now=LATER))
        finally:
            connection.close()

    threads = [Thread(target=ask) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=90)
    assert sorted("made" if isinstance(one, Proposal) else one[0].rule for one in found) == [
        "made",
        *["one_waits"] * 5,
    ]
    assert Proposal.objects.count() == 1


def test_nothing_of_it_is_deleted(cast: Cast) -> None:
    imposed(cast, Aim(Scope.ALL))
    for table in ("margin_restriction", "margin_controlchange"):
        with pytest.raises(DatabaseError, match="is refused"), transaction.atomic():
            connection.cursor().execute(f"DELETE FROM {table}")


def test_the_newest_frame_shows_who_is_held_back(cast: Cast, account: SubAccount) -> None:
    rows = [frames.account(code, desk="PRIME", client=code[:4]) for code in ("ACME-1", "ACME-2", "ZEDD-1")]
    shown = frames.frame(rows, [])

    def words() -> list[str]:
        found = with_control(shown, load_controls(), MONDAY_NOON)
        return [row_at(found.accounts, place)["control"] for place in range(3)]

    assert words() == ["open"] * 3
    imposed(cast, Aim(Scope.CLIENT, cast.prime, account.client), State.REDUCE_ONLY)
    assert words() == ["reduce_only", "reduce_only", "open"]
    imposed(cast, Aim(Scope.ACCOUNT, cast.prime, sub_account=account))
    assert words() == ["frozen", "reduce_only", "open"]
    imposed(cast, Aim(Scope.DESK, cast.prime), State.REDUCE_ONLY)
    assert words() == ["frozen", "reduce_only", "reduce_only"]


def test_what_a_living_gate_has_not_confirmed_is_an_alert_until_it_has(
    cast: Cast, account: SubAccount
) -> None:
    assert living_gates() == []
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s, 1), pg_backend_pid(), clock_timestamp()", [GATE])
        _, backend, at = cursor.fetchone()
    try:
        ControlChange.objects.create(
            revision=1, at=at - timedelta(seconds=60), deed="drill", person=cast.rita
        )
        (gate,) = living_gates()
        assert (gate.shards, gate.revision, gate.is_late) == ((1,), None, True)
        assert watch_confirmations().raised == 1
        assert watch_confirmations().raised == 0
        alert = Alert.objects.get(reason="control_unconfirmed")
        assert (alert.desk, alert.severity) == (cast.prime, "critical")
        GateConfirmation.objects.create(
            backend=backend, revision=1, applied_at=at - timedelta(seconds=59), seen_at=at
        )
        assert living_gates()[0].missing_seconds is None
        assert watch_confirmations().resolved == 1
        drilled = last_drill()
        assert drilled is not None
        assert (drilled.gates, drilled.milliseconds) == (1, 1000)
        assert drill(cast.rita) == 2
        assert living_gates()[0].missing_seconds is not None
    finally:
        connection.cursor().execute("SELECT pg_advisory_unlock(%s, 1)", [GATE])
