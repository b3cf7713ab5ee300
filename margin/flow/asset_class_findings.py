"""Caps on asset classes: what is held of all instruments of one class together.

Takes a client with its figures, and the caps; gives findings. What is measured by equity is asked of each
pool that holds the class, over that pool's equity; any other kind of all that the client holds of it.
"""

from collections.abc import Iterator, Mapping, Sequence

from margin.book.applies import Caps
from margin.engine.capped import Seen, check_in_pool, check_together
from margin.engine.limits import Cap
from margin.engine.measures import MEASURES, LimitKind
from margin.flow.clients import ClientFigures
from margin.flow.found import Found

Codes = Mapping[str, frozenset[str]]


def over_asset_classes(kind: LimitKind, rule: str, client: ClientFigures, caps: Caps) -> Iterator[Found]:
    capped = caps.of_asset_classes(kind, client.client)
    if not capped:
        return
    if MEASURES[kind].per_equity:
        for place in range(len(client.members)):
            yield from _in_each_pool(kind, rule, client, place, caps)
        return
    for asset, codes in _held(client.seen).items():
        if asset in capped:
            subject = f"client:{client.client.code}/{asset}"
            finding = check_together(kind, rule, subject, client.seen, [capped[asset]], of=codes)
            yield Found(
                rule, finding, client.client.desk_id, client, cap_class=asset, kind=kind,
                currency=client.currency, limit_id=caps.limit_ids.get((kind, finding.binding)),
            )  # fmt: skip


def _in_each_pool(
    kind: LimitKind, rule: str, client: ClientFigures, place: int, caps: Caps
) -> Iterator[Found]:
    measured, seen = client.members[place], client.seen[place]
    capped, classes = caps.of_asset_classes(kind, client.client), _held([seen])
    for pool in measured.figures.pools:
        held = {row.instrument for row in pool.positions}
        for asset, codes in classes.items():
            cap: Cap | None = capped.get(asset)
            if cap is None or not held & codes:
                continue
            subject = f"account:{measured.fact.code}/{pool.pool}/{asset}"
            finding = check_in_pool(kind, rule, subject, seen, pool, caps=[cap], of=codes)
            yield Found(
                rule, finding, client.client.desk_id, client, measured, pool, cap_class=asset, kind=kind,
                currency=measured.fact.base, limit_id=caps.limit_ids.get((kind, finding.binding)),
            )  # fmt: skip


def _held(seen: Sequence[Seen]) -> Codes:
    """The instruments held, by their asset class."""
    found: dict[str, set[str]] = {}
    for one in seen:
        for position in one.account.positions if one.account is not None else ():
            found.setdefault(position.instrument.cap_class, set()).add(position.instrument.code)
    return {asset: frozenset(codes) for asset, codes in sorted(found.items())}
