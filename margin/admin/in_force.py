"""What is in force for a row of the admin, in words: the effective value, and where it comes from.

Takes rows; reads the rules as every run does and asks the same functions. Decides nothing.
"""

from collections.abc import Iterable

from django.utils.html import format_html, format_html_join

from accounts.models import HOUSE, HouseBuffer, Shard, SubAccount
from margin.book.applies import Buffers, Caps
from margin.book.facts import Rules
from margin.book.load_market import schedule_of
from margin.book.load_rules import load_rules
from margin.engine.limits import Cap
from margin.engine.measures import UNITS, AnyKind, Unit
from margin.engine.rational import Fraction
from margin.flow.cap_findings import REQUIRED
from margin.models import Limit, ScheduleVersion
from riskdesk import clock


def rules_for(account: SubAccount) -> Rules:
    """The rules a run of this account's shard would use now."""
    revision = Shard.objects.get(number=HOUSE).revision
    return load_rules(account.client.shard_id, revision, now=clock.now())


def of_account(account: SubAccount) -> str:
    """Buffer and caps of a sub-account, each with the place it was set at."""
    rules = rules_for(account)
    fact = rules.accounts[account.pk]
    buffer = Buffers(rules).of(fact)
    caps = Caps(rules, clock.now())
    lines = [f"House buffer {float(buffer.buffer):.2%}, from {buffer.source or 'nobody: none is set'}"]
    client = rules.clients[fact.client_id]
    currency = rules.desk_of(fact).currency
    for kind in UNITS:
        found = [*caps.of_client(kind, client), caps.of_account(kind, fact)]
        lines += lines_of(kind, [cap for cap in found if cap is not None], currency)
    return in_lines((line,) for line in lines)


def lines_of(kind: AnyKind, caps: list[Cap], currency: str) -> list[str]:
    """The caps of one kind, the tightest first."""
    name = Limit.Kind(kind).label
    unit = {Unit.TIMES: "×", Unit.MONEY: f" {currency}", Unit.SHARE: " as a share"}[UNITS[kind]]
    lines = [
        f"{name} cap {float(cap.limit):,.10g}{unit}, from {cap.name}"
        for cap in sorted(caps, key=lambda cap: cap.limit)
    ]
    if len(lines) > 1:
        lines[0] += " (the tightest, so it binds)"
    if not lines and kind is REQUIRED:
        lines.append(f"No {name.lower()} cap: holding positions is a breach")
    return lines


def of_buffer(row: HouseBuffer) -> str:
    """What the accounts under a buffer's scope get now, counted by where it comes from."""
    accounts = SubAccount.objects.filter(client__desk=row.desk).select_related("client")
    if row.regulatory_class:
        accounts = accounts.filter(client__regulatory_class=row.regulatory_class)
    if row.client_id:
        accounts = accounts.filter(client=row.client_id)
    if row.sub_account_id:
        accounts = accounts.filter(pk=row.sub_account_id)
    counted: dict[tuple[float, str], int] = {}
    by_shard: dict[int, tuple[Rules, Buffers]] = {}
    for account in accounts:
        if account.client.shard_id not in by_shard:
            rules = rules_for(account)
            by_shard[account.client.shard_id] = (rules, Buffers(rules))
        rules, buffers = by_shard[account.client.shard_id]
        found = buffers.of(rules.accounts[account.pk])
        place = (float(found.buffer), found.source)
        counted[place] = counted.get(place, 0) + 1
    return in_lines(
        (f"{count} sub-accounts: {value:.2%}, from {source or 'nobody'}",)
        for (value, source), count in sorted(counted.items(), key=lambda one: -one[1])[:12]
    )


def of_schedule(version: ScheduleVersion) -> str:
    """Maintenance at each floor and well beyond the last one, by the engine's own tiers."""
    tiers = list(version.tiers.order_by("floor"))
    if not tiers:
        return "No tiers."
    schedule = schedule_of(version, Fraction(0))
    sizes = [Fraction(row.floor) for row in tiers[1:]]
    sizes.append(sizes[-1] * 2 if sizes else Fraction(100_000))
    return in_lines(
        (f"{float(n):,.0f} of notional requires {float(schedule.maintenance(n)):,.2f} of maintenance",)
        for n in sizes
    )


def in_lines(lines: Iterable[tuple[str]]) -> str:
    return format_html("<div>{}</div>", format_html_join("", "<div>{}</div>", lines))
