"""The API describes itself, to those signed in, and its own answers keep to what it says."""

import jsonschema
import pytest

from tests import factories
from tests.doors.api import NOON, Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


@pytest.fixture
def schema(rita):
    return Api(rita).get("/api/schema/").json()


def test_every_endpoint_is_described_with_its_problems(schema):
    from margin.api.urls import urlpatterns

    said = {path for path in schema["paths"] if path.startswith("/api/v1/")}
    known = {pattern for pattern in urlpatterns if str(pattern.pattern).startswith("v1/")}
    assert len(said) == len(known)
    for path in said:
        for method, operation in schema["paths"][path].items():
            assert operation["summary"], (path, method)
            assert "application/problem+json" in operation["responses"]["400"]["content"]


@pytest.mark.parametrize("query", ["version=%0a", "version=%00", "lang=xx", "x=1"])
def test_the_description_takes_no_parameters(rita, query):
    assert Api(rita).get(f"/api/schema/?{query}").status_code == 400


def test_the_description_can_be_made_without_a_warning(rita, capsys):
    from django.core.management import call_command

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def in_full(schema):
    """OpenAPI's nullable in the words of JSON schema."""
    if isinstance(schema, list):
        return [in_full(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    found = {
        name: in_full(value)
        for name, value in schema.items()
        if name not in {"nullable", "format", "example"}
    }
    return {"anyOf": [found, {"type": "null"}]} if schema.get("nullable") else found


def conforms(schema, path, method, answer):
    said = schema["paths"][path][method]["responses"][str(answer.status_code)]["content"]
    kind = answer["Content-Type"]
    jsonschema.validate(answer.json(), in_full(said[kind]["schema"]))


def test_answers_keep_to_the_description(rita, prime, schema):
    factories.instrument("BTC-PERP")
    factories.sub_account("ACME-1")
    factories.limit(prime, "20")
    calls = Api(rita)
    lines = [
        {
            "account": "ACME-1",
            "instrument": "BTC-PERP",
            "mode": "cross",
            "quantity": "1",
            "entry_price": "60000",
        }
    ]
    held = {"source": "sim", "as_of": NOON, "positions": lines}
    conforms(schema, "/api/v1/positions/", "put", calls.put("positions/", held))
    conforms(schema, "/api/v1/positions/", "put", calls.put("positions/", held | {"as_of": "no"}))
    money = {"reference": "t", "asset": "USD", "amount": "1"}
    ends = {"from": {"external": "bank"}, "to": {"account": "ACME-1", "pocket": "wallet"}}
    conforms(schema, "/api/v1/transfers/", "post", calls.post("transfers/", money | ends))
    price = {"source": "sim", "prices": [{"instrument": "BTC-PERP", "price": "60000", "time": NOON}]}
    feed = Api(rita, scopes=("prices:sim",))
    conforms(schema, "/api/v1/prices/", "post", feed.post("prices/", price))
    conforms(schema, "/api/v1/limits/", "get", calls.get("limits/"))
    conforms(schema, "/api/v1/alerts/", "get", calls.get("alerts/"))
    conforms(schema, "/api/v1/accounts/{account}/", "get", calls.get("accounts/ACME-1/"))
    conforms(schema, "/api/v1/accounts/{account}/positions/", "get", calls.get("accounts/ACME-1/positions/"))
    conforms(schema, "/api/v1/desk/{desk}/snapshot/", "get", calls.get("desk/PRIME/snapshot/"))


def test_the_docs_page_runs_no_script_of_its_own_and_loads_only_from_here(rita):
    page = Api(rita).client
    answer = page.get("/api/docs/")
    assert answer.status_code == 200
    html = answer.content.decode()
    assert 'aria-label="Pages"' in html, "the way back to the desk"
    assert "<script>" not in html
    assert "https://" not in html
    assert "script-src 'self'" in answer["Content-Security-Policy"]
    script = page.get("/api/docs/?script=")
    assert script.status_code == 200
    assert "javascript" in script["Content-Type"]
