"""GET alerts/ and POST alerts/<id>/acknowledge/. The deed itself is in `margin.flow.acknowledge`."""

from typing import Any

import msgspec
from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, for_user
from margin.api.composed import Maybe, Record
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer, read_body
from margin.api.idempotency import once
from margin.api.pagination import PAGING, listed, newest_first
from margin.api.permissions import demand, find
from margin.api.problems import refused
from margin.api.shapes import Choice, Kind, Text, code
from margin.flow.acknowledge import acknowledge
from margin.models import Alert
from margin.notify.alerts import RELATED, view_of
from riskdesk import clock
from riskdesk.errors import Refusal
from riskdesk.texts import MOST_CHARACTERS

PARAMETERS: dict[str, Kind[Any]] = {
    **PAGING,
    "desk": Maybe(code("desks")),
    "state": Maybe(Choice(Alert.State.values)),
    "severity": Maybe(Choice(Alert.Severity.values)),
    "client": Maybe(code("clients")),
    "account": Maybe(code("accounts")),
}
NOTE = Record[dict[str, str]](dict, {"note": Maybe(Text(least=0, most=MOST_CHARACTERS, lines=True), "")})
GIVES = record(
    {
        "id": {"type": "integer"},
        "escalations": {"type": "integer"},
        **texts("desk", "severity", "title", "text", "reason", "raised_at", "state", "note"),
        **blanks("client", "account", "run", "acknowledged_by", "acknowledged_at"),
        **blanks("answer_by", "escalated_at"),
    }
)
ROWS = Alert.objects.select_related("desk", *RELATED)


def shown(alert: Alert) -> dict[str, Any]:
    """As the socket shows it, with its desk."""
    return {**msgspec.to_builtins(view_of(alert)), "desk": alert.desk.code}


class Alerts(Endpoint):
    parameters = PARAMETERS

    @described("list_alerts", "Alerts, newest first", listed(GIVES), parameters=PARAMETERS, tag="alerts")
    def get(self, request: Request) -> HttpResponse:
        paths = {
            "desk": "desk__code",
            "state": "state",
            "severity": "severity",
            "client": "client__code",
            "account": "sub_account__code",
        }
        wanted = {path: self.query[name] for name, path in paths.items() if self.query[name]}
        return newest_first(request, self.query, for_user(ROWS.all(), self.caller).filter(**wanted), shown)


class OneAlert(Endpoint):
    @described("read_alert", "One alert", GIVES, tag="alerts")
    def get(self, request: Request, alert: int) -> HttpResponse:
        return answer(shown(find(ROWS.all(), self.caller, pk=alert)))


class Acknowledge(Endpoint):
    @described("acknowledge_alert", "Acknowledge an alert", GIVES, takes=NOTE, tag="alerts")
    def post(self, request: Request, alert: int) -> HttpResponse:
        row = find(ROWS.all(), self.caller, pk=alert)
        demand(self.caller, Action.ACKNOWLEDGE, row.desk)
        body, document = read_body(request, NOTE, blank={})

        def work() -> HttpResponse:
            found = acknowledge(alert=row, person=self.caller.person, note=body["note"], now=clock.now())
            if isinstance(found, Refusal):
                raise refused([found])
            return answer(shown(found))

        return once(request, document, work)
