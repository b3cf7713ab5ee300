"""A small desk at noon, in a database whose rows other connections see."""

from collections.abc import Iterator

import pytest

from riskdesk.clock import pinned
from tests.factories import MONDAY_NOON
from tests.gate.harness import Small, make_small


@pytest.fixture
def small(transactional_db: None) -> Iterator[Small]:
    with pinned(MONDAY_NOON):
        yield make_small()
