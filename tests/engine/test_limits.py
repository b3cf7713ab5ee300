"""Caps: the tightest binds and is named, a missing one blocks."""

import pytest

from margin.engine.cap_range import Ends
from margin.engine.capped import Seen, capped_legs, check_in_pool, check_leg, check_together, sums_of
from margin.engine.exact import assess
from margin.engine.figures import Reason, Severity
from margin.engine.limits import Cap, check
from margin.engine.measures import MEASURES, LimitKind, Sums, Used
from margin.engine.types import Mark, PriceState, exact
from tests.engine.scene import DESK, account, cross, instrument, isolated, market

BTC, ETH = instrument("BTC-PERP"), instrument("ETH-PERP")


def cap(limit, name="client cap", **more):
    return Cap(name, "client", exact(limit), **more)


def lever(gross, equity, *caps):
    return check("client_leverage", "C", Used(exact(gross), exact(equity)), caps)


def test_the_tightest_of_several_caps_binds_and_is_named():
    finding = lever(600, 100, cap(20), cap(5, "class x asset class"), cap(10, "desk"))
    assert (finding.severity, finding.binding, finding.limit) == (Severity.BREACH, "class x asset class", 5)


def test_exactly_the_cap_is_no_breach():
    assert lever(500, 100, cap(5)).reason is Reason.NEAR_LIMIT
    assert lever("500.000000000000000001", 100, cap(5)).reason is Reason.OVER_LIMIT


def test_four_fifths_of_the_cap_warn():
    assert lever(399, 100, cap(5)).severity is Severity.OK
    assert lever(400, 100, cap(5)).severity is Severity.WARN


def test_a_missing_cap_means_blocked_never_unlimited():
    finding = lever(1, 100)
    assert (finding.severity, finding.reason, finding.limit) == (Severity.BLOCKED, Reason.NO_LIMIT, None)


def test_something_held_on_nothing_is_a_breach_whatever_the_cap():
    finding = lever(1, 0, cap(1_000))
    assert (finding.severity, finding.reason, finding.measured) == (Severity.BREACH, Reason.NO_EQUITY, None)


def test_nothing_held_on_nothing_is_within():
    assert lever(0, 0, cap(5)).measured == 0
    assert lever(0, -10, cap(5)).severity is Severity.OK


@pytest.mark.parametrize(
    ("left_of_the_cap", "left_before_it_warns", "found"),
    [
        (("-2", "-0.5"), None, Severity.BREACH),
        (("-2", "0"), None, Severity.UNKNOWN),  # at its best the cap is exactly reached, which is no breach
        (("-2", "0.5"), None, Severity.UNKNOWN),
        (("0", "9"), ("-9", "0"), Severity.WARN),  # exactly at its worst, and at its best
        (("0", "9"), ("-9", "0.5"), Severity.UNKNOWN),
        (("0.5", "9"), ("-9", "-1"), Severity.WARN),
        (("0.5", "9"), ("0", "8"), Severity.UNKNOWN),
        (("0.5", "9"), ("0.5", "8"), Severity.OK),
        (("0.5", "9"), None, Severity.UNKNOWN),
        (None, ("0.5", "8"), Severity.UNKNOWN),
    ],
)
def test_in_doubt_only_what_holds_at_both_ends_is_concluded(left_of_the_cap, left_before_it_warns, found):
    left = {exact(5): left_of_the_cap, exact(4): left_before_it_warns}

    def ends(limit):
        return left[limit] and Ends(*map(exact, left[limit]))

    assert check("rule", "C", Used(exact(1)), [cap(5)], ends).severity is found


def seen(positions=(), marks=None, rate=1, base="USD", **more):
    held, prices = account(positions, base=base, **more), market(marks or {}, base=base)
    return Seen(assess(held, prices, DESK), held, prices, None if rate is None else exact(rate))


def together(kind, parts, *caps, of=""):
    return check_together(LimitKind(kind), "rule", "subject", parts, caps, of=of)


def test_an_unknown_figure_concludes_nothing():
    finding = together("leverage", [seen([cross(BTC, 1, 60_000)], wallet=1)], cap(5))
    assert (finding.severity, finding.reason) == (Severity.UNKNOWN, Reason.UNKNOWN_FIGURE)


def test_a_clients_leverage_is_over_all_its_sub_accounts_in_the_reporting_currency():
    dollars = seen([cross(BTC, 1, 60_000)], {"BTC-PERP": 60_000}, wallet=20_000)
    euros = seen(wallet=10_000, base="EUR", rate="1.1")
    assert together("leverage", [dollars, euros], cap(2)).measured == exact(60_000) / 31_000
    unsure = seen(wallet=10_000, base="EUR", rate=None)
    assert together("leverage", [dollars, unsure], cap(2)).severity is Severity.UNKNOWN


def test_gross_is_both_sides_together_and_net_the_larger_less_the_other():
    both = [cross(BTC, 2, 60_000, "long"), cross(ETH, -100, 3_000, "short")]
    parts = [seen(both, {"BTC-PERP": 60_000, "ETH-PERP": 3_000}, wallet=1)]
    gross, net = together("gross", parts, cap(400_000)), together("net", parts, cap(400_000))
    assert (gross.measured, gross.severity) == (420_000, Severity.BREACH)
    assert (net.measured, net.severity) == (180_000, Severity.OK)
    assert together("net", parts, cap(179_999)).severity is Severity.BREACH


