"""Small accounts, each with something that bends while prices move, for formulas along a shock."""

from margin.engine.types import Account, Instrument, Market, Offsets, Policy, exact
from tests.engine.scene import DESK, account, coin, cross, instrument, isolated, market

Scene = tuple[Account, Market, Policy]

TIERS = ((0, "0.02"), (1_500, "0.05"), (4_000, "0.3"))
OWN_AMOUNTS = ((0, "0.05", "0.05", 20), (600, "0.1", "0.1", 45), (1_500, "0.2", "0.2", 300))
FREE_AT_FIRST = ((0, "0.05", "0.05", 60), (2_000, "0.1", "0.1", 100))
HEDGE = Policy(offsets=Offsets.HEDGE)


def perp(code: str = "X", *tiers: object, **more: object) -> Instrument:
    return instrument(code, *(tiers or TIERS), fee="0.001", **more)


def coins(code: str = "INV", *, size: int = 1, **more: object) -> Instrument:
    """One over the price, settled in the coin it is a bet on."""
    tiers = ((0, "0.02"), (12, "0.05"), (30, "0.1"))
    return instrument(code, *tiers, kind="inverse", settlement="BTC", contract_size=size, **more)


def oil(floor: object = 0, code: str = "OIL", **more: object) -> Instrument:
    tiers = ((0, "0.02"), (40, "0.05"), (90, "0.2"))
    return instrument(code, *tiers, allow_negative=True, reference_price=floor, **more)


def of_btc(*positions: object, amount: object = 20, policy: Policy = DESK, **more: object) -> Scene:
    """Inverse contracts at 100 with collateral in the coin."""
    terms = [coin("BTC", (0, "0.1"), (1_500, "0.3"))]
    own = account(positions, holdings=[("wallet", "BTC", amount)], terms=terms, **more)
    return own, market({"INV": 100, "X": 100}, {"BTC": 100}), policy


def of_oil(floor: object, quantity: object, mark: object, wallet: object) -> Scene:
    own = account([cross(oil(floor), quantity, mark)], wallet=wallet)
    return own, market({"OIL": mark}), DESK


def held(asset: str, amount: object, *tiers: tuple[object, object], **more: object) -> Scene:
    """Ten at 100, and a balance that moves by its own loading, worth 10 each."""
    terms = [coin(asset, *tiers, **more)]
    own = account(
        [cross(perp(), 10, 100)], wallet=400, holdings=[("wallet", asset, amount)], terms=terms, buffer="0.25"
    )
    return own, market({"X": 100}, {asset: 10}), DESK


def in_euros(
    loading: object, quantity: object = 10, kind: str = "linear", wallet: object = 500, **more: object
) -> Scene:
    traded = perp(settlement="EUR", fx_loading=loading, kind=kind, **more)
    own = account([cross(traded, quantity, 100)], wallet=wallet, terms=[coin("EUR")])
    return own, market({"X": 100}, {"EUR": "1.25"}), DESK


def on_its_floor() -> Scene:
    """Its own amounts jump at 600; the mark stands still there and only its currency moves."""
    traded = perp("X", *OWN_AMOUNTS, settlement="EUR", fx_loading="0.5", loading=0)
    own = account([cross(traded, 6, 100)], wallet=500, terms=[coin("EUR")])
    return own, market({"X": 100}, {"EUR": "1.25"}), DESK


def capped(cap: object, wallet: object, pocket: object, loading: object = 1) -> Scene:
    """The wallet takes of the account's own cap before the pocket does."""
    taken = [("wallet", "BTC", wallet)] if wallet else []
    own = account(
        [isolated(perp(underlying="BTC"), 10, 100, "p"), cross(perp("Y"), 2, 100, "y")],
        wallet=300,
        holdings=[*taken, ("isolated:p", "BTC", pocket)],
        terms=[coin("BTC", (0, 0), (150, "0.5"), loading=loading)],
        recognised_caps={"BTC": exact(cap)},
    )
    return own, market({"X": 100, "Y": 100}, {"BTC": 100}), DESK


def of_marks(*positions: object, policy: Policy = DESK, wallet: object = 500, **marks: object) -> Scene:
    return account(positions, wallet=wallet, buffer="0.25"), market(marks), policy


X, SLOW, AGAINST = perp(), perp("Y", loading="0.5"), perp("Z", loading="-0.3")
WIDE = perp("W", contract_size=2, buffer="0.1")
STILL = perp("S", loading=0)

