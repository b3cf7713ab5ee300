"""POST stress/: one scenario over a desk's whole book. The lab itself is `margin.whatif.stressed`."""

from decimal import Decimal
from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import Action, desks_where
from accounts.models import Desk
from margin.api.composed import Maybe, Named, Record
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer, read_body
from margin.api.problems import invalid
from margin.api.shapes import Amount, Choice, Flag, Text, code
from margin.engine.rational import Fraction
from margin.models import RiskFactor
from margin.whatif.presets import presets
from margin.whatif.shock import Scenario
from margin.whatif.stress_book import stress_books
from margin.whatif.stress_words import in_words
from margin.whatif.stressed import Asked, run_stress
from riskdesk.errors import Refusal

SHARE = Amount(least=Decimal("-0.99"), most=Decimal(9), decimals=10)
TAKES = Record[dict[str, Any]](
    dict,
    {
        "desk": code("desks"),
        "preset": Maybe(Choice(tuple(presets()))),
        "factors": Maybe(Named(name=Text(most=32), of=SHARE, most=100), {}),
        "together": Maybe(Flag(), False),
        "thin": Maybe(Amount(least=Decimal(1), most=Decimal(100), decimals=0)),
        "impact": Maybe(Amount(least=Decimal(0), most=Decimal(1), decimals=10), Decimal("0.0005")),
        "fund": Maybe(Amount(least=Decimal(0)), Decimal(0)),
    },
)
ROUND = record(
    {"round": {"type": "integer"}, "closings": {"type": "integer"}, **texts("notional", "shortfall")}
)
CLIENT = record(
    {**texts("client", "level_before", "level_after", "shortfall"), **blanks("before", "after", "loss")}
)
ACCOUNT = record(
    {
        **texts("client", "account", "level_before", "level_after", "isolated_shortfall", "cross_shortfall"),
        **blanks("loss"),
    }
)
GIVES = record(
    {
        **texts("desk", "currency", "scenario", "at"),
        "runs": {"type": "array", "items": {"type": "string"}},
        "moves": {"type": "object", "additionalProperties": {"type": "string"}},
        "levels": record(
            {
                name: {"type": "object", "additionalProperties": {"type": "integer"}}
                for name in ("before", "after")
            }
        ),
        "negative": {"type": "integer"},
        **texts("house_loss", "house_loss_isolated", "house_loss_cross", "house_loss_in_one_pool"),
        "cascade": record(
            {
                "rounds": {"type": "array", "items": ROUND},
                "is_quiet": {"type": "boolean"},
                **texts("fund_used", "house_loss"),
            }
        ),
        "clients": {"type": "array", "items": CLIENT},
        "accounts": {"type": "array", "items": ACCOUNT},
        "left_out": {"type": "array", "items": {"type": "string"}},
    }
)


class StressLab(Endpoint):
    @described("stress", "What a shock would do to a desk's book", GIVES, takes=TAKES, tag="stress")
    def post(self, request: Request) -> HttpResponse:
        told, _ = read_body(request, TAKES)
        desk = self._desk(told["desk"])
        parts = stress_books(desk)
        if isinstance(parts, Refusal):
            raise invalid([parts])
        return answer(in_words(desk, parts, run_stress(parts, asked_of(told))))

    def _desk(self, wanted: str) -> Desk:
        own = desks_where(self.caller, Action.SEE_DESK).select_related("reporting_currency")
        desk = own.filter(code=wanted).first()
        if desk is None:
            raise invalid([Refusal("desk", "not_found", wanted, "There is no such desk.")])
        return desk


def asked_of(told: dict[str, Any]) -> Asked:
    known = set(RiskFactor.objects.values_list("code", flat=True))
    unknown = [name for name in told["factors"] if name not in known]
    if unknown:
        says = "There is no such risk factor."
        raise invalid([Refusal(f"factors.{name}", "not_found", name, says) for name in unknown])
    scenario = Scenario(
        presets()[told["preset"]] if told["preset"] else None,
        {name: Fraction(shock) for name, shock in told["factors"].items()},
        told["together"],
        int(told["thin"]) if told["thin"] is not None else None,
    )
    return Asked(scenario, Fraction(told["impact"]), Fraction(told["fund"]))
