"""Writes the demo's market and rules down: instruments with their schedules, desks, people, caps."""

from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from accounts.models import Asset, Desk, HouseBuffer, RegulatoryClass, Role, RoleGrant, User
from margin.demo.market import (
    ASSETS,
    CALENDARS,
    FACTORS,
    HAIRCUTS,
    LISTINGS,
    POSITION_LIMITS,
    SCHEDULES,
    SOURCES,
    VENUES,
    Listing,
)
from margin.models import (
    Calendar,
    DeskPolicy,
    HaircutTier,
    HaircutVersion,
    Instrument,
    InstrumentSource,
    Limit,
    Loading,
    LocalSchedule,
    MarginSchedule,
    RatePath,
    RiskFactor,
    ScheduleVersion,
    Source,
    Tier,
    Venue,
)
from riskdesk.demo_people import PASSWORD, PEOPLE

DESKS = [
    ("PRIME", "Prime", "America/New_York", time(17, 15)),
    ("RETAIL", "Retail", "Europe/London", time(18, 0)),
]
DESK_CAPS = {"PRIME": "60", "RETAIL": "20"}
CLASS_CAPS = [("PRIME", RegulatoryClass.PROFESSIONAL, "12"), ("PRIME", RegulatoryClass.ELIGIBLE, "40"),
              *(("RETAIL", c, "18") for c in ("retail_eu", "retail_uk", "retail_au"))]  # fmt: skip
GOLD_CAP, CRYPTO_CAP = "10", "12"
BUFFERS = {"PRIME": "0.10", "RETAIL": "0.20"}


@dataclass(slots=True)
class Stamp:
    """The columns every version of the set-up carries."""

    revision: int
    now: datetime

    def columns(self) -> dict[str, object]:
        return {"revision_from": self.revision, "valid_at": self.now, "recorded_at": self.now}


def make_market(stamp: Stamp) -> None:
    Asset.objects.bulk_create(
        Asset(code=c, name=n, kind=k, scale=s, shock_loading=Decimal(loading), step=Decimal(step))
        for c, n, k, s, loading, step in ASSETS
    )
    Venue.objects.bulk_create(Venue(code=code, name=name) for code, name in VENUES)
    Calendar.objects.bulk_create(Calendar(code=c, name=n, zone=z, sessions=s) for c, n, z, s in CALENDARS)
    RiskFactor.objects.bulk_create(RiskFactor(code=c, name=n, asset_class=a) for c, n, a in FACTORS)
    Source.objects.bulk_create(Source(code=code, name=name) for code, name in SOURCES)
    for code, tiers in HAIRCUTS.items():
        haircut = HaircutVersion.objects.create(asset=asset(code), **stamp.columns())
        HaircutTier.objects.bulk_create(
            HaircutTier(version=haircut, floor=Decimal(floor), haircut=Decimal(rate)) for floor, rate in tiers
        )
    for code, (name, rates) in SCHEDULES.items():
        schedule = MarginSchedule.objects.create(code=code, name=name)
        version = ScheduleVersion.objects.create(schedule=schedule, **stamp.columns())
        rows = [
            Tier(version=version, floor=Decimal(f), initial_rate=Decimal(i), maintenance_rate=Decimal(m))
            for f, i, m in rates
        ]
        if code in POSITION_LIMITS:
            rows[-1].cap = Decimal(POSITION_LIMITS[code])
        Tier.objects.bulk_create(rows)
    for listing in LISTINGS:
        list_instrument(listing)


def list_instrument(listing: Listing) -> None:
    instrument = Instrument.objects.create(
        code=listing.code,
        name=listing.name,
        kind=listing.kind,
        product=listing.product,
        asset_class=listing.asset_class,
        cap_class=listing.cap_class,
        venue=Venue.objects.get(code=listing.venue),
        settlement=asset(listing.settlement),
        underlying=asset(listing.underlying) if listing.underlying else None,
        contract_size=Decimal(listing.contract_size),
        tick=Decimal(listing.tick),
        lot=Decimal(listing.lot),
        allow_negative=listing.allow_negative,
        reference_price=Decimal(listing.reference_price),
        calendar=Calendar.objects.get(code=listing.calendar),
        schedule=MarginSchedule.objects.get(code=listing.schedule),
    )
    Loading.objects.bulk_create(
        Loading(
            instrument=instrument, factor=RiskFactor.objects.get(code=factor), loading=Decimal(repr(weight))
        )
        for factor, weight in listing.weights.items()
    )
    InstrumentSource.objects.bulk_create(
        InstrumentSource(instrument=instrument, source=Source.objects.get(code=code), rank=rank)
        for rank, code in enumerate(listing.sources, start=1)
    )
    if listing.pays:
        base, quote = listing.pays
        RatePath.objects.create(base=asset(base), quote=asset(quote), instrument=instrument)


def make_desks(stamp: Stamp) -> dict[str, Desk]:
    desks = {}
    for code, name, zone, digest_at in DESKS:
        desk = Desk.objects.create(code=code, name=name, zone=zone, reporting_currency=asset("USD"))
        DeskPolicy.objects.create(desk=desk, issue_after_minutes=1, **stamp.columns())
        HouseBuffer.objects.create(desk=desk, buffer=Decimal(BUFFERS[code]), **stamp.columns())
        LocalSchedule.objects.create(
            name=f"Daily digest of {name}", job=LocalSchedule.Job.DIGEST, desk=desk, time=digest_at, zone=zone
        )
        desks[code] = desk
    return desks


def make_people(desks: dict[str, Desk], stamp: Stamp) -> None:
    for person in PEOPLE:
        user = User.objects.create_user(
            person.name,
            f"{person.name}@riskdesk.example",
            PASSWORD,
            first_name=person.name.capitalize(),
            is_staff=person.staff,
        )
        for desk, role in person.grants:
            RoleGrant.objects.create(user=user, desk=desks[desk], role=Role(role), **stamp.columns())


def make_caps(desks: dict[str, Desk], stamp: Stamp) -> None:
    for code, value in DESK_CAPS.items():
        cap(desks[code], "desk", value, stamp)
    for code, regulatory_class, value in CLASS_CAPS:
        cap(desks[code], "class", value, stamp, regulatory_class=regulatory_class)
    for desk in desks.values():
        cap(desk, "instrument", GOLD_CAP, stamp, instrument=Instrument.objects.get(code="XAU-USD"))
        for instrument in Instrument.objects.filter(asset_class="crypto"):
            cap(desk, "instrument", CRYPTO_CAP, stamp, instrument=instrument)


def cap(desk: Desk, scope: str, value: Decimal | str, stamp: Stamp, **whom: object) -> None:
    Limit.objects.create(desk=desk, scope=scope, value=Decimal(value), **whom, **stamp.columns())


def asset(code: str) -> Asset:
    return Asset.objects.get(code=code)
