"""A source tells what is held: all of it is taken, or none.

Takes a snapshot and the accounts the caller may send for; gives what was stored, the time that stands against
it, or every reason for a refusal. Writes versions, posts the money of isolated pockets and of cash lines,
notes how far the source reaches and asks for a cycle, in one transaction. The same again changes nothing.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import uuid4

from django.db import transaction

from accounts.audit import record
from accounts.ledger import post
from accounts.models import Asset, Balance, SubAccount, User
from accounts.movements import Movement, change_by_place
from accounts.pockets import WALLET
from accounts.revisions import take_revisions
from margin.engine.pools import CROSS
from margin.flow.cash import new_cash, read_cash
from margin.flow.lines import Line, Nouns, left_out, read_lines
from margin.flow.locks import lock_shards
from margin.flow.measure import shortage
from margin.flow.pockets import Moves, held_by
from margin.flow.source_snapshot import OutOfOrder, PositionOutcome, SourceSnapshot, Stored
from margin.flow.wanted import want_cycle
from margin.models import Instrument, PositionVersion, SnapshotTime, Venue
from riskdesk.errors import Refusal

FUTURE = timedelta(seconds=2)
ZERO = Decimal(0)
Accounts = Mapping[str, SubAccount]
Refusals = list[Refusal]
Answer = Stored | OutOfOrder | Refusals


def put_positions(
    *, snapshot: SourceSnapshot, accounts: Accounts, person: User | None, now: datetime
) -> Answer:
    """Take the snapshot in whole, or not at all. Accounts that are not given do not exist."""
    if snapshot.as_of > now + FUTURE:
        return [Refusal("as_of", "future", snapshot.as_of.isoformat(), "This time has not come yet.")]
    with transaction.atomic():
        answer = _put(snapshot, accounts, person, now)
        if not isinstance(answer, Stored):
            transaction.set_rollback(True)
    return answer


def _put(snapshot: SourceSnapshot, accounts: Accounts, person: User | None, now: datetime) -> Answer:
    named = [accounts[code] for code in sorted(snapshot.codes) if code in accounts]
    shards = lock_shards(named)
    if late := out_of_order(snapshot, named):
        return late
    nouns = load_nouns(snapshot, accounts, named)
    read = read_lines(snapshot, nouns)
    cash = read_cash(snapshot, nouns, read)
    if read.refused:
        return read.refused
    lines = [*read.lines, *left_out(snapshot, read.lines, nouns)]
    moves = Moves(tag=uuid4().hex[:16], held=held_by(lines))
    fresh = new_cash(snapshot.source, cash, nouns, moves)
    for line in lines:
        moves.settle(line)
    if moves.refused:
        return moves.refused
    changed = write_versions(lines, snapshot, shards, person, now)
    if refusals := post_all(moves, person, snapshot.as_of) or short_pools(moves, now):
        return refusals
    tell_shortfalls(moves, person)
    note_time(snapshot, named)
    if changed or moves.of_desk:
        want_cycle(shards, "positions")
    return Stored(
        positions=tuple(PositionOutcome(line.report.account, line.ref, line.outcome) for line in lines),
        cash=tuple(
            (line.reference, "posted" if line.reference in fresh else "known") for line in snapshot.cash
        ),
    )


def out_of_order(snapshot: SourceSnapshot, accounts: Sequence[SubAccount]) -> OutOfOrder | None:
    """Something newer that this source said of one of the accounts."""
    newer = SnapshotTime.objects.filter(
        sub_account__in=accounts, source=snapshot.source, as_of__gt=snapshot.as_of
    )
    row = newer.select_related("sub_account").order_by("-as_of").first()
    return OutOfOrder(row.sub_account.code, row.as_of) if row else None


def load_nouns(snapshot: SourceSnapshot, accounts: Accounts, named: Sequence[SubAccount]) -> Nouns:
    """The rows the snapshot names, in one look each."""
    rows = PositionVersion.objects.filter(sub_account__in=named, revision_to__isnull=True)
    codes = {account.pk: account.code for account in named}
    instruments = {report.instrument for report in snapshot.positions}
    venues = {report.venue for report in snapshot.positions if report.venue}
    return Nouns(
        accounts=accounts,
        instruments={row.code: row for row in Instrument.objects.filter(code__in=instruments)},
        venues={row.code: row for row in Venue.objects.filter(code__in=venues)},
        assets={row.code: row for row in Asset.objects.filter(code__in={c.asset for c in snapshot.cash})},
        open={(codes[row.sub_account_id], row.ref): row for row in rows.select_related("instrument")},
    )


def write_versions(
    lines: Sequence[Line], snapshot: SourceSnapshot, shards: Sequence[int], person: User | None, now: datetime
) -> bool:
    """End the versions that no longer hold and begin those that now do, under one revision a shard."""
    moved = [line for line in lines if line.outcome != "unchanged"]
    if not moved:
        return False
    revisions = take_revisions({line.account.client.shard_id for line in moved})
    for shard, revision in revisions.items():
        ended = [line.stands.pk for line in moved if line.stands and line.account.client.shard_id == shard]
        PositionVersion.objects.filter(pk__in=ended).update(revision_to=revision)
    PositionVersion.objects.bulk_create(
        new_version(line, snapshot, revisions[line.account.client.shard_id], person, now)
        for line in sorted(moved, key=lambda line: (line.account.pk, line.ref))
        if not line.closes
    )
    return True


def new_version(
    line: Line, snapshot: SourceSnapshot, revision: int, person: User | None, now: datetime
) -> PositionVersion:
    report, kept = line.report, line.stands
    realised = kept.realised_pnl if kept and report.realised_pnl is None else report.realised_pnl
    return PositionVersion(
        sub_account=line.account,
        ref=line.ref,
        instrument=line.instrument,
        mode=report.mode,
        quantity=report.quantity,
        entry_price=report.entry_price,
        realised_pnl=realised or ZERO,
        leverage=report.leverage,
        venue=line.venue,
        strategy=report.strategy,
        source=snapshot.source,
        revision_from=revision,
        valid_at=snapshot.as_of,
        recorded_at=now,
        recorded_by=person,
    )


def post_all(moves: Moves, person: User | None, valid_at: datetime) -> Refusals:
    """The money of every desk. A pocket that holds too little refuses the whole snapshot."""
    for desk, movements in sorted(moves.of_desk.items(), key=lambda pair: pair[0].pk):
        posted = post(desk=desk, transfers=movements, recorded_by=person, valid_at=valid_at)
        if isinstance(posted, Refusal):
            short = posted.rule == "insufficient_balance"
            where = field_of_the_short(moves, movements) if short else f"cash.{posted.field}"
            return [Refusal(where, posted.rule, posted.value, posted.message)]
    return []


def field_of_the_short(moves: Moves, movements: Sequence[Movement]) -> str:
    """Which field asked for the margin that a pocket does not hold."""
    change = change_by_place(movements)
    for (account, pool), asked in moves.taken_from.items():
        pocket, asset = moves.pocket(account, WALLET if pool == CROSS else pool), account.base_currency
        held = Balance.objects.filter(pocket=pocket, asset=asset).values_list("amount", flat=True).first()
        if (held or ZERO) + change.get((pocket.pk, asset.pk), ZERO) < 0:
            return asked
    return "positions"


def short_pools(moves: Moves, now: datetime) -> Refusals:
    """Pools that gave margin away and now hold less than they must."""
    found = [
        shortage(account=account, pool=pool, field=field, now=now)
        for (account, pool), field in moves.taken_from.items()
    ]
    return [refusal for refusal in found if refusal is not None]


def tell_shortfalls(moves: Moves, person: User | None) -> None:
    for one in moves.shortfalls:
        after = {"ref": one.ref, "amount": one.amount, "asset": one.account.base_currency.code}
        record(
            actor=person or "positions", action="shortfall.recorded", desk=one.account.client.desk,
            subject=f"account:{one.account.code}", after=after,
        )  # fmt: skip


def note_time(snapshot: SourceSnapshot, accounts: Sequence[SubAccount]) -> None:
    """How far this source reaches now."""
    SnapshotTime.objects.bulk_create(
        (SnapshotTime(sub_account=one, source=snapshot.source, as_of=snapshot.as_of) for one in accounts),
        update_conflicts=True,
        unique_fields=["sub_account", "source"],
        update_fields=["as_of"],
    )
