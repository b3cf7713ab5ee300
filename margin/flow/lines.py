"""Which position each report means, and what is wrong with it.

Takes a snapshot, the nouns it names and the positions that are open; gives one `Line` per report, and
refusals that name its place. Pure but for the rows it is handed: reads and writes nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from accounts.models import Asset, Status, SubAccount
from accounts.movements import decimals_of
from margin.flow.source_snapshot import ISOLATED, SIDES, PositionReport, SourceSnapshot
from margin.models import Instrument, PositionVersion, Venue
from riskdesk.errors import Refusal

MOST_REF_CHARACTERS = 120
LEFT_OUT = -1
"""The place of a position that the snapshot no longer tells of, and so closes."""
ZERO = Decimal(0)
MOST_WORTH = Decimal(10) ** 15
"""Of one position at its entry price, in what its price counts in: beyond is a slip of the sender."""
Open = Mapping[tuple[str, str], PositionVersion]


@dataclass(frozen=True, slots=True)
class Nouns:
    """The rows that a snapshot names, by code, and the positions open in its accounts, by account and ref."""

    accounts: Mapping[str, SubAccount]
    instruments: Mapping[str, Instrument]
    venues: Mapping[str, Venue]
    assets: Mapping[str, Asset]
    open: Open


@dataclass(frozen=True, slots=True)
class Line:
    """One report, and the position it is about."""

    place: int
    report: PositionReport
    account: SubAccount
    instrument: Instrument
    venue: Venue | None
    ref: str
    stands: PositionVersion | None

    @property
    def closes(self) -> bool:
        return self.report.quantity == 0

    @property
    def where(self) -> str:
        """The field of the snapshot that asks for this."""
        return "replace" if self.place == LEFT_OUT else f"positions[{self.place}]"

    @property
    def outcome(self) -> str:
        """What becomes of the position."""
        if self.closes:
            return "unchanged" if self.stands is None else "closed"
        if self.stands is None:
            return "opened"
        return "unchanged" if self.wanted == values_of(self.stands) else "changed"

    @property
    def wanted(self) -> tuple[object, ...]:
        """The values of the version that this report asks for. A result it does not speak of stays."""
        report, kept = self.report, self.stands.realised_pnl if self.stands else ZERO
        realised = kept if report.realised_pnl is None else report.realised_pnl
        venue = self.venue.pk if self.venue else None
        numbers = (report.quantity, report.entry_price, realised, report.leverage)
        return (report.mode, venue, report.strategy, *numbers)


@dataclass(slots=True)
class Read:
    lines: list[Line] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)

    def refuse(self, where: str, rule: str, value: object, message: str) -> None:
        self.refused.append(Refusal(where, rule, str(value), message))


def read_lines(snapshot: SourceSnapshot, nouns: Nouns) -> Read:
    """Every report of a position as a line, or every reason why not."""
    read = Read()
    both = hedged(snapshot)
    seen: set[tuple[str, str]] = set()
    for place, report in enumerate(snapshot.positions):
        where = f"positions[{place}]"
        if not known(where, report, nouns, read):
            continue
        ref = report.ref or derive_ref(report, nouns.open, both)
        if ref is None:
            message = "Two sides of this position are open: name its ref."
            read.refuse(f"{where}.ref", "ambiguous_ref", report.instrument, message)
            continue
        if (report.account, ref) in seen:
            message = "This position stands twice here: name refs of their own to hold several."
            read.refuse(f"{where}.ref", "twice", ref, message)
            continue
        seen.add((report.account, ref))
        line = Line(
            place=place,
            report=report,
            account=nouns.accounts[report.account],
            instrument=nouns.instruments[report.instrument],
            venue=nouns.venues.get(report.venue),
            ref=ref,
            stands=nouns.open.get((report.account, ref)),
        )
        check_line(where, line, snapshot.source, read)
        read.lines.append(line)
    return read


def left_out(snapshot: SourceSnapshot, lines: Sequence[Line], nouns: Nouns) -> list[Line]:
    """This source's other positions in the accounts named, closed where the snapshot replaces all."""
    told = {(line.account.code, line.ref) for line in lines}
    return [
        Line(
            place=LEFT_OUT,
            report=PositionReport(account, row.instrument.code, row.mode, ZERO, row.entry_price, ref),
            account=nouns.accounts[account],
            instrument=row.instrument,
            venue=None,
            ref=ref,
            stands=row,
        )
        for (account, ref), row in sorted(nouns.open.items())
        if snapshot.replace and row.source == snapshot.source and (account, ref) not in told
    ]


def values_of(row: PositionVersion) -> tuple[object, ...]:
    numbers = (row.quantity, row.entry_price, row.realised_pnl, row.leverage)
    return (row.mode, row.venue_id, row.strategy, *numbers)


