"""Why a number is what it is, for people: the result first, then each pool's lines, then what changed it.

Takes a revisited account and a figure's name; gives texts. The lines are the engine's (`margin.whatif.why`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from accounts.models import SubAccount
from margin import formats
from margin.engine.explain import Working
from margin.pages.pools import pool_names
from margin.pages.symbols import meaning, others
from margin.whatif import between, why
from margin.whatif.revisit import Gone, Revisited, oldest_run, revisit, run_at

WORDS = {
    "equity": "Equity",
    "unrealised_pnl": "Unrealised profit",
    "notional": "Notional",
    "maintenance": "Maintenance",
    "initial": "Initial margin",
    "house_maintenance": "House requirement",
    "utilisation": "Utilisation",
    "level": "Level",
    "free_margin": "Free margin",
    "leverage": "Leverage",
    "gross": "Gross exposure",
    "net": "Net exposure",
    "distance": "Distance to liquidation",
    "next": "Distance to the next level",
    "liquidation_price": "Liquidation price",
    "cap": "Leverage cap",
    "collateral": "Collateral",
}
SHARES = {"utilisation", "distance", "next", "level"}
TIMES = {"leverage", "cap"}
SPANS = (1, 5, 15, 60)
MOST_PARTS = 6


@dataclass(frozen=True, slots=True)
class Given:
    """An input of a line: short to read, exact to hover over or to copy."""

    name: str
    meaning: str
    value: str
    exact: str
    source: str


@dataclass(frozen=True, slots=True)
class Line:
    figure: str
    of: str
    formula: str
    others: list[tuple[str, str]]
    inputs: list[Given]
    result: str
    exact: str
    note: str


@dataclass(frozen=True, slots=True)
class Group:
    """A pool with its lines; `whole` is the account itself."""

    name: str
    lines: list[Line]
    whole: bool = False
    binds: bool = False


def groups(seen: Revisited, asked: why.Asked) -> list[Group]:
    """The account's own lines first, then its pools, each line under its pool."""
    names, pools = pool_names(seen), [pool.pool for pool in seen.figures.pools]
    by_ref = {position.ref: position.pool for position in seen.account.positions}
    found: dict[str, list[Line]] = {"": [], **{pool: [] for pool in pools}}
    for line in why.working(seen, asked):
        found[_pool_of(line.of, pools, by_ref)].append(_line(line))
    whole = [Group(seen.account.code, found.pop(""), whole=True)]
    rest = [
        Group(names[pool], lines, binds=pool == seen.figures.binding_pool)
        for pool, lines in found.items()
        if lines
    ]
    return [group for group in whole if group.lines] + rest


def _pool_of(of: str, pools: list[str], by_ref: Mapping[str, str]) -> str:
    """Lines name a pool, a leg of it, or a position."""
    if of in by_ref:
        return by_ref[of]
    fitting = [pool for pool in pools if of == pool or of.startswith(f"{pool} ")]
    return max(fitting, key=len, default="")


def _line(line: Working) -> Line:
    plain = why.plain_line(line)
    return Line(
        figure=WORDS.get(line.figure, line.figure),
        of=formats.named(line.of),
        formula=line.formula,
        others=others(line.formula, line.figure, {given.name for given in line.inputs}),
        inputs=[_given(line.figure, **given) for given in plain["inputs"]],
        result=amount(line.figure, plain["result"]),
        exact=plain["result"] or "",
        note=formats.named(line.note),
    )


def _given(figure: str, name: str, value: str | None, source: str) -> Given:
    return Given(
        in_words(name), meaning(name, figure), formats.short(value), value or "", formats.named(source)
    )


def in_words(name: str) -> str:
    """A figure's or a pool's name; a letter of a formula stays as it is."""
    return WORDS.get(name) or formats.named(name)


def amount(figure: str, text: str | None) -> str:
    if figure in SHARES:
        return formats.percent(text, 4)
    return formats.times(text, 6) if figure in TIMES else formats.short(text)


def changed(account: SubAccount, seen: Revisited, figure: str, minutes: int) -> dict[str, Any]:
    """What moved the figure since the run of so many minutes ago, else the oldest, or why none can tell."""
    told: dict[str, Any] = {"minutes": minutes, "spans": SPANS}
    at = seen.run.at or seen.run.started_at
    old_enough = run_at(account, at - timedelta(minutes=minutes))
    before = old_enough or oldest_run(account)
    if before is None or before.pk == seen.run.pk:
        return told | {"because": "no earlier run has been kept"}
    start = revisit(account, before)
    if isinstance(start, Gone):
        return told | {"because": start.because}
    found = between.between(start, seen, figure)
    if found is None:
        return told | {"because": "it was unknown at one end or on the way"}
    most = max((abs(part.change) for part in found.parts), default=0)
    return told | {
        "since": before.at,
        "oldest": old_enough is None,
        "start": amount(figure, why.digits(found.start)),
        "end": amount(figure, why.digits(found.end)),
        "change": signed(figure, why.digits(found.end - found.start)),
        "parts": [
            {
                "cause": part.cause.value,
                "key": formats.named(part.key),
                "change": signed(figure, why.digits(part.change)),
                "share": f"{float(abs(part.change) / most):.4f}" if most else "0",
            }
            for part in found.largest(MOST_PARTS)
        ],
        "more": max(0, len(found.parts) - MOST_PARTS),
    }


def signed(figure: str, text: str | None) -> str:
    shown = amount(figure, text)
    return shown if text is None or text.startswith("-") else f"+{shown}"
