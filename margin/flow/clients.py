"""Clients of a run: each over all its sub-accounts, in the desk's reporting currency.

Takes the figures of a run; gives what the engine is asked about caps, and how much of its leverage cap each
sub-account uses. Judges nothing: the engine does.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from margin.book.applies import Caps
from margin.book.facts import ClientFact
from margin.engine.capped import Seen, sums_of
from margin.engine.limits import Cap, tightest
from margin.engine.measures import MEASURES, LimitKind, Sums
from margin.engine.rational import Fraction
from margin.engine.types import ZERO, Account
from margin.flow.recompute import Computed, Measured


@dataclass(frozen=True, slots=True)
class ClientFigures:
    """A client over its sub-accounts. `sums` None: some part is unknown."""

    client: ClientFact
    currency: str
    members: Sequence[Measured]
    seen: Sequence[Seen]
    sums: Sums | None


def measure_clients(computed: Computed) -> dict[int, ClientFigures]:
    """Every client of the shard that has a sub-account, by id."""
    members: dict[int, list[Measured]] = defaultdict(list)
    for measured in computed.accounts.values():
        members[measured.fact.client_id].append(measured)
    return {
        client_id: _measure_client(computed, computed.book.rules.clients[client_id], own)
        for client_id, own in sorted(members.items())
    }


def clients_of(computed: Computed, clients: Set[int]) -> dict[int, ClientFigures]:
    """These clients alone: their sub-accounts are measured exactly, if they are not yet."""
    accounts = {number: computed.accounts[number] for number in computed.of_clients(clients)}
    return measure_clients(replace_accounts(computed, accounts))


def replace_accounts(computed: Computed, accounts: Mapping[int, Measured]) -> Computed:
    """A run of fewer accounts, at the same prices."""
    return Computed(computed.book, computed.pinned, computed.markets, computed.at, accounts)


def _measure_client(computed: Computed, client: ClientFact, members: Sequence[Measured]) -> ClientFigures:
    currency = computed.book.rules.desks[client.desk_id].currency
    seen = [see(computed, measured, into=currency) for measured in members]
    return ClientFigures(client, currency, members, seen, sums_of(seen))


def see(computed: Computed, measured: Measured, *, into: str) -> Seen:
    """A sub-account as the engine looks at it, with its rate to another currency where that is sure."""
    base = measured.fact.base
    account = computed.book.account(measured.fact.id)
    return Seen(
        measured.figures,
        account if isinstance(account, Account) else None,
        computed.markets.seen_from(base),
        _sure_rate(computed, base, into),
    )


def _sure_rate(computed: Computed, base: str, into: str) -> Fraction | None:
    rate = computed.markets.rates.rate(base, into)
    return None if rate.state.in_doubt else rate.value


@dataclass(frozen=True, slots=True)
class CapUse:
    """The leverage cap nearest to binding on a sub-account, and its used share.

    No share: unbounded or unknown.
    """

    cap: Cap | None
    use: Fraction | None


def nearest_cap(measured: Measured, client: ClientFigures, caps: Caps) -> CapUse:
    """Of the client's tightest cap and the sub-account's own, the one used more."""
    over_client = tightest(caps.of_client(LimitKind.LEVERAGE, client.client))
    found = [CapUse(over_client, _use(client.sums, over_client))] if over_client else []
    own = caps.of_account(LimitKind.LEVERAGE, measured.fact)
    if own is not None:
        found.append(CapUse(own, _use(_own_sums(measured), own)))
    return max(found, key=_by_use, default=CapUse(None, None))


def _own_sums(measured: Measured) -> Sums | None:
    figures = measured.figures
    if figures.unknown_because or figures.gross is None or figures.equity is None:
        return None
    return Sums(gross=figures.gross, equity=figures.equity)


def _use(sums: Sums | None, cap: Cap) -> Fraction | None:
    ratio = MEASURES[LimitKind.LEVERAGE].of(sums).ratio if sums else None
    return None if ratio is None else ratio / cap.limit


def _by_use(found: CapUse) -> tuple[bool, Fraction]:
    """Unbounded or unknown comes before any number."""
    return found.use is None, found.use or ZERO
