"""A source that tells of one account (`account`, ACME-1 with 20,000 USD), and what is then held of it."""

from datetime import timedelta
from decimal import Decimal

from accounts.models import Balance, Pocket, Transfer
from margin.flow.positions import put_positions
from margin.flow.source_snapshot import PositionReport, SourceSnapshot
from margin.models import PositionVersion
from tests.factories import MONDAY_NOON


def report(quantity="1", **fields):
    given = {"account": "ACME-1", "instrument": "BTC-PERP", "mode": "cross", "entry_price": Decimal(60000)}
    return PositionReport(quantity=Decimal(quantity), **(given | fields))


def margin(amount, quantity="1", **fields):
    return report(quantity, mode="isolated", isolated_margin=Decimal(amount), **fields)


def put(account, *positions, at=0, others=(), **fields):
    now = MONDAY_NOON + timedelta(seconds=at)
    snapshot = SourceSnapshot(**({"source": "sim", "as_of": now, "positions": positions} | fields))
    accounts = {one.code: one for one in (account, *others)}
    return put_positions(snapshot=snapshot, accounts=accounts, person=None, now=now)


def held(account):
    """Open positions by ref, and balances by pocket."""
    rows = PositionVersion.objects.filter(sub_account=account, revision_to__isnull=True)
    return {row.ref: row.quantity for row in rows}


def pockets(account):
    rows = Balance.objects.filter(pocket__sub_account=account).exclude(amount=0)
    return {row.pocket.key: row.amount for row in rows.select_related("pocket")}


def house(name):
    """What a house pocket has given away, as a negative number."""
    pocket = Pocket.objects.get(kind=Pocket.Kind.HOUSE, key=f"house:{name}")
    gains = sum(row.amount for row in Transfer.objects.filter(credit=pocket))
    return gains - sum(row.amount for row in Transfer.objects.filter(debit=pocket))


def refused(answer):
    assert isinstance(answer, list), answer
    return {(one.field, one.rule) for one in answer}
