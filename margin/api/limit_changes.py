"""limits/changes/: proposing, trying, approving. Every deed is `margin.flow.change`'s, as on the pages.

Takes a change in the words of the noun (codes, decimal texts, ISO instants); gives the proposal. What it may
hold is decided where it is built, kind by kind.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, Principal, desks_where, for_user, may
from accounts.models import Desk, Proposal
from margin.api.composed import Items, Maybe, Named, Record
from margin.api.described import blanks, described, record, texts
from margin.api.dry_runs import GIVES_TRIED, tried
from margin.api.endpoint import Endpoint, answer, read_body
from margin.api.idempotency import once
from margin.api.pagination import PAGING, listed, newest_first
from margin.api.permissions import demand, find
from margin.api.problems import conflict, invalid, refused
from margin.api.shapes import Choice, Kind, Schema, Text, Whole, code
from margin.flow.change import approve, propose, reject, right_to_propose, withdraw
from margin.flow.differences import Line, difference, moved_since, now_in_force
from margin.flow.ruled import RULED
from margin.whatif.dry_run import dry_run
from margin.whatif.moves import DryRun
from riskdesk import clock
from riskdesk.errors import Refusal
from riskdesk.texts import MOST_CHARACTERS


@dataclass(frozen=True)
class Value(Kind[Any]):
    """A value of a change: a text, true or false, null, or tiers. The noun's own column reads it further."""

    def read(self, value: object, field: str, refused: list[Refusal]) -> Any:
        if value is None or isinstance(value, bool):
            return BLANK if value is None else value
        kind: Kind[Any] = TIERS if isinstance(value, list) else Text(least=0, most=200)
        return kind.read(value, field, refused)

    def schema(self) -> Schema:
        return {"nullable": True}


BLANK = object()
"""A value that is told to be blank: unlike one that is left out, it takes the place of one in force."""
NAME = Text(most=40, pattern="[a-z_]+", says="This names no field of a change.")
TIERS = Items(of=Named(name=NAME, of=Maybe(Text(least=0, most=60), ""), most=8), most=40)


@dataclass(frozen=True, slots=True)
class Asked:
    kind: str
    desk: str | None
    change: dict[str, Any]
    reason: str
    made_from: int | None


BODY = Record(
    Asked,
    {
        "kind": Choice(tuple(RULED)),
        "desk": Maybe(code("desks")),
        "change": Named(name=NAME, of=Value(), most=24),
        "reason": Text(most=MOST_CHARACTERS, lines=True),
        "made_from": Maybe(Whole(least=1, most=10**15)),
    },
)
NOTE = Record[dict[str, str]](dict, {"note": Maybe(Text(least=0, most=MOST_CHARACTERS, lines=True), "")})
NOTHING = Record[dict[str, str]](dict, {})
PARAMETERS: dict[str, Kind[Any]] = {
    **PAGING,
    "desk": Maybe(code("desks")),
    "kind": Maybe(Choice(tuple(RULED))),
    "state": Maybe(Choice(Proposal.State.values)),
}
LINE = record({**texts("field"), "before": {"nullable": True}, "after": {"nullable": True}})
GIVES = record(
    {
        "id": {"type": "integer"},
        **texts("kind", "subject", "reason", "state", "proposed_by", "proposed_at", "note"),
        **blanks("desk", "decided_by", "decided_at"),
        "base_version": {"type": "integer", "nullable": True},
        "change": {"type": "object"},
        "difference": {"type": "array", "items": LINE},
    }
)
ROWS = Proposal.objects.select_related("desk", "proposed_by", "decided_by")


def shown(proposal: Proposal) -> dict[str, Any]:
    lines = difference(proposal.kind, proposal.before, proposal.change)
    return {
        "id": proposal.pk,
        "desk": proposal.desk.code if proposal.desk else None,
        "kind": proposal.kind,
        "subject": proposal.subject,
        "change": proposal.change,
        "difference": shown_lines(lines),
        "base_version": proposal.base_version,
        "reason": proposal.reason,
        "state": proposal.state,
        "proposed_by": proposal.proposed_by.username,
        "proposed_at": proposal.proposed_at,
        "decided_by": proposal.decided_by.username if proposal.decided_by else None,
        "decided_at": proposal.decided_at,
        "note": proposal.decision_note,
    }


def shown_lines(lines: list[Line]) -> list[dict[str, Any]]:
    return [{"field": one.name, "before": one.before, "after": one.after} for one in lines if one.moved]


