"""One client as the newest run saw it: its sums in the desk's currency, and every cap that is asked of it.

Takes a client and a run; gives what was measured against each cap, the binding one first. Decides nothing:
the run did.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from accounts.models import Client
from margin.book.applies import Buffers, Caps, EffectiveBuffer
from margin.book.frame import rows_of
from margin.book.read import newest_frame
from margin.engine.figures import AccountFigures, Finding, Severity
from margin.engine.limits import Cap, Totals, check_leverage
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.types import ZERO
from margin.flow.leverage import ClientFigures, check_account, check_instruments, sure_rates
from margin.flow.recompute import Computed, Measured
from margin.models import Run
from margin.whatif.revisit import computed_of

Figure = Callable[[AccountFigures], Fraction | None]


@dataclass(frozen=True, slots=True)
class Asked:
    """One cap with what it measures: of whom, how much of it is used (None: unbounded, or unknown)."""

    cap: Cap
    of: str
    finding: Finding

    @property
    def use(self) -> Fraction | None:
        return None if self.finding.measured is None else self.finding.measured / self.cap.limit


@dataclass(frozen=True, slots=True)
class Sums:
    """In the desk's reporting currency; None where a part is unknown or a rate is in doubt."""

    currency: str
    equity: Fraction | None
    house: Fraction | None
    maintenance: Fraction | None
    gross: Fraction | None
    net: Fraction | None


@dataclass(frozen=True, slots=True)
class ClientSeen:
    run: Run
    sums: Sums
    totals: Totals | None
    caps: tuple[Asked, ...]
    buffers: dict[str, EffectiveBuffer]
    rows: tuple[dict[str, object], ...]


def client_now(client: Client) -> ClientSeen | None:
    """None while no run has seen the client."""
    frame = newest_frame(client.shard_id)
    run = None if frame is None else Run.objects.filter(pk=frame.run, state=Run.State.COMMITTED).first()
    if run is None or run.shard_revision is None:
        return None
    computed, composed = computed_of(run, client.pk)
    figures = composed.clients.get(client.pk)
    if figures is None:
        return None
    rules = computed.book.rules
    caps = Caps(rules, run.at or run.started_at)
    asked = sorted(_asked(computed, figures, caps), key=_nearest_first)
    buffers = Buffers(rules)
    return ClientSeen(
        run=run,
        sums=_sums(computed, figures),
        totals=figures.totals,
        caps=tuple(asked),
        buffers={one.fact.code: buffers.of(one.fact) for one in figures.members},
        rows=tuple(rows_of(composed.accounts)),
    )


def _asked(computed: Computed, client: ClientFigures, caps: Caps) -> Iterator[Asked]:
    for cap in caps.of_client(client.client):
        subject = f"client {client.client.code}"
        yield Asked(cap, subject, check_leverage("client_leverage", subject, client.totals, [cap]))
    by_instrument = caps.of_instruments(client.client.desk_id)
    for measured in client.members:
        own = caps.of_account(measured.fact)
        if own is not None:
            yield Asked(own, f"sub-account {measured.fact.code}", check_account(computed, measured, own))
        for pool, code, finding in check_instruments(computed, measured, by_instrument):
            yield Asked(by_instrument[code], f"{measured.fact.code}, {_place(pool)}", finding)


def _place(pool: str) -> str:
    return "cross" if pool == CROSS else "own pocket"


WORST = (Severity.BREACH, Severity.BLOCKED, Severity.UNKNOWN, Severity.WARN, Severity.OK)


def _nearest_first(asked: Asked) -> tuple[int, Fraction, str]:
    return WORST.index(asked.finding.severity), -(asked.use or ZERO), asked.cap.name


def _sums(computed: Computed, client: ClientFigures) -> Sums:
    currency = computed.book.rules.desks[client.client.desk_id].currency
    rates = sure_rates(computed, currency, {measured.fact.base for measured in client.members})

    def total(figure: Figure) -> Fraction | None:
        parts = [_part(measured, figure, rates.get(measured.fact.base)) for measured in client.members]
        known = [part for part in parts if part is not None]
        return sum(known, ZERO) if len(known) == len(parts) else None

    return Sums(
        currency=currency,
        equity=total(lambda own: own.equity),
        house=total(lambda own: own.house_maintenance),
        maintenance=total(lambda own: own.maintenance),
        gross=total(lambda own: own.gross),
        net=total(lambda own: own.net),
    )


def _part(measured: Measured, figure: Figure, rate: Fraction | None) -> Fraction | None:
    own = figure(measured.figures)
    return None if own is None or rate is None else own * rate
