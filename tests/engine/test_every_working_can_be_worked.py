"""Each line of a working holds: its formula, with its own inputs, gives its own result."""

from dataclasses import replace

import pytest

from margin.engine.distance import distances
from margin.engine.exact import assess
from margin.engine.explain import NEEDS, explain
from margin.engine.explain_sums import distance_lines, exposure_lines, price_lines, sum_line
from margin.engine.liquidation import prices_that_hurt
from margin.engine.types import Mark, Offsets, Policy, PriceState, Rate, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

LADDER = instrument("LADDER", (0, "0.02", "0.01"), (50_000, "0.04", "0.02"), fee="0.001", settlement="EUR")
COIN = instrument("COIN", (0, "0.05"), kind="inverse", buffer="0.02", contract_size=10)
OIL = instrument("OIL", (0, "0.1"), allow_negative=True)

BOOK = account(
    [
        cross(LADDER, 10, 5_000, "l"),
        cross(LADDER, -3, 5_000, "s", leverage=2),
        isolated(COIN, 500, 2_000, "c"),
        cross(OIL, 2, 5, "o"),
    ],
    wallet=90_000,
    pockets={"c": 20},
    holdings=[("wallet", "EUR", -500), ("wallet", "BTC", 1)],
    terms=[coin("EUR", liability_maintenance="0.1"), coin("BTC", (0, "0.1"))],
    buffer="0.25",
    buffer_source="client",
)
PRICES = market(
    {"LADDER": Mark(exact(6_000), source="venue"), "COIN": 2_100, "OIL": -3},
    {"EUR": Rate(exact("1.1"), path=("EUR/USD",)), "BTC": 40_000},
)

WORKED = {
    "N = |q|*c*|m|*x": lambda q, c, m, x: abs(q) * c * abs(m) * x,
    "N = |q|*c/m*x": lambda q, c, m, x: abs(q) * c / m * x,
    "U = q*c*(m - e)*x": lambda q, c, m, x, e: q * c * (m - e) * x,
    "U = q*c*(1/e - 1/m)*x": lambda q, c, m, x, e: q * c * (1 / e - 1 / m) * x,
    "max(0, n*mmr - d + n*fee)*x": lambda n, mmr, d, fee, x: max(0, n * mmr - d + n * fee) * x,
    "MM*(1 + b + b_p)": lambda MM, b, b_p: MM * (1 + b + b_p),
    "MM_house/E": lambda MM_house, E: MM_house / E,
    "max(0, E - max(IM, MM_house))": lambda E, IM, MM_house: max(0, E - max(IM, MM_house)),
    "sum of N/E": lambda N, E: N / E,
    "sum of N/E_total": lambda N, E_total: N / E_total,
    "E = sum of recognised collateral + sum of U": lambda collateral, U: collateral + U,
}


def lines(figure, own=BOOK, prices=PRICES, policy=DESK):
    return explain(own, prices, policy, assess(own, prices, policy), figure)


@pytest.mark.parametrize("figure", list(NEEDS))
def test_every_formula_gives_its_result_from_its_inputs(figure):
    worked = 0
    for line in lines(figure):
        if line.formula in WORKED:
            assert WORKED[line.formula](**{given.name: given.value for given in line.inputs}) == line.result
            worked += 1
    assert worked or figure == "initial"


def found(figure, of, **more):
    (line,) = [line for line in lines(figure, **more) if (line.figure, line.of) == (figure, of)]
    return line


def test_a_leg_names_its_side_its_tier_and_its_schedule():
    long, short = found("maintenance", "cross LADDER long"), found("maintenance", "cross LADDER short")
    assert [given.source for given in long.inputs[1:3]] == ["schedule tier 2", "schedule tier 2"]
    assert [given.source for given in short.inputs[1:3]] == ["schedule tier 1", "schedule tier 1"]
    assert long.note == short.note == ""
    size, asked = found("initial", "cross LADDER long").inputs
    assert (size.name, size.value) == ("n", 60_000)
    assert (asked.value, asked.source) == (exact("0.04"), "schedule tier 2")


def test_equity_and_leverage_end_with_the_accounts_own_line_and_others_do_not():
    figures = assess(BOOK, PRICES, DESK)
    last = {figure: lines(figure)[-1] for figure in ("equity", "leverage", "maintenance")}
    assert (last["equity"].of, last["equity"].result) == ("ACC", figures.equity)
    assert [given.name for given in last["equity"].inputs] == ["cross", "isolated:c"]
    assert (last["leverage"].of, last["leverage"].result) == ("ACC", figures.leverage)
    assert last["maintenance"].of == "isolated:c"


def test_under_the_offset_the_lighter_leg_says_who_pays_for_it():
    hedge = Policy(offsets=Offsets.HEDGE)
    assert (
        found("maintenance", "cross LADDER short", policy=hedge).note
        == "paid for by the other leg of the hedge"
    )
    assert found("maintenance", "cross LADDER long", policy=hedge).note == ""


def test_prices_name_where_they_come_from():
    sources = [given.source for given in found("notional", "l").inputs]
    assert sources == ["position l", "instrument LADDER", "venue", "EUR/USD"]
    assert [given.source for given in found("notional", "o").inputs][2:] == ["fresh", "base currency"]
    assert found("unrealised_pnl", "l").inputs[4].value == 5_000


def test_money_is_worked_asset_by_asset():
    worked = {line.of: line for line in lines("equity") if line.figure == "collateral"}
    assert {of: line.result for of, line in worked.items()} == {
        "cross USD": 90_000,
        "cross EUR": -550,
        "cross BTC": 36_000,
        "isolated:c USD": 20,
    }
    assert [given.value for given in worked["cross BTC"].inputs] == [1, 40_000, 40_000]
    assert worked["cross USD"].inputs[1].source == "base currency"


