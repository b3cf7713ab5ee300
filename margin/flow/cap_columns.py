"""Caps of a large shard: what everybody uses of every cap asked of them, in columns.

Takes a sweep and the caps; gives a `Uses` for each rule: by subject in which zone of its cap it lies. What
float64 cannot tell from a line is `UNSURE`, and asked exactly by whoever needs it.
"""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from margin.book.applies import Caps
from margin.engine.book_accounts import AccountColumns
from margin.engine.measures import MEASURES, LimitKind
from margin.flow.binding_caps import binding_caps, binding_of, lines_of, own_caps
from margin.flow.cap_findings import KINDS, REQUIRED
from margin.flow.cap_zones import MISSING, UNSURE, Uses, measured_by, zones_of
from margin.flow.client_sums import ClientSums
from margin.flow.instrument_caps import uses_of_instruments, uses_of_legs
from margin.flow.sweep import Swept
from margin.models import Breach


def cap_uses(swept: Swept, caps: Caps, sums: ClientSums) -> list[Uses]:
    """Every cap in force, of everybody it applies to."""
    doubtful = _doubtful_clients(swept)
    found: list[Uses] = []
    for kind in KINDS:
        found += _of_clients(kind, swept, caps, sums, doubtful)
        found += _of_accounts(kind, swept, caps, sums, doubtful)
        found += uses_of_instruments(kind, swept, caps, sums, doubtful)
    found += uses_of_legs(swept, doubtful)
    return found


def _doubtful_clients(swept: Swept) -> NDArray[np.bool_]:
    """Of whom something is only known exactly: the exact engine says what holds at every end of a band."""
    found = np.zeros(len(swept.roster.clients), dtype=np.bool_)
    for row, measured in swept.exact.items():
        if measured.figures.bounded or measured.figures.unknown_because:
            found[swept.roster.client_of[row]] = True
    return found


def _of_clients(
    kind: LimitKind, swept: Swept, caps: Caps, sums: ClientSums, doubtful: NDArray[np.bool_]
) -> Iterator[Uses]:
    found, rows = binding_caps(kind, caps, swept.roster.clients)
    limit, warn_at = lines_of(found, rows)
    used = measured_by(
        kind, gross=sums.gross, net=sums.net, equity=sums.equity, scale=sums.scale, slack=sums.slack
    )
    zones = zones_of(used, limit, warn_at)
    zones[doubtful & (rows >= 0)] = UNSURE
    accounts = np.flatnonzero(sums.holds[swept.roster.client_of] & (swept.roster.counts > 0))
    capped = np.flatnonzero(rows >= 0)
    place = np.full(len(rows), -1, dtype=np.int64)
    place[capped] = np.arange(len(capped))
    of = place[swept.roster.client_of[accounts]]
    yield Uses(
        KINDS[kind].client,
        zones[capped],
        lambda k: binding_of(kind, found[rows[capped[k]]], caps),
        capped,
        lambda k: f"client:{swept.roster.clients[capped[k]].code}",
        (of[of >= 0], accounts[of >= 0]),
    )
    if kind is REQUIRED:
        bare = np.flatnonzero((rows < 0) & sums.holds)
        place[:] = -1
        place[bare] = np.arange(len(bare))
        of = place[swept.roster.client_of[accounts]]
        yield Uses(
            Breach.Rule.MISSING_CAP,
            np.full(len(bare), MISSING, dtype=np.uint8),
            lambda _: (None, None),
            bare,
            lambda k: f"client:{swept.roster.clients[bare[k]].code}",
            (of[of >= 0], accounts[of >= 0]),
        )


def _of_accounts(
    kind: LimitKind, swept: Swept, caps: Caps, sums: ClientSums, doubtful: NDArray[np.bool_]
) -> Iterator[Uses]:
    own = own_caps(kind, swept, caps)
    rows = np.array(sorted(own), dtype=np.int64)
    if not len(rows):
        return
    limit = np.array([float(own[row].limit) for row in rows.tolist()])
    warn_at = np.array([float(own[row].warn_at) for row in rows.tolist()])
    totals: AccountColumns = swept.totals
    rates = np.ones(len(rows)) if MEASURES[kind].per_equity else sums.rates[rows]
    gross, net, equity = totals.gross[rows], totals.net[rows], totals.equity[rows]
    used = measured_by(
        kind,
        gross=gross * rates,
        net=net * rates,
        equity=equity,
        scale=np.abs(equity) + gross,
        slack=swept.doubt.slack[rows] * rates,
    )
    zones = zones_of(used, limit, warn_at)
    zones[doubtful[swept.roster.client_of[rows]]] = UNSURE
    yield Uses(
        KINDS[kind].sub_account,
        zones,
        lambda k: binding_of(kind, own[int(rows[k])], caps),
        swept.roster.client_of[rows],
        lambda k: f"account:{swept.roster.facts[rows[k]].code}",
        (np.arange(len(rows)), rows),
    )