SCENES: dict[str, Scene] = {
    "a long": of_marks(cross(X, 10, 100), X=100),
    "a short": of_marks(cross(X, -10, 110), X=100),
    "a long of two sizes with a buffer of its own": of_marks(cross(WIDE, 12, 90), W=100),
    "half a one": of_marks(cross(X, "0.5", 2_000), cross(SLOW, "-0.5", 900), X=2_000, Y=1_000),
    "a house that asks for twice as much": of_marks(cross(perp(buffer="0.75"), 10, 100), X=100),
    "exactly on a floor": of_marks(cross(X, 15, 100), X=100),
    "exactly on a floor, short": of_marks(cross(X, -40, 100), X=100, wallet=3_000),
    "below the line": of_marks(cross(X, 40, 100), X=100, wallet=100),
    "below the line, short": of_marks(cross(X, -40, 100), X=100, wallet=100),
    "owing": of_marks(cross(X, 40, 100), X=100, wallet=-100),
    "hedged": of_marks(cross(X, 30, 100, "l"), cross(X, -20, 90, "s"), X=100, policy=HEDGE),
    "hedged the other way": of_marks(cross(X, 10, 100, "l"), cross(X, -20, 90, "s"), X=100, policy=HEDGE),
    "hedged in full": of_marks(cross(X, 10, 100, "l"), cross(X, -10, 90, "s"), X=100, policy=HEDGE),
    "both sides unhedged": of_marks(cross(X, 30, 100, "l"), cross(X, -20, 90, "s"), X=100),
    "one faster than the other": of_marks(cross(X, 10, 100), cross(SLOW, 20, 100), X=100, Y=80),
    "one against the other": of_marks(cross(X, 10, 100), cross(AGAINST, 40, 100), X=100, Y=80, Z=90),
    "one that stands still": of_marks(cross(X, 10, 100), cross(STILL, 40, 100), X=100, S=90, wallet=1_000),
    "falling first, then resting at zero": of_marks(
        cross(perp("F", loading=20), 4, 100), cross(X, -20, 100), F=100, X=100, wallet=370
    ),
    "a coin contract": of_btc(cross(coins(), 10_00, 90)),
    "a coin contract, short": of_btc(cross(coins(), -10_00, 90), amount=18),
    "a coin contract on its floor": of_btc(cross(coins(size=2), 600, 100)),
    "a coin contract with an underlying": of_btc(cross(coins(underlying="BTC"), 1_000, 90), buffer="0.25"),
    "a coin contract sold to the full": of_btc(cross(coins(underlying="BTC"), -2_000, 100)),
    "coins beside dollars": of_btc(
        cross(coins(underlying="BTC"), 1_500, 90), cross(perp(underlying="BTC"), -5, 100), amount=10
    ),
    "coins that drift": of_btc(cross(coins(fx_loading="0.5"), 1_000, 90)),
    "coins that drift away": of_btc(cross(coins(fx_loading="-0.2", loading="0.5"), -1_000, 90)),
    "coins with own amounts": of_btc(
        cross(
            instrument(
                "INV", (0, "0.05", "0.05", "0.2"), (12, "0.1", "0.1", "0.9"), kind="inverse", settlement="BTC"
            ),
            500,
            100,
        )
    ),
    "oil": of_oil(0, 2, 37, 60),
    "oil below zero": of_oil(0, 2, -20, 50),
    "oil with a least size": of_oil(5, 3, 20, 50),
    "oil with a least size, short and below zero": of_oil(5, -3, -20, 90),
    "oil exactly at its least size": of_oil(5, 3, 5, 50),
    "oil exactly at its least size below zero": of_oil(5, -3, -5, 50),
    "oil at nothing": of_oil(5, 3, 0, 50),
    "oil at nothing with no least size": of_oil(0, 3, 0, 50),
    "own amounts": of_marks(cross(perp("X", *OWN_AMOUNTS), 10, 100), X=100, wallet=400),
    "own amounts, short": of_marks(cross(perp("X", *OWN_AMOUNTS), -10, 100), X=100, wallet=400),
    "nothing due at first": of_marks(cross(perp("X", *FREE_AT_FIRST), 10, 100), X=100, wallet=100),
    "nothing due at first, short": of_marks(cross(perp("X", *FREE_AT_FIRST), -10, 100), X=100, wallet=1_800),
    "collateral": held("COIN", 40),
    "collateral owned and owed alike": held(
        "COIN", 0, (0, "0.1"), (300, "0.3"), liability_maintenance="0.05"
    ),
    "collateral that stands still": held("COIN", 40, loading=0),
    "collateral worth less than one": held("COIN", "0.05", (0, "0.5")),
    "collateral cut by tiers": held("COIN", 40, (0, "0.1"), (300, "0.3"), (600, 1)),
    "collateral on its floor": held("COIN", 30, (0, "0.1"), (300, "0.3"), (600, 1)),
    "collateral cut less when it is more": held(
        "COIN", 40, (0, "0.3"), (300, "0.1"), (600, "0.2"), loading="0.8"
    ),
    "collateral that moves against": held("COIN", 40, (0, "0.1"), (300, "0.3"), loading="-0.4"),
    "collateral that comes to nothing": held("COIN", 40, (0, "0.1"), (300, "0.3"), loading="1.6"),
    "a debt": held("COIN", -20, liability_maintenance="0.05", loading="0.8"),
    "a debt that comes to nothing": held("COIN", -20, liability_maintenance="0.05", loading="1.6"),
    "euros": in_euros(None),
    "euros that drift": in_euros("0.5"),
    "euros that drift away": in_euros("-0.2", -10),
    "euros that come to nothing": in_euros("1.6"),
    "euros and a coin contract": in_euros("0.5", 500, "inverse"),
    "euros that drift under a size on its floor": on_its_floor(),
    "a price below one": of_marks(cross(X, 2_000, "0.4"), X="0.5"),
    "a price below one, short": of_marks(cross(X, -2_000, "0.6"), X="0.5"),
    "a cap of the account's own": capped(250, 1, 2),
    "a cap the wallet takes whole": capped(80, 1, 2),
    "a cap the pocket has for itself": capped(150, 0, 2),
    "a cap nothing reaches": capped(9_000, 1, 2),
    "a cap and a debt": capped(150, -1, 2),
    "a cap on what moves against": capped(200, 1, 2, "-0.5"),
}
