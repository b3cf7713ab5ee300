"""The engine's borders: what an account must satisfy before it is computed.

Takes an account; gives the reasons why it cannot be measured, none if it can. One crooked account becomes
unknown with its reason; the run goes on for the others. Never repairs anything.
"""

from collections import Counter
from collections.abc import Iterator

from margin.engine.types import Account, Kind, Mode, Policy, Position


def faults(account: Account, policy: Policy) -> tuple[str, ...]:
    """Named in the order of the account; empty for an account that can be computed."""
    found = [fault for position in account.positions for fault in _position_faults(position)]
    refs = Counter(position.ref for position in account.positions)
    found += [f"two positions are called {ref}" for ref, count in refs.items() if count > 1]
    found += _scenario_faults(account, policy)
    if account.buffer < 0:
        found.append("the house buffer is negative")
    return tuple(found)


def _position_faults(position: Position) -> Iterator[str]:
    instrument = position.instrument
    if position.mode not in Mode:
        yield f"{position.ref}: unknown mode {position.mode}"
    if instrument.contract_size <= 0:
        yield f"{instrument.code}: the contract size is not above zero"
    if instrument.reference_price < 0 or instrument.buffer < 0:
        yield f"{instrument.code}: reference price or buffer is negative"
    if position.entry_price <= 0 and not instrument.may_be_negative:
        yield f"{position.ref}: the entry price is not above zero"
    if position.leverage is not None and position.leverage < 1:
        yield f"{position.ref}: the leverage is below 1"


def _scenario_faults(account: Account, policy: Policy) -> Iterator[str]:
    """An inverse contract has no value at a price of zero, so no scenario may take it there."""
    scenarios = policy.portfolio.scenarios if policy.portfolio else ()
    for position in account.positions:
        for scenario in scenarios:
            move = scenario.move(position.instrument.loadings)
            if position.instrument.kind is Kind.INVERSE and move <= -1:
                yield f"scenario {scenario.name} takes {position.instrument.code} to zero"
