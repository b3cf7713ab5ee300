"""Bodies that nobody should send: refused by name, with nothing stored, and never as a fault of ours."""

import gzip
import json

import pytest
from django.test import Client

from accounts.models import Transfer
from margin.models import PositionVersion, Tick
from tests import factories
from tests.doors.api import NOON, is_problem, rules

pytestmark = pytest.mark.django_db


@pytest.fixture
def market(prime):
    return factories.instrument("BTC-PERP"), factories.sub_account("ACME-1")


def position(**fields):
    given = {
        "account": "ACME-1",
        "instrument": "BTC-PERP",
        "mode": "cross",
        "quantity": "1",
        "entry_price": "60000",
    }
    return {
        "source": "sim",
        "as_of": NOON,
        "positions": [{name: value for name, value in (given | fields).items() if value is not ...}],
    }


def price(**fields):
    given = {"instrument": "BTC-PERP", "price": "60000", "time": NOON}
    return {"source": "sim", "prices": [given | fields]}


def raw_price(text):
    return f'{{"source":"sim","prices":[{{"instrument":"BTC-PERP","time":"{NOON}","price":{text}}}]}}'


NUMBERS = {
    "NaN without quotes": ("NaN", "finite"),
    "Infinity without quotes": ("-Infinity", "finite"),
    "a number beyond any float": ("1e999", "decimal_in_quotes"),
    "a float that looks exact": ("0.30000000000000004", "decimal_in_quotes"),
    "a whole number": ("60000", "decimal_in_quotes"),
    "a whole number of 5,000 digits": ("9" * 5000, "decimal_in_quotes"),
    "true": ("true", "decimal"),
    "an object": ("{}", "decimal"),
    "a list": ("[]", "decimal"),
    "null": ("null", "decimal"),
    "NaN in quotes": ('"NaN"', "plain_digits"),
    "a signalling NaN": ('"sNaN"', "plain_digits"),
    "Infinity in quotes": ('"Infinity"', "plain_digits"),
    "an exponent": ('"1e5"', "plain_digits"),
    "thousands separators": ('"1,000"', "plain_digits"),
    "underscores": ('"1_000"', "plain_digits"),
    "spaces around": ('" 1 "', "plain_digits"),
    "a plus sign": ('"+1"', "plain_digits"),
    "a bare point": ('"."', "plain_digits"),
    "no digit before the point": ('".5"', "plain_digits"),
    "nothing": ('""', "plain_digits"),
    "full-width digits": ('"１２"', "plain_digits"),
    "a line end after the digits": ('"1\\n"', "plain_digits"),
    "a nineteenth decimal": ('"1.0000000000000000001"', "decimals"),
    "39 digits": ('"' + "1" * 21 + "." + "1" * 18 + '"', "digits"),
    "2,000 digits": ('"' + "1" * 2000 + '"', "digits"),
    "21 digits before the point": ('"' + "1" * 21 + '"', "too_large"),
}


@pytest.mark.parametrize(("text", "rule"), NUMBERS.values(), ids=NUMBERS)
def test_a_price_that_is_no_plain_decimal_is_refused(feed_calls, market, text, rule):
    answer = feed_calls.post("prices/", raw_price(text))
    is_problem(answer, 400)
    assert {found for _, found in rules(answer)} == {rule}
    assert not Tick.objects.exists()


BODIES = {
    "nothing at all": (b"", "json"),
    "a list at the top": (b"[]", "object"),
    "a text at the top": (b'"price"', "object"),
    "null at the top": (b"null", "object"),
    "a number at the top": (b"1", "object"),
    "half an object": (b'{"source": ', "json"),
    "two objects": (b"{}{}", "json"),
    "single quotes": (b"{'a': 1}", "json"),
    "a comment": (b"{} // hello", "json"),
    "a byte order mark": (b"\xef\xbb\xbf{}", "byte_order_mark"),
    "bytes that are no UTF-8": (b'{"source": "\xff"}', "utf_8"),
    "UTF-16": ("{}".encode("utf-16"), "utf_8"),
    "the same key twice": (b'{"source": "sim", "source": "other"}', "duplicate_key"),
    "50,000 open brackets": (b"[" * 50_000, "depth"),
    "50,000 nested objects": (b'{"a":' * 50_000, "depth"),
    "half a surrogate pair": (b'{"source": "\\ud800", "prices": []}', "unicode"),
    "half a surrogate pair as a key": (b'{"\\udc00": 1}', "unicode"),
}


@pytest.mark.parametrize(("body", "rule"), BODIES.values(), ids=BODIES)
def test_a_body_that_is_not_the_json_we_take_is_refused(feed_calls, market, body, rule):
    answer = feed_calls.post("prices/", body)
    is_problem(answer, 400)
    assert rule in {found for _, found in rules(answer)}


