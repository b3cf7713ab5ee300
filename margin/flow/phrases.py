"""The pieces that every text about a finding is made of: whom, where, how much, and why.

Takes what a run found; gives phrases. Figures are rounded here as everywhere at the edge: requirements up,
equity down. Pure.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from margin import formats
from margin.book.marks import text_of
from margin.engine import shown
from margin.engine.figures import PositionFigures
from margin.engine.pools import CROSS
from margin.engine.rational import Fraction
from margin.engine.types import ZERO
from margin.flow.found import Found
from margin.flow.recompute import Computed
from margin.flow.show import plain

TITLE_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Scene:
    """What the sentences may look at besides the finding; `earlier` are the marks of the run before."""

    computed: Computed
    earlier: Mapping[str, str | None]

    def places(self, currency: str) -> int:
        """A currency's decimals."""
        return self.computed.book.rules.scales[currency]


def whom(one: Found) -> str:
    code = one.measured.fact.code if one.measured else one.client.client.code
    place = one.instrument or formats.asset_class(one.cap_class)
    return f"{code} in {place}" if place else code


def cause(one: Found, scene: Scene) -> str:
    """The largest position, and how its price moved since the run before."""
    largest = max(_rows(one), key=lambda row: row.notional or ZERO, default=None)
    if largest is None or largest.mark is None:
        return ""
    code = largest.instrument
    price = text_of(scene.computed.pinned[code].mark) if code in scene.computed.pinned else None
    earlier = scene.earlier.get(code)
    moved = ""
    if earlier is not None and Fraction(earlier) != 0:
        change = (largest.mark - Fraction(earlier)) / abs(Fraction(earlier))
        moved = f", {_signed(change)} since the run before" if change else ""
    return f"The largest position is in {code}, at {price or plain(largest.mark)}{moved}."


def _rows(one: Found) -> list[PositionFigures]:
    if one.pool is not None:
        return list(one.pool.positions)
    members = [one.measured] if one.measured else one.client.members
    rows = [row for measured in members for row in measured.figures.positions]
    return [row for row in rows if one.instrument in ("", row.instrument)]


def sentence(words: str) -> str:
    """With a capital in front; codes inside keep theirs."""
    return words[:1].upper() + words[1:]


def pool_named(name: str) -> str:
    return "the cross pool" if name == CROSS else formats.named(name)


def paragraphs(*sentences: str) -> str:
    return "\n\n".join(sentence for sentence in sentences if sentence)


def up(number: Fraction, places: int) -> str:
    return f"{shown.up(number, places):,f}"


def down(number: Fraction, places: int) -> str:
    return f"{shown.down(number, places):,f}"


def percent(number: Fraction) -> str:
    return f"{shown.down(number * 100, 1):f} %"


def _signed(number: Fraction) -> str:
    rounded = shown.down(abs(number) * 100, 2)
    return f"{'+' if number > 0 else '−'}{rounded:f} %"
