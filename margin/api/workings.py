"""GET accounts/<CODE>/explain/ and bridge/: the working of one figure, and what changed it between two runs.

Reads what a run pinned and asks the engine again; decides nothing and writes nothing.
"""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.models import SubAccount
from margin.api.composed import Maybe
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer
from margin.api.permissions import find
from margin.api.problems import invalid
from margin.api.shapes import Choice, Instant, Kind, Schema, Text, refuse
from margin.engine.bridge import Bridge, Cause
from margin.models import Run
from margin.whatif import between, why
from margin.whatif.revisit import Gone, Revisited, named_run, newest_run, revisit, run_at
from riskdesk.errors import Refusal

NO_RUN = "no run of this account has been committed yet"
UUID_TEXT = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class RunOrInstant(Kind["UUID | datetime"]):
    """A run by its id, or the newest one at an instant."""

    def read(self, value: object, field: str, refused: list[Refusal]) -> UUID | datetime | None:
        if isinstance(value, str) and UUID_TEXT.fullmatch(value):
            return UUID(value)
        before = len(refused)
        found = Instant().read(value, field, refused)
        if len(refused) > before:
            del refused[before:]
            says = "The id of a run, or ISO 8601 with an offset, such as 2026-03-02T12:00:00Z."
            return refuse(refused, field, "run_or_instant", value, says)
        return found

    def schema(self) -> Schema:
        return {"type": "string", "description": "The id of a run, or an instant."}


EXPLAIN: dict[str, Kind[Any]] = {
    "figure": Maybe(Choice(why.FIGURES), "equity"),
    "pool": Maybe(Text(most=200)),
    "ref": Maybe(Text(most=200)),
}
BRIDGE: dict[str, Kind[Any]] = {
    "figure": Maybe(Choice(between.NAMES), "equity"),
    "from": Maybe(RunOrInstant()),
    "to": Maybe(RunOrInstant()),
}
HEAD = {**texts("account", "figure"), **blanks("currency", "unknown_because")}
SEEN: Schema = {
    **record({**texts("run", "at", "engine_version"), "seq": {"type": "integer"}}),
    "nullable": True,
}
INPUT = record(texts("name", "value", "source"))
LINE = record(
    {
        **texts("figure", "of", "formula", "note"),
        **blanks("result"),
        "inputs": {"type": "array", "items": INPUT},
    }
)
WORKING = record({**HEAD, "run": SEEN, "lines": {"type": "array", "items": LINE}})
PART = record(texts("cause", "key", "change"))
BRIDGED = record(
    {
        **HEAD,
        "from": SEEN,
        "to": SEEN,
        **blanks("start", "end", "change"),
        "by_cause": {**record(texts(*(cause.value for cause in Cause))), "nullable": True},
        "parts": {"type": "array", "items": PART},
    }
)


class Explain(Endpoint):
    parameters = EXPLAIN

    @described("explain_figure", "The working of one figure", WORKING, parameters=EXPLAIN, tag="accounts")
    def get(self, request: Request, account: str) -> HttpResponse:
        row = find(SubAccount.objects.select_related("client"), self.caller, code=account)
        run = newest_run(row)
        seen = Gone(NO_RUN) if run is None else revisit(row, run)
        head = {"account": row.code, "figure": self.query["figure"], "run": head_of(run)}
        if isinstance(seen, Gone):
            return answer({**head, "currency": None, "unknown_because": seen.because, "lines": []})
        asked = why.Asked(self.query["figure"], self.query["pool"], self.query["ref"])
        self.known("pool", asked.pool, [pool.pool for pool in seen.figures.pools])
        self.known("ref", asked.ref, [position.ref for position in seen.account.positions])
        lines = [why.plain_line(line) for line in why.working(seen, asked)]
        because = "; ".join(seen.figures.unknown_because) or None
        return answer({**head, "currency": seen.account.base, "unknown_because": because, "lines": lines})

    def known(self, name: str, value: str | None, there_are: list[str]) -> None:
        if value is not None and value not in there_are:
            raise invalid([Refusal(name, "unknown", value, f"This account has no such {name}.")])


class Between(Endpoint):
    parameters = BRIDGE

    @described(
        "bridge_figure", "What changed a figure between two runs", BRIDGED, parameters=BRIDGE, tag="accounts"
    )
    def get(self, request: Request, account: str) -> HttpResponse:
        row = find(SubAccount.objects.select_related("client"), self.caller, code=account)
        after = self.run(row, "to") or newest_run(row)
        before = self.run(row, "from") or after
        head = {
            "account": row.code,
            "figure": self.query["figure"],
            "from": head_of(before),
            "to": head_of(after),
        }
        if before is None or after is None:
            return answer(head | blank(NO_RUN))
        start, end = revisit(row, before), revisit(row, after)
        if isinstance(start, Gone) or isinstance(end, Gone):
            return answer(head | blank(next(s.because for s in (start, end) if isinstance(s, Gone))))
        found = between.between(start, end, self.query["figure"])
        if found is None:
            return answer(head | blank(_unknown(start, end), end.account.base))
        return answer(head | told(found) | {"currency": end.account.base, "unknown_because": None})

    def run(self, account: SubAccount, name: str) -> Run | None:
        """The run that was named; one that there is not is refused."""
        asked = self.query[name]
        if asked is None:
            return None
        run = named_run(account, asked) if isinstance(asked, UUID) else run_at(account, asked)
        if run is None:
            says = "There is no committed run of this account by that name, or at or before that instant."
            raise invalid([Refusal(name, "no_run", str(asked), says)])
        return run


def _unknown(start: Revisited, end: Revisited) -> str:
    told = [*start.figures.unknown_because, *end.figures.unknown_because]
    return "; ".join(dict.fromkeys(told)) or "the figure does not exist at one end, or on the way"


def blank(because: str, currency: str | None = None) -> dict[str, Any]:
    none = dict.fromkeys(("start", "end", "change", "by_cause"))
    return {**none, "parts": [], "currency": currency, "unknown_because": because}


def told(found: Bridge) -> dict[str, Any]:
    return {
        "start": why.digits(found.start),
        "end": why.digits(found.end),
        "change": why.digits(found.end - found.start),
        "by_cause": {cause.value: why.digits(change) for cause, change in found.by_cause().items()},
        "parts": [
            {"cause": part.cause.value, "key": part.key, "change": why.digits(part.change)}
            for part in found.largest(len(found.parts))
        ],
    }


def head_of(run: Run | None) -> Mapping[str, Any] | None:
    if run is None:
        return None
    return {"run": run.pk, "seq": run.seq, "at": run.at, "engine_version": run.engine_version}
