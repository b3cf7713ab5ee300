"""GET accounts/: current figures, as the newest run of each shard gave them. Computes none of them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, desks_where
from accounts.models import Mode, SubAccount
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer
from margin.api.pagination import PAGING, in_order, listed
from margin.api.permissions import find
from margin.api.shapes import Choice, Kind, Maybe, code
from margin.book.frame import ACCOUNT_COLUMNS, POSITION_COLUMNS
from margin.book.read import account_row, account_rows, position_rows, trouble
from margin.models import PositionVersion
from riskdesk import clock

LEVELS = ("normal", "watch", "at_risk", "danger", "margin_call", "liquidation", "unknown")
TROUBLE_KINDS = (int, Decimal, Decimal, str)
PARAMETERS: dict[str, Kind[Any]] = {
    **PAGING,
    "desk": Maybe(code("desks")),
    "client": Maybe(code("clients")),
    "level": Maybe(Choice(LEVELS)),
    "mode": Maybe(Choice(Mode.values)),
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
        "Accounts, nearest to their end first",
        listed(ACCOUNT),
        parameters=PARAMETERS,
        tag="accounts",
    )
    def get(self, request: Request) -> HttpResponse:
        desks = desks_where(self.caller, Action.SEE_DESK).values_list("code", flat=True)
        wanted = {name: self.query[name] for name in ("desk", "client", "level", "mode") if self.query[name]}
        rows = [
            row for row in account_rows(desks) if all(row[name] == value for name, value in wanted.items())
        ]
        return in_order(request, self.query, rows, key=trouble, kinds=TROUBLE_KINDS, show=figures)


class Account(Endpoint):
    @described("read_account", "One account", ACCOUNT, tag="accounts")
    def get(self, request: Request, account: str) -> HttpResponse:
        row = find(SubAccount.objects.select_related("client__desk"), self.caller, code=account)
        return answer(figures(account_row(row.code) or not_yet(row)))


class Held(Endpoint):
    @described("list_positions", "The open positions of one account", listed(POSITION), tag="accounts")
    def get(self, request: Request, account: str) -> HttpResponse:
        row = find(SubAccount.objects.all(), self.caller, code=account)
        measured = {one["ref"]: one for one in position_rows(row.code)}
        rows = [position(one, row.code, measured.get(one.ref, {})) for one in open_positions(row)]
        return answer({"results": rows, "next": None})


def open_positions(account: SubAccount) -> Any:
    rows = PositionVersion.objects.filter(sub_account=account, revision_to__isnull=True)
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


def figures(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the frame under the names of the API."""
    found = {"code": row["account"], **{name: row[name] for name in FIGURES}}
    at = row["price_time"] or row["at"]
    age = (clock.now() - datetime.fromisoformat(at)).total_seconds() if at else None
    return found | {
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
