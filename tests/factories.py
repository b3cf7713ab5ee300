"""Small saved rows for tests: plain functions, with the versions and revisions the desk relies on."""

from collections.abc import Collection, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import TypeVar

from django.db import connection, transaction
from django.db.models import Model

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
    Source,
    Tier,
    Venue,
)
from riskdesk.demo_people import PASSWORD

Row = TypeVar("Row", bound=Model)
MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
ONE_PERCENT = (("0", "0.02", "0.01"),)
READY = """
INSERT INTO accounts_shard (number, revision) VALUES (0, 0), (%(worked)s, 0) ON CONFLICT DO NOTHING;
INSERT INTO margin_shardstate (shard_id, seq, attempts, parked_reason) VALUES (%(worked)s, 0, 0, '')
ON CONFLICT DO NOTHING;
"""
TAKE_REVISIONS = """
UPDATE accounts_shard SET revision = revision + %(many)s WHERE number = %(shard)s RETURNING revision
"""


def shard(number: int = 1) -> Shard:
    """A shard that can be worked, and the house's counter (a flushed test database has neither)."""
    row = _told(READY + "SELECT number, revision FROM accounts_shard WHERE number = %(shard)s", number)
    return Shard.from_db("default", ["number", "revision"], row)


def revision(number: int = HOUSE, *, many: int = 1) -> int:
    """The newest of so many revisions taken."""
    return int(_told(READY + TAKE_REVISIONS, number, many=many)[0])


def _told(steps: str, number: int, **values: int) -> tuple[int, ...]:
    """In one question, for every row of every test begins here; gives the answer of the last step."""
    with connection.cursor() as cursor:
        cursor.execute(steps, {"shard": number, "worked": number or 1, **values})
        while cursor.nextset():
            pass
        return tuple(cursor.fetchone())


as_one = transaction.atomic(savepoint=False)
"""A row and its revision become true together, as in the product: a gate may look at any instant."""


def _once(model: type[Row], fields: dict[str, object], **key: object) -> Row:
    """Django's way guards against others who make the same row, in twice the questions. A test is alone."""
    return model._default_manager.filter(**key).first() or model._default_manager.create(**key, **fields)


def version(number: int = HOUSE, at: datetime = MONDAY_NOON) -> dict[str, object]:
    """The fields every version carries."""
    return {"revision_from": revision(number), "valid_at": at, "recorded_at": at}


# --- people and desks --------------------------------------------------------------------------------
def person(username: str, *, staff: bool = False) -> User:
    return User.objects.create_user(username, f"{username}@desk.example", PASSWORD, is_staff=staff)


def people(*usernames: str, staff: Collection[str] = ()) -> list[User]:
    """Several in one question."""
    rows = [User(username=name, email=f"{name}@desk.example", is_staff=name in staff) for name in usernames]
    for row in rows:
        row.set_password(PASSWORD)
    return User.objects.bulk_create(rows)


@as_one
def grant(user: User, desk: Desk, role: Role) -> RoleGrant:
    return RoleGrant.objects.create(user=user, desk=desk, role=role, **version())


@as_one
def grants(*given: tuple[User, Desk, Role]) -> list[RoleGrant]:
    """Several, each with a revision of its own, in two questions."""
    newest, times = revision(many=len(given)), {"valid_at": MONDAY_NOON, "recorded_at": MONDAY_NOON}
    return RoleGrant.objects.bulk_create(
        RoleGrant(user=user, desk=desk, role=role, revision_from=number, **times)
        for number, (user, desk, role) in enumerate(given, start=newest - len(given) + 1)
    )


def asset(code: str = "USD", kind: str = Asset.Kind.FIAT, **fields: object) -> Asset:
    loading = Decimal(1) if kind in {Asset.Kind.COIN, Asset.Kind.METAL} else Decimal(0)
    return _once(Asset, {"name": code, "kind": kind, "shock_loading": loading, **fields}, code=code)


def desk(code: str = "PRIME", zone: str = "America/New_York") -> Desk:
    shard()
    return _once(Desk, {"name": code.title(), "zone": zone, "reporting_currency": asset()}, code=code)


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
    return _once(Pocket, {}, desk=account.client.desk, sub_account=account, kind=Pocket.Kind.CLIENT, key=key)


@as_one
def balance(account: SubAccount, amount: str, *, of: str = "USD", key: str = "wallet") -> Balance:
    """Money from outside in a pocket, with the transfer that explains it."""
    home, owned = account.client.desk, asset(of)
    outside = _once(Pocket, {}, desk=home, kind=Pocket.Kind.EXTERNAL, key="external:bank")
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
    return _once(Venue, {"name": code.title()}, code=code)


def calendar(code: str = "ALWAYS", **fields: object) -> Calendar:
    return _once(Calendar, {"name": code.title(), **fields}, code=code)


def source(code: str = "sim") -> Source:
    return _once(Source, {"name": code.title()}, code=code)


@as_one
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


@as_one
def haircut(of: Asset, tiers: Sequence[tuple[str, str]] = (("0", "0"),), **fields: object) -> HaircutVersion:
    """A haircut in force; tiers are (floor, marginal haircut)."""
    in_force = HaircutVersion.objects.create(asset=of, **version(), **fields)
    for floor, rate in tiers:
        HaircutTier.objects.create(version=in_force, floor=Decimal(floor), haircut=Decimal(rate))
    return in_force


@as_one
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
@as_one
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


@as_one
def limit(of: Desk, value: str, *, scope: str = "desk", warn: str | None = None, **whom: object) -> Limit:
    return Limit.objects.create(
        desk=of, scope=scope, value=Decimal(value), warn=Decimal(warn) if warn else None, **whom, **version()
    )


@as_one
def buffer(of: Desk, value: str | None, **whom: object) -> HouseBuffer:
    return HouseBuffer.objects.create(
        desk=of, buffer=None if value is None else Decimal(value), **whom, **version()
    )
