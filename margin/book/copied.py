"""Rows of a query as columns: no object per row, casts done in PostgreSQL.

Takes a query of eight-byte columns (bigint, float8) and texts; gives arrays. PostgreSQL strings each column's
binary values together, so one row comes over the wire: by COPY every row is a message, and a driver without
compiled parts needs twenty times as long for them. A null is a fault: the query says what it means instead.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from django.db import connection
from numpy.typing import NDArray
from psycopg import Cursor as ServerCursor
from psycopg.sql import SQL, Identifier

from margin.engine.compiled import kernel
from riskdesk.errors import sure

WHOLE, REAL, TEXT = "bigint", "float8", "text"
TYPES = {WHOLE: ">i8", REAL: ">f8"}
SENT = {
    WHOLE: "string_agg(int8send({name}), '')",
    REAL: "string_agg(float8send({name}), '')",
    TEXT: "string_agg(int4send(octet_length({name})), ''), string_agg(convert_to({name}, 'UTF8'), '')",
}

Bytes = NDArray[np.uint8]
Places = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Texts:
    """Many texts as one: text k is `data[start[k]:start[k + 1]]`, in UTF-8."""

    data: Bytes
    start: Places

    def __len__(self) -> int:
        return len(self.start) - 1

    def __getitem__(self, k: int) -> str:
        return bytes(self.data[self.start[k] : self.start[k + 1]]).decode()

    def take(self, rows: NDArray[Any]) -> "Texts":
        """These rows, in this order."""
        lengths = np.diff(self.start)[rows]
        start = np.zeros(len(rows) + 1, dtype=np.int64)
        np.cumsum(lengths, out=start[1:])
        data = np.empty(start[-1], dtype=np.uint8)
        _take(self.data, self.start, np.ascontiguousarray(rows, dtype=np.int64), start, data)
        return Texts(data, start)

    def __add__(self, other: "Texts") -> "Texts":
        return Texts(
            np.concatenate([self.data, other.data]),
            np.concatenate([self.start, other.start[1:] + self.start[-1]]),
        )


def texts_of(texts: Sequence[str]) -> Texts:
    encoded = [text.encode() for text in texts]
    start = np.zeros(len(encoded) + 1, dtype=np.int64)
    np.cumsum([len(one) for one in encoded], out=start[1:])
    return Texts(np.frombuffer(b"".join(encoded), dtype=np.uint8), start)


def copied(query: str, params: Mapping[str, Any], kinds: Mapping[str, str]) -> dict[str, Any]:
    """By column name, in the order the query selects them. Rows keep the order the query gives them."""
    statement = SQL("SELECT count(*), {sent} FROM ({rows}) AS q ({names})").format(
        sent=SQL(", ").join(SQL(SENT[kind]).format(name=Identifier(name)) for name, kind in kinds.items()),
        rows=SQL(query),
        names=SQL(", ").join(map(Identifier, kinds)),
    )
    connection.ensure_connection()
    with ServerCursor(
        connection.connection
    ) as cursor:  # Django's own gives texts, which would be hexadecimal
        row = cursor.execute(statement, params, binary=True).fetchone()
    count, *parts = sure(row, "an aggregate has one row")
    several = iter(parts)
    found: dict[str, Any] = {}
    for name, kind in kinds.items():
        if kind == TEXT:
            lengths = np.frombuffer(next(several) or b"", dtype=">i4")
            start = np.zeros(len(lengths) + 1, dtype=np.int64)
            np.cumsum(lengths, out=start[1:])
            found[name] = Texts(np.frombuffer(next(several) or b"", dtype=np.uint8), start)
        else:
            found[name] = np.frombuffer(next(several) or b"", dtype=TYPES[kind]).astype(TYPES[kind][1:])
    if any(len(column) != count for column in found.values()):
        raise ValueError("a null among columns that are strung together")
    return found


@kernel()
def _take(data: Bytes, begins: Places, rows: Places, start: Places, found: Bytes) -> None:
    for k in range(len(rows)):
        for n in range(start[k + 1] - start[k]):
            found[start[k] + n] = data[begins[rows[k]] + n]
