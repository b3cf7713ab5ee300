"""Step 3, enforce: findings against what stood before, into breaches.

Takes the findings of a run, inside its transaction; gives the deeds: what was opened, reopened, warned of,
worsened or cured. A breach is opened once however many runs see it, and every change of state names the old
state in its update: who touches no row has been overtaken and does nothing. Sends nothing.
"""

from collections.abc import Sequence, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import TypeAlias

from accounts.models.columns import BEYOND
from margin.engine import breach as life
from margin.engine.figures import Level, Severity
from margin.engine.rational import Fraction
from margin.engine.shown import up
from margin.flow.findings import of_maintenance
from margin.flow.found import Found
from margin.models import Breach, Instrument, Run
from riskdesk.errors import sure

State: TypeAlias = Breach.State
POLICY = life.BreachPolicy()
LEVEL_POLICY = life.BreachPolicy(cured_at=Fraction(98, 100))
"""A level falls when its figure is two points inside."""

Key = tuple[str, str]


class Deed(StrEnum):
    WARNED = "warned"
    OPENED = "opened"
    REOPENED = "reopened"
    WORSENED = "worsened"
    RENEWED = "renewed"
    EASED = "eased"
    CURED = "cured"


@dataclass(frozen=True, slots=True)
class Done:
    """One change of one breach. `found` is None where the rule no longer applies to the subject."""

    deed: Deed
    breach: Breach
    found: Found | None


def enforce(
    found: Sequence[Found], *, run: Run, shard: int, now: datetime, clients: Set[int] | None = None
) -> list[Done]:
    """Compare, write, and say what was done; in the order of the breaches' ids.

    `found` is everything of the shard, or of these clients: of everybody else nothing has changed.
    """
    known = Known(shard, now, clients)
    writer = Writer(run, now)
    for one in found:
        _compare(one, known, writer, now)
    seen, dark = {one.key for one in found}, _unknown_accounts(found)
    for key, row in known.live.items():
        if key not in seen and row.sub_account_id not in dark:
            writer.cure(row, None, "the rule no longer applies")
    return writer.write()


def _unknown_accounts(found: Sequence[Found]) -> set[int]:
    """Accounts whose pools may not even be listed: that nothing is found there cures nothing."""
    return {
        one.measured.fact.id
        for one in found
        if one.measured is not None
        and one.rule == Breach.Rule.UNKNOWN_FIGURE
        and one.finding.severity is not Severity.OK
    }


class Known:
    """What stood before: live breaches, and those cured so lately that they would be reopened."""

    def __init__(self, shard: int, now: datetime, clients: Set[int] | None) -> None:
        rows = Breach.objects.filter(client__shard=shard)
        if clients is not None:
            rows = rows.filter(client__in=clients)
        self.live: dict[Key, Breach] = {
            (row.rule, row.subject): row for row in rows.exclude(state=State.CURED).order_by("id")
        }
        lately = rows.filter(state=State.CURED, cured_at__gt=now - POLICY.reopen_within).order_by("cured_at")
        self.past: dict[Key, Breach] = {
            (row.rule, row.subject): row for row in lately if row.detail.get("was_open")
        }

    def before(self, key: Key) -> Breach | None:
        return self.live.get(key) or self.past.get(key)


def _compare(one: Found, known: Known, writer: "Writer", now: datetime) -> None:
    row = known.before(one.key)
    policy = LEVEL_POLICY if one.rule == Breach.Rule.MARGIN_LEVEL else POLICY
    previous = life.Previous(life.State(row.state), row.changed_at) if row else None
    step = life.decide(previous, one.finding, now, policy)
    live = known.live.get(one.key)
    if step.to_state is life.State.WARNING:
        if live is None:
            writer.open(one, State.WARNING, Deed.WARNED)
        elif one.finding.severity is Severity.WARN and _cap_changed(one, live):
            writer.change(live, one, State.WARNING, Deed.RENEWED)
    elif step.to_state.is_broken:
        _over(one, live, known.past.get(one.key), step, writer)
    elif live is not None and step.reason is not life.Cause.UNKNOWN_FIGURE:
        writer.cure(live, one, step.reason.value)


def _over(one: Found, live: Breach | None, past: Breach | None, step: life.Step, writer: "Writer") -> None:
    if live is None and past is not None and step.reason is life.Cause.REOPENED:
        writer.change(past, one, State.OPEN, Deed.REOPENED)
    elif live is None:
        writer.open(one, State.OPEN, Deed.OPENED)
    elif live.state == State.WARNING and past is not None:
        writer.cure(live, one, life.Cause.REOPENED.value)
        writer.change(past, one, State.OPEN, Deed.REOPENED)
    elif live.state == State.WARNING:
        writer.change(live, one, State.OPEN, Deed.OPENED)
    elif one.level is not None:
        _level(one, live, writer)
    elif one.finding.is_over and _cap_changed(one, live):
        writer.change(live, one, State(live.state), Deed.RENEWED)


def _cap_changed(one: Found, live: Breach) -> bool:
    """What was said of it named a cap that is no longer the one in force."""
    return live.limit_id != one.limit_id or live.allowed != _stored(one.finding.limit)


