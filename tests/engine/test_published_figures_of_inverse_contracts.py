"""What venues print of contracts margined and settled in the coin itself; each test names its source."""

from fractions import Fraction

from margin.engine.exact import assess
from margin.engine.types import exact
from tests.engine.printed import liquidation, rounds_to
from tests.engine.scene import DESK, account, cross, instrument, market

COIN = [
    (0, "0.004"), (5, "0.005"), (10, "0.01"), (20, "0.025"), (50, "0.05"), (100, "0.1"), (200, "0.125"),
    (400, "0.15"),
]  # fmt: skip
COIN_M = instrument("BTCUSD", *COIN, kind="inverse", settlement="BTC", contract_size=100)


def test_a_coin_margined_ladder_prints_its_amount_and_its_liquidation_price():
    """Binance, "Liquidation Price of Coin-M Futures Contracts": 12.5 % and 11.605 BTC at 300 BTC.

    www.binance.com/en/support/faq/ceccfcfb4e3a45e3b48b0b1bb1a8ae46; the price is that of the venue's
    calculator as quoted in dev.binance.vision/t/6292: 101 BTC behind 100,000 contracts long from 45,000
    give 33,599.40, rounded to the tick of 0.1. (The 33,578.86 that the thread wonders about comes from
    the amount of an older ladder, 11.81.)
    """
    tier = COIN_M.schedule.tier_of(exact(300))
    assert (COIN_M.schedule.tiers[tier].maintenance_rate, COIN_M.schedule.deductions[tier]) == (
        Fraction(1, 8),
        exact("11.605"),
    )
    own = account([cross(COIN_M, 100_000, 45_000)], wallet=101, base="BTC")
    prices = market({"BTCUSD": 45_000}, base="BTC")
    assert rounds_to(liquidation(own, prices), "33599.4")


def test_a_small_coin_margined_position_requires_the_printed_maintenance():
    """The same page: 100 contracts of 100 at 25,000 are 0.4 BTC and require 0.0016 BTC."""
    own = account([cross(COIN_M, 100, 25_000)], wallet=1, base="BTC")
    figures = assess(own, market({"BTCUSD": 25_000}, base="BTC"), DESK)
    assert (figures.gross, figures.maintenance) == (exact("0.4"), exact("0.0016"))


def test_an_inverse_long_in_cross_is_worth_what_the_venue_requires_at_its_printed_price():
    """Bybit, "Liquidation Price (Inverse Contract)": 0.5 BTC, 10,000 long from 8,000: 5,739.50.

    help.bybit.com, articles/360039261334. The venue freezes 0.5 % at the entry (0.00625 BTC) and adds the
    fee of 0.075 % at its bankruptcy price of 5,718.57; of the steps of 0.5 it quotes, 5,739.50 is the
    last at which the equity covers that sum. The rulebook's requirement grows as the coin falls, so its
    price is nearer: 5,747.14.
    """
    traded = instrument("BTCUSD", (0, "0.005"), kind="inverse", settlement="BTC", fee="0.00075")
    own = account([cross(traded, 10_000, 8_000)], wallet="0.5", base="BTC")
    frozen = exact("0.00625") + exact("7.5") / exact("5718.57")
    there, below = (assess(own, market({"BTCUSD": m}, base="BTC"), DESK).equity for m in ("5739.5", 5_739))
    assert below < frozen <= there
    assert rounds_to(liquidation(own, market({"BTCUSD": 8_000}, base="BTC")), "5747.14")


def test_an_inverse_contract_requires_the_printed_initial_margin():
    """Bybit, "Initial Margin (Inverse Contract)": 12,000 at 8,000 with 50 times is 0.03 BTC."""
    traded = instrument("BTCUSD", (0, "0.01", "0.005"), kind="inverse", settlement="BTC")
    own = account([cross(traded, 12_000, 8_000, leverage=50)], wallet=1, base="BTC")
    assert assess(own, market({"BTCUSD": 8_000}, base="BTC"), DESK).initial == exact("0.03")
