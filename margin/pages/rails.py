"""The alert rail: what waits for a person, and what has just been settled.

Takes a person and a desk; gives rows. The API acknowledges; nothing is changed here.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, IntegerField, Max, Min, Q, QuerySet, Value, When

from accounts import access
from accounts.models import Client, Desk, SubAccount, User
from margin import formats
from margin.engine.figures import Level
from margin.models import Alert, Breach
from margin.pages.alert_now import Entry, entries
from riskdesk import clock

MOST = 60
MOST_BROKEN = 12
SHOWN_AFTER_RESOLVED = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Rail:
    entries: list[Entry]
    open_alerts: int
    critical: int
    open_breaches: int
    may_acknowledge: bool
    of_account: bool = False


def on_account(code: str) -> Q:
    """What is the sub-account's own, and what is its whole client's."""
    clients = Client.objects.filter(pk__in=SubAccount.objects.filter(code=code).values("client"))
    return Q(sub_account__code=code) | Q(sub_account=None, client__in=clients)


def rail(person: User | AnonymousUser, desk: Desk, *, client: str = "", account: str = "") -> Rail:
    """Open ones first, critical before warning, newest first; then taken ones; then the freshly resolved.

    Of one client, or of one sub-account and its client as a whole, where it is named.
    """
    about = Q(client__code=client) if client else on_account(account) if account else Q()
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
        entries=entries(list(alerts)),
        open_alerts=severities.total(),
        critical=severities[Alert.Severity.CRITICAL],
        open_breaches=access.for_user(Breach, person)
        .filter(about, desk=desk, state__in=Breach.BROKEN)
        .count(),
        may_acknowledge=access.may(person, access.Action.ACKNOWLEDGE, desk),
        of_account=bool(account),
    )


@dataclass(frozen=True, slots=True)
class BrokenRule:
    """A rule that is not kept: its pool or its instrument, and its reason, in words."""

    breach: Breach
    of: str
    because: str


@dataclass(frozen=True, slots=True)
class BrokenRules:
    """The newest; the count is of all."""

    rows: list[BrokenRule]
    count: int


def broken(breaches: "QuerySet[Breach]") -> BrokenRules:
    rows = breaches.select_related("client", "sub_account", "instrument").order_by("-id")[:MOST_BROKEN]
    return BrokenRules([_broken(row) for row in rows], breaches.count())


def _broken(breach: Breach) -> BrokenRule:
    of = breach.instrument.code if breach.instrument else formats.named(breach.detail.get("pool", ""))
    return BrokenRule(breach, of, breach.reason.replace("_", " "))


def in_liquidation_since(row: Mapping[str, Any]) -> datetime | None:
    """Of a row that is in it: since when it was told of the pool that has been longest. None: it is not."""
    if row["level"] != Level.LIQUIDATION.word:
        return None
    told = Max("alerts__raised_at", filter=Q(alerts__reason=Alert.Reason.LIQUIDATION))
    pools = Breach.objects.filter(
        sub_account__code=row["account"], rule=Breach.Rule.MARGIN_LEVEL, state__in=Breach.BROKEN
    )
    fallen = pools.filter(detail__level=Level.LIQUIDATION.word).annotate(told=told)
    since: datetime | None = fallen.aggregate(since=Min("told"))["since"]
    return since


def _place() -> Case:
    return Case(
        When(state="open", severity="critical", then=Value(0)),
        When(state="open", severity="warning", then=Value(1)),
        When(state="open", then=Value(2)),
        When(state="acknowledged", then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
