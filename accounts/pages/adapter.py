"""Sign-in as this desk has it: administrators make people, no form does; axes counts the failures."""

from collections import Counter
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.http import HttpRequest

from accounts.audit import record
from accounts.sessions import proved_lately, tell_sockets


class ClosedSignUp(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Wrong passwords are counted in the database, by axes; the cache counts wrong second factors."""
        self._login_failed_rl_usage = None

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        """Not within minutes of the password; a second factor can be set up right after signing in."""
        return not proved_lately(context.request.session)

    def get_reset_password_from_key_url(self, key: str) -> str:
        """At the desk's own address: that of the request is whatever the asker wrote into it."""
        path = urlsplit(super().get_reset_password_from_key_url(key)).path
        return f"{settings.ENV.base_url}{path}"

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """The mail names the desk, by its own address too."""
        site = {"name": "Riskdesk", "domain": urlsplit(settings.ENV.base_url).netloc}
        super().send_mail(template_prefix, email, context | {"current_site": site})

    def _rollback_login_failed_rl_usage(self) -> None:
        """Nothing was counted, so nothing is given back."""


class EndedSessions(DefaultUserSessionsAdapter):
    """Sessions that a person ends from the list take their sockets with them."""

    def end_sessions(self, sessions: list[UserSession]) -> None:
        super().end_sessions(sessions)
        for person, count in Counter(session.user for session in sessions).items():
            record(
                actor=context.request.user,
                action="sessions.ended",
                subject=f"person:{person.username}",
                after={"count": count},
            )
            tell_sockets(person.pk)
