"""Sessions, lock-outs and deeds of no desk: of the caller's own people; what is nobody's, of the house's."""

from typing import Any

import pytest
from allauth.usersessions.models import UserSession
from axes.models import AccessAttempt
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.test import Client as Browser
from django.urls import reverse

from accounts.audit import record
from accounts.models import AuditEvent, Role, User
from accounts.sessions import LONGEST
from riskdesk import clock
from tests import factories
from tests.conftest import Cast

pytestmark = pytest.mark.django_db
SESSIONS = "admin:usersessions_usersession_changelist"
LOCK_OUTS = "admin:axes_accessattempt_changelist"
DEEDS = "admin:accounts_auditevent_changelist"


@pytest.fixture
def ada_in(cast: Cast, client: Browser) -> Browser:
    """Ada, administrator of PRIME alone; everybody is signed in, and was locked out, once."""
    factories.grant(cast.ada, cast.prime, Role.ADMINISTRATOR)
    client.force_login(cast.ada)
    for person in (cast.rita, cast.otto):
        session_of(person)
        attempt_of(person.username)
    attempt_of("whoever")
    return client


@pytest.fixture
def house(cast: Cast, ada_in: Browser) -> Browser:
    factories.grant(cast.ada, cast.retail, Role.ADMINISTRATOR)
    return ada_in


def session_of(person: User) -> UserSession:
    store = SessionStore()
    store.create()
    return UserSession.objects.create(
        user=person, ip="192.0.2.1", session_key=store.session_key, user_agent="x"
    )


def keys_of(person: User) -> list[str]:
    return list(UserSession.objects.filter(user=person).values_list("session_key", flat=True))


def attempt_of(name: str) -> AccessAttempt:
    return AccessAttempt.objects.create(username=name, ip_address="192.0.2.1", failures_since_start=10)


def listed(browser: Browser, page: str) -> list[Any]:
    return list(browser.get(reverse(page)).context["cl"].queryset)


def signed_in(browser: Browser) -> set[str]:
    return {session.user.username for session in listed(browser, SESSIONS)} - {"ada"}


def locked_out(browser: Browser) -> set[str]:
    return {attempt.username for attempt in listed(browser, LOCK_OUTS)}


def act(browser: Browser, page: str, action: str, rows: Any) -> int:
    sent = {"action": action, "_selected_action": [row.pk for row in rows]}
    return browser.post(reverse(page), sent).status_code


def test_an_administrator_of_one_desk_sees_its_people_alone(ada_in: Browser) -> None:
    assert signed_in(ada_in) == {"rita"}
    assert locked_out(ada_in) == {"rita"}


def test_a_name_is_found_however_it_is_spelled(cast: Cast, ada_in: Browser) -> None:
    User.objects.filter(pk=cast.rita.pk).update(username="Rita")
    assert locked_out(ada_in) == {"rita"}


def test_an_administrator_of_every_desk_sees_all_and_what_is_nobodys(house: Browser) -> None:
    assert signed_in(house) == {"rita", "otto"}
    assert locked_out(house) == {"rita", "otto", "whoever"}


def test_a_session_that_is_over_is_not_shown(cast: Cast, house: Browser) -> None:
    for person, change in ((cast.rita, {"expire_date": clock.now()}), (cast.otto, None)):
        kept = Session.objects.filter(session_key__in=keys_of(person))
        kept.update(**change) if change else kept.delete()
    assert signed_in(house) == set()
    session_of(cast.otto)
    assert signed_in(house) == {"otto"}
    UserSession.objects.filter(user=cast.otto).update(created_at=clock.now() - LONGEST)
    assert signed_in(house) == set()


def test_a_limits_admin_sees_none(cast: Cast, ada_in: Browser) -> None:
    ada_in.force_login(cast.eve)
    for page in (SESSIONS, LOCK_OUTS):
        assert ada_in.get(reverse(page)).status_code == 403


def test_what_is_of_another_desk_is_neither_ended_nor_lifted(cast: Cast, ada_in: Browser) -> None:
    act(ada_in, SESSIONS, "end", UserSession.objects.filter(user=cast.otto))
    act(ada_in, LOCK_OUTS, "lift", AccessAttempt.objects.filter(username="otto"))
    assert UserSession.objects.filter(user=cast.otto).exists()
    assert AccessAttempt.objects.filter(username="otto").exists()


def test_who_has_a_role_elsewhere_too_is_shown_and_left_alone(cast: Cast, ada_in: Browser) -> None:
    factories.grant(cast.otto, cast.prime, Role.VIEWER)
    assert signed_in(ada_in) == locked_out(ada_in) == {"rita", "otto"}
    assert act(ada_in, SESSIONS, "end", UserSession.objects.filter(user=cast.otto)) == 403
    assert act(ada_in, LOCK_OUTS, "lift", AccessAttempt.objects.filter(username="otto")) == 403
    assert UserSession.objects.filter(user=cast.otto).exists()
    assert AccessAttempt.objects.filter(username="otto").exists()


def test_sessions_of_their_own_people_end_and_their_lock_outs_are_lifted(cast: Cast, ada_in: Browser) -> None:
    assert act(ada_in, SESSIONS, "end", UserSession.objects.filter(user=cast.rita)) == 302
    assert act(ada_in, LOCK_OUTS, "lift", AccessAttempt.objects.filter(username="rita")) == 302
    assert not UserSession.objects.filter(user=cast.rita).exists()
    assert not AccessAttempt.objects.filter(username="rita").exists()


def test_of_everybody_it_is_recorded_how_many_of_their_own_sessions_ended(
    cast: Cast, ada_in: Browser
) -> None:
    for person in (cast.rita, cast.vic):
        session_of(person)
    ended = UserSession.objects.filter(user__in=[cast.rita, cast.vic])
    assert act(ada_in, SESSIONS, "end", ended) == 302
    deeds = AuditEvent.objects.filter(action="sessions.ended").values_list("subject", "after")
    assert dict(deeds) == {"person:rita": {"count": 2}, "person:vic": {"count": 1}}


def test_deeds_of_no_desk_are_for_who_administers_every_desk(cast: Cast, ada_in: Browser) -> None:
    ours = record(actor=cast.rita, action="a.deed", subject="here", desk=cast.prime)
    theirs = record(actor=cast.otto, action="a.deed", subject="there", desk=cast.retail)
    nobodys = record(actor="clock", action="a.deed", subject="nowhere")
    shown = set(listed(ada_in, DEEDS))
    assert ours in shown
    assert not shown & {theirs, nobodys}
    factories.grant(cast.ada, cast.retail, Role.ADMINISTRATOR)
    assert {ours, theirs, nobodys} <= set(listed(ada_in, DEEDS))
