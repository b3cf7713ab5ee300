"""One sub-account of the list as its template wants it: every text ready, every mark as a share.

Takes a row of the frame; gives `AccountRow`. Decides nothing: level, control and order come with the row.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from typing import Any

from margin import formats
from margin.book.frame import ACCOUNT_COLUMNS
from margin.engine.types import ISOLATED
from margin.notify.push import Figures

UNASKED = frozenset(("name", "desk", "initial", "maintenance", "gross", "net", "free_margin", "positions"))
COLUMNS = [name for name in ACCOUNT_COLUMNS if name not in UNASKED]
"""What the page asks of the socket."""
FULL_SCALE = Decimal("1.2")
"""The utilisation bar ends at 120 %, so that what lies beyond the requirement can be seen."""


@dataclass(frozen=True, slots=True)
class AccountRow:
    account: str
    client: str
    client_name: str
    level: str
    level_word: str
    why: str
    bounded: bool
    distance: str
    side: str
    next: str
    next_side: str
    next_level: str
    next_word: str
    equity: str
    currency: str
    requirement: str
    utilisation: str
    use: str
    pool: str
    walled: bool
    leverage: str
    cap: str
    cap_name: str
    cap_asked: str
    cap_of_client: bool
    cap_use: str
    over_cap: bool
    cap_severity: str
    cap_word: str
    mode: str
    control: str
    control_word: str
    price_time: str
    closed: bool


def account_rows(figures: Figures, *, most: int, states: Collection[str] = ()) -> Iterator[AccountRow]:
    """The first rows of a desk in trouble order, of those that stand to their caps in one of these ways."""
    wanted = (
        (part, place)
        for part, place in figures.order
        if not states or figures.parts[part]["cap_state"][place] in states
    )
    for part, place in islice(wanted, most):
        columns = figures.parts[part]
        yield shown({name: columns[name][place] for name in COLUMNS})


def shown(row: Mapping[str, Any]) -> AccountRow:
    """The texts of one row, one a line."""
    cap_use, cap_asked = row["cap_use"], formats.cap_asked(row["cap_name"])
    cap_severity, cap_word = formats.CAP_STATES.get(row["cap_state"], ("", ""))
    return AccountRow(
        account=row["account"],
        client=row["client"],
        client_name=row["client_name"],
        level=row["level"],
        level_word=formats.level(row["level"]),
        why=row["unknown_because"] or "",
        bounded=bool(row["bounded"]),
        distance=formats.to_liquidation(row),
        side=""
        if row["level"] == "liquidation"
        else nearer_side(row["distance"], row["distance_down"], row["distance_up"]),
        next=formats.percent(row["next"], 2),
        next_side=nearer_side(row["next"], row["next_down"], row["next_up"]),
        next_level=row["next_level"] or "",
        next_word=formats.level(row["next_level"]) if row["next"] is not None else "",
        equity=formats.money(row["equity"]),
        currency=row["currency"],
        requirement=formats.money(row["house_maintenance"]),
        utilisation=formats.percent(row["utilisation"]),
        use=bar_share(row["utilisation"], scale=FULL_SCALE, absent=use_without_equity(row)),
        pool=formats.first_pool(row["binding_pool"]),
        walled=(row["binding_pool"] or "").startswith(ISOLATED),
        leverage=formats.leverage(row["leverage"]),
        cap=formats.times(row["cap"]) if row["cap"] else "no cap",
        cap_name=row["cap_name"] or "",
        cap_asked=cap_asked,
        cap_of_client=cap_asked != (row["cap_name"] or ""),
        cap_use=bar_share(cap_use, absent="0"),
        over_cap=cap_use is not None and Decimal(cap_use) > 1,
        cap_severity=cap_severity,
        cap_word=cap_word,
        mode=row["mode"],
        control=row["control"] or "open",
        control_word=formats.CONTROLS.get(row["control"] or "open", row["control"] or ""),
        price_time=row["price_time"] or "",
        closed=row["price_state"] == "closed",
    )


def near(row: Mapping[str, Any]) -> dict[str, Any]:
    """A line of those nearest to trouble."""
    return {
        "account": row["account"],
        "level": row["level"],
        "word": formats.level(row["level"]),
        "distance": formats.to_liquidation(row),
        "next": formats.percent(row["next"], 2),
        "next_level": formats.level(row["next_level"]),
        "utilisation": formats.percent(row["utilisation"]),
    }


def nearer_side(nearest: str | None, down: str | None, up: str | None) -> str:
    """Which way the market has to go: `down`, `up`, or nothing where neither reaches."""
    if nearest is None:
        return ""
    if down is not None and (up is None or abs(Decimal(down)) <= abs(Decimal(up))):
        return "down"
    return "up" if up is not None else ""


def use_without_equity(row: Mapping[str, Any]) -> str:
    """Utilisation is unbounded where a requirement stands on no equity: the bar is full."""
    return "1" if row["level"] == "liquidation" else "0"


def bar_share(text: str | None, *, absent: str, scale: Decimal = Decimal(1)) -> str:
    """A bar's length, 0 to 1."""
    if text is None:
        return absent
    return f"{min(max(Decimal(text) / scale, Decimal(0)), Decimal(1)):.4f}"
