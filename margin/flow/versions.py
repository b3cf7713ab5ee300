"""How each ruled noun becomes a version: its identity, its values, its rows of detail.

Takes a change as plain JSON (codes, decimal strings, ISO instants), gives an unsaved version or refusals.
Never decides who may change it: that is `margin.flow.change`.
"""

import re
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from django.core.exceptions import ObjectDoesNotExist, ValidationError
from django.db import models

from margin import formats
from margin.flow.ruled import RULED, Ruled
from riskdesk.errors import Refusal
from riskdesk.instants import read_instant

PLAIN_DECIMAL = re.compile(r"-?[0-9]+(\.[0-9]+)?")
Json = dict[str, Any]


@dataclass(slots=True)
class Candidate:
    """What a change would put in force: a version or row with its detail, or the end of the one in force."""

    ruled: Ruled
    identity: Json
    current: models.Model | None
    version: models.Model | None
    rows: list[models.Model]


def build(kind: str, change: Mapping[str, Any], *, valid_at: datetime) -> Candidate | list[Refusal]:
    """Read a change; refusals name the field, the value and the rule."""
    ruled = RULED[kind]
    more = (("rows", ruled.rows), ("end", not ruled.stands), ("valid_at", ruled.dated))
    known = {*ruled.identity, *ruled.values, *(name for name, is_part in more if is_part)}
    if unknown := sorted(set(change) - known):
        return [
            Refusal(name, "unknown_field", str(change[name]), f"{name} is not part of a {kind}.")
            for name in unknown
        ]
    identity, refusals = columns_of(ruled.model, ruled.identity, change)
    if refusals:
        return refusals
    current = in_force(ruled, identity)
    if ruled.stands and current is None:
        return [Refusal("code", "not_found", str(change.get("code")), "There is no such row.")]
    if not isinstance(change.get("end", False), bool):
        return [Refusal("end", "not_understood", str(change["end"]), "true, or left out.")]
    if change.get("end"):
        if current is None:
            return [Refusal("end", "nothing_in_force", "true", "There is nothing in force to end.")]
        return Candidate(ruled, identity, current, None, [])
    if ruled.until:
        return [Refusal("end", "required", "", "All that is proposed of it is its end.")]
    values, refusals = columns_of(ruled.model, ruled.values, change)
    rows, row_refusals = rows_of(ruled, change)
    starts, too_early = columns_of(ruled.model, ("valid_at",), change if ruled.dated else {})
    if refusals or row_refusals or too_early:
        return refusals + row_refusals + too_early
    counts_from = max(valid_at, starts.get("valid_at") or valid_at)
    version = next_of(ruled, current, {**identity, **values}, counts_from)
    if refusals := doubts(version, exclude=["proposal", "recorded_by"]):
        return refusals
    return Candidate(ruled, identity, current, version, rows)


def next_of(ruled: Ruled, current: models.Model | None, columns: Json, valid_at: datetime) -> models.Model:
    """The version that would come; or the row as it would be, where a name left out keeps its value."""
    if ruled.versioned:
        return ruled.model(**columns, revision_from=1, valid_at=valid_at, recorded_at=valid_at)
    row = copy(current) if current is not None else ruled.model()
    for name, value in columns.items():
        setattr(row, name, value)
    return row


def columns_of(
    model: type[models.Model], names: tuple[str, ...], change: Mapping[str, Any]
) -> tuple[Json, list[Refusal]]:
    """Column values from plain JSON; a name left out keeps the column's default."""
    found: Json = {}
    refusals: list[Refusal] = []
    for name in names:
        if name not in change:
            continue
        column = cast("models.Field[Any, Any]", model._meta.get_field(name))
        try:
            found[name] = value_of(column, change[name])
        except (ObjectDoesNotExist, ValidationError, ArithmeticError, ValueError, TypeError):
            refusals.append(unknown(model, name, str(change[name])))
    return found, refusals


def unknown(model: type[models.Model], name: str, value: str) -> Refusal:
    """A value that is none, or names no row."""
    what = cast("models.Field[Any, Any]", model._meta.get_field(name)).verbose_name
    return Refusal(name, "not_understood", value, f"This is no {what} the desk knows.")


def value_of(column: "models.Field[Any, Any]", value: Any) -> Any:
    """One value: a code or user name becomes its row, a decimal string its number, a blank None."""
    if isinstance(column, models.ForeignKey):
        if value in (None, ""):
            return None
        related = column.related_model
        key = "username" if column.name == "user" else "code"
        return related._default_manager.get(**{key: value})
    if isinstance(column, models.DecimalField):
        if value in (None, ""):
            return None
        if not isinstance(value, str) or not PLAIN_DECIMAL.fullmatch(value):
            raise TypeError("a number is sent as a string of plain digits")
        return Decimal(value)
    if isinstance(column, models.DateTimeField):
        return None if value in (None, "") else read_instant(value)
    return column.to_python(value)


