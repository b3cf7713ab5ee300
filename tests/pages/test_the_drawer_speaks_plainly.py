"""Under a row stands what binds, in words a person knows."""

from margin.pages.drawer import pool_name
from margin.pages.drawer import position as told
from tests.pages.frames import position

HELD = [{"pool": "cross", "instrument": "BTC-PERP"}, {"pool": "isolated:a|b", "instrument": "SOL-PERP"}]


def test_a_pocket_of_its_own_goes_by_what_it_holds() -> None:
    assert pool_name("isolated:a|b", HELD) == "isolated SOL-PERP"
    composed = "isolated:SOL-PERP|isolated|||event"
    assert pool_name(composed, [{"pool": composed, "instrument": "SOL-PERP"}]) == "isolated SOL-PERP (event)"


def test_the_wallet_and_what_holds_nothing_keep_their_names() -> None:
    assert pool_name("cross", HELD) == "cross"
    assert pool_name("isolated:gone", HELD) == "isolated gone"


def test_below_its_line_a_position_says_where_it_is_cured_and_no_way_to_go() -> None:
    before, after = told(position()), told(position(pool_level="liquidation"))
    assert (before.liquidation_price, before.to_liquidation) == ("71,200.5", "+22.7 %")
    assert (after.liquidation_price, after.to_liquidation) == ("cured at 71,200.5", "")
    none = told(position(pool_level="liquidation", liquidation_price=None))
    assert none.liquidation_price == "\u2014"


def test_a_price_on_the_side_of_its_gain_says_that_its_pool_is_hedged() -> None:
    assert told(position(quantity="-1", mark="58000", liquidation_price="71200")).hedged == ""
    assert told(position(quantity="1", mark="58000", liquidation_price="51200")).hedged == ""
    assert told(position(quantity="1", mark="58000", liquidation_price="71200")).hedged == (
        "hedged: a rise hurts its pool"
    )
    assert told(position(quantity="-1", mark="58000", liquidation_price="51200")).hedged == (
        "hedged: a fall hurts its pool"
    )
    assert told(position(quantity="-1", mark="58000", liquidation_price="58000")).hedged == "", (
        "no move is left"
    )
    cured = position(quantity="1", mark="58000", liquidation_price="71200", pool_level="liquidation")
    assert told(cured).hedged == "", "there its pool would be well again"


def test_a_pocket_of_its_own_has_one_word() -> None:
    assert [told(position(mode=mode)).mode_word for mode in ("cross", "isolated")] == ["cross", "isolated"]


def test_a_gain_that_nobody_knows_is_neither_green_nor_red() -> None:
    ways = [told(position(unrealised_pnl=pnl)).way for pnl in ("12.5", "-12.5", None)]
    assert ways == ["gain", "loss", ""]
