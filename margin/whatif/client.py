"""One client as the newest run saw it: its sums in the desk's currency, and every cap that is asked of it.

Takes a client; gives what was measured against each cap, the binding one first. Decides nothing: the run did.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from accounts.models import Client
from margin.book.applies import Buffers, Caps, EffectiveBuffer
from margin.book.read import newest_frame
from margin.engine.capped import check_together
from margin.engine.figures import AccountFigures, Finding, Severity
from margin.engine.measures import UNITS, AnyKind, Unit
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.types import ZERO, total_of
from margin.engine.whole_measures import check_whole
from margin.flow.cap_findings import KINDS, over_caps
from margin.flow.clients import ClientFigures
from margin.flow.found import Found
from margin.flow.whole_findings import WHOLE_KINDS
from margin.models import Run
from margin.whatif.revisit import computed_of

Figure = Callable[[AccountFigures], Fraction | None]
WORST = (Severity.BREACH, Severity.BLOCKED, Severity.UNKNOWN, Severity.WARN, Severity.OK)


@dataclass(frozen=True, slots=True)
class AskedCap:
    """One cap with what it measures: of whom, and in what (`currency` empty: as a multiple of equity).

    `kind` None: it is no limit that somebody set but the cap of a schedule, asked of a leg.
    """

    kind: AnyKind | None
    of: str
    whole: bool
    currency: str
    finding: Finding

    @property
    def use(self) -> Fraction | None:
        """None: unbounded, or unknown."""
        found = self.finding
        return None if found.measured is None or not found.limit else found.measured / found.limit


@dataclass(frozen=True, slots=True)
class ClientSums:
    """In the desk's reporting currency; None where a part is unknown or a rate is in doubt."""

    currency: str
    equity: Fraction | None
    house: Fraction | None
    maintenance: Fraction | None
    gross: Fraction | None
    net: Fraction | None

    @property
    def leverage(self) -> Fraction | None:
        if self.gross is None or self.equity is None or self.equity <= 0:
            return ZERO if self.gross == 0 else None
        return self.gross / self.equity


@dataclass(frozen=True, slots=True)
class ClientSeen:
    run: Run
    sums: ClientSums
    caps: tuple[AskedCap, ...]
    buffers: dict[str, EffectiveBuffer]


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
    caps, buffers = Caps(rules, run.at or run.started_at), Buffers(rules)
    return ClientSeen(
        run=run,
        sums=_sums(figures),
        caps=tuple(sorted(_asked(figures, caps), key=_nearest_first)),
        buffers={one.fact.code: buffers.of(one.fact) for one in figures.members},
    )


def _asked(client: ClientFigures, caps: Caps) -> Iterator[AskedCap]:
    """Every cap upon the whole client, each by itself; then what is asked of its parts."""
    of_client = {asking.client for asking in KINDS.values()} | {one.client for one in WHOLE_KINDS.values()}
    for kind, asking in KINDS.items():
        for cap in caps.of_client(kind, client.client):
            finding = check_together(kind, asking.client, cap.name, client.seen, [cap])
            yield AskedCap(kind, "the whole client", True, _currency(kind, client.currency), finding)
    for whole, asked in WHOLE_KINDS.items():
        for cap in caps.of_client(whole, client.client):
            finding = check_whole(whole, asked.client, cap.name, client.seen, [cap])
            yield AskedCap(whole, "the whole client", True, _currency(whole, client.currency), finding)
    for found in over_caps(client, caps):
        if found.rule not in of_client and found.finding.limit is not None:
            currency = _currency(found.kind, found.currency)
            yield AskedCap(found.kind, _whom(found), False, currency, found.finding)


def _currency(kind: AnyKind | None, currency: str) -> str:
    return "" if kind is not None and UNITS[kind] is not Unit.MONEY else currency


def _whom(found: Found) -> str:
    code = found.measured.fact.code if found.measured else "the whole client"
    place = "" if found.pool is None else ", cross" if found.pool.pool == CROSS else ", isolated"
    side = found.detail.get("side", "")
    return f"{code}{place}{', ' if side else ''}{side}"


def _nearest_first(asked: AskedCap) -> tuple[int, Fraction, str, str]:
    return WORST.index(asked.finding.severity), -(asked.use or ZERO), asked.finding.binding, asked.of


def _sums(client: ClientFigures) -> ClientSums:
    def total(figure: Figure) -> Fraction | None:
        parts = [_part(figure(seen.figures), seen.rate) for seen in client.seen]
        known = [part for part in parts if part is not None]
        return total_of(known) if len(known) == len(parts) else None

    return ClientSums(
        currency=client.currency,
        equity=total(lambda own: own.equity),
        house=total(lambda own: own.house_maintenance),
        maintenance=total(lambda own: own.maintenance),
        gross=total(lambda own: own.gross),
        net=total(lambda own: own.net),
    )


def _part(own: Fraction | None, rate: Fraction | None) -> Fraction | None:
    return None if own is None or rate is None else own * rate
