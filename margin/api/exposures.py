"""GET exposures/: net and gross by one key, over the desk's book as the newest runs valued it."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, desks_where
from accounts.models import Desk
from margin.api.composed import Maybe
from margin.api.described import described, record, texts
from margin.api.endpoint import Endpoint, answer
from margin.api.shapes import Choice, Kind, code
from margin.engine.shown import down, up
from margin.whatif.exposures import BY, ExposedBook, Held, exposed_book, sums

RATE_PLACES = 6
PARAMETERS: dict[str, Kind[Any]] = {"by": Maybe(Choice(BY), "asset"), "desk": Maybe(code("desks"))}
HELD = record(
    {**texts("desk", "currency", "key", "net", "gross"), "share": {"type": "string", "nullable": True}}
)
LEFT_OUT = record(texts("desk", "account", "ref"))
GIVEN = record(
    {
        **texts("by"),
        "results": {"type": "array", "items": HELD},
        "left_out": {"type": "array", "items": LEFT_OUT},
    }
)


class Exposures(Endpoint):
    parameters = PARAMETERS

    @described("list_exposures", "Net and gross by one key", GIVEN, parameters=PARAMETERS, tag="exposures")
    def get(self, request: Request) -> HttpResponse:
        desks = desks_where(self.caller, Action.SEE_DESK).select_related("reporting_currency")
        if self.query["desk"]:
            desks = desks.filter(code=self.query["desk"])
        results, left_out = [], []
        for desk in desks.order_by("code"):
            book = exposed_book(desk)
            found, missing = sums(book.rows, self.query["by"])
            results += [shown(desk, book, held) for held in found]
            left_out += [{"desk": desk.code, "account": account, "ref": ref} for account, ref in missing]
        return answer({"by": self.query["by"], "results": results, "left_out": left_out})


def shown(desk: Desk, book: ExposedBook, held: Held) -> dict[str, Any]:
    """Gross rounds up, net down, a share up: to the currency's own scale."""
    return {
        "desk": desk.code,
        "currency": book.currency,
        "key": held.key,
        "net": f"{down(held.exposure.net, book.places):f}",
        "gross": f"{up(held.exposure.gross, book.places):f}",
        "share": None if held.share is None else f"{up(held.share, RATE_PLACES):f}",
    }
