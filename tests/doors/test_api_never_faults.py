"""Whatever is sent, the answer is one of ours: never a 5xx, always JSON with a reason."""

import json
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import factories
from tests.doors.api import NOON, Api

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]

TEXTS = st.one_of(
    st.sampled_from(
        ["ACME-1", "BTC-PERP", "USD", "cross", "isolated", "wallet", "isolated:a", "sim", NOON, "1", "-5.25"]
    ),
    st.text(max_size=8),
    st.decimals(allow_nan=True, allow_infinity=True).map(str),
)
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS)
FIELDS = (
    "source as_of replace positions cash accounts account ref instrument mode quantity entry_price "
    "isolated_margin realised_pnl venue strategy leverage asset amount reference prices price bid ask time "
    "from to external pocket note"
)
NAMES = st.sampled_from(FIELDS.split())
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(NAMES | st.text(max_size=5), inner, max_size=6)
    ),
    max_leaves=20,
)
LINE = st.fixed_dictionaries(
    dict.fromkeys(("account", "instrument", "mode", "quantity", "entry_price"), TEXTS | SCALARS),
    optional=dict.fromkeys(("ref", "isolated_margin", "realised_pnl", "venue", "leverage"), TEXTS | SCALARS),
)
CASH = st.fixed_dictionaries(dict.fromkeys(("account", "asset", "amount", "reference"), TEXTS))
HELD = st.fixed_dictionaries(
    {"source": TEXTS, "as_of": st.just(NOON) | TEXTS, "positions": st.lists(LINE, max_size=3)},
    optional={"cash": st.lists(CASH, max_size=2), "replace": st.booleans()},
)
END = st.one_of(
    st.fixed_dictionaries({"account": TEXTS, "pocket": TEXTS}),
    st.fixed_dictionaries({"external": TEXTS}),
    ANYTHING,
)
MONEY = st.fixed_dictionaries({"reference": TEXTS, "asset": TEXTS, "amount": TEXTS, "from": END, "to": END})
PRICE = st.fixed_dictionaries(
    {"instrument": TEXTS, "price": TEXTS, "time": st.just(NOON) | TEXTS}, optional={"bid": TEXTS}
)
PRICES = st.fixed_dictionaries({"source": st.just("sim"), "prices": st.lists(PRICE, max_size=3)})
BODIES = st.one_of(
    st.tuples(st.just("positions/"), HELD | ANYTHING),
    st.tuples(st.just("transfers/"), MONEY | ANYTHING),
    st.tuples(st.just("prices/"), PRICES | ANYTHING),
)
EXAMPLES = settings(max_examples=2_000 if os.environ.get("HYPOTHESIS_PROFILE") == "prove" else 60)


@pytest.fixture
def calls(rita, prime, monkeypatch):
    from margin.api import throttle

    monkeypatch.setattr(throttle, "buckets", throttle.Buckets(1_000_000, 1_000_000))
    factories.quote(factories.instrument("BTC-PERP"), "60000")
    account = factories.sub_account("ACME-1")
    factories.balance(account, "1000")
    return {"": Api(rita), "prices/": Api(rita, scopes=("prices:sim",))}


def is_ours(answer):
    assert answer.status_code < 500, (answer.status_code, answer.content)
    body = json.loads(answer.content)
    if answer.status_code >= 400:
        assert answer["Content-Type"] == "application/problem+json"
        assert body["status"] == answer.status_code


@EXAMPLES
@given(BODIES)
def test_no_body_is_a_fault(calls, sent):
    path, body = sent
    caller = calls.get(path, calls[""])
    is_ours(caller.call("PUT" if path == "positions/" else "POST", path, body))


@EXAMPLES
@given(st.binary(max_size=60) | st.text(alphabet='{}[]":,\\u0dDe1 ', max_size=60).map(str.encode))
def test_no_bytes_are_a_fault(calls, raw):
    is_ours(calls[""].post("transfers/", raw))


@EXAMPLES
@given(
    st.sampled_from(
        [
            *("accounts/", "alerts/", "breaches/", "limits/", "desk/PRIME/snapshot/", "accounts/ACME-1/"),
            *("accounts/ACME-1/explain/", "accounts/ACME-1/bridge/", "exposures/"),
        ]
    ),
    st.dictionaries(
        st.sampled_from(["cursor", "page_size", "desk", "state", "level", "first", "count"])
        | st.sampled_from(["figure", "pool", "ref", "from", "to", "by"])
        | st.text(max_size=4),
        st.text(max_size=10),
        max_size=3,
    ),
)
def test_no_query_is_a_fault(calls, path, query):
    from urllib.parse import urlencode

    is_ours(calls[""].get(f"{path}?{urlencode(query, errors='replace')}"))


@EXAMPLES
@given(st.text(max_size=40), st.text(max_size=40))
def test_no_header_is_a_fault(calls, kind, key):
    kind, key = (text.encode("latin-1", "replace").decode("latin-1") for text in (kind, key))
    is_ours(calls[""].post("transfers/", {}, kind=kind or "x", Idempotency_Key=key))
