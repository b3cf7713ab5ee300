"""Every cap of a desk with how much of it is used now: by whom most, and by how many nearly.

Takes a desk; gives its limits, the one used most first. Uses are read off the newest frames, rounded as those
are: good to show and to order by. What is broken was decided by the run, and is counted from its breaches.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.models import Client, Desk
from margin.book.frame import Frame, rows_of
from margin.book.load_market import load_edges
from margin.book.marks import from_shown
from margin.book.rates import RateGraph
from margin.book.read import frames
from margin.engine.measures import AnyKind, LimitKind, WholeKind, any_kind
from margin.flow.kept import forgets
from margin.models import Breach, Instrument, Limit

WHOLE = [kind.value for kind in WholeKind]
POOLED = (Limit.Scope.INSTRUMENT, Limit.Scope.ASSET_CLASS)
UNBOUNDED = float("inf")


@dataclass(slots=True)
class Held:
    """What one subject holds, in one currency. Not `known`: a part has no figure or no rate."""

    gross: float = 0.0
    net: float = 0.0
    equity: float = 0.0
    known: bool = True
    bounded: bool = False

    @property
    def is_sure(self) -> bool:
        return self.known and not self.bounded

    def add(self, gross: float, net: float, equity: float) -> None:
        self.gross += gross
        self.net += net
        self.equity += equity


@dataclass(slots=True)
class DeskUses:
    """A desk's holdings by client, by account, and by client and instrument."""

    clients: dict[str, Held]
    accounts: dict[str, Held]
    own: dict[str, Held]
    instruments: dict[tuple[str, str], Held]


@dataclass(frozen=True, slots=True)
class InForce:
    """One limit. `use` None: nobody is asked, or the frame does not tell; `who` uses most of it."""

    limit: Limit
    measured: float | None
    use: float | None
    who: str
    who_is: str
    asked: int
    near: int
    over: int
    broken: int
    told: bool = False
    """By breaches only: what is asked of pools, or of a whole book, is in no frame."""
    told_at: datetime | None = None
    """When a breach last said it: it speaks when it is warned, opened or cured, and is silent in between."""


Measure = Callable[[Held], float]


def _leverage(held: Held) -> float:
    if held.gross == 0:
        return 0.0
    return held.gross / held.equity if held.equity > 0 else UNBOUNDED


MEASURED: Mapping[AnyKind, Measure] = {
    LimitKind.LEVERAGE: _leverage,
    LimitKind.GROSS: lambda held: held.gross,
    LimitKind.NET: lambda held: abs(held.net),
}
"""In floats, for what a page shows. Findings rest on `margin.engine.measures`."""
_kept: dict[str, tuple[object, DeskUses]] = {}
forgets(_kept.clear)


def limits_in_force(desk: Desk, now: datetime) -> list[InForce]:
    """The one used most first; of those that nobody uses the lowest."""
    used = uses_of(desk)
    classes = dict(Client.objects.filter(desk=desk).values_list("code", "regulatory_class"))
    live = _live(desk)
    rows = [_row(limit, used, classes, live[limit.pk]) for limit in in_force(desk, now)]
    return sorted(rows, key=lambda row: (-(row.use or 0.0), row.limit.kind, row.limit.value))


def in_force(desk: Desk, now: datetime) -> "QuerySet[Limit]":
    standing = Q(valid_to__isnull=True) | Q(valid_to__gt=now)
    rows = Limit.objects.filter(standing, desk=desk, revision_to__isnull=True)
    return rows.select_related(
        "desk__reporting_currency", "client", "sub_account", "instrument", "recorded_by",
        "proposal__proposed_by", "proposal__approved_by",
    )  # fmt: skip


def _row(limit: Limit, used: DeskUses, classes: Mapping[str, str], live: Sequence[Breach]) -> InForce:
    kind = any_kind(limit.kind)
    cap, warn = float(limit.value), float(limit.warns_from)
    broken = sum(breach.state in Breach.BROKEN for breach in live)
    asked = _asked(limit, kind, used, classes) if kind in MEASURED else ()
    found = [(MEASURED[kind](held), who) for who, held in asked if held.known]
    if not found:
        return _told_by_breaches(limit, live, broken)
    most, who = max(found)
    return InForce(
        limit=limit,
        measured=most,
        use=most / cap,
        who=who,
        who_is="account" if limit.scope == Limit.Scope.SUB_ACCOUNT else "client",
        asked=len(found),
        near=sum(warn <= value <= cap for value, _ in found),
        over=sum(value > cap for value, _ in found),
        broken=broken,
    )


def _live(desk: Desk) -> Mapping[int | None, list[Breach]]:
    """Warnings and breaches by the limit they rest on."""
    found: dict[int | None, list[Breach]] = defaultdict(list)
    for breach in Breach.objects.filter(desk=desk, limit__isnull=False).exclude(state=Breach.State.CURED):
        found[breach.limit_id].append(breach)
    return found


