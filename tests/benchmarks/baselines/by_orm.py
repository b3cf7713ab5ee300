"""A revaluation as a Django loop: rows by prefetch, sums in Decimal, one account after another.

A tenth of a percent of the accounts is stored and computed, compared, and its time multiplied by a thousand.
"""

from collections import defaultdict
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

import numpy as np
from django.db import transaction
from django.db.models import Prefetch

from accounts.models import Asset, Balance, HouseBuffer, SubAccount
from margin.engine.figures import Level
from margin.models import Instrument, InstrumentBuffer, PositionVersion, Quote
from tests import factories
from tests.benchmarks.baselines.answer import CLOSE, Answer
from tests.benchmarks.random_book import ASSETS, BASES, DOLLARS, HAIRCUT_FLOORS, HAIRCUTS, LEVERAGES, Book
from tests.benchmarks.timing import timed

SHARE = 1000
FEE = Decimal("0.0005")
OWED = Decimal("0.05")
ZERO = Decimal(0)
LINES = (Decimal("0.6"), Decimal("0.7"), Decimal("0.8"))
Tiers = list[tuple[Decimal, Decimal, Decimal, Decimal]]


def text(number: float) -> str:
    """The decimal that was meant."""
    return f"{round(float(number), 10):.10f}"


class ByOrm:
    """Stores its accounts in a transaction that is rolled back."""

    def __init__(self, book: Book, ours: Answer) -> None:
        self.book, self.ours = book, ours
        self.count = (len(book.columns.account_start) - 1) // SHARE

    def extrapolated_ms(self) -> float:
        with transaction.atomic():
            self._store()
            self._must_agree(self.revalue())
            took = min(timed(self.revalue) for _ in range(3))
            transaction.set_rollback(True)
        return took * SHARE

    def _store(self) -> None:
        assets = {name: factories.asset(name, Asset.Kind.FIAT, scale=18) for name in ASSETS}
        for name, rates in zip(ASSETS, HAIRCUTS, strict=True):
            tiers = [(str(floor), str(rate)) for floor, rate in zip(HAIRCUT_FLOORS, rates, strict=False)]
            owed = {"liability_initial_rate": Decimal("0.10"), "liability_maintenance_rate": OWED}
            factories.haircut(assets[name], tiers, **owed)
        instruments = [self._instrument(k) for k in range(len(self.book.rules.codes))]
        client = factories.client("BENCH")
        for a in range(self.count):
            self._account(a, client, instruments, assets)

    def _instrument(self, k: int) -> Instrument:
        rules = self.book.rules
        tiers = [
            (text(rules.floors[k, t]), text(rules.initial_rates[k, t]), text(rules.charges[k, t] - 0.0005))
            for t in range(rules.tier_count[k])
        ]
        row = factories.instrument(
            rules.codes[k], tiers=tiers, settlement=ASSETS[rules.settlement[k]], fee_rate=FEE,
            kind="inverse" if rules.inverse[k] else "linear", allow_negative=bool(rules.may_be_negative[k]),
            contract_size=Decimal(text(self.book.contract_size[k])),
        )  # fmt: skip
        factories.quote(row, text(self.book.quotes.marks[k]))
        own = Decimal(text(rules.buffer[k]))
        InstrumentBuffer.objects.create(instrument=row, buffer=own, **factories.version())
        return row

    def _account(self, a: int, client: Any, instruments: list[Instrument], assets: dict[str, Asset]) -> None:
        book, columns = self.book, self.book.columns
        first, last = columns.account_start[a], columns.account_start[a + 1]
        account = factories.sub_account(f"BENCH-{a}", of=client, base=BASES[columns.pool_base[first]])
        factories.buffer(client.desk, text(columns.pool_buffer[first]), sub_account=account)
        for k in range(first, last):
            mode = "cross" if k == first else "isolated"
            for j in range(columns.pool_start[k], columns.pool_start[k + 1]):
                lever = columns.lever[j]
                factories.position(
                    account, instruments[columns.instrument[j]], text(book.quantity[j]), text(book.entry[j]),
                    mode=mode, ref=str(k) if mode == "isolated" else f"cross-{j}",
                    leverage=Decimal(LEVERAGES[lever - 1]) if lever else None,
                )  # fmt: skip
            pocket = factories.pocket(account, "wallet" if k == first else f"isolated:{k}")
            for b in range(columns.balance_start[k], columns.balance_start[k + 1]):
                asset, amount = assets[ASSETS[columns.balance_asset[b]]], text(columns.balance_amount[b])
                row, _ = Balance.objects.get_or_create(
                    pocket=pocket, asset=asset, defaults={"amount": ZERO, "revision": 1}
                )
                row.amount += Decimal(amount)
                row.save()

    def revalue(self) -> dict[str, dict[str, Any]]:
        """By account and pool: what a desk built on rows alone would do at each price."""
        marks = dict(Quote.objects.values_list("instrument_id", "confirmed_price"))
        dollars = {name: Decimal(str(worth)) for name, worth in zip(ASSETS, DOLLARS, strict=True)}
        positions = PositionVersion.objects.filter(revision_to=None).select_related("instrument__settlement")
        balances = Balance.objects.select_related("asset", "pocket")
        accounts = SubAccount.objects.filter(client__code="BENCH").select_related("base_currency")
        found = {}
        rules = Rules()
        for account in accounts.prefetch_related(
            Prefetch("positions", positions), Prefetch("pockets__balances", balances)
        ):
            base = dollars[account.base_currency.code]
            rates = {name: worth / base for name, worth in dollars.items()}
            found[account.code] = _account(account, rules, marks, rates)
        return found

    def _must_agree(self, found: dict[str, dict[str, Any]]) -> None:
        start = self.book.columns.account_start
        for a in range(self.count):
            pools = found[f"BENCH-{a}"]
            for k in range(start[a], start[a + 1]):
                theirs = pools["wallet" if k == start[a] else f"isolated:{k}"]
                figures = np.array([float(number) for number in theirs[:6]])
                gap = np.abs(figures - self.ours.figures[k])
                assert (gap <= CLOSE * (1 + np.abs(figures).sum())).all(), f"orm: pool {k} differs"
                assert theirs[6] == self.ours.levels[k], f"orm: level of pool {k} differs"


