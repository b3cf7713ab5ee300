"""What a whole book is like: shares in one asset and one way, the worst position, collateral in one asset.

Each measure is asked of random clients of one to three accounts, some in euros, and compared with a second
opinion that adds up position by position from the rulebook's words.
"""

from collections import Counter
from fractions import Fraction
from random import Random
from typing import Any

import pytest

from margin.engine.capped import Seen
from margin.engine.exact import assess
from margin.engine.figures import Reason, Severity
from margin.engine.limits import Cap
from margin.engine.measures import Used, WholeKind
from margin.engine.types import Mark, PriceState, exact
from margin.engine.whole_measures import WHOLE, check_whole
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

BTC = instrument("BTC-PERP", underlying="BTC")
BTC_QTR = instrument("BTC-QTR", underlying="BTC", loading=exact("1.5"))
ETH = instrument("ETH-PERP", loading=exact("-0.5"))
MARKS = {"BTC-PERP": 60_000, "BTC-QTR": 61_000, "ETH-PERP": 3_000}
TERMS = [coin("BTC", (0, "0.1"), loading=1), coin("USDT", loading=0), coin("ETH", (0, "0.2"), loading=1)]
RATES = {"BTC": 60_000, "USDT": 1, "ETH": 3_000}


def seen(
    positions: Any = (), coins: Any = (), *, wallet: Any = 10_000, rate: Any = 1, marks: Any = None
) -> Seen:
    held = account(positions, wallet=wallet, holdings=coins, terms=TERMS)
    prices = market(MARKS | (marks or {}), RATES)
    return Seen(assess(held, prices, DESK), held, prices, None if rate is None else exact(rate))


def drawn(draw: Random) -> Seen:
    positions = []
    for number in range(draw.randint(0, 4)):
        traded, make = draw.choice([BTC, BTC_QTR, ETH]), draw.choice([cross, isolated])
        quantity = Fraction(draw.randint(-30, 30) or 1, 10)
        entry = MARKS[traded.code] * Fraction(draw.randint(80, 120), 100)
        positions.append(make(traded, quantity, entry, ref=f"p{number}"))
    coins = [("wallet", asset, Fraction(draw.randint(-5, 20), 10)) for asset in RATES if draw.random() < 0.6]
    return seen(positions, coins, wallet=draw.randint(0, 50_000), rate=draw.choice([1, Fraction(11, 10)]))


def second_opinion(kind: WholeKind, parts: list[Seen]) -> Fraction:
    """In plain sums over what is held; nothing of the measures under test is used."""
    gross: Counter[str] = Counter()
    signed = loaded = worst = Fraction(0)
    owned: Counter[str] = Counter()
    for part in parts:
        for p in part.account.positions:
            size = Fraction(p.quantity) * MARKS[p.instrument.code] * part.rate
            gross[p.instrument.underlying or p.instrument.code] += abs(size)
            signed += p.instrument.loading * size
            loaded += abs(p.instrument.loading) * abs(size)
            worst = max(worst, -p.quantity * (MARKS[p.instrument.code] - p.entry_price) * part.rate)
        for holding in part.account.holdings:
            value = holding.amount * RATES.get(holding.asset, 1) * part.rate
            cut = {"BTC": Fraction(1, 10), "ETH": Fraction(1, 5)}.get(holding.asset, Fraction(0))
            owned[holding.asset] += max(Fraction(0), value * (1 - cut))
    falling = max(owned["BTC"], owned["ETH"])
    return {
        WholeKind.ONE_ASSET: max(gross.values(), default=Fraction(0)) / (sum(gross.values()) or 1),
        WholeKind.ONE_WAY: abs(signed) / (loaded or 1),
        WholeKind.WORST_LOSS: worst,
        WholeKind.COLLATERAL: falling / (sum(owned.values()) or 1),
    }[kind]


@pytest.mark.parametrize("kind", list(WholeKind))
def test_each_measure_is_what_a_second_opinion_finds(kind: WholeKind):
    draw = Random(20261121)
    found = 0
    for _ in range(60):
        parts = [drawn(draw) for _ in range(draw.randint(1, 3))]
        used, expected = WHOLE[kind](parts), second_opinion(kind, parts)
        assert used is not None
        assert used.ratio == expected
        found += expected > 0
        for limit, severity in ((expected, Severity.WARN), (expected * Fraction(99, 100), Severity.BREACH)):
            if expected:
                cap = Cap("its mandate", "client", limit)
                assert check_whole(kind, "rule", "client:C", parts, [cap]).severity is severity
    assert found > 20


@pytest.mark.parametrize("kind", list(WholeKind))
def test_what_is_unknown_or_in_doubt_concludes_nothing(kind: WholeKind):
    held = [cross(BTC, 1, 90_000), cross(ETH, 1, 3_000)]
    caps = [Cap("its mandate", "client", exact("0.001"))]
    stale = Mark(exact(60_000), PriceState.STALE, exact(59_000), exact(61_000))
    for one in (
        seen(held, [("wallet", "BTC", 1)], rate=None),
        seen(held, [("wallet", "BTC", 1)], marks={"BTC-PERP": stale}),
    ):
        finding = check_whole(kind, "rule", "client:C", [one], caps)
        assert (finding.severity, finding.reason) == (Severity.UNKNOWN, Reason.UNKNOWN_FIGURE)
    sure = check_whole(kind, "rule", "client:C", [seen(held, [("wallet", "BTC", 1)])], caps)
    assert sure.severity is Severity.BREACH


@pytest.mark.parametrize("kind", list(WholeKind))
def test_an_empty_book_is_within_any_cap(kind: WholeKind):
    found = check_whole(kind, "rule", "client:C", [seen(wallet=0)], [Cap("c", "client", exact("0.1"))])
    assert (found.severity, found.measured) == (Severity.OK, 0)


@pytest.mark.parametrize("kind", [WholeKind.ONE_ASSET, WholeKind.ONE_WAY, WholeKind.COLLATERAL])
def test_of_a_book_that_holds_nothing_no_share_is_used(kind: WholeKind):
    assert WHOLE[kind]([seen(wallet=0)]) == Used(Fraction(0), Fraction(1))