def test_an_escaped_backslash_before_a_surrogate_is_ordinary_text(feed_calls, market):
    answer = feed_calls.post("prices/", raw_price('"60000"').replace("BTC-PERP", "\\\\ud800"))
    assert {rule for _, rule in rules(answer)} == {"unknown_instrument"}


MEDIA = {
    "XML": ("application/xml", b"<a/>", 415),
    "no type": ("", b"{}", 415),
    "a nonsense type": ("\x00/;;", b"{}", 415),
    "plain text": ("text/plain", b"{}", 415),
    "Latin-1": ("application/json; charset=latin-1", b"{}", 415),
    "an unknown charset": ("application/json; charset=klingon", b"{}", 415),
    "multipart": ("multipart/form-data; boundary=x", b"--x--", 415),
    "multipart without boundary": ("multipart/form-data", b"--x--", 400),
    "a form": ("application/x-www-form-urlencoded", b"a=1", 415),
    "2,000 form fields": ("application/x-www-form-urlencoded", b"a=1&" * 2000, 400),
}


@pytest.mark.parametrize("signed_in", ["by token", "by session"])
@pytest.mark.parametrize(("kind", "body", "status"), MEDIA.values(), ids=MEDIA)
def test_another_media_type_is_refused_in_json(rita, rita_calls, market, kind, body, status, signed_in):
    if signed_in == "by session":
        rita_calls.headers.clear()
        rita_calls.client.force_login(rita, "django.contrib.auth.backends.ModelBackend")
    is_problem(rita_calls.post("transfers/", body, kind=kind), status)


def test_a_compressed_body_is_not_inflated(feed_calls, market):
    bomb = gzip.compress(b" " * 10_000_000)
    is_problem(feed_calls.post("prices/", bomb, Content_Encoding="gzip"), 415)


def test_three_megabytes_are_too_large_whoever_says_how_long_they_are(feed_calls, market):
    body = b'{"source": "' + b"x" * 3_000_000 + b'"}'
    is_problem(feed_calls.post("prices/", body), 413)


def test_a_list_of_a_million_is_refused_before_its_entries_are_looked_at(feed_calls, market):
    body = b'{"source":"sim","prices":[' + b"1," * 999_000 + b"1]}"
    answer = feed_calls.post("prices/", body)
    is_problem(answer, 400)
    assert rules(answer) == {("prices", "max_length")}


FIELDS = {
    "an unknown field": ({"desk_id": 1}, "positions[0].desk_id", "unknown_field"),
    "a field of the table": ({"revision_to": None}, "positions[0].revision_to", "unknown_field"),
    "a missing field": ({"quantity": ...}, "positions[0].quantity", "required"),
    "null where a value is needed": ({"quantity": None}, "positions[0].quantity", "decimal"),
    "an unknown mode": ({"mode": "hybrid"}, "positions[0].mode", "choice"),
    "a mode that is no text": ({"mode": ["cross"]}, "positions[0].mode", "choice"),
    "an unknown account": ({"account": "NOBODY"}, "positions[0].account", "unknown"),
    "an account in lower case": ({"account": "acme-1"}, "positions[0].account", "pattern"),
    "an unknown instrument": ({"instrument": "ETH-PERP"}, "positions[0].instrument", "unknown"),
    "an unknown venue": ({"venue": "MARS"}, "positions[0].venue", "unknown"),
    "an entry price of zero": ({"entry_price": "0"}, "positions[0].entry_price", "above"),
    "a negative entry price": ({"entry_price": "-5"}, "positions[0].entry_price", "above"),
    "no leverage at all": ({"leverage": "0"}, "positions[0].leverage", "least"),
    "leverage below one": ({"leverage": "0.5"}, "positions[0].leverage", "least"),
    "leverage above the bound": ({"leverage": "10001"}, "positions[0].leverage", "most"),
    "NUL in a text": ({"strategy": "a\0b"}, "positions[0].strategy", "control_character"),
    "a line end in a text": ({"strategy": "a\r\nBcc: b"}, "positions[0].strategy", "control_character"),
    "a turned direction in a text": ({"strategy": "a\u202eb"}, "positions[0].strategy", "control_character"),
    "a ref of blanks": ({"ref": " "}, "positions[0].ref", "blank"),
    "a bar in a strategy": ({"strategy": "a|b"}, "positions[0].strategy", "pattern"),
    "a slash in a ref": ({"ref": "../../etc"}, "positions[0].ref", "pattern"),
    "a ref of 121 characters": ({"ref": "r" * 121}, "positions[0].ref", "max_length"),
    "margin of its own for a cross position": (
        {"isolated_margin": "5"},
        "positions[0].isolated_margin",
        "only_isolated",
    ),
    "negative margin": (
        {"mode": "isolated", "isolated_margin": "-1"},
        "positions[0].isolated_margin",
        "least",
    ),
    "margin finer than a cent": (
        {"mode": "isolated", "isolated_margin": "1.001"},
        "positions[0].isolated_margin",
        "scale",
    ),
}


