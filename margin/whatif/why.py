"""Why this number: the working of one figure of one account, as plain lines that a person can follow.

Takes a revisited account and the name of a figure; gives lines with formula, inputs (each with its source and
version) and result. The figures are those of the run; nothing is decided here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from margin.book.marks import Pinned, text_of
from margin.engine.explain import NEEDS, Input, Working, explain
from margin.engine.explain_sums import distance_lines, exposure_lines, price_lines, sum_line
from margin.engine.rational import Fraction
from margin.engine.shown import down
from margin.whatif.revisit import Revisited

DIGITS = 18
AHEAD = ("distance", "next")
EXPOSED = ("gross", "net")
FIGURES = (*NEEDS, *EXPOSED, *AHEAD, "liquidation_price", "cap")


@dataclass(frozen=True, slots=True)
class Asked:
    """Which working: of the whole account, or only of one pool or one position."""

    figure: str
    pool: str | None = None
    ref: str | None = None


def working(seen: Revisited, asked: Asked) -> list[Working]:
    """The lines, those it is made of first."""
    found = _lines(_with_sources(seen), asked.figure)
    return [line for line in found if _wanted(line, asked, seen)]


def _lines(seen: Revisited, figure: str) -> Iterable[Working]:
    account, figures, policy = seen.account, seen.figures, seen.policy
    if figure == "cap":
        return [
            *explain(account, seen.market, policy, figures, "leverage"),
            _cap_line(figures.code, seen.row),
        ]
    if figure == "liquidation_price":
        return price_lines(account, figures, seen.hurt)
    if figure in AHEAD:
        return distance_lines(figures, policy, seen.distances, figure)
    if figure in EXPOSED:
        return [*exposure_lines(figures, figure), *sum_line(figures, figure)]
    return [*explain(account, seen.market, policy, figures, figure), *sum_line(figures, figure)]


def _cap_line(code: str, row: Mapping[str, Any]) -> Working:
    """The tightest cap, as the run measured it (of a client over all its sub-accounts)."""
    if not row.get("cap"):
        none = "no cap is set: none means none allowed, and holding positions is a breach"
        return Working("cap", code, "", (), None, none)
    inputs = (Input("cap", Fraction(row["cap"]), row["cap_name"]),)
    use = None if row["cap_use"] is None else Fraction(row["cap_use"])
    note = f"measured over {row['cap_name'].partition(' ')[0]}, against the tightest cap that applies"
    return Working("cap", code, "leverage/cap", inputs, use, note)


def _with_sources(seen: Revisited) -> Revisited:
    """Marks whose source also says how fresh they were."""
    marks = {
        code: replace(mark, source=_source(seen.pinned[code]) if code in seen.pinned else mark.source)
        for code, mark in seen.market.marks.items()
    }
    return replace(seen, market=replace(seen.market, marks=marks))


def _source(price: Pinned) -> str:
    told = [price.source, price.state.value, f"{price.time:%Y-%m-%dT%H:%M:%SZ}" if price.time else ""]
    return ", ".join(word for word in told if word)


def _wanted(line: Working, asked: Asked, seen: Revisited) -> bool:
    if asked.ref is not None:
        position = next(p for p in seen.account.positions if p.ref == asked.ref)
        leg = f"{position.pool} {position.instrument.code} {'long' if position.quantity > 0 else 'short'}"
        return line.of in (asked.ref, leg)
    if asked.pool is not None:
        refs = {p.ref for p in seen.account.positions if p.pool == asked.pool}
        return line.of == asked.pool or line.of.startswith(f"{asked.pool} ") or line.of in refs
    return True


def plain_line(line: Working) -> dict[str, Any]:
    """As the API writes it."""
    return {
        "figure": line.figure,
        "of": line.of,
        "formula": line.formula,
        "inputs": [
            {"name": given.name, "value": digits(given.value), "source": given.source}
            for given in line.inputs
        ],
        "result": digits(line.result),
        "note": line.note,
    }


def digits(number: Fraction | None) -> str | None:
    """Plain digits, at most eighteen behind the point."""
    return None if number is None else text_of(down(number, DIGITS))
