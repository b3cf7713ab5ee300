"""What the calculator takes and gives, for reading it and for the description of the API."""

from decimal import Decimal

from margin.api.composed import Items, Maybe, Named, Record
from margin.api.described import blanks, record, texts
from margin.api.shapes import Amount, Choice, Flag, Schema, Text
from margin.engine.figures import Level
from margin.whatif.calculator import OF_A_POOL
from margin.whatif.described import (
    Described,
    DescribedCollateral,
    DescribedHaircut,
    DescribedInstrument,
    DescribedPosition,
    DescribedTier,
)
from margin.whatif.profiles import PROFILES

MOST_POSITIONS = 10_000
MOST_TIERS = 100
ZERO, ONE = Decimal(0), Decimal(1)


def number(
    *, least: Decimal | None = None, most: Decimal | None = None, above: Decimal | None = None
) -> Amount:
    """Nothing of it is stored, so it may be longer than what is."""
    return Amount(least=least, most=most, above=above, digits=60, decimals=30, before_point=60)


NAME = Text(most=64)
SHARE = number(least=ZERO, most=ONE)
RATE = number(above=ZERO, most=ONE)
NOT_NEGATIVE = number(least=ZERO)
TIER = Record(
    DescribedTier,
    {
        "floor": NOT_NEGATIVE,
        "initial_rate": RATE,
        "maintenance_rate": RATE,
        "maintenance_amount": Maybe(NOT_NEGATIVE),
    },
)
INSTRUMENT = Record(
    DescribedInstrument,
    {
        "kind": Maybe(Choice(("linear", "inverse")), "linear"),
        "contract_size": Maybe(number(above=ZERO), ONE),
        "settlement_rate": Maybe(number(above=ZERO), ONE),
        "fee_rate": Maybe(NOT_NEGATIVE, ZERO),
        "underlying": Maybe(Text(least=0, most=64), ""),
        "allow_negative": Maybe(Flag(), False),
        "reference_price": Maybe(NOT_NEGATIVE, ZERO),
        "buffer": Maybe(NOT_NEGATIVE, ZERO),
        "loading": Maybe(number(), ONE),
        "tiers": Items(of=TIER, least=1, most=MOST_TIERS),
    },
)
HAIRCUT = Record(DescribedHaircut, {"floor": NOT_NEGATIVE, "rate": SHARE})
COLLATERAL = Record(
    DescribedCollateral,
    {
        "asset": NAME,
        "amount": number(),
        "price": Maybe(number(above=ZERO)),
        "haircut": Maybe(SHARE),
        "haircut_tiers": Maybe(Items(of=HAIRCUT, least=1, most=MOST_TIERS)),
        "liability_rate": Maybe(NOT_NEGATIVE),
        "loading": Maybe(number()),
    },
)
POSITION = Record(
    DescribedPosition,
    {
        "instrument": NAME,
        "mode": Choice(("cross", "isolated")),
        "quantity": number(),
        "entry_price": number(),
        "mark_price": Maybe(number()),
        "isolated_margin": Maybe(NOT_NEGATIVE),
        "leverage": Maybe(number(least=ONE)),
    },
)
EXAMPLE: Schema = {
    "base_currency": "USD",
    "buffer": "0.10",
    "collateral": [{"asset": "USD", "amount": "20000"}],
    "instruments": {
        name: {"tiers": [{"floor": "0", "initial_rate": "0.02", "maintenance_rate": "0.01"}]}
        for name in ("BTC-PERP", "ETH-PERP")
    },
    "positions": [
        {
            "instrument": "BTC-PERP",
            "mode": "cross",
            "quantity": "1",
            "entry_price": "60000",
            "mark_price": "58000",
        },
        {
            "instrument": "ETH-PERP",
            "mode": "isolated",
            "quantity": "10",
            "entry_price": "3000",
            "mark_price": "2800",
            "isolated_margin": "3000",
        },
    ],
}


