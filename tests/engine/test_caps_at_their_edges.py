"""Caps at their edges: what costs nothing, bands of one end, accounts the engine could not be asked about."""

from dataclasses import replace

import pytest

from margin.engine.capped import Seen, capped_legs, check_in_pool, check_leg, check_together, sums_of
from margin.engine.exact import assess
from margin.engine.figures import Reason, Severity
from margin.engine.limits import Cap
from margin.engine.measures import MEASURES, LimitKind, Sums, Used
from margin.engine.types import Mark, PriceState, exact
from tests.engine.scene import DESK, account, cross, instrument, market

OIL = instrument("OIL", allow_negative=True)


def seen_with(mark, wallet=1_000):
    own, prices = account([cross(OIL, 10, 0)], wallet=wallet), market({"OIL": mark})
    return Seen(assess(own, prices, DESK), own, prices)


def stale(price, low, high):
    ends = (None if end is None else exact(end) for end in (low, high))
    return Mark(exact(price), PriceState.STALE, *ends)


@pytest.mark.parametrize("kind", LimitKind)
def test_what_costs_nothing_uses_nothing_of_a_cap(kind):
    one = seen_with(0)
    found = check_in_pool(
        kind, "r", "s", one, one.figures.pools[0], caps=[Cap("c", "desk", exact(5))], of="OIL"
    )
    assert (found.measured, found.severity) == (0, Severity.OK)


@pytest.mark.parametrize(("low", "high"), [(None, 60), (40, None), (None, None), (-1, 60), (0, 60)])
def test_a_leg_whose_band_has_one_end_or_reaches_zero_is_not_judged(low, high):
    """Ten at 50 to 60 are over 400 for sure; nothing is sure where the band is not known or bends."""
    capped = replace(OIL, schedule=instrument("C", cap=400).schedule)
    (leg,) = capped_legs(account([cross(capped, 10, 50)]))
    prices = market({"OIL": stale(55, low, high)})
    assert check_leg("r", "s", leg, prices).severity is Severity.UNKNOWN
    assert check_leg("r", "s", leg, market({"OIL": stale(55, 50, 60)})).severity is Severity.BREACH


@pytest.mark.parametrize("wallet", [10, 1_000_000])
def test_an_account_that_could_not_be_put_to_the_engine_leaves_its_client_in_doubt(wallet):
    known = seen_with(stale(55, 50, 60), wallet)
    assert known.in_doubt
    for lost in (replace(known, account=None), replace(known, rate=None)):
        found = check_together(LimitKind.GROSS, "r", "s", [known, lost], [Cap("c", "desk", exact(5))])
        assert (found.severity, found.reason) == (Severity.UNKNOWN, Reason.UNKNOWN_FIGURE)


def test_sums_add_and_change_currency_figure_by_figure():
    one, other = Sums(exact(1), exact(2), exact(3)), Sums(exact(10), exact(20), exact(30))
    assert one + other == Sums(exact(11), exact(22), exact(33))
    assert other.times(exact("0.5")) == Sums(exact(5), exact(10), exact(15))
    assert sums_of([]) == Sums() == Sums(exact(0), exact(0), exact(0))


@pytest.mark.parametrize(
    ("kind", "net", "used"),
    [
        (LimitKind.LEVERAGE, -20, (30, 10)),
        (LimitKind.GROSS, -20, (30, 1)),
        (LimitKind.NET, -20, (20, 1)),
        (LimitKind.NET, 20, (20, 1)),
    ],
)
def test_each_kind_measures_its_own_amount_over_equity_or_one(kind, net, used):
    assert MEASURES[kind].of(Sums(exact(30), exact(net), exact(10))) == Used(*map(exact, used))


@pytest.mark.parametrize(
    ("amount", "per", "ratio"), [(0, 0, 0), (0, -1, 0), (5, 0, None), (5, -1, None), (5, "0.5", 10)]
)
def test_something_over_nothing_has_no_ratio_and_nothing_has_none_of_it(amount, per, ratio):
    assert Used(exact(amount), exact(per)).ratio == ratio
