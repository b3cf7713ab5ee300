"""Which buffer and which caps apply, and from where. No database: rules are plain values."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from margin.book.applies import Buffers, Caps
from margin.book.facts import AccountFact, BufferFact, ClientFact, DeskFact, LimitFact, Rules
from margin.engine.limits import tightest
from margin.engine.measures import LimitKind
from margin.engine.types import Policy
from tests.factories import MONDAY_NOON

NOW, LEVERAGE, GROSS = MONDAY_NOON, LimitKind.LEVERAGE, LimitKind.GROSS
DESKS = {1: DeskFact(1, "PRIME", "USD", Policy()), 2: DeskFact(2, "RETAIL", "EUR", Policy())}
ACME = ClientFact(10, "ACME", "Acme", 1, "professional")
MAIN = AccountFact(100, "ACME-1", "Main", 10, "cross", "USD")
EMPTY = Rules(1, DESKS, {10: ACME}, {100: MAIN}, {}, {}, {}, {}, [], [], [], {})

ON_DESK = BufferFact(1, "", None, None, Fraction(5, 100))
ON_CLASS = BufferFact(1, "professional", None, None, Fraction(10, 100))
ON_CLIENT = BufferFact(1, "", 10, None, Fraction(20, 100))
ON_ACCOUNT = BufferFact(1, "", None, 100, Fraction(30, 100))


def buffer(*facts: BufferFact) -> tuple[Fraction, str]:
    found = Buffers(replace(EMPTY, buffers=facts)).of(MAIN)
    return found.buffer, found.source


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([], (0, "")),
        ([ON_DESK], (Fraction(5, 100), "desk PRIME")),
        ([ON_DESK, ON_CLASS], (Fraction(10, 100), "class professional of PRIME")),
        ([ON_DESK, ON_CLASS, ON_CLIENT], (Fraction(20, 100), "client ACME")),
        ([ON_ACCOUNT, ON_DESK, ON_CLASS, ON_CLIENT], (Fraction(30, 100), "sub-account ACME-1")),
        ([ON_DESK, replace(ON_CLIENT, buffer=None)], (Fraction(5, 100), "desk PRIME")),
        ([ON_DESK, replace(ON_CLIENT, buffer=Fraction(0))], (0, "client ACME")),
        ([replace(ON_DESK, desk_id=2), replace(ON_CLASS, desk_id=2)], (0, "")),
        ([replace(ON_CLASS, regulatory_class="retail_eu")], (0, "")),
    ],
    ids=[
        "none",
        "desk",
        "class",
        "client",
        "sub-account",
        "blank inherits",
        "zero is a value",
        "other desk",
        "other class",
    ],
)
def test_the_most_specific_buffer_counts(facts: list[BufferFact], expected: tuple[Fraction, str]):
    assert buffer(*facts) == expected


def limit(value: int, scope: str = "desk", **fields: object) -> LimitFact:
    base = LimitFact(
        value, value, 1, LEVERAGE, scope, "", None, None, "", None, Fraction(value), NOW - timedelta(1), None
    )
    return replace(base, **fields)


def caps(*limits: LimitFact) -> Caps:
    return Caps(replace(EMPTY, limits=limits), NOW)


def test_the_tightest_of_desk_class_and_client_binds_and_is_named():
    limits = [
        limit(20),
        limit(15, "class", regulatory_class="professional"),
        limit(18, "client", client_id=10),
        limit(2, "class", regulatory_class="retail_eu"),
        limit(1, "client", client_id=11),
        limit(3, desk_id=2),
    ]
    made = caps(*limits)
    cap = tightest(made.of_client(LEVERAGE, ACME))
    assert cap is not None
    assert (cap.limit, cap.name, made.limit_ids[LEVERAGE, cap.name]) == (
        15,
        "class professional of PRIME",
        15,
    )


def test_a_cap_of_a_sub_account_or_an_instrument_stands_beside_the_clients():
    made = caps(
        limit(20), limit(5, "sub_account", sub_account_id=100), limit(4, "instrument", instrument="BTC-PERP")
    )
    own, on_btc = made.of_account(LEVERAGE, MAIN), made.of_instruments(LEVERAGE, 1).get("BTC-PERP")
    assert own is not None
    assert on_btc is not None
    assert (own.limit, on_btc.limit) == (5, 4)
    assert made.of_instruments(LEVERAGE, 2) == {}
    assert [cap.limit for cap in made.of_client(LEVERAGE, ACME)] == [20]


def test_caps_of_different_kinds_on_one_place_stand_beside_each_other():
    made = caps(
        limit(20), limit(500_000, kind=GROSS), limit(7, "instrument", kind=GROSS, instrument="BTC-PERP")
    )
    (lever,), (gross,) = made.of_client(LEVERAGE, ACME), made.of_client(GROSS, ACME)
    assert (lever.limit, gross.limit) == (20, 500_000)
    assert lever.name == gross.name
    assert (made.limit_ids[LEVERAGE, lever.name], made.limit_ids[GROSS, gross.name]) == (20, 500_000)
    assert made.of_instruments(LEVERAGE, 1) == {}
    assert made.of_instruments(GROSS, 1)["BTC-PERP"].limit == 7


def test_no_cap_is_told_as_none():
    assert caps().of_client(LEVERAGE, ACME) == []


def test_a_cap_warns_at_its_own_value_or_at_four_fifths():
    assert caps(limit(20, warn=Fraction(19))).of_client(LEVERAGE, ACME)[0].warn_at == Fraction(19, 20)
    assert caps(limit(20)).of_client(LEVERAGE, ACME)[0].warn_at == Fraction(80, 100)


def test_a_cap_whose_time_has_not_come_or_is_over_does_not_apply():
    later, earlier = NOW + timedelta(seconds=1), NOW - timedelta(seconds=1)
    assert caps(limit(20, valid_at=later)).of_client(LEVERAGE, ACME) == []
    assert caps(limit(20, valid_to=NOW)).of_client(LEVERAGE, ACME) == []
    assert caps(limit(20, valid_at=NOW, valid_to=later)).of_client(LEVERAGE, ACME)[0].limit == 20
    assert (
        caps(limit(20, valid_at=earlier, valid_to=earlier + timedelta(seconds=0.5))).of_client(LEVERAGE, ACME)
        == []
    )


def test_until_the_next_versions_time_comes_the_one_before_applies():
    tomorrow = NOW + timedelta(days=1)
    versions = [limit(20, revision=1), limit(10, revision=2, valid_at=tomorrow)]
    rules = replace(EMPTY, limits=versions)
    assert Caps(rules, NOW).of_client(LEVERAGE, ACME)[0].limit == 20
    assert Caps(rules, tomorrow).of_client(LEVERAGE, ACME)[0].limit == 10
