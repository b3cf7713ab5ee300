"""The clients a manager wants to see, each one a case. Everyone here is invented."""

# ruff: noqa: E501 - tables read better in rows

from decimal import Decimal
from typing import TypedDict, Unpack

from margin.demo.plans import AccountPlan, ClientPlan, PositionPlan, start_price

D = Decimal


class Options(TypedDict, total=False):
    """What a position has beyond its size and price."""

    mode: str
    isolated_margin: Decimal
    strategy: str
    leverage: Decimal | None


def at_market(instrument: str, quantity: str, **options: Unpack[Options]) -> PositionPlan:
    """A position entered at the start price."""
    return PositionPlan(instrument, D(quantity), start_price(instrument), **options)


def cast() -> list[ClientPlan]:
    return [
        hedged_fund(), near_the_cap(), coin_in_coin(), at_the_requirement(),
        event_trader(), gold_house(), cap_strategy(), oil_bet(), gross_book(), one_way(), large_leg(),
    ]  # fmt: skip


def hedged_fund() -> ClientPlan:
    """The same fund twice: once with everything shared, once with its event book walled off."""
    core = [at_market("BTC-PERP", "120"), at_market("BTC-QTR", "-118"), at_market("ETH-PERP", "900")]
    event = [("SOL-PERP", "9000", "290000"), ("DOGE-PERP", "-2500000", "95000")]
    shared = AccountPlan(
        "HALCYON-CROSS", "Everything in one pool", "cross", "USD", {"USD": D(3_400_000), "USDT": D(900_000)},
        [*core, *(at_market(i, q, strategy="event") for i, q, _ in event)],
    )  # fmt: skip
    walled = AccountPlan(
        "HALCYON-WALLED", "Event book walled off", "hybrid", "USD", {"USD": D(3_400_000), "USDT": D(900_000)},
        [
            *(at_market(p.instrument, str(p.quantity)) for p in core),
            *(at_market(i, q, mode="isolated", isolated_margin=D(m), strategy="event") for i, q, m in event),
        ],
    )  # fmt: skip
    return ClientPlan(
        "HALCYON", "Halcyon Basis Fund", "PRIME", "eligible", [shared, walled], caps={"leverage": D(15)}
    )


def near_the_cap() -> ClientPlan:
    """99 % of its cap, hedged so that only the price level moves it: a firmer euro takes it over."""
    book = [
        at_market("EUR-USD", "4550000"),
        PositionPlan("EUR-USD", D(-4_574_000), start_price("EUR-USD"), strategy="hedge"),
    ]
    return ClientPlan(
        "ORCHARD", "Orchard Currency Partners", "PRIME", "professional",
        [AccountPlan("ORCHARD-FX", "Currency carry", "cross", "USD", {"USD": D(1_000_000)}, book)],
        caps={"leverage": D(10)},
    )  # fmt: skip


def coin_in_coin() -> ClientPlan:
    """Bitcoin as collateral for more bitcoin: a fall takes from both sides."""
    book = [at_market("BTC-PERP", "95"), at_market("BTC-COIN", "12000", strategy="coin")]
    return ClientPlan(
        "LODESTAR", "Lodestar Digital", "PRIME", "professional",
        [AccountPlan("LODESTAR-COIN", "Long on its own coin", "cross", "USD", {"BTC": D("15.5"), "USD": D(40_000)}, book)],
        caps={"leverage": D(12)},
    )  # fmt: skip


def at_the_requirement() -> ClientPlan:
    """Equity equal to the requirement to the cent: not a breach, and one tick from one."""
    book = [at_market("USDT-USD", "1000000")]
    account = AccountPlan(
        "KEYSTONE-PEG", "Exactly at its requirement", "cross", "USD", {"USD": D(30_000)}, book, D(0)
    )
    return ClientPlan("KEYSTONE", "Keystone Treasury", "PRIME", "eligible", [account])


