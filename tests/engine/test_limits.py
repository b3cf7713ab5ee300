"""Caps: the tightest binds and is named, a missing one blocks."""

from margin.engine.exact import assess
from margin.engine.figures import Reason, Severity
from margin.engine.limits import (
    Cap,
    Totals,
    check_account,
    check_client,
    check_instruments,
    check_leverage,
    check_position_limits,
    client_totals,
)
from margin.engine.types import exact
from tests.engine.scene import DESK, account, cross, instrument, isolated, market

BTC = instrument("BTC-PERP")


def cap(limit, name="client cap", **more):
    return Cap(name, "client", exact(limit), **more)


def lever(gross, equity, *caps):
    return check_leverage("client_leverage", "C", Totals(exact(gross), exact(equity)), caps)


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


def test_an_unknown_figure_concludes_nothing():
    figures = assess(account([cross(BTC, 1, 60_000)], wallet=1), market({}), DESK)
    finding = check_account(figures, [cap(5)])
    assert (finding.severity, finding.reason) == (Severity.UNKNOWN, Reason.UNKNOWN_FIGURE)


def test_a_clients_leverage_is_over_all_its_sub_accounts_in_the_reporting_currency():
    dollars = assess(account([cross(BTC, 1, 60_000)], wallet=20_000), market({"BTC-PERP": 60_000}), DESK)
    euros = assess(account([], wallet=10_000, base="EUR"), market({}, base="EUR"), DESK)
    finding = check_client("C", [dollars, euros], {"USD": exact(1), "EUR": exact("1.1")}, [cap(2)])
    assert finding.measured == exact(60_000) / 31_000
    assert check_client("C", [dollars, euros], {"USD": exact(1)}, [cap(2)]).severity is Severity.UNKNOWN


def test_an_instruments_leverage_is_measured_in_each_pool_that_holds_it():
    own = account(
        [cross(BTC, 1, 60_000), isolated(BTC, 1, 60_000, "iso")], wallet=20_000, pockets={"iso": 3_000}
    )
    figures = assess(own, market({"BTC-PERP": 60_000}), DESK)
    shared, ringed = check_instruments(figures, {"BTC-PERP": [cap(10, "instrument")]})
    assert (shared.subject, shared.measured, shared.severity) == ("ACC|cross|BTC-PERP", 3, Severity.OK)
    assert (ringed.measured, ringed.severity) == (20, Severity.BREACH)


def test_a_leg_above_its_schedules_cap_is_a_position_limit_breach():
    small = instrument("X", (0, "0.1"), cap=1_000)
    figures = assess(
        account([cross(small, 11, 100), cross(small, -10, 100)], wallet=500), market({"X": 100}), DESK
    )
    (finding,) = check_position_limits(figures)
    assert (finding.subject, finding.measured, finding.limit) == ("ACC|cross|X|long", 1_100, 1_000)


def test_leverage_on_less_than_one_of_equity_is_still_bounded():
    finding = lever(2, "0.5", cap(5))
    assert (finding.measured, finding.severity) == (4, Severity.WARN)


def test_without_a_cap_the_leverage_is_still_measured():
    assert lever(300, 100).measured == 3


def test_what_is_held_in_another_currency_counts_at_its_rate():
    held = account([cross(instrument("DAX", settlement="EUR"), 1, 10_000)], wallet=10_000, base="EUR")
    euros = assess(held, market({"DAX": 10_000}, base="EUR"), DESK)
    totals = client_totals([euros], {"EUR": exact("1.1")})
    assert totals == Totals(exact(11_000), exact(11_000))
