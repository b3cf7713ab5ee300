"""Roles in force decide what exists for whom; nothing else does."""

import pytest
from django.apps import apps
from django.contrib.auth.models import AnonymousUser

from accounts.access import Action, Principal, desks_for, desks_where, for_user, may, scope_allows
from accounts.models import ApiToken, Asset, Client, Desk, Proposal, Replay, Role, RoleGrant, SubAccount
from margin.models import PositionVersion
from riskdesk import clock
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db


def codes(rows):
    return sorted(rows.values_list("code", flat=True))


def test_everybody_sees_the_desks_of_their_grants_and_no_other(cast: Cast):
    assert codes(desks_for(cast.rita)) == ["PRIME"]
    assert codes(desks_for(cast.otto)) == ["RETAIL"]
    assert codes(desks_for(cast.rita, Role.VIEWER)) == []
    assert codes(desks_for(cast.nobody)) == codes(desks_for(AnonymousUser())) == []


@pytest.mark.parametrize(
    ("name", "actions"),
    [
        ("vic", {"see_desk"}),
        (
            "rita",
            {
                *("see_desk", "be_alerted", "acknowledge", "call_margin", "move_money", "send_positions"),
                *("check_orders", "ask_for_excess", "restrict"),
            },
        ),
        ("ada", {"see_desk", "propose", "approve", "edit_reference", "ask_for_excess"}),
        ("otto", set()),
        ("nobody", set()),
    ],
)
def test_each_role_may_do_its_own_and_nothing_more(cast: Cast, name: str, actions: set[str]):
    person = getattr(cast, name)
    assert {action.value for action in Action if may(person, action, cast.prime)} == actions


def test_a_grant_that_ended_gives_nothing(cast: Cast):
    RoleGrant.objects.filter(user=cast.rita).update(revision_to=factories.revision())
    assert not may(cast.rita, Action.SEE_DESK, cast.prime)


def test_a_person_switched_off_has_nothing_even_through_an_object_read_before(cast: Cast):
    type(cast.rita).objects.filter(pk=cast.rita.pk).update(is_active=False)
    assert cast.rita.is_active
    assert not may(cast.rita, Action.SEE_DESK, cast.prime)


def test_a_superuser_without_a_grant_sees_no_row(cast: Cast):
    factories.client()
    cast.nobody.is_superuser = cast.nobody.is_staff = True
    cast.nobody.save()
    assert not for_user(Client, cast.nobody).exists()
    assert not may(cast.nobody, Action.SEE_DESK, None)


def test_rows_of_another_desk_do_not_exist(cast: Cast):
    ours = factories.sub_account("ACME-1")
    theirs = factories.sub_account("ZED-1", of=factories.client("ZED", of=cast.retail))
    assert codes(for_user(SubAccount, cast.vic)) == [ours.code]
    assert codes(for_user(SubAccount.objects.filter(status="active"), cast.otto)) == [theirs.code]
    assert codes(for_user(Desk, cast.vic)) == ["PRIME"]


def test_rows_are_cut_by_the_action_too(cast: Cast):
    factories.client()
    assert for_user(Client, cast.vic).exists()
    assert not for_user(Client, cast.vic, Action.MOVE_MONEY).exists()


def test_what_is_house_wide_is_read_by_anybody_with_a_role(cast: Cast):
    assert for_user(Asset, cast.otto).exists()
    assert not for_user(Asset, cast.nobody).exists()
    assert not for_user(Asset, AnonymousUser()).exists()


def test_a_proposal_for_the_whole_house_is_seen_from_every_desk(cast: Cast):
    def propose(desk: Desk | None) -> Proposal:
        return Proposal.objects.create(
            kind="schedule", desk=desk, subject="x", change={}, reason="x", proposed_by=cast.ada,
            proposed_at=clock.now(),
        )  # fmt: skip

    propose(cast.prime)
    whole = propose(None)
    assert list(for_user(Proposal, cast.otto)) == [whole]
    assert for_user(Proposal, cast.vic).count() == 2
    assert not for_user(Proposal, cast.nobody).exists()


def test_internal_rows_are_shown_by_no_door(cast: Cast):
    with pytest.raises(TypeError, match="Replay"):
        for_user(Replay, cast.ada)


@pytest.mark.parametrize("app", ["accounts", "margin"])
def test_every_noun_says_where_its_desk_lies(cast: Cast, app: str):
    for model in apps.get_app_config(app).get_models():
        if hasattr(model, "pgh_tracked_model"):  # history of a noun, read through the noun's own door
            continue
        assert hasattr(model, "desk_path") or hasattr(model, "person_path"), model
        if getattr(model, "desk_path", None) is not None:
            list(for_user(model, cast.rita)[:1])


def principal(person, *scopes: str) -> Principal:
    return Principal(person=person, scopes=frozenset(scopes))


def test_a_scope_narrows_the_person_and_never_widens_them(cast: Cast):
    reader = principal(cast.rita, "read:PRIME")
    assert may(reader, Action.SEE_DESK, cast.prime)
    assert not may(reader, Action.ACKNOWLEDGE, cast.prime)
    assert not may(principal(cast.vic, "transfers:PRIME"), Action.MOVE_MONEY, cast.prime)
    assert not may(principal(cast.rita, "read:RETAIL"), Action.SEE_DESK, cast.retail)


def test_without_scopes_a_token_may_what_the_person_may(cast: Cast):
    token = Principal(person=cast.rita, token=ApiToken(pk=7, name="feed", user=cast.rita))
    assert may(token, Action.MOVE_MONEY, cast.prime)
    assert token.name == "rita by feed"
    assert token.caller == "token:7"


def test_rows_are_cut_by_the_scopes(cast: Cast):
    account = factories.sub_account("ACME-1")
    factories.position(account, factories.instrument(), "1", "100")
    assert not for_user(PositionVersion, principal(cast.rita, "alerts:PRIME")).exists()
    assert for_user(PositionVersion, principal(cast.rita, "read:PRIME")).exists()
    sender = principal(cast.rita, "positions:PRIME")
    assert for_user(PositionVersion, sender, Action.SEND_POSITIONS).exists()


def test_a_scope_is_allowed_when_person_and_token_both_have_it(cast: Cast):
    assert scope_allows(principal(cast.rita), "positions:PRIME")
    assert scope_allows(principal(cast.rita, "positions:PRIME"), "positions:PRIME")
    assert not scope_allows(principal(cast.rita, "read:PRIME"), "positions:PRIME")
    assert not scope_allows(principal(cast.vic), "positions:PRIME")
    assert not scope_allows(principal(cast.rita), "positions:RETAIL")
    assert not scope_allows(principal(cast.rita), "nonsense:PRIME")


def test_prices_are_sent_only_by_a_token_that_names_the_source(cast: Cast):
    assert scope_allows(principal(cast.rita, "prices:sim"), "prices:sim")
    assert not scope_allows(principal(cast.rita, "prices:sim"), "prices:other")
    assert not scope_allows(principal(cast.rita), "prices:sim")
    assert not scope_allows(principal(cast.rita, "read:PRIME"), "metrics")


def test_the_desks_of_a_scoped_token_are_those_it_names(cast: Cast):
    factories.grant(cast.rita, cast.retail, Role.VIEWER)
    assert codes(desks_where(cast.rita, Action.SEE_DESK)) == ["PRIME", "RETAIL"]
    assert codes(desks_where(principal(cast.rita, "read:RETAIL"), Action.SEE_DESK)) == ["RETAIL"]
