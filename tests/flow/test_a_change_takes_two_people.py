"""A change of a rule is proposed by one person, approved by another, and only then in force."""

from datetime import timedelta

import pytest
from django.db import IntegrityError, transaction

from accounts.models import AuditEvent, HouseBuffer, Proposal, RoleGrant, Shard
from margin.flow.change import approve, propose, reject, withdraw
from margin.models import HaircutVersion, Limit, ScheduleVersion
from tests import factories
from tests.conftest import Cast

NOW = factories.MONDAY_NOON
pytestmark = pytest.mark.django_db


def cap(cast: Cast, value: str = "10", **more: object) -> Proposal | list:
    change = {"desk": "PRIME", "kind": "leverage", "scope": "desk", "value": value, **more}
    return propose(kind="limit", change=change, desk=cast.prime, reason="calm", person=cast.ada, now=NOW)


def rules(said: Proposal | list) -> list[tuple[str, str]]:
    assert isinstance(said, list), said
    return [(refusal.field, refusal.rule) for refusal in said]


def test_a_proposal_puts_nothing_in_force(cast: Cast) -> None:
    assert isinstance(cap(cast), Proposal)
    assert not Limit.objects.exists()


def test_another_persons_approval_puts_it_in_force_at_the_next_house_revision(cast: Cast) -> None:
    before = Shard.objects.get(number=0).revision
    approve(proposal=cap(cast), person=cast.eve, now=NOW)
    limit = Limit.objects.get()
    assert (limit.value, limit.revision_from, limit.revision_to) == (10, before + 1, None)
    assert limit.proposal.approved_by == cast.eve
    assert limit.recorded_by == cast.eve


def test_the_next_approval_closes_the_version_before(cast: Cast) -> None:
    approve(proposal=cap(cast), person=cast.eve, now=NOW)
    approve(proposal=cap(cast, "8"), person=cast.eve, now=NOW)
    old, new = Limit.objects.order_by("revision_from")
    assert (old.revision_to, new.revision_to) == (new.revision_from, None)


def test_its_author_cannot_approve_it(cast: Cast) -> None:
    proposal = cap(cast)
    assert rules(approve(proposal=proposal, person=cast.ada, now=NOW)) == [("person", "second_person")]
    assert not Limit.objects.exists()


def test_its_subject_says_of_what_kind_it_is_and_upon_whom(cast: Cast) -> None:
    factories.client("ACME", of=cast.prime)
    said = [cap(cast), cap(cast, kind="gross"), cap(cast, kind="net", scope="client", client="ACME")]
    assert [one.subject for one in said] == [
        "limit: Prime · Leverage · Every client of the desk",
        "limit: Prime · Gross exposure · Every client of the desk",
        "limit: Prime · Net exposure · A client · ACME",
    ]


def test_even_a_bare_update_cannot_let_one_person_do_both(cast: Cast) -> None:
    proposal = cap(cast)
    with pytest.raises(IntegrityError, match="nobody_approves_their_own"), transaction.atomic():
        Proposal.objects.filter(pk=proposal.pk).update(approved_by=cast.ada, state="approved")


@pytest.mark.parametrize("name", ["rita", "vic", "otto", "nobody"])
def test_who_is_no_limits_admin_here_neither_proposes_nor_approves(cast: Cast, name: str) -> None:
    person = getattr(cast, name)
    said = propose(
        kind="limit", change={"desk": "PRIME", "scope": "desk", "value": "5"},
        desk=cast.prime, reason="x", person=person, now=NOW,
    )  # fmt: skip
    assert rules(said) == [("desk", "not_allowed")]
    assert rules(approve(proposal=cap(cast), person=person, now=NOW)) == [("person", "not_allowed")]


def test_an_approval_is_refused_when_another_change_came_first(cast: Cast) -> None:
    first, second = cap(cast, "10"), cap(cast, "12")
    approve(proposal=first, person=cast.eve, now=NOW)
    assert rules(approve(proposal=second, person=cast.eve, now=NOW)) == [("base_version", "moved_on")]
    assert Limit.objects.get().value == 10


def test_a_rejection_says_why(cast: Cast) -> None:
    proposal = cap(cast)
    for note in ("", " \n"):
        assert rules(reject(proposal=proposal, person=cast.eve, note=note, now=NOW)) == [("note", "required")]
    proposal.refresh_from_db()
    assert (proposal.state, proposal.decided_by) == ("proposed", None)


