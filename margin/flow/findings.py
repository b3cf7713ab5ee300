"""What a run found: every rule asked of every subject, ready to be compared with what stood before.

Takes figures and caps; gives findings with the rows they concern. Writes nothing, decides nothing.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from margin.book.applies import Caps
from margin.engine.figures import Finding, Level, PoolFigures, Reason, Severity
from margin.engine.rational import Fraction
from margin.engine.types import ONE
from margin.flow.leverage import ClientFigures, check_account, check_instruments
from margin.flow.recompute import Computed, Measured
from margin.models import Breach

CALLED = (Level.MARGIN_CALL, Level.LIQUIDATION)
Rule = Breach.Rule


@dataclass(frozen=True, slots=True)
class Found:
    """One finding and whom it is about. `level` only for margin levels."""

    rule: str
    finding: Finding
    desk_id: int
    client: ClientFigures
    measured: Measured | None = None
    pool: PoolFigures | None = None
    instrument: str = ""
    limit_id: int | None = None
    level: Level | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def key(self) -> tuple[str, str]:
        return self.rule, self.finding.subject


def find(computed: Computed, clients: Mapping[int, ClientFigures], caps: Caps) -> list[Found]:
    """All findings of a run, by rule and subject."""
    found: list[Found] = []
    for client in clients.values():
        found += _of_client(client, caps)
        for measured in client.members:
            found += _of_account(computed, client, measured, caps)
            found += _of_instruments(computed, client, measured, caps)
            found += _of_pools(client, measured)
    return sorted(found, key=lambda one: one.key)


def _of_client(client: ClientFigures, caps: Caps) -> Iterator[Found]:
    desk_id, finding = client.client.desk_id, client.finding
    if finding.reason is not Reason.NO_LIMIT:
        limit_id = caps.limit_ids.get(finding.binding)
        yield Found(Rule.CLIENT_LEVERAGE, finding, desk_id, client, limit_id=limit_id)
    elif any(measured.figures.positions for measured in client.members):
        yield Found(Rule.MISSING_CAP, finding, desk_id, client)


def _of_account(computed: Computed, client: ClientFigures, measured: Measured, caps: Caps) -> Iterator[Found]:
    desk_id, figures = client.client.desk_id, measured.figures
    cap = caps.of_account(measured.fact)
    if cap is not None:
        limit_id = caps.limit_ids[cap.name]
        finding = check_account(computed, measured, cap)
        yield Found(Rule.SUB_ACCOUNT_LEVERAGE, finding, desk_id, client, measured, limit_id=limit_id)
    unknown = figures.level is Level.UNKNOWN or bool(figures.unknown_because)
    yield Found(
        Rule.UNKNOWN_FIGURE,
        Finding(
            Rule.UNKNOWN_FIGURE,
            f"account:{figures.code}",
            None,
            None,
            Severity.BREACH if unknown else Severity.OK,
            Reason.UNKNOWN_FIGURE if unknown else Reason.WITHIN,
        ),
        desk_id,
        client,
        measured,
        detail={"because": list(figures.unknown_because)},
    )


def _of_instruments(
    computed: Computed, client: ClientFigures, measured: Measured, caps: Caps
) -> Iterator[Found]:
    desk_id = client.client.desk_id
    for pool, instrument, finding in check_instruments(computed, measured, caps.of_instruments(desk_id)):
        yield Found(
            Rule.INSTRUMENT_LEVERAGE,
            finding,
            desk_id,
            client,
            measured,
            measured.figures.pool(pool),
            instrument,
            caps.limit_ids[finding.binding],
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
