"""The demo desk through its script on a clock of its own: calm, one breach of each kind, calm again, and the
same once more. Feeds and cycles are the real ones.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from margin.demo.feed import read_calendars, send
from margin.demo.script import (
    BOTTOM_SECONDS,
    DOUBTFUL_PRINT_AT,
    FALL_SECONDS,
    ROUND_SECONDS,
    SILENT_TO,
    ZERO_PRINT_AT,
)
from margin.demo.seed import seed_demo
from margin.demo.walk import Walk
from margin.flow.cycle import run_cycle
from margin.models import Alert, Breach, PriceRefusal, Restriction
from riskdesk.clock import pinned
from tests.factories import MONDAY_NOON

pytestmark = pytest.mark.django_db(transaction=True)

EVERY_SECONDS = 4
"""Often enough that no price but the silent one grows stale."""
STANDS = ("margin_level", "account:KEYSTONE-PEG/cross")
"""Whoever stands exactly at the requirement is never two points inside it: this call stays open, and what
the rule imposed in the fall stays with it."""
BREACHED = {
    ("client_leverage", "client:ORCHARD"),
    ("client_leverage", "client:LODESTAR"),
    ("instrument_leverage", "account:FOUNDRY-METAL/cross/XAU-USD"),
    ("sub_account_leverage", "account:TAMARIND-FX"),
    ("margin_level", "account:HALCYON-WALLED/isolated:SOL-PERP|isolated|event"),
    ("client_gross", "client:VANTAGE"),
    ("client_net", "client:PALISADE"),
    ("position_limit", "account:STRONGROOM-GOLD/cross/XAU-USD/long"),
    ("unknown_figure", "account:PELICAN-OIL"),
    STANDS,
}


@dataclass
class Day:
    """The desk with its feeds, ten quiet seconds before the bad day."""

    walk: Walk = field(default_factory=lambda: Walk(7, quiet_seconds=10))
    now: datetime = MONDAY_NOON

    def __post_init__(self) -> None:
        seed_demo(size="demo", seed=7, now=self.now)
        self.calendars = read_calendars()

    def until(self, second: int) -> set[tuple[str, str]]:
        """Play to this second of the bad day and run a cycle; gives what is then broken."""
        prints = {second, DOUBTFUL_PRINT_AT, ZERO_PRINT_AT}
        while self.walk.bad_day_seconds < second:
            self.now += timedelta(seconds=1)
            coming = self.walk.bad_day_seconds + 1
            if coming % EVERY_SECONDS and coming not in prints:
                self.walk.step()
                continue
            with pinned(self.now):
                send(self.walk, {}, self.calendars)
        with pinned(self.now):
            assert run_cycle(shard=1, trigger="test").state == "committed"
        return set(Breach.objects.exclude(state__in=["cured", "warning"]).values_list("rule", "subject"))


def held_back() -> set[str]:
    """Whom the rule lets only reduce now."""
    rows = Restriction.objects.filter(lifted_at=None)
    return {row.sub_account.code for row in rows.select_related("sub_account") if row.sub_account}


def test_it_brings_one_breach_of_each_kind_then_calms_and_comes_again() -> None:
    day = Day()
    assert day.until(-1) == set()
    assert set(Alert.objects.values_list("severity", flat=True)) == {"warning"}

    assert held_back() == set()
    worst = day.until(SILENT_TO - 1)
    worst |= day.until(FALL_SECONDS + BOTTOM_SECONDS - 5)
    assert "MERIDIAN-EVENT" in held_back()
    assert worst >= BREACHED
    assert {rule for rule, _ in worst} == {rule for rule, _ in BREACHED}
    assert PriceRefusal.objects.filter(instrument="BTC-PERP", reason="zero").exists()

    day.until(ROUND_SECONDS - 20)
    assert day.until(ROUND_SECONDS - 2) == {STANDS}
    assert held_back() == {"KEYSTONE-PEG"}

    again = day.until(ROUND_SECONDS + SILENT_TO - 1)
    again |= day.until(ROUND_SECONDS + FALL_SECONDS + BOTTOM_SECONDS - 5)
    assert again >= BREACHED
    assert Alert.objects.filter(reason="breach_reopened", title__contains="ORCHARD").exists()
