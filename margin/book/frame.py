"""The frame: a shard's newest figures, columnar, in one file that is swapped whole.

Takes the figures of one committed run; gives the file `DATA_DIR/book/shard-<n>.frame`. Never lets an older
run overwrite a newer one, and is never the truth: PostgreSQL is, and the next run writes the file anew.
"""

import fcntl
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from django.conf import settings

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

Columns = dict[str, list[Any]]


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


def columns_of(names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Columns:
    """Rows turned into columns; a row that lacks a column is a fault."""
    return {name: [row[name] for row in rows] for name in names}


def rows_of(columns: Columns) -> Iterator[dict[str, Any]]:
    """Columns turned back into rows."""
    for values in zip(*columns.values(), strict=True):
        yield dict(zip(columns, values, strict=True))


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Frame)


def encode(frame: Frame) -> bytes:
    return _encoder.encode(frame)


def decode(data: bytes) -> Frame:
    """The frame; one that lacks a column of ours is refused like any that cannot be read."""
    frame = _decoder.decode(data)
    if frame.accounts and not frame.accounts.keys() >= set(ACCOUNT_COLUMNS):
        raise msgspec.ValidationError("a frame of another version")
    return frame


def book_folder() -> Path:
    return Path(settings.ENV.data_dir) / "book"


def frame_path(shard: int) -> Path:
    return book_folder() / f"shard-{shard}.frame"


def write_frame(frame: Frame) -> bool:
    """Swap the shard's file for this frame. False: a newer run was there already, and stays."""
    path = frame_path(frame.shard)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(path):
        if (stored := stored_seq(path)) is not None and stored > frame.seq:
            return False
        _swap(path, encode(frame))
    return True


def stored_seq(path: Path) -> int | None:
    """The sequence number of the frame on disk; None where there is none that can be read."""
    try:
        return decode(path.read_bytes()).seq
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
