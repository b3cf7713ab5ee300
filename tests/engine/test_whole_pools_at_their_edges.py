"""Portfolio margin and concentration worked by hand: responses, add-ons, shares, presets at their edges."""

from dataclasses import replace
from fractions import Fraction

import pytest

from margin.engine.concentration import least_rates, two_largest_requirement
from margin.engine.exact import assess
from margin.engine.portfolio import moved_mark
from margin.engine.terms import AddOn, PortfolioTerms, Scenario, ShareTiers, TwoLargest
from margin.engine.types import Offsets, Policy, exact
from tests.engine.scene import account, coin, cross, instrument, isolated, market

OIL = instrument("OIL", allow_negative=True)


@pytest.mark.parametrize(
    ("traded", "mark", "move", "moved"),
    [
        (instrument("X"), 100, "-0.2", 80),
        (instrument("X"), 100, "-1.5", 0),
        (OIL, 100, "-1.5", -50),
        (OIL, -10, "0.5", -5),
        (OIL, 0, "0.5", 0),
        (instrument("I", kind="inverse", allow_negative=True), 100, "-1.5", 0),
    ],
)
def test_a_mark_moves_by_a_share_of_its_size(traded, mark, move, moved):
    assert moved_mark(traded, exact(mark), exact(move)) == moved


def test_a_price_moves_by_the_sum_of_its_loadings_on_the_shocked_factors():
    scenario = Scenario("s", {"a": exact("-0.1"), "b": exact("0.02")})
    assert scenario.move({"a": exact(2), "b": exact(3), "c": exact(9)}) == exact("-0.14")
    assert scenario.move({}) == 0


@pytest.mark.parametrize(
    ("held", "asked"), [(150, 5), (-150, 5), (100, 0), (99, 0), (0, 0), ("100.5", "0.05")]
)
def test_an_add_on_is_on_what_is_held_beyond_the_free_part(held, asked):
    assert AddOn(exact(100), exact("0.1")).on(exact(held)) == exact(asked)


def responds(code, loading, **more):
    return instrument(code, (0, "0.05"), loadings={"f": exact(loading)}, **more)


def terms(*shocks, minimum="0.01", **more):
    scenarios = tuple(Scenario(str(shock), {"f": exact(shock)}) for shock in shocks)
    return Policy(portfolio=PortfolioTerms(scenarios, exact(minimum), **more))


A, B = responds("A", 1), responds("B", -1)
MARKS = {"A": 100, "B": 100}


def split(own, policy, rates=None):
    return assess(own, market(MARKS, rates), policy).pool("cross").split


def test_the_worst_loss_the_minimum_and_what_netting_saved():
    own = account([cross(A, 10, 100), cross(B, 4, 100)], wallet=1_000)
    found = split(own, terms("-0.1", "0.1", "0.2"))
    # -0.1 loses 100 and gains 40; up it gains more than it loses.
    assert (found.worst, found.worst_scenario, found.base, found.volatility) == (60, "-0.1", 14, 46)
    assert found.offset == (100 + 80) - 60
    assert found.maintenance == 60


def test_a_book_that_only_gains_has_no_loss_and_keeps_the_minimum():
    own = account([cross(A, 10, 100)], wallet=1_000)
    found = split(own, terms("0.1"))
    assert (found.worst, found.worst_scenario, found.base, found.volatility, found.offset) == (
        0,
        "unchanged",
        10,
        0,
        0,
    )


def test_initial_is_the_maintenance_times_the_factor():
    own = account([cross(A, 10, 100)], wallet=1_000)
    assert assess(own, market(MARKS), terms("-0.2")).initial == 220
    assert assess(own, market(MARKS), terms("-0.2", initial_factor=exact(2))).initial == 400


def test_the_rate_of_a_settlement_currency_is_shocked_with_the_price():
    foreign = responds("A", 1, settlement="EUR")
    own = account([cross(foreign, 10, 90)], wallet=1_000, terms=[coin("EUR")])
    policy = terms("-0.1", asset_loadings={"EUR": {"f": exact("0.5")}})
    # 10 (90 - 90) at 1.9 against 10 (100 - 90) at 2: 200 are lost.
    assert split(own, policy, {"EUR": 2}).worst == 200
    gone = terms(-3, asset_loadings={"EUR": {"f": exact("0.5")}})
    assert split(own, gone, {"EUR": 2}).worst == 200


