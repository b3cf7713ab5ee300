"""A rule in plain words. Takes one row of configuration; gives a sentence. Reads nothing, decides nothing."""

from decimal import Decimal

from accounts.models import HouseBuffer, RegulatoryClass
from margin import formats
from margin.engine.measures import UNITS, Unit, any_kind
from margin.engine.profiles import Denominator, Profile
from margin.engine.rational import Fraction
from margin.models import (
    Calendar,
    DeskPolicy,
    HaircutVersion,
    Instrument,
    InstrumentBuffer,
    Limit,
    TemporaryExcess,
)
from margin.models import ScheduleVersion as Schedule

MEASURED = {
    Limit.Kind.LEVERAGE: "may hold at most {cap} its equity in positions",
    Limit.Kind.GROSS: "may hold at most {cap} in positions, longs and shorts together",
    Limit.Kind.NET: "may hold at most {cap} net, longs less shorts, whichever way",
    Limit.Kind.ONE_ASSET: "may have at most {cap} of all positions on one asset",
    Limit.Kind.ONE_WAY: "may have at most {cap} of all exposure going one way",
    Limit.Kind.WORST_LOSS: "may lose at most {cap} on one position",
    Limit.Kind.COLLATERAL: "may have at most {cap} of all collateral in one asset whose price can fall",
}


def share(rate: Decimal | Fraction | None, decimals: int = 2) -> str:
    """A rate as per cent without idle zeros: 12.5 %."""
    if rate is None:
        return formats.NONE
    text = formats.percent(f"{float(rate):.10f}", decimals).removesuffix(" %")
    return f"{formats.plain(text)} %"


def amount(value: Decimal | None) -> str:
    return formats.money(None if value is None else formats.plain(f"{value:f}"))


def of_limit(row: Limit, currency: str) -> str:
    words = MEASURED[Limit.Kind(row.kind)].format(cap=_told(row.kind, row.value, currency))
    said = f"{whom_of_limit(row)} {words}; a warning comes at {_told(row.kind, row.warns_from, currency)}"
    return f"{said}. It ends {row.valid_to:%Y-%m-%d %H:%M} UTC." if row.valid_to else f"{said}."


def of_excess(row: TemporaryExcess, currency: str) -> str:
    """For a while, beyond the caps."""
    kind = row.get_kind_display().lower()
    until = f"{row.valid_to:%Y-%m-%d %H:%M} UTC"
    return f"Client {row.client} may go up to {_told(row.kind, row.value, currency)} ({kind}) until {until}."


def _told(kind: str, value: Decimal, currency: str) -> str:
    unit = UNITS[any_kind(kind)]
    if unit is Unit.SHARE:
        return share(value)
    return f"{amount(value)} times" if unit is Unit.TIMES else f"{amount(value)} {currency}"


def whom_of_limit(row: Limit) -> str:
    if row.instrument:
        return f"In {row.instrument.code}, every client"
    whom = _whom(row.regulatory_class, row.client, row.sub_account)
    return f"In {formats.asset_class(row.cap_class)}, {whom[0].lower()}{whom[1:]}" if row.cap_class else whom


def _whom(regulatory_class: str, client: object, sub_account: object) -> str:
    if sub_account:
        return f"Sub-account {sub_account}"
    if client:
        return f"Client {client}, over all its sub-accounts,"
    if regulatory_class:
        return f"Every client of the class {RegulatoryClass(regulatory_class).label}"
    return "Every client"


def of_buffer(row: HouseBuffer) -> str:
    whom = _whom(row.regulatory_class, row.client, row.sub_account).removesuffix(",")
    if row.buffer is None:
        return f"{whom}: nothing of its own; the next wider scope counts."
    if row.buffer == 0:
        return f"{whom}: no house margin on top of maintenance, on purpose."
    return f"{whom}: {share(row.buffer)} of maintenance on top of it. The most specific buffer counts."


def of_instrument_buffer(row: InstrumentBuffer) -> str:
    if not row.buffer:
        return "Nothing on top of the account’s own buffer."
    return (
        f"Positions in it need {share(row.buffer)} of maintenance more, on top of the account’s own buffer."
    )


def of_policy(row: DeskPolicy) -> str:
    below = "below" if row.at_threshold == DeskPolicy.Comparison.STRICT else "at or below"
    hedged = (
        "Long and short of one instrument are charged by the larger leg."
        if row.offsets == DeskPolicy.Offsets.HEDGE
        else "Long and short of one instrument are each charged in full."
    )
    return (
        f"A pool is watched once its house requirement takes {share(row.watch)} of its equity, at risk "
        f"from {share(row.at_risk)}, in danger from {share(row.danger)}. Equity {below} the house "
        f"requirement is a margin call, {below} maintenance it is liquidation. Plans and calls bring it "
        f"back to {share(row.target)}. {hedged}"
    )


def of_schedule(row: Schedule) -> str:
    tiers = list(row.tiers.all())
    if not tiers:
        return "It has no tiers: nothing can be computed with it."
    first, last = tiers[0], tiers[-1]
    words = f"{share(first.maintenance_rate)} maintenance, {share(first.initial_rate)} to open"
    if len(tiers) > 1:
        words += (
            f", rising in {len(tiers)} tiers to {share(last.maintenance_rate)} and {share(last.initial_rate)}"
        )
    return f"{words}; a leg above {amount(last.cap)} breaks the position limit." if last.cap else f"{words}."


def of_haircut(row: HaircutVersion) -> str:
    tiers = list(row.tiers.all())
    counts = [Decimal(1) - tier.haircut for tier in tiers]
    if not tiers:
        words = "It does not count as collateral"
    elif len(tiers) == 1:
        words = f"It counts {share(counts[0])} as collateral"
    else:
        least = share(counts[-1])
        words = f"It counts {share(counts[0])} as collateral, falling in {len(tiers)} tiers to {least}"
    debt = row.liability_maintenance_rate
    return f"{words}; a debt in it requires {share(debt)} of margin." if debt else f"{words}."


def of_guard(row: Instrument) -> str:
    """How its prices are trusted."""
    sources = [rank.source.code for rank in row.sources.all()]
    first = f"Priced by {', then '.join(sources)}" if sources else "No source prices it"
    return (
        f"{first}. Stale after {row.stale_soft_seconds} s, unknown after {row.stale_hard_seconds} s. A move "
        f"of more than {share(row.jump_band)} counts only when it is seen again; meanwhile the price may lie "
        f"up to {share(row.guard_band)} from the last confirmed one."
    )


def of_hours(row: Calendar) -> str:
    if not row.sessions:
        hours = "Always open"
    else:
        spans = ", ".join(f"{one.get('from')} to {one.get('to')}" for one in row.sessions)
        hours = f"Open {spans} ({row.zone})"
    return (
        f"{hours}; closed on {formats.counted(len(row.holidays), 'holiday')}."
        if row.holidays
        else f"{hours}."
    )


def of_profile(profile: Profile) -> str:
    parts = []
    if profile.close_out_share is not None:
        of = "paid at opening" if profile.denominator is Denominator.AT_OPENING else "required now"
        parts.append(
            f"closed out when equity falls below {share(profile.close_out_share)} of the initial margin {of}"
        )
    if profile.negative_balance_protection:
        parts.append("the client never owes more than was paid in")
    if profile.notice_step is not None:
        parts.append(f"told at every further loss of {share(profile.notice_step)}")
    until = f" until {profile.until:%Y-%m-%d}" if profile.until else ""
    return f"{'; '.join(parts).capitalize()}. Since {profile.since:%Y-%m-%d}{until}."
