"""An alert taken over the socket: the same deed as on page and API, answered in frames."""

from importlib import import_module

from django.conf import settings

from accounts.access import Action, for_user, may
from accounts.models import User
from accounts.sessions import SAID_IDLE, Seat, acted_lately
from margin.flow.acknowledge import acknowledge
from margin.models import Alert
from margin.notify.alerts import RELATED, view_of
from margin.notify.events import Ack, AlertView, Error
from riskdesk import clock
from riskdesk.errors import Refusal


def acknowledge_alert(seat: Seat, frame: Ack) -> AlertView | Error:
    """The alert as it stands afterwards, or why it was not taken. Another desk's alert does not exist."""
    person = User.objects.get(pk=seat.person_id)
    seen = for_user(Alert.objects.select_related("desk"), person).filter(desk__code=seat.desk_code)
    alert = seen.filter(pk=frame.alert).first()
    if alert is None:
        return _error(frame, 404, "not_found", "There is no such alert.")
    if not may(person, Action.ACKNOWLEDGE, alert.desk):
        return _error(frame, 403, "not_allowed", "Your role does not acknowledge alerts.")
    if not acted_lately(import_module(settings.SESSION_ENGINE).SessionStore(seat.session_key)):
        return _error(frame, 403, "idle", SAID_IDLE)
    answer = acknowledge(alert=alert, person=person, note=frame.note, now=clock.now())
    if isinstance(answer, Refusal):
        status = 409 if answer.rule == "already_acknowledged" else 400
        return _error(frame, status, answer.rule, answer.message, field=answer.field)
    return view_of(Alert.objects.select_related(*RELATED).get(pk=alert.pk))


def _error(frame: Ack, status: int, rule: str, message: str, *, field: str | None = None) -> Error:
    return Error(status=status, rule=rule, message=message, field=field, about="ack", ref=frame.ref)
