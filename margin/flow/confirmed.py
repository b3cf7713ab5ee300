"""Which gates decide orders now, and under which revision of control: what was confirmed, and what was not.

Takes the locks that gates hold and what they wrote; gives one line a gate, by the database's clock. A
revision that a living gate has not confirmed for five seconds is an alert of its own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import connection, transaction
from django.db.models import Max, QuerySet

from accounts.models import Desk
from margin.book.controls import revision_of_control
from margin.flow.alert import Told, raise_alerts
from margin.flow.phrases import Words
from margin.models import Alert, ControlChange, GateConfirmation
from margin.notify.alerts import LIVE, resolve
from margin.notify.hints import send_alerts_changed
from riskdesk.clock import now as clock_now
from riskdesk.locks import GATE

UNCONFIRMED_SECONDS = 5
LIVING = """
    SELECT held.pid, array_agg(held.objid::bigint ORDER BY held.objid), said.revision, said.applied_at,
        extract(epoch FROM clock_timestamp() - said.seen_at)::float8,
        (SELECT extract(epoch FROM clock_timestamp() - min(change.at))::float8
         FROM margin_controlchange AS change WHERE change.revision > coalesce(said.revision, 0))
    FROM pg_locks AS held
    LEFT JOIN LATERAL (
        SELECT * FROM margin_gateconfirmation WHERE backend = held.pid ORDER BY id DESC LIMIT 1
    ) AS said ON true
    WHERE held.locktype = 'advisory' AND held.objsubid = 2 AND held.granted AND held.classid = %s
      AND held.database = (SELECT oid FROM pg_database WHERE datname = current_database())
    GROUP BY held.pid, said.revision, said.applied_at, said.seen_at ORDER BY 2
"""


@dataclass(frozen=True, slots=True)
class GateSeen:
    """A living gate. `missing_seconds` is since when a newer revision waits for it; None: none does."""

    backend: int
    shards: tuple[int, ...]
    revision: int | None
    applied_at: datetime | None
    seen_seconds: float | None
    missing_seconds: float | None

    @property
    def is_late(self) -> bool:
        return self.missing_seconds is not None and self.missing_seconds > UNCONFIRMED_SECONDS


@dataclass(frozen=True, slots=True)
class Drill:
    """The last test: whose, when, and after how long the slowest gate had confirmed it; None: none did."""

    change: ControlChange
    gates: int
    milliseconds: int | None


def living_gates() -> list[GateSeen]:
    """Whoever owns shards, by their locks: a gate that was killed owns none."""
    with connection.cursor() as cursor:
        cursor.execute(LIVING, [GATE])
        return [GateSeen(row[0], tuple(row[1]), *row[2:]) for row in cursor.fetchall()]


def last_drill() -> Drill | None:
    change = ControlChange.objects.filter(deed=ControlChange.Deed.DRILL).select_related("person").first()
    if change is None:
        return None
    following = ControlChange.objects.filter(revision__gt=change.revision).order_by("revision").first()
    said = GateConfirmation.objects.filter(revision=change.revision)
    if following is not None:
        said = said.filter(applied_at__lt=following.at)
    found = said.aggregate(latest=Max("applied_at"))["latest"]
    taken = None if found is None else max(0, round((found - change.at).total_seconds() * 1000))
    return Drill(change, said.values("gate").distinct().count(), taken)


def watch_confirmations() -> Told:
    """Raise what living gates have not confirmed; resolve it when all of them have."""
    gates = living_gates()
    late = [gate for gate in gates if gate.is_late]
    if not late and not _told().exists():
        return Told()
    now, told = clock_now(), Told()
    with transaction.atomic():
        if late:
            told = raise_alerts([_alert(desk, late, now) for desk in _untold(late)], now)
        elif all(gate.missing_seconds is None for gate in gates):
            told = Told(resolved=resolve(_told(), now))
    for desk in Desk.objects.order_by("code") if told.raised or told.resolved else ():
        send_alerts_changed(desk.code)
    return told


def _told() -> QuerySet[Alert]:
    return Alert.objects.filter(reason=Alert.Reason.CONTROL_UNCONFIRMED, state__in=LIVE)


def _untold(late: Sequence[GateSeen]) -> list[Desk]:
    """The desks whose orders these gates decide, and which do not know it yet."""
    shards = [shard for gate in late for shard in gate.shards]
    desks = Desk.objects.filter(clients__shard__in=shards).distinct().order_by("id")
    return list(desks.exclude(pk__in=_told().values("desk")))


def _unconfirmed(late: Sequence[GateSeen]) -> Words:
    seconds = int(max(gate.missing_seconds or 0 for gate in late))
    shards = ", ".join(str(shard) for gate in late for shard in gate.shards)
    return Words(
        f"A restriction is not confirmed by the gate of shard {shards}",
        f"A change of control was made {seconds} s ago, and a gate that decides orders has not said that it "
        "applies it. Until it does, treat what was imposed as not enforced: stop the orders at the platform. "
        "/control/ shows what each gate has confirmed; a gate that is ended is started anew, and reads what "
        "is in force before it decides.",
    )


def _alert(desk: Desk, late: Sequence[GateSeen], now: datetime) -> Alert:
    newest, said = revision_of_control(), _unconfirmed(late)
    return Alert(
        desk=desk,
        reason=Alert.Reason.CONTROL_UNCONFIRMED,
        severity=Alert.Severity.CRITICAL,
        title=said.title,
        text=said.text,
        key=f"{Alert.Reason.CONTROL_UNCONFIRMED}:{desk.pk}:{newest}:{now.isoformat()}",
        raised_at=now,
    )
