"""The desk's sums through time: a point has figures only where they speak for the whole desk."""

from datetime import timedelta
from typing import Any

import pytest

from margin.book.history import desk_history, speaks_for_all
from margin.models import Run
from margin.notify.events import Head
from margin.notify.push import CHART_FIGURES, Figures, chart_point
from tests import factories
from tests.factories import MONDAY_NOON


def ran(shard: int, seconds: float, equity: str, *, unknown: int = 0, accounts: int = 98) -> None:
    factories.shard(shard)
    part = {"equity": equity, "house_maintenance": "10", "accounts": accounts, "unknown": unknown}
    at = MONDAY_NOON + timedelta(seconds=seconds)
    Run.objects.create(
        shard_id=shard, state="committed", trigger="test", started_at=at, at=at, engine_version="test",
        partials={"PRIME": part},
    )  # fmt: skip


@pytest.mark.django_db
def test_a_run_that_knew_few_accounts_is_a_gap_and_no_fall() -> None:
    ran(1, 0, "500")
    ran(1, 20, "3", unknown=97)
    ran(1, 40, "490", unknown=1)
    points = desk_history("PRIME", since=MONDAY_NOON)
    assert [point.equity for point in points] == [500, None, 490]
    assert [point.utilisation is None for point in points] == [False, True, False]


@pytest.mark.django_db
def test_a_shard_that_has_not_spoken_yet_is_missed_as_much() -> None:
    ran(1, 0, "500")
    ran(2, 20, "40")
    ran(1, 40, "510")
    assert [point.equity for point in desk_history("PRIME", since=MONDAY_NOON)] == [None, 540, 550]


@pytest.mark.django_db
def test_a_shard_that_came_after_the_span_is_not_missed_in_it() -> None:
    ran(1, 0, "500")
    ran(2, 60, "40")
    until = MONDAY_NOON + timedelta(seconds=60)
    assert [point.equity for point in desk_history("PRIME", since=MONDAY_NOON, until=until)] == [500]


@pytest.mark.parametrize(
    ("accounts", "unknown", "whole"),
    [(0, 0, True), (19, 1, False), (20, 1, True), (98, 5, False), (98, 4, True)],
)
def test_one_account_in_twenty_may_be_left_out(accounts: int, unknown: int, whole: bool) -> None:
    assert speaks_for_all(accounts, unknown) is whole


@pytest.mark.parametrize(("unknown", "told"), [(0, "7"), (9, None)])
def test_a_live_point_has_the_same_gaps(unknown: int, told: str | None) -> None:
    kpi: dict[str, Any] = dict.fromkeys(CHART_FIGURES, "7") | {"accounts": 10, "unknown": unknown}
    figures = Figures("PRIME", {1: Head(4, "run", "2026-03-02T12:00:00+00:00")}, [], [], kpi, {})
    assert {chart_point(figures, 1).point[name] for name in CHART_FIGURES} == {told}
