"""`found_desk` gives a desk its first two roles, once; from then on each role takes both of them."""

import pytest
from django.core.management import CommandError, call_command

from accounts.models import Asset, AuditEvent, Desk, Proposal, RoleGrant, User
from margin.flow.change import approve, propose
from tests import factories

NOW = factories.MONDAY_NOON
PRIME = {"name": "Prime", "zone": "Europe/London", "currency": "USD"}
pytestmark = pytest.mark.django_db


@pytest.fixture
def people() -> tuple[User, User]:
    factories.shard()
    return factories.person("ann", staff=True), factories.person("bob", staff=True)


def found(code: str = "PRIME", admins: tuple[str, ...] = ("ann", "bob"), **more: str) -> None:
    call_command("found_desk", code, admins=list(admins), **(PRIME | more))


def refused(match: str, code: str = "PRIME", admins: tuple[str, ...] = ("ann", "bob"), **more: str) -> None:
    desks = Desk.objects.count()
    counts = AuditEvent.objects.count(), RoleGrant.objects.count(), Asset.objects.count()
    with pytest.raises(CommandError, match=match):
        found(code, admins, **more)
    assert desks == Desk.objects.count()
    assert counts == (AuditEvent.objects.count(), RoleGrant.objects.count(), Asset.objects.count())


def test_an_empty_database_gets_a_desk_with_two_administrators(people: tuple[User, User]) -> None:
    found()
    desk = Desk.objects.get()
    assert (desk.code, desk.name, desk.zone, desk.reporting_currency.code) == (
        "PRIME", "Prime", "Europe/London", "USD",
    )  # fmt: skip
    grants = RoleGrant.objects.order_by("user__username")
    assert [(g.user.username, g.role, g.revision_to) for g in grants] == [
        ("ann", "administrator", None), ("bob", "administrator", None),
    ]  # fmt: skip


def test_each_deed_is_in_the_audit_trail(people: tuple[User, User]) -> None:
    found()
    deeds = AuditEvent.objects.order_by("pk").values_list("actor_name", "action", "subject", "desk__code")
    assert list(deeds) == [
        ("operator", "asset.added", "asset USD", None),
        ("operator", "desk.founded", "desk PRIME", "PRIME"),
        ("operator", "role.founded", "ann on PRIME", "PRIME"),
        ("operator", "role.founded", "bob on PRIME", "PRIME"),
    ]


def test_from_then_on_a_role_takes_both_of_them(people: tuple[User, User]) -> None:
    ann, bob = people
    factories.person("carl")
    found()
    change = {"user": "carl", "desk": "PRIME", "role": "risk_manager"}
    said = propose(
        kind="role", change=change, desk=Desk.objects.get(), reason="he starts", person=ann, now=NOW
    )
    assert isinstance(said, Proposal), said
    own = approve(proposal=said, person=ann, now=NOW)
    assert isinstance(own, list)
    assert own[0].rule == "second_person"
    assert isinstance(approve(proposal=said, person=bob, now=NOW), Proposal)
    assert RoleGrant.objects.filter(user__username="carl", role="risk_manager").exists()


def test_a_desk_is_founded_once_even_when_its_roles_have_ended(people: tuple[User, User]) -> None:
    found()
    refused("PRIME has had roles already")
    RoleGrant.objects.update(revision_to=factories.revision())
    refused("PRIME has had roles already")


def test_a_desk_that_stands_without_roles_gets_them_and_stays_as_it_is(people: tuple[User, User]) -> None:
    factories.desk("PRIME", "Europe/London")
    refused("stands with other particulars: Prime, Europe/London, USD", zone="UTC")
    found()
    assert RoleGrant.objects.count() == 2


def test_a_second_desk_has_a_beginning_of_its_own(people: tuple[User, User]) -> None:
    found()
    found("RETAIL", ("bob", "ann"), name="Retail")
    assert RoleGrant.objects.filter(desk__code="RETAIL").count() == 2


@pytest.mark.parametrize("admins", [("ann", "ann"), ("ann", "Ann")])
def test_it_takes_two_different_people(people: tuple[User, User], admins: tuple[str, ...]) -> None:
    factories.person("Ann", staff=True)
    refused("two different people", admins=admins)


def test_both_must_be_there_and_able_to_open_the_admin(people: tuple[User, User]) -> None:
    refused("nobody with the sign-in name eve", admins=("ann", "eve"))
    factories.person("carl")
    refused("carl cannot open the admin", admins=("ann", "carl"))
    User.objects.filter(username="bob").update(is_active=False)
    refused("bob cannot open the admin")


@pytest.mark.parametrize(
    ("more", "match"),
    [
        ({"zone": "Mars/Base"}, "no time zone"),
        ({"code": "prime"}, "A code is"),
        ({"currency": "u"}, "A code is"),
        ({"name": ""}, "cannot be blank"),
    ],
)
def test_particulars_that_do_not_hold_leave_nothing_behind(
    people: tuple[User, User], more: dict[str, str], match: str
) -> None:
    refused(match, **more)
