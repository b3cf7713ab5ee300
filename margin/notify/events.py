"""The live protocol as types: every frame that goes out to a page, and every frame a page may send.

Takes nothing from the rest of the desk; gives structures that encode to the JSON of
docs/reference/socket.md and a decoder that refuses anything else. Never reads figures, never sends.
"""

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

Value = str | int | float | bool | None
Kpi = dict[str, Any]
Prices = dict[str, dict[str, Value]]

DEFAULT_COUNT = 500
MOST_ROWS = 2000
MOST_FILTER_VALUES = 1000
MOST_COLUMNS = 64
MOST_SHOWN_ALERTS = 50


class Frame(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", forbid_unknown_fields=True):
    """Whatever travels on the socket carries its type."""


# --- from the desk to the page --------------------------------------------------------------------------
class Head(msgspec.Struct, frozen=True):
    """Which run of a shard the figures come from."""

    seq: int
    run: str
    at: str


class AlertView(msgspec.Struct, frozen=True, kw_only=True):
    """An alert as people see it."""

    id: int
    severity: str
    title: str
    text: str
    reason: str
    raised_at: str
    state: str
    client: str | None
    account: str | None
    run: str | None
    acknowledged_by: str | None
    acknowledged_at: str | None
    note: str
    answer_by: str | None
    escalations: int
    escalated_at: str | None


class Snapshot(Frame, frozen=True, kw_only=True, tag="snapshot"):
    """Everything a view shows: replaces all that the page holds."""

    desk: str
    seq: int
    run: str
    at: str
    shards: dict[str, Head]
    columns: list[str]
    rows: list[list[Value]]
    total: int
    kpi: Kpi
    alerts: list[AlertView]
    prices: Prices | UnsetType = UNSET


class RowsChanged(Frame, frozen=True, kw_only=True, tag="changed"):
    """What is different since run `since` of this shard."""

    desk: str
    shard: int
    since: int
    seq: int
    run: str
    at: str
    rows: dict[str, dict[str, Value]]
    removed: list[str]
    total: int
    kpi: Kpi
    prices: Prices | UnsetType = UNSET


class AlertRaised(Frame, frozen=True, kw_only=True, tag="alert"):
    """An alert was raised, acknowledged or resolved."""

    desk: str
    seq: int
    run: str
    alert: AlertView
    open_alerts: dict[str, int] | UnsetType = UNSET
    ref: str | UnsetType | None = UNSET


class ChartChanged(Frame, frozen=True, kw_only=True, tag="chart"):
    """One more point of a live chart."""

    desk: str
    chart: str
    shard: int
    seq: int
    run: str
    point: dict[str, Value]


class Beat(Frame, frozen=True, kw_only=True, tag="beat"):
    """The way from the desk through the channel layer to this page is alive."""

    desk: str
    seq: int
    run: str
    at: str
    seqs: dict[str, int]


class Resync(Frame, frozen=True, kw_only=True, tag="resync"):
    """Differences would lie: ask for a snapshot."""

    desk: str
    seq: int
    run: str
    reason: str


class Error(Frame, frozen=True, kw_only=True, tag="error"):
    """A frame of the page was refused; `status` speaks as HTTP does."""

    status: int
    rule: str
    message: str
    field: str | None = None
    about: str | None = None
    ref: str | None = None


class Pong(Frame, frozen=True, kw_only=True, tag="pong"):
    ref: str | None = None


# --- from the page to the desk --------------------------------------------------------------------------
class View(Frame, frozen=True, kw_only=True, tag="view"):
    """What the page shows from now on."""

    columns: list[str] | None = None
    filters: dict[str, list[str]] = msgspec.field(default_factory=dict)
    window: tuple[int, int] = (0, DEFAULT_COUNT)
    prices: bool = False
    charts: bool = True
    ref: str | None = None


class Ack(Frame, frozen=True, kw_only=True, tag="ack"):
    """A person takes an alert."""

    alert: int
    note: str = ""
    ref: str | None = None


class Ping(Frame, frozen=True, kw_only=True, tag="ping"):
    ref: str | None = None


ClientFrame = View | Ack | Ping
MOST_REF_CHARACTERS = 64
MOST_ALERT = 2**63 - 1
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ClientFrame)


def encode(frame: Frame) -> str:
    """The text that travels."""
    return _encoder.encode(frame).decode()


def decode(text: str) -> ClientFrame | Error:
    """A frame of the page, or the error frame that answers it."""
    try:
        frame: ClientFrame = _decoder.decode(text)
    except (msgspec.MsgspecError, RecursionError, UnicodeError) as error:
        return Error(status=400, rule="malformed", message=str(error)[:200])
    if frame.ref is not None and len(frame.ref) > MOST_REF_CHARACTERS:
        return Error(
            status=400, rule="max_length", message=f"At most {MOST_REF_CHARACTERS} characters.", field="ref"
        )
    if isinstance(frame, Ack) and not 0 < frame.alert <= MOST_ALERT:
        says = f"A whole number from 1 to {MOST_ALERT}."
        return Error(status=400, rule="whole_number", message=says, field="alert", about="ack", ref=frame.ref)
    return frame