def test_a_spot_loses_at_most_itself_and_a_debt_is_no_spot():
    own = account([cross(A, -1, 100)], holdings=[("wallet", "COIN", 3)], terms=[coin("COIN", (0, "0.5"))])
    policy = terms(-1, -2, spots=frozenset({"COIN"}), asset_loadings={"COIN": {"f": exact(1)}})
    found = split(own, policy, {"COIN": 100})
    assert (found.worst, found.worst_scenario) == (200, "-1")
    assert found.base == 4
    owing = account([cross(A, 1, 100)], wallet=500, holdings=[("wallet", "COIN", -1)], terms=[coin("COIN")])
    assert split(owing, policy, {"COIN": 100}).worst == 100


def test_concentration_is_on_the_net_of_an_underlying_and_liquidity_on_that_of_an_instrument():
    perp, future = responds("A", 1, underlying="COIN"), responds("B", 1, underlying="COIN")
    own = account(
        [cross(perp, 10, 100), cross(future, -4, 100)], holdings=[("wallet", "COIN", 1)], terms=[coin("COIN")]
    )
    policy = terms(
        "-0.1",
        spots=frozenset({"COIN"}),
        concentration=AddOn(exact(500), exact("0.5")),
        liquidity={"B": AddOn(exact(100), exact("0.1"))},
    )
    found = split(own, policy, {"COIN": 100})
    assert (found.concentration, found.liquidity) == ((1_000 - 400 + 100 - 500) / 2, 30)
    assert found.maintenance == found.base + found.volatility + 130


def test_positions_share_by_their_own_requirement_and_bear_their_own_buffers():
    wild = responds("B", 1, buffer="0.5")
    own = account([cross(A, 10, 100, "a"), cross(wild, 30, 100, "b")], wallet=5_000, buffer="0.25")
    figures = assess(own, market(MARKS), terms("-0.1"))
    rows = {row.ref: row for row in figures.positions}
    assert [(rows[k].maintenance, rows[k].initial, rows[k].house_maintenance) for k in "ab"] == [
        (100, 110, 125),
        (300, 330, 525),
    ]
    assert figures.house_maintenance == 650


def test_what_no_position_carries_bears_the_accounts_buffer():
    own = account(holdings=[("wallet", "COIN", 10)], terms=[coin("COIN")], buffer="0.5")
    policy = terms("-0.1", spots=frozenset({"COIN"}), asset_loadings={"COIN": {"f": exact(1)}})
    figures = assess(own, market({}, {"COIN": 100}), policy)
    assert (figures.maintenance, figures.house_maintenance) == (100, 150)


def test_positions_that_required_nothing_share_by_notional():
    free = instrument("A", (0, "0.01", "0.01", 10**6), loadings={"f": exact(1)})
    also = instrument("B", (0, "0.01", "0.01", 10**6), loadings={"f": exact(1)})
    own = account([cross(free, 10, 100, "a"), cross(also, 30, 100, "b")], wallet=5_000)
    rows = assess(own, market(MARKS), terms("-0.1")).positions
    assert [row.maintenance for row in rows] == [100, 300]


def test_a_debts_requirement_stands_beside_the_books():
    loan = coin("COIN", liability_maintenance="0.1", liability_initial="0.2")
    own = account([cross(A, 10, 100)], wallet=5_000, holdings=[("wallet", "COIN", -1)], terms=[loan])
    figures = assess(own, market(MARKS, {"COIN": 100}), terms("-0.1"))
    assert (figures.maintenance, figures.initial) == (100 + 10, 110 + 20)
    largest = Policy(concentration=TwoLargest(free=exact(0)))
    figures = assess(own, market(MARKS, {"COIN": 100}), largest)
    assert (figures.maintenance, figures.initial, figures.house_maintenance) == (300, 600, 300)


@pytest.mark.parametrize(
    ("net", "asked"),
    [
        ({"a": 100}, 50),
        ({"a": -100, "b": 50}, 80),
        ({"a": 100, "b": 50, "c": -200, "d": 10}, 176),
        ({"a": 10}, 0),
        ({}, 0),
    ],
)
def test_sixty_per_cent_of_the_two_largest_and_ten_of_the_rest_less_an_amount(net, asked):
    preset = TwoLargest(free=exact(10))
    assert two_largest_requirement({k: exact(v) for k, v in net.items()}, preset) == asked


def test_the_presets_are_the_published_ones():
    preset = TwoLargest()
    assert (preset.largest, preset.rest, preset.free, preset.maintenance_part) == (
        exact("0.6"),
        exact("0.1"),
        100_000,
        exact("0.5"),
    )
    assert ShareTiers().steps == tuple(
        (Fraction(share, 100), Fraction(rate, 100)) for share, rate in ((25, 35), (35, 40), (50, 50))
    )


