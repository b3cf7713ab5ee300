"""What a demo client is, before it is written down: plain values, in the start prices of the market."""

from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

from margin.demo.market import BY_CODE, SCHEDULES

RATES = {
    "USD": Decimal(1),
    "EUR": Decimal("1.0850"),
    "GBP": Decimal("1.2700"),
    "JPY": 1 / Decimal("151.20"),
    "USDT": Decimal(1),
    "BTC": Decimal("63980"),
    "ETH": Decimal("3149"),
    "SOL": Decimal("147.9"),
}
"""Dollars for one unit of each asset at the start prices; sizes only, never a figure anyone sees."""


@dataclass(slots=True)
class PositionPlan:
    instrument: str
    quantity: Decimal
    entry_price: Decimal
    mode: str = "cross"
    isolated_margin: Decimal = Decimal(0)
    strategy: str = ""
    leverage: Decimal | None = None


@dataclass(slots=True)
class AccountPlan:
    code: str
    name: str
    mode: str
    base: str
    wallet: dict[str, Decimal] = field(default_factory=dict)
    positions: list[PositionPlan] = field(default_factory=list)
    buffer: Decimal | None = None
    caps: dict[str, Decimal] = field(default_factory=dict)
    """By what they measure: leverage, gross, net."""


@dataclass(slots=True)
class ClientPlan:
    code: str
    name: str
    desk: str
    regulatory_class: str
    accounts: list[AccountPlan] = field(default_factory=list)
    caps: dict[str, Decimal] = field(default_factory=dict)
    buffer: Decimal | None = None


def start_price(instrument: str) -> Decimal:
    return Decimal(BY_CODE[instrument].price)


def unit_notional(instrument: str) -> Decimal:
    """Dollars of notional in one contract at the start price."""
    listing = BY_CODE[instrument]
    price = start_price(instrument)
    per_contract = price if listing.kind == "linear" else 1 / price
    return Decimal(listing.contract_size) * per_contract * RATES[listing.settlement]


def lots(instrument: str, dollars: Decimal) -> Decimal:
    """As many contracts as `dollars` of notional buys, at least one lot."""
    lot = Decimal(BY_CODE[instrument].lot)
    count = (dollars / unit_notional(instrument) / lot).quantize(Decimal(1), ROUND_DOWN)
    return max(count, Decimal(1)) * lot


def maintenance_rate(instrument: str, dollars: Decimal) -> Decimal:
    """The rate of the tier that owns this notional: near enough for sizing."""
    tiers = SCHEDULES[BY_CODE[instrument].schedule][1]
    owned = [Decimal(rate) for floor, _, rate in tiers if Decimal(floor) <= dollars]
    return owned[-1]


def unrealised(position: PositionPlan) -> Decimal:
    """Dollars of profit at the start price."""
    listing = BY_CODE[position.instrument]
    mark, entry = start_price(position.instrument), position.entry_price
    move = mark - entry if listing.kind == "linear" else 1 / entry - 1 / mark
    return position.quantity * Decimal(listing.contract_size) * move * RATES[listing.settlement]


def money(asset: str, dollars: Decimal) -> Decimal:
    """Dollars turned into an amount of an asset, at the asset's own scale."""
    scale = {"JPY": 0, "USDT": 2, "BTC": 4, "ETH": 4, "SOL": 3}.get(asset, 2)
    return (dollars / RATES[asset]).quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP)
