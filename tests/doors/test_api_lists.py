"""Lists come a page at a time, in a fixed order, and an address says only what is known."""

from datetime import timedelta

import pytest

from margin.api import accounts as door
from margin.models import Alert
from tests import factories
from tests.doors.api import Api, is_problem, rules
from tests.factories import MONDAY_NOON

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]


def make_alerts(desk, count):
    rows = [
        Alert(
            desk=desk, reason="r", severity="info", title=f"a{n}", text="", key=f"k{n}", raised_at=MONDAY_NOON
        )
        for n in range(count)
    ]
    return Alert.objects.bulk_create(rows)


def walk(calls, path):
    """Every page's results, until there is no next."""
    pages, following = [], path
    while following:
        answer = calls.get(following)
        assert answer.status_code == 200, answer.content
        pages.append(answer.json()["results"])
        following = answer.json()["next"]
        following = following and following.removeprefix("http://testserver")
    return pages


def test_pages_follow_each_other_without_gaps_or_repeats(rita, prime):
    made = make_alerts(prime, 7)
    pages = walk(Api(rita), "alerts/?page_size=3")
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [row["id"] for page in pages for row in page] == [row.pk for row in reversed(made)]


def test_a_row_that_comes_in_between_moves_nothing(rita, prime):
    make_alerts(prime, 3)
    calls = Api(rita)
    first = calls.get("alerts/?page_size=2").json()
    Alert.objects.create(
        desk=prime, reason="r", severity="info", title="new", text="", key="new", raised_at=MONDAY_NOON
    )
    second = calls.get(first["next"].removeprefix("http://testserver")).json()
    assert [row["title"] for row in first["results"] + second["results"]] == ["a2", "a1", "a0"]


def test_a_cursor_keeps_the_filter(rita, prime):
    make_alerts(prime, 3)
    Alert.objects.filter(title="a1").update(severity="critical")
    pages = walk(Api(rita), "alerts/?page_size=1&severity=info&state=open&desk=PRIME")
    assert [row["title"] for page in pages for row in page] == ["a2", "a0"]


@pytest.fixture
def rows(monkeypatch, prime):
    """Five accounts as frames would give them, in trouble order."""
    blank = dict.fromkeys((*door.ACCOUNT_COLUMNS, "run", "seq", "at"))
    at = (MONDAY_NOON - timedelta(seconds=1.5)).isoformat()
    found = [
        blank
        | {"account": name, "desk": "PRIME", "level": level, "distance": distance, "at": at, "client": "X"}
        for name, level, distance in (
            ("A-1", "liquidation", "0"),
            ("A-2", "unknown", None),
            ("A-3", "danger", "0.01"),
            ("A-4", "normal", "0.5"),
            ("A-5", "normal", None),
        )
    ]
    monkeypatch.setattr(
        door,
        "account_rows",
        lambda desks, where: [
            row for row in found if row["desk"] in set(desks) and where.items() <= row.items()
        ],
    )
    return found


def test_accounts_come_in_the_order_of_trouble_whatever_the_page(rita, rows):
    pages = walk(Api(rita), "accounts/?page_size=2")
    assert [row["code"] for page in pages for row in page] == ["A-1", "A-2", "A-3", "A-4", "A-5"]
    assert pages[0][0]["data_age_seconds"] == 1.5


def test_accounts_are_filtered_by_level(rita, rows):
    assert [row["code"] for row in Api(rita).get("accounts/?level=normal").json()["results"]] == [
        "A-4",
        "A-5",
    ]


def test_accounts_are_filtered_by_how_they_stand_to_their_caps(rita, rows):
    rows[3]["cap_state"] = "over"
    assert [row["code"] for row in Api(rita).get("accounts/?cap_state=over").json()["results"]] == ["A-4"]


def test_an_account_that_no_run_has_seen_is_unknown_and_says_so(rita, prime):
    factories.sub_account("ACME-1")
    row = Api(rita).get("accounts/ACME-1/").json()
    assert (row["code"], row["level"], row["equity"]) == ("ACME-1", "unknown", None)
    assert "no run" in row["unknown_because"]


