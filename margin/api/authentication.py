"""Who calls: a token in the Authorization header, or a browser's session with its CSRF token.

Takes a request; gives the person and a `Principal`. A header that does not hold a good token is refused even
where a session would do: a program must never act as whoever happens to be signed in.
"""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CsrfViewMiddleware
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from accounts import tokens
from accounts.access import Principal
from accounts.models import User
from margin.api.formats import check_headers, is_empty
from margin.api.problems import Problem
from riskdesk.errors import Broken

MOST_CHARACTERS = 200
SAFE = frozenset({"GET", "HEAD"})


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer TOKEN`."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        header = get_authorization_header(request)
        if not header:
            return None
        kind, _, secret = header.decode("latin-1").partition(" ")
        if kind.lower() != "bearer" or not secret or len(secret) > MOST_CHARACTERS:
            raise AuthenticationFailed("Send Authorization: Bearer TOKEN.")
        token = tokens.find(secret.strip())
        if token is None:
            raise AuthenticationFailed("This token is unknown, expired or revoked.")
        return token.user, Principal(token.user, frozenset(token.scopes), token)

    def authenticate_header(self, request: Request) -> str:
        return 'Bearer realm="riskdesk"'


class CsrfCheck(CsrfViewMiddleware):
    """Django's own check, asked to answer with a reason rather than a page."""

    def _reject(self, request: HttpRequest, reason: str) -> Any:
        return reason


class SessionAuthentication(BaseAuthentication):
    """A signed-in browser. Writes carry the CSRF token in the X-CSRFToken header."""

    def authenticate(self, request: Request) -> tuple[User, Principal] | None:
        plain: HttpRequest = request._request
        person = getattr(plain, "user", None)
        if not isinstance(person, User) or not person.is_active:
            # `request.user` is lazy: ask it for what it stands for
            person = person if person is not None and person.is_authenticated and person.is_active else None
        if person is None:
            return None
        if plain.method not in SAFE:
            check_csrf(plain)
        return person, Principal(person, session_key=plain.session.session_key or "")


def principal_of(request: Request) -> Principal:
    """Who calls: `request.auth` is what our two ways of signing in put there."""
    if not isinstance(request.auth, Principal):
        raise Broken("a request went on without a caller")
    return request.auth


def never(_: HttpRequest) -> HttpResponse:
    raise Broken("the check never goes on to a view")


def check_csrf(request: HttpRequest) -> None:
    """Before anything reads the body: of a form, Django would look for the token there."""
    if not is_empty(request):
        check_headers(request)
    check = CsrfCheck(never)
    check.process_request(request)
    if reason := check.process_view(request, never, (), {}):
        raise Problem(403, "csrf", f"The browser's own token is missing or wrong: {reason}")
