"""From a scenario to the move of every instrument: what is on record, what its class does, what factors add.

Takes a preset, shocks by risk factor and what is traded; gives a move per instrument and where it comes
from. Changes nothing. A price that cannot be negative keeps a hundredth of itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median

from margin.engine.rational import Fraction
from margin.engine.stress import Stress
from margin.engine.types import ZERO, total_of
from margin.models import Instrument, RatePath
from margin.whatif.presets import Preset, class_of

LEAST = Fraction(-99, 100)
CRYPTO, INDEX, STABLE = "crypto", "index", "stablecoin"


@dataclass(frozen=True, slots=True)
class Scenario:
    """`factors` are shocks by risk factor; `together`: each takes the direction of the largest."""

    preset: Preset | None = None
    factors: Mapping[str, Fraction] = field(default_factory=dict)
    together: bool = False
    thin: int | None = None

    @property
    def liquidity(self) -> int:
        return self.thin or (self.preset.thin if self.preset else 1)

    @property
    def title(self) -> str:
        told = [self.preset.title] if self.preset else []
        told += [f"{name} {float(shock):+.0%}" for name, shock in self.factors.items() if shock]
        return " · ".join(told) or "No shock"


@dataclass(frozen=True, slots=True)
class Traded:
    """What a scenario asks of an instrument."""

    code: str
    asset_class: str
    names: tuple[str, ...]
    loadings: Mapping[str, Fraction]
    in_sessions: bool
    of_stablecoin: bool
    may_be_negative: bool


@dataclass(frozen=True, slots=True)
class Move:
    share: Fraction
    because: str


def traded() -> list[Traded]:
    """Every instrument, with the names under which a crash may know it."""
    paths = {path.instrument_id: path.base for path in RatePath.objects.select_related("base")}
    rows = Instrument.objects.select_related("underlying", "calendar").prefetch_related("loadings__factor")
    found = []
    for row in rows:
        base = paths.get(row.pk)
        names = [row.code.replace("-", ""), row.underlying.code if row.underlying else ""]
        if row.asset_class == CRYPTO:
            names += [row.code.partition("-")[0], base.code if base else ""]
        found.append(
            Traded(
                row.code,
                row.asset_class,
                tuple(name for name in names if name),
                {one.factor.code: Fraction(one.loading) for one in row.loadings.all()},
                bool(row.calendar.sessions),
                base is not None and base.kind == STABLE,
                row.allow_negative,
            )
        )
    return found


def moves(scenario: Scenario, instruments: Sequence[Traded]) -> dict[str, Move]:
    """Only what moves."""
    by_factor = Stress("", factors=scenario.factors, together=scenario.together).shocks()
    middle = _middle(scenario.preset)
    found = {}
    for one in instruments:
        first = _of_preset(scenario.preset, one, middle)
        more = total_of(
            one.loadings[name] * shock for name, shock in by_factor.items() if name in one.loadings
        )
        share = first.share + more
        because = " and ".join(
            filter(None, [first.because if first.share else "", "factors" if more else ""])
        )
        if share:
            found[one.code] = Move(share if one.may_be_negative else max(LEAST, share), because)
    return found


def _of_preset(preset: Preset | None, one: Traded, middle: Mapping[str, Fraction]) -> Move:
    if preset is None:
        return Move(ZERO, "")
    if one.of_stablecoin:
        return Move(preset.stable, "stablecoins")
    for name in one.names:
        if name in preset.recorded:
            return Move(preset.recorded[name], "on record")
    if one.asset_class in middle:
        return Move(middle[one.asset_class], f"middle of {one.asset_class} on record")
    gap = preset.gap.get(one.asset_class, ZERO) if one.in_sessions else ZERO
    return Move(preset.classes.get(one.asset_class, ZERO) + gap, f"class {one.asset_class}")


def _middle(preset: Preset | None) -> dict[str, Fraction]:
    """What a coin, a share or an index does that has no record of its own; a currency pair does nothing."""
    if preset is None or not preset.recorded:
        return {}
    known: dict[str, list[Fraction]] = {}
    for name, move in preset.recorded.items():
        known.setdefault(class_of()[name], []).append(move)
    kinds = {CRYPTO: known.get(CRYPTO), "equity": known.get("equity"), INDEX: known.get(INDEX)}
    return {kind: median(found) for kind, found in kinds.items() if found}