def known(where: str, report: PositionReport, nouns: Nouns, read: Read) -> bool:
    """Whether the report names only what exists."""
    before = len(read.refused)
    if report.account not in nouns.accounts:
        read.refuse(f"{where}.account", "unknown", report.account, "There is no such account.")
    if report.instrument not in nouns.instruments:
        read.refuse(f"{where}.instrument", "unknown", report.instrument, "There is no such instrument.")
    if report.venue and report.venue not in nouns.venues:
        read.refuse(f"{where}.venue", "unknown", report.venue, "There is no such venue.")
    return len(read.refused) == before


def hedged(snapshot: SourceSnapshot) -> set[tuple[str, ...]]:
    """Positions told with a long and a short side at once."""
    signs: dict[tuple[str, ...], set[bool]] = {}
    for report in snapshot.positions:
        if report.quantity and not report.ref:
            signs.setdefault((report.account, *report.key), set()).add(report.quantity > 0)
    return {key for key, found in signs.items() if len(found) == 2}


def derive_ref(report: PositionReport, open_now: Open, both: set[tuple[str, ...]]) -> str | None:
    """The ref of a report without one. A side is named only where both sides are held, now or already."""
    whole = report.default_ref()
    sided = {side: report.default_ref(side) for side in SIDES}
    sides_open = [side for side in SIDES if (report.account, sided[side]) in open_now]
    if not sides_open and (report.account, *report.key) not in both:
        return whole
    stands = open_now.get((report.account, whole))
    if not report.quantity:
        candidates = [sided[side] for side in sides_open] + ([whole] if stands else [])
        return candidates[0] if len(candidates) == 1 else None
    if stands and (stands.quantity > 0) == (report.quantity > 0):
        return whole
    return sided["long" if report.quantity > 0 else "short"]


def check_line(where: str, line: Line, source: str, read: Read) -> None:
    """The rules that need the rows: who owns the ref, what may be opened, which numbers are possible."""
    report, stands = line.report, line.stands
    if len(line.ref) > MOST_REF_CHARACTERS:
        read.refuse(f"{where}.ref", "max_length", line.ref, f"At most {MOST_REF_CHARACTERS} characters.")
    if stands and stands.source != source:
        message = f"This ref was sent by {stands.source}, which owns it."
        read.refuse(f"{where}.ref", "other_source", line.ref, message)
    if stands and stands.instrument_id != line.instrument.pk:
        message = f"This ref is a position in {stands.instrument.code}; it stays one until it is closed."
        read.refuse(f"{where}.instrument", "other_instrument", report.instrument, message)
    check_margin(where, line, read)
    if line.closes:
        return
    if not stands and line.account.status == Status.CLOSED:
        read.refuse(f"{where}.account", "closed", report.account, "The account is closed.")
    if not stands and not line.instrument.active:
        read.refuse(f"{where}.instrument", "inactive", report.instrument, "It is not traded any more.")
    if report.entry_price <= 0 and not line.instrument.allow_negative:
        message = f"An entry price of {line.instrument.code} is above 0."
        read.refuse(f"{where}.entry_price", "above", f"{report.entry_price:f}", message)
    if worth_at_entry(line) >= MOST_WORTH:
        message = "At its entry price it would be worth 1,000,000,000,000,000 or more: no position is."
        read.refuse(f"{where}.quantity", "too_large", f"{report.quantity:f}", message)


def worth_at_entry(line: Line) -> Decimal:
    size = abs(line.report.quantity) * line.instrument.contract_size
    return size if line.instrument.kind == Instrument.Kind.INVERSE else size * abs(line.report.entry_price)


def check_margin(where: str, line: Line, read: Read) -> None:
    """Margin of a pocket: only where there is one, and in whole steps of the base currency."""
    report, base = line.report, line.account.base_currency
    for name in ("isolated_margin", "realised_pnl"):
        amount: Decimal | None = getattr(report, name)
        if amount is not None and report.mode == ISOLATED and decimals_of(amount) > base.scale:
            message = f"{base.code} is kept to {base.scale} decimals; nothing is rounded."
            read.refuse(f"{where}.{name}", "scale", f"{amount:f}", message)
    if report.isolated_margin is None:
        return
    if report.mode != ISOLATED:
        message = "Only an isolated position has margin of its own."
        read.refuse(f"{where}.isolated_margin", "only_isolated", f"{report.isolated_margin:f}", message)
    elif line.closes and report.isolated_margin:
        message = "A position that closes keeps no margin."
        read.refuse(f"{where}.isolated_margin", "closing", f"{report.isolated_margin:f}", message)
