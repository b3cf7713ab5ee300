"""Figures as text for people: grouped, cut once, never rounded across a line that decides.

Takes exact figures, mostly the frame's decimal strings (None where a figure does not exist); gives text.
Pages, charts and mails write through it, `static/js/format.js` writes the same, and both are held to
`tests/cases/formats.json`.
"""

import re
from collections.abc import Mapping
from decimal import ROUND_CEILING, ROUND_DOWN, ROUND_FLOOR, ROUND_HALF_EVEN, Context, Decimal
from typing import Any

from margin.engine.figures import Level

Figure = str | Decimal | float | None
"""A float only where a drawing has nothing better; it counts as the digits it shows."""
NONE = "—"
REACHED = "reached"
MINUS = "−"

WIDE = Context(prec=400)
"""Room for every digit of the largest figure there is: the ambient precision would refuse or round it."""

LEVELS = {level.word: level.label for level in Level}
CAP_STATES = {
    "over": ("critical", "Over a cap"),
    "missing": ("critical", "Lacks a cap"),
    "near": ("warning", "Near a cap"),
}
"""What is said in a row of how it stands to its caps; where nothing is, it is not there."""
CONTROLS = {"open": "Open", "reduce_only": "Reduce only", "frozen": "Frozen"}


REF = re.compile(r"(?:isolated:)?([^\s|:]+)\|(cross|isolated)\b\|?(\S*)|isolated:(\S+)")
"""A pool or a position as machines write it: `isolated:SOL-PERP|isolated||venue|event`."""


def named(text: str) -> str:
    """Pools and positions as people call them, wherever they stand in a text: isolated SOL-PERP (event)."""
    return REF.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    instrument, mode, rest, opaque = found.groups()
    if opaque:
        return f"isolated {opaque}"
    told = ", ".join(part for part in rest.split("|") if part)
    return f"{mode} {instrument} ({told})" if told else f"{mode} {instrument}"


ASSET_CLASSES = {
    "fx_major": "major currency pairs",
    "fx_minor": "minor currency pairs",
    "gold": "gold",
    "index_major": "major indices",
    "index_minor": "minor indices",
    "commodity": "commodities",
    "equity": "shares",
    "crypto": "crypto",
    "other": "everything else",
}
"""The asset classes by which regulation caps leverage, as instruments name them."""


def asset_class(word: str) -> str:
    return ASSET_CLASSES.get(word, word)


def level(word: str | None) -> str:
    """A level as people read it; nothing where there is none."""
    return LEVELS.get(word or "", word or "")


WHOLE_ACCOUNT = "; equity and requirement are of the whole account"
WHOLE_CLIENT = ": asked of the whole client, while this leverage is of the account alone"


def first_pool(pool: str | None) -> str:
    """Whose utilisation an account shows: that of the pool that binds."""
    beside = WHOLE_ACCOUNT if pool and pool.startswith("isolated:") else ""
    return f"Of the pool that binds: {named(pool)}{beside}" if pool else ""


def cap_asked(name: str | None) -> str:
    """Whose cap stands beside an account's leverage; all but its own are asked of the whole client."""
    own = not name or name == "missing" or name.startswith("sub-account ")
    return (name or "") if own else f"{name}{WHOLE_CLIENT}"


def money(text: Figure) -> str:
    """Every digit the frame gives, grouped."""
    return NONE if text is None else _typeset(f"{_exact(text):,f}")


def whole_down(text: Figure, decimals: int = 0) -> str:
    """Whole units (or to so many decimals), never more than there is: for equity."""
    return _whole(text, decimals, ROUND_FLOOR)


def whole_up(text: Figure, decimals: int = 0) -> str:
    """Whole units (or to so many decimals), never less than is needed: for requirements."""
    return _whole(text, decimals, ROUND_CEILING)


def percent(text: Figure, decimals: int = 1) -> str:
    """A fraction as per cent, cut towards zero, so that it never shows a line as reached that is not."""
    if text is None:
        return NONE
    exact = WIDE.multiply(_exact(text), Decimal(100))
    cut = _cut(exact, decimals, ROUND_DOWN)
    over = ">" if cut == 100 and exact > 100 else ""
    return f"{over}{_typeset(f'{cut:,f}')} %"


def to_liquidation(row: Mapping[str, Any]) -> str:
    """How far an account is from it; of one that is in it, that there is no way left to go."""
    return REACHED if row["level"] == "liquidation" else percent(row["distance"], 2)


def counted(number: int, noun: str, plural: str = "s") -> str:
    """So many of a thing: 1 account, 2 accounts."""
    return f"{number:,} {noun}{'' if number == 1 else plural}"


def signed_percent(text: Figure, decimals: int = 1) -> str:
    """A move, with its sign either way; cut like any other, so that it is never shown farther than it is."""
    return ("+" if text is not None and _exact(text) > 0 else "") + percent(text, decimals)


def points(before: Figure, now: Figure, decimals: int = 1) -> str:
    """From one share to another, in points of per cent, as far as `percent` shows the two apart."""
    if before is None or now is None:
        return NONE
    ends = (_cut(WIDE.multiply(_exact(end), Decimal(100)), decimals, ROUND_DOWN) for end in (now, before))
    apart = WIDE.subtract(*ends)
    return f"{'+' if apart > 0 else ''}{_typeset(f'{apart:,f}')} points"


def leverage(text: Figure) -> str:
    """A leverage that is measured: rounded up, always to two places, so that one below the other lines up."""
    return NONE if text is None else _typeset(f"{_cut(_exact(text), 2, ROUND_CEILING):,f}") + "×"


def times(text: Figure, decimals: int = 2) -> str:
    """A multiple that somebody set, such as a cap: rounded up, without idle zeros."""
    if text is None:
        return NONE
    return _typeset(plain(f"{_cut(_exact(text), decimals, ROUND_CEILING):,f}")) + "×"


def short(text: Figure) -> str:
    """As many digits as a person reads: cents of thousands, at most eight places of less."""
    if text is None:
        return NONE
    size = abs(_exact(text))
    places = 2 if size >= 1_000 else 4 if size >= 1 else 8
    return _typeset(plain(f"{_cut(_exact(text), places, ROUND_HALF_EVEN):,f}"))


def plain(text: str) -> str:
    """The same digits without idle zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def _exact(figure: str | Decimal | float) -> Decimal:
    return Decimal(str(figure))


def _cut(exact: Decimal, decimals: int, rounding: str) -> Decimal:
    return exact.quantize(Decimal(1).scaleb(-decimals), rounding, context=WIDE)


def _whole(text: Figure, decimals: int, rounding: str) -> str:
    if text is None:
        return NONE
    return _typeset(plain(f"{_cut(_exact(text), decimals, rounding):,f}"))


def _typeset(text: str) -> str:
    return "0" + text[2:] if text.startswith("-0") and not text.strip("-0.,") else text.replace("-", MINUS)