def test_the_account_is_the_sum_of_its_pools_and_says_which_bites():
    figures = assess(BOOK, PRICES, DESK)
    for figure in ("initial", "maintenance", "house_maintenance", "gross", "net"):
        (line,) = sum_line(figures, figure)
        assert sum(given.value for given in line.inputs) == line.result == getattr(figures, figure)
    (line,) = sum_line(figures, "utilisation")
    assert (line.note, line.result) == (f"{figures.binding_pool} binds", figures.utilisation)
    (line,) = sum_line(figures, "free_margin")
    assert [given.value for given in line.inputs] == [figures.pools[0].free_margin] == [line.result]
    assert list(sum_line(figures, "leverage")) == []


def test_a_sum_that_leaves_a_pool_out_is_not_told():
    blind = replace(PRICES, marks={**PRICES.marks, "COIN": Mark(None)})
    assert list(sum_line(assess(BOOK, blind, DESK), "gross")) == []
    (line,) = exposure_lines(assess(BOOK, blind, DESK), "gross")
    assert line.of == "cross"


@pytest.mark.parametrize("figure", ["gross", "net"])
def test_gross_and_net_are_worked_position_by_position(figure):
    for line in exposure_lines(assess(BOOK, PRICES, DESK), figure):
        assert sum(given.value for given in line.inputs) == line.result
    held = {
        given.name: given.value
        for line in exposure_lines(assess(BOOK, PRICES, DESK), figure)
        for given in line.inputs
    }
    assert held["o"] == (6 if figure == "gross" else -6)


def test_a_liquidation_price_is_told_from_where_its_pool_stands():
    figures = assess(BOOK, PRICES, DESK)
    hurt = prices_that_hurt(BOOK, figures, DESK)
    told = {line.of: line for line in price_lines(BOOK, figures, hurt)}
    assert {of: line.result for of, line in told.items()} == {
        of: h.liquidation.price for of, h in hurt.items()
    }
    values = {given.name: given.value for given in told["l"].inputs}
    cross_pool = figures.pool("cross")
    assert values == {"E": cross_pool.equity, "MM": cross_pool.maintenance, "Q": 7, "c": 1, "m": 6_000}


def test_a_price_that_is_none_or_would_cure_says_so():
    safe = account([cross(OIL, 1, 5, "o")], wallet=10**6, terms=[])
    never = replace(safe, positions=(cross(replace(OIL, allow_negative=False), 1, 5, "o"),))
    short = account([cross(replace(OIL, allow_negative=False), 1, 5, "o")], wallet="0.1")
    for own, note in (
        (never, "no price of"),
        (short, "already below"),
        (account([cross(OIL, 1, 5, "o")], wallet=3), ""),
    ):
        prices = market({"OIL": 5})
        figures = assess(own, prices, DESK)
        (line,) = price_lines(own, figures, prices_that_hurt(own, figures, DESK))
        assert line.note.startswith(note) if note else line.note == ""
    blind = market({"OIL": Mark(None)})
    (line,) = price_lines(safe, assess(safe, blind, DESK), {})
    assert (line.result, line.note) == (None, "no price of OIL")


def far_lines(own, figure, prices=PRICES):
    figures = assess(own, prices, DESK)
    return list(distance_lines(figures, DESK, distances(own, figures, DESK), figure))


def test_distances_are_told_both_ways_with_the_line_they_lead_to():
    own = account([cross(OIL, 10, 100, "o")], wallet=400)
    down, up = far_lines(own, "distance", market({"OIL": 100}))
    assert (down.of, down.note, up.of, up.result) == ("ACC down", "to liquidation", "ACC up", None)
    assert up.note == "no move up leads to liquidation"
    assert {given.name: given.value for given in down.inputs} == {"E": 400, "requirement": 100}
    assert -down.result == exact(300) / 900
    down, _ = far_lines(replace(own, buffer=exact("0.5")), "next", market({"OIL": 100}))
    assert {given.name: given.value for given in down.inputs} == {
        "E": 400,
        "requirement": 150,
        "line": exact("0.6"),
    }
    assert down.note == "to watch"


def test_where_nothing_worse_can_come_there_is_one_line_that_says_so():
    own = account([cross(OIL, 10, 100, "o")], wallet=1)
    (line,) = far_lines(own, "next", market({"OIL": 100}))
    assert (line.result, line.note) == (None, "there is no worse level to reach")
    doubtful = market({"OIL": Mark(exact(100), PriceState.STALE, exact(1), exact(150))})
    (line,) = far_lines(replace(own, holdings=account(wallet=500).holdings), "next", doubtful)
    assert line.note == "there is no worse level to reach"


def test_gross_and_net_name_their_own_sums():
    figures = assess(BOOK, PRICES, DESK)
    assert {line.formula for line in exposure_lines(figures, "gross")} == {"sum of N"}
    assert {line.formula for line in exposure_lines(figures, "net")} == {"sum of S, S = sign(q*m)*N"}


def test_a_position_with_a_price_in_a_pool_without_figures_has_no_liquidation_price():
    blind = replace(PRICES, marks={**PRICES.marks, "LADDER": Mark(None)})
    figures = assess(BOOK, blind, DESK)
    told = {line.of: line for line in price_lines(BOOK, figures, prices_that_hurt(BOOK, figures, DESK))}
    assert (told["o"].result, told["o"].note) == (None, "no price of LADDER")
    assert told["c"].result is not None
