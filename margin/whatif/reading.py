"""From a described account to the engine's nouns, or every reason why not.

Takes what was described and what the desk knows; gives a `Question`, or refusals that name field, rule and
value. Never repairs a number, and never fills in one that rulebook or desk do not name.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from margin.engine.profiles import Profile
from margin.engine.rational import Fraction
from margin.engine.tiers import Haircuts
from margin.engine.types import (
    ONE,
    WALLET,
    ZERO,
    Account,
    AssetTerms,
    AtThreshold,
    Holding,
    Instrument,
    Kind,
    Mark,
    Market,
    Mode,
    Offsets,
    Policy,
    Position,
    Rate,
)
from margin.whatif.described import (
    Described,
    DescribedCollateral,
    DescribedInstrument,
    DescribedPosition,
)
from margin.whatif.described_terms import (
    Fault,
    faults_of_haircuts,
    faults_of_instrument,
    haircuts_of,
    instrument_of,
)
from margin.whatif.known import Known
from margin.whatif.profiles import PROFILES
from riskdesk.errors import Refusal

MOST_ENDLESS_DIGITS = 120_000
"""Of all that is divided by: prices of inverse contracts, leverages. An exact sum carries each of them."""
FINEST_STEP = Fraction(1, 10**30)


@dataclass(frozen=True, slots=True)
class Question:
    """`allocations` are the isolated margins that were told, by position, cross positions' too."""

    account: Account
    market: Market
    policy: Policy
    profile: Profile | None
    allocations: Sequence[Fraction | None]


def read(told: Described, known: Known) -> Question | list[Refusal]:
    """All of it, or all that is wrong with it."""
    return _Reader(told, known).read()


