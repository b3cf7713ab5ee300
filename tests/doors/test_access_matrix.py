"""Who gets what at every address: everybody asks everything, of their own desk and of the other.

A new address fails until it has a line below. A line says, per method, what comes of it for

    anonymous · nobody (signed in, no role) · viewer · risk manager · limits admin · stranger

where the first five ask for desk Prime, and strangers are everybody with a role, asking for the other's desk.
Methods that are not listed change nothing and answer nothing, for anybody: people take turns with these, so
that each meets most addresses with one or another. Whatever the number, no answer ever holds a word of a desk
that is not the caller's.
"""

import re
from pathlib import Path
from typing import Any

import pytest

from margin.api import throttle
from riskdesk import clock
from tests.conftest import Cast
from tests.doors.matrix import METHODS, Scene, leaked, routes
from tests.factories import MONDAY_NOON

CASTS = ("anonymous", "nobody", "vic", "rita", "ada")
STRANGERS = (("otto", "PRIME"), ("vic", "RETAIL"), ("rita", "RETAIL"), ("ada", "RETAIL"))
ASKED = [(name, "PRIME", number) for number, name in enumerate(CASTS)]
ASKED += [(name, desk, len(CASTS)) for name, desk in STRANGERS]
DESKS = {"vic": {"PRIME"}, "rita": {"PRIME"}, "ada": {"PRIME"}, "eve": {"PRIME"}, "otto": {"RETAIL"}}