def test_a_decided_proposal_stays_decided(cast: Cast) -> None:
    proposal = cap(cast)
    reject(proposal=proposal, person=cast.eve, note="Too low", now=NOW)
    assert rules(approve(proposal=proposal, person=cast.eve, now=NOW)) == [("state", "already_decided")]
    assert rules(withdraw(proposal=proposal, person=cast.ada, now=NOW)) == [("state", "already_decided")]


def test_only_its_author_withdraws_it_and_only_another_rejects_it(cast: Cast) -> None:
    proposal = cap(cast)
    assert rules(withdraw(proposal=proposal, person=cast.eve, now=NOW)) == [("person", "not_yours")]
    assert rules(reject(proposal=proposal, person=cast.ada, now=NOW)) == [("person", "not_allowed")]
    assert withdraw(proposal=proposal, person=cast.ada, now=NOW).state == "withdrawn"


@pytest.mark.parametrize(
    ("change", "refused"),
    [
        ({"value": "0"}, ("", "invalid")),
        ({"value": "-1"}, ("", "invalid")),
        ({"value": "NaN"}, ("value", "not_understood")),
        ({"value": "lots"}, ("value", "not_understood")),
        ({"value": 10.5}, ("value", "not_understood")),
        ({"value": "1_0"}, ("value", "not_understood")),
        ({"value": "1E2"}, ("value", "not_understood")),
        ({"value": "٨"}, ("value", "not_understood")),
        ({"value": "5", "valid_to": "9999-12-31T23:59:59-05:00"}, ("valid_to", "not_understood")),
        ({"value": "5", "valid_to": "0001-01-01T00:00:00+14:00"}, ("valid_to", "not_understood")),
        ({"value": "5", "valid_to": "2026-12-01T00:00:00"}, ("valid_to", "not_understood")),
        ({"end": "false"}, ("end", "not_understood")),
        ({"value": "5", "warn": "6"}, ("", "invalid")),
        ({"value": "5", "is_staff": "1"}, ("is_staff", "unknown_field")),
        ({"value": "5", "client": "ACME"}, ("client", "not_understood")),
        ({"value": "5", "scope": "client"}, ("", "invalid")),
        ({"value": "5", "desk": "RETAIL"}, ("desk", "other_desk")),
        ({"value": "1." + "1" * 19}, ("value", "invalid")),
    ],
    ids=str,
)
def test_nonsense_is_refused_by_field_and_rule(cast: Cast, change: dict, refused: tuple[str, str]) -> None:
    assert refused in rules(cap(cast, **change))


def test_a_change_that_changes_nothing_is_refused(cast: Cast) -> None:
    approve(proposal=cap(cast), person=cast.eve, now=NOW)
    assert rules(cap(cast)) == [("", "nothing_changes")]


HIDING = ["\u202eesool", "a\x00b", "a\u200bb"]


@pytest.mark.parametrize("words", HIDING)
def test_a_reason_reads_as_it_is_stored(cast: Cast, words: str) -> None:
    change = {"desk": "PRIME", "kind": "leverage", "scope": "desk", "value": "10"}
    said = propose(kind="limit", change=change, desk=cast.prime, reason=words, person=cast.ada, now=NOW)
    assert rules(said) == [("reason", "control_character")]


@pytest.mark.parametrize("words", HIDING)
def test_a_note_reads_as_it_is_stored(cast: Cast, words: str) -> None:
    proposal = cap(cast)
    for deed, person in ((approve, cast.eve), (reject, cast.eve), (withdraw, cast.ada)):
        said = deed(proposal=proposal, person=person, note=words, now=NOW)
        assert rules(said) == [("note", "control_character")]
    assert isinstance(approve(proposal=proposal, person=cast.eve, note="two\r\nlines", now=NOW), Proposal)


def test_a_client_of_another_desk_does_not_exist_for_a_proposal(cast: Cast) -> None:
    factories.client("OTHER", of=cast.retail)
    foreign, nobodys = (cap(cast, scope="client", client=code)[0] for code in ("OTHER", "NOBODY"))
    assert (foreign.field, foreign.rule, foreign.value) == ("client", "not_understood", "OTHER")
    assert (foreign.rule, foreign.message) == (nobodys.rule, nobodys.message)