def event_trader() -> ClientPlan:
    """Isolated bets that can be lost alone: the wallet beside them is never touched."""
    book = [
        at_market("SOL-PERP", "2000", mode="isolated", isolated_margin=D(55_000), strategy="event"),
        at_market("XRP-PERP", "250000", mode="isolated", isolated_margin=D(30_000), strategy="event"),
        at_market("XAU-USD", "60", strategy="core"),
    ]
    account = AccountPlan(
        "MERIDIAN-EVENT", "Isolated bets beside a core", "hybrid", "USD", {"USD": D(60_000)}, book
    )
    return ClientPlan(
        "MERIDIAN", "Meridian Event Driven", "PRIME", "professional", [account], caps={"leverage": D(12)}
    )


def gold_house() -> ClientPlan:
    """Close to the cap on gold: the metal's own cap binds before the client's."""
    book = [
        at_market("XAU-USD", "760"),
        PositionPlan("XAU-USD", D(-752), start_price("XAU-USD"), strategy="hedge"),
    ]
    account = AccountPlan("FOUNDRY-METAL", "Gold both ways", "cross", "USD", {"USD": D(402_000)}, book)
    return ClientPlan("FOUNDRY", "Foundry Metals", "PRIME", "eligible", [account])


def cap_strategy() -> ClientPlan:
    """A sub-account with a cap of its own, tighter than the client's."""
    book = [
        at_market("EUR-USD", "1820000"),
        PositionPlan("EUR-USD", D(-1_830_000), start_price("EUR-USD"), strategy="hedge"),
    ]
    tight = AccountPlan(
        "TAMARIND-FX", "Capped by mandate", "cross", "USD", {"USD": D(500_000)}, book, caps={"leverage": D(8)}
    )
    calm = AccountPlan(
        "TAMARIND-INDEX", "Index overlay", "cross", "EUR", {"EUR": D(800_000)}, [at_market("US500", "120")]
    )
    return ClientPlan(
        "TAMARIND",
        "Tamarind Multi Strategy",
        "PRIME",
        "professional",
        [tight, calm],
        caps={"leverage": D(20)},
    )


def oil_bet() -> ClientPlan:
    """A thin isolated short in oil: when its price goes silent, nobody can say what it is worth."""
    book = [at_market("BRENT", "-1000", mode="isolated", isolated_margin=D(9_000), strategy="event")]
    account = AccountPlan("PELICAN-OIL", "Short oil, walled off", "isolated", "USD", {"USD": D(25_000)}, book)
    return ClientPlan("PELICAN", "Pelican Commodities", "PRIME", "professional", [account])


def gross_book() -> ClientPlan:
    """Little risk and much of it: what is capped is the sum of both sides, and a firmer euro raises both."""
    book = [at_market("EUR-USD", "3200000"), at_market("GBP-USD", "-2600000")]
    account = AccountPlan("VANTAGE-PAIRS", "Currency pairs", "cross", "USD", {"USD": D(1_400_000)}, book)
    return ClientPlan(
        "VANTAGE", "Vantage Relative Value", "PRIME", "professional", [account], caps={"gross": D(6_825_000)}
    )


def one_way() -> ClientPlan:
    """Two books that lean the same way on balance: what is capped is what is left when both are netted."""
    long = AccountPlan(
        "PALISADE-LONG",
        "Long the euro",
        "cross",
        "USD",
        {"USD": D(1_500_000)},
        [at_market("EUR-USD", "6000000")],
    )
    short = AccountPlan(
        "PALISADE-HEDGE",
        "Part of it hedged",
        "cross",
        "USD",
        {"USD": D(600_000)},
        [at_market("EUR-USD", "-2000000")],
    )
    return ClientPlan(
        "PALISADE", "Palisade Macro", "PRIME", "professional", [long, short], caps={"net": D(4_375_000)}
    )


def large_leg() -> ClientPlan:
    """More gold in one leg than the last tier allows once gold is dearer: a limit on a position."""
    account = AccountPlan(
        "STRONGROOM-GOLD",
        "One large leg",
        "cross",
        "USD",
        {"USD": D(9_000_000)},
        [at_market("XAU-USD", "15000")],
    )
    return ClientPlan("STRONGROOM", "Strongroom Bullion", "PRIME", "eligible", [account])
