"""Writes the demo's clients down: accounts, their own caps, positions, and the money behind them."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from itertools import islice

from accounts.ledger import Posted, post
from accounts.models import Asset, Client, Desk, HouseBuffer, Pocket, Shard, SubAccount
from accounts.movements import Movement
from accounts.pockets import external_pocket, pocket_for
from accounts.revisions import take_revision
from margin.demo.market_rows import Stamp, asset, cap
from margin.demo.plans import AccountPlan, ClientPlan
from margin.engine.types import isolated_pocket
from margin.models import Instrument, PositionVersion
from riskdesk.errors import Broken

MARK = "demo-seed"
ACCOUNTS_A_POST = 250


def make_clients(plans: list[ClientPlan], desks: dict[str, Desk], stamp: Stamp) -> None:
    """Rows of clients and accounts in bulk, spread over the shards, with the caps and buffers of the cast."""
    shards = list(Shard.objects.exclude(number=0).order_by("number"))
    Client.objects.bulk_create(
        (
            Client(
                code=plan.code,
                name=plan.name,
                desk=desks[plan.desk],
                regulatory_class=plan.regulatory_class,
                email=f"margin@{plan.code.lower()}.example",
                shard=shards[number % len(shards)],
            )
            for number, plan in enumerate(plans)
        ),
        batch_size=5_000,
    )
    clients = Client.objects.in_bulk(field_name="code")
    SubAccount.objects.bulk_create(
        (
            SubAccount(
                code=account.code,
                name=account.name,
                client=clients[plan.code],
                default_mode=account.mode,
                base_currency=asset(account.base),
            )
            for plan in plans
            for account in plan.accounts
        ),
        batch_size=5_000,
    )
    for plan in plans:
        client, desk = clients[plan.code], desks[plan.desk]
        for kind, value in plan.caps.items():
            cap(desk, "client", value, stamp, kind=kind, client=client)
        for account in plan.accounts:
            own_rules(account, desk, stamp)


def own_rules(account: AccountPlan, desk: Desk, stamp: Stamp) -> None:
    """The caps and the buffer a sub-account has of its own."""
    if not account.caps and account.buffer is None:
        return
    row = SubAccount.objects.get(code=account.code)
    for kind, value in account.caps.items():
        cap(desk, "sub_account", value, stamp, kind=kind, sub_account=row)
    if account.buffer is not None:
        HouseBuffer.objects.create(desk=desk, sub_account=row, buffer=account.buffer, **stamp.columns())


def make_positions(plans: Sequence[ClientPlan], now: datetime) -> None:
    accounts = SubAccount.objects.select_related("client").in_bulk(field_name="code")
    instruments = Instrument.objects.select_related("venue").in_bulk(field_name="code")
    revisions = {
        n: take_revision(n) for n in Shard.objects.exclude(number=0).values_list("number", flat=True)
    }
    rows = []
    for plan in plans:
        for account in plan.accounts:
            row = accounts[account.code]
            for position in account.positions:
                instrument = instruments[position.instrument]
                rows.append(
                    PositionVersion(
                        sub_account=row,
                        ref=ref_of(position.instrument, position.mode, position.strategy),
                        instrument=instrument,
                        mode=position.mode,
                        quantity=position.quantity,
                        entry_price=position.entry_price,
                        leverage=position.leverage,
                        venue=instrument.venue,
                        strategy=position.strategy,
                        source=MARK,
                        revision_from=revisions[row.client.shard_id],
                        valid_at=now,
                        recorded_at=now,
                    )
                )
    PositionVersion.objects.bulk_create(rows, batch_size=5_000)


def ref_of(instrument: str, mode: str, strategy: str) -> str:
    return "|".join(part for part in (instrument, mode, strategy) if part)


def make_money(plans: Sequence[ClientPlan], desks: dict[str, Desk], now: datetime) -> None:
    """Deposits into wallets, and from there into the pockets of isolated positions."""
    accounts = SubAccount.objects.select_related("client__desk", "base_currency").in_bulk(field_name="code")
    assets = Asset.objects.in_bulk(field_name="code")
    for code, desk in desks.items():
        bank = external_pocket(desk, "opening")
        mine = (account for plan in plans if plan.desk == code for account in plan.accounts)
        for batch in batched(mine, ACCOUNTS_A_POST):
            movements = [
                m for account in batch for m in funding(account, accounts[account.code], assets, bank)
            ]
            posted = post(desk=desk, transfers=movements, recorded_by=None, valid_at=now)
            if not isinstance(posted, Posted):
                raise Broken(f"the demo's opening balances were refused: {posted}")


def batched(accounts: Iterable[AccountPlan], size: int) -> Iterator[list[AccountPlan]]:
    several = iter(accounts)
    while batch := list(islice(several, size)):
        yield batch


def funding(account: AccountPlan, row: SubAccount, assets: dict[str, Asset], bank: Pocket) -> list[Movement]:
    wallet = pocket_for(row)
    base = row.base_currency
    isolated = [(p, p.isolated_margin) for p in account.positions if p.isolated_margin]
    set_aside = sum((margin for _, margin in isolated), Decimal(0))
    movements = []
    for code, amount in account.wallet.items():
        total = amount + (set_aside if code == base.code else 0)
        movements.append(Movement(f"opening:{row.code}:{code}", bank, wallet, assets[code], total))
    for position, margin in isolated:
        ref = ref_of(position.instrument, position.mode, position.strategy)
        pocket = pocket_for(row, isolated_pocket(ref))
        movements.append(Movement(f"opening:{row.code}:{ref}", wallet, pocket, base, margin))
    return movements
