"""People and tokens in the admin: of the caller's own desks, and who has no role yet; nobody else exists."""

from typing import Any

import pytest
from django.test import Client as Browser
from django.urls import reverse

from accounts.admin.people import PersonPage
from accounts.models import ApiToken, AuditEvent, Proposal, Role, RoleGrant, User
from accounts.tokens import Issued, issue
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
PEOPLE, TOKENS = "admin:accounts_user_changelist", "admin:accounts_apitoken_changelist"


@pytest.fixture
def ada_in(cast: Cast, client: Browser) -> Browser:
    """Ada, administrator of PRIME alone."""
    factories.grant(cast.ada, cast.prime, Role.ADMINISTRATOR)
    client.force_login(cast.ada)
    return client


def listed(browser: Browser, page: str) -> list[Any]:
    return list(browser.get(reverse(page)).context["cl"].queryset)


def names(browser: Browser) -> set[str]:
    return {person.username for person in listed(browser, PEOPLE)}


def token(person: User) -> ApiToken:
    answer = issue(person=person, name=f"of {person}")
    assert isinstance(answer, Issued)
    return answer.token


def revoke(browser: Browser, row: ApiToken) -> int:
    sent = {"action": "revoke", "_selected_action": [row.pk]}
    return browser.post(reverse(TOKENS), sent).status_code


def test_the_list_shows_the_people_of_their_desks_and_who_has_no_role(cast: Cast, ada_in: Browser) -> None:
    assert names(ada_in) == {"rita", "vic", "ada", "eve", "nobody"}
    factories.grant(cast.otto, cast.prime, Role.VIEWER)
    assert "otto" in names(ada_in)
    RoleGrant.objects.filter(user=cast.otto).update(revision_to=factories.revision())
    assert "otto" in names(ada_in), "his roles have ended: he may get others"


def test_a_viewers_role_elsewhere_shows_nobody_of_there(cast: Cast, ada_in: Browser) -> None:
    factories.grant(cast.ada, cast.retail, Role.VIEWER)
    assert "otto" not in names(ada_in)


@pytest.mark.parametrize(
    "page", ["accounts_user_change", "accounts_user_history", "auth_user_password_change"]
)
def test_a_person_of_another_desk_does_not_exist(cast: Cast, ada_in: Browser, page: str) -> None:
    answer = ada_in.get(reverse(f"admin:{page}", args=[cast.otto.pk]))
    assert answer.status_code in {302, 404}
    assert b"otto@" not in answer.content


def test_a_person_with_a_role_elsewhere_too_is_shown_and_not_changed(cast: Cast, ada_in: Browser) -> None:
    factories.grant(cast.otto, cast.prime, Role.VIEWER)
    page = reverse("admin:accounts_user_change", args=[cast.otto.pk])
    for active in (True, False):
        User.objects.filter(pk=cast.otto.pk).update(is_active=active)
        assert ada_in.get(page).status_code == 200
        assert ada_in.post(page, {"username": "taken"}).status_code == 403
    assert ada_in.get(reverse("admin:accounts_user_change", args=[cast.vic.pk])).context[
        "has_change_permission"
    ]


def test_tokens_are_of_these_people_alone(cast: Cast, ada_in: Browser) -> None:
    mine, ritas, theirs = token(cast.ada), token(cast.rita), token(cast.otto)
    assert set(listed(ada_in, TOKENS)) == {mine, ritas}
    revoke(ada_in, theirs)
    revoke(ada_in, ritas)
    assert set(ApiToken.objects.filter(revoked_at__isnull=True)) == {mine, theirs}


def test_a_token_of_who_has_a_role_elsewhere_too_is_shown_and_not_revoked(
    cast: Cast, ada_in: Browser
) -> None:
    factories.grant(cast.otto, cast.prime, Role.VIEWER)
    theirs = token(cast.otto)
    assert listed(ada_in, TOKENS) == [theirs]
    assert revoke(ada_in, theirs) == 403
    assert ApiToken.objects.filter(revoked_at__isnull=True).exists()


def test_a_limits_admin_finds_their_own_tokens_alone(cast: Cast, client: Browser) -> None:
    client.force_login(cast.eve)
    own = token(cast.eve)
    token(cast.rita)
    assert listed(client, TOKENS) == [own]
    assert revoke(client, own) == 302
    assert not ApiToken.objects.filter(user=cast.eve, revoked_at__isnull=True).exists()


def test_a_role_is_proposed_for_a_name_without_a_list_of_names(cast: Cast, ada_in: Browser) -> None:
    page = reverse("admin:accounts_rolegrant_add")
    assert "otto" not in ada_in.get(page).content.decode()
    sent = {"desk": cast.prime.pk, "role": "viewer", "reason": "covers the night"}
    assert "user" in ada_in.post(page, {**sent, "user": "nowhere"}).context["adminform"].form.errors
    assert ada_in.post(page, {**sent, "user": "otto"}).status_code == 302
    assert Proposal.objects.get().change["user"] == "otto"


def test_nobody_sets_the_password_of_who_approves_while_they_are_switched_off(
    cast: Cast, ada_in: Browser
) -> None:
    User.objects.filter(pk=cast.eve.pk).update(is_active=False)
    page = reverse("admin:auth_user_password_change", args=[cast.eve.pk])
    assert ada_in.get(page).status_code == 403


@pytest.mark.parametrize(("who", "moved"), [("eve", False), ("rita", True), ("ada", True)])
def test_a_name_stays_and_who_approves_keeps_the_address_a_new_password_is_sent_to(
    cast: Cast, ada_in: Browser, who: str, moved: bool
) -> None:
    """Else an administrator would have it sent to themselves, and approve their own proposals as another."""
    person = User.objects.get(username=who)
    sent = {"username": "mallory", "email": "mallory@example.com", "first_name": "", "last_name": ""}
    page = reverse("admin:accounts_user_change", args=[person.pk])
    assert ada_in.post(page, {**sent, "is_active": "on", "is_staff": "on"}).status_code == 302
    person.refresh_from_db()
    assert (person.username, person.email == sent["email"]) == (who, moved)


def test_who_is_switched_off_meanwhile_switches_nobody_off(
    cast: Cast, ada_in: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two who do it to each other at once: the second finds itself switched off when its turn comes."""
    allowed = PersonPage.save_form

    def switched_off_since(*given: Any, **named: Any) -> Any:
        User.objects.filter(pk=cast.ada.pk).update(is_active=False)
        return allowed(*given, **named)

    monkeypatch.setattr(PersonPage, "save_form", switched_off_since)
    page = reverse("admin:accounts_user_change", args=[cast.rita.pk])
    row = {"first_name": "", "last_name": "", "email": "rita@desk.example"}
    assert ada_in.post(page, row).status_code == 403
    assert User.objects.get(pk=cast.rita.pk).is_active


def test_a_change_of_a_person_is_recorded_with_what_stood_there(cast: Cast, ada_in: Browser) -> None:
    page = reverse("admin:accounts_user_change", args=[cast.rita.pk])
    row = {"first_name": "", "last_name": "", "is_active": "on", "email": "rita@new.example"}
    assert ada_in.post(page, row).status_code == 302
    told = AuditEvent.objects.get(subject="person:rita")
    assert (told.before, told.after) == ({"email": "rita@desk.example"}, {"email": "rita@new.example"})
