"""Makes the demo desk: market, people, rules, clients, money, positions, and the first prices.

Takes a size and a seed. Does nothing where the demo stands already; refuses where clients are real.
"""

from datetime import datetime, timedelta

from django.db import transaction

from accounts.models import Client, Desk, User
from accounts.revisions import take_house_revision
from margin.demo.client_rows import make_clients, make_money, make_positions
from margin.demo.crowd import SIZES, population
from margin.demo.market import LISTINGS, SOURCES
from margin.demo.market_rows import Stamp, make_caps, make_desks, make_market, make_people
from margin.demo.walk import Walk
from margin.flow.change import propose
from margin.flow.feed import PriceReport, accept_prices
from margin.models import Source


class RealClients(Exception):
    """The database holds clients that the demo did not make."""


def seed_demo(*, size: str, seed: int, now: datetime) -> bool:
    """Make the demo desk unless it stands already; True when it was made."""
    if Client.objects.exists():
        if Source.objects.filter(code="demo-a").exists():
            return False
        raise RealClients("This database holds clients that the demo did not make: the demo desk is refused.")
    with transaction.atomic():
        stamp = Stamp(take_house_revision(), now)
        make_market(stamp)
        desks = make_desks(stamp)
        make_people(desks, stamp)
        make_caps(desks, stamp)
        clients = population(SIZES[size], seed)
        make_clients(clients, desks, stamp)
        make_positions(clients, now)
        make_money(clients, desks, now)
    open_market(seed, now)
    make_proposals(now)
    return True


def make_proposals(now: datetime) -> None:
    """Something for a second person to try and to decide: a tighter cap, and an excess for one client."""
    prime, ada, rita = (
        Desk.objects.get(code="PRIME"),
        *(User.objects.get(username=n) for n in ("ada", "rita")),
    )
    leverage = {"desk": "PRIME", "kind": "leverage"}
    tighter = {**leverage, "scope": "class", "regulatory_class": "professional", "value": "8"}
    until = (now + timedelta(days=2)).isoformat()
    excess = {**leverage, "client": "ORCHARD", "value": "12", "valid_to": until}
    asked = ((ada, "limit", tighter, "Crypto moves twice as far in a day as last month."),
             (rita, "excess", excess, "Their transfer of 2 million arrives on Monday."))  # fmt: skip
    for person, kind, change, reason in asked:
        propose(kind=kind, change=change, desk=prime, reason=reason, person=person, now=now)


def open_market(seed: int, now: datetime) -> None:
    """The first price of everything, so that the first run has something to rest on."""
    prices = Walk(seed).prices()
    for source, _ in SOURCES:
        reports = [
            PriceReport(x.code, prices[x.code], None, None, now) for x in LISTINGS if source in x.sources
        ]
        accept_prices(source=source, reports=reports, now=now)