#                                             anon nobody vic rita ada stranger
API = {
    "api/v1/calculator/": {"POST":           "401 200 200 200 200 200"},
    "api/v1/calculator/compare/": {"POST":   "401 200 200 200 200 200"},
    "api/v1/prices/": {"POST":               "401 403 403 403 403 403"},
    "api/v1/positions/": {"PUT":             "401 403 403 200 403 4.."},
    "api/v1/transfers/": {"POST":            "401 403 403 201 403 4.."},
    "api/v1/accounts/": {"GET":              "401 200 200 200 200 200"},
    "api/v1/accounts/<code:account>/": {"GET":           "401 404 200 200 200 404"},
    "api/v1/accounts/<code:account>/positions/": {"GET": "401 404 200 200 200 404"},
    "api/v1/accounts/<code:account>/history/": {"GET":   "401 404 200 200 200 404"},
    "api/v1/accounts/<code:account>/explain/": {"GET":   "401 404 200 200 200 404"},
    "api/v1/accounts/<code:account>/bridge/": {"GET":    "401 404 200 200 200 404"},
    "api/v1/exposures/": {"GET":            "401 200 200 200 200 200"},
    "api/v1/stress/": {"POST":              "401 400 400 400 400 400"},
    "api/v1/alerts/": {"GET":                "401 200 200 200 200 200"},
    "api/v1/alerts/<int:alert>/": {"GET":    "401 404 200 200 200 404"},
    "api/v1/alerts/<int:alert>/acknowledge/": {"POST":   "401 404 403 200 403 404"},
    "api/v1/breaches/": {"GET":              "401 200 200 200 200 200"},
    "api/v1/breaches/<int:breach>/": {"GET": "401 404 200 200 200 404"},
    "api/v1/calls/": {"GET":                 "401 200 200 200 200 200"},
    "api/v1/calls/<int:call>/": {"GET":      "401 404 200 200 200 404"},
    "api/v1/calls/<int:call>/issue/": {"POST":           "401 404 403 200 403 404"},
    "api/v1/calls/<int:call>/cancel/": {"POST":          "401 404 403 200 403 404"},
    "api/v1/calls/<int:call>/deliver/": {"POST":         "401 404 403 409 403 404"},
    "api/v1/calls/<int:call>/acknowledge/": {"POST":     "401 404 403 409 403 404"},
    "api/v1/calls/<int:call>/dispute/": {"POST":         "401 404 403 409 403 404"},
    "api/v1/calls/<int:call>/extend/": {"POST":          "401 404 403 409 403 404"},
    "api/v1/calls/<int:call>/give-extension/": {"POST":   "401 404 403 403 409 404"},
    "api/v1/calls/<int:call>/refuse-extension/": {"POST": "401 404 403 403 409 404"},
    "api/v1/restrictions/": {"GET":          "401 200 200 200 200 200", "POST": "401 4.. 403 201 403 4.."},
    "api/v1/restrictions/<int:restriction>/lift/": {"POST": "401 404 403 200 403 404"},
    "api/v1/limits/": {"GET":                "401 200 200 200 200 200"},
    "api/v1/limits/changes/": {"GET":         "401 200 200 200 200 200", "POST": "401 4.. 403 403 201 4.."},
    "api/v1/limits/changes/<int:change>/": {"GET":          "401 404 200 200 200 404"},
    "api/v1/limits/changes/<int:change>/dry-run/": {"POST": "401 404 200 200 200 404"},
    "api/v1/limits/changes/<int:change>/approve/": {"POST": "401 404 403 403 200 404"},
    "api/v1/limits/changes/<int:change>/reject/": {"POST":  "401 404 403 403 200 404"},
    "api/v1/limits/changes/<int:change>/withdraw/": {"POST": "401 404 403 403 403 404"},
    "api/v1/desk/<code:desk>/snapshot/": {"GET":         "401 404 200 200 200 404"},
    "api/schema/": {"GET":                   "401 200 200 200 200 200"},
    "api/docs/": {"GET":                     "401 200 200 200 200 200"},
    "api/^.*$": {},
}  # fmt: skip
PAGES = {
    "": {"GET":                              "302 200 200 200 200 200"},
    "desk/": {"GET":                         "302 302 302 302 302 302"},
    "clients/": {"GET":                      "302 302 302 302 302 302"},
    "desk/<code:code>/alerts/": {"GET":      "302 404 200 200 200 404"},
    "desk/<code:code>/state/": {"GET":       "302 404 200 200 200 404"},
    "desk/<code:code>/history/": {"GET":     "302 404 200 200 200 404"},
    "desk/<code:code>/accounts/<code:account>/": {"GET": "302 404 200 200 200 404"},
    "accounts/<code:account>/": {"GET":      "302 404 200 200 200 404"},
    "accounts/<code:account>/now/": {"GET":  "302 404 200 200 200 404"},
    "accounts/<code:account>/why/": {"GET":  "302 404 200 200 200 404"},
    "accounts/<code:account>/modes/": {"GET": "302 404 200 200 200 404"},
    "accounts/<code:account>/history/": {"GET": "302 404 200 200 200 404"},
    "clients/<code:client>/": {"GET":        "302 404 200 200 200 404"},
    "clients/<code:client>/now/": {"GET":    "302 404 200 200 200 404"},
    "calls/": {"GET":                        "302 200 200 200 200 200"},
    "calls/now/": {"GET":                    "302 404 200 200 200 200"},
    "control/": {"GET":                      "302 200 200 200 200 200"},
    "control/now/": {"GET":                  "302 404 200 200 200 200"},
    "control/impose/": {
        "GET":                                "302 404 403 400 403 40[03]",
        "POST":                               "302 404 403 400 403 40[03]"},
    "control/drill/": {"POST":               "302 404 403 303 403 303|403"},
    "control/<int:restriction>/lift/": {"POST": "302 404 403 400 403 404"},
    "find/": {"GET":                         "302 200 200 200 200 200"},
    "find/rows/": {"GET":                    "302 200 200 200 200 200"},
    "exposures/": {"GET":                    "302 200 200 200 200 200"},
    "exposures/now/": {"GET":                "302 404 200 200 200 200"},
    "limits/": {"GET":                       "302 200 200 200 200 200"},
    "limits/now/": {"GET":                   "302 404 200 200 200 200"},
    "limits/propose/": {
        "GET":                                "302 404 403 403 200 [24]0[03]",
        "POST":                               "302 404 403 403 400 40[03]"},
    "limits/presets/": {"GET":               "302 404 200 200 200 200", "POST": "302 404 403 403 404 40[34]"},
    "limits/<int:limit>/": {"GET":           "302 404 200 200 200 404"},
    "limits/buffers/<int:buffer>/": {"GET":  "302 404 200 200 200 404"},
    "limits/changes/<int:change>/": {"GET":  "302 404 200 200 200 404"},
    "limits/changes/<int:change>/dry-run/": {"GET":       "302 404 200 200 200 404"},
    "limits/changes/<int:change>/<slug:deed>/": {"POST":  "302 404 403 403 303 404"},
    "alerts/": {"GET":                       "302 200 200 200 200 200"},
    "alerts/now/": {"GET":                   "302 404 200 200 200 200"},
    "audit/": {"GET":                        "302 200 200 200 200 200"},
    "audit/csv/": {"GET":                    "302 404 200 200 200 200"},
    "rulebook/": {"GET":                     "302 200 200 200 200 200"},
    "stress/": {"GET":                       "302 200 200 200 200 200"},
    "stress/result/": {"GET":                "302 404 200 200 200 200"},
    "stress/csv/": {"GET":                   "302 404 404 404 404 404"},
    "handover/": {"GET":                     "302 200 200 200 200 200", "POST": "302 404 403 400 403 ..."},
    "reports/": {"GET":                      "302 200 200 200 200 200"},
    "reports/daily/<code:code>/<str:day>/": {"GET":     "302 404 200 200 200 404"},
    "reports/daily/<code:code>/<str:day>/csv/": {"GET": "302 404 200 200 200 404"},
    "help/": {"GET":                         "302 200 200 200 200 200"},
    "help/<slug:name>/": {"GET":             "302 200 200 200 200 200"},
    "styleguide/": {"GET":                   "302 404 404 404 404 404"},
    "engine/": {"GET":                       "302 404 200 200 200 200"},
    "engine/parts/": {"GET":                 "302 404 200 200 200 200"},
    "calculator/": {"GET":                   "302 200 200 200 200 200"},
    "mail/": {"GET":                         "302 200 200 200 200 200"},
    "mail/<uuid:message>/": {"GET":          "302 404 200 200 200 404"},
    "mail/<uuid:message>/body/": {"GET":     "302 404 200 200 200 404"},
    "healthz": {"GET":                       "200 200 200 200 200 200"},
    "readyz": {"GET":                        "503 503 503 503 503 503"},
    "metrics": {"GET":                       "401 403 403 403 403 403"},
}  # fmt: skip
SIGN_IN = {
    "accounts/present/": {"POST":            "401 204 204 204 204 204"},
    "accounts/login/": {"GET":               "200 302 302 302 302 302", "POST": "200 302 302 302 302 302"},
    "accounts/logout/": {"GET":              "302 200 200 200 200 200", "POST": "302 302 302 302 302 302"},
    "accounts/inactive/": {"GET":            "200 200 200 200 200 200"},
    "accounts/signup/": {"GET":              "200 302 302 302 302 302", "POST": "200 302 302 302 302 302"},
    "accounts/reauthenticate/": {"GET":      "302 200 200 200 200 200", "POST": "302 200 200 200 200 200"},
    "accounts/email/": {},
    "accounts/confirm-email/": {"GET":       "200 200 200 200 200 200"},
    "accounts/^confirm-email/(?P<key>[-:\\w]+)/$": {
        "GET":                                "200 200 200 200 200 200", "POST": "404 404 404 404 404 404"},
    "accounts/password/change/": {"GET":     "302 200 200 200 200 200", "POST": "302 200 200 200 200 200"},
    "accounts/password/set/": {"GET":        "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    "accounts/password/reset/": {"GET":      "200 200 200 200 200 200", "POST": "200 200 200 200 200 200"},
    "accounts/password/reset/done/": {"GET": "200 200 200 200 200 200"},
    "accounts/password/reset/key/done/": {"GET": "200 200 200 200 200 200"},
    "accounts/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": {
        "GET":                                "200 200 200 200 200 200", "POST": "200 200 200 200 200 200"},
    "accounts/login/code/confirm/": {"GET":  "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    "accounts/2fa/": {"GET":                 "302 200 200 200 200 200"},
    "accounts/2fa/authenticate/": {"GET":    "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    "accounts/2fa/reauthenticate/": {"GET":  "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    "accounts/2fa/totp/activate/": {"GET":   "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    "accounts/2fa/totp/deactivate/": {"GET": "302 404 404 404 404 404", "POST": "302 404 404 404 404 404"},
    "accounts/2fa/recovery-codes/": {"GET":  "302 404 404 404 404 404"},
    "accounts/2fa/recovery-codes/generate/": {
        "GET":                                "302 302 302 302 302 302", "POST": "302 302 302 302 302 302"},
    "accounts/2fa/recovery-codes/download/": {"GET": "302 404 404 404 404 404"},
    "accounts/sessions/": {"GET":            "302 200 200 200 200 200", "POST": "302 302 302 302 302 302"},
}  # fmt: skip
TABLE: dict[str, dict[str, str]] = API | PAGES | SIGN_IN

BODIES: dict[str, Any] = {
    "api/v1/calculator/": lambda row: {"base_currency": "USD"},
    "api/v1/calculator/compare/": lambda row: {"base_currency": "USD"},
    "api/v1/prices/": lambda row: {
        "source": "sim",
        "prices": [{"instrument": "BTC-PERP", "price": "100", "time": MONDAY_NOON.isoformat()}],
    },
    "api/v1/positions/": lambda row: {
        "source": "sim", "as_of": MONDAY_NOON.isoformat(),
        "positions": [{"account": row["account"], "instrument": "BTC-PERP", "mode": "cross",
                       "quantity": "2", "entry_price": "100"}],
    },
    "api/v1/transfers/": lambda row: {
        "reference": "matrix", "asset": "USD", "amount": "1", "from": {"external": "bank"},
        "to": {"account": row["account"], "pocket": "wallet"},
    },
    "api/v1/alerts/<int:alert>/acknowledge/": lambda row: {"note": "seen"},
    "api/v1/limits/changes/": lambda row: {
        "kind": "limit", "desk": row["desk"], "reason": "matrix",
        "change": {"desk": row["desk"], "kind": "net", "scope": "client", "client": row["client"],
                   "value": "9"},
    },
    "api/v1/limits/changes/<int:change>/dry-run/": lambda row: {},
    "api/v1/limits/changes/<int:change>/approve/": lambda row: {},
    "api/v1/limits/changes/<int:change>/reject/": lambda row: {"note": "no"},
    "api/v1/limits/changes/<int:change>/withdraw/": lambda row: {},
    "api/v1/restrictions/": lambda row: {
        "scope": "client", "client": row["client"], "state": "reduce_only", "reason": "matrix",
    },
    "api/v1/restrictions/<int:restriction>/lift/": lambda row: {"reason": "looked at"},
    "api/v1/stress/": lambda row: {"desk": row["desk"]},  # no run has been committed there
    **{
        f"api/v1/calls/<int:call>/{verb}/": lambda row: {}
        for verb in ("issue", "deliver", "acknowledge", "give-extension", "refuse-extension")
    },
    "api/v1/calls/<int:call>/cancel/": lambda row: {"note": "paid in cash"},
    "api/v1/calls/<int:call>/dispute/": lambda row: {"amount": "1", "note": "a wrong price"},
    "api/v1/calls/<int:call>/extend/": lambda row: {"due_at": MONDAY_NOON.isoformat(), "note": "on its way"},
}  # fmt: skip


@pytest.fixture
def scene(cast: Cast, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    settings.STATIC_ROOT = tmp_path
    monkeypatch.setattr(throttle, "buckets", throttle.Buckets(1e6, 1e6))
    with clock.pinned(MONDAY_NOON):
        yield Scene(cast)


def test_every_address_has_a_line_and_every_line_an_address():
    found = {route for route in routes() if not route.startswith("admin/")}
    assert found - TABLE.keys() == set(), "a new address: say above who gets what there"
    assert TABLE.keys() - found == set(), "a line for an address that is gone"


@pytest.mark.parametrize("table", [API, PAGES, SIGN_IN], ids=["api", "pages", "sign-in"])
def test_everybody_gets_what_the_table_says_and_no_more(scene: Scene, table: dict[str, dict[str, str]]):
    wrong = [line for route, said in table.items() for line in ask_everybody(scene, route, said)]
    assert not wrong, "\n" + "\n".join(wrong)


def ask_everybody(scene: Scene, route: str, said: dict[str, str]) -> list[str]:
    wrong = []
    for method in METHODS[:2] if route in SIGN_IN else METHODS:  # to allauth a PUT is a POST
        expected = said.get(method, "").split()
        for name, desk, column in ASKED if expected else take_turns(route, method):
            path = scene.path(route, desk)
            body = BODIES[route](scene.rows[desk]) if method in ("POST", "PUT") and route in BODIES else None
            answer = scene.ask(name, method, path, body)
            fault = judge(answer, expected[column] if expected else "", DESKS.get(name, set()), path)
            if fault:
                wrong.append(f"{method:6} {path} as {name}: {fault}")
    return wrong


def take_turns(route: str, method: str) -> list[tuple[str, str, int]]:
    """A third of them, another third for the next method; the same in every run."""
    first = (sum(route.encode()) + METHODS.index(method)) % 3
    return ASKED[first::3]


def judge(answer: Any, expected: str, own: set[str], path: str) -> str:
    status = answer.status_code
    if expected and not re.fullmatch(expected, str(status)):
        return f"{status}, the table says {expected}: {answer.content[:60]!r}"
    if not expected and (status < 300 or status >= 500):
        return f"{status} for a method that is not in the table"
    if status == 403 and path.startswith("/api/") and not answer.json()["errors"]:
        return "403 without the right that is missing"
    if answer.changed and not 200 <= status < 300 and status != 303:  # done, and to be seen elsewhere
        return f"{status}, and yet something changed"
    word = leaked(answer, own, path)
    return f"reads {word} of another desk" if word else ""
