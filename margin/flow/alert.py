"""Step 4, alert: what a person must know, as rows, in the transaction that made it true.

Takes the deeds of a run; gives alerts and, for what cannot wait, letters in the outbox for everyone who
answers for the desk. A deed raises one alert (its key is unique), a cure resolves it. Sends nothing: the
outbox is emptied after the commit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from margin.engine.figures import Level
from margin.flow.cap_words import near_cap
from margin.flow.enforce import Deed, Done
from margin.flow.escalate import set_deadline
from margin.flow.phrases import Scene, Words
from margin.flow.words import opened
from margin.models import Alert, Breach, Delivery, Run
from margin.notify.alerts import resolve
from margin.notify.letters import write_letters
from riskdesk.errors import sure

Reason = Alert.Reason
Severity = Alert.Severity
OVERTAKEN = {Deed.OPENED, Deed.RENEWED, Deed.WORSENED, Deed.EASED, Deed.CURED}
"""Deeds after which what was said of the breach before is no longer true."""

BY_RULE = {
    Breach.Rule.UNKNOWN_FIGURE: (Reason.FIGURE_UNKNOWN, Severity.WARNING),
    Breach.Rule.MISSING_CAP: (Reason.CAP_MISSING, Severity.CRITICAL),
}
BY_LEVEL = {Level.LIQUIDATION.word: Reason.LIQUIDATION}


@dataclass(frozen=True, slots=True)
class Told:
    """How many rows a step wrote."""

    raised: int = 0
    resolved: int = 0
    letters: int = 0

    def __add__(self, other: "Told") -> "Told":
        return Told(self.raised + other.raised, self.resolved + other.resolved, self.letters + other.letters)


def alert(done: Sequence[Done], scene: Scene, *, run: Run, now: datetime) -> Told:
    """Raise what is new, resolve what is over."""
    over = [one.breach.pk for one in done if one.deed in OVERTAKEN]
    resolved = resolve(Alert.objects.filter(breach__in=over), now) if over else 0
    rows = [row for one in done if (row := _alert(one, scene, run, now)) is not None]
    return raise_alerts(rows, now) + Told(resolved=resolved)


def _alert(one: Done, scene: Scene, run: Run, now: datetime) -> Alert | None:
    """A cure says nothing new. A call that is left after a liquidation is told again."""
    breach, found = one.breach, one.found
    if found is None or one.deed is Deed.CURED:
        return None
    if one.deed is Deed.EASED and breach.detail["level"] != Level.MARGIN_CALL.word:
        return None
    words = near_cap(found, scene) if _warns(one) else _opened(one, scene)
    reason, severity = _kind(one)
    return Alert(
        desk_id=breach.desk_id,
        client_id=breach.client_id,
        sub_account_id=breach.sub_account_id,
        breach=breach,
        reason=reason,
        severity=severity,
        title=words.title,
        text=words.text,
        key=f"breach:{breach.pk}:{one.deed}:{breach.detail['openings']}:{run.pk}",
        run=run,
        raised_at=now,
    )


def _warns(one: Done) -> bool:
    """Of a cap that is not exceeded yet."""
    return one.breach.state == Breach.State.WARNING


def _opened(one: Done, scene: Scene) -> Words:
    return opened(sure(one.found, "what opens was found"), scene, again=one.deed is Deed.REOPENED)


def _kind(one: Done) -> tuple[Reason, Severity]:
    if _warns(one):
        return Reason.LIMIT_NEAR, Severity.WARNING
    rule = Breach.Rule(one.breach.rule)
    if rule is Breach.Rule.MARGIN_LEVEL:
        level = one.breach.detail["level"]
        return BY_LEVEL.get(level, Reason.MARGIN_CALL), Severity.CRITICAL
    if rule in BY_RULE:
        return BY_RULE[rule]
    again = one.deed is Deed.REOPENED
    return (Reason.BREACH_REOPENED if again else Reason.BREACH_OPENED), Severity.CRITICAL


def raise_alerts(rows: Sequence[Alert], now: datetime) -> Told:
    """Insert those whose key is new, with letters to those who must act. One deed, one alert."""
    if not rows:
        return Told()
    keys = [row.key for row in rows]
    known = set(Alert.objects.filter(key__in=keys).values_list("key", flat=True))
    fresh = sorted((row for row in rows if row.key not in known), key=lambda row: row.key)
    for row in fresh:
        set_deadline(row)
    Alert.objects.bulk_create(fresh, ignore_conflicts=True)
    urgent = [row.key for row in fresh if row.severity == Severity.CRITICAL]
    stored = Alert.objects.filter(key__in=urgent).select_related("desk", "client", "sub_account")
    return Told(raised=len(fresh), letters=_write_letters(list(stored), now))


def _write_letters(alerts: Sequence[Alert], now: datetime) -> int:
    """Critical means that the desk acts now; the rest is on the screen and in the digest."""
    letters = write_letters(alerts, now)
    Delivery.objects.bulk_create(letters, ignore_conflicts=True)
    return len(letters)
