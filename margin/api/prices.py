"""POST prices/: what a feed says. Which prices are believed is decided in `margin.flow.feed`."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from margin.api.composed import Items, Maybe, Record
from margin.api.described import described, record, texts
from margin.api.endpoint import Endpoint, answer, read_body
from margin.api.idempotency import once
from margin.api.permissions import demand_scope
from margin.api.problems import Problem
from margin.api.shapes import Amount, Instant, Text
from margin.flow.feed import FeedAnswer, PriceReport, accept_prices
from riskdesk import clock
from riskdesk.errors import Refusal

MOST_PRICES = 5_000


@dataclass(frozen=True, slots=True)
class Batch:
    source: str
    prices: tuple[PriceReport, ...]


PRICE = Record(
    PriceReport,
    {
        "instrument": Text(most=64),
        "price": Amount(),
        "bid": Maybe(Amount()),
        "ask": Maybe(Amount()),
        "time": Instant(),
    },
)
BATCH = Record(Batch, {"source": Text(most=32), "prices": Items(of=PRICE, least=1, most=MOST_PRICES)})

SEEN = texts("instrument", "price", "time")
GIVES = record(
    {
        "accepted": {"type": "array", "items": record(SEEN)},
        "unconfirmed": {"type": "array", "items": record({**SEEN, **texts("reason")})},
        "refused": {"type": "array", "items": record({**SEEN, **texts("reason", "message")})},
    }
)


class Prices(Endpoint):
    @described("send_prices", "Send prices of one source", GIVES, takes=BATCH, tag="prices")
    def post(self, request: Request) -> HttpResponse:
        batch, document = read_body(request, BATCH)
        demand_scope(self.caller, f"prices:{batch.source}")

        def work() -> HttpResponse:
            found = accept_prices(source=batch.source, reports=batch.prices, now=clock.now())
            if found.accepted or found.unconfirmed:
                return answer(sorted_prices(found))
            return nothing_taken(batch, found).answer()  # returned, so that the counted refusals stay

        return once(request, document, work)


def sorted_prices(found: FeedAnswer) -> dict[str, Any]:
    return {
        "accepted": [seen(report) for report in found.accepted],
        "unconfirmed": [seen(one.report) | {"reason": one.doubt} for one in found.unconfirmed],
        "refused": [
            seen(one.report) | {"reason": one.reason, "message": one.message} for one in found.refused
        ],
    }


def seen(report: PriceReport) -> dict[str, Any]:
    return {"instrument": report.instrument, "price": report.price, "time": report.time}


def nothing_taken(batch: Batch, found: FeedAnswer) -> Problem:
    """400 where not one price could be used, with the same three lists beside the errors."""
    places = {id(report): place for place, report in enumerate(batch.prices)}
    errors = [
        Refusal(f"prices[{places[id(one.report)]}]", one.reason, str(one.report.price), one.message)
        for one in found.refused
    ]
    detail = errors[0].message if len(errors) == 1 else "Not one of these prices can be used."
    return Problem(400, "invalid", detail, errors, **sorted_prices(found))
