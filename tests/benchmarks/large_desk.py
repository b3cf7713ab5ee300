"""The random book of the engine's benchmarks as rows of a database: what a cycle of a large desk loads.

Writes one desk, clients of two to three sub-accounts, their pockets, money and positions by COPY, the market
and its rules by Django. Foreign keys are not asked row by row: the rows come from one book and fit.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

import numpy as np
from django.db import connection

from accounts.models import Asset, Desk, Shard
from margin.flow.feed import PriceReport, accept_prices
from margin.models import (
    Calendar,
    DeskPolicy,
    HaircutTier,
    HaircutVersion,
    Instrument,
    InstrumentBuffer,
    InstrumentSource,
    Limit,
    MarginSchedule,
    RatePath,
    ScheduleVersion,
    ShardState,
    Source,
    Tier,
    Venue,
)
from tests.benchmarks.random_book import ASSETS, DOLLARS, LEVERAGES, Book

SOURCE, FIRST = "bench", 1
OWN_BUFFER = 50
"""Every so many accounts one has a house buffer of its own."""
CAP = "6"
"""A client's leverage: three in a hundred are above it."""
RATES = {"EUR": "EUR-USD", "USDT": "USDT-USD", "BTC": "BTC-USD", "ETH": "ETH-USD"}


def write_desk(book: Book, now: datetime) -> None:
    """All of it, into an empty database."""
    for number in (0, 1):
        Shard.objects.update_or_create(number=number, defaults={"revision": FIRST})
    ShardState.objects.get_or_create(shard_id=1)
    stamp = {"revision_from": FIRST, "valid_at": now, "recorded_at": now}
    desk = write_market(book, stamp)
    with connection.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        write_clients(book, desk)
        write_positions(book, now)
        write_money(book, desk)
        cursor.execute("SET session_replication_role = origin")
        for table in ("client", "subaccount", "pocket", "balance"):
            cursor.execute(f"ANALYZE accounts_{table}")
        cursor.execute("ANALYZE margin_positionversion")


def write_market(book: Book, stamp: dict[str, object]) -> Desk:
    rules = book.rules
    assets = [
        Asset(code=c, name=c, kind="fiat", scale=8, shock_loading=int(c in ("BTC", "ETH"))) for c in ASSETS
    ]
    assets = Asset.objects.bulk_create(assets)
    venue = Venue.objects.create(code="VENUE", name="Venue")
    calendar = Calendar.objects.create(code="ALWAYS", name="Always")
    source = Source.objects.create(code=SOURCE, name="Benchmark")
    desk = Desk.objects.create(code="BENCH", name="Bench", reporting_currency=assets[0])
    DeskPolicy.objects.create(desk=desk, **stamp)
    Limit.objects.create(desk=desk, scope="desk", value=Decimal(CAP), **stamp)
    for k, asset in enumerate(assets):
        version = HaircutVersion.objects.create(
            asset=asset,
            liability_initial_rate=_decimal(rules.liability_initial[k]),
            liability_maintenance_rate=_decimal(rules.liability_maintenance[k]),
            **stamp,
        )
        HaircutTier.objects.bulk_create(
            HaircutTier(version=version, floor=_decimal(floor), haircut=_decimal(rate))
            for floor, rate in list(zip(rules.haircut_floors[k], rules.haircut_rates[k], strict=True))[
                : rules.haircut_count[k]
            ]
        )
    common = {"venue": venue, "calendar": calendar, "stale_soft_seconds": 3600, "stale_hard_seconds": 7200}
    for k, code in enumerate(rules.codes):
        schedule = MarginSchedule.objects.create(code=f"S-{code}", name=code)
        version = ScheduleVersion.objects.create(schedule=schedule, **stamp)
        Tier.objects.bulk_create(
            Tier(
                version=version,
                floor=_decimal(rules.floors[k, t]),
                initial_rate=_decimal(rules.initial_rates[k, t]),
                maintenance_rate=_decimal(rules.charges[k, t] - 0.0005, 10),
            )
            for t in range(rules.tier_count[k])
        )
        instrument = Instrument.objects.create(
            code=code,
            name=code,
            kind="inverse" if rules.inverse[k] else "linear",
            product="perpetual",
            asset_class="crypto",
            cap_class="crypto",
            settlement=assets[rules.settlement[k]],
            contract_size=_decimal(book.contract_size[k]),
            fee_rate=Decimal("0.0005"),
            allow_negative=bool(rules.may_be_negative[k]),
            schedule=schedule,
            jump_band=10,
            **common,
        )
        InstrumentSource.objects.create(instrument=instrument, source=source)
        if rules.buffer[k]:
            InstrumentBuffer.objects.create(instrument=instrument, buffer=_decimal(rules.buffer[k]), **stamp)
    flat = MarginSchedule.objects.create(code="S-RATE", name="Rates")
    version = ScheduleVersion.objects.create(schedule=flat, **stamp)
    Tier.objects.create(version=version, floor=0, initial_rate=1, maintenance_rate=1)
    by_code = {asset.code: asset for asset in assets}
    for asset, code in RATES.items():
        instrument = Instrument.objects.create(
            code=code, name=code, product="fx", asset_class="fx", cap_class="fx", settlement=assets[0],
            schedule=flat, jump_band=10, **common,
        )  # fmt: skip
        InstrumentSource.objects.create(instrument=instrument, source=source)
        RatePath.objects.create(base=by_code[asset], quote=assets[0], instrument=instrument)
    return desk


def _decimal(number: float, places: int = 8) -> Decimal:
    return Decimal(f"{number:.{places}f}")


