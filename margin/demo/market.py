"""The demo's market as plain tables: assets, venues, factors, schedules, instruments. Values only."""

# ruff: noqa: E501 - tables read better in rows

from dataclasses import dataclass, field

ASSETS = [  # code, name, kind, scale, shock loading, step
    ("USD", "US dollar", "fiat", 2, "0", "0.01"),
    ("EUR", "Euro", "fiat", 2, "0", "0.01"),
    ("GBP", "Pound sterling", "fiat", 2, "0", "0.01"),
    ("JPY", "Japanese yen", "fiat", 0, "0", "1"),
    ("USDT", "Tether-style stablecoin", "stablecoin", 6, "0", "0.01"),
    ("BTC", "Bitcoin", "coin", 8, "1", "0.0001"),
    ("ETH", "Ether", "coin", 8, "1", "0.001"),
    ("SOL", "Solana", "coin", 8, "1", "0.01"),
]
HAIRCUTS = {  # asset: (floor, haircut) tiers; currencies count in full
    "USD": [("0", "0")],
    "EUR": [("0", "0.02")],
    "GBP": [("0", "0.02")],
    "JPY": [("0", "0.03")],
    "USDT": [("0", "0.02")],
    "BTC": [("0", "0.10"), ("5000000", "0.20")],
    "ETH": [("0", "0.15"), ("2000000", "0.25")],
    "SOL": [("0", "0.30")],
}
VENUES = [("COINHALL", "Coin Hall"), ("EXCHANGE-1", "First Exchange"), ("OTC", "Over the counter")]
FACTORS = [
    ("CRYPTO", "Crypto market", "crypto"),
    ("BTC", "Bitcoin", "crypto"),
    ("ETH", "Ether", "crypto"),
    ("ALTS", "Smaller coins", "crypto"),
    ("USD", "US dollar", "fx"),
    ("EQUITY", "Equity indices", "index"),
    ("GOLD", "Gold", "metal"),
    ("OIL", "Oil", "commodity"),
    ("PEG", "Stablecoin peg", "fx"),
]
SCHEDULES = {  # code: (name, [(floor, initial, maintenance)]), floors in the settlement currency
    "CRYPTO-MAJOR": (
        "Major coins",
        [("0", "0.10", "0.05"), ("5000000", "0.15", "0.075"), ("25000000", "0.25", "0.125")],
    ),
    "CRYPTO-ALT": (
        "Smaller coins",
        [("0", "0.25", "0.125"), ("1000000", "0.33", "0.20"), ("5000000", "0.50", "0.30")],
    ),
    "CRYPTO-COIN": ("Coin-margined, in coin", [("0", "0.10", "0.05"), ("400", "0.20", "0.10")]),
    "FX-MAJOR": ("Major currencies", [("0", "0.05", "0.03"), ("50000000", "0.06", "0.04")]),
    "GOLD": ("Gold", [("0", "0.08", "0.05"), ("20000000", "0.12", "0.08")]),
    "OIL": ("Oil", [("0", "0.15", "0.08"), ("10000000", "0.25", "0.15")]),
    "INDEX": ("Equity indices", [("0", "0.08", "0.05"), ("20000000", "0.12", "0.08")]),
    "PEG": ("Stablecoins", [("0", "0.04", "0.03")]),
    "SPOT": ("Reference rates", [("0", "1", "1")]),
}
POSITION_LIMITS = {"GOLD": "40000000"}
"""Schedules whose last tier has an end."""


@dataclass(frozen=True, slots=True)
class Listing:
    """One instrument of the demo: what it is, where it starts, how it moves."""

    code: str
    name: str
    product: str
    asset_class: str
    cap_class: str
    venue: str
    settlement: str
    schedule: str
    price: str
    tick: str
    lot: str
    weights: dict[str, float]  # share of each factor's move
    own_noise: float  # standard deviation of its own part, stationary
    kind: str = "linear"
    contract_size: str = "1"
    underlying: str | None = None
    allow_negative: bool = False
    reference_price: str = "0"
    calendar: str = "ALWAYS"
    sources: tuple[str, ...] = ("demo-a",)
    tradable: bool = True
    pays: tuple[str, str] | None = field(default=None)  # (base, quote) whose rate its mark is


