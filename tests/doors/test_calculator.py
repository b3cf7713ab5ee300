"""The calculator: what is described is measured, as the rulebook says, to many digits."""

import json
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from tests import factories
from tests.doors.api import Api, is_problem, rules

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("noon")]
CASES = json.loads((Path(__file__).parent.parent / "cases" / "worked_examples.json").read_text())
ONE_PER_CENT = [{"floor": "0", "initial_rate": "0.01", "maintenance_rate": "0.01"}]


def body(**changed: Any) -> dict[str, Any]:
    return {
        "base_currency": "USD",
        "collateral": [{"asset": "USD", "amount": "15000"}],
        "instruments": {"BTC-PERP": {"kind": "linear", "tiers": ONE_PER_CENT}},
        "positions": [position()],
    } | changed


def position(**changed: Any) -> dict[str, Any]:
    return {
        "instrument": "BTC-PERP",
        "mode": "cross",
        "quantity": "1",
        "entry_price": "60000",
        "mark_price": "58000",
    } | changed


def told(request: dict[str, Any]) -> dict[str, Any]:
    """One tier of 1 % unless said, as the rulebook's examples have it."""
    rows = {code: {"tiers": ONE_PER_CENT} | row for code, row in request["instruments"].items()}
    return request | {"instruments": rows}


def close(found: str | None, expected: str | None) -> bool:
    if found is None or expected is None:
        return found is expected
    if not (expected[0].isdigit() or expected[0] == "-"):
        return found == expected
    exact = Fraction(expected)
    return abs(Fraction(found) - exact) <= abs(exact) * Fraction(1, 10**15)


@pytest.fixture
def calls(rita, prime):
    return Api(rita)


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_worked_example(calls, case):
    answer = calls.post("calculator/", told(case["request"]))
    assert answer.status_code == 200, answer.content
    found, expect = answer.json(), case["expect"]
    for name in expect.keys() & {"equity", "level", "leverage"}:
        assert close(found[name], expect[name]), name
    pools = {pool["pool"]: pool for pool in found["pools"]}
    for pool, wanted in expect.get("pools", {}).items():
        for name, value in wanted.items():
            assert close(pools[pool][name], value), (pool, name, pools[pool][name])
    for index, wanted in enumerate(expect.get("positions", [])):
        for name, value in wanted.items():
            assert close(found["positions"][index][name], value), (index, name)
    for name, value in expect.get("distance", {}).items():
        assert close(found["distance"][name], value)
    if "next" in expect:
        assert found["next"]["level"] == expect["next"]["level"]


def test_example_13_haircut_tiers_top_ups_and_then_watch(calls):
    sent = {
        "base_currency": "USD",
        "collateral": [
            {"asset": "BTC", "amount": "2", "price": "50000", "haircut_tiers": [
                {"floor": "0", "rate": "0.10"}, {"floor": "60000", "rate": "0.20"}]},
            {"asset": "COIN", "amount": "0", "price": "1", "haircut": "0.05"},
            {"asset": "USD", "amount": "-5000"},
        ],
        "instruments": {"A": {"tiers": [{"floor": "0", "initial_rate": "0.6", "maintenance_rate": "0.6"}]}},
        "positions": [position(instrument="A", quantity="1", entry_price="100000", mark_price="100000")],
    }  # fmt: skip
    pool = calls.post("calculator/", sent).json()["pools"][0]
    assert (pool["equity"], pool["level"]) == ("81000", "at_risk")
    assert close(pool["utilisation"], "60000/81000")
    assert {asset: row["top_up"] for asset, row in pool["by_asset"].items()} == {
        "USD": "19000", "BTC": "0.475", "COIN": "20000",
    }  # fmt: skip
    sent["collateral"][2]["amount"] = "14000"
    assert calls.post("calculator/", sent).json()["level"] == "watch"


def test_example_15_retail_close_out_is_named_while_pools_are_normal(calls):
    def instrument(initial, maintenance):
        return {"tiers": [{"floor": "0", "initial_rate": initial, "maintenance_rate": maintenance}]}

    sent = {
        "base_currency": "USD", "profile": "retail_au",
        "collateral": [{"asset": "USD", "amount": "1000"}],
        "instruments": {"A": instrument("0.06", "0.015"), "B": instrument("0.04", "0.008")},
        "positions": [
            position(instrument="A", quantity="1", entry_price="10700", mark_price="10000"),
            position(instrument="B", mode="isolated", isolated_margin="500", quantity="1",
                     entry_price="10350", mark_price="10000"),
        ],
    }  # fmt: skip
    found = calls.post("calculator/", sent).json()
    assert [pool["level"] for pool in found["pools"]] == ["normal", "normal"]
    assert found["binding_test"] == "retail_au close-out"
    assert found["account_test"] | {"name": ""} == {
        "name": "", "measured": "450", "required": "500", "met": False,
    }  # fmt: skip
    sent["positions"][0]["entry_price"], sent["positions"][1]["entry_price"] = "10250", "10800"
    again = calls.post("calculator/", sent).json()
    assert (again["account_test"]["measured"], again["equity"]) == ("450", "750")


