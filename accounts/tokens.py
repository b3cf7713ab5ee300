"""Keys for programs: named, hashed, expiring, narrowed by scopes, revocable.

Takes a person and the scopes a program needs. Gives the secret once, or finds the living token a secret
belongs to. Never stores the secret, and never gives a token what its person may not do.
"""

import hashlib
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.contrib.auth.models import AnonymousUser
from django.db import transaction
from django.db.models import Q

from accounts.access import DESK_AREAS, Principal, scope_allows
from accounts.audit import record
from accounts.models import ApiToken, User
from riskdesk import clock
from riskdesk.errors import Refusal
from riskdesk.texts import hides_something

PREFIX = "rdk_"
SECRET_BYTES = 32
DEFAULT_DAYS = 90
MOST_DAYS = 3650
NAME = re.compile(r"[^\W_][\w .:@-]{0,79}")
PRICES_SCOPE = re.compile(r"prices:[a-z0-9][a-z0-9_-]{1,31}")
USE_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Issued:
    """The only moment in which the secret can be read."""

    secret: str
    token: ApiToken


def issue(
    *,
    person: User,
    name: str,
    scopes: Sequence[str] = (),
    days: int | None = DEFAULT_DAYS,
    by: User | str | None = None,
) -> Issued | Refusal:
    """A new token for a person; `days=None` never expires. Without scopes it may do what the person may."""
    secret, now = PREFIX + secrets.token_urlsafe(SECRET_BYTES), clock.now()
    with transaction.atomic():
        ApiToken.objects.filter(user=person, name=name, revoked_at__isnull=True, expires_at__lte=now).update(
            revoked_at=now  # an expired token gives its name back
        )
        refusal = _refused(person, name, scopes, days)
        if refusal:
            return refusal
        token = ApiToken.objects.create(
            user=person,
            name=name,
            digest=_digest(secret),
            hint=secret[:8],
            scopes=sorted(set(scopes)),
            created_at=now,
            expires_at=None if days is None else now + timedelta(days=days),
        )
        seen = {
            "person": person.username,
            "name": name,
            "scopes": token.scopes,
            "expires_at": token.expires_at,
        }
        record(actor=by or person, action="token.issued", subject=f"token:{token.pk}", after=seen)
    return Issued(secret, token)


def find(secret: str) -> ApiToken | None:
    """The living token of a living person that this secret opens."""
    now = clock.now()
    token = (
        ApiToken.objects.select_related("user")
        .filter(Q(expires_at__isnull=True) | Q(expires_at__gt=now))
        .filter(digest=_digest(secret), revoked_at__isnull=True, user__is_active=True)
        .first()
    )
    if token:
        _note_use(token, now)
    return token


def principal_of(token: ApiToken) -> Principal:
    """The token's person, as narrow as the token's scopes."""
    return Principal(person=token.user, scopes=frozenset(token.scopes), token=token)


def revoke(*, token: ApiToken, by: User | AnonymousUser | str, reason: str = "") -> None:
    """End a token now. Ending it again changes nothing."""
    with transaction.atomic():
        ended = ApiToken.objects.filter(pk=token.pk, revoked_at__isnull=True).update(revoked_at=clock.now())
        if ended:
            subject = f"token:{token.pk}"
            record(
                actor=by, action="token.revoked", subject=subject, before={"name": token.name}, reason=reason
            )


def _refused(person: User, name: str, scopes: Sequence[str], days: int | None) -> Refusal | None:
    if not person.is_active:
        return Refusal("user", "inactive", person.username, f"{person} is switched off.")
    if days is not None and not 0 < days <= MOST_DAYS:
        most = f"A token lives 1 to {MOST_DAYS} days, or without an end."
        return Refusal("days", "range", str(days), most)
    if not NAME.fullmatch(name) or hides_something(name) or name != name.strip():
        return Refusal("name", "shape", name, "A name is 1 to 80 letters, digits, inner spaces and . : @ _ -")
    if ApiToken.objects.filter(user=person, name=name, revoked_at__isnull=True).exists():
        return Refusal("name", "taken", name, f"{person} already has a token named {name}: revoke it first.")
    return next((refusal for scope in scopes if (refusal := _refused_scope(person, scope))), None)


def _refused_scope(person: User, scope: str) -> Refusal | None:
    area = scope.partition(":")[0]
    if scope == "metrics" or PRICES_SCOPE.fullmatch(scope):
        return None
    if area not in DESK_AREAS:
        known = ", ".join(sorted([f"{area}:DESK" for area in DESK_AREAS] + ["prices:SOURCE", "metrics"]))
        return Refusal("scope", "unknown", scope, f"{scope} is no scope. There are: {known}.")
    if not scope_allows(person, scope):
        return Refusal("scope", "not_theirs", scope, f"{person} may not do what {scope} names.")
    return None


def _note_use(token: ApiToken, now: datetime) -> None:
    """Once a minute is enough to see that a token lives, and keeps reads from writing."""
    if token.last_used_at is None or now - token.last_used_at >= USE_NOTED_EVERY:
        ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)


def _digest(secret: str) -> str:
    """A plain hash is enough: the secret holds 256 random bits, so there is nothing to guess."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
