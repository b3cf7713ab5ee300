"""What a request may look like when it is made of parts: lists, objects, and what may be left out.

Takes plain JSON values and the kinds of their parts; gives tuples, dictionaries or whatever a record builds,
and refuses as the parts do (`margin.api.shapes`), each under the full path of its field.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from margin.api.shapes import Kind, Schema, refuse
from riskdesk.errors import Refusal

T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Items(Kind[tuple[T, ...]]):
    """A list whose length is checked before anything in it is."""

    of: Kind[T]
    least: int = 0
    most: int

    def read(self, value: object, field: str, refused: list[Refusal]) -> tuple[T, ...] | None:
        if not isinstance(value, list):
            return refuse(refused, field, "list", value, "This is a list.")
        if len(value) > self.most:
            return refuse(refused, field, "max_length", value, f"At most {self.most} entries at once.")
        if len(value) < self.least:
            return refuse(refused, field, "min_length", value, f"At least {self.least} of these.")
        before = len(refused)
        read = (self.of.read(one, f"{field}[{place}]", refused) for place, one in enumerate(value))
        found = tuple(one for one in read if one is not None)
        return None if len(refused) > before else found

    def schema(self) -> Schema:
        return {"type": "array", "items": self.of.schema(), "minItems": self.least, "maxItems": self.most}


@dataclass(frozen=True, kw_only=True)
class Named(Kind[dict[str, T]]):
    """An object whose fields are names of the caller's own."""

    name: Kind[str]
    of: Kind[T]
    most: int

    def read(self, value: object, field: str, refused: list[Refusal]) -> dict[str, T] | None:
        if not isinstance(value, dict):
            return refuse(refused, field, "object", value, "This is an object, in braces.")
        if len(value) > self.most:
            says = f"At most {self.most} entries at once."
            return refuse(refused, field, "max_length", f"an object of {len(value)}", says)
        before = len(refused)
        found: dict[str, T] = {}
        for name, sent in value.items():
            place = f"{field}.{name[:80]}"
            self.name.read(name, place, refused)
            one = self.of.read(sent, place, refused)
            if one is not None:
                found[name] = one
        return None if len(refused) > before else found

    def schema(self) -> Schema:
        return {"type": "object", "additionalProperties": self.of.schema()}


@dataclass(frozen=True)
class Maybe(Kind[T]):
    """A field that may be left out, or be null, and what it then is."""

    of: Kind[T]
    default: T | None = None

    def read(self, value: object, field: str, refused: list[Refusal]) -> T | None:
        return self.default if value is None else self.of.read(value, field, refused)

    def schema(self) -> Schema:
        return self.of.schema() | {"nullable": True}


@dataclass(frozen=True)
class Record(Kind[T]):
    """An object with exactly these fields, made into `build`; an argument may have another name."""

    build: Callable[..., T]
    fields: Mapping[str, Kind[Any]]
    arguments: Mapping[str, str] | None = None

    def read(self, value: object, field: str, refused: list[Refusal]) -> T | None:
        if not isinstance(value, dict):
            return refuse(refused, field, "object", value, "This is an object, in braces.")
        before, prefix = len(refused), f"{field}." if field else ""
        for name in value.keys() - self.fields.keys():
            refuse(refused, prefix + name[:80], "unknown_field", value[name], "There is no such field.")
        found = {}
        for name, kind in self.fields.items():
            if name not in value and not isinstance(kind, Maybe):
                refuse(refused, prefix + name, "required", None, "This is missing.")
                continue
            found[(self.arguments or {}).get(name, name)] = kind.read(value.get(name), prefix + name, refused)
        return None if len(refused) > before else self.build(**found)

    def schema(self) -> Schema:
        needed = [name for name, kind in self.fields.items() if not isinstance(kind, Maybe)]
        return {
            "type": "object",
            "properties": {name: kind.schema() for name, kind in self.fields.items()},
            **({"required": needed} if needed else {}),
            "additionalProperties": False,
        }
