"""Caps on what a whole book is like: of a client over all its sub-accounts, and of a sub-account alone.

Takes a client with its figures, and the caps; gives findings. What a kind measures is the engine's.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from margin.book.applies import Caps
from margin.engine.measures import WholeKind
from margin.engine.whole_measures import check_whole
from margin.flow.clients import ClientFigures
from margin.flow.found import Found
from margin.models import Breach

Rule: TypeAlias = Breach.Rule


@dataclass(frozen=True, slots=True)
class WholeAsking:
    """The rule of each subject."""

    client: Rule
    sub_account: Rule


WHOLE_KINDS: Mapping[WholeKind, WholeAsking] = {
    WholeKind.ONE_ASSET: WholeAsking(Rule.CLIENT_ONE_ASSET, Rule.SUB_ACCOUNT_ONE_ASSET),
    WholeKind.ONE_WAY: WholeAsking(Rule.CLIENT_ONE_WAY, Rule.SUB_ACCOUNT_ONE_WAY),
    WholeKind.WORST_LOSS: WholeAsking(Rule.CLIENT_WORST_LOSS, Rule.SUB_ACCOUNT_WORST_LOSS),
    WholeKind.COLLATERAL: WholeAsking(Rule.CLIENT_COLLATERAL, Rule.SUB_ACCOUNT_COLLATERAL),
}


def over_whole(client: ClientFigures, caps: Caps) -> Iterator[Found]:
    """Nothing is asked where no such cap is set: most books have none."""
    for kind, asking in WHOLE_KINDS.items():
        if not caps.has(kind):
            continue
        desk, code = client.client.desk_id, client.client.code
        if applicable := caps.of_client(kind, client.client):
            finding = check_whole(kind, asking.client, f"client:{code}", client.seen, applicable)
            limit = caps.limit_ids.get((kind, finding.binding))
            yield Found(
                asking.client, finding, desk, client, kind=kind, currency=client.currency, limit_id=limit
            )
        for measured, seen in zip(client.members, client.seen, strict=True):
            cap = caps.of_account(kind, measured.fact)
            if cap is not None:
                subject = f"account:{measured.fact.code}"
                finding = check_whole(kind, asking.sub_account, subject, [seen], [cap])
                limit = caps.limit_ids.get((kind, finding.binding))
                yield Found(
                    asking.sub_account, finding, desk, client, measured, kind=kind,
                    currency=client.currency, limit_id=limit,
                )  # fmt: skip
