"""A linear account in whole numbers: what `exact` says, without a fraction on the way.

Takes an account and its market; gives equity and requirements of every pool as integers over one common
scale, or nothing where a rule asks for more than sums and products of decimals (inverse contracts, chosen
leverage, doubtful prices, rules of whole pools): those accounts are the exact engine's. Every number a desk
stores is a whole number of 1e-18, so nothing is rounded here and nothing can differ; it is only quicker, for
common divisors are never looked for. One file, though a long one: all of it counts in one table of scales,
which stands here and nowhere else.

    S = 10^18     D = the common denominator of the account's rates     K = S^4·D
    over K: equity, initial, maintenance, gross;  over S·K: house;  over S: quantities, prices, schedules
"""

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import lcm

from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.tiers import Haircuts, Schedule
from margin.engine.types import Account, AssetTerms, Instrument, Kind, Market, Offsets, Policy, PriceState

S = 10**18
S2, S3 = S**2, S**3
SURE = (PriceState.FRESH, PriceState.CLOSED)


def whole(number: Fraction) -> int | None:
    """In units of 1e-18, if it is a whole number of them."""
    units, rest = divmod(number.numerator * S, number.denominator)
    return None if rest else units


@dataclass(slots=True)
class Tariff:
    """An instrument's terms. Floors are over S^3, as notional is."""

    code: str
    settlement: str
    size: int
    floors: list[int]
    charges: list[int]
    deductions: list[int]
    initial: list[int]
    factor: int
    cap: int | None
    reference: int | None

    def notional(self, quantity: int, mark: int) -> int:
        price = abs(mark) if self.reference is None else max(abs(mark), self.reference)
        return self.size * quantity * price

    def leg(self, notional: int) -> tuple[int, int]:
        """Maintenance and initial of one leg, over S^4."""
        tier = bisect_right(self.floors, notional) - 1
        maintenance = max(0, notional * self.charges[tier] - self.deductions[tier] * S3)
        return maintenance, max(maintenance, notional * self.initial[tier])


def tariff_of(instrument: Instrument, buffer: Fraction) -> Tariff | None:
    schedule: Schedule = instrument.schedule
    if instrument.kind is not Kind.LINEAR:
        return None
    cap = None if schedule.cap is None else whole(schedule.cap)
    numbers = [
        whole(instrument.contract_size),
        whole(1 + buffer + instrument.buffer),
        whole(instrument.reference_price),
        *(whole(tier.floor) for tier in schedule.tiers),
        *(whole(charge) for charge in schedule.charges),
        *(whole(deduction) for deduction in schedule.deductions),
        *(whole(tier.initial_rate) for tier in schedule.tiers),
    ]
    known = [number for number in numbers if number is not None]
    if len(known) < len(numbers) or (schedule.cap is not None and cap is None):
        return None
    size, factor, reference, *rest = known
    count = len(schedule.tiers)
    floors, charges, deductions, initial = (rest[k * count : (k + 1) * count] for k in range(4))
    return Tariff(
        code=instrument.code,
        settlement=instrument.settlement,
        size=size,
        floors=[floor * S2 for floor in floors],
        charges=charges,
        deductions=deductions,
        initial=initial,
        factor=factor,
        cap=cap,
        reference=reference if instrument.allow_negative else None,
    )


@dataclass(slots=True)
class Book:
    """One instrument in one pool: both sides, and what was paid, signed and over S^2."""

    tariff: Tariff
    long: int = 0
    short: int = 0
    paid: int = 0

    def with_more(self, quantity: int, price: int) -> "Book":
        """A signed quantity more on its own side, at this price."""
        return Book(
            self.tariff,
            self.long + max(0, quantity),
            self.short + max(0, -quantity),
            self.paid + quantity * price,
        )


@dataclass(slots=True)
class Compiled:
    """An account without prices: kept for as long as nothing of it changes."""

    base: str
    hedge: bool
    buffer: int
    books: dict[str, dict[str, Book]]
    balances: dict[str, dict[str, int]]
    terms: Mapping[str, AssetTerms]
    refs: dict[str, tuple[str, str, int, int]]
    """Of every position: its pool, its instrument, its quantity, its entry price."""
    assets: frozenset[str] = frozenset()


