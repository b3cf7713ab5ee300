"""A run's figures as they will be read, and the hash that a replay must meet again.

Takes computed figures and caps; gives rows, desk parts and their digest. The digest covers everything that
is shown except the names of the run itself, so equal inputs under one engine version give equal digests.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from margin.book.applies import Caps
from margin.book.frame import ACCOUNT_COLUMNS, POSITION_COLUMNS, Columns, Frame, ShownPrice, columns_of
from margin.book.version import engine_version
from margin.flow.cap_findings import over_caps
from margin.flow.cap_states import cap_states
from margin.flow.clients import ClientFigures, measure_clients, nearest_cap
from margin.flow.found import Found
from margin.flow.recompute import Computed
from margin.flow.show import account_rows, position_rows
from margin.flow.sum_up import desk_parts
from margin.models import Run


@dataclass(frozen=True, slots=True)
class Composed:
    """All that a run shows. `clients` and what was found of their caps are kept for the findings."""

    run: str
    shard: int
    at: str
    prices: dict[str, ShownPrice]
    desks: dict[str, dict[str, Any]]
    accounts: Columns
    positions_columns: Columns
    clients: Mapping[int, ClientFigures]
    capped: Sequence[Found]
    digest: str

    @property
    def positions(self) -> int:
        return len(self.positions_columns["ref"])

    @property
    def unknown(self) -> int:
        return sum(level == "unknown" for level in self.accounts["level"])

    def frame(self, seq: int) -> Frame:
        """The frame, once its number is known."""
        return Frame(
            run=self.run,
            shard=self.shard,
            seq=seq,
            at=self.at,
            engine_version=engine_version(),
            prices=self.prices,
            desks=self.desks,
            accounts=self.accounts,
            positions=self.positions_columns,
        )


def compose_frame(computed: Computed, caps: Caps, *, run: Run) -> Composed:
    clients = measure_clients(computed)
    uses = {
        account_id: nearest_cap(measured, clients[measured.fact.client_id], caps)
        for account_id, measured in computed.accounts.items()
    }
    capped = [one for client in clients.values() for one in over_caps(client, caps)]
    prices = {code: price.as_shown() for code, price in sorted(computed.pinned.items())}
    desks = desk_parts(computed)
    accounts = columns_of(ACCOUNT_COLUMNS, account_rows(computed, clients, uses, cap_states(capped)))
    positions = columns_of(POSITION_COLUMNS, position_rows(computed))
    at = computed.at.isoformat()
    return Composed(
        run=str(run.pk),
        shard=computed.book.shard,
        at=at,
        prices=prices,
        desks=desks,
        accounts=accounts,
        positions_columns=positions,
        clients=clients,
        capped=capped,
        digest=digest_of([at, prices, desks, accounts, positions]),
    )


def digest_of(shown: list[Any]) -> str:
    """SHA-256 over canonical JSON: keys sorted, nothing else to choose."""
    return hashlib.sha256(msgspec.json.encode(shown, order="deterministic")).hexdigest()
