"""Cash lines of a snapshot: money that came or went, each known by a reference that is used once for ever.

Takes the lines; gives those that are new, as movements, and refusals for references that name something else.
"""

from collections.abc import Sequence

from accounts.models import Pocket, SubAccount, Transfer
from accounts.movements import decimals_of
from margin.flow.lines import Nouns, Read
from margin.flow.pockets import Moves
from margin.flow.source_snapshot import CashReport, SourceSnapshot
from riskdesk.errors import Refusal


def read_cash(snapshot: SourceSnapshot, nouns: Nouns, read: Read) -> list[tuple[CashReport, SubAccount]]:
    """Every line with its account, or every reason why not."""
    seen: set[str] = set()
    found = []
    for place, line in enumerate(snapshot.cash):
        check_cash(f"cash[{place}]", line, nouns, read)
        if line.reference in seen:
            read.refuse(
                f"cash[{place}].reference", "twice", line.reference, "This reference stands twice here."
            )
        seen.add(line.reference)
        if line.account in nouns.accounts:
            found.append((line, nouns.accounts[line.account]))
    for place, code in enumerate(snapshot.accounts):
        if code not in nouns.accounts:
            read.refuse(f"accounts[{place}]", "unknown", code, "There is no such account.")
    return found


def check_cash(where: str, line: CashReport, nouns: Nouns, read: Read) -> None:
    if line.account not in nouns.accounts:
        read.refuse(f"{where}.account", "unknown", line.account, "There is no such account.")
    asset = nouns.assets.get(line.asset)
    if asset is None:
        read.refuse(f"{where}.asset", "unknown", line.asset, "There is no such asset.")
    elif decimals_of(line.amount) > asset.scale:
        message = f"{asset.code} is kept to {asset.scale} decimals; nothing is rounded."
        read.refuse(f"{where}.amount", "scale", f"{line.amount:f}", message)
    if not line.amount:
        read.refuse(f"{where}.amount", "zero", "0", "No money moves by 0.")


def new_cash(
    source: str, cash: Sequence[tuple[CashReport, SubAccount]], nouns: Nouns, moves: Moves
) -> set[str]:
    """Give the lines that no transfer stands for yet to the ledger; the references of those."""
    rows = Transfer.objects.filter(reference__in=[line.reference for line, _ in cash])
    known = {(row.desk_id, row.reference): row for row in rows.select_related("debit", "credit", "asset")}
    fresh = set()
    for place, (line, account) in enumerate(cash):
        stands = known.get((account.client.desk_id, line.reference))
        if stands is None:
            asset = nouns.assets[line.asset]
            moves.take_cash(account, asset, line.amount, reference=line.reference, source=source)
            fresh.add(line.reference)
        elif not same(stands, line, account):
            message = f"{line.reference} already names another transfer."
            moves.refused.append(
                Refusal(f"cash[{place}].reference", "reference_used", line.reference, message)
            )
    return fresh


def same(row: Transfer, line: CashReport, account: SubAccount) -> bool:
    """Whether a transfer is what the line tells: this money, between outside and this wallet."""
    inside, outside = (row.credit, row.debit) if line.amount > 0 else (row.debit, row.credit)
    ends = (inside.sub_account_id, inside.key, outside.kind)
    money = (row.asset.code, row.amount)
    return (*ends, *money) == (account.pk, "wallet", Pocket.Kind.EXTERNAL, line.asset, abs(line.amount))
