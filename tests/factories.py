"""Small saved rows for tests: plain functions, with the versions and revisions the desk relies on."""

from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction

from accounts.models import (
    HOUSE,
    Asset,
    Balance,
    Client,
    Desk,
    HouseBuffer,
    Mode,
    Pocket,
    RegulatoryClass,
    Role,
    RoleGrant,
    Shard,
    SubAccount,
    Transfer,
    User,
)
from accounts.revisions import take_revision
from margin.models import (
    Calendar,
    HaircutTier,
    HaircutVersion,
    Instrument,
    InstrumentSource,
    Limit,
    MarginSchedule,
    PositionVersion,
    PriceState,
    Quote,
    ScheduleVersion,
    ShardState,
    Source,
    Tier,
    Venue,
)
from riskdesk.demo_people import PASSWORD

MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ONE_PERCENT = (("0", "0.02", "0.01"),)


def shard(number: int = 1) -> Shard:
    """A shard that can be worked, and the house's counter (a flushed test database has neither)."""
    Shard.objects.get_or_create(number=HOUSE)
    row, _ = Shard.objects.get_or_create(number=number)
    if number != HOUSE:
        ShardState.objects.get_or_create(shard=row)
    return row


def revision(number: int = HOUSE) -> int:
    shard(number or 1)
    with transaction.atomic():
        return take_revision(number)


def version(number: int = HOUSE, at: datetime = MONDAY_NOON) -> dict[str, object]:
    """The fields every version carries."""
    return {"revision_from": revision(number), "valid_at": at, "recorded_at": at}


# --- people and desks --------------------------------------------------------------------------------
def person(username: str, *, staff: bool = False) -> User:
    return User.objects.create_user(username, f"{username}@desk.example", PASSWORD, is_staff=staff)


def grant(user: User, desk: Desk, role: Role) -> RoleGrant:
    return RoleGrant.objects.create(user=user, desk=desk, role=role, **version())


def asset(code: str = "USD", kind: str = Asset.Kind.FIAT, **fields: object) -> Asset:
    loading = Decimal(1) if kind in {Asset.Kind.COIN, Asset.Kind.METAL} else Decimal(0)
    row, _ = Asset.objects.get_or_create(
        code=code, defaults={"name": code, "kind": kind, "shock_loading": loading, **fields}
    )
    return row


def desk(code: str = "PRIME", zone: str = "America/New_York") -> Desk:
    shard()
    row, _ = Desk.objects.get_or_create(
        code=code, defaults={"name": code.title(), "zone": zone, "reporting_currency": asset()}
    )
    return row


# --- clients and money -------------------------------------------------------------------------------
def client(code: str = "ACME", *, of: Desk | None = None, shard_number: int = 1, **fields: object) -> Client:
    defaults = {"name": f"{code.title()} Trading", "regulatory_class": RegulatoryClass.PROFESSIONAL}
    return Client.objects.create(
        code=code, desk=of or desk(), shard=shard(shard_number), **(defaults | fields)
    )


def sub_account(
    code: str = "ACME-1", *, of: Client | None = None, base: str = "USD", mode: str = Mode.CROSS
) -> SubAccount:
    owner = of or client(code.partition("-")[0])
    return SubAccount.objects.create(
        code=code, name=code, client=owner, default_mode=mode, base_currency=asset(base)
    )


def pocket(account: SubAccount, key: str = "wallet") -> Pocket:
    row, _ = Pocket.objects.get_or_create(
        desk=account.client.desk, sub_account=account, kind=Pocket.Kind.CLIENT, key=key
    )
    return row


def balance(account: SubAccount, amount: str, *, of: str = "USD", key: str = "wallet") -> Balance:
    """Money from outside in a pocket, with the transfer that explains it."""
    home, owned = account.client.desk, asset(of)
    outside, _ = Pocket.objects.get_or_create(desk=home, kind=Pocket.Kind.EXTERNAL, key="external:bank")
    number = revision(account.client.shard_id)
    inside, value = pocket(account, key), Decimal(amount)
    giver, taker = (outside, inside) if value > 0 else (inside, outside)
    Transfer.objects.create(
        desk=home,
        reference=f"opening-{account.code}-{key}-{of}-{number}",
        debit=giver,
        credit=taker,
        asset=owned,
        amount=abs(value),
        valid_at=MONDAY_NOON,
        recorded_at=MONDAY_NOON,
        debit_revision=None if giver is outside else number,
        credit_revision=None if taker is outside else number,
    )
    row, fresh = Balance.objects.get_or_create(
        pocket=inside, asset=owned, defaults={"amount": value, "revision": number}
    )
    if not fresh:
        row.amount += value
        row.revision = number
        row.save()
    return row


