"""The sign-in libraries speak by signals; each is passed on to a function here in the same breath.

Signals carry nothing else in this project. They are the only interface that Django, allauth and axes offer
for "somebody signed in, out, failed, or changed how they sign in".
"""

from typing import Any

from allauth.account.signals import (
    authentication_step_completed,
    password_changed,
    password_reset,
    password_set,
)
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from axes.signals import user_locked_out
from django.contrib.auth.signals import user_logged_in, user_logged_out
from django.dispatch import receiver
from django.http import HttpRequest

from accounts.audit import record
from accounts.models import User
from accounts.sessions import close_session, note_sign_in, open_session, tell_sockets

SIGN_IN = "sign-in"


@receiver(user_logged_in)
def signed_in(request: HttpRequest, user: User, **_: Any) -> None:
    open_session(request.session)
    record(actor=user, action="session.opened", subject=f"person:{user.username}")


@receiver(user_logged_out)
def signed_out(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is None or user.pk is None:
        return
    record(actor=user, action="session.closed", subject=f"person:{user.username}")
    close_session(request.session, user.pk)


@receiver(authentication_step_completed)
def proved_again(request: HttpRequest, user: User, **_: Any) -> None:
    """A password or second factor, at sign-in or in between: this person is here now."""
    note_sign_in(request.session)


@receiver([password_changed, password_set, password_reset])
def password_is_new(request: HttpRequest, user: User, **_: Any) -> None:
    record(actor=user, action="password.changed", subject=f"person:{user.username}")
    tell_sockets(user.pk)  # every session opened with the old one has ended


@receiver([authenticator_added, authenticator_removed, authenticator_reset])
def second_factor_changed(user: User, authenticator: Any, **_: Any) -> None:
    record(
        actor=user,
        action="second_factor.changed",
        subject=f"person:{user.username}",
        after={"kind": str(authenticator.type), "exists": authenticator.pk is not None},
    )


@receiver(user_locked_out)
def locked_out(username: str | None, ip_address: str | None, **_: Any) -> None:
    record(
        actor=SIGN_IN,
        action="sign_in.locked",
        subject=f"person:{username or '?'}",
        after={"address": ip_address},
        reason="Too many wrong passwords.",
    )
