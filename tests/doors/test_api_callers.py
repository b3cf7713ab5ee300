"""Who may call what: by token or session, within scopes and roles; other desks do not exist."""

from datetime import timedelta

import pytest

from accounts.models import ApiToken, AuditEvent, Transfer
from margin.models import Alert, PositionVersion
from riskdesk import clock
from tests import factories
from tests.doors.api import NOON, Api, is_problem
from tests.factories import MONDAY_NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
PRICES = {"source": "sim", "prices": [{"instrument": "BTC-PERP", "price": "60000", "time": NOON}]}
HELD = {
    "source": "sim",
    "as_of": NOON,
    "positions": [
        {
            "account": "ACME-1",
            "instrument": "BTC-PERP",
            "mode": "cross",
            "quantity": "1",
            "entry_price": "60000",
        }
    ],
}
DEPOSIT = {
    "reference": "t1",
    "asset": "USD",
    "amount": "100",
    "from": {"external": "bank"},
    "to": {"account": "ACME-1", "pocket": "wallet"},
}
READS = [
    "accounts/",
    "accounts/ACME-1/",
    "accounts/ACME-1/positions/",
    "alerts/",
    "breaches/",
    "limits/",
    "desk/PRIME/snapshot/",
    "/api/schema/",
]


@pytest.fixture
def account(prime):
    factories.instrument("BTC-PERP")
    return factories.sub_account("ACME-1")


@pytest.fixture
def alert(account):
    return Alert.objects.create(
        desk=account.client.desk,
        client=account.client,
        reason="breach_opened",
        severity="warning",
        title="ACME",
        text="…",
        key="k1",
        raised_at=MONDAY_NOON,
    )


# --- who calls -----------------------------------------------------------------------------------------
@pytest.mark.parametrize("path", [*READS, "/api/docs/"])
def test_nobody_reads_without_signing_in(account, path):
    answer = Api().get(path)
    is_problem(answer, 401)
    assert "Bearer" in answer["WWW-Authenticate"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer",
        "Bearer wrong",
        "Basic cml0YTpyaXRh",
        "Token x",
        "Bearer " + "x" * 5000,
        "Bearer \xff",
        "bearer",
    ],
)
def test_a_header_without_a_good_token_is_refused_even_beside_a_session(rita, account, header):
    calls = Api(rita)
    is_problem(calls.get("accounts/", Authorization=header), 401)


def test_a_token_that_expired_was_revoked_or_lost_its_person_is_refused(rita, account):
    calls = Api(rita, scopes=())
    assert calls.get("accounts/").status_code == 200
    with clock.pinned(MONDAY_NOON + timedelta(days=365)):
        is_problem(calls.get("accounts/"), 401)
    rita.is_active = False
    rita.save()
    is_problem(calls.get("accounts/"), 401)
    rita.is_active = True
    rita.save()
    ApiToken.objects.update(revoked_at=MONDAY_NOON)
    is_problem(calls.get("accounts/"), 401)


def test_a_browser_writes_only_with_its_csrf_token(rita, account):
    from django.test import Client

    browser = Client(enforce_csrf_checks=True, raise_request_exception=False)
    browser.force_login(rita, "django.contrib.auth.backends.ModelBackend")
    refused = browser.post("/api/v1/transfers/", DEPOSIT, content_type="application/json")
    is_problem(refused, 403)
    browser.get("/accounts/login/")
    browser.cookies["riskdesk_csrf"] = "a" * 32
    done = browser.post(
        "/api/v1/transfers/", DEPOSIT, content_type="application/json", headers={"X-CSRFToken": "a" * 32}
    )
    assert done.status_code == 201, done.content


# --- scopes and roles ----------------------------------------------------------------------------------
def test_prices_need_a_token_that_names_their_source(rita, account):
    for calls in (Api(rita), Api(rita, scopes=()), Api(rita, scopes=("prices:other",))):
        is_problem(calls.post("prices/", PRICES), 403)
    assert Api(rita, scopes=("prices:sim",)).post("prices/", PRICES).status_code == 200


def test_a_token_does_only_what_its_scopes_name(rita, account):
    calls = Api(rita, scopes=("positions:PRIME",))
    assert calls.put("positions/", HELD).status_code == 200
    is_problem(calls.post("transfers/", DEPOSIT), 403)
    is_problem(calls.get("accounts/ACME-1/"), 404)
    assert calls.get("accounts/").json()["results"] == []


def test_a_viewer_sees_and_does_nothing(vic, account, alert):
    for calls in (Api(vic), Api(vic, scopes=())):
        for path in READS:
            assert calls.get(path).status_code == 200, path
        is_problem(calls.put("positions/", HELD), 403)
        is_problem(calls.post("transfers/", DEPOSIT), 403)
        is_problem(calls.post(f"alerts/{alert.pk}/acknowledge/", {}), 403)
    assert not PositionVersion.objects.exists()
    assert not Transfer.objects.exists()


@pytest.mark.parametrize("person", ["otto", "nobody"])
def test_another_desks_objects_do_not_exist(cast, account, alert, person):
    calls = Api(getattr(cast, person))
    for path in (
        "accounts/ACME-1/",
        "accounts/ACME-1/positions/",
        f"alerts/{alert.pk}/",
        "desk/PRIME/snapshot/",
    ):
        is_problem(calls.get(path), 404)
    for path in ("accounts/", "alerts/", "breaches/", "limits/"):
        assert calls.get(path).json() == {"results": [], "next": None}
    is_problem(calls.post(f"alerts/{alert.pk}/acknowledge/", {}), 404)
    alert.refresh_from_db()
    assert alert.state == "open"