def test_a_buffer_of_zero_is_a_value_and_blank_inherits(cast: Cast) -> None:
    for value in ("0", None):
        change = {"desk": "PRIME", "buffer": value}
        proposal = propose(
            kind="buffer", change=change, desk=cast.prime, reason="x", person=cast.ada, now=NOW
        )
        approve(proposal=proposal, person=cast.eve, now=NOW)
    assert list(HouseBuffer.objects.order_by("revision_from").values_list("buffer", flat=True)) == [0, None]


def test_a_schedule_changes_with_all_its_tiers(cast: Cast) -> None:
    schedule = factories.schedule("FLAT")
    rows = [
        {"floor": "0", "initial_rate": "0.04", "maintenance_rate": "0.02"},
        {"floor": "1000", "initial_rate": "0.08", "maintenance_rate": "0.04"},
    ]
    proposal = propose(
        kind="schedule",
        change={"schedule": "FLAT", "rows": rows},
        desk=None,
        reason="x",
        person=cast.ada,
        now=NOW,
    )
    approve(proposal=proposal, person=cast.eve, now=NOW)
    live = ScheduleVersion.objects.get(schedule=schedule, revision_to__isnull=True)
    assert [tier.maintenance_rate for tier in live.tiers.all()] == [proposal_rate(r) for r in rows]


def proposal_rate(row: dict[str, str]) -> object:
    from decimal import Decimal

    return Decimal(row["maintenance_rate"])


@pytest.mark.parametrize(
    ("rows", "refused"),
    [
        ([], ("rows", "required")),
        ([("5", "0.1", "0.1")], ("rows.0.floor", "first_floor_is_zero")),
        ([("0", "0.1", "0.05"), ("0", "0.2", "0.1")], ("rows.1.floor", "floors_rise")),
        ([("0", "0.1", "0.05"), ("9", "0.2", "0.04")], ("rows.1.maintenance_rate", "rates_never_fall")),
        ([("0", "0.1", "0.2")], ("rows.0.", "invalid")),
        ([("0", "1.5", "0.2")], ("rows.0.", "invalid")),
        ([("0", "0.1", "0.05", "9"), ("9", "0.2", "0.1")], ("rows.0.cap", "only_the_last_is_capped")),
        ([("0", "0.1", "0.05"), ("9", "0.2", "0.1", "9")], ("rows.1.cap", "cap_above_floor")),
    ],
    ids=str,
)
def test_tiers_must_form_a_ladder(cast: Cast, rows: list, refused: tuple[str, str]) -> None:
    factories.schedule("FLAT")
    names = ("floor", "initial_rate", "maintenance_rate", "cap")
    sent = [dict(zip(names, row, strict=False)) for row in rows]
    said = propose(
        kind="schedule",
        change={"schedule": "FLAT", "rows": sent},
        desk=None,
        reason="x",
        person=cast.ada,
        now=NOW,
    )
    assert refused in rules(said)


def test_a_haircut_can_be_ended(cast: Cast) -> None:
    usd = factories.asset("USD")
    factories.haircut(usd)
    proposal = propose(
        kind="haircut", change={"asset": "USD", "end": True}, desk=None, reason="x", person=cast.ada, now=NOW
    )
    approve(proposal=proposal, person=cast.eve, now=NOW)
    assert not HaircutVersion.objects.filter(revision_to__isnull=True).exists()


def test_nobody_approves_a_role_of_their_own(cast: Cast) -> None:
    change = {"user": "eve", "desk": "PRIME", "role": "risk_manager"}
    proposal = propose(kind="role", change=change, desk=cast.prime, reason="x", person=cast.ada, now=NOW)
    assert rules(approve(proposal=proposal, person=cast.eve, now=NOW)) == [("person", "own_role")]


def test_a_role_is_granted_by_two_people(cast: Cast) -> None:
    change = {"user": "nobody", "desk": "PRIME", "role": "viewer"}
    proposal = propose(kind="role", change=change, desk=cast.prime, reason="x", person=cast.ada, now=NOW)
    approve(proposal=proposal, person=cast.eve, now=NOW + timedelta(minutes=1))
    assert RoleGrant.objects.filter(user=cast.nobody, role="viewer", revision_to__isnull=True).exists()


def test_every_step_leaves_an_audit_row(cast: Cast) -> None:
    approve(proposal=cap(cast), person=cast.eve, note="fine", now=NOW)
    assert set(AuditEvent.objects.values_list("action", flat=True)) >= {"limit.proposed", "limit.approved"}
