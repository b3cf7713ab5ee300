"""What a single value in a request may look like: small typed kinds that read it or say exactly why not.

Takes plain JSON values; gives typed ones, and adds a `Refusal` (field, rule, value, sentence) for each thing
that is wrong. Each kind also writes its own part of the OpenAPI schema, so the two cannot differ. Never
rounds, trims, coerces or fills in. Lists and objects of these: `margin.api.composed`.
"""

import re
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Generic, TypeVar

from margin.api.formats import JsonNumber
from margin.api.output import plain
from riskdesk.codes import SHAPE
from riskdesk.errors import Refusal
from riskdesk.instants import FIRST_YEAR, LAST_YEAR, kept_as
from riskdesk.texts import text_doubts

T = TypeVar("T")
Schema = dict[str, Any]

PLAIN_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
MOST_DIGITS, MOST_DECIMALS = 38, 18
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d)", re.ASCII)


def shown(value: object) -> str:
    """A value as the answer repeats it: short, and never walked into."""
    match value:
        case str():
            return value
        case JsonNumber(text):
            return text
        case None | bool():
            return {None: "null", True: "true", False: "false"}[value]
        case list():
            return f"a list of {len(value)}"
        case dict():
            return "an object"
    return str(value)


class Kind(ABC, Generic[T]):
    """One kind of value."""

    @abstractmethod
    def read(self, value: object, field: str, refused: list[Refusal]) -> T | None:
        """The typed value, or None with a refusal noted."""

    @abstractmethod
    def schema(self) -> Schema:
        """Its part of the OpenAPI description."""


def refuse(refused: list[Refusal], field: str, rule: str, value: object, message: str) -> T | None:
    """Note why not; gives None, which is what was read, whatever kind was asked for."""
    refused.append(Refusal(field, rule, shown(value), message))
    return None


@dataclass(frozen=True, kw_only=True)
class Text(Kind[str]):
    """One line of text. Markup is text like any other; control characters are not text."""

    least: int = 1
    most: int = 200
    pattern: str = ""
    says: str = "This has a character that cannot stand here."
    lines: bool = False

    def read(self, value: object, field: str, refused: list[Refusal]) -> str | None:
        if not isinstance(value, str):
            return refuse(refused, field, "text", value, "This is a text, in quotes.")
        if len(value) < self.least or (value.isspace() and not self.lines):
            return refuse(refused, field, "blank", value, "This cannot be blank.")
        if doubts := text_doubts(field, value, most=self.most, lines=self.lines):
            refused.extend(doubts)
            return None
        if self.pattern and not re.fullmatch(self.pattern, value):
            return refuse(refused, field, "pattern", value, self.says)
        return value

    def schema(self) -> Schema:
        found: Schema = {"type": "string", "minLength": self.least, "maxLength": self.most}
        return found | ({"pattern": f"^{self.pattern}$"} if self.pattern else {})


def code(noun: str) -> Text:
    says = f"A code of {noun} is 2 to 32 characters of A-Z, 0-9, dot and dash."
    return Text(most=32, pattern=SHAPE, says=says)


@dataclass(frozen=True)
class Choice(Kind[str]):
    """One of a few words."""

    words: Sequence[str]

    def read(self, value: object, field: str, refused: list[Refusal]) -> str | None:
        if not isinstance(value, str) or value not in self.words:
            return refuse(refused, field, "choice", value, f"One of: {', '.join(self.words)}.")
        return value

    def schema(self) -> Schema:
        return {"type": "string", "enum": list(self.words)}


