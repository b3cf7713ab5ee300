"""A proposal in a person's words: whom it is about, and each value as it was and as it comes, in its unit.

Takes proposals and the lines of `margin.flow.differences`; gives texts for pages and for the administration.
Decides nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from accounts.models import Desk, Proposal
from margin import formats
from margin.engine.measures import UNITS, Unit, any_kind
from margin.flow.differences import Line, difference
from margin.models import Limit
from margin.models.limits import WARNS_AT_SHARE

OF_A_KIND = (Proposal.Kind.LIMIT, Proposal.Kind.EXCESS)
PERCENTS = ("buffer", "watch", "at_risk", "danger", "target")
SAID = ("value", "warn", "valid_to", "valid_at", "buffer", "watch", "at_risk", "danger", "regulatory_class")


def proposal_row(proposal: Proposal) -> dict[str, Any]:
    """One line of the list of proposals, with its difference in a few words."""
    moved = [line for line in difference(proposal.kind, proposal.before, proposal.change) if line.moved]
    ends = bool(proposal.change.get("end"))
    return {
        "proposal": proposal,
        "subject": subject(proposal),
        "moves": "to be ended"
        if ends
        else ", ".join(_move(line, measured_as(proposal)) for line in moved if line.name in SAID),
        "by": str(proposal.proposed_by),
    }


def _move(line: Line, of: Limit | None) -> str:
    """`value 10× → 12×`: what a second person wants to know first."""
    was, comes = shown_value(line.name, line.before, of), shown_value(line.name, line.after, of)
    return f"{line.label.lower()} {was} → {comes}"


def measured_as(proposal: Proposal) -> Limit | None:
    """A limit of the kind that is proposed: it knows how values of its kind are written."""
    kind = {**(proposal.before or {}), **proposal.change}.get("kind")
    return alike(proposal.desk, kind) if proposal.kind in OF_A_KIND else None


def alike(desk: Desk | None, kind: Any) -> Limit | None:
    return Limit(desk=desk, kind=kind) if desk is not None and kind in Limit.Kind.values else None


def shown_value(name: str, value: Any, of: Limit | None = None) -> str:
    """A stored value as a person reads it; `of` says in what it is measured."""
    if value in (None, "", []):
        return formats.NONE
    if name in PERCENTS:
        return formats.percent(str(value), 4).replace(".0000", "")
    if name in ("valid_to", "valid_at"):
        return datetime.fromisoformat(str(value)).strftime("%Y-%m-%d %H:%M UTC")
    try:
        if name not in ("value", "warn"):
            return str(value)
        number = Decimal(str(value))
        return formats.money(str(number)) if of is None else value_of(of, number)
    except ArithmeticError:
        return str(value)


def subject(proposal: Proposal) -> str:
    """Whom and what it is about, with its noun where nothing else says it."""
    about = proposal.subject.partition(": ")[2] or proposal.subject
    return about if " · " in about else f"{proposal.get_kind_display()} · {about}"


def with_warning(kind: str, lines: Sequence[Line]) -> list[Line]:
    """A limit that names no warning warns at 80 % of its value: that line moves along with it."""
    value = next((line for line in lines if line.name == "value"), None)
    if kind != Proposal.Kind.LIMIT or value is None:
        return list(lines)
    named = next((line for line in lines if line.name == "warn"), Line("warn", "Warn", None, None))
    before, after = named.before or _share(value.before), named.after or _share(value.after)
    warned = Line(named.name, named.label, before, after)
    return [
        own for line in lines if line is not named for own in ([line, warned] if line is value else [line])
    ]


def _share(value: Any) -> str | None:
    try:
        return f"{Decimal(str(value)) * WARNS_AT_SHARE:f}" if value not in (None, "") else None
    except ArithmeticError:
        return None


def written_lines(lines: Sequence[Line], of: Limit | None = None) -> list[dict[str, Any]]:
    return [
        {
            "name": line.name,
            "label": line.label,
            "before": line.before if line.name == "rows" else shown_value(line.name, line.before, of),
            "after": line.after if line.name == "rows" else shown_value(line.name, line.after, of),
            "moved": line.moved,
        }
        for line in lines
    ]


def value_of(limit: Limit, value: Decimal | None) -> str:
    """A multiple of equity, or money."""
    if value is None:
        return formats.NONE
    unit = UNITS[any_kind(limit.kind)]
    if unit is not Unit.MONEY:
        return formats.times(value, 4) if unit is Unit.TIMES else formats.percent(value, 2)
    return f"{formats.money(formats.plain(f'{value:f}'))} {limit.desk.reporting_currency.code}"