class Changes(Endpoint):
    parameters = PARAMETERS

    @described("list_changes", "Proposed changes", listed(GIVES), parameters=PARAMETERS, tag="limits")
    def get(self, request: Request) -> HttpResponse:
        paths = {"desk": "desk__code", "kind": "kind", "state": "state"}
        wanted = {path: self.query[name] for name, path in paths.items() if self.query[name]}
        return newest_first(request, self.query, for_user(ROWS, self.caller).filter(**wanted), shown)

    @described("propose_change", "Propose a change", GIVES, takes=BODY, status=201, tag="limits")
    def post(self, request: Request) -> HttpResponse:
        asked, document = read_body(request, BODY)
        change = {name: None if value is BLANK else value for name, value in asked.change.items()}
        desk = self._desk(asked)

        def work() -> HttpResponse:
            made = propose(
                kind=asked.kind, change=change, desk=desk, reason=asked.reason, person=self.caller.person,
                now=clock.now(), made_from=asked.made_from,
            )  # fmt: skip
            if isinstance(made, Proposal):
                return answer(shown(made), status=201)
            if made[0].rule == "moved_on":
                _, values = now_in_force(asked.kind, change)
                lines = difference(asked.kind, values, change)
                raise conflict(made, name="moved_on", difference=shown_lines(lines))
            raise refused(made)

        return once(request, document, work)

    def _desk(self, asked: Asked) -> Desk | None:
        """A desk on which the caller may propose, by their role and by their token."""
        desk = None
        if asked.desk is not None:
            desk = desks_where(self.caller, Action.SEE_DESK).filter(code=asked.desk).first()
            if desk is None:
                raise invalid([Refusal("desk", "unknown", asked.desk, "There is no such desk.")])
        demand_to_propose(self.caller, asked.kind, desk)
        return desk


def demand_to_propose(caller: Principal, kind: str, desk: Desk | None) -> None:
    """A token's scope `limits` is the right to propose, of whatever kind."""
    if not may(caller, Action.PROPOSE, desk):
        demand(caller, right_to_propose(kind), desk)


class OneChange(Endpoint):
    @described("get_change", "One change", GIVES, tag="limits")
    def get(self, request: Request, change: int) -> HttpResponse:
        return answer(shown(find(ROWS, self.caller, pk=change)))


class TryChange(Endpoint):
    @described(
        "try_change", "What a change would do to today's book", GIVES_TRIED, takes=NOTHING, tag="limits"
    )
    def post(self, request: Request, change: int) -> HttpResponse:
        """Changes nothing, so it may be asked by whoever may read the proposal."""
        read_body(request, NOTHING, blank={})
        proposal = find(ROWS, self.caller, pk=change)
        own = [proposal.desk] if proposal.desk else list(desks_where(self.caller, Action.SEE_DESK))
        found = dry_run(kind=proposal.kind, change=proposal.change, desks=own)
        if not isinstance(found, DryRun):
            raise refused(found)
        return answer(tried(found))


class Decide(Endpoint):
    """One of the three deeds that end a proposal."""

    deed: Any = None

    def demand(self, proposal: Proposal) -> None:
        demand(self.caller, Action.APPROVE, proposal.desk)

    def decide(self, request: Request, change: int) -> HttpResponse:
        asked, document = read_body(request, NOTE, blank={})
        proposal = find(ROWS, self.caller, pk=change)
        self.demand(proposal)

        def work() -> HttpResponse:
            person, now = self.caller.person, clock.now()
            said = type(self).deed(proposal=proposal, person=person, note=asked["note"], now=now)
            if isinstance(said, Proposal):
                return answer(shown(said))
            if said[0].rule == "moved_on":
                raise conflict(said, name="moved_on", difference=shown_lines(moved_since(proposal)))
            raise refused(said)

        return once(request, document, work)


class Approve(Decide):
    deed = staticmethod(approve)

    @described("approve_change", "Approve a change", GIVES, takes=NOTE, tag="limits")
    def post(self, request: Request, change: int) -> HttpResponse:
        return self.decide(request, change)


class Reject(Decide):
    deed = staticmethod(reject)

    @described("reject_change", "Reject a change", GIVES, takes=NOTE, tag="limits")
    def post(self, request: Request, change: int) -> HttpResponse:
        return self.decide(request, change)


class Withdraw(Decide):
    deed = staticmethod(withdraw)

    def demand(self, proposal: Proposal) -> None:
        demand_to_propose(self.caller, proposal.kind, proposal.desk)

    @described("withdraw_change", "Take one's own change back", GIVES, takes=NOTE, tag="limits")
    def post(self, request: Request, change: int) -> HttpResponse:
        return self.decide(request, change)
