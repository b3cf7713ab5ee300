"""Figures that venues and brokers print in their help pages, or answered for real positions.

Each test names its source. The printed figure stands beside the account; where a venue counts otherwise
than the rulebook, the test says in what, and what the difference comes to.
"""

from fractions import Fraction

import pytest

from margin.engine.exact import assess
from margin.engine.figures import Level
from margin.engine.profiles import Denominator, Profile, close_out
from margin.engine.types import exact
from tests.engine.printed import liquidation, prices_of, rounds_to
from tests.engine.scene import DESK, account, cross, instrument, isolated, market

ETH = instrument("ETHUSDT", (0, "0.1", "0.1", "135365"))
BTC = instrument("BTCUSDT", (0, "0.025", "0.025", "16300"))
WALLET = "1535443.01"


def test_two_contracts_in_one_cross_wallet_with_the_venues_own_maintenance_amounts():
    """Binance, "How to Calculate Liquidation Price of USDⓈ-M Futures Contracts", its worked example.

    www.binance.com/en/support/faq/b3c689c1f50a44cabb3a84e663b81d93; its inputs and answers also stand in
    freqtrade, tests/exchange/test_binance.py ("From calc example").
    """
    own = account([cross(ETH, "3683.979", "1456.84"), cross(BTC, "109.488", "32481.98")], wallet=WALLET)
    prices = market({"ETHUSDT": "1335.18", "BTCUSDT": "31967.27"})
    eth, btc = assess(own, prices, DESK).pool("cross").positions
    if eth.instrument != "ETHUSDT":
        eth, btc = btc, eth
    assert rounds_to(eth.maintenance, "356512.508")
    assert rounds_to(btc.maintenance, "71200.81144")
    assert rounds_to(btc.unrealised_pnl, "-56354.57")
    hurt = prices_of(own, prices)
    assert rounds_to(hurt[eth.ref].liquidation.price, "1153.26")
    assert rounds_to(hurt[btc.ref].liquidation.price, "26316.89")


@pytest.mark.parametrize(
    ("traded", "quantity", "entry", "printed"),
    [(ETH, "3683.979", "1456.84", "1114.78"), (BTC, "109.488", "32481.98", "18778.73")],
)
def test_the_same_contracts_each_isolated_with_the_whole_sum(traded, quantity, entry, printed):
    """The same page: with isolated margin nothing of other contracts enters."""
    own = account([isolated(traded, quantity, entry, "i")], pockets={"i": WALLET})
    assert rounds_to(liquidation(own, market({traded.code: entry})), printed)


def test_the_maintenance_amount_of_a_linear_ladder_is_the_printed_one():
    """Binance, the same page in its edition of 2020: 250,000 * (1 % - 0.5 %) + 50 = 1,300."""
    ladder = instrument("X", (0, "0.004"), (50_000, "0.005"), (250_000, "0.01"))
    assert ladder.schedule.deductions == (0, 50, 1_300)


HALF_OF_INITIAL = {"BTC": "0.01", "ETH": "0.01", "SOL": "0.025", "DOGE": "0.025"}


@pytest.mark.parametrize(
    ("coin", "quantity", "entry", "margin", "answered"),
    [
        ("ETH", "0.015", "2458.5", "36.864593", "0.86915825"),
        ("BTC", "0.00077", "62739", "24.137992", "31708.03843631"),
        ("DOGE", "437", "0.11586", "25.29769", "0.05945697"),
        ("ETH", "-0.019", "2642.8", "25.091876", "3924.18322043"),
        ("SOL", "-0.32", "155.89", "24.924941", "228.07847866"),
        ("BTC", "-0.00069", "68595", "23.64871", "101849.99354283"),
        ("SOL", "0.6", "173.06", "20.735658", "142.05186667"),
        ("BTC", "-0.00145", "68139", "19.72573", "80933.61590987"),
        ("DOGE", "360", "0.13284", "15.943218", "0.09082388"),
    ],
)
def test_isolated_positions_of_a_perpetuals_venue_end_where_it_answered(
    coin, quantity, entry, margin, answered
):
    """Hyperliquid: maintenance is half the initial margin at the highest leverage (50, 20).

    Prices the venue's interface answered for real positions, as recorded in freqtrade, tests/exchange/
    test_hyperliquid.py; it answers floats, so the last digits are its own.
    """
    traded = instrument(coin, (0, HALF_OF_INITIAL[coin]))
    own = account([isolated(traded, quantity, entry, "i")], pockets={"i": margin})
    price = liquidation(own, market({coin: entry}))
    assert abs(price / exact(answered) - 1) < Fraction(1, 10**7)


