"""Caps: figures against what is allowed, as findings.

Takes figures and the caps that apply to a subject; gives one finding that names the tightest. A missing cap
means blocked, never unlimited; some notional on no equity breaches every cap. Opens and closes nothing: what
becomes of a finding is decided in `breach`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from margin.engine.figures import AccountFigures, Finding, PoolFigures, Reason, Severity
from margin.engine.rational import Fraction
from margin.engine.types import ZERO, total_of


@dataclass(frozen=True, slots=True)
class Cap:
    """A limit in force; `scope` is class, instrument, client, account, strategy, venue, desk or mandate."""

    name: str
    scope: str
    limit: Fraction
    warn_at: Fraction = Fraction(80, 100)


@dataclass(frozen=True, slots=True)
class Totals:
    """Notional and the equity behind it, in one currency."""

    gross: Fraction
    equity: Fraction

    @property
    def leverage(self) -> Fraction | None:
        """None is unbounded: something held on nothing."""
        if self.gross == 0:
            return ZERO
        return self.gross / self.equity if self.equity > 0 else None


def tightest(caps: Sequence[Cap]) -> Cap | None:
    """The one that binds; of equal ones the first given."""
    return min(caps, key=lambda cap: cap.limit, default=None)


def check_leverage(rule: str, subject: str, totals: Totals | None, caps: Sequence[Cap]) -> Finding:
    """Leverage against the tightest cap. `totals` None: a figure is unknown, and nothing is concluded."""
    cap = tightest(caps)
    if cap is None:
        measured = totals.leverage if totals else None
        return Finding(rule, subject, measured, None, Severity.BLOCKED, Reason.NO_LIMIT)
    severity, reason = _judge(totals, cap)
    measured = totals.leverage if totals else None
    return Finding(rule, subject, measured, cap.limit, severity, reason, cap.name)


def _judge(totals: Totals | None, cap: Cap) -> tuple[Severity, Reason]:
    """Multiplied across: equity of zero needs no path of its own."""
    if totals is None:
        return Severity.UNKNOWN, Reason.UNKNOWN_FIGURE
    if totals.gross == 0:
        return Severity.OK, Reason.WITHIN
    if totals.equity <= 0:
        return Severity.BREACH, Reason.NO_EQUITY
    if totals.gross > cap.limit * totals.equity:
        return Severity.BREACH, Reason.OVER_LIMIT
    if totals.gross >= cap.warn_at * cap.limit * totals.equity:
        return Severity.WARN, Reason.NEAR_LIMIT
    return Severity.OK, Reason.WITHIN


def account_totals(figures: AccountFigures) -> Totals | None:
    if figures.gross is None or figures.equity is None or figures.unknown_because:
        return None
    return Totals(figures.gross, figures.equity)


def client_totals(accounts: Sequence[AccountFigures], rates: Mapping[str, Fraction]) -> Totals | None:
    """All sub-accounts of a client in the reporting currency; `rates` is per base currency to it.

    None where a sub-account or a rate is unknown: a sum that leaves one out would look better than it is.
    """
    gross = equity = ZERO
    for account in accounts:
        own = account_totals(account)
        if own is None or account.base not in rates:
            return None
        gross += own.gross * rates[account.base]
        equity += own.equity * rates[account.base]
    return Totals(gross, equity)


def check_account(figures: AccountFigures, caps: Sequence[Cap]) -> Finding:
    """One sub-account's leverage, over E_total."""
    return check_leverage("account_leverage", figures.code, account_totals(figures), caps)


def check_client(
    client: str, accounts: Sequence[AccountFigures], rates: Mapping[str, Fraction], caps: Sequence[Cap]
) -> Finding:
    """One client's leverage over all its sub-accounts, in the reporting currency."""
    return check_leverage("client_leverage", client, client_totals(accounts, rates), caps)


def check_instruments(figures: AccountFigures, caps: Mapping[str, Sequence[Cap]]) -> list[Finding]:
    """Each instrument's notional in each pool over that pool's equity, by instrument code and pool."""
    found = []
    for pool in figures.pools:
        for instrument in dict.fromkeys(row.instrument for row in pool.positions):
            subject = f"{figures.code}|{pool.pool}|{instrument}"
            totals = _instrument_totals(pool, instrument)
            found.append(check_leverage("instrument_leverage", subject, totals, caps.get(instrument, ())))
    return found


def _instrument_totals(pool: PoolFigures, instrument: str) -> Totals | None:
    if pool.equity is None or pool.unknown_because:
        return None
    own = [
        row.notional for row in pool.positions if row.instrument == instrument and row.notional is not None
    ]
    return Totals(total_of(own), pool.equity)


def check_position_limits(figures: AccountFigures) -> list[Finding]:
    """Legs larger than their schedule's cap, per instrument and side: a breach, never an error."""
    return [
        Finding(
            "position_limit",
            f"{figures.code}|{pool.pool}|{leg.instrument}|{'long' if leg.side > 0 else 'short'}",
            leg.size,
            leg.cap,
            Severity.BREACH,
            Reason.OVER_LIMIT,
            f"schedule of {leg.instrument}",
        )
        for pool in figures.pools
        for leg in pool.legs
        if leg.cap is not None and leg.size > leg.cap
    ]
