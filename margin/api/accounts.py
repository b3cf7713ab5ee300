"""GET accounts/: figures as the newest run of each shard gave them, or as a run of the past did.

Takes `as_of` and filters; gives rows. Who may see them is asked as of now. Computes no figure itself.
"""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, desks_where
from accounts.models import Mode, SubAccount
from margin.api.composed import Maybe
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer
from margin.api.pagination import PAGING, in_order, listed
from margin.api.permissions import find
from margin.api.problems import invalid
from margin.api.shapes import Choice, Instant, Kind, code
from margin.book.controls import Controls, controls_at, load_controls
from margin.book.frame import ACCOUNT_COLUMNS, POSITION_COLUMNS, rows_of
from margin.book.load_market import in_force
from margin.book.read import account_row, account_rows, position_rows, trouble
from margin.engine.figures import Level
from margin.flow.as_of import frame_of, runs_at
from margin.flow.cap_states import WORST_FIRST as CAP_STATES
from margin.models import PositionVersion, Run
from riskdesk import clock
from riskdesk.errors import Refusal

FILTERS = ("desk", "client", "level", "mode", "cap_state")
LEVELS = tuple(level.word for level in Level)
TROUBLE_KINDS = (int, Decimal, Decimal, str)
AS_OF: dict[str, Kind[Any]] = {"as_of": Maybe(Instant())}
PARAMETERS: dict[str, Kind[Any]] = {
    **PAGING,
    **AS_OF,
    "desk": Maybe(code("desks")),
    "client": Maybe(code("clients")),
    "level": Maybe(Choice(LEVELS)),
    "mode": Maybe(Choice(Mode.values)),
    "cap_state": Maybe(Choice(CAP_STATES)),
}
OTHERS: Mapping[str, Any] = {
    "bounded": {"type": "boolean", "nullable": True},
    "unknown_because": {},
    "positions": {"type": "integer", "nullable": True},
    "cap_name": {"type": "string", "nullable": True},
    "data_age_seconds": {"type": "number", "nullable": True},
    "seq": {"type": "integer", "nullable": True},
}
FIGURES = [name for name in ACCOUNT_COLUMNS if name != "account"]
ACCOUNT = record({**texts("code"), **blanks(*FIGURES, "run", "at"), **OTHERS})
TOLD = ("entry_price", "quantity", "realised_pnl", "leverage", "venue", "strategy", "source", "valid_at")
POSITION = record({**texts("account", "ref", "instrument", "mode"), **blanks(*POSITION_COLUMNS[4:], *TOLD)})


class Accounts(Endpoint):
    parameters = PARAMETERS

    @described(
        "list_accounts",
        "Accounts: liquidations, the unknown, calls, danger and broken caps, the rest; each by distance",
        listed(ACCOUNT),
        parameters=PARAMETERS,
        tag="accounts",
    )
    def get(self, request: Request) -> HttpResponse:
        desks = desks_where(self.caller, Action.SEE_DESK).values_list("code", flat=True)
        wanted = {name: self.query[name] for name in FILTERS if self.query[name]}
        instant = self.query["as_of"]
        if instant is None:
            rows = account_rows(desks, where=wanted)
        else:
            found = rows_at(instant, set(desks))
            rows = [row for row in found if all(row[name] == value for name, value in wanted.items())]
        show = partial(figures, controls=controls_of(instant), at=instant or clock.now())
        return in_order(request, self.query, rows, key=trouble, kinds=TROUBLE_KINDS, show=show)


class Account(Endpoint):
    parameters = AS_OF

    @described("read_account", "One account", ACCOUNT, parameters=AS_OF, tag="accounts")
    def get(self, request: Request, account: str) -> HttpResponse:
        row = find(SubAccount.objects.select_related("client__desk"), self.caller, code=account)
        instant = self.query["as_of"]
        found = account_row(row.code) if instant is None else row_at(row, instant)
        at = instant or clock.now()
        return answer(figures(found or not_yet(row), controls=controls_of(instant), at=at))


