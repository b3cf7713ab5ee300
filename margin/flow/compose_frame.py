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
from margin.book.frame import (
    ACCOUNT_COLUMNS,
    POSITION_COLUMNS,
    Columns,
    Frame,
    Places,
    ShownPrice,
    columns_of,
)
from margin.book.packed import Column
from margin.book.version import engine_version
from margin.flow import compose_columns as columnar
from margin.flow.binding_caps import leverage_caps
from margin.flow.cap_columns import cap_uses
from margin.flow.cap_findings import caps_of
from margin.flow.cap_states import cap_states
from margin.flow.cap_zones import Uses
from margin.flow.client_sums import ground_of
from margin.flow.clients import ClientFigures, measure_clients, nearest_cap
from margin.flow.found import Found
from margin.flow.recompute import Computed
from margin.flow.show import account_rows, position_rows
from margin.flow.show_columns import account_columns, position_columns
from margin.flow.sum_up import desk_parts, desk_parts_of_columns
from margin.flow.sweep import Swept
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
    places: Places | None = None
    beside: str = ""
    uses: Sequence[Uses] = ()
    """Of a large shard: what is used of its caps, for the findings."""

    @property
    def positions(self) -> int:
        return sum(part["positions"] for part in self.desks.values())

    @property
    def unknown(self) -> int:
        return sum(part["levels"]["unknown"] for part in self.desks.values())

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
            places=self.places,
            beside=self.beside,
        )


def compose_frame(computed: Computed, caps: Caps, *, run: Run) -> Composed:
    if isinstance(computed, Swept):
        return _compose_columns(computed, caps, run=run)
    clients = measure_clients(computed)
    uses = {
        account_id: nearest_cap(measured, clients[measured.fact.client_id], caps)
        for account_id, measured in computed.accounts.items()
    }
    capped = caps_of(clients, caps)
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


def _compose_columns(swept: Swept, caps: Caps, *, run: Run) -> Composed:
    """The same of a large shard: no object a row."""
    ground = ground_of(swept, caps)
    uses = list(cap_uses(ground))
    exact = columnar.exactly(swept, caps, uses)
    states = columnar.states_of(swept, uses, exact.states)
    accounts = account_columns(swept, leverage_caps(ground), states)
    positions = position_columns(swept)
    columnar.place_exact(swept, accounts, positions, exact)
    order = columnar.trouble_order(swept, accounts, states)
    prices = {code: price.as_shown() for code, price in sorted(swept.pinned.items())}
    desks = desk_parts_of_columns(swept)
    at = swept.at.isoformat()
    return Composed(
        run=str(run.pk),
        shard=swept.book.shard,
        at=at,
        prices=prices,
        desks=desks,
        accounts={name: Column(column, order) for name, column in accounts.items()},
        positions_columns={name: Column(column) for name, column in positions.items()},
        clients={},
        capped=(),
        digest=columnar.digest_of([at, prices, desks], swept, accounts, positions, order),
        places=columnar.places_of(swept, order),
        beside=f"shard-{swept.book.shard}.{swept.roster.version[:16]}.still",
        uses=uses,
    )


def digest_of(shown: list[Any]) -> str:
    """SHA-256 over canonical JSON: keys sorted, nothing else to choose."""
    return hashlib.sha256(msgspec.json.encode(shown, order="deterministic")).hexdigest()