def compiled(account: Account, policy: Policy) -> Compiled | None:
    """Every number of the account made whole at once; None where it has what whole numbers do not carry."""
    if policy.portfolio is not None or policy.concentration is not None or account.recognised_caps:
        return None
    buffer = whole(account.buffer)
    made = Compiled(
        account.base,
        policy.offsets is Offsets.HEDGE,
        buffer or 0,
        {CROSS: {}},
        {CROSS: {}},
        account.terms,
        {},
    )
    if buffer is None or buffer < 0:
        return None
    for position in account.positions:
        quantity, entry = whole(position.quantity), whole(position.entry_price)
        if quantity is None or entry is None or position.leverage is not None or position.ref in made.refs:
            return None
        own = made.books.setdefault(position.pool, {})
        code = position.instrument.code
        if code not in own:
            tariff = tariff_of(position.instrument, account.buffer)
            if tariff is None:
                return None
            own[code] = Book(tariff)
        if entry <= 0 and not position.instrument.may_be_negative:
            return None
        own[code] = own[code].with_more(quantity, entry)
        made.refs[position.ref] = (position.pool, code, quantity, entry)
    for holding in account.holdings:
        amount = whole(holding.amount)
        if amount is None:
            return None
        pocket = made.balances.setdefault(holding.pool, {})
        pocket[holding.asset] = pocket.get(holding.asset, 0) + amount
    settled = {book.tariff.settlement for own in made.books.values() for book in own.values()}
    owned = {asset for pocket in made.balances.values() for asset, amount in pocket.items() if amount}
    if not owned <= account.terms.keys() | {account.base}:
        return None
    made.assets = frozenset(settled | owned)
    return made


@dataclass(slots=True)
class PoolSums:
    """Equity, initial, maintenance and gross over K, house over S·K; `shares` by instrument, but equity."""

    equity: int = 0
    initial: int = 0
    maintenance: int = 0
    house: int = 0
    gross: int = 0
    shares: dict[str, tuple[int, int, int, int]] = field(default_factory=dict)

    def is_covered(self, *, touched: bool) -> bool:
        if self.equity * S < self.house:
            return False
        return not touched or self.equity >= self.initial


@dataclass(slots=True)
class Sums:
    """Every pool of one account at one market; `common` is D."""

    compiled: Compiled
    common: int
    rates: dict[str, int]
    marks: dict[str, int]
    pools: dict[str, PoolSums]

    @property
    def scale(self) -> int:
        return S2 * S2 * self.common

    def pool(self, name: str) -> PoolSums:
        return self.pools.get(name) or PoolSums()

    @property
    def is_plain(self) -> bool:
        """Whether the base currency counts in full, wherever it lies."""
        terms = self.compiled.terms.get(self.compiled.base)
        return terms is None or all(tier.rate == 0 for tier in terms.haircuts.tiers)

    def of_base(self, amount: int) -> int | None:
        """What an amount of the base currency, over S^3, counts as equity. A debt is never cut."""
        terms = self.compiled.terms.get(self.compiled.base)
        if amount <= 0 or terms is None:
            return amount * self.common * S
        return _recognised(terms.haircuts, amount * self.common, self.common)

    def with_base(self, pool: str, more: int) -> int | None:
        """By how much equity changes where this much of the base currency, over S^3·D, comes in or goes."""
        held = self.compiled.balances.get(pool, {}).get(self.compiled.base, 0) * S2 * self.common
        terms = self.compiled.terms.get(self.compiled.base)
        both = [
            value * S if value <= 0 or terms is None else _recognised(terms.haircuts, value, self.common)
            for value in (held, held + more)
        ]
        return None if both[0] is None or both[1] is None else both[1] - both[0]

    def with_book(self, pool: str, book: Book, equity: int) -> PoolSums:
        """A pool with one instrument's book in place of its own, and this much equity more."""
        before = self.pool(pool)
        old = before.shares.get(book.tariff.code, (0, 0, 0, 0))
        new = _shares(
            book, self.marks[book.tariff.code], self.rates[book.tariff.settlement], self.compiled.hedge
        )
        return PoolSums(
            before.equity + equity,
            before.initial - old[0] + new[0],
            before.maintenance - old[1] + new[1],
            before.house - old[2] + new[2],
            before.gross - old[3] + new[3],
            {**before.shares, book.tariff.code: new},
        )


