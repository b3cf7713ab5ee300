"""The desk's state, one file per noun family. Rows only; the steps that change them are in `margin.flow`."""

from margin.models.alerts import Alert, Delivery, Mail
from margin.models.breaches import Breach
from margin.models.calls import CallEvent, CallExtension, CallPayment, MarginCall
from margin.models.controls import ControlChange, GateConfirmation, Restriction
from margin.models.excesses import TemporaryExcess
from margin.models.jobs import LocalSchedule, LocalSlot
from margin.models.limits import Limit
from margin.models.market import (
    Calendar,
    Instrument,
    InstrumentSource,
    Loading,
    RatePath,
    RiskFactor,
    Source,
    Venue,
)
from margin.models.orders import OrderDecision, OrderEvent, Reservation
from margin.models.positions import PositionVersion, SnapshotTime
from margin.models.prices import PriceRefusal, PriceState, Quote, Tick
from margin.models.rules import (
    DeskPolicy,
    HaircutTier,
    HaircutVersion,
    InstrumentBuffer,
    MarginSchedule,
    ScheduleVersion,
    Tier,
)
from margin.models.runs import Heartbeat, Run, ShardState
from margin.models.terms import AssetTerms, ClientClass, InstrumentTerms, TradingHours

__all__ = [
    "Alert",
    "AssetTerms",
    "Breach",
    "Calendar",
    "CallEvent",
    "CallExtension",
    "CallPayment",
    "ClientClass",
    "ControlChange",
    "Delivery",
    "DeskPolicy",
    "GateConfirmation",
    "HaircutTier",
    "HaircutVersion",
    "Heartbeat",
    "Instrument",
    "InstrumentBuffer",
    "InstrumentSource",
    "InstrumentTerms",
    "Limit",
    "Loading",
    "LocalSchedule",
    "LocalSlot",
    "Mail",
    "MarginCall",
    "MarginSchedule",
    "OrderDecision",
    "OrderEvent",
    "PositionVersion",
    "PriceRefusal",
    "PriceState",
    "Quote",
    "RatePath",
    "Reservation",
    "Restriction",
    "RiskFactor",
    "Run",
    "ScheduleVersion",
    "ShardState",
    "SnapshotTime",
    "Source",
    "TemporaryExcess",
    "Tick",
    "Tier",
    "TradingHours",
    "Venue",
]
