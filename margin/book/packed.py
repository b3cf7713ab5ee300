"""Columns of a large frame: numbers kept as numbers, written out when a row is read.

Takes arrays; gives parts of a frame that are encoded as they lie and read out of the mapped file without
a copy. Rounding was done once, by who made the column: money is whole units of its last decimal. A value that
needs more than its column holds is kept beside it.
"""

import hashlib
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
from numpy.typing import NDArray

from margin import formats
from margin.book.copied import Texts
from margin.engine.columns import Ints

NONE = np.iinfo(np.int64).min
"""Units of a figure that does not exist."""
TEXT, NAMED, WORD, UNITS, NUMBER, COUNT, FLAG, BLANK = (
    *("text", "named", "word", "units", "number", "count", "flag", "blank"),
)
TYPES: dict[str, Any] = {
    NAMED: np.int32, WORD: np.uint16, UNITS: np.int64, NUMBER: np.float64, COUNT: np.int32, FLAG: np.bool_,
}  # fmt: skip

Buffer = memoryview


class Packed(msgspec.Struct):
    """One column of `count` rows. `places` are decimals: of all rows, or a byte a row.

    `own` holds what single rows show instead of what the array says. `still`: it changes with the book only,
    not with prices, and lies in a file of its own.
    """

    kind: str
    count: int
    data: Buffer = memoryview(b"")
    text: Buffer = memoryview(b"")
    start: Buffer = memoryview(b"")
    words: list[str | None] = []
    places: int | Buffer = 0
    own: dict[int, Any] = {}
    still: bool = False


def bytes_of(array: NDArray[Any]) -> Buffer:
    return np.ascontiguousarray(array).data.cast("B") if array.size else memoryview(b"")


def packed_texts(texts: Texts) -> Packed:
    start = bytes_of(texts.start.astype(np.int64))
    return Packed(TEXT, len(texts), text=bytes_of(texts.data), start=start, still=True)


def packed_named(
    rows: Ints, texts: Texts, *, prefix: str = "", none: str | None = None, still: bool
) -> Packed:
    """Each row says which of the texts it shows, below 0 none."""
    start, words = bytes_of(texts.start.astype(np.int64)), [prefix, none]
    data = bytes_of(rows.astype(np.int32))
    return Packed(NAMED, len(rows), data, bytes_of(texts.data), start, words=words, still=still)


def packed_words(words: Sequence[str | None], rows: Ints, *, still: bool = False) -> Packed:
    if len(words) > np.iinfo(np.uint16).max:
        raise ValueError("too many words for a column")
    return Packed(WORD, len(rows), bytes_of(rows.astype(np.uint16)), words=list(words), still=still)


def packed_units(units: NDArray[np.int64], places: int | NDArray[np.uint8]) -> Packed:
    decimals: int | Buffer = places if isinstance(places, int) else bytes_of(places)
    return Packed(UNITS, len(units), bytes_of(units), places=decimals)


def packed_numbers(numbers: NDArray[np.float64]) -> Packed:
    return Packed(NUMBER, len(numbers), bytes_of(numbers), still=True)


def packed_counts(counts: Ints) -> Packed:
    return Packed(COUNT, len(counts), bytes_of(counts.astype(np.int32)), still=True)


def packed_flags(flags: NDArray[np.bool_]) -> Packed:
    return Packed(FLAG, len(flags), bytes_of(flags))


def packed_blanks(count: int) -> Packed:
    return Packed(BLANK, count)


def version_of(*columns: Mapping[str, Packed]) -> str:
    """SHA-256 over what they show: bytes as they lie, the rest as canonical JSON."""
    found = hashlib.sha256()
    for each in columns:
        for name, column in each.items():
            rest = [name, column.kind, column.words, sorted(column.own.items())]
            found.update(msgspec.json.encode(rest, order="deterministic"))
            for part in (column.data, column.text, column.start):
                found.update(part)
            found.update(b"" if isinstance(column.places, int) else column.places)
    return found.hexdigest()


class Column(Sequence[Any]):
    """A packed column as rows, in the order given (none: as they lie)."""

    def __init__(self, packed: Packed, order: Ints | None = None) -> None:
        self.packed, self.order = packed, order
        self._read = _reader(packed)

    def __len__(self) -> int:
        return self.packed.count if self.order is None else len(self.order)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [self[k] for k in range(*place.indices(len(self)))]
        row = place if self.order is None else int(self.order[place])
        return self.at(row)

    def at(self, row: int) -> Any:
        """By the row as it lies."""
        return self.packed.own[row] if row in self.packed.own else self._read(row)

    def __iter__(self) -> Iterator[Any]:
        for row in range(self.packed.count) if self.order is None else self.order.tolist():
            yield self.at(row)

    def among(self, accepted: Collection[str]) -> NDArray[np.bool_]:
        """Which places say one of these, without a text made for each row."""
        rows = np.isin(np.frombuffer(self.packed.data, dtype=TYPES[self.packed.kind]), self._codes(accepted))
        for row, said in self.packed.own.items():
            rows[row] = said in accepted
        return rows if self.order is None else rows[self.order]

    def _codes(self, accepted: Collection[str]) -> list[int]:
        if self.packed.kind == WORD:
            return [k for k, word in enumerate(self.packed.words) if word in accepted]
        texts = Texts(np.frombuffer(self.packed.text, np.uint8), np.frombuffer(self.packed.start, np.int64))
        wanted = {one.encode() for one in accepted}
        data, start = texts.data.tobytes(), texts.start.tolist()
        return [k for k in range(len(texts)) if data[start[k] : start[k + 1]] in wanted]

    @property
    def can_tell(self) -> bool:
        """Whether `among` may be asked: words and names, not numbers and texts."""
        return self.packed.kind in (WORD, NAMED)


def _reader(packed: Packed) -> Callable[[int], Any]:
    if packed.kind == BLANK:
        return lambda row: None
    texts = Texts(np.frombuffer(packed.text, np.uint8), np.frombuffer(packed.start, np.int64))
    if packed.kind == TEXT:
        return texts.__getitem__
    rows = np.frombuffer(packed.data, dtype=TYPES[packed.kind])
    if packed.kind == NAMED:
        prefix, none = packed.words
        return lambda row: none if rows[row] < 0 else f"{prefix}{texts[rows[row]]}"
    if packed.kind == WORD:
        return lambda row: packed.words[rows[row]]
    if packed.kind == COUNT:
        return lambda row: int(rows[row])
    if packed.kind == FLAG:
        return lambda row: bool(rows[row])
    if packed.kind == NUMBER:
        return lambda row: formats.plain(f"{Decimal(repr(float(rows[row]))):f}")
    places = packed.places
    if isinstance(places, int):
        return lambda row: text_of_units(int(rows[row]), places)
    return lambda row: text_of_units(int(rows[row]), places[row])


def text_of_units(units: int, places: int) -> str | None:
    """As a decimal with all its places."""
    if units == NONE:
        return None
    digits = str(abs(units)).rjust(places + 1, "0")
    sign = "-" if units < 0 else ""
    return f"{sign}{digits[:-places]}.{digits[-places:]}" if places else sign + digits
