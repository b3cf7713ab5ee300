"""What a platform asks, read strictly: JSON of known fields, decimals as texts of plain digits.

Takes the bytes of a body; gives typed values, or every reason why not. Knows no desk: whether an account or
an instrument exists is asked later.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from typing import Any, TypeVar

import msgspec

from margin.engine.rational import Fraction
from riskdesk.errors import Refusal
from riskdesk.instants import read_instant

ORDER_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")
DECIMAL = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,18})?")
CODE = re.compile(r"[A-Z0-9][A-Z0-9.-]{1,31}")
REF = re.compile(r"[\x21-\x7e]{1,120}")
SIDES, MODES = {"buy": 1, "sell": -1}, ("cross", "isolated")
MOST_ORDERS = 100_000
MOST_ERRORS = 100
ESCAPE = b"\\"
PLACE = re.compile(r" - at `\$\.?(.*)`$")
T = TypeVar("T")


class OrderBody(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    order_id: str
    account: str
    instrument: str
    side: str
    quantity: str
    price: str | None = None
    mode: str | None = None
    isolated_margin: str | None = None
    ref: str | None = None


class BatchBody(msgspec.Struct, forbid_unknown_fields=True):
    orders: list[OrderBody]


class EventBody(msgspec.Struct, forbid_unknown_fields=True):
    event: str
    as_of: str
    filled_quantity: str | None = None
    price: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """An order as it was asked, well formed. `sign` is +1 to buy."""

    order_id: str
    account: str
    instrument: str
    side: str
    sign: int
    quantity: Fraction
    price: Fraction | None
    mode: str
    isolated_margin: Fraction
    ref: str

    @property
    def content(self) -> str:
        """The same for whatever means the same: 1.0 is 1."""
        price = "" if self.price is None else str(self.price)
        said = (self.account, self.instrument, self.side, str(self.quantity), price, self.mode)
        return blake2b(
            "\n".join((*said, str(self.isolated_margin), self.ref)).encode(), digest_size=16
        ).hexdigest()


@dataclass(frozen=True, slots=True)
class Told:
    """What became of an order. `filled` None: as much as was known."""

    kind: str
    as_of: datetime
    filled: Fraction | None
    price: Fraction | None


Refusals = list[Refusal]
_order = msgspec.json.Decoder(OrderBody)
_batch = msgspec.json.Decoder(BatchBody)
_event = msgspec.json.Decoder(EventBody)


def read_order(body: bytes) -> Asked | Refusals:
    found = _decoded(_order, body)
    return found if isinstance(found, list) else asked_of(found)


def read_batch(body: bytes) -> list[Asked] | Refusals:
    """All of them well formed, or none is looked at. Their number is the caller's to judge beforehand."""
    found = _decoded(_batch, body)
    if isinstance(found, list):
        return found
    refused: Refusals = []
    orders: list[Asked] = []
    for number, one in enumerate(found.orders):
        asked = asked_of(one, f"orders[{number}].")
        if isinstance(asked, Asked):
            orders.append(asked)
        elif len(refused) < MOST_ERRORS:
            refused += asked
    return refused or orders


def how_many(body: bytes) -> int:
    """A bound on the orders of a batch, without reading them: each names its id once, unless by escapes."""
    return body.count(b'"order_id"') if ESCAPE not in body else body.count(b"{") - 1


def read_event(body: bytes) -> Told | Refusals:
    found = _decoded(_event, body)
    if isinstance(found, list):
        return found
    refused: Refusals = []
    if found.event not in ("partial", "filled", "cancelled", "expired"):
        refused.append(Refusal("event", "choice", found.event, "partial, filled, cancelled or expired."))
    as_of = _instant(found.as_of, refused)
    filled = _decimal("filled_quantity", found.filled_quantity, refused)
    price = _decimal("price", found.price, refused)
    if filled is not None and filled < 0:
        refused.append(Refusal("filled_quantity", "not_below", str(found.filled_quantity), "0 or more."))
    if found.event == "partial" and found.filled_quantity is None:
        refused.append(Refusal("filled_quantity", "required", "", "Say how much was filled so far."))
    if refused or as_of is None:
        return refused
    return Told(found.event, as_of, filled, price)