QUERIES = {
    "page 0": ("page=0", 400),
    "page -1": ("page=-1", 400),
    "page abc": ("page=abc", 400),
    "a page of 31 digits": ("page=" + "1" * 31, 400),
    "a page too large": ("page_size=1000000", 400),
    "a page of nothing": ("page_size=0", 400),
    "a page below nothing": ("page_size=-1", 400),
    "a page of 31 digits length": ("page_size=" + "9" * 31, 400),
    "a page size in Arabic digits": ("page_size=%D9%A1", 400),
    "a page size twice": ("page_size=1&page_size=2", 400),
    "an ordering": ("ordering=password", 400),
    "a path through the tables": ("client__desk__code=PRIME", 400),
    "a regular expression": ("price__regex=(a%2B)%2B$", 400),
    "an unknown state": ("state=gone", 400),
    "a desk in lower case": ("desk=prime", 400),
    "NUL": ("desk=%00", 400),
    "bytes that are no UTF-8": ("desk=%ff%fe", 400),
    "half an escape": ("desk=%", 400),
    "a cursor of somebody's own": ("cursor=abc", 400),
    "a cursor with NUL": ("cursor=%00", 400),
    "a place to go next": ("next=//evil.example", 400),
    "another format": ("format=../../", 404),
    "20 kB": ("cursor=" + "x" * 20_000, 414),
    "2,000 parameters": ("a=&" * 2000, 400),
}


@pytest.mark.parametrize(("query", "status"), QUERIES.values(), ids=QUERIES)
@pytest.mark.parametrize("path", ["alerts/", "accounts/"])
def test_a_query_that_nobody_should_send_is_refused(rita, prime, path, query, status):
    is_problem(Api(rita).get(f"{path}?{query}"), status)


def test_a_cursor_of_another_list_is_refused(rita, prime, rows):
    calls = Api(rita)
    cursor = calls.get("accounts/?page_size=1").json()["next"].partition("cursor=")[2]
    answer = calls.get(f"alerts/?cursor={cursor}")
    is_problem(answer, 400)
    assert rules(answer) == {("cursor", "cursor")}


@pytest.mark.parametrize("path", ["transfers/", "positions/", "prices/"])
def test_a_write_knows_no_parameters(rita, prime, path):
    method = "PUT" if path == "positions/" else "POST"
    is_problem(Api(rita).call(method, f"{path}?dry_run=true", {}), 400)


@pytest.mark.parametrize("number", ["0", "9" * 30, "-1", "1e3", "1%00"])
def test_an_alert_number_that_cannot_be_is_404(rita, prime, number):
    is_problem(Api(rita).get(f"alerts/{number}/"), 404)


def test_a_404_names_what_was_asked_for_and_a_403_the_desk(vic, prime):
    factories.sub_account("ACME-1")
    calls = Api(vic)
    assert calls.get("accounts/NOBODY-1/").json()["errors"][0] == {
        "field": "account",
        "rule": "not_found",
        "value": "NOBODY-1",
        "message": "There is no such thing here, or not for you.",
    }
    told = {"reason": "limit_near", "severity": "warning", "title": "x", "text": "x", "key": "x"}
    alert = Alert.objects.create(desk=prime, raised_at=MONDAY_NOON, **told)
    refused = calls.call("POST", f"alerts/{alert.pk}/acknowledge/", {})
    is_problem(refused, 403)
    error = refused.json()["errors"][0]
    assert (error["field"], error["rule"], error["value"]) == ("desk", "acknowledge", "PRIME")


def test_a_snapshot_of_a_desk_without_a_run_is_empty_and_has_the_sockets_shape(rita, prime):
    body = Api(rita).get("desk/PRIME/snapshot/").json()
    assert (body["type"], body["desk"], body["rows"], body["total"]) == ("snapshot", "PRIME", [], 0)
    assert body["columns"][0] == "account"


def test_limits_in_force_are_listed_and_ended_ones_are_not(rita, prime):
    factories.limit(prime, "20")
    gone = factories.limit(prime, "10", scope="class", regulatory_class="retail_eu")
    type(gone).objects.filter(pk=gone.pk).update(revision_to=gone.revision_from + 1)
    rows = Api(rita).get("limits/").json()["results"]
    assert [(row["scope"], row["value"]) for row in rows] == [("desk", "20")]