def test_a_venue_that_freezes_the_requirement_at_the_entry_ends_a_short_a_little_later():
    """KuCoin, "How to Calculate the Liquidation Price" (support/4408061803033): 28,168.

    5 contracts of 0.001 short at 28,000, 100 times, 0.4 %: it takes the requirement at the entry (0.56)
    and not at the price where it is tested, as the rulebook does; there its own equity is exactly that
    frozen amount.
    """
    traded = instrument("XBTUSDTM", (0, "0.01", "0.004"), contract_size="0.001")
    own = account([isolated(traded, -5, 28_000, "i")], pockets={"i": "1.4"})
    assert assess(own, market({"XBTUSDTM": 28_000}), DESK).maintenance == exact("0.56")
    assert assess(own, market({"XBTUSDTM": 28_168}), DESK).equity == exact("0.56")
    price = liquidation(own, market({"XBTUSDTM": 28_000}))
    assert (price, 28_168 - price < 1) == (exact(28_280) / exact("1.004"), True)


def test_a_linear_position_requires_the_printed_maintenance():
    """KuCoin, "Futures Liquidation Price" (support/26694703491737): 300,000 * 0.4 % = 1,200."""
    traded = instrument("XBTUSDTM", (0, "0.004"), contract_size="0.001")
    own = account([cross(traded, 10_000, 30_000)], wallet=10_000)
    figures = assess(own, market({"XBTUSDTM": 30_000}), DESK)
    assert (figures.gross, figures.maintenance) == (300_000, 1_200)


def test_the_bankruptcy_price_is_the_printed_one():
    """Bybit, "Bankruptcy Price (USDT Contract)": one coin long from 10,000 with 50 times is gone at 9,800."""
    traded = instrument("BTCUSDT", (0, "0.02", "0.005"))
    own = account([isolated(traded, 1, 10_000, "i")], pockets={"i": 200})
    assert prices_of(own, market({"BTCUSDT": 10_000}))["i"].bankruptcy.price == 9_800


SHARES = instrument("A", (0, "0.5"))
AT_HALF = Profile("retail EU", Fraction(1, 2), denominator=Denominator.AT_OPENING)


@pytest.mark.parametrize(
    ("mark", "equity", "percent", "is_met"),
    [("78", 2_400, 96, True), ("66", 1_800, 72, True), ("55", 1_250, 50, True), ("54.99", None, None, False)],
)
def test_a_retail_account_is_closed_out_below_half_of_its_margin_at_opening(mark, equity, percent, is_met):
    """A European broker, gassetsltd.com/margin-calls: 50 shares from 100 at 50 %, and 1,000 free.

    Printed: 96 % at 78, 72 % at a value of 3,300, closed out below a value of 2,750 (equity 1,250).
    """
    own = account([cross(SHARES, 50, 100)], wallet=3_500)
    prices = market({"A": mark})
    tested = close_out(own, prices, DESK, assess(own, prices, DESK), AT_HALF)
    assert (tested.required, tested.is_met) == (1_250, is_met)
    if equity is not None:
        assert (tested.measured, tested.measured * 100 / 2_500) == (equity, percent)


@pytest.mark.parametrize(("share", "printed"), [(Fraction(1, 5), 60), (Fraction(1, 2), 150)])
def test_the_share_of_the_close_out_is_the_profiles(share, printed):
    """hercules.finance, "How is Stop Out level affected by ESMA's new regulation?": 300 of margin."""
    own = account([cross(instrument("A", (0, "0.3")), 10, 100)], wallet=1_000)
    prices = market({"A": 100})
    tested = close_out(own, prices, DESK, assess(own, prices, DESK), Profile("stop out", share))
    assert tested.required == printed


def test_a_shared_loss_beyond_the_margin_is_liquidated_and_one_within_it_is_not():
    """Flipster, "Margin Trading Explained": 0.1 from 30,000 with 300: 100 left at 28,000, -100 at 26,000."""
    traded = instrument("BTCUSDT", (0, "0.1", "0.01"))
    own = account([isolated(traded, "0.1", 30_000, "i")], pockets={"i": 300})
    held, lost = (
        assess(own, market({"BTCUSDT": mark}), DESK).pool("isolated:i") for mark in (28_000, 26_000)
    )
    assert (held.equity, held.level < Level.LIQUIDATION) == (100, True)
    assert (lost.equity, lost.level) == (-100, Level.LIQUIDATION)
