"""A cap's answer is sure where it is the same at every price the guard bands allow."""

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from margin.engine.cap_range import Ends, account_ends, pool_ends
from margin.engine.capped import Seen, check_together
from margin.engine.exact import assess
from margin.engine.figures import Severity
from margin.engine.limits import Cap
from margin.engine.measures import LimitKind
from margin.engine.pools import pools_of
from margin.engine.types import Account, Holding, Mark, Market, Policy, PriceState, Rate
from tests.engine.scene import cross, instrument, isolated

BTC, ETH = instrument("BTC-PERP"), instrument("ETH-PERP")
COIN = instrument("BTC-COIN", kind="inverse", settlement="USD")
K = Fraction(10)


def stale(price: int, low: int, high: int) -> Mark:
    return Mark(Fraction(price), PriceState.STALE, Fraction(low), Fraction(high))


def market(marks: Mapping[str, Mark], **rates: Rate) -> Market:
    return Market("USD", marks, rates)


def account(*positions: object, wallet: int = 10_000, **pockets: int) -> Account:
    holdings = [Holding("wallet", "USD", Fraction(wallet))]
    holdings += [Holding(f"isolated:{ref}", "USD", Fraction(amount)) for ref, amount in pockets.items()]
    return Account("A", "USD", tuple(positions), tuple(holdings))  # type: ignore[arg-type]


def value(of: Account, marks: Mapping[str, int]) -> Fraction:
    """k*E - G at sure prices, by the engine itself."""
    sure = market({code: Mark(Fraction(price)) for code, price in marks.items()})
    figures = assess(of, sure, Policy())
    assert figures.equity is not None
    assert figures.gross is not None
    return K * figures.equity - figures.gross


def test_without_doubt_both_ends_are_the_figure_itself():
    held = account(cross(BTC, 1, 60_000))
    found = account_ends(held, market({"BTC-PERP": Mark(Fraction(58_000))}), K)
    assert found == Ends(value(held, {"BTC-PERP": 58_000}), value(held, {"BTC-PERP": 58_000}))


@given(
    st.integers(-3, 3).filter(bool), st.integers(-30, 30).filter(bool), st.integers(-3, 3).filter(bool),
    st.integers(0, 9000), st.integers(0, 10), st.integers(0, 10), st.integers(0, 10),
)  # fmt: skip
def test_no_price_within_the_bands_lies_beyond_the_ends(
    btc: int, eth: int, coin: int, pocket: int, a: int, b: int, c: int
):
    held = account(
        cross(BTC, btc, 60_000, ref="b"),
        isolated(ETH, eth, 3_000, ref="e"),
        cross(COIN, coin * 50_000_000, 60_000, ref="c"),
        e=pocket,
    )
    bands = {
        "BTC-PERP": stale(60_000, 50_000, 70_000),
        "ETH-PERP": stale(3_000, 2_500, 3_500),
        "BTC-COIN": stale(60_000, 50_000, 70_000),
    }
    found = account_ends(held, market(bands), K)
    assert found is not None
    marks = {"BTC-PERP": 50_000 + 2_000 * a, "ETH-PERP": 2_500 + 100 * b, "BTC-COIN": 50_000 + 2_000 * c}
    seen = value(held, marks)
    # Between two ends on one side of the cap there is none on the other.
    assert not (found.least >= 0 and seen < 0)
    assert not (found.most < 0 and seen >= 0)


def test_one_instruments_cap_counts_its_notional_alone():
    held = account(cross(BTC, 1, 60_000, ref="b"), cross(ETH, 10, 3_000, ref="e"))
    marks = market({"BTC-PERP": Mark(Fraction(60_000)), "ETH-PERP": stale(3_000, 2_900, 3_100)})
    own = pools_of(held)[0]
    assert pool_ends(held, own, marks, K, of="BTC-PERP") == Ends(Fraction(30_000), Fraction(50_000))
    assert pool_ends(held, own, marks, K, of="ETH-PERP") == Ends(Fraction(61_000), Fraction(79_000))


def test_what_cannot_be_bounded_is_not():
    held = account(cross(BTC, 1, 60_000))
    assert account_ends(held, market({}), K) is None
    euro = instrument("DAX", settlement="EUR")
    rate = Rate(Fraction(1), PriceState.STALE, (), Fraction(9, 10), Fraction(11, 10))
    marks = {"DAX": Mark(Fraction(100))}
    assert account_ends(account(cross(euro, 1, 100)), market(marks, EUR=rate), K) is None
    oil = instrument("WTI", allow_negative=True)
    assert account_ends(account(cross(oil, 1, 1)), market({"WTI": stale(1, -1, 3)}), K) is None


def severity(kind: LimitKind, of: Account, prices: Market, cap: int) -> Severity:
    """As the engine finds it; `prices` may be in doubt."""
    seen = Seen(assess(of, prices, Policy()), of, prices)
    return check_together(kind, "rule", "subject", [seen], [Cap("cap", "desk", Fraction(cap))]).severity


@given(
    st.sampled_from(list(LimitKind)), st.integers(-3, 3).filter(bool), st.integers(-30, 30).filter(bool),
    st.integers(1, 40), st.integers(0, 10), st.integers(0, 10),
)  # fmt: skip
def test_what_is_concluded_of_a_cap_holds_at_every_price_within_the_bands(
    kind: LimitKind, btc: int, eth: int, cap: int, a: int, b: int
):
    held = account(cross(BTC, btc, 60_000, ref="b"), cross(ETH, eth, 3_000, ref="e"), wallet=40_000)
    size = cap if kind is LimitKind.LEVERAGE else cap * 10_000
    bands = market({"BTC-PERP": stale(60_000, 50_000, 70_000), "ETH-PERP": stale(3_000, 2_500, 3_500)})
    concluded = severity(kind, held, bands, size)
    marks = {"BTC-PERP": 50_000 + 2_000 * a, "ETH-PERP": 2_500 + 100 * b}
    sure = severity(kind, held, market({code: Mark(Fraction(p)) for code, p in marks.items()}), size)
    assert concluded in (Severity.UNKNOWN, sure)


def test_bands_on_one_side_of_a_cap_are_enough_to_conclude():
    held = account(cross(BTC, -1, 60_000))
    bands = market({"BTC-PERP": stale(60_000, 50_000, 70_000)})
    for kind in (LimitKind.GROSS, LimitKind.NET):
        assert severity(kind, held, bands, 49_999) is Severity.BREACH
        assert severity(kind, held, bands, 50_001) is Severity.UNKNOWN
        assert severity(kind, held, bands, 87_501) is Severity.OK


def test_where_an_isolated_pool_loses_its_last_unit_is_an_end_of_its_own():
    """Long 1 from 100 with 10 behind it is worth nothing from 90 down, where it is larger than at 80.

    A wallet of 8.5 allows 85 at ten times: at 80 it is within, at 120 too, at 90 it is not.
    """
    held = account(isolated(ETH, 1, 100, ref="e"), e=10)
    held = replace(held, holdings=(Holding("wallet", "USD", Fraction("8.5")), *held.holdings[1:]))
    band = market({"ETH-PERP": stale(100, 80, 120)})
    assert [value(held, {"ETH-PERP": price}) for price in (80, 90, 120)] == [5, -5, 265]
    assert account_ends(held, band, K) == Ends(Fraction(-5), Fraction(265))
    assert severity(LimitKind.LEVERAGE, held, band, 10) is Severity.UNKNOWN
