"""Every cap asked of everybody it applies to, kind by kind.

Takes a client with its figures, and the caps; gives findings with the rows they concern. How a kind is asked
is its line in `KINDS`; what it measures is the engine's.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TypeAlias

from margin.book.applies import Caps
from margin.engine.capped import Seen, capped_legs, check_in_pool, check_leg, check_together
from margin.engine.figures import Finding, Reason
from margin.engine.measures import MEASURES, LimitKind
from margin.engine.types import ONE
from margin.flow.asset_class_findings import over_asset_classes
from margin.flow.clients import ClientFigures
from margin.flow.found import Found
from margin.flow.recompute import Measured
from margin.flow.whole_findings import over_whole
from margin.models import Breach

Rule: TypeAlias = Breach.Rule
REQUIRED = LimitKind.LEVERAGE
"""Without a cap of this kind, holding anything is a breach: somebody must have said how far one may go."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The rule of each subject, and whom a cap on an instrument is asked of."""

    client: Rule
    sub_account: Rule
    instrument: Rule
    asset_class: Rule
    of_instruments: Callable[[LimitKind, ClientFigures, Caps], Iterator[Found]]


def caps_of(clients: Mapping[int, ClientFigures], caps: Caps) -> list[Found]:
    """What is found of every cap, of all these clients."""
    return [one for client in clients.values() for one in over_caps(client, caps)]


def over_caps(client: ClientFigures, caps: Caps) -> Iterator[Found]:
    for kind, asking in KINDS.items():
        yield from _over_client(kind, client, caps)
        yield from asking.of_instruments(kind, client, caps)
        yield from over_asset_classes(kind, asking.asset_class, client, caps)
        for measured, seen in zip(client.members, client.seen, strict=True):
            yield from _over_account(kind, client, measured, seen, caps)
    yield from over_whole(client, caps)
    for measured, seen in zip(client.members, client.seen, strict=True):
        yield from _over_legs(client, measured, seen)


def _over_client(kind: LimitKind, client: ClientFigures, caps: Caps) -> Iterator[Found]:
    """All its sub-accounts together. That a cap is missing matters once something is held."""
    applicable = caps.of_client(kind, client.client)
    if not applicable and kind is not REQUIRED:
        return
    rule, subject = KINDS[kind].client, f"client:{client.client.code}"
    finding = check_together(kind, rule, subject, client.seen, applicable)
    if finding.reason is not Reason.NO_LIMIT:
        yield _found(kind, finding, client, caps)
    elif any(measured.figures.positions for measured in client.members):
        yield Found(Rule.MISSING_CAP, finding, client.client.desk_id, client)


def _over_account(
    kind: LimitKind, client: ClientFigures, measured: Measured, seen: Seen, caps: Caps
) -> Iterator[Found]:
    """Against its own cap. What is measured by equity is so in the account's own currency."""
    cap = caps.of_account(kind, measured.fact)
    if cap is None:
        return
    own, currency = seen, client.currency
    if MEASURES[kind].per_equity:
        own, currency = replace(seen, rate=ONE), measured.fact.base
    rule, subject = KINDS[kind].sub_account, f"account:{measured.fact.code}"
    finding = check_together(kind, rule, subject, [own], [cap])
    yield replace(_found(kind, finding, client, caps), measured=measured, currency=currency)


def _in_each_pool(kind: LimitKind, client: ClientFigures, caps: Caps) -> Iterator[Found]:
    """An instrument's cap asked of every pool that holds it, over that pool's equity."""
    capped = caps.of_instruments(kind, client.client.desk_id)
    for measured, seen in zip(client.members, client.seen, strict=True) if capped else ():
        for pool in measured.figures.pools:
            for code in sorted({row.instrument for row in pool.positions} & capped.keys()):
                subject = f"account:{measured.fact.code}/{pool.pool}/{code}"
                rule = KINDS[kind].instrument
                finding = check_in_pool(kind, rule, subject, seen, pool, caps=[capped[code]], of=code)
                found = _found(kind, finding, client, caps)
                currency = measured.fact.base
                yield replace(found, measured=measured, pool=pool, instrument=code, currency=currency)


def _in_all(kind: LimitKind, client: ClientFigures, caps: Caps) -> Iterator[Found]:
    """An instrument's cap asked of all that the client holds of it."""
    capped = caps.of_instruments(kind, client.client.desk_id)
    held = {row.instrument for measured in client.members for row in measured.figures.positions}
    for code in sorted(held & capped.keys()):
        subject = f"client:{client.client.code}/{code}"
        finding = check_together(kind, KINDS[kind].instrument, subject, client.seen, [capped[code]], of=code)
        yield replace(_found(kind, finding, client, caps), instrument=code)


def _over_legs(client: ClientFigures, measured: Measured, seen: Seen) -> Iterator[Found]:
    """The cap of a schedule's last tier, asked of each leg in its settlement currency."""
    if seen.account is None:
        return
    pools = {pool.pool: pool for pool in measured.figures.pools}
    for leg in capped_legs(seen.account):
        subject = f"account:{measured.fact.code}/{leg.pool}/{leg.instrument.code}/{leg.side}"
        yield Found(
            Rule.POSITION_LIMIT,
            check_leg(Rule.POSITION_LIMIT, subject, leg, seen.market),
            client.client.desk_id,
            client,
            measured,
            pools.get(leg.pool),
            leg.instrument.code,
            currency=leg.instrument.settlement,
            detail={"side": leg.side},
        )


def _found(kind: LimitKind, finding: Finding, client: ClientFigures, caps: Caps) -> Found:
    return Found(
        finding.rule,
        finding,
        client.client.desk_id,
        client,
        kind=kind,
        currency=client.currency,
        limit_id=caps.limit_ids.get((kind, finding.binding)),
    )


KINDS: Mapping[LimitKind, Asking] = {
    LimitKind.LEVERAGE: Asking(
        Rule.CLIENT_LEVERAGE,
        Rule.SUB_ACCOUNT_LEVERAGE,
        Rule.INSTRUMENT_LEVERAGE,
        Rule.ASSET_CLASS_LEVERAGE,
        _in_each_pool,
    ),
    LimitKind.GROSS: Asking(
        Rule.CLIENT_GROSS, Rule.SUB_ACCOUNT_GROSS, Rule.INSTRUMENT_GROSS, Rule.ASSET_CLASS_GROSS, _in_all
    ),
    LimitKind.NET: Asking(
        Rule.CLIENT_NET, Rule.SUB_ACCOUNT_NET, Rule.INSTRUMENT_NET, Rule.ASSET_CLASS_NET, _in_all
    ),
}
