"""The newest figures, for pages, API, sockets and gate.

Takes frames from `DATA_DIR/book`; gives rows and sums. A frame is read once per change of its file and kept
in this process. Computes no margin, and decides nothing about who may see a row: callers pass desks.
"""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from decimal import Decimal
from heapq import nsmallest
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from margin.book.frame import Frame, book_folder, frame_path, places_where, read_frame, row_at
from margin.book.packed import Column
from margin.engine.figures import Level

Stamp = tuple[int, int, int]
_kept: dict[Path, tuple[Stamp, Frame | None]] = {}

FAR = Decimal("Infinity")
SUMMED = ("clients", "accounts", "positions", "unknown")
ADDED = ("equity", "initial", "maintenance", "house_maintenance", "gross", "net")


def newest_frame(shard: int) -> Frame | None:
    """The shard's newest frame, or None while there is none (no run yet, or a file that cannot be read)."""
    return _frame_at(frame_path(shard))


def frames() -> list[Frame]:
    """The newest frame of every shard, by shard number."""
    found = [_frame_at(path) for path in book_folder().glob("shard-*.frame")]
    return sorted((frame for frame in found if frame is not None), key=lambda frame: frame.shard)


def _frame_at(path: Path) -> Frame | None:
    try:
        seen = path.stat()
        stamp = (seen.st_mtime_ns, seen.st_ino, seen.st_size)
        if path in _kept and _kept[path][0] == stamp:
            return _kept[path][1]
        frame = read_frame(path)
    except OSError:
        _kept.pop(path, None)
        return None
    except msgspec.DecodeError:
        frame = None  # torn by a power cut, or of another version: the next run writes it anew
    _kept[path] = (stamp, frame)
    return frame


class Rows(Sequence[dict[str, Any]]):
    """Rows of one frame, each made when it is asked for."""

    def __init__(self, frame: Frame, places: Sequence[int]) -> None:
        self.frame, self.places = frame, places

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, place: Any) -> Any:
        if isinstance(place, slice):
            return [_row(self.frame, at) for at in self.places[place]]
        return _row(self.frame, self.places[place])


def _row(frame: Frame, place: int) -> dict[str, Any]:
    return row_at(frame.accounts, place) | _head(frame)


def _head(frame: Frame) -> dict[str, Any]:
    return {"run": frame.run, "seq": frame.seq, "at": frame.at}


def account_rows(
    desks: Iterable[str] | None = None, *, where: Mapping[str, str] | None = None
) -> Sequence[dict[str, Any]]:
    """One row a sub-account, of these desks (None: all) and with these words, in trouble order."""
    wanted: dict[str, Collection[str]] = {name: {word} for name, word in (where or {}).items()}
    if desks is not None:
        wanted["desk"] = {code for code in desks if code in wanted.get("desk", {code})}
    found = [Rows(frame, places_where(frame.accounts, wanted)) for frame in frames()]
    if len(found) == 1 and found[0].frame.places is not None:
        return found[0]  # too many to be made all; they lie in order
    return sorted((row for rows in found for row in rows), key=trouble)


def first_rows(
    where: Mapping[str, Collection[str]],
    *,
    by: Sequence[str],
    key: Callable[[Mapping[str, Any]], Any],
    most: int,
    without: Collection[str] = (),
) -> list[dict[str, Any]]:
    """The first few in an order that rests on the columns `by`: of the others no row is made.

    `without` are sub-accounts left out.
    """
    found = (
        (dict(zip(by, values, strict=True)), frame, place)
        for frame in frames()
        for place in places_where(frame.accounts, where)
        if frame.accounts["account"][place] not in without
        for values in [[frame.accounts[name][place] for name in by]]
    )
    return [_row(frame, place) for _, frame, place in nsmallest(most, found, key=lambda one: key(one[0]))]


def client_rows(shard: int, *clients: str) -> Sequence[dict[str, Any]]:
    """The sub-accounts of these clients, in trouble order."""
    frame = newest_frame(shard)
    return Rows(frame, places_where(frame.accounts, {"client": clients})) if frame else []