def _level(one: Found, live: Breach, writer: "Writer") -> None:
    """Within a live breach the level rises at once and eases when liquidation is two points away."""
    stood = Level[live.detail["level"].upper()]
    level = sure(one.level, "a finding of a level has one")
    if level is Level.LIQUIDATION and stood < Level.LIQUIDATION:
        writer.change(live, one, State(live.state), Deed.WORSENED)
    elif level < Level.LIQUIDATION and stood is Level.LIQUIDATION and one.pool is not None:
        use = of_maintenance(one.pool)
        if use is not None and use <= LEVEL_POLICY.cured_at:
            writer.change(live, one, State(live.state), Deed.EASED)


class Writer:
    """Collects the changes of a run and writes them in the order of their keys."""

    def __init__(self, run: Run, now: datetime) -> None:
        self.run, self.now = run, now
        self.fresh: dict[Key, tuple[Breach, Found, Deed]] = {}
        self.changes: list[tuple[Breach, Found | None, State, Deed, str]] = []

    def open(self, one: Found, state: State, deed: Deed) -> None:
        row = Breach(
            desk_id=one.desk_id,
            client_id=one.client.client.id,
            sub_account_id=one.measured.fact.id if one.measured else None,
            instrument=_instrument(one.instrument),
            limit_id=one.limit_id,
            rule=one.rule,
            subject=one.finding.subject,
            state=state,
            opened_at=self.now,
            opened_by=self.run,
            changed_at=self.now,
            **_measured(one, was_open=state == State.OPEN, openings=1),
        )
        self.fresh[one.key] = (row, one, deed)

    def change(self, row: Breach, one: Found, state: State, deed: Deed) -> None:
        self.changes.append((row, one, state, deed, one.finding.reason.value))

    def cure(self, row: Breach, one: Found | None, reason: str) -> None:
        self.changes.append((row, one, State.CURED, Deed.CURED, reason))

    def write(self) -> list[Done]:
        """Cures first: a subject has one live breach, and one may give way to another."""
        order = sorted(self.changes, key=lambda change: (change[2] != State.CURED, change[0].pk))
        changed = [self._change(*change) for change in order]
        done = [one for one in changed if one is not None] + self._insert()
        return sorted(done, key=lambda one: one.breach.pk)

    def _insert(self) -> list[Done]:
        """Whoever inserts the subject's live row first has opened it; the others' rows are dropped."""
        rows = [self.fresh[key][0] for key in sorted(self.fresh)]
        if not rows:
            return []
        Breach.objects.bulk_create(rows, ignore_conflicts=True)
        mine = Breach.objects.filter(
            opened_by=self.run, rule__in={r.rule for r in rows}, subject__in={r.subject for r in rows}
        ).exclude(state=State.CURED)
        return [
            Done(deed, row, one)
            for row in mine
            if (row.rule, row.subject) in self.fresh
            for _, one, deed in [self.fresh[row.rule, row.subject]]
        ]

    def _change(self, row: Breach, one: Found | None, state: State, deed: Deed, reason: str) -> Done | None:
        was = {"state": row.state, "changed_at": row.changed_at}
        self._set(row, one, state, deed, reason)
        values = {field: getattr(row, field) for field in CHANGED}
        if Breach.objects.filter(pk=row.pk, **was).update(**values) != 1:
            return None
        return Done(deed, row, one)

    def _set(self, row: Breach, one: Found | None, state: State, deed: Deed, reason: str) -> None:
        row.state, row.reason, row.changed_at = state, reason, self.now
        openings = row.detail.get("openings", 1) + (deed is Deed.REOPENED)
        was_open = row.detail.get("was_open", False) or state == State.OPEN
        if one is not None and deed is not Deed.CURED:
            for field, value in _measured(one, was_open=was_open, openings=openings).items():
                setattr(row, field, value)
            row.limit_id = one.limit_id
        if deed in (Deed.OPENED, Deed.REOPENED):
            row.opened_at, row.opened_by = self.now, self.run
        cured = deed is Deed.CURED
        row.cured_at, row.cured_by = (self.now, self.run) if cured else (None, None)


CHANGED = (
    *("state", "reason", "changed_at", "measured", "allowed", "detail", "limit_id"),
    *("opened_at", "opened_by", "cured_at", "cured_by"),
)


def _instrument(code: str) -> Instrument | None:
    return Instrument.objects.get(code=code) if code else None


def _measured(one: Found, *, was_open: bool, openings: int) -> dict[str, object]:
    """The columns that say how much against what."""
    finding = one.finding
    detail = {
        **one.detail,
        "cap": finding.binding,
        "pool": one.pool.pool if one.pool else "",
        "level": one.level.word if one.level is not None else "",
        "was_open": was_open,
        "openings": openings,
    }
    return {
        "measured": _stored(finding.measured),
        "allowed": _stored(finding.limit),
        "reason": finding.reason.value,
        "detail": detail,
    }


def _stored(number: Fraction | None) -> Decimal | None:
    """As numeric(38,18); beyond that it is as good as unbounded."""
    if number is None or abs(number) >= BEYOND - 1:
        return None
    return up(number, 18)