def asked_of(body: OrderBody, where: str = "") -> Asked | Refusals:
    """The order in the engine's words, or all that is wrong with it; `where` begins each field's name."""
    refused = _misnamed(body, where)
    sign = SIDES.get(body.side)
    if sign is None:
        refused.append(Refusal(f"{where}side", "choice", body.side, "buy or sell."))
    quantity = _decimal(f"{where}quantity", body.quantity, refused)
    if quantity is not None and quantity <= 0:
        message = "A quantity is above 0; `side` says which way."
        refused.append(Refusal(f"{where}quantity", "above", body.quantity, message))
    price = _decimal(f"{where}price", body.price, refused)
    margin = _decimal(f"{where}isolated_margin", body.isolated_margin, refused)
    refused += _misplaced(body, where, margin)
    if refused or quantity is None or sign is None:
        return refused
    return Asked(
        body.order_id,
        body.account,
        body.instrument,
        body.side,
        sign,
        quantity,
        price,
        body.mode or "",
        margin or Fraction(0),
        body.ref or "",
    )


def _misnamed(body: OrderBody, where: str) -> Refusals:
    """Codes that cannot be anybody's."""
    refused: Refusals = []
    if not ORDER_ID.fullmatch(body.order_id):
        message = "1 to 64 of A-Z, a-z, 0-9 and . _ : -, beginning with a letter or digit."
        refused.append(Refusal(f"{where}order_id", "shape", body.order_id, message))
    if not CODE.fullmatch(body.account):
        refused.append(Refusal(f"{where}account", "code", body.account, "This is no account's code."))
    if not CODE.fullmatch(body.instrument):
        message = "This is no instrument's code."
        refused.append(Refusal(f"{where}instrument", "code", body.instrument, message))
    return refused


def _misplaced(body: OrderBody, where: str, margin: Fraction | None) -> Refusals:
    """What says where the position lies, and what it is given of its own, when they do not fit."""
    refused: Refusals = []
    field, given = f"{where}isolated_margin", body.isolated_margin or ""
    if body.mode is not None and body.mode not in MODES:
        refused.append(Refusal(f"{where}mode", "choice", body.mode, "cross or isolated."))
    if body.ref is not None and not REF.fullmatch(body.ref):
        refused.append(Refusal(f"{where}ref", "shape", body.ref, "1 to 120 visible ASCII characters."))
    if margin is not None and margin < 0:
        refused.append(Refusal(field, "not_below", given, "0 or more."))
    if margin and body.mode == "cross":
        message = "Only an isolated position has margin of its own."
        refused.append(Refusal(field, "only_isolated", given, message))
    return refused


def _decimal(field: str, text: str | None, refused: Refusals) -> Fraction | None:
    if text is None:
        return None
    if DECIMAL.fullmatch(text):
        return Fraction(text)
    message = "A text of plain digits: at most 20 before the point and 18 after it, no exponent."
    refused.append(Refusal(field, "decimal", text, message))
    return None


def _instant(text: str, refused: Refusals) -> datetime | None:
    try:
        return read_instant(text)
    except ValueError:
        message = "ISO 8601 with an offset, of this century, such as 2026-03-02T12:00:00Z."
        refused.append(Refusal("as_of", "time", text, message))
        return None


def _decoded(decoder: "msgspec.json.Decoder[T]", body: bytes) -> T | Refusals:
    try:
        found = decoder.decode(body)
    except msgspec.ValidationError as error:
        return [_misshapen(str(error))]
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        return [Refusal("", "json", "", f"This is not JSON: {str(error)[:120]}.")]
    return _twice(body, objects=body.count(b"{") if decoder is _batch else 1) or found


def _misshapen(said: str) -> Refusal:
    """msgspec's own sentence, taken apart into place and rule."""
    place = PLACE.search(said)
    where = place[1] if place else ""
    what = said[: place.start()] if place else said
    named = re.search(r"field `([^`]*)`", what)
    if named:
        where = f"{where}.{named[1]}".strip(".")
        rule = "unknown_field" if "unknown" in what else "required"
        return Refusal(where[:80], rule, "", f"{what}.")
    hint = " Decimals are sent as texts." if "got `float`" in what or "got `int`" in what else ""
    return Refusal(where[:80], "type", "", f"{what}.{hint}")


def _twice(body: bytes, *, objects: int) -> Refusals:
    """The same key twice in one object: which of the two counts would be a guess.

    Asked only where some name stands more often than there are objects, or may be written with escapes;
    then a slow reader says for sure.
    """
    if ESCAPE not in body and all(body.count(name) <= objects for name in NAMES):
        return []
    try:
        json.loads(body, object_pairs_hook=_once)
    except _Twice as error:
        return [Refusal(str(error)[:80], "duplicate_key", "", "The same key stands twice in one object.")]
    return []


NAMES = tuple(
    f'"{name}"'.encode()
    for name in sorted(
        {*OrderBody.__struct_fields__, *BatchBody.__struct_fields__, *EventBody.__struct_fields__}
    )
)


class _Twice(Exception):
    """A key stands twice."""


def _once(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise _Twice(key)
        found[key] = value
    return found
