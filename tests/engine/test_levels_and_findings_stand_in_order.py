"""Levels stand in order, findings say when they are over, and a split adds up."""

import pytest

from margin.engine.figures import (
    WORST_FIRST,
    AccountFigures,
    Finding,
    Level,
    MissingFigure,
    PoolFigures,
    Reason,
    Severity,
    Split,
    known,
)
from margin.engine.types import exact


def test_levels_worsen_one_by_one_and_what_is_unknown_stands_apart():
    assert [(level.name, level.value) for level in Level] == [
        ("NORMAL", 0),
        ("WATCH", 1),
        ("AT_RISK", 2),
        ("DANGER", 3),
        ("MARGIN_CALL", 4),
        ("LIQUIDATION", 5),
        ("UNKNOWN", 6),
    ]
    assert [level.value for level in WORST_FIRST] == [5, 4, 3, 2, 1, 0, 6]
    assert (Level.AT_RISK.word, Level.AT_RISK.label) == ("at_risk", "At risk")


def test_only_a_breach_and_a_missing_limit_are_over():
    found = {
        severity
        for severity in Severity
        if Finding("r", "s", exact(1), exact(1), severity, Reason.WITHIN).is_over
    }
    assert found == {Severity.BREACH, Severity.BLOCKED}


def test_a_portfolio_requirement_is_the_sum_of_its_four_parts():
    split = Split(exact(1), exact(20), exact(300), exact(4_000), exact(7), exact(21), "down")
    assert split.maintenance == 4_321


def test_figures_are_not_bounded_unless_they_say_so_and_pools_go_by_name():
    cross, own = PoolFigures("cross", Level.NORMAL), PoolFigures("isolated:p", Level.WATCH)
    account = AccountFigures("A", "USD", Level.WATCH, "isolated:p", (cross, own))
    assert (cross.bounded, account.bounded) == (False, False)
    assert account.pool("isolated:p") is own


def test_a_figure_that_does_not_exist_is_never_used():
    assert known(exact(0)) == 0
    with pytest.raises(MissingFigure):
        known(None)