def rows_of(ruled: Ruled, change: Mapping[str, Any]) -> tuple[list[models.Model], list[Refusal]]:
    """The tiers of a schedule or haircut, checked one by one and as a ladder."""
    if ruled.rows is None:
        return [], []
    sent = change.get("rows")
    if not isinstance(sent, list) or not sent:
        return [], [Refusal("rows", "required", str(sent), "Give at least one tier, the first from 0.")]
    rows: list[models.Model] = []
    refusals: list[Refusal] = []
    for number, one in enumerate(sent):
        values, bad = columns_of(ruled.rows, ruled.row_values, one if isinstance(one, dict) else {})
        row = ruled.rows(**values)
        bad = bad or doubts(row, exclude=["version"])
        refusals += [Refusal(f"rows.{number}.{r.field}", r.rule, r.value, r.message) for r in bad]
        rows.append(row)
    return rows, refusals or ladder_doubts(ruled, rows)


def ladder_doubts(ruled: Ruled, rows: list[models.Model]) -> list[Refusal]:
    """First floor 0, floors rising, rates never falling, a cap only at the end."""
    floors = [cast(Any, row).floor for row in rows]
    if floors[0] != 0:
        return [Refusal("rows.0.floor", "first_floor_is_zero", str(floors[0]), "The first tier starts at 0.")]
    for number in range(1, len(rows)):
        if floors[number] <= floors[number - 1]:
            return [
                Refusal(
                    f"rows.{number}.floor",
                    "floors_rise",
                    str(floors[number]),
                    "Each tier starts above the one before.",
                )
            ]
        for name in ruled.row_values:
            if not name.endswith("rate") and name != "haircut":
                continue
            before, here = getattr(rows[number - 1], name), getattr(rows[number], name)
            if here < before:
                return [
                    Refusal(
                        f"rows.{number}.{name}",
                        "rates_never_fall",
                        str(here),
                        f"It may not fall below {before}.",
                    )
                ]
    return cap_doubts(rows)


def cap_doubts(rows: list[models.Model]) -> list[Refusal]:
    """A schedule's cap is of the whole leg: it stands on the last tier, above its floor."""
    last = len(rows) - 1
    for number, row in enumerate(rows):
        cap = getattr(row, "cap", None)
        if cap is None:
            continue
        if number < last:
            message = "Only the last tier has a cap: it is the most that a whole leg may be."
            return [Refusal(f"rows.{number}.cap", "only_the_last_is_capped", plain(cap), message)]
        if cap <= cast(Any, row).floor:
            message = "The cap lies above the floor of its tier."
            return [Refusal(f"rows.{number}.cap", "cap_above_floor", plain(cap), message)]
    return []


def doubts(row: models.Model, *, exclude: list[str]) -> list[Refusal]:
    """What the model's own fields and constraints say against a row."""
    try:
        row.clean_fields(exclude=exclude)
        row.validate_constraints(exclude=[*exclude, "revision_to"])
    except ValidationError as error:
        return refusals_of(error, row)
    return []


def refusals_of(error: ValidationError, row: models.Model) -> list[Refusal]:
    """What a model said against a row, field by field."""
    return [
        Refusal("" if name == "__all__" else name, "invalid", str(getattr(row, name, "")), " ".join(said))
        for name, said in error.message_dict.items()
    ]


def in_force(ruled: Ruled, identity: Mapping[str, Any]) -> models.Model | None:
    """The version in force of this identity, if there is one."""
    blank = {name: identity.get(name) for name in ruled.identity}
    until = "revision_to" if ruled.versioned else ruled.until
    looked_up: Json = {f"{until}__isnull": True} if until else {}
    for name, value in blank.items():
        column = ruled.model._meta.get_field(name)
        if value is None and isinstance(column, models.ForeignKey):
            looked_up[f"{name}__isnull"] = True
        else:
            looked_up[name] = value if value is not None else cast(Any, column).get_default()
    return ruled.model._default_manager.filter(**looked_up).first()


def as_json(ruled: Ruled, version: models.Model | None) -> Json | None:
    """A version as the plain values a change is written in."""
    if version is None:
        return None
    said: Json = {name: plain(getattr(version, name)) for name in (*ruled.identity, *ruled.values)}
    if ruled.rows is not None:
        tiers = ruled.rows._default_manager.filter(version=version).order_by("floor")
        said["rows"] = [{name: plain(getattr(tier, name)) for name in ruled.row_values} for tier in tiers]
    return said


def plain(value: Any) -> Any:
    """One value as JSON: codes for rows, plain digits for numbers, lists as they are."""
    if value is None or isinstance(value, list):
        return value
    if isinstance(value, models.Model):
        return str(getattr(value, "username", None) or getattr(value, "code", value.pk))
    if isinstance(value, Decimal):
        return formats.plain(f"{value:f}")
    return value.isoformat() if isinstance(value, datetime) else str(value)
