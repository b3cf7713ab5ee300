"""PUT positions/: what a source holds. Everything about it is decided in `margin.flow.positions`."""

from decimal import Decimal

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, Principal, for_user
from accounts.models import SubAccount
from margin.api.composed import Items, Maybe, Record
from margin.api.described import described, record, texts
from margin.api.endpoint import Endpoint, answer, read_body
from margin.api.idempotency import once
from margin.api.output import iso
from margin.api.permissions import demand
from margin.api.problems import conflict, refused
from margin.api.shapes import Amount, Choice, Flag, Instant, Text, code
from margin.flow.positions import put_positions
from margin.flow.source_snapshot import CashReport, OutOfOrder, PositionReport, SourceSnapshot, Stored
from margin.models import PositionVersion
from riskdesk import clock
from riskdesk.errors import Refusal

MOST_LINES = 10_000
OUTCOMES = ("opened", "changed", "closed", "unchanged")
STRATEGY = Text(least=0, most=40, pattern="[^/|]*", says="A strategy has no slash or bar.")
SOURCE = Text(
    most=32, pattern="[a-z0-9][a-z0-9_-]{0,31}", says="A source is a-z, 0-9, _ and -, such as binance."
)
POSITION = Record(
    PositionReport,
    {
        "account": code("accounts"),
        "ref": Maybe(Text(most=120, pattern="[^/]+", says="A ref has no slash."), ""),
        "instrument": code("instruments"),
        "mode": Choice(PositionVersion.Mode.values),
        "quantity": Amount(),
        "entry_price": Amount(),
        "isolated_margin": Maybe(Amount(least=Decimal(0))),
        "realised_pnl": Maybe(Amount()),
        "venue": Maybe(code("venues"), ""),
        "strategy": Maybe(STRATEGY, ""),
        "leverage": Maybe(Amount(least=Decimal(1), most=Decimal(10_000))),
    },
)
CASH = Record(
    CashReport,
    {
        "account": code("accounts"),
        "asset": code("assets"),
        "amount": Amount(),
        "reference": Text(most=120),
    },
)
SNAPSHOT = Record(
    SourceSnapshot,
    {
        "source": SOURCE,
        "as_of": Instant(),
        "replace": Maybe(Flag(), False),
        "positions": Items(of=POSITION, most=MOST_LINES),
        "cash": Maybe(Items(of=CASH, most=MOST_LINES), ()),
        "accounts": Maybe(Items(of=code("accounts"), most=MOST_LINES), ()),
    },
)
GIVES = record(
    {
        **texts("source", "as_of"),
        "counts": record({name: {"type": "integer"} for name in OUTCOMES}),
        "positions": {"type": "array", "items": record(texts("account", "ref", "outcome"))},
        "cash": {"type": "array", "items": record(texts("reference", "outcome"))},
    }
)


class Positions(Endpoint):
    @described("put_positions", "Send the positions of one source", GIVES, takes=SNAPSHOT, tag="positions")
    def put(self, request: Request) -> HttpResponse:
        snapshot, document = read_body(request, SNAPSHOT)
        accounts = accounts_of(snapshot, self.caller)

        def work() -> HttpResponse:
            found = put_positions(
                snapshot=snapshot, accounts=accounts, person=self.caller.person, now=clock.now()
            )
            match found:
                case Stored():
                    return answer(shown(snapshot, found))
                case OutOfOrder(account, stored):
                    message = f"The desk knows {account} as of {iso(stored)} from this source."
                    late = Refusal("as_of", "out_of_order", iso(snapshot.as_of), message)
                    raise conflict([late], name="out_of_order", account=account, stored_as_of=iso(stored))
            raise refused(found)

        return once(request, document, work)


def accounts_of(snapshot: SourceSnapshot, caller: Principal) -> dict[str, SubAccount]:
    """The accounts named, as far as the caller may send positions for them."""
    demand(caller, Action.SEND_POSITIONS, None)
    rows = for_user(SubAccount, caller, Action.SEND_POSITIONS).filter(code__in=snapshot.codes)
    return {row.code: row for row in rows.select_related("client__desk", "base_currency")}


def shown(snapshot: SourceSnapshot, found: Stored) -> dict[str, object]:
    outcomes = [one.outcome for one in found.positions]
    return {
        "source": snapshot.source,
        "as_of": snapshot.as_of,
        "counts": {name: outcomes.count(name) for name in OUTCOMES},
        "positions": found.positions,
        "cash": [{"reference": reference, "outcome": outcome} for reference, outcome in found.cash],
    }