# --- the market --------------------------------------------------------------------------------------
def venue(code: str = "SIM") -> Venue:
    return Venue.objects.get_or_create(code=code, defaults={"name": code.title()})[0]


def calendar(code: str = "ALWAYS", **fields: object) -> Calendar:
    return Calendar.objects.get_or_create(code=code, defaults={"name": code.title(), **fields})[0]


def source(code: str = "sim") -> Source:
    return Source.objects.get_or_create(code=code, defaults={"name": code.title()})[0]


def schedule(code: str = "FLAT", tiers: Sequence[tuple[str, str, str]] = ONE_PERCENT) -> MarginSchedule:
    """A schedule with one version in force; tiers are (floor, initial rate, maintenance rate)."""
    row, fresh = MarginSchedule.objects.get_or_create(code=code, defaults={"name": code.title()})
    if fresh:
        in_force = ScheduleVersion.objects.create(schedule=row, **version())
        for floor, initial, maintenance in tiers:
            Tier.objects.create(
                version=in_force,
                floor=Decimal(floor),
                initial_rate=Decimal(initial),
                maintenance_rate=Decimal(maintenance),
            )
    return row


def haircut(of: Asset, tiers: Sequence[tuple[str, str]] = (("0", "0"),), **fields: object) -> HaircutVersion:
    """A haircut in force; tiers are (floor, marginal haircut)."""
    in_force = HaircutVersion.objects.create(asset=of, **version(), **fields)
    for floor, rate in tiers:
        HaircutTier.objects.create(version=in_force, floor=Decimal(floor), haircut=Decimal(rate))
    return in_force


def instrument(
    code: str = "BTC-PERP",
    *,
    sources: Sequence[str] = ("sim",),
    settlement: str = "USD",
    tiers: Sequence[tuple[str, str, str]] | None = None,
    **fields: object,
) -> Instrument:
    defaults: dict[str, object] = {
        "name": code,
        "product": Instrument.Product.PERPETUAL,
        "asset_class": "crypto",
        "cap_class": "crypto",
        "venue": venue(),
        "settlement": asset(settlement),
        "calendar": calendar(),
        "schedule": schedule(f"S-{code}", tiers) if tiers else schedule(),
    }
    row = Instrument.objects.create(code=code, **(defaults | fields))
    for rank, name in enumerate(sources, start=1):
        InstrumentSource.objects.create(instrument=row, source=source(name), rank=rank)
    revision()
    return row


def quote(of: Instrument, price: str, *, source_code: str = "sim", at: datetime = MONDAY_NOON) -> Quote:
    """A confirmed price."""
    value = Decimal(price)
    row, _ = Quote.objects.update_or_create(
        instrument=of,
        source=source(source_code),
        defaults={
            "price": value,
            "time": at,
            "received_at": at,
            "state": PriceState.CONFIRMED,
            "confirmed_price": value,
            "confirmed_time": at,
        },
    )
    return row


# --- positions, limits, buffers ----------------------------------------------------------------------
def position(
    account: SubAccount,
    of: Instrument,
    quantity: str,
    entry_price: str,
    *,
    mode: str = "cross",
    ref: str = "",
    sent_by: str = "sim",
    **fields: object,
) -> PositionVersion:
    return PositionVersion.objects.create(
        sub_account=account,
        ref=ref or f"{of.code}|{mode}",
        instrument=of,
        mode=mode,
        quantity=Decimal(quantity),
        entry_price=Decimal(entry_price),
        source=sent_by,
        **version(account.client.shard_id),
        **fields,
    )


def limit(of: Desk, value: str, *, scope: str = "desk", warn: str | None = None, **whom: object) -> Limit:
    return Limit.objects.create(
        desk=of, scope=scope, value=Decimal(value), warn=Decimal(warn) if warn else None, **whom, **version()
    )


def buffer(of: Desk, value: str | None, **whom: object) -> HouseBuffer:
    return HouseBuffer.objects.create(
        desk=of, buffer=None if value is None else Decimal(value), **whom, **version()
    )
