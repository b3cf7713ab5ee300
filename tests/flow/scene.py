"""A small desk with one client, as most tests of the flow need it, and a hand to move its prices."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Client, Desk, Role, SubAccount, User
from margin.flow.cycle import CycleOutcome, run_cycle
from margin.flow.feed import FeedAnswer, PriceReport, accept_prices
from margin.models import Instrument
from riskdesk.clock import pinned
from tests import factories
from tests.factories import MONDAY_NOON


@dataclass
class Scene:
    """Time stands still but for `later`; prices come from source `sim`."""

    desk: Desk
    client: Client
    account: SubAccount
    btc: Instrument
    rita: User
    now: datetime = MONDAY_NOON
    sources: list[str] = field(default_factory=lambda: ["sim"])

    def later(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def price(self, price: str, *, code: str = "BTC-PERP", source: str = "sim") -> FeedAnswer:
        report = PriceReport(code, Decimal(price), None, None, self.now)
        return accept_prices(source=source, reports=[report], now=self.now)

    def cycle(self, trigger: str = "test") -> CycleOutcome:
        with pinned(self.now):
            return run_cycle(shard=1, trigger=trigger)

    def step(self, price: str, seconds: float = 1) -> CycleOutcome:
        """Some time later a price comes and a cycle runs."""
        self.later(seconds)
        self.price(price)
        return self.cycle()

    @contextmanager
    def clock(self) -> Iterator[None]:
        with pinned(self.now):
            yield


def scene_of_two(
    *, cash: str = "10000", pocket: str = "3000", eth_price: str = "2900", btc_price: str = "59000"
) -> Scene:
    """The same after a first run, with 10 ETH from 3,000 in a pocket of their own that holds `pocket` USD."""
    made = make_scene(cash=cash)
    eth = factories.instrument("ETH-PERP", stale_soft_seconds=60, stale_hard_seconds=120)
    factories.position(made.account, eth, "10", "3000", mode="isolated", ref="eth")
    factories.balance(made.account, pocket, key="isolated:eth")
    made.price(eth_price, code="ETH-PERP")
    made.step(btc_price)
    return made


def make_scene(*, cap: str | None = "10", cash: str = "10000", quantity: str = "1") -> Scene:
    """ACME holds `quantity` BTC from 60,000 on `cash` USD; BTC may move by half before it is doubted."""
    desk = factories.desk()
    client = factories.client("ACME", of=desk)
    account = factories.sub_account("ACME-1", of=client)
    btc = factories.instrument(
        "BTC-PERP", jump_band=Decimal("0.5"), stale_soft_seconds=60, stale_hard_seconds=120
    )
    factories.balance(account, cash)
    if Decimal(quantity):
        factories.position(account, btc, quantity, "60000")
    if cap:
        factories.limit(desk, cap)
    rita = factories.person("rita")
    factories.grant(rita, desk, Role.RISK_MANAGER)
    return Scene(desk, client, account, btc, rita)
