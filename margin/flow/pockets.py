"""What a snapshot moves in the ledger: cash into wallets, margin between wallets and isolated pockets.

Takes the lines of a snapshot and what the pockets hold; gives movements for the ledger. An isolated
position's realised result is settled in its own pocket; what it lost beyond that is a shortfall, borne by the
insurance fund and never by the wallet; what is left when it closes goes back to the wallet.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.models import Asset, Balance, Desk, Pocket, SubAccount
from accounts.movements import Movement
from accounts.pockets import WALLET, external_pocket, house_pocket, pocket_for
from margin.engine.pools import CROSS
from margin.engine.types import isolated_pocket
from margin.flow.lines import Line
from margin.flow.source_snapshot import ISOLATED
from riskdesk.errors import Refusal

ZERO = Decimal(0)
PROFIT_AND_LOSS, INSURANCE = "pnl", "insurance"
Held = dict[tuple[int, str], dict[Asset, Decimal]]


@dataclass(frozen=True, slots=True)
class Shortfall:
    """What an isolated position lost beyond its pocket."""

    account: SubAccount
    ref: str
    amount: Decimal


@dataclass(slots=True)
class Moves:
    """Movements by desk, in order, with what they mean for the pools they touch."""

    tag: str
    held: Held
    of_desk: dict[Desk, list[Movement]] = field(default_factory=dict)
    taken_from: dict[tuple[SubAccount, str], str] = field(default_factory=dict)
    """Pools that gave margin away (`cross` or `isolated:<ref>`), and the field that asked for it."""
    shortfalls: list[Shortfall] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    _pockets: dict[tuple[int, str], Pocket] = field(default_factory=dict)
    _outside: dict[tuple[int, str], Pocket] = field(default_factory=dict)

    def pocket(self, account: SubAccount, key: str = WALLET) -> Pocket:
        """A pocket, asked for once however many lines move its money."""
        place = (account.pk, key)
        if place not in self._pockets:
            self._pockets[place] = pocket_for(account, key)
        return self._pockets[place]

    def add(
        self, owner: SubAccount, giver: Pocket, taker: Pocket, asset: Asset, amount: Decimal, *, note: str,
        reference: str = "", may_owe: bool = False,
    ) -> None:  # fmt: skip
        moves = self.of_desk.setdefault(owner.client.desk, [])
        name = reference or f"position:{owner.code}:{self.tag}:{len(moves)}"
        moves.append(Movement(name, giver, taker, asset, amount, note=note[:200], may_owe=may_owe))

    def settle(self, line: Line) -> None:
        """All that one report means for money."""
        was = line.stands if line.stands is not None and line.stands.mode == ISOLATED else None
        stays = line.report.mode == ISOLATED and not line.closes
        if was is None and not stays:
            return
        key, base = isolated_pocket(line.ref), line.account.base_currency
        held = dict(self.held.get((line.account.pk, key), {}))
        if was is not None and line.report.realised_pnl is not None:
            result = line.report.realised_pnl - was.realised_pnl
            self.realise(line.account, key, result, line.ref)
            held[base] = held.get(base, ZERO) + result
        if not stays:
            self.give_back(line.account, line.ref, held, line.where)
        elif line.report.isolated_margin is not None:
            self.fund(line, key, line.report.isolated_margin - held.get(base, ZERO))

    def realise(self, account: SubAccount, key: str, result: Decimal, ref: str) -> None:
        pocket, house = self.pocket(account, key), house_pocket(account.client.desk, PROFIT_AND_LOSS)
        base = account.base_currency
        if result > 0:
            self.add(account, house, pocket, base, result, note=f"profit of {ref}")
        elif result < 0:
            self.add(account, pocket, house, base, -result, note=f"loss of {ref}", may_owe=True)

    def fund(self, line: Line, key: str, missing: Decimal) -> None:
        """Bring the pocket to its target, out of the wallet or back into it."""
        if not missing:
            return
        account, where = line.account, f"{line.where}.isolated_margin"
        wallet, pocket = self.pocket(account), self.pocket(account, key)
        giver, taker = (wallet, pocket) if missing > 0 else (pocket, wallet)
        self.taken_from.setdefault((account, CROSS if missing > 0 else key), where)
        self.add(account, giver, taker, account.base_currency, abs(missing), note=f"margin of {line.ref}")

    def give_back(self, account: SubAccount, ref: str, held: dict[Asset, Decimal], where: str) -> None:
        """What is left of a pocket whose position ends."""
        base = account.base_currency
        lost = max(ZERO, -held.get(base, ZERO))
        if lost and any(amount > 0 for asset, amount in held.items() if asset != base):
            message = "Its pocket also holds other assets: move them to the wallet before it closes."
            self.refused.append(Refusal(where, "other_collateral", ref, message))
            return
        if lost:
            insurance = house_pocket(account.client.desk, INSURANCE)
            pocket = self.pocket(account, isolated_pocket(ref))
            self.add(account, insurance, pocket, base, lost, note=f"shortfall of {ref}")
            self.shortfalls.append(Shortfall(account, ref, lost))
        for asset, amount in sorted(held.items(), key=lambda pair: pair[0].code):
            if amount > 0:
                pocket, wallet = self.pocket(account, isolated_pocket(ref)), self.pocket(account)
                self.add(account, pocket, wallet, asset, amount, note=f"left of {ref}")

    def take_cash(
        self, account: SubAccount, asset: Asset, amount: Decimal, *, reference: str, source: str
    ) -> None:
        """Facts of the source: a fee or a loss may leave the wallet in debt."""
        desk, wallet = account.client.desk, self.pocket(account)
        outside = self._outside.get((desk.pk, source)) or external_pocket(desk, source)
        self._outside[desk.pk, source] = outside
        giver, taker = (outside, wallet) if amount > 0 else (wallet, outside)
        self.add(
            account,
            giver,
            taker,
            asset,
            abs(amount),
            note=f"cash from {source}",
            reference=reference,
            may_owe=True,
        )


def held_by(lines: Sequence[Line]) -> Held:
    """What the isolated pockets of these accounts hold now."""
    owners = {line.account.pk for line in lines}
    rows = Balance.objects.filter(pocket__sub_account__in=owners).exclude(pocket__key=WALLET)
    held: Held = {}
    for row in rows.select_related("pocket", "asset"):
        if row.pocket.sub_account_id is not None and row.amount:
            held.setdefault((row.pocket.sub_account_id, row.pocket.key), {})[row.asset] = row.amount
    return held
