"""POST transfers/: money in, out and between pockets. What may move is decided in `margin.flow.transfer`."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, Principal, for_user
from accounts.ledger import Posted
from accounts.models import Pocket, SubAccount
from margin.api.composed import Maybe, Record
from margin.api.described import described, record, texts
from margin.api.endpoint import Endpoint, answer, read_body
from margin.api.idempotency import once
from margin.api.permissions import demand
from margin.api.problems import invalid, refused
from margin.api.shapes import Amount, Text, code
from margin.flow.transfer import End, Inside, Move, Outside, move_money
from riskdesk import clock
from riskdesk.errors import Refusal

POCKET = Text(most=131, pattern="wallet|isolated:[^/]+", says="A pocket is wallet, or isolated: and a ref.")


@dataclass(frozen=True, slots=True)
class Named:
    """One end as it was written: an account and its pocket, or somebody outside."""

    account: str | None
    pocket: str | None
    external: str | None


@dataclass(frozen=True, slots=True)
class Asked:
    reference: str
    asset: str
    amount: Decimal
    giver: Named
    taker: Named


END = Record(
    Named, {"account": Maybe(code("accounts")), "pocket": Maybe(POCKET), "external": Maybe(Text(most=100))}
)
BODY = Record(
    Asked,
    {
        "reference": Text(most=120),
        "asset": code("assets"),
        "amount": Amount(above=Decimal(0)),
        "from": END,
        "to": END,
    },
    {"from": "giver", "to": "taker"},
)
SHOWN_END = record({name: {"type": "string", "nullable": True} for name in ("account", "pocket", "external")})
GIVES = record(
    {
        **texts("reference", "transaction", "asset", "amount", "recorded_at"),
        "from": SHOWN_END,
        "to": SHOWN_END,
    }
)


class Transfers(Endpoint):
    @described("move_money", "Move money", GIVES, takes=BODY, status=201, tag="transfers")
    def post(self, request: Request) -> HttpResponse:
        asked, document = read_body(request, BODY)
        move = move_of(asked, self.caller)

        def work() -> HttpResponse:
            found = move_money(move=move, person=self.caller.person, now=clock.now())
            if isinstance(found, Refusal):
                raise refused([found])
            return answer(shown(found), status=201)

        return once(request, document, work)


def move_of(asked: Asked, caller: Principal) -> Move:
    """The movement between rows that the caller may move money of."""
    demand(caller, Action.MOVE_MONEY, None)
    codes = [end.account for end in (asked.giver, asked.taker) if end.account]
    rows = for_user(SubAccount, caller, Action.MOVE_MONEY).filter(code__in=codes)
    accounts = {row.code: row for row in rows.select_related("client__desk", "base_currency")}
    errors: list[Refusal] = []
    giver, taker = end_of(asked.giver, "from", accounts, errors), end_of(asked.taker, "to", accounts, errors)
    if giver is None or taker is None or errors:
        raise invalid(errors)
    return Move(asked.reference, asked.asset, asked.amount, giver, taker)


def end_of(named: Named, field: str, accounts: Mapping[str, SubAccount], errors: list[Refusal]) -> End | None:
    if named.external is not None and named.account is None and named.pocket is None:
        return Outside(named.external)
    if named.external is not None or named.account is None or named.pocket is None:
        errors.append(Refusal(field, "end", "", "Name an account and its pocket, or somebody external."))
    elif named.account not in accounts:
        errors.append(Refusal(f"{field}.account", "unknown", named.account, "There is no such account."))
    else:
        return Inside(accounts[named.account], named.pocket)
    return None


def shown(found: Posted) -> dict[str, Any]:
    row = found.transfers[0]
    return {
        "reference": row.reference,
        "transaction": row.transaction,
        "asset": row.asset.code,
        "amount": row.amount,
        "from": shown_end(row.debit),
        "to": shown_end(row.credit),
        "recorded_at": row.recorded_at,
    }


def shown_end(pocket: Pocket) -> dict[str, str | None]:
    if pocket.sub_account is None:
        return {"account": None, "pocket": None, "external": pocket.key.removeprefix("external:")}
    return {"account": pocket.sub_account.code, "pocket": pocket.key, "external": None}
