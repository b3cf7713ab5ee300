"""JSON out: decimals as plain digits in quotes, times in UTC.

Takes plain values, decimals, times and dataclasses; gives bytes. Never rounds.
"""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import orjson

from margin import formats


def plain(value: Decimal) -> str:
    """Digits only, without trailing zeros or an exponent."""
    text = formats.plain(f"{value:f}")
    return "0" if text == "-0" else text


def iso(value: datetime) -> str:
    """An instant in UTC."""
    return value.astimezone(UTC).isoformat().replace("+00:00", "Z")


def written(value: object) -> object:
    """What orjson does not know."""
    if isinstance(value, Decimal):
        return plain(value)
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, date | UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} has no form in JSON")


def dump(value: object) -> bytes:
    return orjson.dumps(value, default=written, option=orjson.OPT_PASSTHROUGH_DATETIME)
