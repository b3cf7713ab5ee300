"""GET limits/: the caps in force. Changes are proposals, made elsewhere."""

from typing import Any

from django.db.models import Q
from django.http import HttpResponse
from rest_framework.request import Request

from accounts.access import for_user
from margin.api.composed import Maybe
from margin.api.described import blanks, described, record, texts
from margin.api.endpoint import Endpoint
from margin.api.pagination import PAGING, listed, newest_first
from margin.api.shapes import Choice, Kind, code
from margin.models import Limit
from riskdesk import clock

PARAMETERS: dict[str, Kind[Any]] = {
    **PAGING,
    "desk": Maybe(code("desks")),
    "scope": Maybe(Choice(Limit.Scope.values)),
    "kind": Maybe(Choice(Limit.Kind.values)),
    "client": Maybe(code("clients")),
}
GIVES = record(
    {
        "id": {"type": "integer"},
        **texts("desk", "kind", "scope", "value", "valid_from"),
        **blanks("class", "client", "account", "instrument", "asset_class", "warn", "valid_to"),
    }
)
ROWS = Limit.objects.select_related("desk", "client", "sub_account", "instrument")


def shown(limit: Limit) -> dict[str, Any]:
    return {
        "id": limit.pk,
        "desk": limit.desk.code,
        "kind": limit.kind,
        "scope": limit.scope,
        "class": limit.regulatory_class or None,
        "client": limit.client.code if limit.client else None,
        "account": limit.sub_account.code if limit.sub_account else None,
        "instrument": limit.instrument.code if limit.instrument else None,
        "asset_class": limit.cap_class or None,
        "warn": limit.warn,
        "value": limit.value,
        "valid_from": limit.valid_at,
        "valid_to": limit.valid_to,
    }


class Limits(Endpoint):
    parameters = PARAMETERS

    @described("list_limits", "Limits in force", listed(GIVES), parameters=PARAMETERS, tag="limits")
    def get(self, request: Request) -> HttpResponse:
        now = clock.now()
        standing = Q(valid_to__isnull=True) | Q(valid_to__gt=now)
        in_force = ROWS.filter(standing, revision_to__isnull=True, valid_at__lte=now)
        paths = {"desk": "desk__code", "scope": "scope", "kind": "kind", "client": "client__code"}
        wanted = {path: self.query[name] for name, path in paths.items() if self.query[name]}
        return newest_first(request, self.query, for_user(in_force, self.caller).filter(**wanted), shown)
