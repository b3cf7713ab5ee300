"""GET and POST restrictions/, and POST restrictions/<id>/lift/. The deeds are `margin.flow.control`'s.

Takes what a restriction is to be on, by codes; gives it as it stands. The lift of one that is wide is
answered with 202 and the change that a second person approves.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, for_user
from accounts.models import Proposal
from margin.api.composed import Maybe, Record
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer, read_body
from margin.api.idempotency import once
from margin.api.pagination import PAGING, listed, newest_first
from margin.api.permissions import demand, find
from margin.api.problems import invalid, refused
from margin.api.shapes import Choice, Instant, Kind, Text, code
from margin.book.controls import standing
from margin.flow.aims import NAMES, aimed
from margin.flow.control import MOST_REASON, RELATED, impose, lift
from margin.models import Restriction
from riskdesk import clock

IN_FORCE, OVER = "in_force", "over"
PARAMETERS: dict[str, Kind[Any]] = {
    **PAGING,
    "desk": Maybe(code("desks")),
    "scope": Maybe(Choice(Restriction.Scope.values)),
    "state": Maybe(Choice(Restriction.State.values)),
    "standing": Maybe(Choice((IN_FORCE, OVER))),
}
ROWS = Restriction.objects.select_related(*RELATED)
REASON = Text(most=MOST_REASON, lines=True)


@dataclass(frozen=True, slots=True)
class Asked:
    scope: str
    state: str
    reason: str
    desk: str | None
    account: str | None
    client: str | None
    instrument: str | None
    venue: str | None
    expires_at: datetime | None


BODY = Record(
    Asked,
    {
        "scope": Choice(Restriction.Scope.values),
        "state": Choice(Restriction.State.values),
        "reason": REASON,
        **{name: Maybe(code(f"{name}s")) for name in NAMES},
        "expires_at": Maybe(Instant()),
    },
)
LIFTED = Record[dict[str, str]](dict, {"reason": REASON})
GIVES = record(
    {
        "id": {"type": "integer"},
        **texts("scope", "state", "standing", "on", "reason", "imposed_by", "imposed_at"),
        **blanks(*NAMES, "expires_at", "lifted_at", "lifted_by", "lift_reason"),
        "lift_change": {"type": "integer", "nullable": True},
    }
)


def shown(row: Restriction, change: Proposal | None = None) -> dict[str, Any]:
    now, on = clock.now(), {"account": row.sub_account, "client": row.client, "desk": row.desk}
    holds = row.lifted_at is None and (row.expires_at is None or row.expires_at > now)
    waits = change or row.proposal
    return {
        "id": row.pk,
        "scope": row.scope,
        "state": row.state,
        "standing": IN_FORCE if holds else OVER,
        "on": row.whom,
        **{name: own.code if own else None for name, own in on.items()},
        "instrument": row.instrument.code if row.instrument else None,
        "venue": row.venue.code if row.venue else None,
        "reason": row.reason,
        "imposed_by": row.author,
        "imposed_at": row.imposed_at,
        "expires_at": row.expires_at,
        "lifted_at": row.lifted_at,
        "lifted_by": row.lifter,
        "lift_reason": row.lift_reason or None,
        "lift_change": waits.pk if waits else None,
    }


class Restrictions(Endpoint):
    parameters = PARAMETERS

    @described(
        "list_restrictions", "Restrictions, newest first", listed(GIVES), parameters=PARAMETERS,
        tag="restrictions",
    )  # fmt: skip
    def get(self, request: Request) -> HttpResponse:
        paths = {"desk": "desk__code", "scope": "scope", "state": "state"}
        wanted = {path: self.query[name] for name, path in paths.items() if self.query[name]}
        rows = for_user(ROWS.all(), self.caller).filter(**wanted)
        if self.query["standing"] is not None:
            holds = standing(clock.now())
            rows = rows.filter(holds if self.query["standing"] == IN_FORCE else ~holds)
        return newest_first(request, self.query, rows, shown)

    @described(
        "impose_restriction", "Impose a restriction", GIVES, takes=BODY, tag="restrictions", status=201
    )
    def post(self, request: Request) -> HttpResponse:
        body, document = read_body(request, BODY)
        aim = aimed(self.caller, body.scope, {name: getattr(body, name) for name in NAMES})
        if isinstance(aim, list):
            raise invalid(aim)
        demand(self.caller, Action.RESTRICT, aim.desk)

        def work() -> HttpResponse:
            made = impose(
                aim, state=body.state, reason=body.reason, expires_at=body.expires_at,
                person=self.caller.person, now=clock.now(),
            )  # fmt: skip
            if isinstance(made, list):
                raise refused(made)
            return answer(shown(made), status=201)

        return once(request, document, work)


class LiftRestriction(Endpoint):
    @described("lift_restriction", "Lift a restriction", GIVES, takes=LIFTED, tag="restrictions")
    def post(self, request: Request, restriction: int) -> HttpResponse:
        row = find(ROWS.all(), self.caller, pk=restriction)
        demand(self.caller, Action.RESTRICT, row.desk)
        body, document = read_body(request, LIFTED)

        def work() -> HttpResponse:
            found = lift(row, person=self.caller.person, reason=body["reason"], now=clock.now())
            if isinstance(found, list):
                raise refused(found)
            if isinstance(found, Proposal):
                return answer(shown(row, found), status=202)
            return answer(shown(found))

        return once(request, document, work)
