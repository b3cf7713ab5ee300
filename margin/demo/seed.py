"""Makes the demo desk: market, people, rules, clients, money, positions, and the first prices.

Takes a size and a seed. Does nothing where the demo stands already; refuses where clients are real.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import Client
from accounts.revisions import take_house_revision
from margin.demo.client_rows import make_clients, make_money, make_positions
from margin.demo.crowd import SIZES, population
from margin.demo.market import LISTINGS, SOURCES
from margin.demo.market_rows import Stamp, make_caps, make_desks, make_market, make_people
from margin.demo.walk import Walk
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
    return True


def open_market(seed: int, now: datetime) -> None:
    """The first price of everything, so that the first run has something to rest on."""
    prices = Walk(seed).prices()
    for source, _ in SOURCES:
        reports = [
            PriceReport(x.code, prices[x.code], None, None, now) for x in LISTINGS if source in x.sources
        ]
        accept_prices(source=source, reports=reports, now=now)