BOTH = ("demo-a", "demo-b")
LISTINGS = [
    Listing("BTC-PERP", "Bitcoin perpetual", "perpetual", "crypto", "crypto", "COINHALL", "USD", "CRYPTO-MAJOR",
            "64000", "0.5", "0.001", {"CRYPTO": 1.0, "BTC": 1.0}, 0.0004, underlying="BTC", sources=BOTH),
    Listing("BTC-QTR", "Bitcoin quarterly future", "future", "crypto", "crypto", "EXCHANGE-1", "USD", "CRYPTO-MAJOR",
            "64650", "0.5", "0.001", {"CRYPTO": 1.0, "BTC": 1.0}, 0.0006, underlying="BTC"),
    Listing("BTC-COIN", "Bitcoin perpetual, coin-margined", "perpetual", "crypto", "crypto", "COINHALL", "BTC",
            "CRYPTO-COIN", "64000", "0.5", "1", {"CRYPTO": 1.0, "BTC": 1.0}, 0.0004, kind="inverse",
            contract_size="100", underlying="BTC"),
    Listing("ETH-PERP", "Ether perpetual", "perpetual", "crypto", "crypto", "COINHALL", "USD", "CRYPTO-MAJOR",
            "3150", "0.05", "0.01", {"CRYPTO": 1.2, "ETH": 1.0}, 0.0006, underlying="ETH", sources=BOTH),
    Listing("SOL-PERP", "Solana perpetual", "perpetual", "crypto", "crypto", "COINHALL", "USD", "CRYPTO-ALT",
            "148", "0.01", "0.01", {"CRYPTO": 1.5, "ALTS": 1.0}, 0.001, underlying="SOL", sources=BOTH),
    Listing("XRP-PERP", "XRP perpetual", "perpetual", "crypto", "crypto", "COINHALL", "USD", "CRYPTO-ALT",
            "0.62", "0.0001", "1", {"CRYPTO": 1.2, "ALTS": 1.0}, 0.001, sources=BOTH),
    Listing("DOGE-PERP", "Doge perpetual", "perpetual", "crypto", "crypto", "COINHALL", "USD", "CRYPTO-ALT",
            "0.16", "0.00001", "10", {"CRYPTO": 1.5, "ALTS": 1.4}, 0.0015),
    Listing("EUR-USD", "Euro / dollar", "fx", "fx", "fx_major", "OTC", "USD", "FX-MAJOR",
            "1.0850", "0.00001", "100", {"USD": -1.0}, 0.00005, pays=("EUR", "USD")),
    Listing("GBP-USD", "Pound / dollar", "fx", "fx", "fx_major", "OTC", "USD", "FX-MAJOR",
            "1.2700", "0.00001", "100", {"USD": -0.9}, 0.00008, pays=("GBP", "USD")),
    Listing("USD-JPY", "Dollar / yen", "fx", "fx", "fx_major", "OTC", "JPY", "FX-MAJOR",
            "151.20", "0.001", "100", {"USD": 1.1}, 0.00008, pays=("USD", "JPY")),
    Listing("XAU-USD", "Gold", "cfd", "metal", "gold", "OTC", "USD", "GOLD",
            "2640", "0.01", "0.01", {"GOLD": 1.0, "USD": -0.4}, 0.0001),
    Listing("WTI", "Crude oil, WTI", "cfd", "commodity", "commodity", "OTC", "USD", "OIL",
            "71.40", "0.01", "1", {"OIL": 1.0}, 0.0003, allow_negative=True, reference_price="10"),
    Listing("BRENT", "Crude oil, Brent", "cfd", "commodity", "commodity", "OTC", "USD", "OIL",
            "75.10", "0.01", "1", {"OIL": 0.95}, 0.0003, allow_negative=True, reference_price="10"),
    Listing("US500", "US 500 index", "cfd", "index", "index_major", "OTC", "USD", "INDEX",
            "5870", "0.1", "0.01", {"EQUITY": 1.0}, 0.0001),
    Listing("JP225", "Japan 225 index", "cfd", "index", "index_major", "OTC", "JPY", "INDEX",
            "38600", "1", "0.1", {"EQUITY": 0.8, "USD": 0.3}, 0.0002),
    Listing("DE40", "Germany 40 index", "cfd", "index", "index_major", "EXCHANGE-1", "EUR", "INDEX",
            "19250", "0.5", "0.01", {"EQUITY": 1.1}, 0.0002, calendar="FRANKFURT"),
    Listing("USDT-USD", "Stablecoin / dollar", "fx", "fx", "fx_minor", "COINHALL", "USD", "PEG",
            "1", "0.0001", "1000", {"PEG": 1.0}, 0.0, pays=("USDT", "USD")),
    Listing("BTC-USD", "Bitcoin reference rate", "cfd", "crypto", "crypto", "COINHALL", "USD", "SPOT",
            "63980", "0.01", "0.0001", {"CRYPTO": 1.0, "BTC": 1.0}, 0.0, tradable=False, pays=("BTC", "USD")),
    Listing("ETH-USD", "Ether reference rate", "cfd", "crypto", "crypto", "COINHALL", "USD", "SPOT",
            "3149", "0.01", "0.0001", {"CRYPTO": 1.2, "ETH": 1.0}, 0.0, tradable=False, pays=("ETH", "USD")),
    Listing("SOL-USD", "Solana reference rate", "cfd", "crypto", "crypto", "COINHALL", "USD", "SPOT",
            "147.9", "0.01", "0.0001", {"CRYPTO": 1.5, "ALTS": 1.0}, 0.0, tradable=False, pays=("SOL", "USD")),
]  # fmt: skip
BY_CODE = {listing.code: listing for listing in LISTINGS}
CALENDARS = [  # code, name, zone, sessions
    ("ALWAYS", "Around the clock", "UTC", []),
    ("FX-WEEK", "The currency week", "America/New_York", [{"from": "sun 17:00", "to": "fri 17:00"}]),
    ("FRANKFURT", "Frankfurt", "Europe/Berlin",
     [{"from": f"{day} 08:00", "to": f"{day} 22:00"} for day in ("mon", "tue", "wed", "thu", "fri")]),
]  # fmt: skip
SOURCES = [("demo-a", "Demo feed A"), ("demo-b", "Demo feed B")]
