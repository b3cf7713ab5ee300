"""GET desk/<desk>/snapshot/: all that a page shows of a desk, exactly as the socket sends it."""

from typing import Any

import msgspec
from django.http import HttpResponse
from rest_framework.request import Request

from accounts.models import Desk
from margin.api.composed import Maybe
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer
from margin.api.permissions import find
from margin.api.problems import invalid
from margin.api.shapes import Choice, Kind, WholeText
from margin.notify.events import DEFAULT_COUNT, MOST_ROWS, Error, View
from margin.notify.snapshot import desk_snapshot
from riskdesk.errors import Refusal

FARTHEST = 10_000_000
PARAMETERS: dict[str, Kind[Any]] = {
    "first": Maybe(WholeText(least=0, most=FARTHEST), 0),
    "count": Maybe(WholeText(least=1, most=MOST_ROWS), DEFAULT_COUNT),
    "prices": Maybe(Choice(("true", "false")), "false"),
}
OBJECT = {"type": "object"}
GIVES = record(
    {
        **texts("type", "desk", "run", "at"),
        "seq": {"type": "integer"},
        "total": {"type": "integer"},
        "shards": OBJECT,
        "columns": {"type": "array", "items": {"type": "string"}},
        "rows": {"type": "array", "items": {"type": "array", "items": {}}},
        "kpi": OBJECT,
        "alerts": {"type": "array", "items": record({"id": {"type": "integer"}, **blanks("account")})},
    }
)


class DeskSnapshot(Endpoint):
    parameters = PARAMETERS

    @described("read_snapshot", "All that a page shows of a desk", GIVES, parameters=PARAMETERS, tag="desk")
    def get(self, request: Request, desk: str) -> HttpResponse:
        row = find(Desk.objects.all(), self.caller, code=desk)
        window = (self.query["first"], self.query["count"])
        found = desk_snapshot(row.code, View(window=window, prices=self.query["prices"] == "true"))
        if isinstance(found, Error):
            raise invalid([Refusal("", found.rule, "", found.message)])
        return answer(msgspec.to_builtins(found))
