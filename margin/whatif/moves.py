"""What a change would move: pools, caps, sums, each before and after. Rows of a dry run, no work."""

from collections import Counter
from dataclasses import dataclass, field

from margin.engine.figures import Finding, Level, Severity
from margin.engine.measures import AnyKind
from margin.engine.rational import Fraction
from margin.engine.types import ZERO
from margin.flow.findings import CALLED


@dataclass(frozen=True, slots=True)
class PoolMove:
    """One pool whose level or requirement would be another. `deposit` brings it back to the target."""

    client: str
    account: str
    pool: str
    currency: str
    places: int
    equity: Fraction | None
    level: tuple[Level, Level]
    house: tuple[Fraction | None, Fraction | None]
    deposit: Fraction | None

    @property
    def more(self) -> Fraction:
        """How much more margin is asked, below zero where it is less."""
        before, after = self.house
        return ZERO if before is None or after is None else after - before

    @property
    def is_called(self) -> bool:
        return self.level[1] in CALLED and self.level[1] > self.level[0]

    @property
    def is_released(self) -> bool:
        return self.level[0] in CALLED and self.level[1] < self.level[0]


@dataclass(frozen=True, slots=True)
class CapMove:
    """One cap asked of one subject, with another answer. None: nothing asked, before or after."""

    rule: str
    kind: AnyKind | None
    client: str
    account: str
    instrument: str
    currency: str
    before: Finding | None
    after: Finding | None

    @property
    def is_broken(self) -> bool:
        return self.after is not None and self.after.is_over and not (self.before and self.before.is_over)

    @property
    def is_kept_again(self) -> bool:
        return self.before is not None and self.before.is_over and not (self.after and self.after.is_over)

    @property
    def is_near(self) -> bool:
        """Newly so: neither near nor broken before."""
        before = self.before.severity if self.before else Severity.OK
        return self.after is not None and self.after.severity is Severity.WARN and before is Severity.OK

    @property
    def use(self) -> Fraction | None:
        """Of the cap as it would be. None: unbounded, or nothing to say."""
        found = self.after
        return (
            None
            if found is None or found.measured is None or not found.limit
            else found.measured / found.limit
        )


@dataclass(frozen=True, slots=True)
class Sums:
    """One desk: how much the house asks in all, in its currency; how many accounts stand at which level."""

    desk: str
    currency: str
    places: int
    house: tuple[Fraction, Fraction]
    levels: tuple[Counter[Level], Counter[Level]]

    @property
    def more(self) -> Fraction:
        return self.house[1] - self.house[0]


@dataclass(slots=True)
class DryRun:
    """`runs`: whose prices, by shard. `asked` sub-accounts were looked at, `unknown` have no figure."""

    at: str
    runs: dict[int, str]
    asked: int = 0
    clients: int = 0
    unknown: int = 0
    pools: list[PoolMove] = field(default_factory=list)
    caps: list[CapMove] = field(default_factory=list)
    sums: list[Sums] = field(default_factory=list)
    milliseconds: float = 0.0

    @property
    def broken(self) -> list[CapMove]:
        return [move for move in self.caps if move.is_broken]

    @property
    def kept_again(self) -> list[CapMove]:
        return [move for move in self.caps if move.is_kept_again]

    @property
    def near(self) -> list[CapMove]:
        return [move for move in self.caps if move.is_near and not move.is_broken]

    @property
    def called(self) -> list[PoolMove]:
        return [move for move in self.pools if move.is_called]

    @property
    def released(self) -> list[PoolMove]:
        return [move for move in self.pools if move.is_released]