@pytest.mark.parametrize(("fields", "field", "rule"), FIELDS.values(), ids=FIELDS)
def test_a_position_that_cannot_be_meant_is_refused_by_field_and_rule(
    rita_calls, market, fields, field, rule
):
    answer = rita_calls.put("positions/", position(**fields))
    is_problem(answer, 400)
    assert (field, rule) in rules(answer)
    assert not PositionVersion.objects.exists()


def test_the_bound_of_the_leverage_is_in_the_sentence(rita_calls, market):
    error = rita_calls.put("positions/", position(leverage="10001")).json()["errors"][0]
    assert error["value"] == "10001"
    assert "10000" in error["message"]


TIMES = {
    "no offset": "2026-03-02T12:00:00",
    "a date": "2026-03-02",
    "a number": 1772452800,
    "the year 1": "0001-01-01T00:00:00+14:00",
    "the year 9999": "9999-12-31T23:59:59-14:00",
    "the thirtieth of February": "2026-02-30T12:00:00Z",
    "nanoseconds": "2026-03-02T12:00:00.123456789Z",
    "a week": "2026-W10-1T12:00:00Z",
    "an offset of a day": "2026-03-02T12:00:00+24:00",
    "a line end": "2026-03-02T12:00:00Z\n",
    "tomorrow": "2026-03-03T12:00:00Z",
}


@pytest.mark.parametrize("time", TIMES.values(), ids=TIMES)
def test_a_time_without_one_meaning_is_refused(rita_calls, market, time):
    answer = rita_calls.put("positions/", position() | {"as_of": time})
    is_problem(answer, 400)
    assert {field for field, _ in rules(answer)} == {"as_of"}


def test_a_price_of_zero_or_below_is_refused_unless_the_instrument_allows_it(feed_calls, market):
    factories.instrument("OIL", allow_negative=True)
    for value in ("0", "-5"):
        is_problem(feed_calls.post("prices/", price(price=value)), 400)
    answer = feed_calls.post("prices/", price(instrument="OIL", price="-37.63"))
    assert answer.status_code == 200, answer.content


def test_a_price_from_the_future_is_refused(feed_calls, market):
    answer = feed_calls.post("prices/", price(time="2026-03-02T12:00:03Z"))
    is_problem(answer, 400)
    assert answer.json()["refused"][0]["reason"]


def test_minus_zero_is_stored_as_zero(rita_calls, market):
    answer = rita_calls.put("positions/", position(realised_pnl="-0"))
    assert answer.status_code == 200, answer.content
    assert str(PositionVersion.objects.get().realised_pnl) == "0E-18"


def test_markup_is_text_like_any_other(rita_calls, market):
    answer = rita_calls.put("positions/", position(strategy="<img src=x onerror=alert(1)>"))
    assert answer.status_code == 200, answer.content
    assert PositionVersion.objects.get().strategy == "<img src=x onerror=alert(1)>"


def test_all_reasons_come_at_once_and_at_most_a_hundred(rita_calls, market):
    lines = [position(quantity=1)["positions"][0] for _ in range(300)]
    answer = rita_calls.put("positions/", {"source": "sim", "as_of": NOON, "positions": lines})
    is_problem(answer, 400)
    assert len(answer.json()["errors"]) == 100
    assert "300" in answer.json()["detail"]


@pytest.mark.parametrize("method", ["GET", "POST", "PATCH", "DELETE", "TRACE", "OPTIONS", "BREW"])
def test_a_method_that_is_not_offered_is_405_in_json(rita_calls, market, method):
    answer = rita_calls.call(method, "positions/", "{}")
    is_problem(answer, 405)


def test_a_method_override_is_ignored(rita_calls, market):
    answer = rita_calls.post("positions/", position(), X_HTTP_Method_Override="PUT")
    is_problem(answer, 405)
    assert not Transfer.objects.exists()


def test_an_address_that_leads_nowhere_is_404_in_json(rita_calls):
    for path in ("/api/v1/nothing/", "/api/", "/api/v2/accounts/", "/api/v1/accounts"):
        is_problem(rita_calls.get(path), 404)
        is_problem(Client(enforce_csrf_checks=True).post(path, {}, "application/json"), 404)


def test_a_value_is_repeated_short_and_never_walked_into(rita_calls, market):
    deep = json.loads("[" * 200 + "]" * 200)
    answer = rita_calls.put("positions/", position(quantity=deep, strategy="x" * 5000))
    assert all(len(error["value"]) <= 80 for error in answer.json()["errors"])
