"""A desk's first two administrators: the only roles that come into force without a proposal.

Takes the desk's particulars and two people; gives the desk, with one grant each, or refusals. Works only
while the desk never had a grant: from then on roles are proposals, and these two can decide each other's.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models, transaction

from accounts.audit import record
from accounts.models import Asset, Desk, Role, RoleGrant, User
from accounts.revisions import take_house_revision
from margin.engine.local_time import zone_named
from margin.flow.versions import refusals_of
from margin.flow.wanted import want_cycle
from riskdesk.errors import Refusal

OPERATOR = "operator"
TWO_PEOPLE = 2
CENTS = 2

Refusals = list[Refusal]


@dataclass(frozen=True, slots=True)
class Particulars:
    """What a desk is made with. A currency that is not there yet is made too, with two decimals."""

    code: str
    name: str
    zone: str
    currency: str


def found_desk(*, said: Particulars, admins: Sequence[str], now: datetime) -> Desk | Refusals:
    """Make the desk where it is not there yet, and give both people the role; all of it or nothing."""
    with transaction.atomic():
        revision = take_house_revision()  # first, so that of two who found at once the second is refused
        people, refusals = first_people(admins)
        desk, doubts = desk_of(said)
        if desk is None or refusals or doubts:
            transaction.set_rollback(True)
            return refusals + doubts
        for person in people:
            grant(person, desk, revision, now)
        want_cycle(None, "a desk was founded")
    return desk


def first_people(names: Sequence[str]) -> tuple[list[User], Refusals]:
    """Two different people who can sign in to the admin, where the other decides."""
    if not len(names) == len({name.casefold() for name in names}) == TWO_PEOPLE:
        message = "Name two different people: each checks the other."
        return [], [Refusal("admins", "two_people", ", ".join(names), message)]
    found = {person.username: person for person in User.objects.filter(username__in=names)}
    refusals = [refusal for name in names if (refusal := person_doubt(name, found.get(name)))]
    return [found[name] for name in names if name in found], refusals


def person_doubt(name: str, person: User | None) -> Refusal | None:
    if person is None:
        message = f"There is nobody with the sign-in name {name}: make them with createsuperuser."
        return Refusal("admins", "not_found", name, message)
    if not (person.is_active and person.is_staff):
        message = f"{name} cannot open the admin (switched off, or not staff), where proposals are decided."
        return Refusal("admins", "not_staff", name, message)
    return None


def desk_of(said: Particulars) -> tuple[Desk | None, Refusals]:
    """The desk of this code if it stands without grants, as it is; or a new one."""
    desk = Desk.objects.filter(code=said.code).first()
    if desk is None:
        return new_desk(said)
    if desk.grants.exists():
        message = f"{said.code} has had roles already: from here on they are proposals that two people make."
        return None, [Refusal("code", "has_grants", said.code, message)]
    stands = Particulars(desk.code, desk.name, desk.zone, desk.reporting_currency.code)
    if stands != said:
        message = f"{said.code} stands with other particulars: {desk.name}, {desk.zone}, {stands.currency}."
        return None, [Refusal("code", "other_desk", said.code, message)]
    return desk, []


def new_desk(said: Particulars) -> tuple[Desk | None, Refusals]:
    try:
        zone_named(said.zone)
    except ValueError as error:
        return None, [Refusal("zone", "unknown", said.zone, str(error))]
    currency, refusals = currency_of(said.currency)
    if currency is None:
        return None, refusals
    desk = Desk(code=said.code, name=said.name, zone=said.zone, reporting_currency=currency)
    if refusals := written(desk):
        return None, refusals
    after = {"name": said.name, "zone": said.zone, "reporting_currency": said.currency}
    record(actor=OPERATOR, action="desk.founded", subject=f"desk {said.code}", desk=desk, after=after)
    return desk, []


def currency_of(code: str) -> tuple[Asset | None, Refusals]:
    """The asset; nobody could make it in the admin before the first desk stands."""
    if asset := Asset.objects.filter(code=code).first():
        return asset, []
    asset = Asset(code=code, name=code, kind=Asset.Kind.FIAT, scale=CENTS, shock_loading=Decimal(0))
    if refusals := written(asset):
        return None, refusals
    record(actor=OPERATOR, action="asset.added", subject=f"asset {code}", after={"kind": asset.kind})
    return asset, []


def grant(person: User, desk: Desk, revision: int, now: datetime) -> None:
    role = Role.ADMINISTRATOR
    RoleGrant.objects.create(
        user=person, desk=desk, role=role, revision_from=revision, valid_at=now, recorded_at=now
    )
    record(
        actor=OPERATOR, action="role.founded", subject=f"{person} on {desk.code}", desk=desk,
        after={"user": person.username, "role": role.value},
    )  # fmt: skip


def written(row: models.Model) -> Refusals:
    """Save a row that holds; otherwise what is wrong with it, field by field."""
    try:
        row.full_clean()
    except ValidationError as error:
        return refusals_of(error, row)
    row.save(force_insert=True)
    return []


__all__ = ["Particulars", "found_desk"]