class Held(Endpoint):
    parameters = AS_OF

    @described(
        "list_positions",
        "The open positions of one account",
        listed(POSITION),
        parameters=AS_OF,
        tag="accounts",
    )
    def get(self, request: Request, account: str) -> HttpResponse:
        row = find(SubAccount.objects.select_related("client"), self.caller, code=account)
        if self.query["as_of"] is None:
            measured, held = position_rows(row.code), Q(revision_to__isnull=True)
        else:
            run = own_run(row, self.query["as_of"])
            shown = rows_of(frame_of(run, client=row.client_id).positions)
            measured = [one for one in shown if one["account"] == row.code]
            held = in_force(run.shard_revision or 0)
        by_ref = {one["ref"]: one for one in measured}
        rows = [position(one, row.code, by_ref.get(one.ref, {})) for one in open_positions(row, held)]
        return answer({"results": rows, "next": None})


def rows_at(instant: datetime, desks: set[str]) -> list[dict[str, Any]]:
    """The rows of all shards as of an instant, in trouble order."""
    found = [
        row | {"run": frame.run, "seq": frame.seq, "at": frame.at}
        for frame in map(frame_of, or_refused(runs_at(instant)))
        for row in rows_of(frame.accounts)
        if row["desk"] in desks
    ]
    return sorted(found, key=trouble)


def row_at(account: SubAccount, instant: datetime) -> dict[str, Any] | None:
    """The row of one account as of an instant; None: it was not there yet."""
    frame = frame_of(own_run(account, instant), client=account.client_id)
    rows = (row for row in rows_of(frame.accounts) if row["account"] == account.code)
    own = next(rows, None)
    return own and own | {"run": frame.run, "seq": frame.seq, "at": frame.at}


def own_run(account: SubAccount, instant: datetime) -> Run:
    """The run of the account's shard that was the newest then."""
    runs = or_refused(runs_at(instant, shard=account.client.shard_id))
    return runs[0]


def or_refused(found: list[Run] | Refusal) -> list[Run]:
    if isinstance(found, Refusal):
        raise invalid([found])
    return found


def open_positions(account: SubAccount, held: Q) -> Any:
    rows = PositionVersion.objects.filter(held, sub_account=account)
    return rows.select_related("instrument", "venue").order_by("ref")


def position(row: PositionVersion, account: str, measured: Mapping[str, Any]) -> dict[str, Any]:
    """What was told of a position, and what the newest run made of it (null until one has seen it)."""
    found: dict[str, Any] = {name: measured.get(name) for name in POSITION_COLUMNS}
    found |= {name: getattr(row, name) for name in TOLD}
    return found | {
        "account": account,
        "ref": row.ref,
        "instrument": row.instrument.code,
        "mode": row.mode,
        "venue": row.venue.code if row.venue else None,
    }


def controls_of(instant: datetime | None) -> Controls:
    """What is in force, or was: never as old as the newest run."""
    return load_controls() if instant is None else controls_at(instant)


def figures(row: Mapping[str, Any], *, controls: Controls, at: datetime) -> dict[str, Any]:
    """A row of the frame under the names of the API."""
    found = {"code": row["account"], **{name: row[name] for name in FIGURES}}
    found["control"] = controls.of_row(row, at).value
    return found | _dated(row)


def _dated(row: Mapping[str, Any]) -> dict[str, Any]:
    at = row["price_time"] or row["at"]
    age = (clock.now() - datetime.fromisoformat(at)).total_seconds() if at else None
    return {
        "data_age_seconds": None if age is None else round(max(0.0, age), 3),
        **{name: row[name] for name in ("run", "seq", "at")},
    }


def not_yet(row: SubAccount) -> dict[str, Any]:
    """An account that no run has seen: its figures are unknown, not zero."""
    known = {
        "account": row.code,
        "name": row.name,
        "client": row.client.code,
        "client_name": row.client.name,
        "desk": row.client.desk.code,
        "mode": row.default_mode,
        "currency": row.base_currency.code,
        "level": "unknown",
        "unknown_because": "no run has seen this account yet",
    }
    return dict.fromkeys((*ACCOUNT_COLUMNS, "run", "seq", "at")) | known