def test_example_17_one_leg_of_a_hedge_releases_nothing_and_four_pairs_reach_the_target(calls):
    def hedged(cash, long, short):
        return {
            "base_currency": "USD", "offsets": "hedge", "collateral": [{"asset": "USD", "amount": cash}],
            "instruments": {
                "X": {"tiers": [{"floor": "0", "initial_rate": "0.1", "maintenance_rate": "0.1"}]},
                "Y": {"tiers": [{"floor": "0", "initial_rate": "0.05", "maintenance_rate": "0.05"}]},
            },
            "positions": [
                position(instrument="X", quantity=long, entry_price="100", mark_price="100"),
                position(instrument="X", quantity=short, entry_price="100", mark_price="100"),
                position(instrument="Y", quantity="20", entry_price="50", mark_price="50"),
            ],
        }  # fmt: skip

    def pool(*given):
        return calls.post("calculator/", hedged(*given)).json()["pools"][0]

    assert pool("200", "10", "-10")["maintenance"] == "150"
    assert pool("200", "9", "-10")["maintenance"] == "150"
    assert close(pool("199.4", "7", "-7")["utilisation"], "1200/1994")
    assert close(pool("199.2", "6", "-6")["utilisation"], "1100/1992")


def test_example_18_closing_half_leaves_half_the_requirement(calls):
    rows = {"A": {"tiers": [{"floor": "0", "initial_rate": "0.1", "maintenance_rate": "0.1"}]}}
    for cash, quantity, equity, maintenance in (("-10", "10", "-10", "100"), ("-10.5", "5", "-10.5", "50")):
        rows_held = [position(instrument="A", quantity=quantity, entry_price="100", mark_price="100")]
        sent = body(collateral=[{"asset": "USD", "amount": cash}], instruments=rows, positions=rows_held)
        pool = calls.post("calculator/", sent).json()["pools"][0]
        assert (pool["equity"], pool["maintenance"]) == (equity, maintenance)


def test_example_19_free_margin_is_the_most_that_can_be_set_apart(calls):
    rows = {"A": {"tiers": [{"floor": "0", "initial_rate": "0.06", "maintenance_rate": "0.03"}]}}
    rows_held = [position(instrument="A", quantity="1000", entry_price="100", mark_price="100")]
    sent = body(collateral=[{"asset": "USD", "amount": "10000"}], instruments=rows, positions=rows_held)
    pool = calls.post("calculator/", sent).json()["pools"][0]
    assert (pool["initial"], pool["maintenance"]) == ("6000", "3000")
    assert pool["free_margin"] == pool["withdrawable"] == "4000"


TIER = ONE_PER_CENT[0]


def held(**changed: Any) -> dict[str, Any]:
    return {"positions": [position(**changed)]}


def owned(**row: Any) -> dict[str, Any]:
    return {"collateral": [{"amount": "1"} | row]}


def traded(**changed: Any) -> dict[str, Any]:
    return {"instruments": {"BTC-PERP": {"tiers": ONE_PER_CENT} | changed}}