class _Reader:
    """Goes through the description once and notes what is wrong."""

    def __init__(self, told: Described, known: Known) -> None:
        self.told = told
        self.known = known
        self.refused: list[Refusal] = []
        self.instruments: dict[str, Instrument] = {}
        self.marks: dict[str, Mark] = {}
        self.rates: dict[str, Rate] = {}
        self.terms: dict[str, AssetTerms] = {}
        self.settlements: dict[str, Rate] = {}

    def read(self) -> Question | list[Refusal]:
        for code, row in self.told.instruments.items():
            self._describe(code, row)
        for place, held in enumerate(self.told.collateral):
            self._value(held, f"collateral[{place}]")
        self._mark_all()
        positions = [self._position(row, place) for place, row in enumerate(self.told.positions)]
        self._bound_work()
        if self.refused:
            return self.refused
        return self._question([position for position in positions if position])

    def refuse(self, field: str, rule: str, value: object, message: str) -> None:
        self.refused.append(Refusal(field, rule, "null" if value is None else _text(value), message))

    def _sound(self, faults: Iterable[Fault]) -> bool:
        """Whether there was none; each is noted."""
        before = len(self.refused)
        for fault in faults:
            self.refuse(*fault)
        return len(self.refused) == before

    # --- instruments ---------------------------------------------------------------------------------
    def _describe(self, code: str, row: DescribedInstrument) -> None:
        if self._sound(faults_of_instrument(row, f"instruments.{code}")):
            self.instruments[code] = instrument_of(code, row)
            self.settlements[code] = Rate(Fraction(row.settlement_rate))

    def _find(self, code: str, field: str) -> Instrument | None:
        """Described, else the desk's own with the rate of its settlement currency."""
        if code in self.instruments or code in self.told.instruments:
            return self.instruments.get(code)
        found = self.known.instruments.get(code)
        if found is None:
            says = "The desk knows no such instrument: describe it under instruments."
            self.refuse(field, "unknown_instrument", code, says)
            return None
        self.instruments[code] = found
        asset, base = found.settlement, self.told.base_currency
        if asset != base and asset not in self.rates:
            rate = self.known.rate(asset, base)
            if rate is None:
                says = f"No price leads from {asset}, its settlement currency, to {base}."
                self.refuse(field, "unpriced", code, says)
            else:
                self.rates[asset] = rate
        return found

    # --- collateral ----------------------------------------------------------------------------------
    def _value(self, row: DescribedCollateral, field: str) -> None:
        self._price(row, field)
        terms = self._terms(row, field)
        if terms is None:
            return
        earlier = self.terms.setdefault(row.asset, terms)
        if earlier != terms:
            says = f"{row.asset} stands here twice, with different terms."
            self.refuse(f"{field}.asset", "two_terms", row.asset, says)

    def _price(self, row: DescribedCollateral, field: str) -> None:
        asset, base = row.asset, self.told.base_currency
        if asset == base:
            if row.price is not None and row.price != 1:
                says = "One unit of the base currency is worth one."
                self.refuse(f"{field}.price", "base_price", row.price, says)
            return
        rate = self.known.rate(asset, base) if row.price is None else Rate(Fraction(row.price))
        if rate is None:
            says = f"The desk knows no price of {asset} in {base}: say one."
            self.refuse(f"{field}.price", "unpriced", None, says)
        elif asset in self.rates and self.rates[asset].value != rate.value:
            says = f"{asset} stands here twice, with different prices."
            self.refuse(f"{field}.price", "two_prices", row.price, says)
        else:
            self.rates[asset] = rate

    def _terms(self, row: DescribedCollateral, field: str) -> AssetTerms | None:
        """The caller's, or the desk's; the base currency counts in full unless the caller says otherwise."""
        asset, own = row.asset, self.known.terms.get(row.asset)
        if row.haircut is not None and row.haircut_tiers is not None:
            says = "Say a haircut or haircut tiers, not both."
            self.refuse(f"{field}.haircut_tiers", "two_haircuts", "a list", says)
            return None
        described = row.haircut is not None or row.haircut_tiers is not None
        if not described and own is None and asset != self.told.base_currency:
            says = f"The desk knows no haircut of {asset}: say one, 0 if it counts in full."
            self.refuse(f"{field}.haircut", "required", None, says)
            return None
        if not self._sound(faults_of_haircuts(row, field)):
            return None
        haircuts = haircuts_of(row) if described else Haircuts()
        if not described and own is not None and asset != self.told.base_currency:
            haircuts, initial, maintenance = own.haircuts, own.liability_initial, own.liability_maintenance
        else:
            initial = maintenance = ZERO
        if row.liability_rate is not None:
            initial = maintenance = Fraction(row.liability_rate)
        loading = self.known.loadings.get(asset, ONE) if row.loading is None else Fraction(row.loading)
        step = self.known.steps.get(asset, FINEST_STEP)
        return AssetTerms(asset, haircuts, initial, maintenance, loading, step)

    # --- positions -----------------------------------------------------------------------------------
    def _mark_all(self) -> None:
        """One mark an instrument: told with any of its positions, else the desk's."""
        for place, row in enumerate(self.told.positions):
            if row.mark_price is None:
                continue
            price, earlier = Fraction(row.mark_price), self.marks.get(row.instrument)
            if earlier is None:
                self.marks[row.instrument] = Mark(price)
            elif earlier.price != price:
                says = f"{row.instrument} has another mark in an earlier position: there is one each."
                self.refuse(f"positions[{place}].mark_price", "two_marks", row.mark_price, says)

    def _position(self, row: DescribedPosition, place: int) -> Position | None:
        field = f"positions[{place}]"
        instrument = self._find(row.instrument, f"{field}.instrument")
        if row.mode == Mode.ISOLATED and row.isolated_margin is None:
            says = "An isolated position says what its own pocket holds."
            self.refuse(f"{field}.isolated_margin", "required", None, says)
        if instrument is None:
            return None
        self._check_prices(row, instrument, field)
        return Position(
            str(place),
            instrument,
            Mode(row.mode),
            Fraction(row.quantity),
            Fraction(row.entry_price),
            None if row.leverage is None else Fraction(row.leverage),
        )

    def _check_prices(self, row: DescribedPosition, instrument: Instrument, field: str) -> None:
        may_be_negative = instrument.allow_negative and instrument.kind is Kind.LINEAR
        says = f"A price of {row.instrument} is above zero."
        if not may_be_negative and row.entry_price <= 0:
            self.refuse(f"{field}.entry_price", "above", row.entry_price, says)
        if row.mark_price is not None:
            if not may_be_negative and row.mark_price <= 0:
                self.refuse(f"{field}.mark_price", "above", row.mark_price, says)
        elif row.instrument not in self.marks:
            mark = self.known.marks.get(row.instrument)
            if row.instrument in self.told.instruments or mark is None or mark.price is None:
                says = f"The desk knows no price of {row.instrument}: say its mark."
                self.refuse(f"{field}.mark_price", "unpriced", None, says)
            else:
                self.marks[row.instrument] = mark

    def _bound_work(self) -> None:
        """Sums of endless fractions carry every divisor in full: bounded, so that nobody waits for hours."""
        divisors = {("lever", str(row.leverage)) for row in self.told.positions if row.leverage is not None}
        for row in self.told.positions:
            found = self.instruments.get(row.instrument)
            if found is not None and found.kind is Kind.INVERSE:
                divisors |= {(row.instrument, str(price)) for price in (row.entry_price, row.mark_price)}
        digits = sum(len(text) for _, text in divisors)
        if digits > MOST_ENDLESS_DIGITS:
            says = (
                "The different leverages, and prices of inverse contracts, have at most "
                f"{MOST_ENDLESS_DIGITS} digits together: exact arithmetic carries every one of them."
            )
            self.refuse("positions", "too_many_digits", str(digits), says)

    # --- together ------------------------------------------------------------------------------------
    def _question(self, positions: list[Position]) -> Question:
        told, base = self.told, self.told.base_currency
        allocations = [
            None if row.isolated_margin is None else Fraction(row.isolated_margin) for row in told.positions
        ]
        wallet = [Holding(WALLET, row.asset, Fraction(row.amount)) for row in told.collateral]
        pockets = [
            Holding(position.pool, base, allocation or ZERO)
            for position, allocation in zip(positions, allocations, strict=True)
            if position.mode is Mode.ISOLATED
        ]
        own = self.terms.get(base, AssetTerms(base, step=self.known.steps.get(base, FINEST_STEP)))
        terms = {**self.terms, base: replace(own, loading=ZERO)}
        account = Account("", base, tuple(positions), (*wallet, *pockets), terms, Fraction(told.buffer))
        policy = Policy(
            target=Fraction(told.target),
            at_threshold=AtThreshold(told.at_threshold),
            offsets=Offsets(told.offsets),
        )
        market = Market(base, self.marks, self.rates, self.settlements)
        return Question(account, market, policy, PROFILES.get(told.profile or ""), allocations)


def _text(value: object) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)
