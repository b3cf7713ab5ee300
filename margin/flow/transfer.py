"""Money moves: from outside into a pocket, out again, or between pockets.

Takes a movement between two named ends; gives what was posted, or a refusal. What leaves a pocket leaves its
pool with what it must hold: `margin.flow.measure` says how much may go. Asks for a cycle in the same
transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts.audit import record
from accounts.ledger import Posted, post
from accounts.models import Asset, Desk, Pocket, SubAccount, Transfer, User
from accounts.movements import Movement, decimals_of
from accounts.pockets import WALLET, external_pocket, pocket_for
from margin.engine.pools import CROSS
from margin.engine.types import ISOLATED, isolated_pocket
from margin.flow.call_deeds import call_on
from margin.flow.locks import lock_shards
from margin.flow.measure import most_that_may_leave, shortage
from margin.flow.wanted import want_cycle
from margin.models import PositionVersion
from riskdesk.errors import Refusal


@dataclass(frozen=True, slots=True)
class Inside:
    """A pocket of an account, as a person names it: `wallet`, or `isolated:` and a ref or an instrument."""

    account: SubAccount
    pocket: str

    def __str__(self) -> str:
        return f"{self.account}/{self.pocket}"


@dataclass(frozen=True, slots=True)
class Outside:
    """The world outside, by the name of who sent or will receive."""

    name: str

    def __str__(self) -> str:
        return self.name


End = Inside | Outside


@dataclass(frozen=True, slots=True)
class Move:
    """Money that somebody wants to move."""

    reference: str
    asset: str
    amount: Decimal
    giver: End
    taker: End

    @property
    def accounts(self) -> list[SubAccount]:
        return [end.account for end in (self.giver, self.taker) if isinstance(end, Inside)]


def move_money(*, move: Move, person: User, now: datetime) -> Posted | Refusal:
    """Move it, or say why not. The same reference with the same content gets the first answer again."""
    with transaction.atomic():
        answer = _move(move, person, now)
        if isinstance(answer, Refusal):
            transaction.set_rollback(True)
    return answer


def _move(move: Move, person: User, now: datetime) -> Posted | Refusal:
    if not move.accounts:
        return Refusal("to", "outside", "", "One side at least is an account.")
    desk = move.accounts[0].client.desk
    if any(account.client.desk_id != desk.pk for account in move.accounts):
        return Refusal(
            "to.account", "other_desk", move.accounts[-1].code, "Both accounts belong to one desk."
        )
    shards = lock_shards(move.accounts)
    asset = Asset.objects.filter(code=move.asset).first()
    if asset is None:
        return Refusal("asset", "unknown", move.asset, "There is no such asset.")
    if decimals_of(move.amount) > asset.scale:
        message = f"{asset.code} is kept to {asset.scale} decimals; nothing is rounded."
        return Refusal("amount", "scale", f"{move.amount:f}", message)
    giver, taker = find_pocket(move.giver, "from", desk), find_pocket(move.taker, "to", desk)
    if isinstance(giver, Refusal):
        return giver
    if isinstance(taker, Refusal):
        return taker
    if giver.pk == taker.pk:
        return Refusal("to.pocket", "same_pocket", taker.key, "Money moves between two pockets.")
    again = Transfer.objects.filter(desk=desk, reference=move.reference).exists()
    if not again and (refusal := may_not_leave(move, asset, giver, now)):
        return refusal
    movement = Movement(move.reference, giver, taker, asset, move.amount)
    posted = post(desk=desk, transfers=[movement], recorded_by=person, valid_at=now)
    if isinstance(posted, Refusal) or posted.again:
        return posted
    if refusal := left_short(move, giver, taker, now):
        return refusal
    tell(move, desk, person)
    want_cycle(shards, "money")
    return posted


def find_pocket(end: End, field: str, desk: Desk) -> Pocket | Refusal:
    """The pocket that a person means. An isolated one exists as long as its position is open."""
    if isinstance(end, Outside):
        return external_pocket(desk, end.name)
    if end.pocket == WALLET:
        return pocket_for(end.account)
    name = end.pocket.removeprefix(ISOLATED)
    rows = PositionVersion.objects.filter(
        sub_account=end.account, revision_to__isnull=True, mode=PositionVersion.Mode.ISOLATED
    )
    refs = list(rows.filter(ref=name).values_list("ref", flat=True))
    refs = refs or sorted(rows.filter(instrument__code=name).values_list("ref", flat=True))
    if not refs:
        message = "There is no isolated position of that name open."
        return Refusal(f"{field}.pocket", "unknown", end.pocket, message)
    if len(refs) > 1:
        message = f"Several are open: {', '.join(refs)}. Name the ref."
        return Refusal(f"{field}.pocket", "ambiguous_pocket", end.pocket, message)
    return pocket_for(end.account, isolated_pocket(refs[0]))


def pool_of(pocket: Pocket) -> str:
    return CROSS if pocket.key == WALLET else pocket.key


def may_not_leave(move: Move, asset: Asset, giver: Pocket, now: datetime) -> Refusal | None:
    """More than may leave the pool. An allocation to an own pocket is asked for afterwards."""
    if isinstance(move.giver, Outside) or feeds_own_pocket(move, giver):
        return None
    if call := call_on(move.giver.account):
        message = f"A margin call is open on {call.sub_account}: nothing may leave until it is met."
        return Refusal("amount", "call_open", f"{move.amount:f}", message)
    most = most_that_may_leave(account=move.giver.account, pool=pool_of(giver), asset=asset, now=now)
    if most is None:
        message = "What may leave is unknown while a price of the pool is missing or in doubt."
        return Refusal("amount", "unknown_figures", f"{move.amount:f}", message)
    if move.amount > most:
        message = f"At most {most:f} {asset.code} may leave {giver.key} now."
        return Refusal("amount", "withdrawable", f"{move.amount:f}", message)
    return None


def feeds_own_pocket(move: Move, giver: Pocket) -> bool:
    """Wallet to a pocket of the same account: an allocation, not a withdrawal."""
    ends = (move.giver, move.taker)
    same = all(isinstance(end, Inside) for end in ends) and len({one.pk for one in move.accounts}) == 1
    return same and giver.key == WALLET


def left_short(move: Move, giver: Pocket, taker: Pocket, now: datetime) -> Refusal | None:
    """An allocation leaves the wallet's pool with what it must hold."""
    if isinstance(move.giver, Inside) and feeds_own_pocket(move, giver):
        return shortage(account=move.giver.account, pool=pool_of(giver), field="amount", now=now)
    return None


def tell(move: Move, desk: Desk, person: User) -> None:
    after = {"asset": move.asset, "amount": move.amount, "from": str(move.giver), "to": str(move.taker)}
    record(actor=person, action="money.moved", subject=f"transfer:{move.reference}", desk=desk, after=after)
