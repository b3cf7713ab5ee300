"""Under a row stands what bites first, in words a person knows."""

from margin.pages.drawer import pool_name

HELD = [{"pool": "cross", "instrument": "BTC-PERP"}, {"pool": "isolated:a|b", "instrument": "SOL-PERP"}]


def test_a_pocket_of_its_own_goes_by_what_it_holds() -> None:
    assert pool_name("isolated:a|b", HELD) == "isolated SOL-PERP"
    composed = "isolated:SOL-PERP|isolated|||event"
    assert pool_name(composed, [{"pool": composed, "instrument": "SOL-PERP"}]) == "isolated SOL-PERP (event)"


def test_the_wallet_and_what_holds_nothing_keep_their_names() -> None:
    assert pool_name("cross", HELD) == "cross"
    assert pool_name("isolated:gone", HELD) == "isolated gone"