class Rules:
    """Schedules, haircuts and buffers, read once a revaluation."""

    def __init__(self) -> None:
        rows = Instrument.objects.prefetch_related("schedule__versions__tiers", "buffers")
        self.tiers = {row.pk: self._tiers(row) for row in rows}
        self.own = {row.pk: row.buffers.all()[0].buffer for row in rows}
        assets = Asset.objects.prefetch_related("haircuts__tiers")
        self.cuts = {row.pk: list(row.haircuts.all()[0].tiers.all()) for row in assets if row.haircuts.all()}
        self.buffers = dict(HouseBuffer.objects.values_list("sub_account_id", "buffer"))

    def _tiers(self, row: Instrument) -> Tiers:
        found: Tiers = []
        for tier in row.schedule.versions.all()[0].tiers.all():
            charge = tier.maintenance_rate + row.fee_rate
            off = found[-1][3] + tier.floor * (charge - found[-1][2]) if found else ZERO
            found.append((tier.floor, tier.initial_rate, charge, off))
        return found

    def counted(self, asset_id: int, value: Decimal) -> Decimal:
        cut = ZERO
        tiers = self.cuts[asset_id]
        for k, tier in enumerate(tiers):
            upper = tiers[k + 1].floor if k + 1 < len(tiers) else value
            cut += max(ZERO, min(value, upper) - tier.floor) * tier.haircut
        return value - cut


def _account(account: SubAccount, rules: Rules, marks: dict[int, Decimal], rates: dict[str, Decimal]) -> dict:
    factor = 1 + rules.buffers[account.pk]
    pools: dict[str, list[Any]] = {}
    for pocket in account.pockets.all():
        pools[pocket.key] = _collateral(pocket.balances.all(), rules, rates, account, factor)
    legs: dict[tuple[str, int, bool], list[PositionVersion]] = defaultdict(list)
    for row in account.positions.all():
        key = "wallet" if row.mode == "cross" else f"isolated:{row.ref}"
        legs[key, row.instrument_id, row.quantity > 0].append(row)
    for (key, instrument_id, _), rows in legs.items():
        _add_leg(pools[key], rows, rules, marks[instrument_id], rates, factor)
    return {key: [*sums, _level(sums)] for key, sums in pools.items()}


def _collateral(
    balances: Iterable[Balance], rules: Rules, rates: dict[str, Decimal], account: SubAccount, factor: Decimal
) -> list[Any]:
    sums = [ZERO] * 6
    for row in balances:
        value = row.amount * rates[row.asset.code]
        sums[0] += rules.counted(row.asset_id, value) if value >= 0 else value
        if value < 0 and row.asset_id != account.base_currency_id:
            sums[1] -= value * 2 * OWED
            sums[2] -= value * OWED
            sums[3] -= value * OWED * factor
    return sums


def _add_leg(
    sums: list[Any], rows: list[PositionVersion], rules: Rules, mark: Decimal, rates: dict[str, Decimal],
    factor: Decimal,
) -> None:  # fmt: skip
    instrument = rows[0].instrument
    rate, size = rates[instrument.settlement.code], instrument.contract_size
    inverse = instrument.kind == "inverse"
    unit = size / mark if inverse else size * abs(mark)
    notional = sum(abs(row.quantity) for row in rows) * unit
    tier = [own for own in rules.tiers[instrument.pk] if own[0] <= notional][-1]
    mm = max(ZERO, notional * tier[2] - tier[3]) * rate
    asked = ZERO
    for row in rows:
        chosen = max(tier[1], 1 / row.leverage) if row.leverage else tier[1]
        asked += abs(row.quantity) * unit * chosen * rate
        gain = 1 / row.entry_price - 1 / mark if inverse else mark - row.entry_price
        sums[0] += row.quantity * size * gain * rate
        sums[5] += row.quantity * unit * rate
    sums[1] += max(mm, asked)
    sums[2] += mm
    sums[3] += mm * (factor + rules.own[instrument.pk])
    sums[4] += notional * rate


def _level(sums: list[Any]) -> Level:
    equity, _, maintenance, house, *_ = sums
    if not maintenance and not house:
        return Level.NORMAL if equity >= 0 else Level.LIQUIDATION
    crossed = [house >= line * equity for line in LINES] + [equity < house, equity < maintenance]
    return Level(sum(crossed))