def test_asking_for_another_desks_object_is_recorded_and_for_nothing_is_not(otto, account):
    calls = Api(otto)
    calls.get("accounts/ACME-1/")
    calls.get("accounts/NOTHING/")
    event = AuditEvent.objects.get(action="access.denied")
    assert (event.actor, event.subject) == (otto, "subaccount:ACME-1")


def test_another_desks_account_inside_a_body_is_unknown(otto, account):
    calls = Api(otto)
    is_problem(calls.put("positions/", HELD), 400)
    is_problem(calls.post("transfers/", DEPOSIT), 400)
    assert not PositionVersion.objects.exists()
    assert not Transfer.objects.exists()


# --- deeds ---------------------------------------------------------------------------------------------
def test_an_alert_is_acknowledged_once_and_says_by_whom(rita, eve, account, alert):
    calls = Api(rita)
    done = calls.post(f"alerts/{alert.pk}/acknowledge/", {"note": "Called them.\nDeposit on its way."})
    assert done.status_code == 200, done.content
    assert (done.json()["state"], done.json()["acknowledged_by"]) == ("acknowledged", "rita")
    assert (
        calls.post(
            f"alerts/{alert.pk}/acknowledge/", {"note": "Called them.\nDeposit on its way."}
        ).status_code
        == 200
    )
    again = calls.post(f"alerts/{alert.pk}/acknowledge/", {"note": "Other."})
    is_problem(again, 409)
    assert "rita" in again.json()["detail"]


def test_an_alert_is_acknowledged_without_a_body(rita, account, alert):
    assert Api(rita).post(f"alerts/{alert.pk}/acknowledge/").status_code == 200


def test_positions_are_read_back_as_they_were_told(rita, account):
    calls = Api(rita)
    put = calls.put("positions/", HELD)
    assert put.json()["positions"] == [{"account": "ACME-1", "ref": "BTC-PERP|cross", "outcome": "opened"}]
    row = calls.get("accounts/ACME-1/positions/").json()["results"][0]
    assert (row["ref"], row["quantity"], row["entry_price"]) == ("BTC-PERP|cross", "1", "60000")
    assert row["unrealised_pnl"] is None


def test_an_older_snapshot_is_answered_with_the_time_that_stands(rita, account):
    calls = Api(rita)
    calls.put("positions/", HELD)
    answer = calls.put("positions/", HELD | {"as_of": "2026-03-02T11:59:59+00:00"})
    is_problem(answer, 409)
    assert answer.json()["type"].endswith(":out_of_order")
    assert answer.json()["stored_as_of"] == "2026-03-02T12:00:00Z"
    assert answer.json()["errors"][0]["rule"] == "out_of_order"


def test_a_transfer_is_posted_once_and_another_under_its_reference_is_a_conflict(rita, account):
    calls = Api(rita)
    first, again = calls.post("transfers/", DEPOSIT), calls.post("transfers/", DEPOSIT)
    assert (first.status_code, first.content) == (again.status_code, again.content)
    assert first.json()["to"] == {"account": "ACME-1", "pocket": "wallet", "external": None}
    is_problem(calls.post("transfers/", DEPOSIT | {"amount": "101"}), 409)
    assert Transfer.objects.count() == 1


def test_a_withdrawal_beyond_what_may_leave_is_a_conflict_that_names_the_most(rita, account):
    calls = Api(rita)
    calls.post("transfers/", DEPOSIT)
    out = DEPOSIT | {"reference": "t2", "amount": "100.01", "from": DEPOSIT["to"], "to": DEPOSIT["from"]}
    answer = calls.post("transfers/", out)
    is_problem(answer, 409)
    assert answer.json()["errors"][0]["rule"] == "withdrawable"
    assert "At most 100" in answer.json()["detail"]


@pytest.mark.parametrize(
    "end",
    [
        {},
        {"account": "ACME-1"},
        {"pocket": "wallet"},
        {"external": "x", "account": "ACME-1", "pocket": "wallet"},
    ],
)
def test_an_end_that_is_neither_inside_nor_outside_is_refused(rita, account, end):
    is_problem(Api(rita).post("transfers/", DEPOSIT | {"to": end}), 400)


# --- how often -----------------------------------------------------------------------------------------
def test_a_caller_that_asks_too_often_is_told_when_to_come_back(rita, vic, account, monkeypatch):
    from margin.api import throttle

    monkeypatch.setattr(throttle, "buckets", throttle.Buckets(3, 0.5))
    monkeypatch.setattr(clock, "monotonic_seconds", lambda: 7.0)
    calls = Api(rita)
    assert [calls.get("limits/").status_code for _ in range(3)] == [200] * 3
    answer = calls.get("limits/")
    is_problem(answer, 429)
    assert answer["Retry-After"] == "2"
    assert Api(vic).get("limits/").status_code == 200
    monkeypatch.setattr(clock, "monotonic_seconds", lambda: 9.0)
    assert calls.get("limits/").status_code == 200


def test_a_host_that_is_not_ours_is_refused_in_json_too(rita, account):
    is_problem(Api(rita).get("limits/", Host="evil.example"), 400)
    assert "html" in Api(rita).get("/", Host="evil.example")["Content-Type"]


def test_a_fault_of_ours_is_said_in_json_and_gives_nothing_away(rita, account, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError("secret inside")

    monkeypatch.setattr("margin.api.limits.newest_first", fail)
    answer = Api(rita).get("limits/")
    is_problem(answer, 500)
    assert b"secret" not in answer.content
