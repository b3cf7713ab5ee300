"""The frame: a shard's newest figures, columnar, in one file that is swapped whole.

Takes the figures of one committed run; gives the file `DATA_DIR/book/shard-<n>.frame`. Never lets an older
run overwrite a newer one, and is never the truth: PostgreSQL is, and the next run writes the file anew. Of a
large shard the columns are packed, and read out of the mapped file.
"""

import fcntl
import mmap
import os
import tempfile
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
from django.conf import settings

from margin.book.packed import WORD, Buffer, Column, Packed

ACCOUNT_COLUMNS = tuple(
    """
    account name client client_name desk mode currency equity initial maintenance house_maintenance
    utilisation level bounded unknown_because binding_pool control gross net leverage cap cap_name cap_use
    cap_state distance distance_down distance_up next_level next next_down next_up free_margin positions
    price_time price_state
    """.split()  # noqa: SIM905 - read as the list it is
)
POSITION_COLUMNS = tuple(
    """
    account ref instrument mode quantity entry_price mark notional unrealised_pnl maintenance
    liquidation_price pool pool_level
    """.split()  # noqa: SIM905
)

Columns = Mapping[str, Sequence[Any]]


@dataclass(frozen=True, slots=True)
class ShownPrice:
    """A mark as the run used it; `low` and `high` are its guard band where it is in doubt."""

    mark: str | None
    state: str
    source: str = ""
    time: str | None = None
    low: str | None = None
    high: str | None = None
    hard: bool = False


@dataclass(frozen=True, slots=True)
class Frame:
    """All figures of one shard by one run. Columns are in trouble order: nearest its end first."""

    run: str
    shard: int
    seq: int
    at: str
    engine_version: str
    prices: dict[str, ShownPrice] = field(default_factory=dict)
    desks: dict[str, dict[str, Any]] = field(default_factory=dict)
    accounts: Columns = field(default_factory=dict)
    positions: Columns = field(default_factory=dict)
    places: "Places | None" = None
    """Where an account's rows lie; only where columns are packed."""
    beside: str = ""
    """The file of the packed columns that change with the book only; empty where none are."""


@dataclass(frozen=True, slots=True)
class Places:
    """`order` is trouble order; `held` where each account's positions begin; `by_code` accounts by code."""

    order: Buffer
    held: Buffer
    by_code: Buffer


@dataclass(frozen=True, slots=True)
class _Stored:
    """A frame as it lies in its file."""

    run: str
    shard: int
    seq: int
    at: str
    engine_version: str
    prices: dict[str, ShownPrice]
    desks: dict[str, dict[str, Any]]
    accounts: dict[str, list[Any] | Packed]
    positions: dict[str, list[Any] | Packed]
    places: Places | None = None
    beside: str = ""


