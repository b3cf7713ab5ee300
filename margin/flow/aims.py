"""What a restriction is to be on, as a person names it; and what it would touch.

Takes a caller and codes; gives an `Aim`, or refusals: what is not the caller's to see does not exist. Counts
accounts and resting orders for whoever is about to impose. Changes nothing.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from django.db.models import Q, QuerySet

from accounts import access
from accounts.access import Row, Who
from accounts.models import Client, Desk, SubAccount
from margin.flow.control import Aim
from margin.models import Instrument, Reservation, Restriction, Venue
from riskdesk.codes import SHAPE
from riskdesk.errors import Refusal

Scope = Restriction.Scope
NAMES = ("desk", "account", "client", "instrument", "venue")
NEEDED: Mapping[str, str] = {
    Scope.ACCOUNT: "account",
    Scope.CLIENT: "client",
    Scope.INSTRUMENT: "instrument",
    Scope.VENUE: "venue",
    Scope.DESK: "desk",
}
MAY_NAME_A_DESK = (Scope.INSTRUMENT, Scope.VENUE, Scope.DESK)


@dataclass(frozen=True, slots=True)
class Touched:
    """What orders it would hold back: `elsewhere` says that other desks have more."""

    accounts: int
    orders: int
    elsewhere: bool


def aimed(who: Who, scope: str, named: Mapping[str, str | None]) -> Aim | list[Refusal]:
    """Of the codes named, exactly those that the scope takes."""
    codes = {name: code for name in NAMES if (code := named.get(name))}
    if odd := [name for name, code in codes.items() if not re.fullmatch(SHAPE, code)]:
        return [Refusal(name, "not_found", codes[name], f"There is no such {name} here.") for name in odd]
    needed = NEEDED.get(scope)
    known = {needed} | ({"desk"} if scope in MAY_NAME_A_DESK else set())
    wrong = [_wrong(name, "unknown_field", code, scope) for name, code in codes.items() if name not in known]
    if needed is not None and needed not in codes:
        wrong.append(_wrong(needed, "required", "", scope))
    return wrong or _found(who, scope, codes)


def _found(who: Who, scope: str, codes: Mapping[str, str]) -> Aim | list[Refusal]:
    refused: list[Refusal] = []

    def one(rows: QuerySet[Row], name: str) -> Row | None:
        if name not in codes:
            return None
        found = access.for_user(rows, who).filter(code=codes[name]).first()
        if found is None:
            refused.append(Refusal(name, "not_found", codes[name], f"There is no such {name} here."))
        return found

    account = one(SubAccount.objects.select_related("client__desk"), "account")
    client = one(Client.objects.select_related("desk"), "client")
    desk = access.desks_where(who, access.Action.SEE_DESK).filter(code=codes.get("desk", "")).first()
    if "desk" in codes and desk is None:
        refused.append(Refusal("desk", "not_found", codes["desk"], "There is no such desk here."))
    desk = account.client.desk if account else client.desk if client else desk
    aim = Aim(scope, desk, client, account, one(Instrument.objects.all(), "instrument"),
              one(Venue.objects.all(), "venue"))  # fmt: skip
    return refused or aim


def touched(who: Who, aim: Aim) -> Touched:
    """Of the desks that the person sees: how many accounts, and accepted orders of them that still rest."""
    accounts = access.for_user(SubAccount, who).filter(_covered(aim))
    orders = Reservation.objects.filter(state=Reservation.State.RESTING, sub_account__in=accounts)
    if aim.instrument is not None:
        orders = orders.filter(decision__instrument=aim.instrument.code)
    if aim.venue is not None:
        codes = Instrument.objects.filter(venue=aim.venue).values("code")
        orders = orders.filter(decision__instrument__in=codes)
    seen = access.desks_where(who, access.Action.SEE_DESK)
    elsewhere = aim.desk is None and Desk.objects.exclude(pk__in=seen).exists()
    return Touched(accounts.count(), orders.count(), elsewhere)


def _covered(aim: Aim) -> Q:
    if aim.sub_account is not None:
        return Q(pk=aim.sub_account.pk)
    if aim.client is not None:
        return Q(client=aim.client)
    return Q() if aim.desk is None else Q(client__desk=aim.desk)


def _wrong(name: str, rule: str, code: str, scope: str) -> Refusal:
    says = "Say on which." if rule == "required" else f"A restriction of scope {scope} takes no {name}."
    return Refusal(name, rule, code, says)