class WithExample(Record[Described]):
    def schema(self) -> Schema:
        return super().schema() | {"example": EXAMPLE}


DESCRIBED = WithExample(
    Described,
    {
        "base_currency": NAME,
        "buffer": Maybe(NOT_NEGATIVE, ZERO),
        "collateral": Maybe(Items(of=COLLATERAL, most=1_000), ()),
        "instruments": Maybe(Named(name=NAME, of=INSTRUMENT, most=MOST_POSITIONS), {}),
        "positions": Maybe(Items(of=POSITION, most=MOST_POSITIONS), ()),
        "offsets": Maybe(Choice(("none", "hedge")), "none"),
        "at_threshold": Maybe(Choice(("lt", "le")), "lt"),
        "profile": Maybe(Choice(tuple(PROFILES))),
        "target": Maybe(RATE, Decimal("0.60")),
    },
)

LEVEL: Schema = {"type": "string", "enum": [level.word for level in Level]}
BOTH_WAYS = record(blanks("down", "up"))


def maybe(schema: Schema) -> Schema:
    return schema | {"nullable": True}


def doubted(fields: dict[str, Schema]) -> Schema:
    """With the two fields that stand there only in doubt."""
    found = record(fields)
    found["properties"] |= {"unknown_because": {"type": "string"}, "bounded": {"type": "boolean"}}
    return found


BY_ASSET: Schema = {"type": "object", "additionalProperties": record(blanks("withdrawable", "top_up"))}
POOL = doubted(
    {
        "pool": {"type": "string", "example": "cross"},
        "level": LEVEL,
        **blanks(*OF_A_POOL),
        "by_asset": maybe(BY_ASSET),
    }
)
HELD = record(
    {
        "index": {"type": "integer"},
        **texts("instrument", "pool"),
        **blanks(
            "mark_price",
            "notional",
            "unrealised_pnl",
            "initial",
            "maintenance",
            "liquidation_price",
            "bankruptcy_price",
        ),
    }
)
HELD["properties"]["liquidation_cures"] = {"type": "boolean"}
GIVES = doubted(
    {
        **blanks("equity", "gross", "net", "leverage", "binding_test", "binding_deficit", "top_up"),
        "level": LEVEL,
        "pools": {"type": "array", "items": POOL},
        "positions": {"type": "array", "items": HELD},
        "distance": BOTH_WAYS,
        "next": record({"level": maybe(LEVEL), **blanks("down", "up")}),
        "account_test": maybe(
            record(
                {
                    **texts("name"),
                    **blanks("measured", "required"),
                    "met": {"type": "boolean", "nullable": True},
                }
            )
        ),
    }
)
CAPITAL = record(blanks("most_lost", "buffer", "safe", "tied_up", "free_margin"))
COMPARED_MODE: Schema = {
    **GIVES,
    "properties": {
        **GIVES["properties"],
        "capital": CAPITAL,
        "allocations": {
            "type": "array",
            "items": record({"index": {"type": "integer"}, **texts("amount", "source")}),
        },
    },
    "required": [*GIVES["required"], "capital", "allocations"],
}
REASON = record(texts("code", "message"))
ADVICE = record(
    {
        "mode": {"type": "string", "enum": ["cross", "isolated", "hybrid", "any", "unknown"]},
        "direction_score": {"type": "string", "nullable": True},
        "reasons": {"type": "array", "items": REASON},
        "warnings": {"type": "array", "items": REASON},
        "positions": {
            "type": "array",
            "items": record({"index": {"type": "integer"}, **texts("mode", "code")}),
        },
    }
)
COMPARED = record(
    {"cross": COMPARED_MODE, "isolated": COMPARED_MODE, "as_given": COMPARED_MODE, "advice": ADVICE}
)
COMPARED["properties"]["chart"] = {"type": "object", "nullable": True, "description": "A Plotly figure."}
