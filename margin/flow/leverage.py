"""Leverage against caps: what each client, sub-account and instrument is measured at, as findings.

Takes the figures of a run and the caps in effect; gives the engine's findings. Clients are measured over all
their sub-accounts in the desk's reporting currency. Where a price is in doubt, only what holds over its whole
guard band is concluded: else no breach is opened and none is cured.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from margin.book.applies import Caps
from margin.book.facts import ClientFact, Unusable
from margin.engine.figures import Finding, PoolFigures, Reason, Severity
from margin.engine.leverage_range import Ends, account_ends, pool_ends
from margin.engine.limits import Cap, Totals, account_totals, check_leverage, tightest
from margin.engine.pools import pools_of
from margin.engine.rational import Fraction
from margin.engine.types import ONE, ZERO
from margin.flow.recompute import Computed, Measured


@dataclass(frozen=True, slots=True)
class ClientFigures:
    """A client over its sub-accounts. `totals` None: some part is unknown."""

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
    currency = computed.book.rules.desks[client.desk_id].currency
    rates = _sure_rates(computed, currency, {measured.fact.base for measured in members})
    totals = _sum(members, rates)
    subject, applicable = f"client:{client.code}", caps.of_client(client)
    if any(_in_doubt(measured) for measured in members):
        ends = partial(_client_ends, computed, members, rates)
        finding = judge_in_doubt("client_leverage", subject, totals, applicable, ends)
    else:
        finding = check_leverage("client_leverage", subject, totals, applicable)
    return ClientFigures(client, members, totals, finding)


def _in_doubt(measured: Measured) -> bool:
    return measured.figures.bounded or bool(measured.figures.unknown_because)


def _sure_rates(computed: Computed, currency: str, bases: set[str]) -> Mapping[str, Fraction]:
    """Rates to the reporting currency that are not in doubt."""
    found = {base: computed.markets.rates.rate(base, currency) for base in bases}
    return {
        base: rate.value for base, rate in found.items() if rate.value is not None and not rate.state.in_doubt
    }


def _sum(members: Sequence[Measured], rates: Mapping[str, Fraction]) -> Totals | None:
    """Gross and equity as shown, in the reporting currency; None where a part has no figure or no rate."""
    gross = equity = ZERO
    for measured in members:
        own, rate = measured.figures, rates.get(measured.fact.base)
        if own.gross is None or own.equity is None or rate is None:
            return None
        gross, equity = gross + own.gross * rate, equity + own.equity * rate
    return Totals(gross, equity)


def _client_ends(
    computed: Computed, members: Sequence[Measured], rates: Mapping[str, Fraction], k: Fraction
) -> Ends | None:
    parts = [_account_ends(computed, measured, k) for measured in members]
    found = [
        part.times(rates[measured.fact.base])
        for part, measured in zip(parts, members, strict=True)
        if part is not None and measured.fact.base in rates
    ]
    return sum(found, Ends()) if len(found) == len(members) else None


def _account_ends(computed: Computed, measured: Measured, k: Fraction) -> Ends | None:
    account = computed.book.account(measured.fact.id)
    if isinstance(account, Unusable):
        return None
    return account_ends(account, computed.markets.seen_from(account.base), k)


def judge_in_doubt(
    rule: str,
    subject: str,
    totals: Totals | None,
    caps: Sequence[Cap],
    ends: Callable[[Fraction], Ends | None],
) -> Finding:
    """What holds at every price the guard bands allow; anything else is unknown, and concludes nothing."""
    cap = tightest(caps)
    if cap is None or totals is None:
        return check_leverage(rule, subject, None, caps)
    severity, reason = _severity(cap, ends)
    measured = totals.leverage
    return Finding(rule, subject, measured, cap.limit, severity, reason, cap.name)


def _severity(cap: Cap, ends: Callable[[Fraction], Ends | None]) -> tuple[Severity, Reason]:
    at_cap = ends(cap.limit)
    if at_cap is not None and at_cap.most < 0:
        return Severity.BREACH, Reason.OVER_LIMIT
    if at_cap is not None and at_cap.least >= 0:
        near = ends(cap.limit * cap.warn_at)
        if near is not None and near.most <= 0:
            return Severity.WARN, Reason.NEAR_LIMIT
        if near is not None and near.least > 0:
            return Severity.OK, Reason.WITHIN
    return Severity.UNKNOWN, Reason.UNKNOWN_FIGURE


def check_account(computed: Computed, measured: Measured, cap: Cap) -> Finding:
    """A sub-account's leverage against its own cap."""
    rule, subject = "sub_account_leverage", f"account:{measured.fact.code}"
    if _in_doubt(measured):
        totals = _sum([measured], {measured.fact.base: ONE})
        ends = partial(_account_ends, computed, measured)
        return judge_in_doubt(rule, subject, totals, [cap], ends)
    return check_leverage(rule, subject, account_totals(measured.figures), [cap])


def check_instruments(
    computed: Computed, measured: Measured, caps: Mapping[str, Cap]
) -> Iterator[tuple[str, str, Finding]]:
    """(pool, instrument, finding) for every capped instrument held: its notional over its pool's equity."""
    for pool in measured.figures.pools:
        for code in dict.fromkeys(row.instrument for row in pool.positions):
            if code in caps:
                yield pool.pool, code, _check_instrument(computed, measured, pool, caps[code], code)


def _check_instrument(
    computed: Computed, measured: Measured, pool: PoolFigures, cap: Cap, code: str
) -> Finding:
    rule, subject = "instrument_leverage", f"account:{measured.fact.code}/{pool.pool}/{code}"
    own = [row.notional or ZERO for row in pool.positions if row.instrument == code]
    totals = None if pool.equity is None else Totals(sum(own, ZERO), pool.equity)
    if pool.bounded or pool.unknown_because:
        ends = partial(_instrument_ends, computed, measured, pool.pool, code)
        return judge_in_doubt(rule, subject, totals, [cap], ends)
    return check_leverage(rule, subject, totals, [cap])


def _instrument_ends(
    computed: Computed, measured: Measured, pool: str, code: str, k: Fraction
) -> Ends | None:
    account = computed.book.account(measured.fact.id)
    if isinstance(account, Unusable):
        return None
    own = next(found for found in pools_of(account) if found.name == pool)
    return pool_ends(account, own, computed.markets.seen_from(account.base), k, of=code)


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
