"""The alert rail: what waits for a person, and what has just been settled.

Takes a person and a desk; gives rows. The API acknowledges; nothing is changed here.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from accounts import access
from accounts.models import Desk, User
from margin.models import Alert, Breach
from riskdesk import clock

MOST = 60
MOST_BROKEN = 12
SHOWN_AFTER_RESOLVED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Entry:
    """An alert with its text in two: what is, and what stands behind it."""

    alert: Alert
    lead: str
    rest: str


@dataclass(frozen=True, slots=True)
class Rail:
    entries: list[Entry]
    open_alerts: int
    critical: int
    open_breaches: int
    may_acknowledge: bool


def rail(person: User | AnonymousUser, desk: Desk, *, client: str = "", account: str = "") -> Rail:
    """Open ones first, critical before warning, newest first; then taken ones; then the freshly resolved.

    Of one client or one sub-account where it is named.
    """
    about = Q(client__code=client) if client else Q(sub_account__code=account) if account else Q()
    own = access.for_user(Alert, person).filter(about, desk=desk)
    severities = Counter(own.filter(state=Alert.State.OPEN).values_list("severity", flat=True))
    recent = Q(resolved_at__gte=clock.now() - SHOWN_AFTER_RESOLVED)
    alerts = (
        own.filter(~Q(state=Alert.State.RESOLVED) | recent)
        .annotate(place=_place())
        .order_by("place", "-id")
        .select_related("client", "sub_account", "acknowledged_by", "breach")[:MOST]
    )
    return Rail(
        entries=[entry(alert) for alert in alerts],
        open_alerts=severities.total(),
        critical=severities[Alert.Severity.CRITICAL],
        open_breaches=access.for_user(Breach, person)
        .filter(about, desk=desk, state__in=Breach.BROKEN)
        .count(),
        may_acknowledge=access.may(person, access.Action.ACKNOWLEDGE, desk),
    )


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that is not kept, with its reason in words."""

    breach: Breach
    because: str


def broken(breaches: "QuerySet[Breach]") -> list[BrokenRule]:
    rows = breaches.select_related("sub_account").order_by("-id")[:MOST_BROKEN]
    return [BrokenRule(row, row.reason.replace("_", " ")) for row in rows]


def entry(alert: Alert) -> Entry:
    lead, _, rest = alert.text.partition("\n\n")
    return Entry(alert, lead, rest)


def _place() -> Case:
    return Case(
        When(state="open", severity="critical", then=Value(0)),
        When(state="open", severity="warning", then=Value(1)),
        When(state="open", then=Value(2)),
        When(state="acknowledged", then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
