"""The stress lab: one scenario over a whole book, and what forced closing would make of it.

Takes the book's parts, a scenario and how prices answer to closing; gives levels before and after, clients,
the house's loss with the isolated pockets apart, the rounds of the cascade, and the same book with every
pocket thrown into one. Prices move and rates follow, as in every run. An account that cannot be computed is
left out by name. Decides and writes nothing.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

import structlog

from margin.book.marks import PLACES, Pinned
from margin.engine.cascade import CascadeResult, Impact, cascade
from margin.engine.figures import Level
from margin.engine.rational import Fraction
from margin.engine.shown import down
from margin.engine.stress import Outcome, Stress, StressResult, Subject, shocked_market, stress
from margin.engine.types import ONE, WALLET, ZERO, Account, Mode, total_of
from margin.flow.recompute import ENGINE_FAULTS
from margin.whatif.shock import Move, Scenario, moves, traded
from margin.whatif.stress_book import ShardBook

log = structlog.get_logger(__name__)
MOST_ROUNDS = 12
MILLION = Fraction(1_000_000)


@dataclass(frozen=True, slots=True)
class Asked:
    """`impact`: the share by which closing a million of reporting currency moves a price; zero for none."""

    scenario: Scenario
    impact: Fraction = Fraction(5, 10_000)
    fund: Fraction = ZERO


@dataclass(frozen=True, slots=True)
class ClientResult:
    """In the reporting currency; None where an account of the client is unknown."""

    client: str
    before: Fraction | None
    after: Fraction | None
    shortfall: Fraction
    level_before: Level
    level_after: Level
    accounts: tuple[Outcome, ...]

    @property
    def loss(self) -> Fraction | None:
        return None if self.before is None or self.after is None else self.before - self.after


@dataclass(frozen=True, slots=True)
class Stressed:
    asked: Asked
    moves: Mapping[str, Move]
    result: StressResult
    clients: tuple[ClientResult, ...]
    cascade: CascadeResult
    all_cross: Fraction
    """What the house would lose if every pocket were one with its wallet."""
    left_out: tuple[str, ...]

    def levels(self, *, after: bool) -> Counter[Level]:
        return Counter((one.after if after else one.before).level for one in self.result.outcomes)

    def shortfall(self, *, isolated: bool) -> Fraction:
        own = self.result.outcomes
        return total_of(one.isolated_shortfall if isolated else one.cross_shortfall for one in own)

    @property
    def negative(self) -> int:
        """Accounts with a pool below zero."""
        return sum(1 for one in self.result.outcomes if one.shortfall)


def run_stress(parts: Sequence[ShardBook], asked: Asked) -> Stressed:
    found = moves(asked.scenario, traded())
    outcomes: list[Outcome] = []
    shocked: list[Subject] = []
    left_out = [code for part in parts for code in part.left_out]
    in_one = ZERO
    for part in parts:
        for base, subjects in _by_base(part.subjects).items():
            scenario = _as_seen_from(base, part, asked.scenario, found)
            for subject in subjects:
                try:
                    outcome = stress([subject], scenario).outcomes[0]
                    in_one += _house_loss_in_one_pool(subject, scenario, outcome)
                except ENGINE_FAULTS:
                    log.exception("account.not_stressed", account=subject.account.code)
                    left_out.append(subject.account.code)
                    continue
                outcomes.append(outcome)
                shocked.append(replace(subject, market=shocked_market(subject, scenario, {})))
    rates = {one.account.code: one.rate for part in parts for one in part.subjects}
    result = StressResult(asked.scenario.title, tuple(outcomes))
    clients = _clients(outcomes, rates)
    return Stressed(asked, found, result, clients, _cascade(shocked, asked), in_one, tuple(left_out))


def _house_loss_in_one_pool(subject: Subject, scenario: Stress, outcome: Outcome) -> Fraction:
    """An account without pockets is one pool already."""
    if len(outcome.before.pools) == 1:
        return outcome.shortfall
    return stress([replace(subject, account=in_one_pool(subject.account))], scenario).house_loss


def _by_base(subjects: Sequence[Subject]) -> dict[str, list[Subject]]:
    found: dict[str, list[Subject]] = defaultdict(list)
    for subject in subjects:
        found[subject.account.base].append(subject)
    return found


def _as_seen_from(base: str, part: ShardBook, scenario: Scenario, found: Mapping[str, Move]) -> Stress:
    """Instruments move as told; each asset as its rate to the base does once the prices have moved."""
    before = part.rates_after(part.pinned)
    after = part.rates_after({code: _moved(one, found.get(code)) for code, one in part.pinned.items()})
    assets = {}
    for asset in part.book.rules.scales:
        was, becomes = before.rate(asset, base).value, after.rate(asset, base).value
        if was and becomes is not None:
            assets[asset] = becomes / was - ONE
    shares = {code: move.share for code, move in found.items()}
    everything = dict.fromkeys(part.pinned, ZERO) | shares
    return Stress(
        scenario.title, instruments=everything, assets=assets, liquidity_factor=Fraction(scenario.liquidity)
    )


def _moved(pinned: Pinned, move: Move | None) -> Pinned:
    if move is None or pinned.mark is None:
        return pinned
    low, high = (None if one is None else _times(one, move) for one in (pinned.low, pinned.high))
    return replace(pinned, mark=_times(pinned.mark, move), low=low, high=high)


def _times(price: Decimal, move: Move) -> Decimal:
    return down(Fraction(price) * (ONE + move.share), PLACES)


def in_one_pool(account: Account) -> Account:
    """Every isolated pocket emptied into the wallet, every position in cross."""
    positions = tuple(replace(one, mode=Mode.CROSS) for one in account.positions)
    holdings = tuple(replace(one, pocket=WALLET) for one in account.holdings)
    return replace(account, positions=positions, holdings=holdings)


def _clients(outcomes: Sequence[Outcome], rates: Mapping[str, Fraction]) -> tuple[ClientResult, ...]:
    """The largest shortfall first, then the worst level, then the largest loss."""
    found: dict[str, list[Outcome]] = defaultdict(list)
    for outcome in outcomes:
        found[outcome.client].append(outcome)
    rows = [_client(code, own, rates) for code, own in found.items()]
    return tuple(
        sorted(rows, key=lambda one: (-one.shortfall, -one.level_after, -(one.loss or ZERO), one.client))
    )


def _client(code: str, own: Sequence[Outcome], rates: Mapping[str, Fraction]) -> ClientResult:
    """Equity counts in the reporting currency, by the rate before the shock."""
    return ClientResult(
        code,
        _sum([(one.before.equity, rates[one.account]) for one in own]),
        _sum([(one.after.equity, rates[one.account]) for one in own]),
        total_of(one.shortfall for one in own),
        max(one.before.level for one in own),
        max(one.after.level for one in own),
        tuple(own),
    )


def _sum(parts: Sequence[tuple[Fraction | None, Fraction]]) -> Fraction | None:
    """None where one is unknown: a sum that hides it would look better than it is."""
    known = [amount * rate for amount, rate in parts if amount is not None]
    return total_of(known) if len(known) == len(parts) else None


def _cascade(shocked: Sequence[Subject], asked: Asked) -> CascadeResult:
    """The prices have moved already: the shock of the cascade itself is none."""
    codes = {position.instrument.code for one in shocked for position in one.account.positions}
    depth = dict.fromkeys(codes, MILLION / asked.impact) if asked.impact else {}
    quiet = Stress("after the shock", liquidity_factor=Fraction(asked.scenario.liquidity))
    return cascade(shocked, quiet, Impact(depth), fund=asked.fund, most_rounds=MOST_ROUNDS)