def account_row(account: str) -> dict[str, Any] | None:
    """The row of one sub-account."""
    for frame in frames():
        at = place_of(frame, account)
        if at is not None:
            values = (c.at(at) if isinstance(c, Column) else c[at] for c in frame.accounts.values())
            return dict(zip(frame.accounts, values, strict=True)) | _head(frame)
    return None


def place_of(frame: Frame, account: str) -> int | None:
    """Where its row lies; packed columns are looked through by code."""
    codes = frame.accounts.get("account", [])
    if frame.places is None or not isinstance(codes, Column):
        return codes.index(account) if account in codes else None
    by_code = np.frombuffer(frame.places.by_code, dtype=np.int32)
    k = bisect_left(range(len(by_code)), account, key=lambda k: codes.at(int(by_code[k])))
    row = int(by_code[k]) if k < len(by_code) else -1
    return row if row >= 0 and codes.at(row) == account else None


def position_rows(account: str) -> list[dict[str, Any]]:
    """The positions of one sub-account, by ref."""
    for frame in frames():
        at = place_of(frame, account)
        if at is None:
            continue
        if frame.places is None:
            places = places_where(frame.positions, {"account": {account}})
            return [row_at(frame.positions, p) for p in places]
        held = np.frombuffer(frame.places.held, dtype=np.int32)
        rows = [row_at(frame.positions, p) for p in range(int(held[at]), int(held[at + 1]))]
        return sorted(rows, key=lambda row: str(row["ref"]))
    return []


def prices() -> dict[str, dict[str, Any]]:
    """Every instrument's mark as last used, by code."""
    return {
        code: msgspec.to_builtins(price)
        for frame in sorted(frames(), key=lambda frame: frame.at)
        for code, price in frame.prices.items()
    }


def desk_summary(desk: str) -> dict[str, Any] | None:
    """The desk over all shards that carry it: sums of their newest parts, dated by the oldest of them."""
    parts = [(frame, frame.desks[desk]) for frame in frames() if desk in frame.desks]
    if not parts:
        return None
    oldest = min((frame for frame, _ in parts), key=lambda frame: frame.at)
    own = [part for _, part in parts]
    summary: dict[str, Any] = {name: sum(part[name] for part in own) for name in SUMMED}
    summary |= {name: str(sum((Decimal(part[name]) for part in own), Decimal(0))) for name in ADDED}
    summary["levels"] = {level: sum(part["levels"][level] for part in own) for level in own[0]["levels"]}
    times = [part["oldest_price"] for part in own if part["oldest_price"]]
    return summary | {
        "desk": desk,
        "currency": own[0]["currency"],
        "oldest_price": min(times, default=None),
        "run": oldest.run,
        "seq": oldest.seq,
        "at": oldest.at,
        "parts": {
            str(frame.shard): {"seq": frame.seq, "run": frame.run, "at": frame.at} for frame, _ in parts
        },
    }


OVER, MISSING, NEAR = "over", "missing", "near"
"""The `cap_state` of who is above a cap, has none though one is required, or is close to one."""
FIRST = {Level.LIQUIDATION.word: 0, Level.UNKNOWN.word: 1, Level.MARGIN_CALL.word: 2, Level.DANGER.word: 2}
"""Whatever the distance: what is to close, what nobody can tell, what breaks a rule or is about to."""


def trouble(row: Mapping[str, Any]) -> tuple[int, Decimal, Decimal, str]:
    """Sort key: liquidations, the unknown, calls, danger and broken caps, the rest; by distance, then use."""
    first = FIRST.get(row["level"], 2 if row["cap_state"] in (OVER, MISSING) else 3)
    distance = row["distance"]
    use = row["utilisation"]
    return (
        first,
        FAR if distance is None else Decimal(distance),
        -FAR if use is None else -Decimal(use),
        row["account"],
    )