TIERS = "instruments.BTC-PERP.tiers"
BAD = {
    "nan": ({"buffer": "NaN"}, "buffer", "plain_digits"),
    "infinity": ({"buffer": "Infinity"}, "buffer", "plain_digits"),
    "exponent": ({"buffer": "1e-2"}, "buffer", "plain_digits"),
    "a float for money": (held(quantity=1.5), "positions[0].quantity", "decimal_in_quotes"),
    "too many decimals": ({"buffer": "0." + "1" * 31}, "buffer", "decimals"),
    "too many digits": (held(quantity="1" * 61), "positions[0].quantity", "digits"),
    "a negative haircut": (owned(asset="B", price="1", haircut="-0.1"), "collateral[0].haircut", "least"),
    "an unpriced asset": (owned(asset="DOGE", haircut="0"), "collateral[0].price", "unpriced"),
    "another price of the base": (owned(asset="USD", price="2"), "collateral[0].price", "base_price"),
    "unordered tiers": (traded(tiers=[TIER, TIER]), f"{TIERS}[1].floor", "order"),
    "a first floor above zero": (traded(tiers=[TIER | {"floor": "1"}]), f"{TIERS}[0].floor", "first_floor"),
    "a rate of zero": (
        traded(tiers=[TIER | {"maintenance_rate": "0"}]), f"{TIERS}[0].maintenance_rate", "above"),
    "a rate above one": (traded(tiers=[TIER | {"initial_rate": "1.01"}]), f"{TIERS}[0].initial_rate", "most"),
    "an amount that frees every position": (
        traded(tiers=[TIER | {"maintenance_amount": "10000000000001"}]),
        f"{TIERS}[0].maintenance_amount", "most"),
    "an amount beyond its tier": (
        traded(tiers=[TIER | {"maintenance_amount": "501"}, TIER | {"floor": "50000"}]),
        f"{TIERS}[0].maintenance_amount", "most"),
    "a contract size of zero": (traded(contract_size="0"), "instruments.BTC-PERP.contract_size", "above"),
    "two marks": (
        {"positions": [position(), position(mark_price="1")]}, "positions[1].mark_price", "two_marks"),
    "a mark of zero": (held(mark_price="0"), "positions[0].mark_price", "above"),
    "isolated without allocation": (held(mode="isolated"), "positions[0].isolated_margin", "required"),
    "an unknown mode": (held(mode="both"), "positions[0].mode", "choice"),
    "10,001 positions": ({"positions": [position()] * 10_001}, "positions", "max_length"),
    "an unknown field": ({"colour": "red"}, "colour", "unknown_field"),
    "an unknown profile": ({"profile": "moon"}, "profile", "choice"),
    "an unknown instrument": (held(instrument="X"), "positions[0].instrument", "unknown_instrument"),
    "a mark nobody knows": (held(mark_price=None), "positions[0].mark_price", "unpriced"),
    "leverage below one": (held(leverage="0.5"), "positions[0].leverage", "least"),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("path", ["calculator/", "calculator/compare/"])
def test_bad_input_is_refused_with_field_and_rule(calls, path, name):
    changed, field, rule = BAD[name]
    answer = calls.post(path, body(**changed))
    is_problem(answer, 400)
    assert rules(answer) == {(field, rule)}


def test_everything_that_is_wrong_is_said_at_once(calls):
    wrong = [position(mode="both", quantity="x"), position(entry_price="1e3")]
    assert len(rules(calls.post("calculator/", body(positions=wrong)))) == 3
    meant_wrong = [position(mode="isolated"), position(mark_price="-1")]
    assert rules(calls.post("calculator/", body(positions=meant_wrong))) == {
        ("positions[0].isolated_margin", "required"),
        ("positions[1].mark_price", "two_marks"),
        ("positions[1].mark_price", "above"),
    }


def test_what_the_desk_knows_need_not_be_described(calls):
    known = factories.instrument("BTC-PERP", tiers=(("0", "0.10", "0.05"),))
    factories.quote(known, "60000")
    sent = {"base_currency": "USD", "collateral": [{"asset": "USD", "amount": "15000"}]}
    sent["positions"] = [{k: v for k, v in position().items() if k != "mark_price"}]
    found = calls.post("calculator/", sent).json()
    assert found["positions"][0]["mark_price"] == "60000"
    assert found["pools"][0]["maintenance"] == "3000"


def test_nothing_of_the_desk_is_told_to_somebody_without_a_desk(nobody, prime):
    factories.quote(factories.instrument("BTC-PERP"), "60000")
    answer = Api(nobody).post("calculator/", body(instruments={}))
    assert rules(answer) == {("positions[0].instrument", "unknown_instrument")}


def test_sixty_digits_go_in_and_none_is_lost(calls):
    amount = "1" * 30 + "." + "3" * 30
    found = calls.post("calculator/", body(collateral=[{"asset": "USD", "amount": amount}], positions=[]))
    assert found.json()["equity"] == amount


def test_a_price_a_hair_from_the_mark_is_not_shown_at_the_mark(calls):
    cushion = "600." + "0" * 29 + "1"
    held_now = position(quantity="1", entry_price="60000", mark_price="60000")
    sent = body(collateral=[{"asset": "USD", "amount": cushion}], positions=[held_now])
    found = calls.post("calculator/", sent).json()
    price = Decimal(found["positions"][0]["liquidation_price"])
    assert found["pools"][0]["level"] != "liquidation"
    assert Decimal("59999.9") < price < Decimal(60000)


def test_an_account_described_as_a_variant_would_have_it_has_that_variants_figures(calls):
    for mode in ("cross", "isolated"):
        row = position(mode=mode, isolated_margin="5000")
        found = calls.post("calculator/compare/", body(positions=[row, row])).json()
        told = {"allocations"}
        assert {k: v for k, v in found["as_given"].items() if k not in told} == {
            k: v for k, v in found[mode].items() if k not in told
        }


COIN_WALLET = {
    # coins, then by mode: equity, most_lost, safe, how far down the first pool falls; what each pocket gets
    "all of it goes into pockets": ("10", ("500000", "500000", "0", "-15/121"), ("460000", "140000")),
    "the wallet keeps the rest": ("20", ("1040000", "625000", "415000", "-1305/6841"), ("550000", "175000")),
}


@pytest.mark.parametrize("name", COIN_WALLET)
def test_a_wallet_of_coin_pays_pockets_in_coin_and_loses_no_more_than_its_equity(calls, name):
    coins, isolated, pockets = COIN_WALLET[name]
    rates = {"A": ("0.5", "0.25"), "B": ("0.35", "0.1")}
    account = body(
        collateral=[
            {"asset": "USD", "amount": "60000"},
            {"asset": "COIN", "amount": coins, "price": "60000", "haircut": "0.1", "loading": "1"},
        ],
        instruments={
            code: {"kind": "linear", "tiers": [{"floor": "0", "initial_rate": i, "maintenance_rate": m}]}
            for code, (i, m) in rates.items()
        },
        positions=[
            position(instrument="A", quantity="100", entry_price="10000", mark_price="9000"),
            position(instrument="B", quantity="100", entry_price="5000", mark_price="5000"),
        ],
    )
    found = calls.post("calculator/compare/", account).json()
    apart, cross = found["isolated"], found["cross"]
    figures = (
        apart["equity"],
        *(apart["capital"][one] for one in ("most_lost", "safe")),
        apart["distance"]["down"],
    )
    assert all(close(one, told) for one, told in zip(figures, isolated, strict=True)), figures
    assert tuple(one["amount"] for one in apart["allocations"]) == pockets
    assert cross["capital"]["most_lost"] == cross["equity"] == apart["equity"]


def advice_for(calls: Api, *positions: dict[str, Any], cash: str) -> dict[str, str]:
    """Its reasons and warnings by code."""
    underlying = {code: {"kind": "linear", "tiers": ONE_PER_CENT} for code in ("A-PERP", "A-DEC", "B-PERP")}
    for code, row in underlying.items():
        row["underlying"] = code[0]
    account = body(
        instruments=underlying, positions=list(positions), collateral=[{"asset": "USD", "amount": cash}]
    )
    advice = calls.post("calculator/compare/", account).json()["advice"]
    return {each["code"]: each["message"] for each in [*advice["reasons"], *advice["warnings"]]} | {
        "mode": advice["mode"]
    }


def leg(code: str, quantity: str, **more: str) -> dict[str, Any]:
    return position(instrument=code, quantity=quantity, entry_price="100", mark_price="100", **more)


def test_advice_says_what_stays_in_the_wallet_only_of_the_modes_it_advises(calls):
    hedged = [leg("A-PERP", "10"), leg("A-DEC", "-10")]
    mixed = advice_for(calls, *hedged, leg("B-PERP", "100"), cash="9000")
    assert mixed["mode"] == "hybrid"
    assert "caps_the_loss" not in mixed
    apart = advice_for(calls, leg("B-PERP", "100"), cash="9000")
    assert (apart["mode"], apart["caps_the_loss"][:5]) == ("isolated", "8,900")


def test_advice_cuts_a_move_as_the_table_beside_it_does(calls):
    told = advice_for(calls, leg("B-PERP", "100"), cash="248.77")["high_leverage_one_bet_in_cross"]
    assert "A move of 1.50 % is enough." in told


def test_ten_thousand_positions_are_answered(calls):
    rows = [position(instrument=f"I{k % 500}", quantity=str(k % 7 - 3)) for k in range(10_000)]
    named = {f"I{k}": {"tiers": ONE_PER_CENT} for k in range(500)}
    answer = calls.post("calculator/", body(positions=rows, instruments=named))
    assert answer.status_code == 200
    assert len(answer.json()["positions"]) == 10_000
