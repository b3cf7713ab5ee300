"""Doors are asked at Monday noon, each test with fresh buckets."""

import pytest

from margin.api import throttle
from riskdesk import clock
from tests import factories
from tests.doors.api import Api


@pytest.fixture(autouse=True)
def _fresh_buckets(monkeypatch):
    monkeypatch.setattr(
        throttle, "buckets", throttle.Buckets(throttle.BURST_REQUESTS, throttle.REQUESTS_PER_SECOND)
    )


@pytest.fixture
def noon():
    with clock.pinned(factories.MONDAY_NOON):
        yield factories.MONDAY_NOON


@pytest.fixture
def rita_calls(rita, noon):
    """Rita's program, which may do what she may."""
    return Api(rita, scopes=())


@pytest.fixture
def feed_calls(rita, noon):
    return Api(rita, scopes=("prices:sim",))
