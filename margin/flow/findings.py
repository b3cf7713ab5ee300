"""What a run found: every rule asked of every subject, ready to be compared with what stood before.

Takes figures and what was found of caps; gives findings with the rows they concern. Writes nothing, decides
nothing.
"""

from collections.abc import Iterator, Mapping, Sequence, Set

from margin.engine.figures import Finding, Level, PoolFigures, Reason, Severity
from margin.engine.rational import Fraction
from margin.engine.types import ONE
from margin.flow.clients import ClientFigures
from margin.flow.found import Found
from margin.flow.recompute import Measured
from margin.models import Breach

CALLED = (Level.MARGIN_CALL, Level.LIQUIDATION)
Rule = Breach.Rule


def find(
    clients: Mapping[int, ClientFigures], capped: Sequence[Found], *, awaiting: Set[int] = frozenset()
) -> list[Found]:
    """All findings of a run, by rule and subject. `awaiting`: sub-accounts whose prices may still come."""
    found = list(capped)
    for client in clients.values():
        for measured in client.members:
            found.append(_unknown(client, measured, awaits=measured.fact.id in awaiting))
            found += _of_pools(client, measured)
    return sorted(found, key=lambda one: one.key)


def _unknown(client: ClientFigures, measured: Measured, *, awaits: bool) -> Found:
    """Unknown for want of a price that may still come is no finding yet, and cures nothing either."""
    figures = measured.figures
    unknown = figures.level is Level.UNKNOWN or bool(figures.unknown_because)
    over = Severity.UNKNOWN if awaits else Severity.BREACH
    severity = over if unknown else Severity.OK
    reason = Reason.UNKNOWN_FIGURE if unknown else Reason.WITHIN
    return Found(
        Rule.UNKNOWN_FIGURE,
        Finding(Rule.UNKNOWN_FIGURE, f"account:{figures.code}", None, None, severity, reason),
        client.client.desk_id,
        client,
        measured,
        detail={"because": list(figures.unknown_because)},
    )


def _of_pools(client: ClientFigures, measured: Measured) -> Iterator[Found]:
    """Call and liquidation, pool by pool: an isolated pool falls alone."""
    for pool in measured.figures.pools:
        yield Found(
            Rule.MARGIN_LEVEL,
            _level_finding(measured, pool),
            client.client.desk_id,
            client,
            measured,
            pool,
            level=pool.level,
        )


def _level_finding(measured: Measured, pool: PoolFigures) -> Finding:
    subject = f"account:{measured.fact.code}/{pool.pool}"
    if pool.level is Level.UNKNOWN:
        return Finding(Rule.MARGIN_LEVEL, subject, None, ONE, Severity.UNKNOWN, Reason.UNKNOWN_FIGURE)
    if pool.level in CALLED:
        reason = Reason.NO_EQUITY if pool.utilisation is None else Reason.OVER_LIMIT
        return Finding(Rule.MARGIN_LEVEL, subject, pool.utilisation, ONE, Severity.BREACH, reason)
    return Finding(Rule.MARGIN_LEVEL, subject, pool.utilisation, ONE, Severity.OK, Reason.WITHIN)


def of_maintenance(pool: PoolFigures) -> Fraction | None:
    """Maintenance over equity: the figure of the liquidation line. None: unbounded or unknown."""
    if pool.equity is None or pool.maintenance is None or pool.equity <= 0:
        return None
    return pool.maintenance / pool.equity