@dataclass(frozen=True, kw_only=True)
class Amount(Kind[Decimal]):
    """A decimal in quotes: plain digits, never rounded; of as many digits as are stored, unless said."""

    least: Decimal | None = None
    most: Decimal | None = None
    above: Decimal | None = None
    digits: int = MOST_DIGITS
    decimals: int = MOST_DECIMALS
    before_point: int = MOST_DIGITS - MOST_DECIMALS

    def read(self, value: object, field: str, refused: list[Refusal]) -> Decimal | None:
        if isinstance(value, int | JsonNumber) and not isinstance(value, bool):
            hint = 'Send decimals in quotes, such as "0.3": a JSON number may lose digits on its way.'
            return refuse(refused, field, "decimal_in_quotes", value, hint)
        if not isinstance(value, str):
            return refuse(refused, field, "decimal", value, "This is a decimal in quotes.")
        if len(value) > self.digits + 2 or not PLAIN_DECIMAL.fullmatch(value):
            says = "Plain digits with at most one point: no exponent, separators, spaces, NaN or infinity."
            rule = "digits" if PLAIN_DECIMAL.fullmatch(value) else "plain_digits"
            return refuse(
                refused, field, rule, value, f"At most {self.digits} digits." if rule == "digits" else says
            )
        return self.within(value, field, refused)

    def within(self, text: str, field: str, refused: list[Refusal]) -> Decimal | None:
        whole, _, decimals = text.lstrip("-").partition(".")
        if len(decimals) > self.decimals:
            return refuse(
                refused, field, "decimals", text, f"At most {self.decimals} decimals; nothing is rounded."
            )
        if len(whole) + len(decimals) > self.digits:
            return refuse(refused, field, "digits", text, f"At most {self.digits} digits.")
        found = Decimal(text)
        if found and found.adjusted() >= self.before_point:
            says = f"At most {self.before_point} digits before the point."
            return refuse(refused, field, "too_large", text, says)
        if self.above is not None and found <= self.above:
            return refuse(refused, field, "above", text, f"This must be above {plain(self.above)}.")
        if self.least is not None and found < self.least:
            return refuse(refused, field, "least", text, f"This must be at least {plain(self.least)}.")
        if self.most is not None and found > self.most:
            return refuse(refused, field, "most", text, f"This must be at most {plain(self.most)}.")
        return found if found else Decimal(0)

    def schema(self) -> Schema:
        return {
            "type": "string",
            "pattern": rf"^-?[0-9]+(\.[0-9]{{1,{self.decimals}}})?$",
            "maxLength": self.digits + 2,
            "example": "1234.5",
        }


class Instant(Kind[datetime]):
    """ISO 8601 with an offset."""

    def read(self, value: object, field: str, refused: list[Refusal]) -> datetime | None:
        says = "ISO 8601 with an offset and at most microseconds, such as 2026-03-02T12:00:00Z."
        if not isinstance(value, str) or not INSTANT.fullmatch(value):
            return refuse(refused, field, "instant", value, says)
        try:
            kept = kept_as(datetime.fromisoformat(value))
        except ValueError:
            return refuse(refused, field, "instant", value, "There is no such day or time.")
        if kept is None:
            says = f"A year from {FIRST_YEAR} to {LAST_YEAR - 1}, in UTC."
            return refuse(refused, field, "year", value, says)
        return kept

    def schema(self) -> Schema:
        return {"type": "string", "format": "date-time"}


class Flag(Kind[bool]):
    def read(self, value: object, field: str, refused: list[Refusal]) -> bool | None:
        if not isinstance(value, bool):
            return refuse(refused, field, "true_or_false", value, "true or false, without quotes.")
        return value

    def schema(self) -> Schema:
        return {"type": "boolean"}


@dataclass(frozen=True, kw_only=True)
class Whole(Kind[int]):
    """A whole number, such as the id that an answer gave."""

    least: int
    most: int

    def read(self, value: object, field: str, refused: list[Refusal]) -> int | None:
        if not isinstance(value, int) or isinstance(value, bool) or not self.least <= value <= self.most:
            says = f"A whole number from {self.least} to {self.most}, without quotes."
            return refuse(refused, field, "whole_number", value, says)
        return value

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@dataclass(frozen=True, kw_only=True)
class WholeText(Kind[int]):
    """A whole number in an address: query strings have no other types than text."""

    least: int
    most: int

    def read(self, value: object, field: str, refused: list[Refusal]) -> int | None:
        says = f"A whole number from {self.least} to {self.most}."
        if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,18}", value):
            return refuse(refused, field, "whole_number", value, says)
        if not self.least <= int(value) <= self.most:
            return refuse(refused, field, "range", value, says)
        return int(value)

    def schema(self) -> Schema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}