def columns_of(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Rows turned into columns; a row that lacks a column is a fault."""
    return {name: [row[name] for row in rows] for name in names}


def rows_of(columns: Columns) -> Iterator[dict[str, Any]]:
    """Columns turned back into rows."""
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


@dataclass(frozen=True, slots=True)
class _Still:
    """What lies beside a frame."""

    accounts: dict[str, Packed]
    positions: dict[str, Packed]


def places_where(columns: Columns, wanted: Mapping[str, Collection[str]]) -> Sequence[int]:
    """The places of the rows that say one of the accepted texts in every column named."""
    if not wanted:
        return range(len(columns["account"]) if columns else 0)
    told = [columns[name] for name in wanted]
    packed = [column for column in told if isinstance(column, Column) and column.can_tell]
    if len(packed) == len(told):
        masks = [column.among(accepted) for column, accepted in zip(packed, wanted.values(), strict=True)]
        found: list[int] = np.flatnonzero(np.logical_and.reduce(masks)).tolist()
        return found
    rows = enumerate(zip(*told, strict=True))
    return [k for k, row in rows if all(v in ok for v, ok in zip(row, wanted.values(), strict=True))]


def tallied(column: Sequence[Any], places: Sequence[int]) -> dict[Any, int]:
    """How many of these places say each word."""
    if isinstance(column, Column) and column.packed.kind == WORD and not column.packed.own:
        rows = np.frombuffer(column.packed.data, dtype=np.uint16)
        at = np.asarray(places, dtype=np.int64)
        counts = np.bincount(rows[at if column.order is None else column.order[at]])
        return {column.packed.words[k]: int(n) for k, n in enumerate(counts.tolist()) if n}
    return dict(Counter(column[place] for place in places))


def row_at(columns: Columns, place: int) -> dict[str, Any]:
    return {name: column[place] for name, column in columns.items()}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(_Stored)
_still_decoder = msgspec.msgpack.Decoder(_Still)
NO_STILL = _Still({}, {})


def encode(frame: Frame) -> bytes:
    """Without what lies beside it."""
    values = {name: getattr(frame, name) for name in _Stored.__dataclass_fields__}
    values["accounts"] = _lying(frame.accounts, still=False)
    values["positions"] = _lying(frame.positions, still=False)
    return _encoder.encode(_Stored(**values))


def encode_beside(frame: Frame) -> bytes:
    still = _Still(_lying(frame.accounts, still=True), _lying(frame.positions, still=True))
    return _encoder.encode(still)


def _lying(columns: Columns, *, still: bool) -> dict[str, Any]:
    """A column that was read out of a file goes back as it lay there."""
    lying = {name: one.packed if isinstance(one, Column) else one for name, one in columns.items()}
    return {name: one for name, one in lying.items() if (isinstance(one, Packed) and one.still) is still}


def _frame(stored: _Stored, still: _Still) -> Frame:
    """A frame that lacks a column of ours is refused like any that cannot be read."""
    if stored.accounts and not {*stored.accounts, *still.accounts} >= set(ACCOUNT_COLUMNS):
        raise msgspec.ValidationError("a frame of another version")
    order = None if stored.places is None else np.frombuffer(stored.places.order, dtype=np.int32)
    return Frame(
        run=stored.run,
        shard=stored.shard,
        seq=stored.seq,
        at=stored.at,
        engine_version=stored.engine_version,
        prices=stored.prices,
        desks=stored.desks,
        accounts=_columns(ACCOUNT_COLUMNS, {**stored.accounts, **still.accounts}, order),
        positions=_columns(POSITION_COLUMNS, {**stored.positions, **still.positions}, None),
        places=stored.places,
        beside=stored.beside,
    )


def _columns(names: Sequence[str], found: Mapping[str, Any], order: Any) -> Columns:
    every = [*(name for name in names if name in found), *(name for name in found if name not in names)]
    return {name: Column(one, order) if isinstance(one := found[name], Packed) else one for name in every}


def read_frame(path: Path) -> Frame:
    """Mapped, not read: files are swapped and never written in place."""
    stored = _decoder.decode(_mapped(path))
    still = _still_decoder.decode(_mapped(path.parent / stored.beside)) if stored.beside else NO_STILL
    return _frame(stored, still)


def _mapped(path: Path) -> mmap.mmap:
    with path.open("rb") as file:
        if not os.fstat(file.fileno()).st_size:
            raise msgspec.DecodeError("an empty file")
        return mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)


def book_folder() -> Path:
    return Path(settings.ENV.data_dir) / "book"


def frame_path(shard: int) -> Path:
    return book_folder() / f"shard-{shard}.frame"


def write_frame(frame: Frame) -> bool:
    """Swap the shard's file for this frame. False: a newer run was there already, and stays."""
    path = frame_path(frame.shard)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(path):
        stored = _stored(path)
        if stored is not None and stored.seq > frame.seq:
            return False
        if frame.beside and not (path.parent / frame.beside).exists():
            _swap(path.parent / frame.beside, encode_beside(frame))
        _swap(path, encode(frame))
        needed = {frame.beside, stored.beside if stored is not None else ""}
        for old in path.parent.glob(f"shard-{frame.shard}.*.still"):
            if old.name not in needed:  # who has just read the frame before may still look for its own
                old.unlink(missing_ok=True)
    return True


def _stored(path: Path) -> _Stored | None:
    try:
        return _decoder.decode(_mapped(path))
    except (OSError, msgspec.DecodeError):
        return None


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """One writer at a time: a worker that was paused must not race the one that took over."""
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _swap(path: Path, data: bytes) -> None:
    """No fsync: after a power cut the frame is computed anew, only a torn file must not be read as one."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        Path(name).replace(path)
    except BaseException:
        with suppress(FileNotFoundError):
            Path(name).unlink()
        raise