def _told_by_breaches(limit: Limit, live: Sequence[Breach], broken: int) -> InForce:
    """What is asked of pools is in no frame; from the warning on, the run keeps what it measured."""
    told = [(UNBOUNDED if one.measured is None else float(one.measured), one) for one in live]
    if not told:
        return InForce(
            limit, None, None, "", "", 0, 0, 0, 0, told=limit.scope in POOLED or limit.kind in WHOLE
        )
    most, worst = max(told, key=lambda pair: pair[0])
    who_is, _, who = worst.subject.partition("/")[0].partition(":")
    near = len(told) - broken
    use = most / float(limit.value)
    return InForce(
        limit, most, use, who, who_is, 0, near, broken, broken, told=True, told_at=worst.changed_at
    )


def _asked(
    limit: Limit, kind: AnyKind, used: DeskUses, classes: Mapping[str, str]
) -> Iterator[tuple[str, Held]]:
    """Whom a limit is asked of, with what they hold."""
    match limit.scope:
        case Limit.Scope.DESK:
            yield from used.clients.items()
        case Limit.Scope.CLASS:
            own = limit.regulatory_class
            yield from ((code, held) for code, held in used.clients.items() if classes.get(code) == own)
        case Limit.Scope.CLIENT if limit.client and limit.client.code in used.clients:
            yield limit.client.code, used.clients[limit.client.code]
        case Limit.Scope.SUB_ACCOUNT if limit.sub_account and limit.sub_account.code in used.accounts:
            code = limit.sub_account.code
            yield code, (used.own if kind is LimitKind.LEVERAGE else used.accounts)[code]
        case Limit.Scope.ASSET_CLASS if kind is not LimitKind.LEVERAGE:
            yield from _of_asset_class(limit, used, classes)
        case Limit.Scope.INSTRUMENT if limit.instrument and kind is not LimitKind.LEVERAGE:
            code = limit.instrument.code
            yield from ((who, held) for (who, what), held in used.instruments.items() if what == code)


def _of_asset_class(limit: Limit, used: DeskUses, classes: Mapping[str, str]) -> Iterator[tuple[str, Held]]:
    codes = set(Instrument.objects.filter(cap_class=limit.cap_class).values_list("code", flat=True))
    found: dict[str, Held] = defaultdict(Held)
    for (who, what), held in used.instruments.items():
        if what in codes and limit.regulatory_class in ("", classes.get(who)):
            found[who].add(held.gross, held.net, held.equity)
    yield from found.items()


def uses_of(desk: Desk) -> DeskUses:
    """Made once a run."""
    found = [frame for frame in frames() if desk.code in frame.desks]
    key = [(frame.shard, frame.run) for frame in found]
    kept = _kept.get(desk.code)
    if kept is None or kept[0] != key:
        uses = DeskUses(defaultdict(Held), {}, {}, defaultdict(Held))
        for frame in found:
            _add(frame, desk, uses)
        kept = _kept[desk.code] = (key, uses)
    return kept[1]


def _add(frame: Frame, desk: Desk, uses: DeskUses) -> None:
    graph = RateGraph(load_edges(), {code: from_shown(price) for code, price in frame.prices.items()})
    rates: dict[str, float | None] = {}
    owners: dict[str, tuple[str, float | None]] = {}
    for row in rows_of(frame.accounts):
        if row["desk"] != desk.code:
            continue
        base = row["currency"]
        if base not in rates:
            rate = graph.rate(base, desk.reporting_currency.code).value
            rates[base] = None if rate is None else float(rate)
        owners[row["account"]] = (row["client"], rates[base])
        _add_account(row, rates[base], uses)
    for row in rows_of(frame.positions):
        client, rate_of = owners.get(row["account"], ("", None))
        if client and rate_of is not None and row["notional"] is not None:
            gross = float(row["notional"]) * rate_of
            signed = float(row["quantity"]) * float(row["mark"] or 0)
            uses.instruments[client, row["instrument"]].add(gross, gross if signed > 0 else -gross, 0.0)


def _add_account(row: Mapping[str, str | None], rate: float | None, uses: DeskUses) -> None:
    account, client = str(row["account"]), uses.clients[str(row["client"])]
    texts = row["gross"], row["net"], row["equity"]
    if rate is None or None in texts:
        uses.accounts[account] = uses.own[account] = Held(known=False)
        client.known = False
        return
    client.bounded = client.bounded or bool(row["bounded"]) or bool(row["unknown_because"])
    gross, net, equity = (float(text or 0) for text in texts)
    uses.own[account] = Held(gross, net, equity)
    uses.accounts[account] = Held(gross * rate, net * rate, equity * rate)
    client.add(gross * rate, net * rate, equity * rate)