def test_an_amount_is_capped_whatever_the_equity():
    parts = [seen([cross(BTC, 1, 60_000)], {"BTC-PERP": 50_000}, wallet=1)]
    assert parts[0].figures.equity < 0
    assert together("gross", parts, cap(50_000)).severity is Severity.WARN
    assert together("gross", parts, cap(49_999)).severity is Severity.BREACH


def test_what_is_held_of_one_instrument_is_counted_alone_and_over_all_accounts():
    marks = {"BTC-PERP": 60_000, "ETH-PERP": 3_000}
    parts = [
        seen([cross(BTC, 1, 60_000), cross(ETH, 100, 3_000)], marks, wallet=1),
        seen([cross(BTC, -3, 60_000)], marks, wallet=1, rate=2),
    ]
    assert together("gross", parts, cap(10), of="BTC-PERP").measured == 60_000 + 360_000
    assert together("net", parts, cap(10), of="BTC-PERP").measured == 300_000


def test_an_instruments_leverage_is_measured_in_each_pool_that_holds_it():
    one = seen(
        [cross(BTC, 1, 60_000), isolated(BTC, 1, 60_000, "iso")],
        {"BTC-PERP": 60_000},
        wallet=20_000,
        pockets={"iso": 3_000},
    )
    shared, ringed = (
        check_in_pool(LimitKind.LEVERAGE, "r", pool.pool, one, pool, caps=[cap(10)], of="BTC-PERP")
        for pool in one.figures.pools
    )
    assert (shared.measured, shared.severity) == (3, Severity.OK)
    assert (ringed.measured, ringed.severity) == (20, Severity.BREACH)


@pytest.mark.parametrize(
    "mark", [60_000, Mark(exact(60_000), PriceState.STALE, exact(59_000), exact(61_000))]
)
@pytest.mark.parametrize("kind", LimitKind)
def test_an_instrument_is_measured_in_a_pool_by_every_kind_as_in_an_account_of_that_pool_alone(kind, mark):
    one = seen([cross(BTC, -2, 60_000)], {"BTC-PERP": mark}, wallet=20_000)
    for limit in (1, 7, 119_000, 121_000, 130_000):
        in_pool = check_in_pool(kind, "r", "s", one, one.figures.pools[0], caps=[cap(limit)], of="BTC-PERP")
        assert in_pool == check_together(kind, "r", "s", [one], [cap(limit)])


def legs(positions, mark):
    held = account(positions, wallet=500)
    found = [(leg, check_leg("r", "s", leg, market({"X": mark}))) for leg in capped_legs(held)]
    return {(leg.pool, leg.side): (finding.measured, finding.severity) for leg, finding in found}


def test_a_leg_above_its_schedules_cap_is_a_breach_each_side_and_pool_of_its_own():
    small = instrument("X", (0, "0.1"), cap=1_000)
    held = [cross(small, 6, 100, "a"), cross(small, 5, 100, "b"), cross(small, -10, 100)]
    held.append(isolated(small, 7, 100, "iso"))
    assert legs(held, 100) == {
        ("cross", "long"): (1_100, Severity.BREACH),
        ("cross", "short"): (1_000, Severity.WARN),
        ("isolated:iso", "long"): (700, Severity.OK),
    }
    assert legs([cross(instrument("X"), 10**9, 100)], 100) == {}


def test_a_legs_cap_is_judged_over_the_whole_guard_band_or_not_at_all():
    small = instrument("X", (0, "0.1"), cap=1_000)
    held = [cross(small, 10, 100)]

    def stale(low, high):
        return Mark(exact(110), PriceState.STALE, exact(low), exact(high))

    assert legs(held, stale(101, 120))["cross", "long"][1] is Severity.BREACH
    assert legs(held, stale(99, 120))["cross", "long"][1] is Severity.UNKNOWN
    assert legs(held, stale(85, 99))["cross", "long"][1] is Severity.WARN
    assert legs(held, stale(60, 79))["cross", "long"][1] is Severity.OK
    assert legs(held, Mark(None, PriceState.MISSING))["cross", "long"] == (None, Severity.UNKNOWN)


@pytest.mark.parametrize("kind", list(LimitKind))
def test_every_kind_measures_something(kind):
    assert MEASURES[kind].of(Sums(gross=exact(30), net=exact(-20), equity=exact(10))).ratio > 0


def test_leverage_on_less_than_one_of_equity_is_still_bounded():
    finding = lever(2, "0.5", cap(5))
    assert (finding.measured, finding.severity) == (4, Severity.WARN)


def test_without_a_cap_the_leverage_is_still_measured():
    assert lever(300, 100).measured == 3


def test_what_is_held_in_another_currency_counts_at_its_rate():
    held = account([cross(instrument("DAX", settlement="EUR"), 1, 10_000)], wallet=10_000, base="EUR")
    prices = market({"DAX": 10_000}, base="EUR")
    euros = Seen(assess(held, prices, DESK), held, prices, exact("1.1"))
    assert sums_of([euros]) == Sums(exact(11_000), exact(11_000), exact(11_000))
