"""What every endpoint shares: who may call, how often, which query parameters exist, how bodies are read.

Takes an HTTP request; gives a typed body, a typed query and a `Principal` to the endpoint. An endpoint reads,
asks one step or one reader, and writes the answer; it decides nothing itself.
"""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.http import HttpResponse
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.views import APIView

from accounts.access import Principal
from margin.api.authentication import SessionAuthentication, TokenAuthentication, principal_of
from margin.api.composed import Record
from margin.api.formats import JsonAlways, OrjsonRenderer, StrictJSONParser, read_json
from margin.api.output import dump
from margin.api.problems import Problem, invalid, missing
from margin.api.shapes import Kind
from margin.api.throttle import CallerThrottle
from riskdesk.errors import Refusal

T = TypeVar("T")
MOST_QUERY_BYTES = 8 * 1024


class Endpoint(APIView):
    """One address of the API."""

    authentication_classes = [TokenAuthentication, SessionAuthentication]
    permission_classes = [IsAuthenticated]
    throttle_classes = [CallerThrottle]
    content_negotiation_class = JsonAlways
    renderer_classes = [OrjsonRenderer]
    parser_classes = [StrictJSONParser]
    http_method_names = ["get", "head", "post", "put"]

    parameters: Mapping[str, Kind[Any]] = {}
    query: Mapping[str, Any]

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        if len(request.META.get("QUERY_STRING", "")) > MOST_QUERY_BYTES:
            raise Problem(414, "address-too-long", f"A query has at most {MOST_QUERY_BYTES} bytes.")
        super().initial(request, *args, **kwargs)
        self.query = read_query(request, self.parameters)

    @property
    def caller(self) -> Principal:
        return principal_of(self.request)


def read_query(request: Request, parameters: Mapping[str, Kind[Any]]) -> Mapping[str, Any]:
    """Every parameter known, each once."""
    refused: list[Refusal] = []
    found: dict[str, Any] = {}
    for name, values in request.query_params.lists():
        if name == "format" and name not in parameters:
            raise missing()  # there is one format: another representation does not exist
        if name not in parameters:
            refused.append(Refusal(name[:80], "unknown_parameter", values[0], "There is no such parameter."))
        elif len(values) > 1:
            refused.append(Refusal(name, "repeated", values[-1], "This parameter is given once."))
        else:
            found[name] = values[0]
    if refused:
        raise invalid(refused)
    query = Record[dict[str, Any]](dict, parameters).read(found, "", refused)
    if query is None:
        raise invalid(refused)
    return query


def read_body(request: Request, shape: Kind[T], *, blank: Any = None) -> tuple[T, Any]:
    """The typed body, and the plain one it was read from; `blank` stands for no body at all."""
    document = read_json(request, blank=blank)
    refused: list[Refusal] = []
    found = shape.read(document, "", refused)
    if refused or found is None:
        raise invalid(refused)
    return found, document


def answer(data: Any, status: int = 200) -> HttpResponse:
    """A success, as JSON."""
    found = HttpResponse(dump(data), status=status, content_type="application/json")
    found["Cache-Control"] = "no-store"
    return found
