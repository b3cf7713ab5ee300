"""GET calls/ and POST calls/<id>/<verb>/. What may be done with a call: `margin.flow.call_deeds`."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

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
from margin.api.shapes import Amount, Choice, Instant, Kind, Text, code
from margin.flow import call_deeds as deeds
from margin.models import MarginCall
from riskdesk import clock
from riskdesk.errors import Refusal
from riskdesk.texts import MOST_CHARACTERS

PARAMETERS: dict[str, Kind[Any]] = {
    **PAGING,
    "desk": Maybe(code("desks")),
    "state": Maybe(Choice(MarginCall.State.values)),
    "client": Maybe(code("clients")),
    "account": Maybe(code("accounts")),
}
NOTE = Maybe(Text(least=0, most=MOST_CHARACTERS, lines=True), "")
NOTED: Record[dict[str, Any]] = Record(dict, {"note": NOTE})
ROWS = MarginCall.objects.select_related(
    "desk", "client", "sub_account__base_currency", "issued_by"
).prefetch_related("extensions__asked_by")
EVENT = record(
    {**texts("at", "deed"), **blanks("because", "person", "run", "amount", "due_at"), **texts("note")}
)
GIVES = record(
    {
        "id": {"type": "integer"},
        **texts("desk", "client", "account", "kind", "state", "currency", "amount", "paid", "outstanding"),
        **texts("drafted_at"),
        **blanks("issued_at", "issued_by", "due_at", "delivered_at", "acknowledged_at", "disputed"),
        **blanks("extension_asked_until", "cure", "closed_at"),
        "basis": {"type": "object"},
    }
)
IN_FULL = {
    **GIVES,
    "properties": {**GIVES["properties"], "events": {"type": "array", "items": EVENT}},
    "required": [*GIVES["required"], "events"],
}


@dataclass(frozen=True, slots=True)
class Verb:
    """One deed: what its body holds, what it needs, what does it."""

    body: Record[dict[str, Any]]
    act: Callable[..., MarginCall | Refusal]
    action: Action = Action.CALL_MARGIN
    more: Mapping[str, Any] | None = None


VERBS = {
    "issue": Verb(NOTED, deeds.issue),
    "cancel": Verb(NOTED, deeds.cancel),
    "deliver": Verb(NOTED, deeds.deliver),
    "acknowledge": Verb(NOTED, deeds.confirm),
    "dispute": Verb(Record(dict, {"amount": Amount(least=Decimal(0)), "note": NOTE}), deeds.dispute),
    "extend": Verb(Record(dict, {"due_at": Instant(), "note": NOTE}), deeds.ask_extension),
    "give-extension": Verb(NOTED, deeds.decide_extension, Action.APPROVE, {"give": True}),
    "refuse-extension": Verb(NOTED, deeds.decide_extension, Action.APPROVE, {"give": False}),
}


def shown(call: MarginCall) -> dict[str, Any]:
    waiting = next((own for own in call.extensions.all() if own.given is None), None)
    return {
        "id": call.pk,
        "desk": call.desk.code,
        "client": call.client.code,
        "account": call.sub_account.code,
        "kind": call.kind,
        "state": call.state,
        "currency": call.sub_account.base_currency.code,
        "amount": call.amount,
        "paid": call.paid,
        "outstanding": call.outstanding,
        "drafted_at": call.drafted_at,
        "issued_at": call.issued_at,
        "issued_by": call.issued_by.get_username() if call.issued_by else None,
        "due_at": call.due_at,
        "delivered_at": call.delivered_at,
        "acknowledged_at": call.acknowledged_at,
        "disputed": call.disputed,
        "extension_asked_until": waiting.due_at if waiting else None,
        "cure": call.cure or None,
        "closed_at": call.closed_at,
        "basis": call.basis,
    }


def shown_in_full(call: MarginCall) -> dict[str, Any]:
    events = [
        {
            "at": event.at,
            "deed": event.deed,
            "because": event.because or None,
            "person": event.person.get_username() if event.person else None,
            "run": event.run_id,
            "amount": event.amount,
            "due_at": event.due_at,
            "note": event.note,
        }
        for event in call.events.select_related("person")
    ]
    return shown(call) | {"events": events}


class Calls(Endpoint):
    parameters = PARAMETERS

    @described("list_calls", "Margin calls, newest first", listed(GIVES), parameters=PARAMETERS, tag="calls")
    def get(self, request: Request) -> HttpResponse:
        paths = {
            "desk": "desk__code",
            "state": "state",
            "client": "client__code",
            "account": "sub_account__code",
        }
        wanted = {path: self.query[name] for name, path in paths.items() if self.query[name]}
        return newest_first(request, self.query, for_user(ROWS.all(), self.caller).filter(**wanted), shown)


class OneCall(Endpoint):
    @described("read_call", "One margin call with its history", IN_FULL, tag="calls")
    def get(self, request: Request, call: int) -> HttpResponse:
        return answer(shown_in_full(find(ROWS.all(), self.caller, pk=call)))


class ActOnCall(Endpoint):
    """What the verbs share."""

    verb: Verb

    def act(self, request: Request, call: int) -> HttpResponse:
        row = find(ROWS.all(), self.caller, pk=call)
        demand(self.caller, self.verb.action, row.desk)
        body, document = read_body(request, self.verb.body, blank={})

        def work() -> HttpResponse:
            more = {**body, **(self.verb.more or {})}
            found = self.verb.act(row, self.caller.person, now=clock.now(), **more)
            if isinstance(found, Refusal):
                raise refused([found])
            return answer(shown(found))

        return once(request, document, work)


def acting(name: str) -> type[ActOnCall]:
    """The endpoint of one verb: each has its own body in the schema."""
    verb, title = VERBS[name], name.replace("-", " ").capitalize()
    operation = f"{name.replace('-', '_')}_call"

    @described(operation, f"{title} a margin call", GIVES, takes=verb.body, tag="calls")
    def post(self: ActOnCall, request: Request, call: int) -> HttpResponse:
        return self.act(request, call)

    return type(f"{title.title().replace(' ', '')}Call", (ActOnCall,), {"verb": verb, "post": post})
