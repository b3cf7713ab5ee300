"""Caps of a large shard: what everybody uses of every cap asked of them, in columns.

Takes the ground: a sweep, the caps, sums of clients; gives a `Uses` for each rule: by subject in which zone
of its cap it lies. What float64 cannot tell from a line is `UNSURE`, and asked exactly by whoever needs it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from margin.engine.limits import Cap
from margin.engine.measures import MEASURES, AnyKind, LimitKind
from margin.flow.binding_caps import binding_caps, binding_of, lines_of, own_caps
from margin.flow.cap_findings import KINDS, REQUIRED
from margin.flow.cap_zones import MISSING, UNSURE, Measured, Uses, measured_by, zones_of
from margin.flow.client_sums import Ground, Rows
from margin.flow.part_caps import uses_of_legs, uses_of_parts
from margin.flow.sweep import Swept
from margin.flow.whole_caps import Groups, whole_used
from margin.flow.whole_findings import WHOLE_KINDS
from margin.models import Breach

Bound = tuple[Sequence[Cap], Rows]
"""Caps, and which of them binds whom; -1 for none."""


def cap_uses(ground: Ground) -> Iterator[Uses]:
    """Every cap in force, of everybody it applies to."""
    for kind in KINDS:
        yield from _of_sums(kind, ground)
        yield from uses_of_parts(kind, ground)
    yield from _of_whole_books(ground)
    yield from uses_of_legs(ground)


def _of_sums(kind: LimitKind, ground: Ground) -> Iterator[Uses]:
    sums, rules = ground.sums, KINDS[kind]
    bound = binding_caps(kind, ground.caps, ground.swept.roster.clients)
    used = measured_by(
        kind, gross=sums.gross, net=sums.net, equity=sums.equity, scale=sums.scale, slack=sums.slack
    )
    yield _of_clients(kind, rules.client, used, bound, ground)
    if kind is REQUIRED:
        yield _of_the_uncapped(bound[1], ground)
    own = _capped_accounts(kind, ground)
    if own[0]:
        yield _of_accounts(kind, rules.sub_account, _used_by_accounts(kind, own[1], ground), own, ground)


def _of_whole_books(ground: Ground) -> Iterator[Uses]:
    """Nothing is asked where no such cap is set: most books have none. What is in doubt is unknown."""
    roster, rates = ground.swept.roster, ground.sums.rates
    ground = replace(ground, doubtful=np.zeros_like(ground.doubtful))
    for kind, rules in WHOLE_KINDS.items():
        if not ground.caps.has(kind):
            continue
        bound = binding_caps(kind, ground.caps, roster.clients)
        used = whole_used(kind, ground.swept, Groups(roster.client_of, len(roster.clients), rates))
        yield _of_clients(kind, rules.client, used, bound, ground)
        own = _capped_accounts(kind, ground)
        if own[0]:
            every = Groups(np.arange(len(roster.facts)), len(roster.facts), rates)
            used = whole_used(kind, ground.swept, every).of(own[1])
            yield _of_accounts(kind, rules.sub_account, used, own, ground)


def _of_clients(
    kind: AnyKind,
    rule: str,
    used: Measured,
    bound: Bound,
    ground: Ground,
) -> Uses:
    found, rows = bound
    swept = ground.swept
    zones = zones_of(used, *lines_of(found, rows))
    zones[ground.doubtful] = UNSURE
    capped = np.flatnonzero(rows >= 0)
    return Uses(
        rule,
        zones[capped],
        lambda k: binding_of(kind, found[rows[capped[k]]], ground.caps),
        capped,
        lambda k: f"client:{swept.roster.clients[capped[k]].code}",
        _holders(swept, capped),
    )


def _of_the_uncapped(rows: Rows, ground: Ground) -> Uses:
    swept, bare = ground.swept, np.flatnonzero((rows < 0) & ground.sums.holds)
    return Uses(
        Breach.Rule.MISSING_CAP,
        np.full(len(bare), MISSING, dtype=np.uint8),
        lambda _: (None, None),
        bare,
        lambda k: f"client:{swept.roster.clients[bare[k]].code}",
        _holders(swept, bare),
    )


def _holders(swept: Swept, clients: Rows) -> tuple[Rows, Rows]:
    """Their accounts that hold something, each beside its client's place among these."""
    place = np.full(len(swept.roster.clients), -1, dtype=np.int64)
    place[clients] = np.arange(len(clients))
    accounts = np.flatnonzero(swept.roster.counts > 0)
    of = place[swept.roster.client_of[accounts]]
    return of[of >= 0], accounts[of >= 0]


def _capped_accounts(kind: AnyKind, ground: Ground) -> Bound:
    """Caps of single accounts, and whose each is."""
    own = sorted(own_caps(kind, ground.swept, ground.caps).items())
    return [cap for _, cap in own], np.array([row for row, _ in own], dtype=np.int64)


def _used_by_accounts(kind: LimitKind, rows: Rows, ground: Ground) -> Measured:
    """What is measured by equity is so in the account's own currency."""
    totals = ground.swept.totals
    rates = np.ones(len(rows)) if MEASURES[kind].per_equity else ground.sums.rates[rows]
    gross, net, equity = totals.gross[rows], totals.net[rows], totals.equity[rows]
    return measured_by(
        kind,
        gross=gross * rates,
        net=net * rates,
        equity=equity,
        scale=np.abs(equity) + gross,
        slack=ground.swept.doubt.slack[rows] * rates,
    )


def _of_accounts(
    kind: AnyKind,
    rule: str,
    used: Measured,
    own: Bound,
    ground: Ground,
) -> Uses:
    swept, (found, rows) = ground.swept, own
    zones = zones_of(used, *lines_of(found, np.arange(len(found))))
    zones[ground.doubtful[swept.roster.client_of[rows]]] = UNSURE
    return Uses(
        rule,
        zones,
        lambda k: binding_of(kind, found[k], ground.caps),
        swept.roster.client_of[rows],
        lambda k: f"account:{swept.roster.facts[rows[k]].code}",
        (np.arange(len(rows)), rows),
    )
