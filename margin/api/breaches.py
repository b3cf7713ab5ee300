"""GET breaches/: rules not kept, newest first."""

from typing import Any

from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import for_user
from margin.api.composed import Maybe
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint, answer
from margin.api.pagination import PAGING, listed, newest_first
from margin.api.permissions import find
from margin.api.shapes import Choice, Kind, code
from margin.models import Breach

PARAMETERS: dict[str, Kind[Any]] = {
    **PAGING,
    "desk": Maybe(code("desks")),
    "state": Maybe(Choice(Breach.State.values)),
    "rule": Maybe(Choice(Breach.Rule.values)),
    "client": Maybe(code("clients")),
}
GIVES = record(
    {
        "id": {"type": "integer"},
        **texts(
            "desk", "client", "rule", "subject", "state", "reason", "opened_at", "opened_by", "changed_at"
        ),
        **blanks("account", "instrument", "measured", "allowed", "cured_at", "cured_by"),
        "limit": {"type": "integer", "nullable": True},
        "detail": {"type": "object"},
    }
)
ROWS = Breach.objects.select_related("desk", "client", "sub_account", "instrument")


def shown(breach: Breach) -> dict[str, Any]:
    return {
        "id": breach.pk,
        "desk": breach.desk.code,
        "client": breach.client.code,
        "account": breach.sub_account.code if breach.sub_account else None,
        "instrument": breach.instrument.code if breach.instrument else None,
        "rule": breach.rule,
        "subject": breach.subject,
        "state": breach.state,
        "measured": breach.measured,
        "allowed": breach.allowed,
        "limit": breach.limit_id,
        "detail": breach.detail,
        "reason": breach.reason,
        "opened_at": breach.opened_at,
        "opened_by": breach.opened_by_id,
        "changed_at": breach.changed_at,
        "cured_at": breach.cured_at,
        "cured_by": breach.cured_by_id,
    }


class Breaches(Endpoint):
    parameters = PARAMETERS

    @described(
        "list_breaches", "Breaches, newest first", listed(GIVES), parameters=PARAMETERS, tag="breaches"
    )
    def get(self, request: Request) -> HttpResponse:
        paths = {"desk": "desk__code", "state": "state", "rule": "rule", "client": "client__code"}
        wanted = {path: self.query[name] for name, path in paths.items() if self.query[name]}
        return newest_first(request, self.query, for_user(ROWS.all(), self.caller).filter(**wanted), shown)


class OneBreach(Endpoint):
    @described("read_breach", "One breach", GIVES, tag="breaches")
    def get(self, request: Request, breach: int) -> HttpResponse:
        return answer(shown(find(ROWS.all(), self.caller, pk=breach)))
