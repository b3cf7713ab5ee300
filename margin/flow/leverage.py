"""Leverage against caps: what each client, sub-account and instrument is measured at, as findings.

Takes the figures of a run and the caps in effect; gives the engine's findings. Clients are measured over all
their sub-accounts in the desk's reporting currency. A figure that rests on a price in doubt concludes
nothing: no breach is opened on it and none is cured.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from margin.book.applies import Caps
from margin.book.facts import ClientFact
from margin.engine.figures import AccountFigures, Finding, PoolFigures
from margin.engine.limits import Cap, Totals, account_totals, check_leverage, client_totals, tightest
from margin.engine.types import ZERO
from margin.flow.recompute import Computed, Measured


@dataclass(frozen=True, slots=True)
class ClientFigures:
    """A client over its sub-accounts. `totals` None: some part is unknown or in doubt."""

    client: ClientFact
    members: Sequence[Measured]
    totals: Totals | None
    finding: Finding


def measure_clients(computed: Computed, caps: Caps) -> dict[int, ClientFigures]:
    """Every client of the shard that has a sub-account, by id."""
    members: dict[int, list[Measured]] = defaultdict(list)
    for measured in computed.accounts.values():
        members[measured.fact.client_id].append(measured)
    return {
        client_id: _measure_client(computed, caps, computed.book.rules.clients[client_id], own)
        for client_id, own in sorted(members.items())
    }


def _measure_client(
    computed: Computed, caps: Caps, client: ClientFact, members: Sequence[Measured]
) -> ClientFigures:
    desk = computed.book.rules.desks[client.desk_id]
    rates = _sure_rates(computed, desk.currency, {measured.fact.base for measured in members})
    figures = [measured.figures for measured in members]
    totals = None
    if not any(account.bounded for account in figures):
        totals = client_totals(figures, rates)
    finding = check_leverage("client_leverage", f"client:{client.code}", totals, caps.of_client(client))
    return ClientFigures(client, members, totals, finding)


def _sure_rates(computed: Computed, currency: str, bases: set[str]) -> Mapping[str, Fraction]:
    """Rates to the reporting currency that are not in doubt."""
    found = {base: computed.rates.rate(base, currency) for base in bases}
    return {
        base: rate.value for base, rate in found.items() if rate.value is not None and not rate.state.in_doubt
    }


def check_account(measured: Measured, cap: Cap) -> Finding:
    """A sub-account's leverage against its own cap."""
    figures = measured.figures
    totals = None if figures.bounded else account_totals(figures)
    return check_leverage("sub_account_leverage", f"account:{figures.code}", totals, [cap])


def check_instruments(figures: AccountFigures, caps: Mapping[str, Cap]) -> Iterator[tuple[str, str, Finding]]:
    """(pool, instrument, finding) for every capped instrument held: its notional over its pool's equity."""
    for pool in figures.pools:
        for instrument in dict.fromkeys(row.instrument for row in pool.positions):
            if instrument in caps:
                subject = f"account:{figures.code}/{pool.pool}/{instrument}"
                totals = _instrument_totals(pool, instrument)
                yield (
                    pool.pool,
                    instrument,
                    check_leverage("instrument_leverage", subject, totals, [caps[instrument]]),
                )


def _instrument_totals(pool: PoolFigures, instrument: str) -> Totals | None:
    if pool.equity is None or pool.unknown_because or pool.bounded:
        return None
    own = [row.notional or ZERO for row in pool.positions if row.instrument == instrument]
    return Totals(sum(own, ZERO), pool.equity)


@dataclass(frozen=True, slots=True)
class CapUse:
    """The cap nearest to binding on a sub-account, and its used share (None: unbounded or unknown)."""

    cap: Cap | None
    use: Fraction | None


def nearest_cap(measured: Measured, client: ClientFigures, caps: Caps) -> CapUse:
    """Of the client's tightest cap and the sub-account's own, the one used more."""
    over_client = tightest(caps.of_client(client.client))
    found = [CapUse(over_client, _use(client.totals, over_client))] if over_client else []
    own = caps.of_account(measured.fact)
    if own is not None:
        found.append(CapUse(own, _use(account_totals(measured.figures), own)))
    return max(found, key=_by_use, default=CapUse(None, None))


def _use(totals: Totals | None, cap: Cap) -> Fraction | None:
    if totals is None or totals.leverage is None:
        return None
    return totals.leverage / cap.limit


def _by_use(found: CapUse) -> tuple[bool, Fraction]:
    """Unbounded or unknown comes before any number."""
    return found.use is None, found.use or ZERO