def measured(account: Compiled, market: Market, more: Mapping[str, str] | None = None) -> Sums | None:
    """At the market's marks and rates, all of them sure; also of instruments beside it, by settlement."""
    settled = set((more or {}).values())
    common, rates = _rates(account.assets | settled, account.base, market)
    marks: dict[str, int] = {}
    codes = {code for own in account.books.values() for code in own} | set(more or ())
    for code in codes:
        mark = market.marks.get(code)
        if mark is None or mark.price is None or mark.state not in SURE or code in market.settlements:
            return None
        units = whole(mark.price)
        if units is None:
            return None
        marks[code] = units
    if rates is None or any(
        marks[code] <= 0 and book.tariff.reference is None
        for own in account.books.values()
        for code, book in own.items()
    ):
        return None
    pools = {name: PoolSums() for name in (*account.books, *account.balances)}
    found = Sums(account, common, rates, marks, pools)
    for name, own in account.books.items():
        _add_books(pools[name], own, found)
    for name, pocket in account.balances.items():
        if not _add_balances(pools[name], pocket, found):
            return None
    return found


def _rates(assets: frozenset[str] | set[str], base: str, market: Market) -> tuple[int, dict[str, int] | None]:
    values: dict[str, Fraction] = {}
    for asset in assets:
        rate = None if asset == base else market.rates.get(asset)
        if asset == base:
            values[asset] = Fraction(1)
        elif rate is None or rate.value is None or rate.value <= 0 or rate.state not in SURE:
            return 1, None
        else:
            values[asset] = rate.value
    common = lcm(*(value.denominator for value in values.values()))
    return common, {a: v.numerator * (common // v.denominator) for a, v in values.items()}


def _shares(book: Book, mark: int, rate: int, hedge: bool) -> tuple[int, int, int, int]:
    """Initial, maintenance, house, gross of one instrument in one pool."""
    tariff = book.tariff
    long, short = tariff.notional(book.long, mark), tariff.notional(book.short, mark)
    legs = [tariff.leg(notional) for notional in (long, short) if notional] or [(0, 0)]
    pick = max if hedge else sum
    maintenance = pick(leg[0] for leg in legs) * rate
    initial = pick(leg[1] for leg in legs) * rate
    return initial, maintenance, maintenance * tariff.factor, (long + short) * rate * S


def profit(tariff: Tariff, quantity: int, paid: int, mark: int, rate: int) -> int:
    """Of a signed quantity for which `paid` was given, over K."""
    return tariff.size * (quantity * mark - paid) * rate * S


def _add_books(pool: PoolSums, books: Mapping[str, Book], sums: Sums) -> None:
    for code, book in books.items():
        mark, rate = sums.marks[code], sums.rates[book.tariff.settlement]
        own = pool.shares[code] = _shares(book, mark, rate, sums.compiled.hedge)
        pool.initial += own[0]
        pool.maintenance += own[1]
        pool.house += own[2]
        pool.gross += own[3]
        pool.equity += profit(book.tariff, book.long - book.short, book.paid, mark, rate)


def _add_balances(pool: PoolSums, pocket: Mapping[str, int], sums: Sums) -> bool:
    account = sums.compiled
    for asset, amount in pocket.items():
        if not amount:
            continue
        if asset == account.base:
            counted = sums.of_base(amount * S2)
            if counted is None:
                return False
            pool.equity += counted
            continue
        value, terms = amount * sums.rates[asset], account.terms[asset]  # over S·D
        cut = _recognised(terms.haircuts, value * S2, sums.common) if value > 0 else value * S3
        initial, maintenance = whole(terms.liability_initial), whole(terms.liability_maintenance)
        if cut is None or initial is None or maintenance is None:
            return False
        pool.equity += cut
        if value < 0:
            pool.initial += -value * initial * S2
            pool.maintenance += -value * maintenance * S2
            pool.house += -value * maintenance * (S + account.buffer) * S2
    return True


def _recognised(haircuts: Haircuts, value: int, common: int) -> int | None:
    """Of a value over S^3·D what counts, over K."""
    floors = [whole(floor) for floor in haircuts.floors]
    if any(floor is None for floor in floors):
        return None
    tier = bisect_right([(floor or 0) * S2 * common for floor in floors], value) - 1
    rate, offset = whole(haircuts.tiers[tier].rate), whole(haircuts.offsets[tier])
    if rate is None or offset is None:
        return None
    return value * S - (value * rate - offset * S3 * common)


__all__ = ["Compiled", "PoolSums", "Sums", "compiled", "measured", "profit", "tariff_of", "whole"]
