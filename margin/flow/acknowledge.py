"""A person takes note of an alert, once.

Takes the alert, the person and a note; gives the alert as it then is, or a refusal that says who was first.
What raised the alert is resolved by a run; only a delivery that was given up is over once somebody has seen
it.
"""

from datetime import datetime

from django.db import transaction

from accounts.access import Action, lacks
from accounts.audit import record
from accounts.models import User
from margin.models import Alert, Breach
from margin.notify.alerts import resolve
from margin.notify.hints import send_alerts_changed
from margin.notify.undelivered import ends_when_seen
from riskdesk.errors import Refusal
from riskdesk.texts import text_doubts


def acknowledge(*, alert: Alert, person: User, note: str, now: datetime) -> Alert | Refusal:
    """Mark it seen by this person. Again by the same person with the same note changes nothing."""
    if refusal := lacks(person, Action.ACKNOWLEDGE, alert.desk):
        return refusal
    if doubts := text_doubts("note", note):
        return doubts[0]
    with transaction.atomic():
        if alert.breach_id is not None:  # before the alert, as a run does: two ways round wait crosswise
            Breach.objects.select_for_update(of=("self",)).get(pk=alert.breach_id)
        first = Alert.objects.filter(pk=alert.pk, acknowledged_at__isnull=True)
        changed = first.update(acknowledged_at=now, acknowledged_by=person, note=note)
        if changed:
            # one that is resolved stays so: that somebody saw it is worth knowing all the same
            Alert.objects.filter(pk=alert.pk, state=Alert.State.OPEN).update(state=Alert.State.ACKNOWLEDGED)
            if ends_when_seen(alert):
                resolve(Alert.objects.filter(pk=alert.pk), now)
            acknowledge_breach(alert, now)
            after = {"title": alert.title, "note": note}
            record(
                actor=person,
                action="alert.acknowledged",
                subject=f"alert:{alert.pk}",
                desk=alert.desk,
                after=after,
            )
            desk = alert.desk.code
            transaction.on_commit(lambda: send_alerts_changed(desk))  # open pages see who has it
    stands = Alert.objects.select_related("acknowledged_by", "desk", "client", "sub_account").get(pk=alert.pk)
    if not changed and (stands.acknowledged_by_id, stands.note) != (person.pk, note):
        who, at = stands.acknowledged_by, f"{stands.acknowledged_at:%Y-%m-%d %H:%M:%S} UTC"
        return Refusal("alert", "already_acknowledged", str(alert.pk), f"{who} acknowledged it at {at}.")
    return stands


def acknowledge_breach(alert: Alert, now: datetime) -> None:
    """Whoever acknowledges a breach's alert has seen the breach."""
    if alert.breach_id is not None:
        still_open = Breach.objects.filter(pk=alert.breach_id, state=Breach.State.OPEN)
        still_open.update(state=Breach.State.ACKNOWLEDGED, changed_at=now)