@pytest.mark.parametrize(
    ("held", "rate"),
    [(24, 0), (25, "0.35"), (34, "0.35"), (35, "0.4"), (49, "0.4"), (50, "0.5"), (100, "0.5")],
)
def test_a_share_asks_for_its_step_from_exactly_there(held, rate):
    assert ShareTiers().least_rate(exact(held), exact(100)) == exact(rate)
    assert ShareTiers().least_rate(exact(0), exact(0)) == 0
    assert ShareTiers().least_rate(exact("0.4"), exact("0.8")) == exact("0.5")


def test_the_share_is_the_underlyings_over_all_that_names_it():
    perp, future, other = (
        instrument(code, (0, "0.05"), underlying=name)
        for code, name in (("A", "COIN"), ("B", "COIN"), ("C", ""))
    )
    own = account(
        [cross(perp, 2, 100, "a"), cross(future, -2, 100, "b"), cross(other, 12, 100, "c")], wallet=900
    )
    prices = market({"A": 100, "B": 100, "C": 100})
    figures = assess(own, prices, Policy(concentration=ShareTiers()))
    rows = {row.ref: row for row in figures.positions}
    assert [rows[k].maintenance for k in "abc"] == [70, 70, 600]
    assert figures.initial == 740
    assert least_rates([], {}, ShareTiers()) == {}


def test_the_floor_of_a_share_is_asked_in_the_accounts_currency():
    coin_settled = instrument("A", (0, "0.05"), settlement="COIN")
    figures = assess(
        account([cross(coin_settled, 10, 10)], wallet=9_000),
        market({"A": 10}, {"COIN": 4}),
        Policy(concentration=ShareTiers()),
    )
    assert (figures.gross, figures.maintenance, figures.initial) == (400, 200, 200)


def test_a_floor_of_concentration_never_lowers_what_was_asked():
    own = account([cross(A, 10, 100)], wallet=2_000)
    policy = replace(terms("-0.9"), concentration=TwoLargest(free=exact(0)))
    figures = assess(own, market(MARKS), policy)
    assert (figures.maintenance, figures.initial) == (900, 990)
    assert figures.pool("cross").split.worst == 900


def test_isolated_pools_know_no_rules_of_the_whole():
    own = account([isolated(A, 10, 100, "i")], pockets={"i": 500})
    for policy in (
        terms("-0.9"),
        Policy(concentration=ShareTiers()),
        Policy(concentration=TwoLargest(free=exact(0))),
    ):
        assert assess(own, market(MARKS), policy).maintenance == 50
    hedged = account([cross(A, 10, 100, "l"), cross(A, -10, 100, "s")], wallet=500)
    assert assess(hedged, market(MARKS), replace(terms("-0.9"), offsets=Offsets.HEDGE)).maintenance == 20


def test_what_is_settled_abroad_counts_at_its_rate_and_below_zero_turned_round():
    abroad = instrument("A", (0, "0.05"), settlement="EUR", loadings={"f": exact(1)}, allow_negative=True)
    own = account([cross(abroad, 10, -100)], wallet=9_000, terms=[coin("EUR")])
    add_ons = {
        "concentration": AddOn(exact(500), exact("0.5")),
        "liquidity": {"A": AddOn(exact(0), exact("0.1"))},
    }
    policy = terms(0, **add_ons)
    prices = market({"A": -100}, {"EUR": 2})
    found = assess(own, prices, policy).pool("cross").split
    assert (found.base, found.concentration, found.liquidity) == (20, 750, 200)
    other = responds("B", 1, underlying="A")
    turned = account([cross(abroad, 10, -100), cross(other, 20, 100)], wallet=9_000, terms=[coin("EUR")])
    found = assess(turned, market({"A": -100, "B": 100}, {"EUR": 2}), policy).pool("cross").split
    assert found.concentration == 0


@pytest.mark.parametrize(("mark", "net"), [("0.5", 50), ("-0.5", -50), (0, 0)])
def test_the_net_of_what_costs_less_than_one_has_the_sign_of_its_mark(mark, net):
    penny = instrument("P", (0, "0.05"), underlying="COIN", allow_negative=True)
    own = account([cross(penny, 100, mark)], holdings=[("wallet", "COIN", 1)], terms=[coin("COIN")])
    policy = terms(0, spots=frozenset({"COIN"}), concentration=AddOn(exact(0), exact(1)))
    found = assess(own, market({"P": mark}, {"COIN": 100}), policy).pool("cross").split
    assert found.concentration == 100 + net
