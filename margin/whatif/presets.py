"""Scenarios somebody has thought of: crashes that happened, measured, and what a desk fears besides.

Gives presets by name. A crash's moves are those of `crashes.csv`: per symbol the worst move within 24 hours
of the event, computed by us from hourly bars (coins: an exchange's public history, spot before perpetual;
currencies and gold: EJTrader's historical data, Apache-2.0; shares: QuantConnect's Lean data, Apache-2.0).
Currencies and gold take the side that moved further within the worst hour. Everything else here is a plain
assumption and says so.
"""

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from margin.engine.rational import Fraction

RECORD = Path(__file__).with_name("crashes.csv")


@dataclass(frozen=True, slots=True)
class Preset:
    """Moves as shares of prices: `recorded` by symbol, `classes` by asset class, `stable` of stablecoins.

    `gap`: on top, of what trades in sessions and opens elsewhere than it closed. `thin`: how many times
    thinner markets are, and dearer to close in. `fell`: what fell, in a word or two, beside a bare date.
    """

    name: str
    title: str
    about: str
    fell: str = ""
    recorded: Mapping[str, Fraction] = field(default_factory=dict)
    classes: Mapping[str, Fraction] = field(default_factory=dict)
    gap: Mapping[str, Fraction] = field(default_factory=dict)
    stable: Fraction = Fraction(0)
    thin: int = 1

    @property
    def happened(self) -> bool:
        return bool(self.recorded)


def _percent(**moves: int) -> dict[str, Fraction]:
    return {name: Fraction(move, 100) for name, move in moves.items()}


FEARED = (
    Preset(
        "flash_crash",
        "Flash crash",
        "Minutes, no bids: coins −25 %, indices −7 %, oil −10 %, gold −4 %; markets three times thinner.",
        classes=_percent(crypto=-25, index=-7, equity=-10, commodity=-10, metal=-4),
        thin=3,
    ),
    Preset(
        "together",
        "Correlation → 1",
        "Everything falls together, no hedge across markets holds: coins −30 %, oil −20 %, indices −15 %, "
        "gold −10 %, currencies −4 % against the dollar.",
        classes=_percent(crypto=-30, index=-15, equity=-20, commodity=-20, metal=-10, fx=-4),
        thin=2,
    ),
    Preset(
        "depeg",
        "Stablecoin depeg",
        "Stablecoins at 88 cents, as collateral too; coins −6 %.",
        classes=_percent(crypto=-6),
        stable=Fraction(-12, 100),
        thin=2,
    ),
    Preset(
        "weekend_gap",
        "Weekend gap",
        "What closes over the weekend opens lower: indices and shares −5 %, oil −8 %, gold −3 %, currencies "
        "−2 %. Coins trade on: −12 %.",
        classes=_percent(crypto=-12),
        gap=_percent(index=-5, equity=-5, commodity=-8, metal=-3, fx=-2),
        thin=2,
    ),
    Preset(
        "thin_book",
        "Thin book",
        "A fall of coins of 10 % meets markets ten times thinner: what must be closed moves prices.",
        classes=_percent(crypto=-10),
        thin=10,
    ),
)
HAPPENED = (
    (
        "cascade_2025_10_10",
        "October 2025",
        "smaller coins",
        "Liquidations of 10 October 2025: smaller coins fell furthest.",
    ),
    (
        "covid_2020_03_12",
        "March 2020, coins",
        "most coins, by half",
        "12 March 2020: half of the price of most coins in a day.",
    ),
    ("selloff_2026_02_05", "February 2026", "coins", "The fall of coins around 5 February 2026."),
    ("ftx_2022_11", "November 2022", "coins", "The week an exchange failed."),
    ("celsius_2022_06", "June 2022", "coins", "A lender stops paying out; coins fall for days."),
    (
        "china_ban_2021_05_19",
        "May 2021",
        "coins, by a third",
        "19 May 2021: a ban is repeated, coins fall by a third and more.",
    ),
    (
        "yen_carry_2024_08_05",
        "August 2024",
        "coins with shares",
        "Carry trades in yen are unwound; coins fall with shares.",
    ),
    ("covid_eq_2020_03_16", "March 2020, shares", "shares", "The worst day of shares of the spring of 2020."),
    ("etf_flash_2015_08_24", "August 2015", "shares", "An opening without buyers on 24 August 2015."),
    ("snb_2015_01_15", "January 2015", "all against the franc", "The franc is let go on 15 January 2015."),
    (
        "brexit_2016_06_24",
        "June 2016",
        "the pound",
        "The night of the British vote: the pound against everything.",
    ),
    (
        "gbp_flash_2016_10_07",
        "October 2016",
        "the pound, in minutes",
        "The pound’s minutes of 7 October 2016.",
    ),
    ("jpy_flash_2019_01_03", "January 2019", "all against the yen", "The yen’s minutes of 3 January 2019."),
)


@cache
def presets() -> Mapping[str, Preset]:
    """By name: those that happened first, the hardest first."""
    record = _record()
    happened = [
        Preset(name, title, about, fell=fell, recorded=record[name]) for name, title, fell, about in HAPPENED
    ]
    return {preset.name: preset for preset in (*happened, *FEARED)}


@cache
def class_of() -> Mapping[str, str]:
    """The asset class of every symbol on record."""
    with RECORD.open(newline="") as lines:
        return {row["of"]: row["class"] for row in csv.DictReader(lines)}


def _record() -> dict[str, dict[str, Fraction]]:
    found: dict[str, dict[str, Fraction]] = defaultdict(dict)
    with RECORD.open(newline="") as lines:
        for row in csv.DictReader(lines):
            found[row["event"]][row["of"]] = Fraction(row["move"])
    return found