def marks_of(book: Book) -> dict[str, Decimal]:
    """The book's own prices, those of assets among them."""
    rates = {RATES[asset]: repr(float(DOLLARS[ASSETS.index(asset)])) for asset in RATES}
    marks = dict(zip(book.rules.codes, (f"{mark:.2f}" for mark in book.quotes.marks), strict=True))
    return {code: Decimal(price) for code, price in (rates | marks).items()}


def send_prices(marks: dict[str, Decimal], now: datetime) -> None:
    reports = [PriceReport(code, price, None, None, now) for code, price in marks.items()]
    answer = accept_prices(source=SOURCE, reports=reports, now=now)
    assert len(answer.accepted) == len(reports), answer.refused[:3]


def write_clients(book: Book, desk: Desk) -> None:
    accounts = book.columns.account_count
    clients = accounts * 2 // 5 + 1
    _copy(
        "accounts_client (id, code, name, desk_id, regulatory_class, status, shard_id)",
        (f"{n}\tC{n:06}\tClient {n}\t{desk.pk}\tprofessional\tactive\t1" for n in range(1, clients + 1)),
    )
    assets = {asset.code: asset.pk for asset in Asset.objects.all()}
    bases = [assets[base] for base in ("USD", "EUR")]
    of_account = book.columns.pool_base[book.columns.account_start[:-1]]
    _copy(
        "accounts_subaccount (id, code, name, client_id, default_mode, base_currency_id, status)",
        (
            f"{n + 1}\tA{n:06}\tAccount {n}\t{n * 2 // 5 + 1}\thybrid\t{bases[base]}\tactive"
            for n, base in enumerate(of_account.tolist())
        ),
    )
    buffers = book.columns.pool_buffer[book.columns.account_start[:-1]]
    _copy(
        "accounts_housebuffer (desk_id, regulatory_class, sub_account_id, buffer, revision_from, valid_at,"
        " recorded_at)",
        (
            f"{desk.pk}\t\t{n + 1}\t{buffer}\t{FIRST}\tnow\tnow"
            for n, buffer in enumerate(buffers.tolist())
            if buffer and n % OWN_BUFFER == 0
        ),
    )


def refs_of(book: Book) -> list[str]:
    codes, pools = book.rules.codes, np.repeat(book.pool_account, np.diff(book.columns.pool_start))
    isolated = ~np.isin(book.position_pool, book.columns.account_start[:-1])
    first = book.columns.pool_start[book.columns.account_start[:-1]]
    nth = np.arange(len(book.quantity)) - first[pools]
    return [
        f"{codes[i]}|{'isolated' if alone else 'cross'}|s{n}"
        for i, alone, n in zip(book.columns.instrument.tolist(), isolated.tolist(), nth.tolist(), strict=True)
    ]


def write_positions(book: Book, now: datetime) -> None:
    ids = dict(Instrument.objects.values_list("code", "pk"))
    instruments = [ids[code] for code in book.rules.codes]
    rows = zip(
        book.pool_account[book.position_pool].tolist(),
        refs_of(book),
        book.columns.instrument.tolist(),
        book.quantity.tolist(),
        book.entry.tolist(),
        book.columns.lever.tolist(),
        strict=True,
    )
    at = now.isoformat()
    levers = ["\\N", *map(str, LEVERAGES)]
    _copy(
        "margin_positionversion (sub_account_id, ref, instrument_id, mode, quantity, entry_price,"
        " realised_pnl, leverage, strategy, source, revision_from, valid_at, recorded_at)",
        (
            f"{account + 1}\t{ref}\t{instruments[i]}\t{ref.split('|')[1]}\t{quantity:.3f}\t{entry:.2f}\t0\t"
            f"{levers[lever]}\t\t{SOURCE}\t{FIRST}\t{at}\t{at}"
            for account, ref, i, quantity, entry, lever in rows
        ),
    )


def write_money(book: Book, desk: Desk) -> None:
    """Every pool's pocket and what lies in it; an isolated pool's pocket is named by its one position."""
    columns = book.columns
    refs, crosses = refs_of(book), set(columns.account_start[:-1].tolist())
    first = columns.pool_start.tolist()
    keys = ["wallet" if k in crosses else f"isolated:{refs[first[k]]}" for k in range(columns.pool_count)]
    _copy(
        "accounts_pocket (id, desk_id, kind, sub_account_id, key)",
        (
            f"{k + 1}\t{desk.pk}\tclient\t{account + 1}\t{keys[k]}"
            for k, account in enumerate(book.pool_account.tolist())
        ),
    )
    assets = {asset.code: asset.pk for asset in Asset.objects.all()}
    ids = [assets[code] for code in ASSETS]
    owners = np.repeat(np.arange(columns.pool_count), np.diff(columns.balance_start)).tolist()
    _copy(
        "accounts_balance (pocket_id, asset_id, amount, revision)",
        (
            f"{pool + 1}\t{ids[asset]}\t{amount:.4f}\t{FIRST}"
            for pool, asset, amount in zip(
                owners, columns.balance_asset.tolist(), columns.balance_amount.tolist(), strict=True
            )
        ),
    )


def _copy(table: str, lines: Iterable[str]) -> None:
    with connection.cursor() as cursor, cursor.copy(f"COPY {table} FROM STDIN") as copy:
        for chunk in _chunks(lines):
            copy.write("\n".join(chunk) + "\n")


def _chunks(lines: Iterable[str]) -> Iterable[Sequence[str]]:
    found: list[str] = []
    for line in lines:
        found.append(line)
        if len(found) == 10_000:
            yield found
            found = []
    if found:
        yield found
