"""The alert rail: what waits for a person, and what has just been settled.

Takes a person and a desk; gives rows. The API acknowledges; nothing is changed here.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, IntegerField, Max, Min, Q, QuerySet, Value, When

from accounts import access
from accounts.models import Client, Desk, SubAccount, User
from margin import formats
from margin.book.read import account_rows, position_rows
from margin.engine.figures import Level
from margin.engine.types import ISOLATED
from margin.flow.cap_states import UNKNOWN, WORST_FIRST
from margin.models import Alert, Breach
from riskdesk import clock

MOST = 60
MOST_BROKEN = 12
SHOWN_AFTER_RESOLVED = timedelta(minutes=10)
CALLED = (Level.MARGIN_CALL.word, Level.LIQUIDATION.word)
NOT_OVER = "; it ends once it is a little further inside"
"""An alert outlasts the line it is about by a margin, so that noise at the line raises and ends nothing."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An alert with its text in two: what was so when it was raised, and what stands behind it.

    `now`: how the account or client it is about stands in the newest run, where one can tell.
    """

    alert: Alert
    lead: str
    rest: str
    now: str = ""
    now_at: str = ""


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
    rows = account_rows([desk.code])
    return Rail(
        entries=[entry(alert, rows) for alert in alerts],
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
    """A rule that is not kept, with its reason in words."""

    breach: Breach
    because: str


def broken(breaches: "QuerySet[Breach]") -> list[BrokenRule]:
    rows = breaches.select_related("client", "sub_account").order_by("-id")[:MOST_BROKEN]
    return [BrokenRule(row, row.reason.replace("_", " ")) for row in rows]


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


def entry(alert: Alert, rows: Sequence[Mapping[str, Any]] = ()) -> Entry:
    lead, _, rest = alert.text.partition("\n\n")
    about = [row for row in rows if _is_about(alert, row)]
    if alert.breach is None or alert.state == Alert.State.RESOLVED or not about:
        return Entry(alert, lead, rest)
    return Entry(alert, lead, rest, _now(alert.breach, about), about[0]["at"])


def _is_about(alert: Alert, row: Mapping[str, Any]) -> bool:
    if alert.sub_account is not None:
        return bool(row["account"] == alert.sub_account.code)
    return alert.client is not None and bool(row["client"] == alert.client.code)


def _now(breach: Breach, about: Sequence[Mapping[str, Any]]) -> str:
    """A level by its own pool, a cap by the worst of the rows it concerns."""
    row = about[0]
    if breach.rule == Breach.Rule.MARGIN_LEVEL:
        return _pool_now(breach.subject.partition("/")[2], row)
    if breach.rule == Breach.Rule.UNKNOWN_FIGURE:
        return formats.level(row["level"])
    state = min((row["cap_state"] for row in about), key=WORST_FIRST.index)
    if state in formats.CAP_STATES:
        return formats.CAP_STATES[state][1].lower()
    return "cannot be told" if state == UNKNOWN else f"inside its caps{NOT_OVER}"


def _pool_now(pool: str, row: Mapping[str, Any]) -> str:
    """The row tells the use of the pool that bites first; of another only its level is known."""
    first, level = row["binding_pool"] == pool, row["level"]
    if not first and level != Level.UNKNOWN.word:
        levels = [each["pool_level"] for each in position_rows(row["account"]) if each["pool"] == pool]
        if not levels:
            return "its position is closed" if pool.startswith(ISOLATED) else "no position leans on it"
        level = levels[0] or Level.UNKNOWN.word
    used = f", {formats.percent(row['utilisation'])} used" if first and row["utilisation"] else ""
    holds = level in CALLED or pool.startswith(ISOLATED)
    return f"{formats.level(level)}{used}{'' if holds else NOT_OVER}"


def _place() -> Case:
    return Case(
        When(state="open", severity="critical", then=Value(0)),
        When(state="open", severity="warning", then=Value(1)),
        When(state="open", then=Value(2)),
        When(state="acknowledged", then=Value(3)),
        default=Value(4),
        output_field=IntegerField(),
    )
